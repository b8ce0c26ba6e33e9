"""Bring a depth estimate of the anchor view to the world units of the cameras.

All in inverse depth, in which 1/z = inverse / scale + offset: a scale for metric depth, an affine fit for relative predictors.
"""

from __future__ import annotations

import logging

import torch
from torch import Tensor

from ..camera.cameras import Cameras
from ..camera.rays import cell_centers
from ..shapes import check_shape
from ..surface.depth import FARTHEST, SKY_DISTANCE, DepthMap, RenderedDepth
from .estimate import MEANINGS, DepthMeaning
from .scale import NEAREST, Fit, InverseDepth, fit_scale

log = logging.getLogger("mvcustom.anchor.alignment")


def align_depth(
    depth: Tensor,
    valid: Tensor,
    meaning: DepthMeaning,
    anchor: Cameras,
    *,
    ray_depth: RenderedDepth | None = None,
    subject_mask: Tensor | None = None,
    sky: Tensor | None = None,
) -> DepthMap:
    """Align an estimate of the anchor's depth with the world.

    Args:
        depth: [H, W] z-depth in any unit, or disparity (larger is nearer), of the anchor's field of view.
        valid: [H, W] bool. Depths at or below zero are counted out, and said so in the report.
        meaning: "metric" and "scaled depth" get a scale only; "relative depth" and "disparity" need a usable `ray_depth`, without which
            their offset cannot be told.
        anchor: one camera in the world of `scale`'s description.
        ray_depth: FeatureNeRF's view of the anchor.
        subject_mask: [H, W] bool or above 0.5 where the subject is.
        sky: [H, W] bool; becomes valid, at infinity: it moves with rotation alone. All else is kept within `NEAREST` and `FARTHEST`.

    Returns:
        The depth at the size that came in, on the CPU: it is a single picture, and not every device has the float64 of the fit.

    Raises:
        ValueError: if no estimator can be trusted; the message says what to connect or change.
    """
    maps = [values for values in (subject_mask, sky) if values is not None]
    check_shape(depth, "H W", valid, "H W", *(part for values in maps for part in (values, "H W")))
    if meaning not in MEANINGS:
        raise ValueError(f"depth meaning: wanted one of {', '.join(MEANINGS)}, got {meaning!r}")
    if len(anchor) != 1:
        raise ValueError(f"anchor: wanted exactly one camera for one depth map, got {len(anchor)}; select it first")
    depth, valid, anchor = depth.cpu(), valid.cpu(), anchor.to("cpu")
    subject_mask, sky = (None if values is None else values.cpu() for values in (subject_mask, sky))
    ray_depth = None if ray_depth is None else ray_depth.to("cpu")
    inverse, usable, dropped = _invert(depth, valid if sky is None else valid & ~sky, meaning)
    subject = None if subject_mask is None else subject_mask > 0.5
    fit = fit_scale(InverseDepth(torch.where(usable, inverse, torch.nan), meaning, anchor, subject), ray_depth)
    exact = inverse / fit.scale + fit.offset  # [H, W] inverse z-depth in the world
    clamped = usable & ((exact < 1 / FARTHEST) | (exact > 1 / NEAREST))
    aligned = torch.where(usable, exact.clamp(1 / FARTHEST, 1 / NEAREST), 1 / FARTHEST).reciprocal()
    if sky is not None:
        aligned = torch.where(sky, _sky_depth(anchor, aligned), aligned)
    report = _describe(meaning, fit, dropped, clamped, sky)
    log.info("anchor depth, %s", report)
    return DepthMap(
        depth=aligned.to(torch.promote_types(depth.dtype, torch.float32)),  # half precision cannot hold the sky
        valid=usable if sky is None else usable | sky,
        source=fit.source,
        scale=fit.scale,
        report=report,
    )


def _describe(meaning: DepthMeaning, fit: Fit, dropped: int, clamped: Tensor, sky: Tensor | None) -> str:
    offset = f", offset {fit.offset:.4g}" if fit.offset else ""
    parts = [f"{meaning}: scale {fit.scale:.4g}{offset} from {fit.source} ({fit.evidence})"]
    if dropped:
        parts.append(f"{dropped} pixels without depth left out")
    if clamped.any():
        parts.append(f"{float(clamped.double().mean()):.2%} of the view clamped to depths from {NEAREST:g} to {FARTHEST:g}")
    if sky is not None and sky.any():
        parts.append(f"sky, {float(sky.double().mean()):.0%} of the view, put at infinity")
    return "; ".join(parts)


def _sky_depth(anchor: Cameras, like: Tensor) -> Tensor:
    """z-depth [H, W] of a sphere at `SKY_DISTANCE` about the anchor's camera."""
    height, width = like.shape
    camera = anchor.to(like.device, like.dtype).resize(width, height)
    cells = cell_centers(height, width, device=like.device, dtype=like.dtype)
    slant = (cells - camera.K[0, :2, 2]) / camera.K[0].diagonal()[:2]  # [(H W), 2]
    return SKY_DISTANCE / (1 + slant.square().sum(dim=-1)).sqrt().reshape(height, width)


def _invert(depth: Tensor, valid: Tensor, meaning: DepthMeaning) -> tuple[Tensor, Tensor, int]:
    """Inverse depth [H, W] float64 up to scale and offset, where it is known, and how many valid pixels had no depth."""
    if not valid.any():
        raise ValueError("depth: wanted at least one valid pixel, got none; check the validity mask or the depth estimate")
    depth = depth.double()
    if not torch.isfinite(depth[valid]).all():
        raise ValueError("depth: wanted finite values where valid, got NaN or infinity; mark those pixels invalid")
    if (depth[valid] <= 0).all():
        raise ValueError("depth: wanted positive values, got none above zero; check the depth estimate")
    usable = valid if meaning == "disparity" else valid & (depth > 0)
    inverse = torch.where(usable, depth if meaning == "disparity" else depth.reciprocal(), 0.0)
    return inverse, usable, int(valid.sum() - usable.sum())
