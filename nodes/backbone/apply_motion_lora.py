"""Apply Motion LoRA: the node that adds a LoRA to motion modules."""

from __future__ import annotations

from comfy_api.v0_0_2 import io

from ..bridge.backbone.motion import apply_motion_lora
from ..bridge.host.folders import MOTION_LORA, find_file, list_files


class MVCustomApplyMotionLora(io.ComfyNode):
    """Change the motion modules of a MODEL by a motion LoRA."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="MVCustomApplyMotionLora",
            display_name="Apply Motion LoRA",
            category="MVCustom/backbone",
            description="Adds a motion LoRA to the motion modules of a model, for example one of AnimateDiff's camera movements. Chain "
            "several of these nodes to add several LoRAs.",
            search_aliases=["animatediff lora", "motion lora", "camera lora"],
            inputs=[
                io.Model.Input("model", tooltip="A model from Load MVCustom Backbone or Apply MVCustom Motion."),
                io.Combo.Input(
                    "motion_lora", options=list_files(MOTION_LORA), tooltip="A motion LoRA file in models/animatediff_motion_lora."
                ),
                io.Float.Input(
                    "strength",
                    default=1.0,
                    min=-10.0,
                    max=10.0,
                    step=0.01,
                    tooltip="Factor on the LoRA's weights, as in Load LoRA. 1 is full effect, 0 none; a negative value applies the "
                    "opposite change.",
                ),
            ],
            outputs=[io.Model.Output(display_name="model", tooltip="The model whose motion modules carry the LoRA.")],
        )

    @classmethod
    def execute(cls, model: io.Model.Type, motion_lora: str, strength: float) -> io.NodeOutput:
        return io.NodeOutput(apply_motion_lora(model, find_file(MOTION_LORA, motion_lora), strength))
