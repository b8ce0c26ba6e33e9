"""Concept Guider: the node for guidance with separate scales of text and subject."""

from __future__ import annotations

from comfy_api.v0_0_2 import io

from ..bridge.concept.guidance import ConceptGuider


class MVCustomConceptGuider(io.ComfyNode):
    """Make a GUIDER that weighs the prompt and the concept separately."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="MVCustomConceptGuider",
            display_name="Concept Guider",
            category="MVCustom/concept",
            description="Classifier-free guidance with two scales: one for the prompt, one for the learned subject. Use it in place of CFG "
            "Guider.",
            search_aliases=["cfg", "guidance", "dual cfg", "image guidance", "identity", "subject"],
            inputs=[
                io.Model.Input("model", tooltip="The model of Apply Concept, or of a Depth-Aware Render Hook after it."),
                io.Conditioning.Input("positive", tooltip="The prompt. It must contain the concept's token."),
                io.Conditioning.Input("negative", tooltip="The negative prompt. An empty prompt is usual."),
                io.Float.Input(
                    "text_guidance",
                    default=7.5,
                    min=0.0,
                    max=100.0,
                    step=0.1,
                    round=0.01,
                    tooltip="Guidance scale of the prompt, as cfg in KSampler. 7.5 is usual for Stable Diffusion, 3 for the embedded "
                    "backbone. Higher follows the prompt more closely.",
                ),
                io.Float.Input(
                    "image_guidance",
                    default=3.5,
                    min=0.0,
                    max=100.0,
                    step=0.1,
                    round=0.01,
                    tooltip="Guidance scale of the subject. 3.5 is usual; higher gives a stronger likeness, lower it to 2 if colours are "
                    "oversaturated. 0 turns this second scale off: the result is ordinary CFG with text_guidance, and a step takes two "
                    "passes instead of three.",
                ),
                io.Float.Input(
                    "surroundings",
                    default=1.0,
                    min=0.0,
                    max=1.0,
                    step=0.05,
                    round=0.01,
                    optional=True,
                    tooltip="Share of image_guidance that acts outside the subject. 1: the same scale everywhere. 0: outside the subject "
                    "its scale is 1; try this if the background is blotchy or too colourful.",
                ),
            ],
            outputs=[io.Guider.Output(display_name="guider", tooltip="Connect it to SamplerCustomAdvanced.")],
        )

    @classmethod
    def execute(cls, model, positive, negative, text_guidance, image_guidance, surroundings=1.0) -> io.NodeOutput:  # noqa: ANN001, PLR0913
        return io.NodeOutput(ConceptGuider(model, positive, negative, text_guidance, image_guidance, surroundings))
