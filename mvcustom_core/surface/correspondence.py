"""Where the surface point that one view shows in a cell lies in every other view.

View n looks through the centre of cell p at the anchors' surface. The world point behind it is projected into view m, and m sees it if
its own z-buffer shows the same depth there. Each pixel of a z-buffer stands for a small piece of a plane: on ground seen at a flat angle
depth changes by several percent from one pixel to the next, and by far more within a cell of a coarse grid. Where the surface is unknown,
hidden or outside of m's picture, p itself stands in. Points between cells are blended bilinearly, which on scenes with true depth comes
closer to what n shows than the nearest cell.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import torch
from einops import rearrange
from torch import Tensor

from ..camera.cameras import Cameras
from ..camera.rays import cell_centers, project_points, surround_points
from .depth import AnchorDepth
from .mesh import DepthMesh, build_depth_mesh
from .raster import rasterize_mesh
from .zbuffer import cross_sides

ZBUFFER_SIZE = 256  # pixels of the longer side; never finer than the depth map, whose cuts are gaps of a pixel, nor coarser than a grid
SAME_DEPTH = 0.02  # relative: how far an uneven surface may leave the plane of its samples; the evaluation's warps allow as much
AGREEING = 0.5  # bilinear share of the pixels around a point that have to show its depth: halfway between surfaces one ends


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
    """One anchor's surface as every view sees it.

    Attributes:
        inverse_depth: [V, H, W] of the z-depth; NaN where a view does not see the surface's front.
        slope: [V, H, W, 2] its change by one pixel along x and y, on the plane of the face that is seen.
    """

    cameras: Cameras
    inverse_depth: Tensor  # [V, H, W]
    slope: Tensor  # [V, H, W, 2]


def find_correspondences(
    anchors: Sequence[AnchorDepth], cameras: Cameras, sizes: Iterable[tuple[int, int]]
) -> dict[tuple[int, int], Correspondence]:
    """Correspondences of V views on grids of several sizes (h, w), through the surfaces of one or several anchors.

    The surfaces are rasterised once for all grids. Where the first anchor's surface does not tell, the next one's does.
    """
    sizes = list(sizes)
    finest = max(height for height, _ in sizes), max(width for _, width in sizes)
    surfaces = [_see_surface(anchor, cameras, finest) for anchor in anchors]
    return {size: _correspond(surfaces, size) for size in sizes}


def _see_surface(anchor: AnchorDepth, cameras: Cameras, finest: tuple[int, int]) -> _Surface:
    longest = max(finest)
    samples = max(min(math.ceil(ZBUFFER_SIZE / longest), max(anchor.depth.depth.shape) // longest), 1)
    size = samples * finest[0], samples * finest[1]
    mesh = build_depth_mesh(anchor.depth, cameras[anchor.view])
    hits = rasterize_mesh(mesh, cameras, *size)
    fine = cameras.to(mesh.points.device, torch.float64).resize(size[1], size[0])
    slope = torch.stack([_measure_slope(mesh, fine[view], face) for view, face in enumerate(hits.face)])
    return _Surface(fine, torch.where(hits.visible, 1 / hits.depth, torch.nan), slope)


def _measure_slope(mesh: DepthMesh, camera: Cameras, face: Tensor) -> Tensor:
    """How inverse depth, which is linear in the image of a plane, changes along x and y where a face [H, W] is seen, [H, W, 2]."""
    K, w2c = camera.K[0], camera.w2c[0]
    corners = mesh.points[mesh.faces[face.flatten().clamp(min=0)]] @ w2c[:3, :3].mT + w2c[:3, 3]  # [(H W), 3, 3]
    normal = cross_sides(corners)
    slope = normal[:, :2] / K.diagonal()[:2] / (normal * corners[:, 0]).sum(dim=-1, keepdim=True)
    return slope.unflatten(0, face.shape)


def _correspond(surfaces: Sequence[_Surface], size: tuple[int, int]) -> Correspondence:
    height, width = size
    rows = [_follow_view(surfaces, view, size) for view in range(len(surfaces[0].cameras))]
    cells, weights = (torch.stack(part) for part in zip(*rows, strict=True))  # [V, (h w), V, 4]
    return Correspondence(cells, weights, height, width)


def _follow_view(surfaces: Sequence[_Surface], view: int, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """What a view shows in its cells, in all views: cells and weights [(h w), V, 4], see `Correspondence`."""
    height, width = size
    points, found = _follow(surfaces[0], view, size)
    for surface in surfaces[1:]:
        others, also = _follow(surface, view, size)
        points, found = torch.where(found[..., None], points, others), found | also
    itself = cell_centers(height, width, device=points.device, dtype=points.dtype)[:, None]  # [(h w), 1, 2]
    columns, rows, weights = surround_points(torch.where(found[..., None], points, itself), width, height)
    first = height * width * torch.arange(found.shape[1], device=points.device)[:, None]  # [V, 1] of each view m
    return (first + rows * width + columns).int(), weights.float()


def _follow(surface: _Surface, view: int, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Points [(h w), V, 2] in cells of view m, by p and m, and whether they are known; a view knows nothing of itself."""
    fine = surface.cameras
    scale = fine.K.new_tensor([fine.width / size[1], fine.height / size[0]])
    centers = cell_centers(*size, device=fine.K.device, dtype=fine.K.dtype) * scale  # [(h w), 2] in the z-buffer's pixels
    world, known = _meet_surface(surface, view, centers)
    points, z = (each.transpose(0, 1) for each in project_points(fine, world))  # [(h w), V, 2], [(h w), V]
    known = known[:, None] & (torch.arange(len(fine), device=z.device) != view)
    return points / scale, known & _is_seen(surface, points, z)


def _meet_surface(surface: _Surface, view: int, centers: Tensor) -> tuple[Tensor, Tensor]:
    """The world points [P, 3] that a view shows at image points [P, 2], and whether there are any.

    The plane that the nearest pixel shows is continued to the point itself.
    """
    camera = surface.cameras[view]
    K, w2c = camera.K[0], camera.w2c[0]
    column, row = centers.long().unbind(-1)
    inverse = surface.inverse_depth[view, row, column]  # [P]
    known = torch.isfinite(inverse)
    step = centers - centers.floor() - 0.5
    inverse = inverse + (surface.slope[view, row, column] * step).sum(dim=-1)
    rays = torch.nn.functional.pad((centers - K[:2, 2]) / K.diagonal()[:2], (0, 1), value=1.0)  # [P, 3] of unit z-depth
    known = known & (inverse > 0)
    in_camera = rays / torch.where(known, inverse, 1.0)[:, None]
    return (in_camera - w2c[:3, 3]) @ w2c[:3, :3], known


def _is_seen(surface: _Surface, points: Tensor, z: Tensor) -> Tensor:
    """Whether view m sees the points [P, V, 2] of z-depth [P, V]: most of what it shows around them is that deep.

    A pixel agrees with a depth between its own and the one to which its plane continues at the point.
    """
    fine = surface.cameras
    inside = ((points >= 0) & (points <= points.new_tensor([fine.width, fine.height]))).all(dim=-1) & (z > 0)
    view = torch.arange(len(fine), device=z.device)[:, None]  # [V, 1]
    points = points.where(inside[..., None], 0.0)
    columns, rows, weights = surround_points(points, fine.width, fine.height)
    shown = surface.inverse_depth[view, rows, columns]  # [P, V, 4]
    step = points[..., None, :] - torch.stack([columns, rows], dim=-1) - 0.5
    there = shown + (surface.slope[view, rows, columns] * step).sum(dim=-1)
    least, most = torch.minimum(shown, there) * (1 - SAME_DEPTH), torch.maximum(shown, there) * (1 + SAME_DEPTH)
    inverse = 1 / z[..., None]
    agreeing = (weights * ((inverse >= least) & (inverse <= most))).sum(dim=-1)
    return inside & (agreeing >= AGREEING)
