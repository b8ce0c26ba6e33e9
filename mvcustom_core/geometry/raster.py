"""A z-buffer in plain torch for the mesh of a depth map.

Each view lists its (face, pixel) candidates, tests them, and keeps the nearest by one `amin` over integers `depth_bits << 32 | face`.
Vertices are snapped to 1/256 pixel as graphics hardware does, so the edge test is exact in integers: the same pixels on every device,
and, being inclusive, no hole where vertices fall on pixel centres, which a depth grid makes the rule. Deterministic: `amin` knows no
order. Faces that cross the near plane take the homogeneous edge test (Olano and Greer 1997), which needs no clipping.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from .cameras import Cameras
from .depth import DepthMap
from .mesh import DepthMesh, build_depth_mesh

SUBPIXELS = 256
SNAP_LIMIT = 1 << 29  # products of snapped differences stay inside int64; faces beyond take the homogeneous test
EMPTY = torch.iinfo(torch.int64).max


@dataclass(frozen=True, slots=True)
class RasterSettings:
    """Settings of the mesh and its rasteriser.

    Attributes:
        near: nearest z-depth that is drawn, world units.
        max_angle_deg: incidence in the anchor view beyond which neighbouring pixels are not connected.
        block_cuts: cut faces still hide what is behind them, as if objects were solid.
        chunk: (face, pixel) candidates tested at a time; bounds the memory.
    """

    near: float = 0.01
    max_angle_deg: float = 85.0
    block_cuts: bool = False
    chunk: int = 1 << 20

    def __post_init__(self) -> None:
        if self.near <= 0 or self.chunk < 1 or not 0 < self.max_angle_deg < 90:
            raise ValueError(f"raster settings: wanted near > 0, chunk >= 1 and an angle between 0 and 90 degrees, got {self}")


@dataclass(frozen=True, eq=False)
class RasterHits:
    """What each target pixel sees of the anchor's surface.

    Attributes:
        anchor_xy: [V, H, W, 2] anchor image point (x, y) in depth-map pixels.
        anchor_depth: [V, H, W] z-depth in the anchor view.
        depth: [V, H, W] z-depth in the target view, infinite where nothing is hit.
        stretch: [V, H, W] how many times longer than in the anchor picture the surface appears, along its most stretched axis, both
            pictures brought to one size.
        face: [V, H, W] face of the mesh, -1 where nothing is hit.
        visible: [V, H, W] bool, true where the front of a painted face is hit.
    """

    anchor_xy: Tensor  # [V, H, W, 2]
    anchor_depth: Tensor  # [V, H, W]
    depth: Tensor  # [V, H, W]
    stretch: Tensor  # [V, H, W]
    face: Tensor  # [V, H, W]
    visible: Tensor  # [V, H, W]


@dataclass(frozen=True, eq=False)
class _View:
    """The mesh in one camera; corners are in the camera's frame."""

    corners: Tensor  # [F, 3, 3]
    snapped: Tensor  # [F, 3, 2] 1/256 pixel
    normal: Tensor  # [F, 3] not unit
    volume: Tensor  # [F] determinant of the corners; the plane is z = volume / (ray . normal)
    K: Tensor  # [3, 3]
    width: int
    height: int

    def rays(self, x: Tensor, y: Tensor) -> Tensor:
        """Rays of unit z-depth through image points, [..., 3]."""
        xy = torch.stack([x, y], dim=-1).to(self.K)  # whole numbers plus a half came as float32
        xy = (xy - self.K[:2, 2]) / self.K.diagonal()[:2]
        return torch.nn.functional.pad(xy, (0, 1), value=1.0)


def rasterize_depth(
    depth_map: DepthMap, anchor: Cameras, targets: Cameras, height: int, width: int, settings: RasterSettings = RasterSettings()
) -> RasterHits:
    """Look at the anchor's surface from the target cameras, `rasterize_mesh` of `build_depth_mesh`."""
    mesh = build_depth_mesh(depth_map, anchor, max_angle_deg=settings.max_angle_deg, block_cuts=settings.block_cuts)
    return rasterize_mesh(mesh, targets, height, width, settings)


def rasterize_mesh(mesh: DepthMesh, targets: Cameras, height: int, width: int, settings: RasterSettings = RasterSettings()) -> RasterHits:
    """Rasterise a depth mesh into every target camera, on the mesh's device and in float64.

    Back faces are opaque but not visible: they are real surface that the anchor did not see.

    Args:
        height, width: raster size; it covers the targets' whole field of view.
    """
    if height < 1 or width < 1:
        raise ValueError(f"raster: wanted a positive size, got {width}x{height}")
    targets = targets.to(mesh.points.device, torch.float64).resize(width, height)
    views = [_shade(mesh, view, _fill_zbuffer(view, settings)) for view in (_place(mesh, targets, n) for n in range(len(targets)))]
    return RasterHits(**{field.name: torch.stack([getattr(hits, field.name) for hits in views]) for field in fields(RasterHits)})


def _place(mesh: DepthMesh, targets: Cameras, index: int) -> _View:
    K, w2c = targets.K[index], targets.w2c[index]
    points = mesh.points @ w2c[:3, :3].mT + w2c[:3, 3]  # [N, 3]
    pixels = points[:, :2] / points[:, 2:] * K.diagonal()[:2] + K[:2, 2]  # of meaning only in front of the camera
    snapped = (pixels * SUBPIXELS).round().nan_to_num(SNAP_LIMIT).clamp(-SNAP_LIMIT, SNAP_LIMIT).long()
    corners = points[mesh.faces]  # [F, 3, 3]
    normal = torch.linalg.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    volume = (corners[:, 0] * normal).sum(dim=-1)
    return _View(corners, snapped[mesh.faces], normal, volume, K, targets.width, targets.height)


def _fill_zbuffer(view: _View, settings: RasterSettings) -> Tensor:
    """The nearest face and its depth per pixel, packed, [(H W)] int64."""
    zbuffer = torch.full((view.height * view.width,), EMPTY, device=view.corners.device)
    ahead = view.corners[..., 2] > settings.near  # [F, 3]
    exact = ahead.all(dim=-1) & (view.snapped.abs() < SNAP_LIMIT).flatten(1).all(dim=-1)
    for faces, is_inside, bounds in (
        (exact.nonzero().squeeze(1), _is_inside_snapped, _bound_snapped),
        ((ahead.any(dim=-1) & ~exact).nonzero().squeeze(1), _is_inside_homogeneous, _bound_clipped),
    ):
        low, high = bounds(view, faces, settings.near)
        for face, x, y in _list_candidates(faces, low, high, view, settings.chunk):
            inside = is_inside(view, face, x, y)
            face, x, y = face[inside], x[inside], y[inside]
            depth = _meet_plane(view, face, x + 0.5, y + 0.5)
            packed = (depth.float().view(torch.int32).long() << 32) | face  # positive floats sort as their bits do
            drawn = depth >= settings.near
            zbuffer.scatter_reduce_(0, (y * view.width + x)[drawn], packed[drawn], "amin")
    return zbuffer


def _bound_snapped(view: _View, faces: Tensor, near: float) -> tuple[Tensor, Tensor]:
    """First and last pixel (x, y) whose centre may lie inside each face, [M, 2] each."""
    low, high = view.snapped[faces].aminmax(dim=1)
    half = SUBPIXELS // 2
    return -((half - low) // SUBPIXELS), (high - half) // SUBPIXELS


def _bound_clipped(view: _View, faces: Tensor, near: float) -> tuple[Tensor, Tensor]:
    """The same for faces with a corner behind the near plane: the bounds of their part in front of it."""
    start = view.corners[faces]  # [M, 3, 3]
    end = start.roll(-1, dims=1)
    share = ((near - start[..., 2]) / (end[..., 2] - start[..., 2]))[..., None]  # where each edge meets the near plane
    crossing = start + share * (end - start)
    points = torch.cat([start, torch.where((share > 0) & (share < 1), crossing, start)], dim=1)  # [M, 6, 3]
    pixels = points[..., :2] / points[..., 2:] * view.K.diagonal()[:2] + view.K[:2, 2]
    outside = (points[..., 2:] < near * (1 - 1e-9)).expand_as(pixels)
    low = pixels.masked_fill(outside, torch.inf).amin(dim=1).clamp(-SNAP_LIMIT, SNAP_LIMIT)
    high = pixels.masked_fill(outside, -torch.inf).amax(dim=1).clamp(-SNAP_LIMIT, SNAP_LIMIT)
    return (low - 0.5).floor().long(), (high - 0.5).ceil().long()


def _list_candidates(faces: Tensor, low: Tensor, high: Tensor, view: _View, chunk: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Every pixel of every face's bounds inside the image, as face, x and y, at most `chunk` at a time."""
    size = low.new_tensor([view.width, view.height])
    low = low.clamp(min=0)
    extent = (torch.minimum(high, size - 1) - low + 1).clamp(min=0)  # [M, 2]
    stops = extent.prod(dim=-1).cumsum(0)
    total = int(stops[-1]) if len(stops) else 0
    for start in range(0, total, chunk):
        number = torch.arange(start, min(start + chunk, total), device=low.device)
        owner = torch.searchsorted(stops, number, right=True)
        width, height = extent[owner].unbind(-1)
        offset = number - stops[owner] + width * height
        yield faces[owner], low[owner, 0] + offset % width, low[owner, 1] + offset // width


def _is_inside_snapped(view: _View, face: Tensor, x: Tensor, y: Tensor) -> Tensor:
    a, b, c = view.snapped[face].unbind(1)  # [M, 2] each
    pixel = torch.stack([x, y], dim=-1) * SUBPIXELS + SUBPIXELS // 2
    edges = torch.stack([_cross(b - a, pixel - a), _cross(c - b, pixel - b), _cross(a - c, pixel - c)])
    return ((edges >= 0).all(dim=0) | (edges <= 0).all(dim=0)) & (_cross(b - a, c - a) != 0)


def _is_inside_homogeneous(view: _View, face: Tensor, x: Tensor, y: Tensor) -> Tensor:
    ray = view.rays(x + 0.5, y + 0.5)
    a, b, c = view.corners[face].unbind(1)  # [M, 3] each
    edges = torch.stack([(ray * torch.linalg.cross(start, end)).sum(dim=-1) for start, end in ((a, b), (b, c), (c, a))])
    return ((edges >= 0).all(dim=0) | (edges <= 0).all(dim=0)) & (edges.sum(dim=0) != 0)


def _cross(a: Tensor, b: Tensor) -> Tensor:
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]


def _shade(mesh: DepthMesh, view: _View, zbuffer: Tensor) -> RasterHits:
    """Interpolate the anchor's coordinates at the winners, with perspective."""
    hit = (zbuffer != EMPTY).nonzero().squeeze(1)  # [P]
    face = zbuffer[hit] & 0xFFFFFFFF
    x, y = hit % view.width + 0.5, hit // view.width + 0.5
    z = _meet_plane(view, face, x, y)
    point = z[:, None] * view.rays(x, y)  # [P, 3]
    weights = _weigh_corners(view, face, point).clamp(min=0)
    weights = weights / weights.sum(dim=-1, keepdim=True)
    corners = mesh.anchor[mesh.faces[face]]  # [P, 3, 3]
    seen = (weights[:, :, None] * corners).sum(dim=1)  # [P, 3] anchor x, y, z-depth
    hits = RasterHits(
        anchor_xy=seen[:, :2],
        anchor_depth=seen[:, 2],
        depth=z,
        stretch=_measure_stretch(mesh, view, face, point),
        face=face,
        visible=(view.volume[face] < 0) & mesh.paints[face],
    )
    blank = {"depth": torch.inf, "face": -1}
    return RasterHits(**{f.name: _spread(getattr(hits, f.name), hit, view, blank.get(f.name, 0)) for f in fields(RasterHits)})


def _spread(values: Tensor, hit: Tensor, view: _View, blank: float) -> Tensor:
    image = values.new_full((view.height * view.width, *values.shape[1:]), blank)
    image[hit] = values
    return image.unflatten(0, (view.height, view.width))


def _meet_plane(view: _View, face: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """z-depth [P] where pixel rays meet their face's plane, within the face: snapping lets a ray miss it by 1/512 pixel."""
    low, high = view.corners[face][..., 2].aminmax(dim=-1)
    depth = view.volume[face] / (view.rays(x, y) * view.normal[face]).sum(dim=-1)
    return depth.nan_to_num(torch.inf).clamp(low, high)


def _weigh_corners(view: _View, face: Tensor, point: Tensor) -> Tensor:
    """Barycentric coordinates [P, 3] of points [P, 3] on their face's plane."""
    a, b, c = view.corners[face].unbind(1)
    normal = view.normal[face]
    area = (normal * normal).sum(dim=-1)
    of_b = (torch.linalg.cross(point - a, c - a) * normal).sum(dim=-1) / area
    of_c = (torch.linalg.cross(b - a, point - a) * normal).sum(dim=-1) / area
    return torch.stack([1 - of_b - of_c, of_b, of_c], dim=-1)


def _measure_stretch(mesh: DepthMesh, view: _View, face: Tensor, point: Tensor) -> Tensor:
    """One over the smallest singular value of d(anchor point)/d(target point), both pictures brought to the raster's size, [P].

    A step of one pixel along x moves the point on the plane by z/f (e_x - ray (n_x / n . ray)); likewise along y.
    """
    normal = view.normal[face]
    ray = point / point[:, 2:]
    lean = normal[:, :2] / (ray * normal).sum(dim=-1, keepdim=True)  # [P, 2]
    steps = torch.eye(3, dtype=point.dtype, device=point.device)[:2] - lean[:, :, None] * ray[:, None]  # [P, 2, 3]
    steps = steps * point[:, 2:, None] / view.K.diagonal()[:2, None]
    corners = mesh.anchor[mesh.faces[face], :2] * mesh.points.new_tensor([view.width / mesh.width, view.height / mesh.height])
    here = _weigh_corners(view, face, point)
    along_x, along_y = (
        ((_weigh_corners(view, face, point + step) - here)[:, :, None] * corners).sum(dim=1) for step in steps.unbind(1)
    )  # [P, 2]
    half_trace = (along_x.square().sum(dim=-1) + along_y.square().sum(dim=-1)) / 2
    determinant = _cross(along_x, along_y).abs()
    largest = (half_trace + (half_trace.square() - determinant.square()).clamp(min=0).sqrt()).sqrt()
    return largest / determinant.clamp(min=1e-9)
