"""Consistency-aware latent completion: what the anchor never saw is drawn afresh early on (MVCustom, section on inference).

At each early step the newly visible region is re-noised at the same level from the clean estimate, and denoised again, so that the
stuck start pattern there gives way to what the model finds likely. Written in the k-diffusion convention: x = x0 + sigma * noise and
`model(x, sigma, **extra_args)` returns x0. The step is Euler's, which is DDIM with eta 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..shapes import check_shape


@dataclass(frozen=True, slots=True)
class CompletionSettings:
    """Which steps complete the latents, and where.

    Attributes:
        sigma_until: steps at this noise level or above are completed; `completion_sigma` turns a share of the steps into one.
        repeats: perturbations per completed step, each one more model call.
        erode_px: latent cells taken off the visible side, where rendering is least sure.
        feather_px: half width in latent cells of the blend between both sides.
    """

    sigma_until: float
    repeats: int = 1
    erode_px: int = 1
    feather_px: int = 1

    def __post_init__(self) -> None:
        if not self.sigma_until > 0 or self.repeats < 0 or self.erode_px < 0 or self.feather_px < 0:
            raise ValueError(f"completion settings: wanted sigma_until > 0 and no negative count, got {self}")


def completion_sigma(sigmas: Tensor, share: float = 0.2) -> float:
    """The noise level down to which the first `share` of the steps reach; infinite where that is no step at all.

    The default is timestep 800 of 1000, the first 10 of 50 steps; the paper says "early" only.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"completion: wanted a share of the steps in [0, 1], got {share}")
    check_shape(sigmas, "N")
    steps = round(share * (len(sigmas) - 1))
    return float(sigmas[steps - 1]) if steps else float("inf")


def soften_mask(mask: Tensor, erode_px: int, feather_px: int) -> Tensor:
    """Shrink the visible region, then blend across its border.

    Both windows end at the image border, so a mask of ones stays exactly ones, and zeros stay zeros.

    Args:
        mask: [V, 1, h, w] in [0, 1], 1 where visible.

    Returns:
        [V, 1, h, w].
    """
    check_shape(mask, "V 1 h w")
    if erode_px:
        mask = -torch.nn.functional.max_pool2d(-mask, 2 * erode_px + 1, stride=1, padding=erode_px)
    if feather_px:
        mask = torch.nn.functional.avg_pool2d(mask, 2 * feather_px + 1, stride=1, padding=feather_px, count_include_pad=False)
    return mask


def perturb_latents(x: Tensor, denoised: Tensor, noise: Tensor, sigma: Tensor, mask: Tensor) -> Tensor:
    """Keep x where the mask is 1, draw denoised + sigma * noise where it is 0.

    In between both noises are mixed and scaled back to unit variance, so a feathered border is at the same noise level.
    """
    scale = (mask.square() + (1 - mask).square()).rsqrt()
    old, new = mask * scale, (1 - mask) * scale
    return old * x + (1 - old) * denoised + new * sigma * noise


@torch.no_grad()
def sample_latent_completion(
    model: Callable[..., Tensor],
    x: Tensor,
    sigmas: Tensor,
    *,
    mask: Tensor,
    settings: CompletionSettings,
    generator: torch.Generator,
    extra_args: dict[str, Any] | None = None,
    callback: Callable[[dict[str, Any]], None] | None = None,
    disable: bool | None = None,
) -> Tensor:
    """Sample V views with Euler's method, completing what is not visible from the anchor at the early steps.

    Where everything is visible this is plain Euler, bit for bit and with no further model call.

    Args:
        x: [V, C, h, w] start noise times sigmas[0].
        sigmas: [N + 1] descending, usually to 0.
        mask: [V, 1, h, w] in [0, 1], 1 where visible from the anchor (the anchor's own view: ones everywhere).
        generator: on the CPU, so that a seed means the same noise on every device.
        callback: called at every step with x, i, sigma, sigma_hat and denoised.
        disable: of the samplers' common signature, hides a progress bar; none is drawn here.

    Returns:
        [V, C, h, w].

    Raises:
        ValueError: if the mask does not fit the latents, or the generator is on another device.
    """
    sizes = check_shape(x, "V C h w", sigmas, "N")
    check_shape(mask, f"{sizes['V']} 1 {sizes['h']} {sizes['w']}")
    if generator.device.type != "cpu":
        raise ValueError(
            f"completion: wanted a generator on the CPU, got one on {generator.device}; the same seed must mean the same noise"
        )
    visible = soften_mask(mask.to(x), settings.erode_px, settings.feather_px)
    repeats = 0 if bool((visible == 1).all()) else settings.repeats
    extra_args = extra_args or {}
    batch = x.new_ones(len(x))
    for i in range(len(sigmas) - 1):
        sigma = sigmas[i]
        denoised = model(x, sigma * batch, **extra_args)
        for _ in range(repeats if sigma >= settings.sigma_until else 0):
            noise = torch.randn(x.shape, generator=generator).to(x)
            x = perturb_latents(x, denoised, noise, sigma, visible)
            denoised = model(x, sigma * batch, **extra_args)
        if callback is not None:
            callback({"x": x, "i": i, "sigma": sigma, "sigma_hat": sigma, "denoised": denoised})
        d = (x - denoised) / sigma
        x = x + d * (sigmas[i + 1] - sigma)
    return x
