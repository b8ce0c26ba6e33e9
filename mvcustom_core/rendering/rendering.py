"""Depth-aware feature rendering: the anchors' features, seen from the other views, replace theirs (MVCustom, section on inference).

    F_n <- M_n * F_n^a + (1 - M_n) * F_n    for every view n that is no anchor a

in the first steps of sampling. The soft end of the schedule and the shared start noise are this project's own choices, and so is to
render the predicted clean latents in the same way.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from einops import rearrange
from torch import Tensor

from ..shapes import check_shape
from .levels import PRECISION, has_passed
from .noise import mix_noise
from .operator import RenderOperator


@dataclass(frozen=True, slots=True)
class RenderingSettings:
    """When features are replaced, and how strongly. Denoising progresses from 0 to 1, see `NoiseLevels.find_progress`.

    Attributes:
        strength: factor on the mask, 0 to 1.
        until: progress at which replacement ends; the paper's first 35 DDIM steps, of 50 by our choice.
        fade: progress over which the strength falls to 0 before `until`; 0 keeps it up to there, as published.
    """

    strength: float = 1.0
    until: float = 0.7
    fade: float = 0.1

    def __post_init__(self) -> None:
        if not 0 <= self.strength <= 1 or not 0 <= self.fade <= self.until <= 1:
            raise ValueError(f"rendering settings: wanted strength in [0, 1] and 0 <= fade <= until <= 1, got {self}")


def rendering_strength(progress: float, settings: RenderingSettings) -> float:
    """Strength of the replacement in a step that begins at this progress of denoising, 0 to 1.

    Of 50 even steps the defaults fade from 1 at step 30, counted from 0, to 0 at step 35.
    """
    if not 0 <= progress <= 1:
        raise ValueError(f"rendering strength: wanted a progress of denoising from 0 to 1, got {progress}")
    if has_passed(progress, settings.until):
        return 0.0
    fading = min((settings.until - progress) / settings.fade, 1.0) if settings.fade else 1.0
    return settings.strength * round(fading, PRECISION)


def find_shares(operator: RenderOperator, keep: Tensor | None = None) -> Tensor:
    """How much of each cell full strength replaces: what the anchors show but for what is kept, and nothing of the anchors' own views.

    Args:
        keep: [V, 1, h, w] share of each cell to leave alone, such as the subject's opacity.

    Returns:
        [V, 1, h, w] in [0, 1].
    """
    mask = _spare_anchors(operator.mask, operator)
    if keep is None:
        return mask
    views, _, height, width = mask.shape
    check_shape(keep, f"{views} 1 {height} {width}")
    return mask * (1 - keep)


def replace_features(features: Tensor, operator: RenderOperator, shares: Tensor) -> Tensor:
    """Replace each view's features by the anchors' as that view sees them; every guidance branch uses its own anchor features.

    Args:
        features: [(B V), C, h, w], views inside branches.
        operator: to the V views at this resolution, moved to the features' device by the caller.
        shares: [V, 1, h, w] how much of each cell is replaced: `find_shares`, times a strength. They are rounded to the features' dtype:
            by at most 2^-12 of the difference between both features in float16, 2^-9 in bfloat16.

    Returns:
        [(B V), C, h, w]; the input is not written to.

    Raises:
        ValueError: if views or grid do not fit the operator.
    """
    views, _, height, width = operator.mask.shape
    sizes = check_shape(features, f"N C {height} {width}", shares, f"{views} 1 {height} {width}")
    if sizes["N"] % views:
        raise ValueError(
            f"features: wanted a multiple of {views} views on the batch axis, got {sizes['N']}; build the operator for these views"
        )
    branches = rearrange(features, "(B V) C h w -> B V C h w", V=views)
    rendered = operator.render([branches[:, view] for view in operator.anchors])  # [B, V, C, h, w]
    return rearrange(torch.lerp(branches, rendered, shares.to(features.dtype)), "B V C h w -> (B V) C h w")


def share_noise(noise: Tensor, operator: RenderOperator) -> Tensor:
    """Start noise that moves with the anchors' surface: e_n <- (M e_a + (1 - M) e_n) / sqrt(M^2 + (1 - M)^2), and white in every view.

    The anchors' noise is taken at the nearest cell, since averaging would shrink it. Where several cells of a view take the same one,
    `mix_noise` says what each of them gets.

    Args:
        noise: [V, C, h, w] independent unit noise.
        operator: to the V views on the same grid.

    Returns:
        [V, C, h, w]; the anchors' own noise is unchanged.
    """
    views, _, height, width = operator.mask.shape
    check_shape(noise, f"{views} C {height} {width}")
    mask = _spare_anchors(operator.mask, operator)[:, 0]  # [V, h, w]
    share = mask / (mask.square() + (1 - mask).square()).sqrt()
    table = rearrange(torch.stack([noise[view] for view in operator.anchors]), "A C h w -> (A h w) C")
    return mix_noise(noise, table, operator.nearest, share)


def _spare_anchors(mask: Tensor, operator: RenderOperator) -> Tensor:
    """The mask [V, 1, h, w] of what is replaced: nothing on the anchors' own views."""
    mask = mask.clone()
    for view in operator.anchors:
        mask[view] = 0
    return mask
