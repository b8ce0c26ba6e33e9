"""The surface behind a depth map: a triangle grid with its discontinuities cut.

Vertices sit on the pixel centres and, half a pixel further out with the border's depth, on the image border, so the mesh spans the
whole image. A quad is split into (top left, bottom left, top right) and (bottom right, top right, bottom left).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ..camera.cameras import Cameras, unit_depth_rays
from .depth import DepthMap

SAME_PLACE = 0.5  # pixels that a step's two sides move apart for a camera that moves by one world unit; below, cutting gains nothing
PLANAR = 0.75  # neighbouring steps of inverse depth agree this well on a plane, which is linear in inverse depth
STRAIGHT = 5  # steps in a row that agree make a plane, wherever among them a step stands: a floor goes on up to the hill that ends it


@dataclass(frozen=True, eq=False)
class DepthMesh:
    """Triangles of one anchor view in float64.

    Attributes:
        points: [N, 3] vertices in the world.
        anchor: [N, 3] their anchor image point (x, y) in depth-map pixels and their z-depth there.
        faces: [F, 3] vertex indices; the determinant of the corners in a camera's frame is negative where it sees the front.
        paints: [F] bool, false for faces that only hide what is behind them.
        width, height: size of the depth map.
    """

    points: Tensor  # [N, 3]
    anchor: Tensor  # [N, 3]
    faces: Tensor  # [F, 3]
    paints: Tensor  # [F]
    width: int
    height: int


def find_jumps(depth: Tensor, focal: float, max_angle_deg: float) -> Tensor:
    """Find the steps along the last axis where one surface ends and another begins.

    A step is a jump if a surface through both pixels would be seen at more than `max_angle_deg` from its normal, unless the steps beside
    it show that a plane goes on there (a floor near the horizon), or both are so far away that no camera can tell.

    Args:
        depth: [..., W] z-depth, NaN where unknown.
        focal: focal length in pixels along that axis.

    Returns:
        [..., W - 1] bool.
    """
    near, far = torch.minimum(depth[..., 1:], depth[..., :-1]), torch.maximum(depth[..., 1:], depth[..., :-1])
    steep = far - near > near * math.tan(math.radians(max_angle_deg)) / focal  # tan(incidence) = f dz / z
    step = depth.reciprocal().diff(dim=-1)
    apart = step.abs() * focal > SAME_PLACE
    return steep & apart & ~_find_planes(step)


def _find_planes(step: Tensor) -> Tensor:
    """Whether each step [..., S] of inverse depth is one of `STRAIGHT` in a row that agree; fewer stand beside it at the ends."""
    count, reach = step.shape[-1], STRAIGHT - 1
    columns = torch.arange(count, device=step.device)
    agrees = {}
    for offset in range(-reach, reach + 1):
        likeness = step[..., (columns + offset).clamp(0, max(count - 1, 0))] / step
        agrees[offset] = (likeness > PLANAR) & (likeness < 1 / PLANAR)
    planes = torch.zeros_like(step, dtype=torch.bool)
    for first in range(-reach, 1):
        row = torch.stack([agrees[offset] for offset in range(first, first + STRAIGHT) if offset]).all(dim=0)
        whole = (columns + first >= 0) & (columns + first + reach < count)
        planes |= row & (whole | (first == -(reach // 2)))
    return planes


def build_depth_mesh(depth_map: DepthMap, anchor: Cameras, *, max_angle_deg: float = 85.0, block_cuts: bool = False) -> DepthMesh:
    """Triangulate a depth map seen from the anchor camera.

    Args:
        anchor: one camera; its image size may differ from the depth map's.
        max_angle_deg: incidence beyond which neighbours are not connected, degrees.
        block_cuts: keep the cut faces as invisible blockers instead of removing them.

    Raises:
        ValueError: if `anchor` is not exactly one camera.
    """
    if len(anchor) != 1:
        raise ValueError(f"anchor: wanted exactly one camera for one depth map, got {len(anchor)}; select it first")
    height, width = depth_map.depth.shape
    depth = torch.where(depth_map.valid, depth_map.depth.double(), torch.nan)  # [H, W]
    camera = anchor.to(depth.device, torch.float64).resize(width, height)
    K, w2c = camera.K[0], camera.w2c[0]
    jump_x = _pad_jumps(find_jumps(depth, float(K[0, 0]), max_angle_deg))  # [H + 2, W + 1]
    jump_y = _pad_jumps(find_jumps(depth.mT, float(K[1, 1]), max_angle_deg)).mT  # [H + 1, W + 2]
    points, seen = _place_vertices(depth, K, w2c)
    faces, cut = _list_faces(jump_x, jump_y)
    usable = torch.isfinite(seen[:, 2])[faces].all(dim=-1) & (~cut | block_cuts)
    return DepthMesh(points=points, anchor=seen, faces=faces[usable], paints=~cut[usable], width=width, height=height)


def _place_vertices(depth: Tensor, K: Tensor, w2c: Tensor) -> tuple[Tensor, Tensor]:
    height, width = depth.shape
    y, x = torch.meshgrid(_grid_lines(height, depth), _grid_lines(width, depth), indexing="ij")
    z = torch.nn.functional.pad(depth[None, None], (1, 1, 1, 1), mode="replicate")[0, 0]  # [H + 2, W + 2]
    in_camera = (unit_depth_rays(K, torch.stack([x, y], dim=-1)) * z[..., None]).reshape(-1, 3)
    return (in_camera - w2c[:3, 3]) @ w2c[:3, :3], torch.stack([x, y, z], dim=-1).reshape(-1, 3)  # [N, 3] each


def _grid_lines(size: int, like: Tensor) -> Tensor:
    centers = torch.arange(size, dtype=like.dtype, device=like.device) + 0.5
    return torch.cat([centers.new_zeros(1), centers, centers.new_full((1,), size)])  # [size + 2]


def _pad_jumps(jump: Tensor) -> Tensor:
    """Bring jumps along x to the padded grid: the half-pixel edges have none, border rows repeat their neighbour's, [H + 2, W + 1]."""
    rows = torch.arange(-1, len(jump) + 1, device=jump.device).clamp(0, len(jump) - 1)
    return torch.nn.functional.pad(jump, (1, 1))[rows]


def _list_faces(jump_x: Tensor, jump_y: Tensor) -> tuple[Tensor, Tensor]:
    """Faces [F, 3] of the padded grid in their numbering, and whether each lies across a jump [F]."""
    rows, columns = jump_x.shape[0], jump_y.shape[1]
    vertex = torch.arange(rows * columns, device=jump_x.device).reshape(rows, columns)
    top_left, top_right = vertex[:-1, :-1], vertex[:-1, 1:]
    low_left, low_right = vertex[1:, :-1], vertex[1:, 1:]
    upper = torch.stack([top_left, low_left, top_right], dim=-1)
    lower = torch.stack([low_right, top_right, low_left], dim=-1)
    cut_upper = jump_x[:-1] | jump_y[:, :-1]
    cut_lower = jump_x[1:] | jump_y[:, 1:]
    faces = torch.stack([upper, lower], dim=2).reshape(-1, 3)  # [F, 3], face 2q and 2q + 1 of quad q
    return faces, torch.stack([cut_upper, cut_lower], dim=2).reshape(-1)
