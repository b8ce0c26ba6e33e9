"""Which face of a mesh each pixel sees: a z-buffer in plain torch.

A view lists its (face, pixel) candidates, tests them, and keeps the nearest by one `amin` over integers `depth_bits << 32 | face`.
Vertices are snapped to 1/256 pixel as graphics hardware does, so the edge test is exact in integers: the same pixels on every device,
and, being inclusive, no hole where vertices fall on pixel centres, which a depth grid makes the rule. Deterministic: `amin` knows no
order. Faces that cross the near plane take the homogeneous edge test (Olano and Greer 1997), which needs no clipping.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from ..camera.cameras import Cameras, unit_depth_rays
from .mesh import DepthMesh

SUBPIXEL_BITS = 8
SNAP_LIMIT = 1 << 29  # products of snapped differences stay inside int64; faces beyond take the homogeneous test
EMPTY = torch.iinfo(torch.int64).max


@dataclass(frozen=True, eq=False)
class PlacedMesh:
    """The mesh in one camera of a raster's size, float64.

    Attributes:
        points: [N, 3] vertices in the camera's frame.
        snapped: [N, 2] int32 their image points in 1/256 pixel; of meaning only in front of the camera.
        faces: [F, 3] vertex indices.
        camera: one, of the raster's size.
    """

    points: Tensor  # [N, 3]
    snapped: Tensor  # [N, 2]
    faces: Tensor  # [F, 3]
    camera: Cameras

    def corners(self, face: Tensor) -> Tensor:
        """Corners of some faces [M] in the camera's frame, [M, 3, 3]."""
        return self.points[self.faces[face]]


def place_mesh(mesh: DepthMesh, camera: Cameras) -> PlacedMesh:
    """Bring a mesh into the frame of one camera, which has the raster's size."""
    K, w2c = camera.K[0], camera.w2c[0]
    points = mesh.points @ w2c[:3, :3].mT + w2c[:3, 3]  # [N, 3]
    pixels = points[:, :2] / points[:, 2:] * K.diagonal()[:2] + K[:2, 2]
    snapped = (pixels * (1 << SUBPIXEL_BITS)).round().nan_to_num(SNAP_LIMIT).clamp(-SNAP_LIMIT, SNAP_LIMIT).int()
    return PlacedMesh(points, snapped, mesh.faces, camera)


def place_corners(mesh: DepthMesh, camera: Cameras, face: Tensor) -> Tensor:
    """Corners of some faces [M] in the frame of one camera, [M, 3, 3]."""
    return mesh.points[mesh.faces[face]] @ camera.w2c[0, :3, :3].mT + camera.w2c[0, :3, 3]


def find_nearest_faces(view: PlacedMesh, near: float, chunk: int) -> Tensor:
    """The nearest face of every pixel, back faces included.

    Args:
        near: nearest z-depth that is drawn.
        chunk: candidates tested at a time.

    Returns:
        [(H W)] int64, -1 where there is none.
    """
    zbuffer = torch.full((view.camera.height * view.camera.width,), EMPTY, device=view.points.device)
    ahead = view.points[:, 2] > near  # [N]
    a, b, c = _take_corners(ahead & (view.snapped.abs() < SNAP_LIMIT).all(dim=-1), view.faces)
    regular = a & b & c  # [F]
    a, b, c = _take_corners(ahead, view.faces)
    crossing = (a | b | c) & ~regular
    for faces, is_inside, bounds in (
        (regular.nonzero().squeeze(1), _is_inside_snapped, _bound_snapped),
        (crossing.nonzero().squeeze(1), _is_inside_homogeneous, _bound_clipped),
    ):
        low, high = bounds(view, faces, near)
        for face, x, y in _list_candidates(faces, low, high, view, chunk):
            inside = is_inside(view, face, x, y)
            face, x, y = face[inside], x[inside], y[inside]
            depth = meet_planes(view.corners(face), unit_depth_rays(view.camera.K[0], torch.stack([x, y], dim=-1) + 0.5))
            packed = (depth.float().view(torch.int32).long() << 32) | face  # positive floats sort as their bits do
            drawn = depth >= near
            zbuffer.scatter_reduce_(0, (y * view.camera.width + x)[drawn], packed[drawn], "amin")
    return torch.where(zbuffer == EMPTY, -1, zbuffer & 0xFFFFFFFF)


def meet_planes(corners: Tensor, rays: Tensor) -> Tensor:
    """z-depth [M] where rays [M, 3] meet the faces of corners [M, 3, 3], within the face: snapping lets a ray miss it by 1/512 pixel."""
    normal = cross_sides(corners)
    low, high = corners[..., 2].aminmax(dim=-1)
    depth = (corners[:, 0] * normal).sum(dim=-1) / (rays * normal).sum(dim=-1)
    return depth.nan_to_num(torch.inf).clamp(low, high)


def cross_sides(corners: Tensor) -> Tensor:
    """Normals [M, 3] of faces of corners [M, 3, 3], twice as long as the face is large."""
    return torch.linalg.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])


def cross_plane(a: Tensor, b: Tensor) -> Tensor:
    """The cross product of plane vectors [..., 2], [...]."""
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]


def _take_corners(values: Tensor, faces: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Values [N, ...] of vertices at the three corners of faces [M, 3], [M, ...] each: in a third of the time of plain indexing."""
    a, b, c = (values.index_select(0, corner) for corner in faces.unbind(1))
    return a, b, c


def _bound_snapped(view: PlacedMesh, faces: Tensor, near: float) -> tuple[Tensor, Tensor]:
    """First and last pixel (x, y) whose centre may lie inside each face, [M, 2] each."""
    a, b, c = _take_corners(view.snapped, view.faces.index_select(0, faces))  # [M, 2] each
    low, high = a.minimum(b).minimum(c), a.maximum(b).maximum(c)
    half = 1 << (SUBPIXEL_BITS - 1)
    return (low - half + 2 * half - 1) >> SUBPIXEL_BITS, (high - half) >> SUBPIXEL_BITS


def _bound_clipped(view: PlacedMesh, faces: Tensor, near: float) -> tuple[Tensor, Tensor]:
    """The same for faces with a corner behind the near plane: the bounds of their part in front of it."""
    start = view.corners(faces)  # [M, 3, 3]
    end = start.roll(-1, dims=1)
    share = ((near - start[..., 2]) / (end[..., 2] - start[..., 2]))[..., None]  # where each edge meets the near plane
    crossing = start + share * (end - start)
    points = torch.cat([start, torch.where((share > 0) & (share < 1), crossing, start)], dim=1)  # [M, 6, 3]
    pixels = points[..., :2] / points[..., 2:] * view.camera.K[0].diagonal()[:2] + view.camera.K[0, :2, 2]
    outside = (points[..., 2:] < near * (1 - 1e-9)).expand_as(pixels)
    low = pixels.masked_fill(outside, torch.inf).amin(dim=1).clamp(-SNAP_LIMIT, SNAP_LIMIT)
    high = pixels.masked_fill(outside, -torch.inf).amax(dim=1).clamp(-SNAP_LIMIT, SNAP_LIMIT)
    return (low - 0.5).floor().long(), (high - 0.5).ceil().long()


def _list_candidates(faces: Tensor, low: Tensor, high: Tensor, view: PlacedMesh, chunk: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Every pixel of every face's bounds inside the image, as face, x and y, at most `chunk` at a time."""
    low = low.clamp(min=0)
    extent = torch.minimum(high, low.new_tensor([view.camera.width, view.camera.height]) - 1) - low + 1  # [M, 2]
    filled = (extent > 0).all(dim=-1)
    faces, low, extent = faces[filled], low[filled].long(), extent[filled].long()
    stops = extent.prod(dim=-1).cumsum(0)
    total = int(stops[-1]) if len(stops) else 0
    for start in range(0, total, chunk):
        number = torch.arange(start, min(start + chunk, total), device=low.device)
        owner = torch.searchsorted(stops, number, right=True)
        width, height = extent[owner].unbind(-1)
        offset = number - stops[owner] + width * height
        yield faces[owner], low[owner, 0] + offset % width, low[owner, 1] + offset // width


def _is_inside_snapped(view: PlacedMesh, face: Tensor, x: Tensor, y: Tensor) -> Tensor:
    a, b, c = view.snapped[view.faces[face]].long().unbind(1)  # [M, 2] each
    pixel = (torch.stack([x, y], dim=-1) << SUBPIXEL_BITS) + (1 << (SUBPIXEL_BITS - 1))
    edges = torch.stack([cross_plane(b - a, pixel - a), cross_plane(c - b, pixel - b), cross_plane(a - c, pixel - c)])
    return ((edges >= 0).all(dim=0) | (edges <= 0).all(dim=0)) & (cross_plane(b - a, c - a) != 0)


def _is_inside_homogeneous(view: PlacedMesh, face: Tensor, x: Tensor, y: Tensor) -> Tensor:
    rays = unit_depth_rays(view.camera.K[0], torch.stack([x, y], dim=-1) + 0.5)
    a, b, c = view.corners(face).unbind(1)  # [M, 3] each
    edges = torch.stack([(rays * torch.linalg.cross(start, end)).sum(dim=-1) for start, end in ((a, b), (b, c), (c, a))])
    return ((edges >= 0).all(dim=0) | (edges <= 0).all(dim=0)) & (edges.sum(dim=0) != 0)
