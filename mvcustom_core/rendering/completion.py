"""Consistency-aware latent completion: what the anchor never saw is drawn afresh early on (MVCustom, section on inference).

At each early step the newly visible region is re-noised at the same level from the clean estimate, and denoised again, so that the
stuck start pattern there gives way to what the model finds likely. Written in the k-diffusion convention: x = x0 + sigma * noise and
`model(x, sigma, **extra_args)` returns x0. The step is Euler's, which is DDIM with eta 0.

Why these steps are DDIM's whatever sampler does the others: a perturbation replaces the state, so what a multi-step sampler remembers of
the steps before no longer belongs to it, and what a stochastic one adds would come on top of it. A sampler that starts at the level where
completion ends has neither trouble.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..diffusion.steps import step_euler
from ..shapes import check_shape
from .bilinear import coverage_to_mask
from .levels import PRECISION, has_passed

REFERENCE_CELLS = 64

# A sampler draws its start noise from the seed, and what it adds from the seed or the next one. Torch's CPU generator looks at the lower
# 32 bits alone.
OWN_SEED, STRIDE = 0x9E3779B9, 0x85EBCA6B


@dataclass(frozen=True, slots=True)
class CompletionSettings:
    """Which steps complete the latents, and where.

    Attributes:
        until: progress of denoising, 0 to 1, up to which steps complete; the default is timestep 800 of 1000, the first 10 of 50 even
            steps. The paper says "early" only.
        repeats: perturbations in each of them, every one a further model call.
        erode_px: taken off the visible side, where rendering is least sure; in cells of latents with 64 a side or more, and in
            proportion less, rounded to whole cells, of smaller ones.
        feather_px: half width of the blend between both sides, in the same unit.
    """

    until: float = 0.2
    repeats: int = 1
    erode_px: int = 1
    feather_px: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.until <= 1 or self.repeats < 0 or self.erode_px < 0 or self.feather_px < 0:
            raise ValueError(f"completion settings: wanted a share of the steps in [0, 1] and no negative count, got {self}")


def count_completed_steps(visible: Tensor, progress: Sequence[float], settings: CompletionSettings) -> int:
    """How many of the first steps complete: none where all of `visible` is 1 or no perturbation is asked for.

    Args:
        progress: of denoising where each step begins, ascending; see `NoiseLevels.find_progress`.
    """
    idle = settings.repeats == 0 or bool((visible == 1).all())
    return 0 if idle else sum(not has_passed(share, settings.until) for share in progress)


def choose_seed(seed: int, progress: float, repeat: int) -> int:
    """The seed of the noise that a perturbation draws: another one at every progress of denoising and in every repeat of a step.

    So it follows from where denoising stands, and not from how many draws a run has made; it is never the seed itself or the next.
    """
    levels = 10**PRECISION
    return (seed + OWN_SEED + STRIDE * (round(progress * levels) + (levels + 1) * repeat)) % 2**32


def fit_mask(mask: Tensor, size: tuple[int, int], settings: CompletionSettings) -> Tensor:
    """A mask [V, 1, H, W] in [0, 1], brought to latents of `size` (h, w) and softened.

    A cell counts as seen as far as rendering counts it: one that is seen for the most part is rendered whole, and drawing a part of it
    afresh would cost the views what they share there.

    Returns:
        [V, 1, h, w].
    """
    check_shape(mask, "V 1 H W")
    seen = coverage_to_mask(torch.nn.functional.interpolate(mask, size=size, mode="area"))
    scale = min(1.0, min(size) / REFERENCE_CELLS)
    return soften_mask(seen, round(settings.erode_px * scale), round(settings.feather_px * scale))


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
def complete_latents(
    model: Callable[..., Tensor],
    x: Tensor,
    sigmas: Tensor,
    *,
    visible: Tensor,
    repeats: int,
    draw_noise: Callable[[int, int], Tensor],
    callback: Callable[[dict[str, Any]], None] | None = None,
) -> Tensor:
    """Take V views down a part of the schedule by DDIM, completing what is not visible from the anchor at each of its steps.

    Args:
        model: called as model(x, sigma [V]) and returns x0; all views together, once and once more for every repeat of a step.
        x: [V, C, h, w] at the noise level sigmas[0].
        sigmas: [N + 1] descending: the part that completes, and the level where it ends.
        visible: [V, 1, h, w] in [0, 1], 1 where visible from the anchor (the anchor's own view: ones everywhere).
        draw_noise: gives unit noise [V, C, h, w] for a step and a repeat of it, both counted from 0.
        callback: called at every step with x, i, sigma, sigma_hat and denoised.

    Returns:
        [V, C, h, w] at the noise level sigmas[N].

    Raises:
        ValueError: if the mask does not fit the latents.
    """
    sizes = check_shape(x, "V C h w", sigmas, "N")
    check_shape(visible, f"{sizes['V']} 1 {sizes['h']} {sizes['w']}")
    batch = x.new_ones(len(x))
    for i, (sigma, following) in enumerate(zip(sigmas[:-1], sigmas[1:], strict=True)):
        denoised = model(x, sigma * batch)
        for repeat in range(repeats):
            noise = draw_noise(i, repeat).to(x, non_blocking=True)
            x = perturb_latents(x, denoised, noise, sigma, visible)
            denoised = model(x, sigma * batch)
        if callback is not None:
            callback({"x": x, "i": i, "sigma": sigma, "sigma_hat": sigma, "denoised": denoised})
        x = step_euler(x, denoised, sigma, following)
    return x
