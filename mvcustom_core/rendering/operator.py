"""From the anchors' features to what every view sees of them, as one sparse matrix.

Upsampling features to the depth map, rasterising its mesh, supersampling and averaging are all linear in the features, and the
geometry depends on neither layer nor timestep. So the chain is built once per resolution and applied as a weighted gather.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial

import torch
from einops import rearrange, reduce
from torch import Tensor

from ..camera.cameras import Cameras
from ..shapes import check_shape
from ..surface.depth import AnchorDepth, DepthMap
from ..surface.mesh import DepthMesh, build_depth_mesh
from ..surface.raster import RasterHits, RasterSettings, rasterize_mesh
from .bilinear import COVERAGE, compress_taps, count_as_seen, sample_cell_depth, sample_confidence, weigh_cells
from .blend import TargetRows, blend_anchors


@dataclass(frozen=True, slots=True)
class OperatorSettings:
    """How the anchor's surface becomes weights; the values are this project's own choices.

    Attributes:
        raster: settings of the mesh and the rasteriser.
        supersample: samples per target cell and axis; None takes half the depth map's resolution, between 2 and 16.
        depth_tolerance: relative depth difference at which a feature cell's weight falls to 1/e, so that features of an object do not
            bleed over its outline; 0 leaves plain bilinear weights.
        max_stretch: surface stretched up to this many times counts fully, twice as much not at all.
        coverage: share of a cell that must be seen for the mask to leave 0, and to reach 1.
        min_weight: smaller weights are dropped and the rest of the row renormalised.
    """

    raster: RasterSettings = field(default_factory=RasterSettings)
    supersample: int | None = None
    depth_tolerance: float = 0.03
    max_stretch: float = 3.0
    coverage: tuple[float, float] = COVERAGE
    min_weight: float = 1e-3

    def __post_init__(self) -> None:
        if self.supersample is not None and self.supersample < 1:
            raise ValueError(f"operator settings: wanted at least 1 sample per cell and axis, got {self.supersample}")
        if self.depth_tolerance < 0 or self.max_stretch <= 0 or not 0 <= self.min_weight < 0.05:
            raise ValueError(f"operator settings: wanted depth_tolerance >= 0, max_stretch > 0, 0 <= min_weight < 0.05, got {self}")
        if not 0 <= self.coverage[0] < self.coverage[1] <= 1:
            raise ValueError(f"operator settings: wanted coverage bounds 0 <= low < high <= 1, got {self.coverage}")


@dataclass(frozen=True, eq=False)
class RenderOperator:
    """The sparse map from the grids of A anchor views to those of all V views.

    Attributes:
        anchors: A view numbers.
        indices: [V, (h w), T] int32 cells of all anchors (A h w) that a target cell gathers, heaviest first, padded with its first one.
        weights: [V, (h w), T] float32, each row sums to 1, or to 0 where nothing is seen.
        mask: [V, 1, h, w] float32 in [0, 1], how far a cell is seen from the anchors; 1 on the anchors' own views.
    """

    anchors: tuple[int, ...]
    indices: Tensor  # [V, (h w), T]
    weights: Tensor  # [V, (h w), T]
    mask: Tensor  # [V, 1, h, w]

    def to(self, device: torch.device | str) -> RenderOperator:
        return replace(self, indices=self.indices.to(device), weights=self.weights.to(device), mask=self.mask.to(device))

    def apply(self, features: Tensor) -> Tensor:
        """Render anchor features [A, C, h, w] into [V, C, h, w], or [B, A, C, h, w] into [B, V, C, h, w], in their dtype.

        Differentiable in the features. The sum over taps runs in a fixed order, and the backward pass of a summing `embedding_bag`
        sorts by index instead of adding atomically, so both are deterministic.

        Raises:
            ValueError: if the features are not on the anchors' grids.
        """
        (height, width), count = self.mask.shape[-2:], len(self.anchors)
        if features.ndim not in (4, 5) or features.shape[-4] != count or tuple(features.shape[-2:]) != (height, width):
            raise ValueError(
                f"features: wanted [{count}, C, {height}, {width}] or [B, {count}, C, {height}, {width}], got {list(features.shape)}; "
                "build an operator of that size for these anchors"
            )
        batch = features if features.ndim == 5 else features[None]
        table = rearrange(batch, "B A C h w -> (A h w) (B C)").contiguous()
        cells, starts, by_dtype = self._bags
        if features.dtype not in by_dtype:
            by_dtype[features.dtype] = self._cast_weights(features.dtype)
        rows = torch.nn.functional.embedding_bag(cells, table, starts, mode="sum", per_sample_weights=by_dtype[features.dtype])
        rendered = rearrange(rows, "(V h w) (B C) -> B V C h w", B=len(batch), h=height, w=width)
        return rendered if features.ndim == 5 else rendered[0]

    @cached_property
    def _bags(self) -> tuple[Tensor, Tensor, dict[torch.dtype, Tensor]]:
        """The rows without padding: cells [N], where each row starts [(V h w)], and the weights [N] in each dtype asked for."""
        used = self.weights.flatten(0, 1) > 0  # [(V h w), T]
        lengths = used.sum(dim=1)
        return self.indices.flatten(0, 1)[used], (lengths.cumsum(0) - lengths).int(), {}

    def _cast_weights(self, dtype: torch.dtype) -> Tensor:
        """The weights [N] in the features' dtype; what rounding took from a row's sum goes to its heaviest weight, so no row fades."""
        weights = self.weights.flatten(0, 1)  # [(V h w), T]
        rounded = weights.to(dtype)
        lost = weights.sum(dim=1) - rounded.to(weights.dtype).sum(dim=1)
        heaviest = (rounded[:, 0].to(weights.dtype) + lost).to(dtype)
        return torch.cat([heaviest[:, None], rounded[:, 1:]], dim=1)[weights > 0]

    @property
    def nearest(self) -> Tensor:
        """The heaviest cell (A h w) that each target cell gathers, [V, h, w]; of meaning where the mask is above 0."""
        return self.indices[..., 0].unflatten(1, self.mask.shape[-2:])


def build_render_operator(
    anchors: Sequence[AnchorDepth], cameras: Cameras, size: tuple[int, int], settings: OperatorSettings = OperatorSettings()
) -> RenderOperator:
    """The operator on a grid of `size` (h, w) cells, see `build_render_operators`."""
    return build_render_operators(anchors, cameras, [size], settings)[size]


def build_render_operators(
    anchors: Sequence[AnchorDepth], cameras: Cameras, sizes: Iterable[tuple[int, int]], settings: OperatorSettings = OperatorSettings()
) -> dict[tuple[int, int], RenderOperator]:
    """Build one operator for each grid size (h, w), on the depth maps' device, which must know float64.

    An anchor's own view gets the identity and a mask of 1, and so does any other view from the very same camera.

    Args:
        anchors: the depth of A views, all on one device.
        cameras: all V views, the anchors' among them.

    Raises:
        ValueError: if an anchor is no view or is named twice, or a size is not positive.
    """
    sizes = list(dict.fromkeys(sizes))
    _check_anchors(anchors, cameras, sizes)
    meshes = [_build_mesh(anchor, cameras, settings.raster) for anchor in anchors]
    views: dict[tuple[int, int], list[TargetRows]] = {size: [] for size in sizes}
    for target in range(len(cameras)):
        for size, rows in _render_target(anchors, meshes, cameras, target, sizes, settings).items():
            views[size].append(rows)
    return {size: _stack_views(tuple(anchor.view for anchor in anchors), rows) for size, rows in views.items()}


def warp_images(
    images: Tensor, anchors: Sequence[AnchorDepth], cameras: Cameras, settings: OperatorSettings = OperatorSettings()
) -> tuple[Tensor, Tensor]:
    """The anchors' pictures [A, C, H, W] as all views see them [V, C, H, W], and the mask [V, 1, H, W] of what they see.

    One bilinear sample per pixel: pictures are as fine as the depth map, so the supersampling of coarse features has no use here.
    """
    sizes = check_shape(images, f"{len(anchors)} C H W")
    plain = replace(settings, supersample=1, depth_tolerance=0.0)
    operator = build_render_operator(anchors, cameras, (sizes["H"], sizes["W"]), plain).to(images.device)
    return operator.apply(images), operator.mask


def _check_anchors(anchors: Sequence[AnchorDepth], cameras: Cameras, sizes: list[tuple[int, int]]) -> None:
    named = [anchor.view for anchor in anchors]
    if not named or len(set(named)) < len(named):
        raise ValueError(f"anchors: wanted one depth or several, each of another view, got those of views {named}")
    if max(named) >= len(cameras):
        raise ValueError(f"anchor: wanted a view from 0 to {len(cameras) - 1}, got {max(named)}; choose one of the trajectory's views")
    for height, width in sizes:
        if height < 1 or width < 1:
            raise ValueError(f"operator: wanted a positive grid size, got {width}x{height}")


def _build_mesh(anchor: AnchorDepth, cameras: Cameras, settings: RasterSettings) -> DepthMesh:
    return build_depth_mesh(anchor.depth, cameras[anchor.view], max_angle_deg=settings.max_angle_deg, block_cuts=settings.block_cuts)


def _is_same_camera(one: Cameras, other: Cameras) -> bool:
    return bool(((one.w2c - other.w2c).abs() < 1e-6).all() and ((one.K - other.K).abs() < 1e-4).all())


def _render_target(
    anchors: Sequence[AnchorDepth],
    meshes: Sequence[DepthMesh],
    cameras: Cameras,
    target: int,
    sizes: list[tuple[int, int]],
    settings: OperatorSettings,
) -> dict[tuple[int, int], TargetRows]:
    """The rows of one view on every grid; sizes that are sampled on the same raster share it."""
    same = [number for number, anchor in enumerate(anchors) if _is_same_camera(cameras[anchor.view], cameras[target])]
    own = [number for number in same if anchors[number].view == target]
    if same:
        return {size: _identity(size, (own or same)[0], meshes[0].points.device) for size in sizes}
    parts: dict[tuple[int, int], list[TargetRows]] = {size: [] for size in sizes}
    for number, (anchor, mesh) in enumerate(zip(anchors, meshes, strict=True)):
        hits: dict[tuple[int, int], RasterHits] = {}
        for size in sizes:
            samples = settings.supersample or min(max(math.ceil(mesh.width / size[1] / 2), 2), 16)
            raster = samples * size[0], samples * size[1]
            if raster not in hits:
                hits[raster] = rasterize_mesh(mesh, cameras[target], *raster, settings.raster)
            rows = _reduce_hits(hits[raster], anchor.depth, size, samples, settings)
            parts[size].append(replace(rows, indices=rows.indices + number * size[0] * size[1]))
    return {size: blend_anchors(rows) for size, rows in parts.items()}


def _identity(size: tuple[int, int], anchor: int, device: torch.device) -> TargetRows:
    cells = torch.arange(size[0] * size[1], device=device)[:, None]
    whole = torch.ones(size, dtype=torch.float64, device=device)
    return TargetRows(cells + anchor * len(cells), torch.ones_like(cells, dtype=torch.float64), whole, whole)


def _reduce_hits(hits: RasterHits, depth_map: DepthMap, size: tuple[int, int], samples: int, settings: OperatorSettings) -> TargetRows:
    """Merge the samples of each target cell of one view."""
    seen = hits.visible[0] * (2 - hits.stretch[0] / settings.max_stretch).clamp(0, 1)  # [(h s), (w s)]
    seen = seen * sample_confidence(depth_map, hits.anchor_xy[0])
    scale = [cells / pixels for cells, pixels in zip(reversed(size), reversed(depth_map.depth.shape), strict=True)]
    points = hits.anchor_xy[0] * seen.new_tensor(scale)  # (x, y) in cells
    cell_depth = sample_cell_depth(depth_map, size)
    cells, weights = weigh_cells(points, hits.anchor_depth[0], cell_depth, settings.depth_tolerance)  # [(h s), (w s), 4]
    by_target = "(h s) (w t) k -> (h w) (s t k)"
    indices, weights = compress_taps(
        rearrange(cells, by_target, s=samples, t=samples),
        rearrange(weights * seen[..., None], by_target, s=samples, t=samples),
        settings.min_weight,
    )
    average = partial(reduce, pattern="(h s) (w t) -> h w", reduction="mean", s=samples, t=samples)
    score = average(seen / hits.stretch[0].clamp(min=1))
    return TargetRows(indices, weights, count_as_seen(average(seen), settings.coverage), score)


def _stack_views(anchors: tuple[int, ...], views: list[TargetRows]) -> RenderOperator:
    taps = max(rows.indices.shape[1] for rows in views)
    return RenderOperator(
        anchors=anchors,
        indices=torch.stack([torch.cat([r.indices, r.indices[:, :1].expand(-1, taps - r.indices.shape[1])], dim=1) for r in views]).int(),
        weights=torch.stack([torch.nn.functional.pad(r.weights, (0, taps - r.weights.shape[1])) for r in views]).float(),
        mask=torch.stack([rows.mask for rows in views])[:, None].float(),
    )
