"""Rungs without diffusion: what the figures say of the truth itself, of a camera that does not move, and of a warped picture."""

from __future__ import annotations

import math
from collections.abc import Callable

from torch import Tensor

from ...mvcustom_core.camera.cameras import Cameras
from ...mvcustom_core.rendering.operator import warp_images
from ...mvcustom_core.surface.depth import AnchorDepth
from .cases import AblationCase

HOLE = 0.5  # grey where the anchor sees nothing
BLUR = 1.3  # pixels, a Gaussian's deviation: less sharp than whatever is sampled


def show_truth(case: AblationCase) -> Tensor:
    return case.truth.images


def blur_truth(case: AblationCase) -> Tensor:
    """Whether a figure of soft views is low because they are soft."""
    from kornia.filters import gaussian_blur2d  # takes seconds

    side = 2 * math.ceil(3 * BLUR) + 1
    return gaussian_blur2d(case.truth.images, (side, side), (BLUR, BLUR))


def repeat_nearest(case: AblationCase) -> Tensor:
    """The photograph that was taken nearest to the anchor, in every view."""
    away = (case.photograph_cameras.centers - case.cameras.centers[case.anchor]).norm(dim=-1)
    return case.photographs.images[[int(away.argmin())]].expand(len(case.cameras), -1, -1, -1)


def warp_anchor(case: AblationCase) -> Tensor:
    """The anchor's true picture as every view sees it by its true depth."""
    return warp_view(case.truth.images, case.true_depth, case.cameras)


def warp_view(views: Tensor, anchor: AnchorDepth, cameras: Cameras) -> Tensor:
    """One of the views [V, 3, H, W] as every view sees it by its depth, holes grey."""
    warped, seen = warp_images(views[[anchor.view]], [anchor], cameras)
    return warped * seen + HOLE * (1 - seen)


BASELINES: dict[str, Callable[[AblationCase], Tensor]] = {
    "truth": show_truth,
    "blurred": blur_truth,
    "frozen": repeat_nearest,
    "warped": warp_anchor,
}
