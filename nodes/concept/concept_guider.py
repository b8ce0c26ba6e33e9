"""Concept Guider."""

from __future__ import annotations

from comfy_api.latest import io

from ..bridge.concept.guidance import ConceptGuider


class MVCustomConceptGuider(io.ComfyNode):
    """How strongly the prompt counts, and how strongly the subject."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="MVCustomConceptGuider",
            display_name="Concept Guider",
            category="MVCustom",
            description="Guidance with two scales: how strongly the prompt counts, and how strongly the subject's likeness.",
            search_aliases=["cfg", "guidance", "dual cfg", "image guidance", "identity"],
            inputs=[
                io.Model.Input("model", tooltip="From Apply Concept, or from Depth-Aware Render Hook after it."),
                io.Conditioning.Input("positive", tooltip="The prompt, with the concept's token."),
                io.Conditioning.Input("negative", tooltip="What to lead away from; an empty prompt is usual."),
                io.Float.Input("text_guidance", default=7.5, min=0.0, max=100.0, step=0.1, round=0.01, tooltip="Scale of the prompt."),
                io.Float.Input(
                    "image_guidance",
                    default=3.5,
                    min=0.0,
                    max=100.0,
                    step=0.1,
                    round=0.01,
                    tooltip="Scale of the subject's likeness. 0 turns it off: then it is CFG with the prompt's scale, "
                    "and a step takes two passes instead of three.",
                ),
                io.Float.Input(
                    "surroundings",
                    default=1.0,
                    min=0.0,
                    max=1.0,
                    step=0.05,
                    round=0.01,
                    optional=True,
                    tooltip="How far image_guidance counts beside the subject. 1: as everywhere. 0: it acts on the subject alone, and the "
                    "prompt has the surroundings to itself; try that where they come out blotchy or too colourful.",
                ),
            ],
            outputs=[io.Guider.Output(display_name="guider", tooltip="For SamplerCustomAdvanced.")],
        )

    @classmethod
    def execute(cls, model, positive, negative, text_guidance, image_guidance, surroundings=1.0) -> io.NodeOutput:  # noqa: ANN001, PLR0913
        return io.NodeOutput(ConceptGuider(model, positive, negative, text_guidance, image_guidance, surroundings))
