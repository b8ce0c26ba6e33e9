"""Steps from one noise level to the next, in the k-diffusion convention: x = x_0 + sigma eps (arXiv 2206.00364)."""

from __future__ import annotations

from torch import Tensor


def step_euler(x: Tensor, denoised: Tensor, sigma: Tensor, following: Tensor) -> Tensor:
    """From noise level sigma to `following`, along what x and its clean estimate say of the noise; DDIM with eta 0.

    Args:
        x, denoised: [V, C, h, w].
        sigma, following: [] with sigma above 0.

    Returns:
        [V, C, h, w].
    """
    return x + (x - denoised) / sigma * (following - sigma)
