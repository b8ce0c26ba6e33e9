"""Apply MVCustom Motion: the node that adds motion modules to a MODEL."""

from __future__ import annotations

from comfy_api.v0_0_2 import io

from ..bridge.backbone.motion import apply_motion_file
from ..bridge.host.folders import MOTION, find_file, list_files
from .motion_choices import motion_inputs, read_choices


class MVCustomApplyMotion(io.ComfyNode):
    """Add the motion modules of a file to any Stable Diffusion 1.5 MODEL."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="MVCustomApplyMotion",
            display_name="Apply MVCustom Motion",
            category="MVCustom/backbone",
            description="Adds AnimateDiff motion modules to a Stable Diffusion 1.5 model, so that a batch of latents is denoised as the "
            "views of one scene. LoRA, ControlNet and IPAdapter nodes may come before or after this node.",
            search_aliases=["animatediff", "motion module", "spatio-temporal attention", "multi-view"],
            inputs=[
                io.Model.Input("model", tooltip="A Stable Diffusion 1.5 model. It may carry LoRA and other patches."),
                io.Combo.Input(
                    "motion_file",
                    options=list_files(MOTION),
                    tooltip="A motion module file in models/animatediff_models: AnimateDiff v1, v2, v3, AnimateLCM, a diffusers "
                    "MotionAdapter or MVCustom's own.",
                ),
                *motion_inputs(),
            ],
            outputs=[
                io.Model.Output(
                    display_name="model", tooltip="The model with motion modules. It denoises a batch of latents as the views of one scene."
                ),
                io.String.Output(
                    display_name="report",
                    tooltip="One line: the kind of motion file, its size and frame limit, and the scopes, norm and schedule in use.",
                ),
            ],
        )

    @classmethod
    def execute(cls, model: io.Model.Type, motion_file: str, **choices: str) -> io.NodeOutput:
        return io.NodeOutput(*apply_motion_file(model, find_file(MOTION, motion_file), read_choices(**choices)))
