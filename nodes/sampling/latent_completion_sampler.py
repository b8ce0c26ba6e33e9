"""Latent Completion Sampler."""

from __future__ import annotations

from comfy_api.latest import io

from ...mvcustom_core.rendering.completion import CompletionSettings
from ..bridge.host.sockets import CamerasSocket
from ..bridge.host.tensors import masks_from_comfy
from ..bridge.rendering.completion import build_completion_sampler

INDEPENDENT, SHARED = NOISES = ("independent", "shared by infinite homography")


class MVCustomLatentCompletionSampler(io.ComfyNode):
    """What the camera newly reveals, drawn from the model's prior."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="MVCustomLatentCompletionSampler",
            display_name="Latent Completion Sampler",
            category="MVCustom",
            description="A sampler that draws what the anchor never saw afresh in the early steps, so that the model completes it. Those "
            "steps are DDIM's; the others may be any sampler's.",
            search_aliases=["repaint", "resampling", "disocclusion", "sampler"],
            inputs=[
                io.Mask.Input(
                    "masks",
                    tooltip="White where the anchor sees the view, one mask for each latent: the Depth-Aware Render Hook's, or your own.",
                ),
                io.Float.Input(
                    "until",
                    default=0.2,
                    min=0.0,
                    max=1.0,
                    step=0.05,
                    tooltip="Share of the steps, from the noisy end, in which the unseen is drawn afresh; rounded to whole steps.",
                ),
                io.Int.Input(
                    "repeats",
                    default=1,
                    min=0,
                    max=10,
                    tooltip="Times in each of these steps; every one costs a further model call. 0 leaves the sampler as it is.",
                ),
                io.Int.Input(
                    "feather",
                    default=1,
                    min=0,
                    max=8,
                    advanced=True,
                    tooltip="Width of the blend between seen and unseen, in latent cells at 512 pixels or more; in smaller pictures less.",
                ),
                io.Combo.Input(
                    "noise",
                    options=list(NOISES),
                    default=INDEPENDENT,
                    advanced=True,
                    tooltip="independent: each view has its own, and attention alone lets them agree. shared by infinite homography: views "
                    "that look in one direction start from the same pattern; needs cameras.",
                ),
                io.Sampler.Input(
                    "sampler", optional=True, tooltip="For the steps after the completed ones, such as KSamplerSelect's; without it, DDIM."
                ),
                CamerasSocket.Input("cameras", optional=True, tooltip="The views' trajectory, for shared noise only."),
            ],
            outputs=[io.Sampler.Output(display_name="sampler", tooltip="For SamplerCustom and SamplerCustomAdvanced.")],
        )

    @classmethod
    def execute(cls, masks, until: float, repeats: int, feather: int, noise: str, sampler=None, cameras=None) -> io.NodeOutput:  # noqa: ANN001
        if noise == SHARED and cameras is None:
            raise ValueError("cameras: wanted the views' cameras for shared noise, got none; connect the trajectory or choose independent")
        settings = CompletionSettings(until, repeats, feather_px=feather)
        shared = cameras if noise == SHARED else None
        return io.NodeOutput(build_completion_sampler(masks_from_comfy(masks), settings, sampler, shared))
