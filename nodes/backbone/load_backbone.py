"""Load MVCustom Backbone: the node that loads a checkpoint together with motion modules."""

from __future__ import annotations

from comfy_api.v0_0_2 import io

from ...mvcustom_core.backbone.recipe import CUSTOM
from ..bridge.backbone.checkpoint import list_backbones, list_motion_files, load_by_preset
from .motion_choices import motion_inputs, read_choices
from .preset_choice import preset_input


class MVCustomLoadBackbone(io.ComfyNode):
    """Load a Stable Diffusion 1.5 model that denoises a batch of latents as one clip of views."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="MVCustomLoadBackbone",
            display_name="Load MVCustom Backbone",
            category="MVCustom/backbone",
            description="Loads a Stable Diffusion 1.5 checkpoint with AnimateDiff motion modules, so that a batch of latents is denoised "
            "as the views of one scene. Also loads the small embedded backbone that comes with this pack.",
            search_aliases=["animatediff", "motion module", "multi-view", "checkpoint"],
            inputs=[
                io.Combo.Input(
                    "checkpoint",
                    options=list_backbones(),
                    tooltip="A Stable Diffusion 1.5 checkpoint from models/checkpoints, or the small embedded backbone of this pack. The "
                    "embedded backbone was trained on procedural scenes of 128x128 pixels and makes nothing else.",
                ),
                io.Combo.Input(
                    "motion_file",
                    options=list_motion_files(),
                    tooltip="A motion module file in models/animatediff_models. For the embedded backbone choose none, or a file "
                    "trained for it.",
                ),
                *motion_inputs(),
                preset_input(
                    "scope, scope_64 to scope_8, norm_mode, entropy_correction and beta_schedule",
                    "all as the motion file was trained, and the report says what to start from in the other nodes; a start that has not "
                    "been measured on published weights.",
                ),
            ],
            outputs=[
                io.Model.Output(
                    display_name="model", tooltip="The model with motion modules. It denoises a batch of latents as the views of one scene."
                ),
                io.Clip.Output(display_name="clip", tooltip="The text encoder of the checkpoint."),
                io.Vae.Output(display_name="vae", tooltip="The autoencoder of the checkpoint."),
                io.String.Output(
                    display_name="report",
                    tooltip="The kind of motion file, its size and frame limit, the scopes, norm and schedule in use; with a preset, also "
                    "the values to start from in the other nodes.",
                ),
            ],
        )

    @classmethod
    def execute(cls, checkpoint: str, motion_file: str, preset: str = CUSTOM, **choices: str) -> io.NodeOutput:
        return io.NodeOutput(*load_by_preset(checkpoint, motion_file, preset, read_choices(**choices)))
