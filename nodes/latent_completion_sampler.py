"""Latent Completion Sampler."""

from __future__ import annotations

from comfy_api.latest import io

from .bridge.completion import build_completion_sampler
from .bridge.tensors import masks_from_comfy


class MVCustomLatentCompletionSampler(io.ComfyNode):
    """What the camera newly reveals, drawn from the model's prior."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="MVCustomLatentCompletionSampler",
            display_name="Latent Completion Sampler",
            category="MVCustom",
            description="A sampler (DDIM) that draws what the anchor never saw afresh in the early steps, so that the model completes it.",
            search_aliases=["repaint", "resampling", "disocclusion", "sampler"],
            inputs=[
                io.Mask.Input(
                    "masks", tooltip="White where the anchor sees the view, one mask for each latent; from the Depth-Aware Render Hook."
                ),
                io.Float.Input(
                    "until",
                    default=0.2,
                    min=0.0,
                    max=1.0,
                    step=0.05,
                    tooltip="Share of the steps, from the noisy end, in which the unseen is drawn afresh.",
                ),
                io.Int.Input(
                    "repeats", default=1, min=0, max=10, tooltip="Times a step; each one costs a further model call. 0 is plain DDIM."
                ),
                io.Int.Input(
                    "feather",
                    default=1,
                    min=0,
                    max=8,
                    advanced=True,
                    tooltip="Width of the blend between seen and unseen, in latent cells.",
                ),
            ],
            outputs=[io.Sampler.Output(display_name="sampler", tooltip="For SamplerCustom and SamplerCustomAdvanced.")],
        )

    @classmethod
    def execute(cls, masks, until: float, repeats: int, feather: int) -> io.NodeOutput:  # noqa: ANN001
        return io.NodeOutput(build_completion_sampler(masks_from_comfy(masks), until, repeats, feather))
