"""Rungs without diffusion: what the figures say of the truth itself, of a camera that does not move, and of a warped picture."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from ...mvcustom_core.sampling.operator import warp_images
from .cases import AblationCase

HOLE = 0.5  # grey where the anchor sees nothing


def show_truth(case: AblationCase) -> Tensor:
    return case.truth.images


def repeat_nearest(case: AblationCase) -> Tensor:
    """The photograph that was taken nearest to the anchor, in every view."""
    away = (case.photograph_cameras.centers - case.cameras.centers[case.anchor]).norm(dim=-1)
    return case.photographs.images[[int(away.argmin())]].expand(len(case.cameras), -1, -1, -1)


def warp_anchor(case: AblationCase) -> Tensor:
    """The anchor's true picture as every view sees it by its true depth."""
    warped, seen = warp_images(case.truth.images[[case.anchor]], [case.true_depth], case.cameras)
    return warped * seen + HOLE * (1 - seen)


BASELINES: dict[str, Callable[[AblationCase], Tensor]] = {"truth": show_truth, "frozen": repeat_nearest, "warped": warp_anchor}
