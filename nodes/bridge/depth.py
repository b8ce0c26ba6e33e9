"""Depth from other nodes and from the embedded head, as one anchor's estimate before its alignment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ...mvcustom_core.geometry.cameras import Cameras
from ...mvcustom_core.sampling.anchors import DepthMeaning
from .embedded import load_depth_head

ASPECT_TOLERANCE = 0.05  # depth nodes round sides to multiples of 14 and the like


@dataclass(frozen=True, eq=False)
class DepthEstimate:
    """One view's depth as its producer gave it: values [H, W], validity [H, W], and what the values mean."""

    values: Tensor
    valid: Tensor
    meaning: DepthMeaning


def choose_estimate(
    views: Tensor,
    anchor: int,
    da3_geometry: dict[str, Any] | None,
    moge_geometry: dict[str, Any] | None,
    depth_image: Tensor | None,
    meaning: DepthMeaning,
) -> DepthEstimate:
    """The one source that is connected, or the embedded depth head where none is.

    Args:
        views: [V, 3, H, W] the decoded first pass.
        depth_image: IMAGE [B, H, W, 3].

    Raises:
        ValueError: if more than one source is connected or it does not fit the views.
    """
    sources = {"da3_geometry": da3_geometry, "moge_geometry": moge_geometry, "depth_image": depth_image}
    connected = [name for name, source in sources.items() if source is not None]
    if len(connected) > 1:
        raise ValueError(f"depth: wanted one source, got {' and '.join(connected)}; disconnect all but one")
    if not connected:
        return _estimate_embedded(views[anchor])
    if depth_image is not None:
        values = _select(depth_image[..., 0], views, anchor, "depth_image")
        return _checked(values, torch.ones_like(values, dtype=torch.bool), meaning, connected[0])
    geometry = sources[connected[0]]
    if not isinstance(geometry.get("depth"), Tensor):
        raise ValueError(
            f"{connected[0]}: wanted a geometry with a depth map, got one with {sorted(geometry)}; run its depth inference first"
        )
    values = _select(geometry["depth"], views, anchor, connected[0])
    valid = torch.isfinite(values) & (values > 0)
    if isinstance(geometry.get("mask"), Tensor):
        valid &= _select(geometry["mask"], views, anchor, connected[0]) > 0.5
    if isinstance(geometry.get("sky"), Tensor):
        valid &= _select(geometry["sky"], views, anchor, connected[0]) < 0.5
    metric = moge_geometry is not None or "metric" in str(geometry.get("mode", "")).lower()
    return _checked(values, valid, "metric" if metric else "relative depth", connected[0])


def check_views(views: Tensor, cameras: Cameras, anchor: int) -> None:
    """Refuse pictures [V, 3, H, W] that are not the views of the cameras, and an anchor that is none of them.

    Raises:
        ValueError: naming both sides.
    """
    count, _, height, width = views.shape
    if count != len(cameras):
        raise ValueError(f"views: wanted {len(cameras)}, one for each camera, got {count}; connect all views of this trajectory")
    if anchor >= count:
        raise ValueError(f"anchor: wanted a view from 0 to {count - 1}, got {anchor}; choose one of the trajectory's views")
    if _differ(width / height, cameras.width / cameras.height):
        raise ValueError(
            f"views: wanted the cameras' aspect {cameras.width}x{cameras.height}, got {width}x{height}; connect this trajectory's views"
        )


def select_subject_mask(masks: Tensor, views: Tensor, anchor: int, estimate: DepthEstimate) -> Tensor:
    """The anchor's subject mask [H, W] of MASK [B, H, W].

    Raises:
        ValueError: if there is neither one mask nor one for each view, or it is not of the depth's size.
    """
    mask = _select(masks, views, anchor, "subject_mask")
    if mask.shape != estimate.values.shape:
        (height, width), (h, w) = estimate.values.shape, mask.shape
        raise ValueError(f"subject_mask: wanted the depth's size {width}x{height}, got {w}x{h}; resize the mask")
    return mask


@torch.inference_mode()
def _estimate_embedded(image: Tensor) -> DepthEstimate:
    values = load_depth_head()(image[None].float().cpu())[0]
    return DepthEstimate(values, torch.ones_like(values, dtype=torch.bool), "metric")


def _select(values: Tensor, views: Tensor, anchor: int, name: str) -> Tensor:
    """The anchor's map of a batch of all views, or the only map; at any resolution of the views' aspect."""
    if len(values) not in (1, len(views)):
        raise ValueError(
            f"{name}: wanted a map of the anchor alone or of all {len(views)} views, got {len(values)}; connect those of this run"
        )
    (height, width), (h, w) = views.shape[-2:], values.shape[-2:]
    if _differ(w / h, width / height):
        raise ValueError(f"{name}: wanted the views' aspect {width}x{height}, got {w}x{h}; connect a map of the same pictures")
    return values[anchor if len(values) > 1 else 0].float().cpu()


def _checked(values: Tensor, valid: Tensor, meaning: DepthMeaning, name: str) -> DepthEstimate:
    if not torch.isfinite(values[valid]).all():
        raise ValueError(f"{name}: wanted finite depth, got NaN or infinity; check the depth node before")
    if not (values[valid] != 0).any():
        raise ValueError(f"{name}: wanted depth, got none: every pixel is zero or invalid; check the depth node before")
    return DepthEstimate(values, valid, meaning)


def _differ(aspect: float, wanted: float) -> bool:
    return abs(aspect / wanted - 1) > ASPECT_TOLERANCE
