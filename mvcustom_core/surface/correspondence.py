"""Where the surface point that one view shows in a cell lies in every other view.

View n looks through the centre of cell p at the anchors' surface. The world point behind it is projected into view m, and m sees it if
its own z-buffer shows the same depth there. Each pixel of a z-buffer stands for a small piece of a plane: on ground seen at a flat angle
depth changes by several percent from one pixel to the next, and by far more within a cell of a coarse grid. Where the surface is unknown,
hidden or outside of m's picture, p itself stands in. Points between cells are blended bilinearly, which on scenes with true depth comes
closer to what n shows than the nearest cell.

The surface is that of a few anchors, or each view's own depth, which then is its z-buffer. `point_maps.py` and `matches.py` find the same
from other sources.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from einops import rearrange
from torch import Tensor

from ..camera.cameras import Cameras, unit_depth_rays
from ..camera.rays import cell_centers, project_points, surround_points
from ..progress import Progress, ignore_progress, span_progress
from ..shapes import check_shape
from .gather import SparseGather
from .surface import DOUBLES, Surface
from .zbuffer import cross_sides, meet_planes, place_corners

ZBUFFER_SIZE = 256  # pixels of the longer side
SAME_DEPTH = 0.02  # relative: how far an uneven surface may leave the plane of its samples; the evaluation's warps allow as much
AGREEING = 0.5  # bilinear share of the pixels around a point that have to show its depth: halfway between surfaces one ends


@dataclass(frozen=True, eq=False)
class Correspondence(SparseGather):
    """For every view n, cell p and view m: where m shows what n shows in p.

    Attributes:
        cells: [V, (h w), V, 4] int32, by n, p and m the four cells around the point, counted through all views' cells (V h w).
        weights: [V, (h w), V, 4] float32, bilinear, sum 1, the heaviest first.
        known: [V, (h w), V] bool, whether m is known to show what n shows; where not, and in n itself, the cell is p.
        height, width: of the grid.
    """

    height: int
    width: int

    @property
    def nearest(self) -> Tensor:
        """The one cell of m, counted within m's own cells, [V, (h w), V] int64; of no meaning where not known."""
        views = torch.arange(len(self.cells), device=self.cells.device)
        return self.cells[..., 0].long() - self.height * self.width * views

    @property
    def points(self) -> Tensor:
        """The place (x, y) in m in cells, as the taps blend it, [V, (h w), V, 2]; of no meaning where not known."""
        own = self.cells.long() % (self.height * self.width)  # [V, (h w), V, T]
        rows = own.div(self.width, rounding_mode="floor")
        centers = torch.stack([own % self.width, rows], dim=-1) + 0.5  # [V, (h w), V, T, 2]
        return (self.weights[..., None] * centers).sum(dim=-2)

    def sample(self, tokens: Tensor, views: slice) -> Tensor:
        """What every view shows at the points of some of the views' cells.

        Args:
            tokens: [(V h w), C] of one clip.
            views: the N views whose cells ask.

        Returns:
            [(N h w), V, C] in the tokens' dtype.
        """
        return rearrange(self.gather(tokens, views), "(p V) C -> p V C", V=len(self.cells))


@dataclass(frozen=True, eq=False)
class _Planes:
    """The planes that every view shows of one surface; inverse z-depth is linear in the image of a plane.

    Attributes:
        cameras: of the size of the z-buffers.
        inverse_depth: [V, H, W] at the pixels' centres; NaN where a view does not see the surface's front.
        slope: [V, H, W, 2] change of the inverse depth by one pixel along x and y.
    """

    cameras: Cameras
    inverse_depth: Tensor  # [V, H, W]
    slope: Tensor  # [V, H, W, 2]


def find_correspondences(
    surfaces: Sequence[Surface], sizes: Iterable[tuple[int, int]], progress: Progress = ignore_progress
) -> dict[tuple[int, int], Correspondence]:
    """Correspondences of V views on grids of several sizes (h, w), through the surfaces of one or several anchors.

    The surfaces are rasterised once for all grids. Where the first anchor's surface does not tell, the next one's does.

    Args:
        progress: is called for each view of each surface and grid.
    """
    sizes = list(dict.fromkeys(sizes))
    finest = max(height for height, _ in sizes), max(width for _, width in sizes)
    steps = len(surfaces) + len(sizes)
    planes = [
        _look_at_planes(surface, _choose_raster(surface, finest), span_progress(progress, done / steps, (done + 1) / steps))
        for done, surface in enumerate(surfaces)
    ]
    found = {}
    for done, size in enumerate(sizes, len(surfaces)):
        found[size] = _correspond(planes, size, span_progress(progress, done / steps, (done + 1) / steps))
    return found


def correspond_depths(
    cameras: Cameras,
    depth: Tensor,  # [V, H, W]
    valid: Tensor,  # [V, H, W] bool
    sizes: Iterable[tuple[int, int]],
) -> dict[tuple[int, int], Correspondence]:
    """Correspondences of V views on grids of several sizes (h, w), where the depth of each view itself is known, as of rendered scenes.

    Args:
        depth: z-depth in world units at any resolution of the cameras' field of view.
        valid: where it has a meaning.
    """
    rows = check_shape(depth, "V H W", valid, "V H W")
    device = depth.device if depth.device.type in DOUBLES else torch.device("cpu")
    inverse = torch.where(valid.to(device), 1 / depth.to(device).double(), torch.nan)
    slope = torch.stack([_measure_slope(inverse, axis) for axis in (2, 1)], dim=-1)  # [V, H, W, 2]
    planes = _Planes(cameras.to(device, torch.float64).resize(rows["W"], rows["H"]), inverse, slope)
    return {size: _correspond([planes], size, ignore_progress) for size in dict.fromkeys(sizes)}


def _measure_slope(values: Tensor, axis: int) -> Tensor:
    """Change of values [V, H, W] by one step along an axis: the smaller of those to both neighbours, which does not cross an edge."""
    steps = values.diff(dim=axis)
    edge = torch.full_like(values.narrow(axis, 0, 1), torch.nan)
    before, after = torch.cat([edge, steps], dim=axis), torch.cat([steps, edge], dim=axis)
    return torch.where(after.isnan() | (before.abs() < after.abs()), before, after).nan_to_num()


def _choose_raster(surface: Surface, finest: tuple[int, int]) -> tuple[int, int]:
    """Half as fine as the depth map, which is what the render operator looks at, or all of a depth map that has less than twice
    `ZBUFFER_SIZE`; its cuts are gaps of a pixel, which show in a finer one. Never coarser than the finest grid."""
    longer = max(surface.mesh.height, surface.mesh.width)
    if longer >= 2 * ZBUFFER_SIZE:
        samples = surface.samples_per_cell(finest)
    else:
        samples = max(min(ZBUFFER_SIZE, longer) // max(finest), 1)
    return samples * finest[0], samples * finest[1]


def _look_at_planes(surface: Surface, raster: tuple[int, int], progress: Progress) -> _Planes:
    views = []
    for view in range(len(surface.cameras)):
        progress(view / len(surface.cameras))
        views.append(_measure_planes(surface, view, raster))
    inverse_depth, slope = (torch.stack(part) for part in zip(*views, strict=True))
    return _Planes(surface.cameras.resize(raster[1], raster[0]), inverse_depth, slope)


def _measure_planes(surface: Surface, view: int, raster: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Inverse depth [H, W] and slope [H, W, 2] of one view, see `_Planes`."""
    face = surface.find_faces(view, raster).flatten()  # [(H W)]
    hit = (face >= 0).nonzero().squeeze(1)  # [P]
    camera = surface.cameras[view].resize(raster[1], raster[0])
    rays = unit_depth_rays(camera.K[0], cell_centers(*raster, device=face.device, dtype=camera.K.dtype)[hit])
    corners = place_corners(surface.mesh, camera, face[hit])  # [P, 3, 3]
    normal = cross_sides(corners)
    offset = (normal * corners[:, 0]).sum(dim=-1)  # negative where the front is seen
    inverse = torch.where((offset < 0) & surface.mesh.paints[face[hit]], 1 / meet_planes(corners, rays), torch.nan)
    inverse_depth, slope = rays.new_full((len(face),), torch.nan), rays.new_zeros(len(face), 2)
    inverse_depth[hit], slope[hit] = inverse, normal[:, :2] / camera.K[0].diagonal()[:2] / offset[:, None]
    return inverse_depth.unflatten(0, raster), slope.unflatten(0, raster)


def _correspond(planes: Sequence[_Planes], size: tuple[int, int], progress: Progress) -> Correspondence:
    height, width = size
    rows = []
    for view in range(len(planes[0].cameras)):
        progress(view / len(planes[0].cameras))
        rows.append(_follow_view(planes, view, size))
    cells, weights, known = (torch.stack(part) for part in zip(*rows, strict=True))  # [V, (h w), V, 4] and [V, (h w), V]
    return Correspondence(cells, weights, known, height, width)


def _follow_view(planes: Sequence[_Planes], view: int, size: tuple[int, int]) -> tuple[Tensor, Tensor, Tensor]:
    """What a view shows in its cells, in all views: cells and weights [(h w), V, 4], and what is known [(h w), V]."""
    points, found = _follow(planes[0], view, size)
    for other in planes[1:]:
        others, also = _follow(other, view, size)
        points, found = torch.where(found[..., None], points, others), found | also
    return *blend_cells(points, found, size), found


def blend_cells(points: Tensor, known: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """`Correspondence.cells` and `weights` [(h w), V, 4] of one view from points [(h w), V, 2] in cells, which stay in place if not known.

    Args:
        known: [(h w), V] bool.
    """
    height, width = size
    itself = cell_centers(height, width, device=points.device, dtype=points.dtype)[:, None]  # [(h w), 1, 2]
    columns, rows, weights = surround_points(torch.where(known[..., None], points, itself), width, height)
    weights, order = weights.sort(dim=-1, descending=True, stable=True)
    first = height * width * torch.arange(known.shape[1], device=points.device)[:, None]  # [V, 1] of each view m
    return (first + rows * width + columns).gather(-1, order).int(), weights.float()


def _follow(planes: _Planes, view: int, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Points [(h w), V, 2] in cells of view m, by p and m, and whether they are known; a view knows nothing of itself."""
    fine = planes.cameras
    scale = fine.K.new_tensor([fine.width / size[1], fine.height / size[0]])
    centers = cell_centers(*size, device=fine.K.device, dtype=fine.K.dtype) * scale  # [(h w), 2] in the z-buffer's pixels
    world, known = _meet_surface(planes, view, centers)
    points, z = (each.transpose(0, 1) for each in project_points(fine, world))  # [(h w), V, 2], [(h w), V]
    known = known[:, None] & (torch.arange(len(fine), device=z.device) != view)
    return points / scale, known & _is_seen(planes, points, z)


def _meet_surface(planes: _Planes, view: int, centers: Tensor) -> tuple[Tensor, Tensor]:
    """The world points [P, 3] that a view shows at image points [P, 2], and whether there are any.

    The plane that the nearest pixel shows is continued to the point itself.
    """
    camera = planes.cameras[view]
    w2c = camera.w2c[0]
    column, row = centers.long().unbind(-1)
    inverse = planes.inverse_depth[view, row, column]  # [P]
    known = torch.isfinite(inverse)
    step = centers - centers.floor() - 0.5
    inverse = inverse + (planes.slope[view, row, column] * step).sum(dim=-1)
    known = known & (inverse > 0)
    in_camera = unit_depth_rays(camera.K[0], centers) / torch.where(known, inverse, 1.0)[:, None]
    return (in_camera - w2c[:3, 3]) @ w2c[:3, :3], known


def _is_seen(planes: _Planes, points: Tensor, z: Tensor) -> Tensor:
    """Whether view m sees the points [P, V, 2] of z-depth [P, V]: most of what it shows around them is that deep.

    A pixel agrees with a depth between its own and the one to which its plane continues at the point.
    """
    fine = planes.cameras
    inside = ((points >= 0) & (points <= points.new_tensor([fine.width, fine.height]))).all(dim=-1) & (z > 0)
    view = torch.arange(len(fine), device=z.device)[:, None]  # [V, 1]
    points = points.where(inside[..., None], 0.0)
    columns, rows, weights = surround_points(points, fine.width, fine.height)
    shown = planes.inverse_depth[view, rows, columns]  # [P, V, 4]
    step = points[..., None, :] - torch.stack([columns, rows], dim=-1) - 0.5
    there = shown + (planes.slope[view, rows, columns] * step).sum(dim=-1)
    least, most = torch.minimum(shown, there) * (1 - SAME_DEPTH), torch.maximum(shown, there) * (1 + SAME_DEPTH)
    inverse = 1 / z[..., None]
    agreeing = (weights * ((inverse >= least) & (inverse <= most))).sum(dim=-1)
    return inside & (agreeing >= AGREEING)
