"""Depth-warp consistency: an anchor view is warped into other views by its depth and compared with them.

Only pixels that both views see are compared. The z-buffer of the warped surface decides this, and the other view's own depth if it is
known. Regions behind the surface's silhouettes are left out, because the anchor does not know how far objects extend there. Blur raises the
figure, so read it together with sharpness.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from ..camera.cameras import Cameras
from ..progress import Progress, span_progress
from ..psnr import measure_psnr
from ..shapes import check_shape
from ..surface.depth import AnchorDepth, DepthMap
from ..surface.raster import RasterHits, RasterSettings
from ..surface.surface import build_surfaces

MAX_STRETCH = 2.0  # where one pixel of the anchor covers more than this many, there is nothing to compare
MIN_SHARE = 0.02  # of the picture: fewer pixels say nothing
SAME_DEPTH = 0.02  # relative difference within which two views show one surface
RASTER = RasterSettings(block_cuts=True)


@dataclass(frozen=True, slots=True)
class Warp:
    """One anchor warped into another view.

    Attributes:
        anchor, view: numbers of the views.
        share: share of the view's pixels that both views see.
        psnr: PSNR of these pixels in dB; None if they are too few.
        background_psnr: PSNR of those that do not show the subject; None without masks or if they are too few.
    """

    anchor: int
    view: int
    share: float
    psnr: float | None
    background_psnr: float | None


@dataclass(frozen=True, slots=True)
class WarpConsistency:
    """All anchors warped into all other views."""

    warps: tuple[Warp, ...]

    @property
    def psnr(self) -> float | None:
        """Mean PSNR in dB over the warps with enough common pixels; None if there is none."""
        return _mean([warp.psnr for warp in self.warps])

    @property
    def background_psnr(self) -> float | None:
        return _mean([warp.background_psnr for warp in self.warps])

    @property
    def share(self) -> float:
        return sum(warp.share for warp in self.warps) / len(self.warps)


def measure_warps(
    images: Tensor, cameras: Cameras, anchors: Sequence[AnchorDepth], masks: Tensor | None, progress: Progress
) -> WarpConsistency:
    """Warp every anchor into every other view and compare.

    Args:
        images: [V, 3, H, W] in 0..1, of the cameras' size.
        anchors: views of known depth, at least one.
        masks: [V, 1, H, W], white on the subject and black on the background; None if unknown.
        progress: is called with the share that is done.
    """
    views = check_shape(images, "V 3 H W", *(() if masks is None else (masks, "V 1 H W")))["V"]
    surfaces = build_surfaces(anchors, cameras, RASTER, span_progress(progress, 0.0, 0.0))
    pairs = [(surface, view) for surface in surfaces for view in range(views) if view != surface.anchor.view]
    depths = {surface.anchor.view: surface.anchor.depth for surface in surfaces}
    warps = []
    for done, (surface, view) in enumerate(pairs):
        progress(done / len(pairs))
        hits = surface.look(view, tuple(images.shape[-2:]))
        warps.append(_compare(images, masks, (surface.anchor, view), _find_seen(hits, depths.get(view)), hits.anchor_xy))
    return WarpConsistency(tuple(warps))


def _find_seen(hits: RasterHits, depth: DepthMap | None) -> Tensor:
    """The pixels [1, 1, H, W] of the view that the anchor shows too, bool."""
    seen = hits.visible & (hits.stretch < MAX_STRETCH)  # [1, H, W]
    if depth is not None:
        own = torch.where(depth.valid, depth.depth.double(), torch.inf)[None, None]
        own = F.interpolate(own, size=seen.shape[-2:], mode="nearest-exact")[0]
        seen = seen & ((own - hits.depth).abs() < SAME_DEPTH * hits.depth)
    return seen[:, None]


def _compare(images: Tensor, masks: Tensor | None, pair: tuple[AnchorDepth, int], seen: Tensor, points: Tensor) -> Warp:
    anchor, view = pair
    height, width = anchor.depth.depth.shape
    grid = (points / points.new_tensor([width, height]) * 2 - 1).to(images)  # [1, H, W, 2]
    warped = F.grid_sample(images[anchor.view, None], grid, mode="bilinear", padding_mode="border", align_corners=False)
    seen = seen.to(images)
    background = None
    if masks is not None:
        subject = F.grid_sample(masks[anchor.view, None].to(images), grid, mode="bilinear", padding_mode="border", align_corners=False)
        background = _judge(warped, images[view, None], seen * ((subject <= 0) & (masks[view, None].to(images) <= 0)))
    return Warp(anchor.view, view, float(seen.mean()), _judge(warped, images[view, None], seen), background)


def _judge(warped: Tensor, image: Tensor, weights: Tensor) -> float | None:
    return float(measure_psnr(warped, image, weights)) if weights.mean() >= MIN_SHARE else None


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return math.fsum(known) / len(known) if known else None
