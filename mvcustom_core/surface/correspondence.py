"""Where the surface point that one view shows in a cell lies in every other view.

View n looks through the centre of cell p at the anchors' surface; the world point behind it is projected into view m, and counts there
if m's own z-buffer shows the same depth: visible both ways. Where the surface is unknown, hidden or outside of m's picture, p itself
stands in. Points between cells are blended bilinearly, which on scenes with true depth comes closer to what n shows than the nearest cell.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import torch
from einops import rearrange
from torch import Tensor

from ..camera.cameras import Cameras
from ..camera.rays import cell_centers, project_points, surround_points, unproject_depth
from .depth import AnchorDepth
from .raster import rasterize_depth

SAME_DEPTH = 0.03  # relative difference of depth within which two views are taken to show one surface


@dataclass(frozen=True, eq=False)
class Correspondence:
    """For every view n, cell p and view m: where m shows what n shows in p.

    Attributes:
        cells: [V, (h w), V, 4] int32, by n, p and m the four cells around the point, counted through all views' cells (V h w).
        weights: [V, (h w), V, 4] float32, bilinear, sum 1.
        height, width: of the grid.
    """

    cells: Tensor  # [V, (h w), V, 4]
    weights: Tensor  # [V, (h w), V, 4]
    height: int
    width: int

    def to(self, device: torch.device | str) -> Correspondence:
        return replace(self, cells=self.cells.to(device), weights=self.weights.to(device))

    def sample(self, tokens: Tensor, views: slice) -> Tensor:
        """What every view shows at the points of some of the views' cells.

        Args:
            tokens: [(V h w), C] of one clip.
            views: the N views whose cells ask.

        Returns:
            [(N h w), V, C] in the tokens' dtype.
        """
        cells, weights = (taps[views].flatten(0, 2) for taps in (self.cells, self.weights))  # [(N h w V), 4]
        rows = torch.nn.functional.embedding_bag(cells, tokens, mode="sum", per_sample_weights=weights.to(tokens.dtype))
        return rearrange(rows, "(p V) C -> p V C", V=len(self.cells))


@dataclass(frozen=True, eq=False)
class _Surface:
    """One anchor's surface as every view sees it; depth [V, H, W] is infinite where a view does not see its front."""

    cameras: Cameras
    depth: Tensor


def find_correspondences(
    anchors: Sequence[AnchorDepth], cameras: Cameras, sizes: Iterable[tuple[int, int]]
) -> dict[tuple[int, int], Correspondence]:
    """Correspondences of V views on grids of several sizes (h, w), through the surfaces of one or several anchors.

    The surfaces are rasterised once, on the largest grid. Where the first anchor's surface does not tell, the next one's does.
    """
    sizes = list(sizes)
    finest = max(height for height, _ in sizes), max(width for _, width in sizes)
    surfaces = [_see_surface(anchor, cameras, finest) for anchor in anchors]
    return {size: _correspond(surfaces, size) for size in sizes}


def _see_surface(anchor: AnchorDepth, cameras: Cameras, size: tuple[int, int]) -> _Surface:
    hits = rasterize_depth(anchor.depth, cameras[anchor.view], cameras, *size)
    fine = cameras.to(hits.depth.device, torch.float64).resize(size[1], size[0])
    return _Surface(fine, torch.where(hits.visible, hits.depth, torch.inf))


def _correspond(surfaces: Sequence[_Surface], size: tuple[int, int]) -> Correspondence:
    height, width = size
    points, found = _follow(surfaces[0], size)
    for surface in surfaces[1:]:
        others, also = _follow(surface, size)
        points, found = torch.where(found[..., None], points, others), found | also
    views, cells = found.shape[:2]
    itself = cell_centers(height, width, device=points.device, dtype=points.dtype)[None, :, None]  # [1, (h w), 1, 2]
    points = torch.where(found[..., None], points, itself)
    columns, rows, weights = surround_points(points, width, height)
    first = cells * torch.arange(views, device=points.device)[:, None]  # [V, 1] of each view m
    return Correspondence((first + rows * width + columns).int(), weights.float(), height, width)


def _follow(surface: _Surface, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Points [V, (h w), V, 2] in cells of view m, by n, p and m, and whether they are known; a view knows nothing of itself."""
    fine = surface.cameras
    scale = fine.K.new_tensor([fine.width / size[1], fine.height / size[0]])
    centers = cell_centers(*size, device=fine.K.device, dtype=fine.K.dtype) * scale  # [P, 2] in fine pixels
    pixel = centers.floor().long()
    shift = centers - (pixel + 0.5)  # the centre of a coarse cell lies between fine pixels
    place = pixel[:, 1] * fine.width + pixel[:, 0]  # [P]
    depth = surface.depth.flatten(1)[:, place]  # [V, P]
    known = torch.isfinite(depth)
    world = unproject_depth(fine, surface.depth.where(torch.isfinite(surface.depth), 1.0)).flatten(1, 2)[:, place]  # [V, P, 3]
    points, z = project_points(fine, world.flatten(0, 1))  # [V, (V P), 2], [V, (V P)]
    points, z = rearrange(points, "m (n p) c -> n p m c", n=len(fine)), rearrange(z, "m (n p) -> n p m", n=len(fine))
    other = ~torch.eye(len(fine), dtype=torch.bool, device=depth.device)[:, None]  # [V, 1, V]
    return (points + shift[:, None]) / scale, known[..., None] & other & _is_seen(surface, points, z)


def _is_seen(surface: _Surface, points: Tensor, z: Tensor) -> Tensor:
    """Whether view m sees the points [V, (h w), V, 2] of z-depth [V, (h w), V]: a pixel around them shows that depth."""
    fine = surface.cameras
    inside = ((points >= 0) & (points <= points.new_tensor([fine.width, fine.height]))).all(dim=-1) & (z > 0)
    columns, rows, _ = surround_points(points.where(inside[..., None], 0.0), fine.width, fine.height)
    view = torch.arange(len(fine), device=z.device)[:, None]  # [V, 1]
    shown = surface.depth[view, rows, columns]  # [V, (h w), V, 4]
    return inside & ((shown - z[..., None]).abs() <= SAME_DEPTH * z[..., None]).any(dim=-1)
