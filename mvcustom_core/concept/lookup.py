"""What reference cameras see of points along the target rays, in numbers that depend on cameras alone."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..camera.cameras import Cameras
from ..camera.codes import encode_points, encode_rays
from ..camera.rays import project_points
from .transfer import make_constant

NEAREST_DEPTH = 1e-3  # world units in front of a reference; closer points project to nowhere useful
POSITION_LIMIT = 1.2  # positions are clipped here, as in the published lookup, so that points near a camera's plane stay finite


@dataclass(frozen=True, eq=False)
class Seen:
    """S samples on each of R rays, in A references."""

    positions: Tensor  # [A, R, S, 2] (x, y) in the reference image, -1..1 from edge to edge
    visible: Tensor  # [A, R, S] bool, in front of and inside the reference, and allowed
    points: Tensor  # [A, R, S, 3] in the reference camera
    ray_code: Tensor  # [A, R, CODE_WIDTH], target rays in the reference camera
    point_code: Tensor | None = None  # [A, R, S, CODE_WIDTH], absent where it would be too large to keep

    @property
    def encoded_points(self) -> Tensor:
        """[A, R, S, CODE_WIDTH]."""
        return encode_points(self.points) if self.point_code is None else self.point_code

    def select(self, part: slice) -> Seen:
        """The same for some of the rays."""
        return Seen(
            self.positions[:, part],
            self.visible[:, part],
            self.points[:, part],
            self.ray_code[:, part],
            None if self.point_code is None else self.point_code[:, part],
        )


@dataclass(frozen=True, eq=False)
class Rays:
    """R rays and the references that their samples are looked up in."""

    origins: Tensor  # [R, 3] world
    directions: Tensor  # [R, 3] world, unit
    references: Cameras
    allowed: Tensor  # [A, R] bool
    parity: bool  # as of `NerfSettings`

    def select(self, part: slice) -> Rays:
        """Some of the rays."""
        return replace(self, origins=self.origins[part], directions=self.directions[part], allowed=self.allowed[:, part])

    def look_up(self, distances: Tensor) -> Seen:
        """What the references see at distances [R, S] along the rays."""
        in_world = self.origins[:, None] + distances[..., None] * self.directions[:, None]  # [R, S, 3]
        pixels, depth = project_points(self.references, in_world.flatten(0, 1))
        positions = 2 * pixels / make_constant([self.references.width, self.references.height], pixels) - 1
        inside = (depth > NEAREST_DEPTH) & (positions.abs() <= 1).all(-1)
        visible = torch.ones_like(inside) if self.parity else inside
        size = distances.shape
        w2c = camera_axes(self.references, self.parity)  # [A, 4, 4]
        return Seen(
            positions=positions.nan_to_num().clamp(-POSITION_LIMIT, POSITION_LIMIT).unflatten(1, size),
            visible=visible.unflatten(1, size) & self.allowed[..., None],
            points=transform(in_world.flatten(0, 1), w2c).unflatten(1, size),
            ray_code=encode_rays(transform(self.origins, w2c), self.directions @ w2c[:, :3, :3].mT),
        )


def camera_axes(cameras: Cameras, parity: bool) -> Tensor:
    """Camera-from-world matrices [V, 4, 4], with x left and y up under parity."""
    return cameras.w2c * make_constant([-1, -1, 1, 1], cameras.w2c)[:, None] if parity else cameras.w2c


def transform(points: Tensor, w2c: Tensor) -> Tensor:
    """World points [N, 3] in each camera [V, 4, 4]: [V, N, 3]."""
    return points @ w2c[:, :3, :3].mT + w2c[:, None, :3, 3]
