"""Steps from one noise level to the next, in the k-diffusion convention: x = x_0 + sigma eps (arXiv 2206.00364)."""

from __future__ import annotations

from torch import Tensor


def step_euler(x: Tensor, denoised: Tensor, sigma: Tensor, following: Tensor) -> Tensor:
    """One Euler step from noise level sigma to `following`; the same as DDIM with eta 0.

    Args:
        x, denoised: [V, C, h, w] noisy latents and their predicted clean latents.
        sigma, following: [] noise levels, with sigma above 0.

    Returns:
        [V, C, h, w].
    """
    return x + (x - denoised) / sigma * (following - sigma)
