"""Geometry that leaves the project: the anchors' surface as one textured mesh, and the views fused to one cloud of coloured points.

Both are in the cameras' world. Sky is left out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..camera.cameras import unit_depth_rays
from ..camera.rays import cell_centers
from ..progress import Progress, ignore_progress
from ..shapes import check_shape
from .depth import FARTHEST
from .surface import Surface

FINEST = 12  # halvings of the cloud's extent to the finest grid on which it is thinned
BISECTIONS = 5  # of the last halving


@dataclass(frozen=True, eq=False)
class PointCloud:
    """Coloured points.

    Attributes:
        points: [N, 3] float32.
        colors: [N, 3] in 0..1.
    """

    points: Tensor  # [N, 3]
    colors: Tensor  # [N, 3]

    def __post_init__(self) -> None:
        check_shape(self.points, "N 3", self.colors, "N 3")

    def __len__(self) -> int:
        return len(self.points)


@dataclass(frozen=True, eq=False)
class TexturedMesh:
    """Triangles with one picture as their colour.

    Attributes:
        points: [N, 3] float32.
        faces: [F, 3] their corners, counter-clockwise as the anchor sees them.
        places: [N, 2] texture coordinates (x, y) in 0..1, from the picture's top left corner.
        texture: [3, H, W] in 0..1, the anchors' pictures side by side.
    """

    points: Tensor  # [N, 3]
    faces: Tensor  # [F, 3]
    places: Tensor  # [N, 2]
    texture: Tensor  # [3, H, W]


def join_surfaces(
    surfaces: Sequence[Surface],
    pictures: Tensor,  # [V, 3, H, W]
) -> TexturedMesh:
    """One mesh of the surfaces of all anchors, each with the anchor's picture.

    Raises:
        ValueError: if the anchors show nothing but sky.
    """
    check_shape(pictures, "V 3 H W")
    points, faces, places, count = [], [], [], 0
    for a, surface in enumerate(surfaces):
        mesh = surface.mesh
        near = (mesh.anchor[:, 2] <= FARTHEST)[mesh.faces].all(dim=1) & mesh.paints  # [F]
        used, corners = mesh.faces[near].unique(return_inverse=True)  # [N], [F, 3]
        place = mesh.anchor[used, :2] / mesh.anchor.new_tensor([mesh.width, mesh.height])
        place[:, 0] = (place[:, 0] + a) / len(surfaces)
        points.append(mesh.points[used])
        faces.append(corners + count)
        places.append(place)
        count += len(used)
    if not count:
        raise ValueError("mesh: wanted anchors that show a surface, got sky alone")
    texture = torch.cat([pictures[surface.anchor.view].cpu() for surface in surfaces], dim=2)  # [3, H, (A W)]
    return TexturedMesh(torch.cat(points).float().cpu(), torch.cat(faces).cpu(), torch.cat(places).float().cpu(), texture)


def fuse_views(
    surfaces: Sequence[Surface],
    pictures: Tensor,  # [V, 3, H, W]
    progress: Progress = ignore_progress,
) -> PointCloud:
    """Every pixel of every view that shows an anchor's surface, as a point there with the pixel's colour.

    Where several anchors have a surface, the nearest one counts.

    Raises:
        ValueError: if no view sees a surface.
    """
    sizes = check_shape(pictures, "V 3 H W")
    size = sizes["H"], sizes["W"]
    points, colors = [], []
    for view in range(sizes["V"]):
        progress(view / sizes["V"])
        found = [surface.look(view, size) for surface in surfaces]
        depths = torch.stack([hits.depth[0] for hits in found])  # [A, H, W], infinite where nothing is hit
        depth, nearest = depths.min(dim=0)
        visible = torch.stack([hits.visible[0] for hits in found]).gather(0, nearest[None])[0]
        seen = (visible & (depth <= FARTHEST)).flatten()
        camera = surfaces[0].cameras[view].resize(size[1], size[0])
        pixels = cell_centers(*size, device=depth.device, dtype=depth.dtype)[seen]  # [P, 2]
        in_camera = unit_depth_rays(camera.K[0], pixels) * depth.flatten()[seen, None]
        points.append(((in_camera - camera.w2c[0, :3, 3]) @ camera.w2c[0, :3, :3]).float().cpu())
        colors.append(pictures[view].flatten(1).mT.cpu()[seen.cpu()])
    progress(1.0)
    cloud = PointCloud(torch.cat(points), torch.cat(colors))
    if not len(cloud):
        raise ValueError("point cloud: wanted views that see an anchor's surface, got none that does")
    return cloud


def thin_cloud(cloud: PointCloud, most: int) -> PointCloud:
    """The points averaged in the cells of a grid that is as fine as `most` points allow; no change where there are no more.

    The grid's cells grow with the distance from the middle of the cloud, as a picture's do, so that far hills do not take the subject's
    points.

    Raises:
        ValueError: for fewer than one point.
    """
    if most < 1:
        raise ValueError(f"points: wanted at least 1, got {most}")
    places = (_contract(cloud.points.double()) + 2) / 4  # [N, 3] in 0..1
    finer = torch.cat([cloud.points.double(), cloud.colors.double(), places, torch.ones(len(cloud), 1).double()], dim=1)  # [N, 10]
    if len(finer) > most:
        cell = 0.5**FINEST
        while len(coarser := _merge_cells(finer, cell)) > most:
            finer, cell = coarser, 2 * cell
        finer = _refine(finer, coarser, cell, most)
    return PointCloud(finer[:, :3].float(), finer[:, 3:6].float())


def _refine(
    finer: Tensor,  # [N, 10]
    coarser: Tensor,  # [M, 10]
    cell: float,
    most: int,
) -> Tensor:
    """The rows merged in cells between half of `cell` and `cell`, as small as `most` rows allow, by bisection."""
    low, high = 0.5 * cell, cell
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        merged = _merge_cells(finer, middle)
        if len(merged) > most:
            low = middle
        else:
            high, coarser = middle, merged
    return coarser


def _merge_cells(
    rows: Tensor,  # [N, 10]
    cell: float,
) -> Tensor:
    """Weighted means of the rows (point, colour, place, weight) whose places share a cell of a grid, [M, 10]."""
    side = math.ceil(1 / cell)
    x, y, z = (rows[:, 6:9] / cell).long().clamp(0, side - 1).unbind(1)
    _, group = ((x * side + y) * side + z).unique(return_inverse=True)
    weights = rows[:, 9:]
    sums = rows.new_zeros(int(group.max()) + 1, 10).index_add_(0, group, torch.cat([rows[:, :9] * weights, weights], dim=1))
    return torch.cat([sums[:, :9] / sums[:, 9:], sums[:, 9:]], dim=1)


def _contract(points: Tensor) -> Tensor:
    """Points [N, 3] in a ball of radius 2 about their median: the nearer half stay as they are but for scale, the others draw in."""
    centered = points - points.median(dim=0).values
    distance = centered.norm(dim=1, keepdim=True)
    scaled = centered / distance.median().clamp(min=1e-12)
    reach = scaled.norm(dim=1, keepdim=True).clamp(min=1.0)
    return (2 - 1 / reach) * scaled / reach
