"""Rungs without diffusion: what the figures say of the truth itself, of a camera that does not move, and of a warped picture."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from ...mvcustom_core.anchor.alignment import align_depth
from ...mvcustom_core.camera.cameras import Cameras
from ...mvcustom_core.camera.rays import cell_centers, pixel_rays
from ...mvcustom_core.rendering.operator import warp_images
from ...mvcustom_core.surface.depth import AnchorDepth, RenderedDepth
from ...mvcustom_core.surface.surface import build_surfaces
from .cases import AblationCase

HOLE = 0.5  # grey where the anchor sees nothing
OTHER_UNIT = 2.5  # of the world's, that depth comes in
CELLS = 32  # a side, on which a concept tells its own depth
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


def warp_aligned(case: AblationCase) -> Tensor:
    """The same by its true depth as the nodes take it: in another unit, the sky marked, the scale told by the subject's own depth."""
    depth, camera = case.true_depth.depth, case.cameras[case.anchor]
    size = {"size": (CELLS, CELLS), "mode": "nearest-exact"}
    small, inside = (interpolate(x[None, None], **size)[0, 0] for x in (depth.depth, case.truth.mask[case.anchor, 0]))
    rays = pixel_rays(camera, cell_centers(CELLS, CELLS) * camera.width / CELLS)[1][0]  # [(CELLS CELLS), 3]
    distance = small / (rays @ camera.forward[0]).view(CELLS, CELLS)
    aligned = align_depth(
        torch.where(depth.sky, 1.0, OTHER_UNIT * depth.depth),
        ~depth.sky,
        "metric",
        camera,
        ray_depth=RenderedDepth(distance, inside),
        sky=depth.sky if depth.sky.any() else None,
    )
    return warp_view(case.truth.images, AnchorDepth(case.anchor, aligned), case.cameras)


def warp_view(views: Tensor, anchor: AnchorDepth, cameras: Cameras) -> Tensor:
    """One of the views [V, 3, H, W] as every view sees it by its depth, holes grey."""
    warped, seen = warp_images(views[[anchor.view]], build_surfaces([anchor], cameras))
    return warped * seen + HOLE * (1 - seen)


BASELINES: dict[str, Callable[[AblationCase], Tensor]] = {
    "truth": show_truth,
    "blurred": blur_truth,
    "frozen": repeat_nearest,
    "warped": warp_anchor,
    "aligned": warp_aligned,
}
