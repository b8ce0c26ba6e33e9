"""What each pixel of a target view sees of the anchor's surface: the z-buffer's winners, interpolated with perspective."""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from ..camera.cameras import Cameras, unit_depth_rays
from ..camera.rays import cell_centers
from .depth import DepthMap
from .mesh import DepthMesh, build_depth_mesh
from .zbuffer import cross_plane, cross_sides, find_nearest_faces, meet_planes, place_corners, place_mesh


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

    Raises:
        ValueError: if the size is not positive.
    """
    if height < 1 or width < 1:
        raise ValueError(f"raster: wanted a positive size, got {width}x{height}")
    targets = targets.to(mesh.points.device, torch.float64).resize(width, height)
    views = []
    for n in range(len(targets)):
        nearest = find_nearest_faces(place_mesh(mesh, targets[n]), settings.near, settings.chunk)
        views.append(shade_faces(mesh, targets[n], nearest.unflatten(0, (height, width))))
    return RasterHits(**{field.name: torch.cat([getattr(hits, field.name) for hits in views]) for field in fields(RasterHits)})


def shade_faces(mesh: DepthMesh, target: Cameras, nearest: Tensor) -> RasterHits:
    """Interpolate the anchor's coordinates at the nearest faces, with perspective.

    Args:
        target: one camera of the raster's size, float64.
        nearest: [H, W] the face that each pixel sees, -1 where there is none.
    """
    hit = (nearest.flatten() >= 0).nonzero().squeeze(1)  # [P]
    face = nearest.flatten()[hit]
    centers = cell_centers(target.height, target.width, device=hit.device, dtype=target.K.dtype)[hit]  # [P, 2]
    corners, rays = place_corners(mesh, target, face), unit_depth_rays(target.K[0], centers)  # [P, 3, 3], [P, 3]
    depth = meet_planes(corners, rays)
    weights = _weigh_corners(corners, depth[:, None] * rays).clamp(min=0)
    weights = weights / weights.sum(dim=-1, keepdim=True)
    seen = (weights[:, :, None] * mesh.anchor[mesh.faces[face]]).sum(dim=1)  # [P, 3] anchor x, y, z-depth
    volume = (corners[:, 0] * cross_sides(corners)).sum(dim=-1)
    hits = RasterHits(
        anchor_xy=seen[:, :2],
        anchor_depth=seen[:, 2],
        depth=depth,
        stretch=_measure_stretch(mesh, target, face, rays, corners, depth),
        face=face,
        visible=(volume < 0) & mesh.paints[face],
    )
    blank = {"depth": torch.inf, "face": -1}
    return RasterHits(**{f.name: _spread(getattr(hits, f.name), hit, target, blank.get(f.name, 0)) for f in fields(RasterHits)})


def _spread(values: Tensor, hit: Tensor, target: Cameras, blank: float) -> Tensor:
    image = values.new_full((target.height * target.width, *values.shape[1:]), blank)
    image[hit] = values
    return image.unflatten(0, (1, target.height, target.width))


def _weigh_corners(corners: Tensor, points: Tensor) -> Tensor:
    """Barycentric coordinates [P, 3] of points [P, 3] on the planes of faces of corners [P, 3, 3]."""
    a, b, c = corners.unbind(1)
    normal = cross_sides(corners)
    normal = normal / normal.square().sum(dim=-1, keepdim=True)
    of_b = (torch.linalg.cross(points - a, c - a) * normal).sum(dim=-1)
    of_c = (torch.linalg.cross(b - a, points - a) * normal).sum(dim=-1)
    return torch.stack([1 - of_b - of_c, of_b, of_c], dim=-1)


def _measure_stretch(
    mesh: DepthMesh,
    target: Cameras,
    face: Tensor,  # [P]
    rays: Tensor,  # [P, 3]
    corners: Tensor,  # [P, 3, 3]
    depth: Tensor,  # [P]
) -> Tensor:
    """Largest singular value of d(target point)/d(anchor point), both pictures brought to the raster's size, [P].

    With a face's points written as a + p (b - a) + q (c - a), a step in (p, q) moves the target point by (side - ray side_z) f / z.
    """
    sides = corners[:, 1:] - corners[:, :1]  # [P, 2, 3]
    shown = (sides[..., :2] - rays[:, None, :2] * sides[..., 2:]) * target.K[0].diagonal()[:2] / depth[:, None, None]  # [P, 2, 2]
    seen = mesh.anchor[mesh.faces[face], :2] * mesh.points.new_tensor([target.width / mesh.width, target.height / mesh.height])
    first, second = (seen[:, 1:] - seen[:, :1]).unbind(1)  # [P, 2] each
    area = cross_plane(first, second)[:, None]
    along_x = (shown[:, 0] * second[:, 1:] - shown[:, 1] * first[:, 1:]) / area  # [P, 2], of one anchor pixel along x
    along_y = (shown[:, 1] * first[:, :1] - shown[:, 0] * second[:, :1]) / area
    half_trace = (along_x.square() + along_y.square()).sum(dim=-1) / 2
    return (half_trace + (half_trace.square() - cross_plane(along_x, along_y).square()).clamp(min=0).sqrt()).sqrt()
