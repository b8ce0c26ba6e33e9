"""The factor, and where it is unknown the offset, between the inverse depth of an estimate and the world's: 1/z = inverse / scale + offset.

The world has the subject at its origin and the farthest training camera at distance 1. How the paper aligns the scale (its appendix
B.2) is not public; three estimators stand here in its place, the first that can be trusted is taken:
1. FeatureNeRF's expected depth inside the subject, 2. the origin's known z-depth against the subject's outline, 3. against what is near
in the middle of the picture. The last two see the subject's front only and take it to be as deep as it is wide; an offset they cannot
tell, so it must be known to be none.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional as F

from ..camera.cameras import Cameras, unit_depth_rays
from ..camera.rays import cell_centers
from ..surface.depth import RenderedDepth
from .estimate import DepthMeaning

log = logging.getLogger("mvcustom.anchor.scale")

NEAREST = 0.05  # world units
GRID = 64  # cells on the longer side, on which all is compared
MIN_POINTS = 64
MAX_SPREAD = 0.25  # median absolute deviation over median of the depth ratio
MAX_SHIFT = 0.15  # standard error of the background's inverse depth, which is its parallax, over the subject's
MIN_RELIEF = 0.02  # relative spread of inverse depth below which its offset cannot be told
HUBER = 1.345  # standard deviations; 95 % efficient on Gaussian noise
REVERSED = -0.5  # correlation at which near and far are plainly exchanged
PATCH = 4  # neighbouring cells of a rendering whose errors go together, so that they count as one
SURROUNDED = 1.25  # inverse depth of the surroundings over the subject's from which the subject cannot be what is in front
OFFSET_UNKNOWN = ("relative depth", "disparity")


@dataclass(frozen=True, eq=False)
class InverseDepth:
    """What an estimate says of the anchor view.

    Attributes:
        values: [H, W] float64, inverse z-depth up to scale and offset, NaN where unknown.
        meaning: the offset is zero for "metric" and "scaled depth".
        camera: the anchor's, one.
        subject: [H, W] bool.
    """

    values: Tensor  # [H, W]
    meaning: DepthMeaning
    camera: Cameras
    subject: Tensor | None = None  # [H, W]


@dataclass(frozen=True, slots=True)
class Fit:
    """1/z = inverse / scale + offset, where it comes from and how well it fits."""

    scale: float
    offset: float
    source: str
    evidence: str


@dataclass(frozen=True, eq=False)
class _Region:
    """Where the subject is taken to be, and where its surroundings are that must not be nearer than `inside`.

    Attributes:
        accuracy: of a scale found here, the worst of the procedural scenes that the tests look at.
    """

    name: str
    accuracy: str
    subject: Tensor  # [H, W] bool
    inside: Tensor  # [H, W] bool
    around: Tensor  # [H, W] bool


def fit_scale(view: InverseDepth, rendered: RenderedDepth | None) -> Fit:
    """The first of the three estimators that can be trusted.

    Args:
        rendered: FeatureNeRF's view of the anchor.

    Raises:
        ValueError: if none can; the message says what is missing.
    """
    view = _shrink(view)
    outline, doubt = None, "there is no concept"
    if rendered is not None:
        z, inside = _read_rendered(view, rendered)
        outline = inside if inside.any() else None
        fit, doubt = _fit_rendered(view, z, inside, cells=rendered.distance.numel())
        if fit is not None:
            return fit
    log.info("anchor depth: %s; taking the subject's known distance", doubt)
    if view.meaning in OFFSET_UNKNOWN:
        raise ValueError(f"depth: the offset of a {view.meaning} cannot be told, as {doubt}")
    fit = _fit_origin(view, outline)
    return replace(fit, evidence=f"{fit.evidence}; {doubt}")


def _shrink(view: InverseDepth) -> InverseDepth:
    """The view on a grid of at most GRID cells, by medians: less noise, and no blend of two surfaces at an outline."""
    height, width = view.values.shape
    scale = min(GRID / max(height, width), 1.0)
    size = max(round(height * scale), 1), max(round(width * scale), 1)
    subject = None if view.subject is None else _pick(view.subject, size)
    return replace(view, values=_pick_median(view.values, size), camera=view.camera.resize(size[1], size[0]), subject=subject)


def _pick_median(image: Tensor, size: tuple[int, int]) -> Tensor:
    """For each cell of a grid the median about its middle pixel, at least 3 x 3; NaN counts out, and stays where it is in the middle."""
    lines = []
    for length, cells in zip(image.shape, size, strict=True):
        reach = max(1, length // (2 * cells))
        offsets = torch.arange(-reach, reach + 1, device=image.device)
        middle = ((torch.arange(cells, device=image.device) + 0.5) * length / cells).long()
        lines.append((middle[:, None] + offsets).clamp(0, length - 1))
    rows, columns = lines
    windows = image[rows[:, None, :, None], columns[None, :, None, :]]  # [h, w, k, k]
    middle = windows[..., windows.shape[2] // 2, windows.shape[3] // 2]
    return torch.where(middle.isnan(), torch.nan, windows.flatten(2).nanmedian(dim=-1).values)


def _pick(image: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(image.double()[None, None], size=size, mode="nearest-exact")[0, 0].to(image.dtype)


def _read_rendered(view: InverseDepth, rendered: RenderedDepth) -> tuple[Tensor, Tensor]:
    """FeatureNeRF's z-depth on the view's grid, and where it sees the subject, [h, w] each."""
    camera = view.camera.to(view.values.device, view.values.dtype).resize(*reversed(rendered.distance.shape))
    cells = cell_centers(camera.height, camera.width, device=view.values.device, dtype=view.values.dtype)
    slant = unit_depth_rays(camera.K[0], cells).norm(dim=-1)  # ray distance of z-depth 1
    z = rendered.distance.to(view.values) / slant.reshape_as(rendered.distance)
    inside = (rendered.opacity.to(view.values) > 0.5) & (z > 0)
    size = view.values.shape[0], view.values.shape[1]
    return _pick(z, size), _pick(inside, size)


def _fit_rendered(view: InverseDepth, z: Tensor, inside: Tensor, cells: int) -> tuple[Fit | None, str]:
    """Estimator 1, or why it has too little or too contradictory evidence; `cells` is how many the rendering had."""
    has_offset = view.meaning in OFFSET_UNKNOWN
    known = inside & (view.values > (-math.inf if has_offset else 0.0)) & (True if view.subject is None else view.subject)
    if int(known.sum()) < MIN_POINTS:
        return None, f"FeatureNeRF and the estimate share {int(known.sum())} points of the subject only, fewer than {MIN_POINTS}"
    x, y = view.values[known], z[known].reciprocal()
    low, high = torch.quantile(x, x.new_tensor([0.05, 0.95]))  # outlines and holes gather at the ends
    middle = (x >= low) & (x <= high)
    x, y = x[middle], y[middle]
    if not has_offset:  # whether it is reversed, what surrounds the subject tells better than the subject's own little relief
        _refuse_buried(view, _outline_region("the concept", inside))
        return _judge(x, y, float((x / y).median()), 0.0), "FeatureNeRF and the estimate disagree on the subject's shape"
    if float(y.std() / y.mean()) <= MIN_RELIEF or not x.std() > 0:
        return None, "the subject is too flat here"
    _refuse_reversed(x, y, view.meaning)
    slope, offset, shift = _fit_affine(x, y, view.values[view.values.isfinite()], PATCH * max(1.0, z.numel() / cells))
    if slope <= 0 or not shift < MAX_SHIFT:
        return None, f"FeatureNeRF leaves the background uncertain by {shift:.0%} of the subject's parallax"
    _refuse_buried(replace(view, values=slope * view.values + offset), _outline_region("the concept", inside))
    fit = _judge(x, y, 1 / slope, offset)
    if fit is not None:
        fit = replace(fit, evidence=f"{fit.evidence}, background within {shift:.0%} of the subject's parallax")
    return fit, "FeatureNeRF and the estimate disagree on the subject's shape"


def _refuse_reversed(x: Tensor, y: Tensor, meaning: DepthMeaning) -> None:
    if x.std() > 1e-6 * x.abs().mean() and float(torch.corrcoef(torch.stack([x, y]))[0, 1]) < REVERSED:
        other = "relative depth" if meaning == "disparity" else "disparity"
        raise ValueError(
            f"depth: near and far are exchanged against the concept's geometry, so this is no {meaning}; set its meaning to {other}, "
            "or use another source"
        )


def _refuse_buried(view: InverseDepth, region: _Region) -> None:
    around, inside = (view.values[part & view.values.isfinite()] for part in (region.around, region.inside))
    if len(around) and len(inside) and float(around.median()) > SURROUNDED * float(inside.median()):
        raise ValueError(
            f"depth: what surrounds {region.name} would be nearer than it, so near and far are exchanged, or this is another view's depth; "
            "change the depth's meaning, the subject mask or the anchor"
        )


def _judge(x: Tensor, y: Tensor, scale: float, offset: float) -> Fit | None:
    ratio = (x / scale + offset) / y
    middle = ratio.median()
    spread = float((ratio - middle).abs().median() / middle)
    if scale <= 0 or not 0 <= spread < MAX_SPREAD:
        return None
    inliers = float(((ratio / middle - 1).abs() < MAX_SPREAD).double().mean())
    return Fit(scale, offset, "FeatureNeRF", f"{len(x)} points, {inliers:.0%} inliers, spread {spread:.2g}")


def _fit_affine(x: Tensor, y: Tensor, everywhere: Tensor, patch: float, iterations: int = 30) -> tuple[float, float, float]:
    """Slope and offset of y = slope x + offset by Huber's iteratively reweighted least squares.

    Args:
        x, y: [N] pairs, of which `patch` neighbours count as one.
        everywhere: [M] x of the whole scene.

    Returns:
        Slope, offset, and the standard error of y at the far end of the scene, its 5 % quantile, over the mean of y.
    """
    weights = torch.ones_like(x)
    for _ in range(iterations):
        mean_x, mean_y = (weights * x).sum() / weights.sum(), (weights * y).sum() / weights.sum()
        variation = (weights * (x - mean_x).square()).sum()
        slope = (weights * (x - mean_x) * (y - mean_y)).sum() / variation
        residual = (y - mean_y - slope * (x - mean_x)).abs()
        deviation = 1.4826 * residual.median()
        weights = (HUBER * deviation / residual.clamp(min=1e-12)).clamp(max=1.0) if deviation > 0 else (residual == 0).to(x)
    away = everywhere.kthvalue(max(1, round(0.05 * len(everywhere)))).values - mean_x
    error = deviation * (patch * (1 / len(x) + away.square() / variation)).sqrt()
    return float(slope), float(mean_y - slope * mean_x), float(error / mean_y)


def _fit_origin(view: InverseDepth, outline: Tensor | None) -> Fit:
    """Estimators 2 and 3: the world's origin lies in the middle of what the subject's outline, or the picture's centre, shows.

    Of a ball at distance T with radius R = T sin(angle), half the visible disc is nearer than T - R / sqrt(2), whatever its scale.
    """
    distance = float(view.camera.w2c[0, 2, 3])  # z-depth of the origin
    if distance <= NEAREST:
        raise ValueError(
            f"anchor: wanted a camera that looks at the subject at the world's origin, got z-depth {distance:.3g}; choose another anchor"
        )
    region = _find_region(view, outline, distance)
    values = view.values[region.subject & view.values.isfinite()]
    middle = float(values.median()) if len(values) else 0.0
    if middle <= 0:
        raise ValueError(
            f"depth: {region.name} holds no pixel with a depth ({len(values)} valid); give another subject mask or depth estimate"
        )
    _refuse_buried(view, region)
    tangent = float(region.subject.sum()) / math.pi / float(view.camera.K[0, 0, 0] * view.camera.K[0, 1, 1])  # squared, of the ball's angle
    depth_of_center = 1 / middle / (1 - math.sqrt(tangent / (1 + tangent) / 2))
    evidence = f"{len(values)} points, subject at {distance:.3g} and as deep as wide: within {region.accuracy}"
    return Fit(distance / depth_of_center, 0.0, region.name, evidence)


def _find_region(view: InverseDepth, outline: Tensor | None, distance: float) -> _Region:
    if view.subject is not None:
        return _outline_region("the subject mask", view.subject)
    if outline is not None:
        return _outline_region("the concept's outline", outline)
    height, width = view.values.shape
    origin = (view.camera.K[0] @ view.camera.w2c[0, :3, 3] / distance).tolist()
    if not (0.25 <= origin[0] / width <= 0.75 and 0.25 <= origin[1] / height <= 0.75):
        raise ValueError("anchor: the subject is not in the middle of the picture, and there is no mask of it")
    center = torch.zeros_like(view.values, dtype=torch.bool)
    center[height // 4 : -(height // 4) or None, width // 4 : -(width // 4) or None] = True  # a quarter of the area
    border = torch.ones_like(center)
    border[height // 8 :, width // 8 : -(width // 8) or None] = False  # not the lower edge: the ground comes nearer there
    values = view.values[center & view.values.isfinite()]
    near = float(torch.quantile(values, values.new_tensor([0.05, 0.95])).mean()) if len(values) else 0.0
    return _Region("the picture's centre", "30 %", center & (view.values >= near), center, border)


def _outline_region(name: str, subject: Tensor) -> _Region:
    reach = max(1, max(subject.shape) // 10)
    wide = F.max_pool2d(subject.double()[None, None], 2 * reach + 1, 1, reach)[0, 0] > 0
    return _Region(name, "15 %", subject, subject, wide & ~subject)
