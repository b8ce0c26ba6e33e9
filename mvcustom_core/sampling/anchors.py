"""Bring a depth estimate of the anchor view to the world units of the cameras.

The world has the subject at its origin and the farthest training camera at distance 1. How the paper aligns the scale (its appendix
B.2) is not public; three estimators stand here in its place, the first valid one is taken:
1. FeatureNeRF's expected depth inside the subject, 2. the origin's known z-depth against the subject mask, 3. against the picture's centre.
All work on inverse depth, in which 1/z = inverse / scale + offset: a scale for metric depth, an affine fit for relative predictors.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from ..geometry.cameras import Cameras
from ..geometry.depth import DepthMap, RenderedDepth
from ..geometry.rays import cell_centers
from ..shapes import check_shape

log = logging.getLogger("mvcustom.sampling.anchors")

DepthMeaning = Literal["metric", "relative depth", "disparity"]

NEAREST, FARTHEST = 0.05, 5.0  # world units
FAR_QUANTILE = 0.99  # sky and beyond
GRID = 64  # cells per side on which FeatureNeRF and the estimate are compared
MIN_POINTS = 64
MAX_SPREAD = 0.25  # median absolute deviation over median of the depth ratio
MIN_RELIEF = 0.02  # relative spread of inverse depth below which its offset cannot be told
HUBER = 1.345  # standard deviations; 95 % efficient on Gaussian noise
REVERSED = -0.5  # correlation at which near and far are plainly exchanged


@dataclass(frozen=True, slots=True)
class _Fit:
    """1/z = inverse / scale + offset."""

    scale: float
    offset: float
    source: str
    evidence: str


def align_depth(
    depth: Tensor,
    valid: Tensor,
    meaning: DepthMeaning,
    anchor: Cameras,
    *,
    ray_depth: RenderedDepth | None = None,
    subject_mask: Tensor | None = None,
) -> DepthMap:
    """Align an estimate of the anchor's depth with the world.

    Args:
        depth: [H, W] z-depth in any unit, or disparity (larger is nearer), of the anchor's field of view.
        valid: [H, W] bool. Depths at or below zero are counted out, and said so in the report.
        meaning: "metric" and without `ray_depth` every other one get a scale only.
        anchor: one camera, world unit as in the module's description.
        ray_depth: FeatureNeRF's view of the anchor.
        subject_mask: [H, W] bool or above 0.5 where the subject is.

    Raises:
        ValueError: if no estimator can be trusted; the message says what to connect or change.
    """
    check_shape(depth, "H W", valid, "H W", *(() if subject_mask is None else (subject_mask, "H W")))
    if meaning not in ("metric", "relative depth", "disparity"):
        raise ValueError(f"depth meaning: wanted metric, relative depth or disparity, got {meaning!r}")
    if len(anchor) != 1:
        raise ValueError(f"anchor: wanted exactly one camera for one depth map, got {len(anchor)}; select it first")
    inverse, usable, dropped = _invert(depth, valid, meaning)
    subject = None if subject_mask is None else subject_mask > 0.5
    fit = None if ray_depth is None else _fit_rendered(inverse, usable, meaning, anchor, ray_depth, subject)
    if fit is None:
        fit = _fit_origin(inverse, usable, anchor, subject)
    aligned = (inverse / fit.scale + fit.offset).clamp(1 / FARTHEST, 1 / NEAREST).reciprocal()
    values = aligned[usable]
    far = values.kthvalue(max(1, round(FAR_QUANTILE * len(values)))).values
    report = (
        f"{meaning}: scale {fit.scale:.4g}" + (f", offset {fit.offset:.4g}" if fit.offset else "") + f" from {fit.source} ({fit.evidence})"
    )
    report += f"; {dropped} pixels without depth left out" if dropped else ""
    log.info("anchor depth, %s", report)
    aligned = torch.where(usable, aligned.minimum(far), FARTHEST).to(depth.dtype if depth.is_floating_point() else torch.float32)
    return DepthMap(depth=aligned, valid=usable, source=fit.source, scale=fit.scale, report=report)


def _invert(depth: Tensor, valid: Tensor, meaning: str) -> tuple[Tensor, Tensor, int]:
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


def _fit_rendered(
    inverse: Tensor, usable: Tensor, meaning: str, anchor: Cameras, rendered: RenderedDepth, subject: Tensor | None
) -> _Fit | None:
    """Estimator 1; None where it has too little or too contradictory evidence."""
    x, y = _pair_rendered(inverse, usable, anchor, rendered, subject)
    if len(x) < MIN_POINTS:
        log.info(
            "anchor depth: FeatureNeRF and the estimate share %d points, wanted %d; taking the subject's known distance", len(x), MIN_POINTS
        )
        return None
    relief = float(x.std() / x.mean())
    if relief > MIN_RELIEF and float(y.std() / y.mean()) > MIN_RELIEF and float(torch.corrcoef(torch.stack([x, y]))[0, 1]) < REVERSED:
        other = "relative depth" if meaning == "disparity" else "disparity"
        raise ValueError(
            f"depth: near and far are exchanged against the concept's geometry, so this is no {meaning}; set its meaning to {other}"
        )
    if meaning != "metric" and relief > MIN_RELIEF:
        slope, offset = _fit_affine(x, y)
        in_front = float((inverse[usable] * slope + offset > 0).double().mean())
        if slope > 0 and in_front > 0.5 and (fit := _judge(x, y, 1 / slope, offset)):
            return fit
        log.info("anchor depth: the affine fit is not trustworthy (slope %.3g); trying a scale only", slope)
    fit = _judge(x, y, float((x / y).median()), 0.0)
    if fit is None:
        log.info("anchor depth: FeatureNeRF and the estimate disagree on the subject's shape; taking the subject's known distance")
    return fit


def _judge(x: Tensor, y: Tensor, scale: float, offset: float) -> _Fit | None:
    ratio = (x / scale + offset) / y
    middle = ratio.median()
    spread = float((ratio - middle).abs().median() / middle)
    if scale <= 0 or not 0 <= spread < MAX_SPREAD:
        return None
    inliers = float(((ratio / middle - 1).abs() < MAX_SPREAD).double().mean())
    return _Fit(scale, offset, "FeatureNeRF", f"{len(x)} points, {inliers:.0%} inliers, spread {spread:.2g}")


def _pair_rendered(
    inverse: Tensor, usable: Tensor, anchor: Cameras, rendered: RenderedDepth, subject: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Inverse depths of the estimate and of FeatureNeRF where both see the subject, [N] each."""
    camera = anchor.to(inverse.device, inverse.dtype).resize(*reversed(rendered.distance.shape))
    cells = cell_centers(camera.height, camera.width, device=inverse.device, dtype=inverse.dtype)
    slant = (cells - camera.K[0, :2, 2]) / camera.K[0].diagonal()[:2]
    z = rendered.distance.to(inverse) / (1 + slant.square().sum(dim=-1)).sqrt().reshape_as(rendered.distance)  # ray distance to z-depth
    inside = (rendered.opacity.to(inverse) > 0.5) & (z > 0)
    size = min(inverse.shape[0], GRID), min(inverse.shape[1], GRID)
    x, z = _pick(inverse, size), _pick(z, size)
    inside = _pick(inside, size) & _pick(usable, size) & (_pick(subject, size) if subject is not None else True)
    x, y = x[inside], z[inside].reciprocal()
    positive = x > 0
    x, y = x[positive], y[positive]
    if len(x) < MIN_POINTS:
        return x, y
    low, high = torch.quantile(x, x.new_tensor([0.05, 0.95]))  # outlines and holes gather at the ends
    middle = (x >= low) & (x <= high)
    return x[middle], y[middle]


def _pick(image: Tensor, size: tuple[int, int]) -> Tensor:
    """The nearest pixel for each cell of a grid: blending would spread outliers and mix surfaces at outlines."""
    return torch.nn.functional.interpolate(image.double()[None, None], size=size, mode="nearest-exact")[0, 0].to(image.dtype)


def _fit_affine(x: Tensor, y: Tensor, iterations: int = 30) -> tuple[float, float]:
    """Slope and offset of y = slope x + offset by Huber's iteratively reweighted least squares."""
    weights = torch.ones_like(x)
    for _ in range(iterations):
        mean_x, mean_y = (weights * x).sum() / weights.sum(), (weights * y).sum() / weights.sum()
        slope = (weights * (x - mean_x) * (y - mean_y)).sum() / (weights * (x - mean_x).square()).sum()
        residual = (y - mean_y - slope * (x - mean_x)).abs()
        deviation = 1.4826 * residual.median()
        weights = (HUBER * deviation / residual.clamp(min=1e-12)).clamp(max=1.0) if deviation > 0 else (residual == 0).to(x)
    return float(slope), float(mean_y - slope * mean_x)


def _fit_origin(inverse: Tensor, usable: Tensor, anchor: Cameras, subject: Tensor | None) -> _Fit:
    """Estimators 2 and 3: the world's origin lies in the middle of what the mask, or the centre of the picture, shows."""
    distance = float(anchor.w2c[0, 2, 3])  # z-depth of the origin
    if distance <= NEAREST:
        raise ValueError(
            f"anchor: wanted a camera that looks at the subject at the world's origin, got z-depth {distance:.3g}; choose another anchor"
        )
    height, width = inverse.shape
    if subject is not None:
        source, where = "the subject mask", subject
    else:
        source, where = "the picture's centre", torch.zeros_like(usable)
        where[height // 4 : -(height // 4) or None, width // 4 : -(width // 4) or None] = True  # a quarter of the area
        origin = (anchor.K[0] @ anchor.w2c[0, :3, 3] / distance).tolist()
        if not (0.25 <= origin[0] / anchor.width <= 0.75 and 0.25 <= origin[1] / anchor.height <= 0.75):
            raise ValueError("anchor: the subject is not in the middle of the picture; connect a subject mask or choose another anchor")
    values = inverse[where & usable]
    scale = distance * float(values.median()) if len(values) else 0.0
    if scale <= 0:
        raise ValueError(
            f"depth: {source} holds no pixel with a depth ({len(values)} valid); connect another subject mask or depth estimate"
        )
    return _Fit(scale, 0.0, source, f"{len(values)} pixels, subject at {distance:.3g}")
