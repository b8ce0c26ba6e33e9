"""Reads the outputs of core's depth nodes, DA3_GEOMETRY and MOGE_GEOMETRY, as one anchor's depth estimate.

Both contain z-depth, not normalised, at the size of the input pictures. It is taken to be correct up to a factor, which is fitted later.
Depth Anything 3 gives a confidence in its Small and Base models, the only ones that take several views at once, and a sky mask in its Large
models; the geometry does not say whether the depth is in metres (Metric-Large). MoGe is in metres from version 2 on; pixels that it masks
are infinite or marked. A panorama contains distances, not z-depth.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from ....mvcustom_core.anchor.estimate import DepthEstimate

ASPECT_TOLERANCE = 0.05  # depth nodes round sides to multiples of 14 and the like
SKY = 0.5  # threshold of core's nodes
SAME_PICTURE, OTHER_PICTURE = 0.01, 0.1  # mean difference of colours in 0..1, of thumbnails
THUMBNAIL = 32


def read_da3(geometry: dict[str, Any], views: Tensor, anchor: int, min_confidence: float) -> DepthEstimate:
    """Read the anchor's depth from a DA3_GEOMETRY of the anchor alone, of all views one by one, or of all views together.

    Args:
        geometry: output of core's Run Depth Anything 3.
        views: [V, 3, H, W] in 0..1.
        anchor: number of the view.
        min_confidence: confidence below which a pixel is left out, as in core's nodes: 0 is the least and 1 the most certain pixel. From
            there to twice this value a pixel counts in part.

    Raises:
        ValueError: if the geometry holds no depth, or belongs to other pictures.
    """
    values = _select_depth(geometry, views, anchor, "da3_geometry")
    valid, sky, trust = torch.isfinite(values) & (values > 0), None, None
    origin = "Depth Anything 3, all views together" if geometry.get("mode") == "multiview" else "Depth Anything 3"
    if isinstance(geometry.get("sky"), Tensor):
        sky = select_map(geometry["sky"], views, anchor, "da3_geometry") >= SKY
        valid &= ~sky
    if isinstance(geometry.get("confidence"), Tensor) and min_confidence > 0:
        confidence = select_map(geometry["confidence"], views, anchor, "da3_geometry")
        low, high = confidence.min(), confidence.max()
        share = (confidence - low) / (high - low) if high > low else torch.ones_like(confidence)
        doubtful = valid & (share < min_confidence)
        valid &= ~doubtful
        trust = (share / min_confidence - 1).clamp(0, 1).masked_fill(share == 1, 1.0)  # the most certain ones count whatever is asked
        trust = trust if sky is None else torch.where(sky, 1.0, trust)
        if doubtful.any():
            origin += f", {float(doubtful.double().mean()):.1%} of the pixels left out as less certain than {min_confidence:g}"
    return _checked(DepthEstimate(values, valid, "scaled depth", origin, sky, trust), "da3_geometry")


def read_moge(geometry: dict[str, Any], views: Tensor, anchor: int) -> DepthEstimate:
    """Read the anchor's depth from a MOGE_GEOMETRY of the anchor alone or of all views.

    Raises:
        ValueError: if the geometry holds no depth, is a panorama, or belongs to other pictures.
    """
    values = _select_depth(geometry, views, anchor, "moge_geometry")
    if not isinstance(geometry.get("intrinsics"), Tensor):
        raise ValueError("moge_geometry: wanted a perspective picture's, got a panorama's; use core's Run MoGe Inference")
    valid = torch.isfinite(values) & (values > 0)
    if isinstance(geometry.get("mask"), Tensor):
        valid &= select_map(geometry["mask"], views, anchor, "moge_geometry") > 0.5
    origin = "MoGe" if valid.all() else f"MoGe, {float((~valid).double().mean()):.1%} of the pixels without depth"
    return _checked(DepthEstimate(values, valid, "scaled depth", origin), "moge_geometry")


def select_map(values: Tensor, views: Tensor, anchor: int, name: str) -> Tensor:
    """Select the anchor's map [H, W] from a batch [B, H, W] of one map or one for each view. Its resolution may differ from the views'.

    Raises:
        ValueError: for another number of maps, or another aspect ratio.
    """
    if values.dim() != 3 or len(values) not in (1, len(views)):
        raise ValueError(
            f"{name}: wanted a map of the anchor alone or of all {len(views)} views, got {len(values)}; connect those of this run"
        )
    (height, width), (h, w) = views.shape[-2:], values.shape[-2:]
    if differ_in_aspect((h, w), (height, width)):
        raise ValueError(f"{name}: wanted the views' aspect {width}x{height}, got {w}x{h}; connect a map of the same pictures")
    return values[anchor if len(values) > 1 else 0].float().cpu()


def differ_in_aspect(size: tuple[int, int], wanted: tuple[int, int]) -> bool:
    return abs(size[1] * wanted[0] / (size[0] * wanted[1]) - 1) > ASPECT_TOLERANCE


def _select_depth(geometry: dict[str, Any], views: Tensor, anchor: int, name: str) -> Tensor:
    if not isinstance(geometry.get("depth"), Tensor):
        raise ValueError(f"{name}: wanted a geometry with a depth map, got one with {sorted(geometry)}; run its depth inference first")
    values = select_map(geometry["depth"], views, anchor, name)
    if isinstance(geometry.get("image"), Tensor):
        _check_picture(geometry["image"], views, anchor, name)
    return values


def _check_picture(images: Tensor, views: Tensor, anchor: int, name: str) -> None:
    """Check that a geometry's own pictures [B, H, W, 3] show the anchor's view. Nothing else reveals a depth of other pictures."""
    image = images[anchor if len(images) > 1 else 0, ..., :3].movedim(-1, 0)[None]
    seen, known = (F.adaptive_avg_pool2d(pictures.float().cpu(), THUMBNAIL) for pictures in (image, views))
    difference = (seen - known).abs().mean(dim=(1, 2, 3))  # [V]
    nearest = int(difference.argmin())
    if nearest != anchor and difference[anchor] > SAME_PICTURE:
        raise ValueError(f"{name}: wanted the geometry of view {anchor}, got that of view {nearest}; connect the anchor's, or all views'")
    if difference[anchor] > OTHER_PICTURE:
        raise ValueError(f"{name}: wanted the geometry of view {anchor}, got that of another picture; connect these views to its node")


def _checked(estimate: DepthEstimate, name: str) -> DepthEstimate:
    if not estimate.valid.any():
        raise ValueError(f"{name}: wanted depth, got none: every pixel is zero, masked or not certain; check the depth node before")
    return estimate
