"""Apply Motion LoRA."""

from __future__ import annotations

from comfy_api.latest import io

from ..bridge.backbone.motion import apply_motion_lora
from ..bridge.host.folders import MOTION_LORA, find_file, list_files


class MVCustomApplyMotionLora(io.ComfyNode):
    """A LoRA on the motion modules of a MODEL."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="MVCustomApplyMotionLora",
            display_name="Apply Motion LoRA",
            category="MVCustom",
            description="Changes a model's motion modules by a motion LoRA, such as AnimateDiff's camera moves. Several may follow each "
            "other; their effects add up.",
            search_aliases=["animatediff lora", "motion lora", "camera lora"],
            inputs=[
                io.Model.Input("model", tooltip="A model with MVCustom motion modules."),
                io.Combo.Input("motion_lora", options=list_files(MOTION_LORA), tooltip="From models/animatediff_motion_lora."),
                io.Float.Input("strength", default=1.0, min=-10.0, max=10.0, step=0.01, tooltip="Its share; below zero, the opposite."),
            ],
            outputs=[io.Model.Output(display_name="model", tooltip="The model with changed motion modules.")],
        )

    @classmethod
    def execute(cls, model: io.Model.Type, motion_lora: str, strength: float) -> io.NodeOutput:
        return io.NodeOutput(apply_motion_lora(model, find_file(MOTION_LORA, motion_lora), strength))
