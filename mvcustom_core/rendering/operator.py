"""From the anchors' features to what every view sees of them, as one sparse matrix.

Upsampling features to the depth map, rasterising its mesh, supersampling and averaging are all linear in the features, and the
geometry depends on neither layer nor timestep. So the chain is built once per resolution and applied as a weighted gather.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch
from einops import rearrange, reduce
from torch import Tensor

from ..camera.cameras import Cameras
from ..progress import Progress, ignore_progress, span_progress
from ..shapes import check_shape
from ..surface.depth import AnchorDepth, DepthMap
from ..surface.gather import SparseGather
from ..surface.raster import RasterHits
from ..surface.surface import Surface, build_surfaces
from .bilinear import COVERAGE, compress_taps, coverage_to_mask, sample_cell_depth, sample_confidence, weigh_cells
from .blend import TargetRows, blend_anchors


@dataclass(frozen=True, slots=True)
class OperatorSettings:
    """How the anchor's surface becomes weights; the values are this project's own choices.

    Attributes:
        supersample: samples per target cell and axis; None takes half the depth map's resolution, between 2 and 16.
        depth_tolerance: relative depth difference at which a feature cell's weight falls to 1/e, so that features of an object do not
            bleed over its outline; 0 leaves plain bilinear weights.
        max_stretch: surface stretched up to this many times counts fully, twice as much not at all.
        coverage: share of a cell that must be seen for the mask to leave 0, and to reach 1.
        min_weight: smaller weights are dropped and the rest of the row renormalised.
    """

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
class RenderOperator(SparseGather):
    """The sparse map from the grids of A anchor views to those of all V views.

    Attributes:
        cells: [V, (h w), T] int32 cells of all anchors (A h w) that a target cell gathers, heaviest first, padded with its first one.
        weights: [V, (h w), T] float32, each row sums to 1, or to 0 where nothing is seen.
        known: [V, (h w)] bool, whether anything is seen.
        anchors: A view numbers.
        mask: [V, 1, h, w] float32 in [0, 1], how far a cell is seen from the anchors; 1 on the anchors' own views.
    """

    anchors: tuple[int, ...]
    mask: Tensor  # [V, 1, h, w]

    def apply(self, features: Tensor) -> Tensor:
        """Render anchor features [A, C, h, w] into [V, C, h, w], or [B, A, C, h, w] into [B, V, C, h, w], in their dtype.

        Raises:
            ValueError: if the features are not on the anchors' grids.
        """
        (height, width), count = self.mask.shape[-2:], len(self.anchors)
        if features.ndim not in (4, 5) or features.shape[-4] != count or tuple(features.shape[-2:]) != (height, width):
            raise ValueError(
                f"features: wanted [{count}, C, {height}, {width}] or [B, {count}, C, {height}, {width}], got {list(features.shape)}; "
                "build an operator of that size for these anchors"
            )
        if features.ndim == 4:
            return self.render([anchor[None] for anchor in features])[0]
        return self.render(features.unbind(dim=1))

    def render(self, sources: Sequence[Tensor]) -> Tensor:
        """`apply` on the features of each anchor apart, [B, C, h, w] each, which are copied once, into the table of the gather.

        Returns:
            [B, V, C, h, w] in their dtype.
        """
        batch, _, height, width = sources[0].shape
        table = torch.stack([rearrange(source, "B C h w -> h w B C") for source in sources]).flatten(3).flatten(0, 2)  # [(A h w), (B C)]
        return rearrange(self.gather(table), "(V h w) (B C) -> B V C h w", B=batch, h=height, w=width)

    @property
    def nearest(self) -> Tensor:
        """The heaviest cell (A h w) that each target cell gathers, [V, h, w]; of meaning where the mask is above 0."""
        return self.cells[..., 0].unflatten(1, self.mask.shape[-2:])


def build_render_operator(
    anchors: Sequence[AnchorDepth], cameras: Cameras, size: tuple[int, int], settings: OperatorSettings = OperatorSettings()
) -> RenderOperator:
    """The operator on a grid of `size` (h, w) cells, see `build_render_operators`."""
    return build_render_operators(build_surfaces(anchors, cameras), [size], settings)[size]


def build_render_operators(
    surfaces: Sequence[Surface],
    sizes: Iterable[tuple[int, int]],
    settings: OperatorSettings = OperatorSettings(),
    progress: Progress = ignore_progress,
) -> dict[tuple[int, int], RenderOperator]:
    """Build one operator for each grid size (h, w), on the surfaces' device.

    An anchor's own view gets the identity and a mask of 1, and so does any other view from the very same camera.

    Args:
        surfaces: of A anchors among the same V views.
        progress: is called for each view and anchor.

    Raises:
        ValueError: if two surfaces are of one view, or a size is not positive.
    """
    sizes, named = list(dict.fromkeys(sizes)), _name_anchors(surfaces)
    for height, width in sizes:
        if height < 1 or width < 1:
            raise ValueError(f"operator: wanted a positive grid size, got {width}x{height}")
    views: dict[tuple[int, int], list[TargetRows]] = {size: [] for size in sizes}
    count = len(surfaces[0].cameras)
    for target in range(count):
        part = span_progress(progress, target / count, (target + 1) / count)
        for size, rows in _render_target(surfaces, target, sizes, settings, part).items():
            views[size].append(rows)
    return {size: _stack_views(named, rows) for size, rows in views.items()}


def warp_images(
    images: Tensor, surfaces: Sequence[Surface], settings: OperatorSettings = OperatorSettings(), progress: Progress = ignore_progress
) -> tuple[Tensor, Tensor]:
    """The pictures [A, C, H, W] of A surfaces' anchors as all views see them [V, C, H, W], and the mask [V, 1, H, W] of what they see.

    One bilinear sample per pixel: pictures are as fine as the depth map, so the supersampling of coarse features has no use here. It is
    the last to look at the surfaces: what they found for a view is released once that view is done.
    """
    sizes = check_shape(images, f"{len(surfaces)} C H W")
    size, plain = (sizes["H"], sizes["W"]), replace(settings, supersample=1, depth_tolerance=0.0)
    named, cameras = _name_anchors(surfaces), surfaces[0].cameras
    sources, warped, masks = images.to(cameras.K.device), [], []
    for target in range(len(cameras)):  # one after the other: the taps of all views in full resolution are many
        part = span_progress(progress, target / len(cameras), (target + 1) / len(cameras))
        operator = _stack_views(named, [_render_target(surfaces, target, [size], plain, part)[size]])
        warped.append(operator.apply(sources)[0].to(images.device))
        masks.append(operator.mask[0].to(images.device))
        for surface in surfaces:
            surface.release(target)
    return torch.stack(warped), torch.stack(masks)


def _name_anchors(surfaces: Sequence[Surface]) -> tuple[int, ...]:
    """The surfaces' views, which must differ."""
    named = tuple(surface.anchor.view for surface in surfaces)
    if len(set(named)) < len(named):
        raise ValueError(f"anchors: wanted one depth or several, each of another view, got those of views {list(named)}")
    return named


def _is_same_camera(one: Cameras, other: Cameras) -> bool:
    return bool(((one.w2c - other.w2c).abs() < 1e-6).all() and ((one.K - other.K).abs() < 1e-4).all())


def _render_target(
    surfaces: Sequence[Surface], target: int, sizes: list[tuple[int, int]], settings: OperatorSettings, progress: Progress
) -> dict[tuple[int, int], TargetRows]:
    """The rows of one view on every grid; sizes that are sampled on the same raster share it."""
    cameras = surfaces[0].cameras
    same = [number for number, surface in enumerate(surfaces) if _is_same_camera(cameras[surface.anchor.view], cameras[target])]
    own = [number for number in same if surfaces[number].anchor.view == target]
    if same:
        return {size: _identity(size, (own or same)[0], cameras.K.device) for size in sizes}
    parts: dict[tuple[int, int], list[TargetRows]] = {size: [] for size in sizes}
    for number, surface in enumerate(surfaces):
        progress(number / len(surfaces))
        hits: dict[tuple[int, int], RasterHits] = {}
        for size in sizes:
            samples = settings.supersample or surface.samples_per_cell(size)
            raster = samples * size[0], samples * size[1]
            if raster not in hits:
                hits[raster] = surface.look(target, raster)
            rows = _reduce_hits(hits[raster], surface.anchor.depth, size, samples, settings)
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
    return TargetRows(indices, weights, coverage_to_mask(average(seen), settings.coverage), score)


def _stack_views(anchors: tuple[int, ...], views: list[TargetRows]) -> RenderOperator:
    taps = max(rows.indices.shape[1] for rows in views)
    weights = torch.stack([torch.nn.functional.pad(r.weights, (0, taps - r.weights.shape[1])) for r in views]).float()
    return RenderOperator(
        cells=torch.stack([torch.cat([r.indices, r.indices[:, :1].expand(-1, taps - r.indices.shape[1])], dim=1) for r in views]).int(),
        weights=weights,
        known=weights[..., 0] > 0,
        anchors=anchors,
        mask=torch.stack([rows.mask for rows in views])[:, None].float(),
    )
