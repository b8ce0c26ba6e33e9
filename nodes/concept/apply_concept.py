"""Apply Concept: the node that adds a learned concept to a MODEL and its CLIP."""

from __future__ import annotations

from comfy_api.v0_0_2 import io

from ..bridge.concept.application import apply_to_both
from ..bridge.host.sockets import CamerasSocket, ConceptSocket


class MVCustomApplyConcept(io.ComfyNode):
    """Render a learned concept into each view of a trajectory while the MODEL samples."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="MVCustomApplyConcept",
            display_name="Apply Concept",
            category="MVCustom/concept",
            description="Adds a learned concept to a model and its CLIP. Write the concept's token in the prompt; each view then shows the "
            "subject from that view's camera.",
            search_aliases=["customdiffusion360", "feature nerf", "subject", "personalization", "novel view", "3d consistent"],
            inputs=[
                io.Model.Input(
                    "model", tooltip="A model with MVCustom motion modules. LoRA and other patches may come before or after this node."
                ),
                io.Clip.Input("clip", tooltip="The CLIP of the same checkpoint."),
                ConceptSocket.Input(
                    "concept", tooltip="The concept from Learn Concept or Load Concept, learned on a backbone of the same architecture."
                ),
                CamerasSocket.Input(
                    "cameras",
                    tooltip="The cameras of Camera Trajectory: one for each latent in the batch, with the width and height of the "
                    "pictures.",
                ),
                io.Float.Input(
                    "strength",
                    default=1.0,
                    min=0.0,
                    max=2.0,
                    step=0.05,
                    tooltip="How strongly the rendered subject changes the model's features. 1 is as learned, lower is weaker, above 1 "
                    "exaggerates. At 0 only the token is left.",
                ),
            ],
            outputs=[
                io.Model.Output(
                    display_name="model",
                    tooltip="The model with the concept. It shows the subject in the positive prompt; the negative prompt sees the plain "
                    "model.",
                ),
                io.Clip.Output(
                    display_name="clip", tooltip="The CLIP with the concept's token. Connect it to the nodes that encode the prompts."
                ),
            ],
        )

    @classmethod
    def execute(cls, model, clip, concept, cameras, strength: float) -> io.NodeOutput:  # noqa: ANN001
        return io.NodeOutput(*apply_to_both(model, clip, concept, cameras, strength))
