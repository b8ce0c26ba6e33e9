"""Load MVCustom Backbone."""

from __future__ import annotations

from comfy_api.latest import io

from ..bridge.backbone.checkpoint import list_backbones, list_motion_files, load_backbone
from .motion_choices import motion_inputs, read_choices


class MVCustomLoadBackbone(io.ComfyNode):
    """A Stable Diffusion 1.5 model whose batch is one clip of views."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="MVCustomLoadBackbone",
            display_name="Load MVCustom Backbone",
            category="MVCustom",
            description="Loads a Stable Diffusion 1.5 checkpoint with AnimateDiff motion modules, so that a batch of latents "
            "is one clip of views.",
            search_aliases=["animatediff", "motion module", "multi-view", "checkpoint"],
            inputs=[
                io.Combo.Input(
                    "checkpoint",
                    options=list_backbones(),
                    tooltip="An SD1.5 checkpoint, or the small embedded backbone, which knows procedural scenes of 128x128 pixels only.",
                ),
                io.Combo.Input(
                    "motion_file",
                    options=list_motion_files(),
                    tooltip="AnimateDiff module from models/animatediff_models. The embedded backbone brings its own.",
                ),
                *motion_inputs(),
            ],
            outputs=[
                io.Model.Output(display_name="model", tooltip="Denoises a batch as the views of one scene."),
                io.Clip.Output(display_name="clip", tooltip="The text encoder that belongs to the model."),
                io.Vae.Output(display_name="vae", tooltip="The autoencoder that belongs to the model."),
                io.String.Output(display_name="report", tooltip="What the motion file is, and how it runs."),
            ],
        )

    @classmethod
    def execute(cls, checkpoint: str, motion_file: str, **choices: str) -> io.NodeOutput:
        return io.NodeOutput(*load_backbone(checkpoint, motion_file, read_choices(**choices)))
