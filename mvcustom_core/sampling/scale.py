"""The factor, and where it is unknown the offset, between the inverse depth of an estimate and the world's: 1/z = inverse / scale + offset.

The world has the subject at its origin and the farthest training camera at distance 1. How the paper aligns the scale (its appendix
B.2) is not public; three estimators stand here in its place, the first that can be trusted is taken:
1. FeatureNeRF's expected depth inside the subject, 2. the origin's known z-depth against the subject mask, 3. against what is near in the
middle of the picture. The last two see the subject's front only and take it to be as deep as it is wide.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..geometry.cameras import Cameras
from ..geometry.depth import RenderedDepth
from ..geometry.rays import cell_centers
from .estimate import DepthMeaning

log = logging.getLogger("mvcustom.sampling.scale")

NEAREST = 0.05  # world units
GRID = 64  # cells per side on which FeatureNeRF and the estimate are compared
MIN_POINTS = 64
MAX_SPREAD = 0.25  # median absolute deviation over median of the depth ratio; also the error of a background that is extrapolated
MIN_RELIEF = 0.02  # relative spread of inverse depth below which its offset cannot be told
HUBER = 1.345  # standard deviations; 95 % efficient on Gaussian noise
REVERSED = -0.5  # correlation at which near and far are plainly exchanged
PATCH = 9  # neighbouring cells whose errors go together, so that they count as one
SURROUNDED = 1.25  # inverse depth of the surroundings over the subject's from which the subject cannot be what is in front


@dataclass(frozen=True, eq=False)
class InverseDepth:
    """What an estimate says of the anchor view.

    Attributes:
        values: [H, W] float64, inverse z-depth up to scale and offset.
        usable: [H, W] bool.
        meaning: the offset is zero for "metric" and "scaled depth".
        camera: the anchor's, one.
        subject: [H, W] bool.
    """

    values: Tensor  # [H, W]
    usable: Tensor  # [H, W]
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


def fit_scale(view: InverseDepth, rendered: RenderedDepth | None) -> Fit:
    """The first of the three estimators that can be trusted.

    Args:
        rendered: FeatureNeRF's view of the anchor.

    Raises:
        ValueError: if none can; the message says what to connect or change.
    """
    fit, doubt = (None, "no concept is connected") if rendered is None else _fit_rendered(view, rendered)
    if fit is not None:
        return fit
    log.info("anchor depth: %s; taking the subject's known distance", doubt)
    if view.meaning == "disparity":
        raise ValueError(
            f"depth: the offset of a disparity cannot be told, as {doubt}; connect a model with a concept, set near and far "
            "(their ratio counts, not their unit), or use a depth node that gives metric depth"
        )
    fit = _fit_origin(view)
    assumed = "; taken to have no offset, as it cannot be told" if view.meaning == "relative depth" else ""
    return replace(fit, evidence=f"{fit.evidence}{assumed}; {doubt}")


def _fit_rendered(view: InverseDepth, rendered: RenderedDepth) -> tuple[Fit | None, str]:
    """Estimator 1, or why it has too little or too contradictory evidence."""
    x, y = _pair_rendered(view, rendered)
    if len(x) < MIN_POINTS:
        return None, f"FeatureNeRF and the estimate share {len(x)} points of the subject only, fewer than {MIN_POINTS}"
    _refuse_reversed(x, y, view.meaning)
    if view.meaning in ("metric", "scaled depth"):
        fit = _judge(x, y, float((x / y).median()), 0.0)
        return fit, "FeatureNeRF and the estimate disagree on the subject's shape"
    if float(x.std() / x.mean()) <= MIN_RELIEF:
        return None, "the subject is too flat here"
    slope, offset, background_error = _fit_affine(x, y, view.values[view.usable])
    if slope <= 0 or not background_error < MAX_SPREAD:
        return None, f"FeatureNeRF leaves the background uncertain ({background_error:.0%})"
    fit = _judge(x, y, 1 / slope, offset)
    if fit is not None:
        fit = replace(fit, evidence=f"{fit.evidence}, background within {background_error:.0%}")
    return fit, "FeatureNeRF and the estimate disagree on the subject's shape"


def _refuse_reversed(x: Tensor, y: Tensor, meaning: DepthMeaning) -> None:
    flat = min(float(x.std() / x.mean()), float(y.std() / y.mean())) <= MIN_RELIEF
    if not flat and float(torch.corrcoef(torch.stack([x, y]))[0, 1]) < REVERSED:
        other = "relative depth" if meaning == "disparity" else "disparity"
        raise ValueError(
            f"depth: near and far are exchanged against the concept's geometry, so this is no {meaning}; set its meaning to {other}"
        )


def _judge(x: Tensor, y: Tensor, scale: float, offset: float) -> Fit | None:
    ratio = (x / scale + offset) / y
    middle = ratio.median()
    spread = float((ratio - middle).abs().median() / middle)
    if scale <= 0 or not 0 <= spread < MAX_SPREAD:
        return None
    inliers = float(((ratio / middle - 1).abs() < MAX_SPREAD).double().mean())
    return Fit(scale, offset, "FeatureNeRF", f"{len(x)} points, {inliers:.0%} inliers, spread {spread:.2g}")


def _pair_rendered(view: InverseDepth, rendered: RenderedDepth) -> tuple[Tensor, Tensor]:
    """Inverse depths of the estimate and of FeatureNeRF where both see the subject, [N] each."""
    like = view.values
    camera = view.camera.to(like.device, like.dtype).resize(*reversed(rendered.distance.shape))
    cells = cell_centers(camera.height, camera.width, device=like.device, dtype=like.dtype)
    slant = (cells - camera.K[0, :2, 2]) / camera.K[0].diagonal()[:2]
    z = rendered.distance.to(like) / (1 + slant.square().sum(dim=-1)).sqrt().reshape_as(rendered.distance)  # ray distance to z-depth
    inside = (rendered.opacity.to(like) > 0.5) & (z > 0)
    size = min(like.shape[0], GRID), min(like.shape[1], GRID)
    known = view.usable if view.subject is None else view.usable & view.subject
    x, z = _pick_median(torch.where(known, like, torch.nan), size), _pick_median(z, size, reach=0)
    inside = (_pick_median(inside.to(like), size, reach=0) > 0.5) & (x > 0)
    x, y = x[inside], z[inside].reciprocal()
    if len(x) < MIN_POINTS:
        return x, y
    low, high = torch.quantile(x, x.new_tensor([0.05, 0.95]))  # outlines and holes gather at the ends
    middle = (x >= low) & (x <= high)
    return x[middle], y[middle]


def _pick_median(image: Tensor, size: tuple[int, int], reach: int = 1) -> Tensor:
    """For each cell of a grid the median about its middle pixel, at least 3 x 3: less noise, and no blend of two surfaces at an outline.

    NaN counts out, and stays where the middle pixel itself is NaN. `reach` 0 takes the middle pixel alone.
    """
    lines = []
    for length, cells in zip(image.shape, size, strict=True):
        wide = reach * max(1, length // (2 * cells))
        offsets = torch.arange(-wide, wide + 1, device=image.device)
        middle = ((torch.arange(cells, device=image.device) + 0.5) * length / cells).long()
        lines.append((middle[:, None] + offsets).clamp(0, length - 1))
    rows, columns = lines
    windows = image[rows[:, None, :, None], columns[None, :, None, :]]  # [h, w, k, k]
    middle = windows[..., windows.shape[2] // 2, windows.shape[3] // 2]
    return torch.where(middle.isnan(), torch.nan, windows.flatten(2).nanmedian(dim=-1).values)


def _fit_affine(x: Tensor, y: Tensor, everywhere: Tensor, iterations: int = 30) -> tuple[float, float, float]:
    """Slope and offset of y = slope x + offset by Huber's iteratively reweighted least squares.

    Returns also the relative standard error of y at the far end of the scene, the 5 % quantile of `everywhere` [M].
    """
    weights = torch.ones_like(x)
    for _ in range(iterations):
        mean_x, mean_y = (weights * x).sum() / weights.sum(), (weights * y).sum() / weights.sum()
        variation = (weights * (x - mean_x).square()).sum()
        slope = (weights * (x - mean_x) * (y - mean_y)).sum() / variation
        residual = (y - mean_y - slope * (x - mean_x)).abs()
        deviation = 1.4826 * residual.median()
        weights = (HUBER * deviation / residual.clamp(min=1e-12)).clamp(max=1.0) if deviation > 0 else (residual == 0).to(x)
    far = everywhere.kthvalue(max(1, round(0.05 * len(everywhere)))).values - mean_x
    error = deviation * (PATCH * (1 / weights.sum() + far.square() / variation)).sqrt()
    floor = 0.1 * mean_y  # what is ten times as far as the subject need not be known any better
    return float(slope), float(mean_y - slope * mean_x), float(error / (mean_y + slope * far).clamp(min=floor))


def _fit_origin(view: InverseDepth) -> Fit:
    """Estimators 2 and 3: the world's origin lies in the middle of what the mask, or the near part of the picture's centre, shows.

    Of a ball at distance T with radius R = T sin(angle), half the visible disc is nearer than T - R / sqrt(2), whatever its scale.
    """
    distance = float(view.camera.w2c[0, 2, 3])  # z-depth of the origin
    if distance <= NEAREST:
        raise ValueError(
            f"anchor: wanted a camera that looks at the subject at the world's origin, got z-depth {distance:.3g}; choose another anchor"
        )
    source, where, around = _find_subject(view, distance)
    values = view.values[where & view.usable]
    middle = float(values.median()) if len(values) else 0.0
    if middle <= 0:
        raise ValueError(
            f"depth: {source} holds no pixel with a depth ({len(values)} valid); connect another subject mask or depth estimate"
        )
    surroundings = view.values[around & view.usable]
    if len(surroundings) and float(surroundings.median()) > SURROUNDED * middle:
        raise ValueError(
            f"depth: what surrounds {source} would be nearer than the subject itself, so near and far are exchanged or this is another "
            "view's depth; change the depth's meaning, the subject mask or the anchor"
        )
    height, width = view.values.shape
    camera = view.camera.resize(width, height)
    outline = float(where.sum()) / math.pi / float(camera.K[0, 0, 0] * camera.K[0, 1, 1])  # tangent squared of the ball's angle
    depth_of_center = 1 / middle / (1 - math.sqrt(outline / (1 + outline) / 2))
    return Fit(distance / depth_of_center, 0.0, source, f"{len(values)} pixels, subject at {distance:.3g} and as deep as wide: about 10 %")


def _find_subject(view: InverseDepth, distance: float) -> tuple[str, Tensor, Tensor]:
    """What to call it, where the subject is seen and what is beside it, [H, W] bool each."""
    height, width = view.values.shape
    if view.subject is not None:
        reach = max(height, width) // 10
        wide = view.subject.float()[None, None]
        for side in ((2 * reach + 1, 1), (1, 2 * reach + 1)):  # a square, one axis after the other
            wide = torch.nn.functional.max_pool2d(wide, side, 1, (side[0] // 2, side[1] // 2))
        return "the subject mask", view.subject, (wide[0, 0] > 0) & ~view.subject
    origin = (view.camera.K[0] @ view.camera.w2c[0, :3, 3] / distance).tolist()
    if not (0.25 <= origin[0] / view.camera.width <= 0.75 and 0.25 <= origin[1] / view.camera.height <= 0.75):
        raise ValueError("anchor: the subject is not in the middle of the picture; connect a subject mask or choose another anchor")
    center, border = torch.zeros_like(view.usable), torch.ones_like(view.usable)
    center[height // 4 : -(height // 4) or None, width // 4 : -(width // 4) or None] = True  # a quarter of the area
    border[height // 8 :, width // 8 : -(width // 8) or None] = False  # not the lower edge: the ground comes nearer there
    values = view.values[center & view.usable]
    if not len(values):
        return "the picture's centre", center, border
    low, high = torch.quantile(values, values.new_tensor([0.05, 0.95]))
    return "the picture's centre", center & (view.values >= (low + high) / 2), border
