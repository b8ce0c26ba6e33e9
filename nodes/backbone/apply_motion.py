"""Apply MVCustom Motion."""

from __future__ import annotations

from comfy_api.latest import io

from ..bridge.backbone.motion import apply_motion_file
from ..bridge.host.folders import MOTION, find_file, list_files
from .motion_choices import motion_inputs, read_choices


class MVCustomApplyMotion(io.ComfyNode):
    """Motion modules on a MODEL that the user brings."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="MVCustomApplyMotion",
            display_name="Apply MVCustom Motion",
            category="MVCustom",
            description="Adds AnimateDiff motion modules to a Stable Diffusion 1.5 model, so that a batch of latents is one clip of "
            "views. LoRA, ControlNet and IPAdapter nodes may come before it or after it.",
            search_aliases=["animatediff", "motion module", "spatio-temporal attention", "multi-view"],
            inputs=[
                io.Model.Input("model", tooltip="A Stable Diffusion 1.5 model, with whatever else is on it."),
                io.Combo.Input("motion_file", options=list_files(MOTION), tooltip="AnimateDiff module from models/animatediff_models."),
                *motion_inputs(),
            ],
            outputs=[
                io.Model.Output(display_name="model", tooltip="Denoises a batch as the views of one scene."),
                io.String.Output(display_name="report", tooltip="What the motion file is, and how it runs."),
            ],
        )

    @classmethod
    def execute(cls, model: io.Model.Type, motion_file: str, **choices: str) -> io.NodeOutput:
        return io.NodeOutput(*apply_motion_file(model, find_file(MOTION, motion_file), read_choices(**choices)))
