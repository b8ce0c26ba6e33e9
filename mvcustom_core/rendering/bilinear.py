"""The rows of the render operator: which anchor cells a sample reads, how the samples of a target cell merge, and what counts as seen."""

from __future__ import annotations

import torch
from torch import Tensor

from ..camera.rays import surround_points
from ..surface.depth import DepthMap

COVERAGE = 0.3, 0.7  # share of a cell that must be seen for it to count at all, and to count fully
DISAGREEING = 1e-4  # share of its bilinear weight that a cell of another depth keeps, so that a sample never loses all four


def coverage_to_mask(share: Tensor, coverage: tuple[float, float] = COVERAGE) -> Tensor:
    """How far cells count as seen of which a share in [0, 1] is seen: a smooth step between the bounds of `coverage`."""
    low, high = coverage
    t = ((share - low) / (high - low)).clamp(0, 1)
    return t * t * (3 - 2 * t)


def sample_cell_depth(depth_map: DepthMap, size: tuple[int, int]) -> Tensor:
    """One z-depth per feature cell, its centre pixel's and never a mean across an edge; infinite where invalid, [h, w] float64."""
    depth = torch.where(depth_map.valid, depth_map.depth.double(), torch.inf)
    return torch.nn.functional.interpolate(depth[None, None], size=size, mode="nearest-exact")[0, 0]


def sample_confidence(depth_map: DepthMap, points: Tensor) -> Tensor:
    """The confidence of the pixel under anchor points (x, y) [..., 2] in depth-map pixels; 1 where the map has none, [...]."""
    if depth_map.confidence is None:
        return points.new_ones(points.shape[:-1])
    height, width = depth_map.confidence.shape
    x, y = points.long().unbind(-1)
    return depth_map.confidence.to(points)[y.clamp(0, height - 1), x.clamp(0, width - 1)]


def weigh_cells(points: Tensor, depth: Tensor, cell_depth: Tensor, tolerance: float) -> tuple[Tensor, Tensor]:
    """The four feature cells around each sample and their weights, which sum to 1.

    Bilinear weights, times exp(-|dz| / (tolerance z)) if the tolerance is positive: a joint bilateral filter in depth.

    Args:
        points: [..., 2] anchor points (x, y) in cells.
        depth: [...] z-depth of the samples in the anchor view.
        cell_depth: [h, w].

    Returns:
        cells [..., 4] int64 and weights [..., 4].
    """
    height, width = cell_depth.shape
    columns, rows, weights = surround_points(points, width, height)  # [..., 4]
    cells = rows * width + columns
    if tolerance > 0:
        difference = (cell_depth.flatten()[cells] - depth[..., None]).abs()
        reach = tolerance * depth[..., None].clamp(min=torch.finfo(depth.dtype).tiny)
        weights = weights * ((-difference / reach).exp() + DISAGREEING)
    return cells, weights / weights.sum(dim=-1, keepdim=True)


def compress_taps(cells: Tensor, weights: Tensor, min_weight: float) -> tuple[Tensor, Tensor]:
    """Merge equal cells in each row, normalise, drop small weights, normalise again, and sort the heaviest first.

    Sums run in float64, so their order (atomic on a GPU) does not show in float32 weights.

    Args:
        cells, weights: [R, M] float64; a row whose weights are all zero stays so.

    Returns:
        indices [R, T] int64 and weights [R, T]; shorter rows repeat their first index with weight 0.
    """
    rows, count = len(cells), int(cells.max()) + 1
    row, column = (weights > 0).nonzero(as_tuple=True)
    if len(row) == 0:
        return cells.new_zeros(rows, 1), weights.new_zeros(rows, 1)
    key, owner = (row * count + cells[row, column]).unique(return_inverse=True)
    weight = weights.new_zeros(len(key)).index_add(0, owner, weights[row, column])
    row = key.div(count, rounding_mode="floor")
    for _ in range(2):
        weight = weight / weights.new_zeros(rows).index_add(0, row, weight)[row]
        heavy = weight >= min_weight
        key, row, weight = key[heavy], row[heavy], weight[heavy]
    order = weight.argsort(descending=True, stable=True)
    order = order[row[order].argsort(stable=True)]
    key, row, weight = key[order], row[order], weight[order]
    lengths = torch.bincount(row, minlength=rows)
    rank = torch.arange(len(row), device=row.device) - (lengths.cumsum(0) - lengths)[row]
    taps = int(lengths.max())
    merged = weights.new_zeros(rows, taps)
    merged[row, rank] = weight
    first = cells.new_zeros(rows)
    first[row[rank == 0]] = (key % count)[rank == 0]
    indices = first[:, None].repeat(1, taps)
    indices[row, rank] = key % count
    return indices, merged
