"""Apply Concept."""

from __future__ import annotations

from comfy_api.latest import io

from ..bridge.concept.application import apply_to_both
from ..bridge.host.sockets import CamerasSocket, ConceptSocket


class MVCustomApplyConcept(io.ComfyNode):
    """The learned subject, seen from every camera of a trajectory."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="MVCustomApplyConcept",
            display_name="Apply Concept",
            category="MVCustom",
            description="Gives MODEL and CLIP a learned concept: its token may stand anywhere in a prompt, and each view "
            "shows it from its own camera.",
            search_aliases=["customdiffusion360", "feature nerf", "subject", "personalization"],
            inputs=[
                io.Model.Input("model", tooltip="From Load MVCustom Backbone; LoRA and other patches may come before or after."),
                io.Clip.Input("clip", tooltip="The CLIP that belongs to the model."),
                ConceptSocket.Input("concept", tooltip="From Learn Concept or Load Concept."),
                CamerasSocket.Input("cameras", tooltip="From Camera Trajectory: one for each latent of the batch, of the same size."),
                io.Float.Input(
                    "strength",
                    default=1.0,
                    min=0.0,
                    max=2.0,
                    step=0.05,
                    tooltip="How far the rendered features change the model's own; 0 leaves only the token.",
                ),
            ],
            outputs=[
                io.Model.Output(display_name="model", tooltip="Shows the concept in prompts that are positive."),
                io.Clip.Output(display_name="clip", tooltip="Knows the concept's token: connect it to the text encoders."),
            ],
        )

    @classmethod
    def execute(cls, model, clip, concept, cameras, strength: float) -> io.NodeOutput:  # noqa: ANN001
        return io.NodeOutput(*apply_to_both(model, clip, concept, cameras, strength))
