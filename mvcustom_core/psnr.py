"""Peak signal-to-noise ratio, for what is learned and for what is generated."""

from __future__ import annotations

from torch import Tensor

from .shapes import check_shape


def measure_psnr(
    images: Tensor,  # [V, C, H, W]
    truth: Tensor,  # [V, C, H, W]
    weights: Tensor | None = None,  # [V, 1, H, W]
) -> Tensor:
    """PSNR [V] of pictures in 0..1, in dB; each pixel counts as much as its weight says, by default all alike.

    Returns:
        [V], NaN where all weights are zero, at most 100 where nothing differs.
    """
    check_shape(images, "V C H W", truth, "V C H W", *(() if weights is None else (weights, "V 1 H W")))
    error = (images - truth).square().mean(1, keepdim=True)  # [V, 1, H, W]
    mean = error.mean((1, 2, 3)) if weights is None else (error * weights).sum((1, 2, 3)) / weights.sum((1, 2, 3))
    return -10 * mean.clamp(min=1e-10).log10()
