"""Latent Completion Sampler: the node that makes a SAMPLER which completes what the anchors do not show."""

from __future__ import annotations

from functools import partial

from comfy_api.v0_0_2 import io

from ...mvcustom_core.rendering.completion import CompletionSettings
from ..bridge.host.advice import NOT_CONNECTED, find_fault
from ..bridge.host.sockets import CamerasSocket
from ..bridge.host.tensors import read_masks
from ..bridge.rendering.completion import build_completion_sampler

INDEPENDENT, SHARED = NOISES = ("independent", "shared by infinite homography")


class MVCustomLatentCompletionSampler(io.ComfyNode):
    """Make a SAMPLER that draws regions unseen by the anchors anew in the early steps."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="MVCustomLatentCompletionSampler",
            display_name="Latent Completion Sampler",
            category="MVCustom/sampling",
            description="A sampler for the second pass. In the early denoising steps regions that no anchor shows are re-noised and "
            "denoised again, so that the model completes them. Those steps are DDIM; the later ones use any sampler that you connect.",
            search_aliases=["repaint", "resampling", "disocclusion", "sampler"],
            inputs=[
                io.Mask.Input(
                    "masks",
                    tooltip="White where an anchor shows what the view sees, one mask for each latent. Connect the masks of the "
                    "Depth-Aware Render Hook, or your own.",
                ),
                io.Float.Input(
                    "until",
                    default=0.2,
                    min=0.0,
                    max=1.0,
                    step=0.05,
                    tooltip="Share of the denoising during which unseen regions are completed, counted from pure noise. 0.2 is the first "
                    "10 of 50 even steps. It goes by noise level, as ComfyUI's start and end percents do. Larger values make those "
                    "regions flat; 0 turns completion off.",
                ),
                io.Int.Input(
                    "repeats",
                    default=1,
                    min=0,
                    max=10,
                    tooltip="How many times each of these steps re-noises and denoises the unseen regions. 1 is usual; each repeat "
                    "costs one more model call per step. 0 turns completion off.",
                ),
                io.Int.Input(
                    "feather",
                    default=1,
                    min=0,
                    max=8,
                    advanced=True,
                    tooltip="Half width of the soft border between seen and unseen regions, in latent cells of 8 pixels. For pictures "
                    "below 512 pixels it shrinks in proportion. 1 is usual, 0 gives a hard border.",
                ),
                io.Combo.Input(
                    "noise",
                    options=list(NOISES),
                    default=INDEPENDENT,
                    advanced=True,
                    tooltip="Noise for the unseen regions. independent: every view has noise of its own. shared by infinite homography: "
                    "views share the noise of each viewing direction, which suits a distant background; needs cameras.",
                ),
                io.Sampler.Input(
                    "sampler",
                    optional=True,
                    tooltip="Optional: the sampler for the steps after completion, for example from KSamplerSelect. Not connected: DDIM.",
                ),
                CamerasSocket.Input(
                    "cameras",
                    optional=True,
                    tooltip="Optional: the cameras of the trajectory, one for each latent. Used only by shared noise.",
                ),
            ],
            outputs=[io.Sampler.Output(display_name="sampler", tooltip="Connect it to SamplerCustom or SamplerCustomAdvanced.")],
        )

    @classmethod
    def validate_inputs(cls, noise: str | None = None, cameras: object = NOT_CONNECTED) -> bool | str:
        return find_fault(cls, partial(check_noise, has_cameras=cameras is not NOT_CONNECTED), noise=noise)

    @classmethod
    def execute(cls, masks, until: float, repeats: int, feather: int, noise: str, sampler=None, cameras=None) -> io.NodeOutput:  # noqa: ANN001
        check_noise(noise, cameras is not None)
        settings = CompletionSettings(until, repeats, feather_px=feather)
        shared = cameras if noise == SHARED else None
        return io.NodeOutput(build_completion_sampler(read_masks(masks, "masks"), settings, sampler, shared))


def check_noise(noise: str, has_cameras: bool) -> None:
    """Check that noise that follows the cameras has some.

    Raises:
        ValueError: if it has none.
    """
    if noise == SHARED and not has_cameras:
        raise ValueError(
            f"cameras: wanted the views' cameras for the noise {SHARED!r}, got none; connect cameras of Camera Trajectory, or set noise to "
            f"{INDEPENDENT!r}"
        )
