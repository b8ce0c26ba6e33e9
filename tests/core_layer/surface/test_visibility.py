"""Which points of a ground with a ball on it are followed into other views, against rays cast at the ground and the ball themselves."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import pytest
import torch
from torch import Tensor

from mvcustom.mvcustom_core.camera.cameras import Cameras, look_at, square_intrinsics
from mvcustom.mvcustom_core.camera.rays import cell_centers, project_points
from mvcustom.mvcustom_core.path.trajectory import orbit
from mvcustom.mvcustom_core.surface.correspondence import Correspondence, find_correspondences
from mvcustom.mvcustom_core.surface.depth import AnchorDepth, DepthMap
from mvcustom.mvcustom_core.surface.surface import build_surfaces
from mvcustom.tests.core_layer.surface.test_correspondence import locate

F64 = torch.float64
SIZE, VIEWS, ANCHOR, FAR, GRIDS = 512, 4, 2, 20.0, (64, 32, 16)
ELEVATIONS = (10, 18, 30)
BALL, RADIUS = torch.tensor([0.0, -0.2, 0.0], dtype=F64), 0.2  # on the ground, y = 0; y points downward


@dataclass(frozen=True, eq=False)
class Truth:
    """Of every view n, cell p and view m: the point [V, (h w), V, 2] in m of what n shows in p, in cells, and what becomes of it, bool.

    Attributes:
        visible: n and m see the point, and so does the anchor.
        hidden: n and the anchor see it, and m looks at it, but something that the anchor sees is in the way.
    """

    points: Tensor  # [V, (h w), V, 2]
    visible: Tensor  # [V, (h w), V]
    hidden: Tensor  # [V, (h w), V]


def make_path(elevation_deg: float) -> Cameras:
    elevation = math.radians(elevation_deg)
    eye = torch.tensor([[0.0, -math.sin(elevation), math.cos(elevation)]], dtype=F64)
    w2c = look_at(eye, torch.zeros(1, 3, dtype=F64), torch.tensor([[0.0, -1.0, 0.0]], dtype=F64))
    return orbit(Cameras(w2c, square_intrinsics(1, SIZE, 52.0).double(), SIZE, SIZE), VIEWS, up=(0.0, -1.0, 0.0))


def cast(origins: Tensor, directions: Tensor, has_ball: bool) -> Tensor:
    """How many times its direction [..., 3] a ray goes until it hits, infinite if it does not, [...]."""
    ground = -origins[..., 1] / directions[..., 1]
    ground = ground.where(ground > 0, torch.inf)
    away = origins - BALL
    length2, along = directions.square().sum(-1), (directions * away).sum(-1)
    root = along.square() - length2 * (away.square().sum(-1) - RADIUS**2)
    ball = (-along - root.clamp(min=0).sqrt()) / length2
    return ground.minimum(ball.where((root > 0) & (ball > 0), torch.inf)) if has_ball else ground


def look(cameras: Cameras, size: int, has_ball: bool) -> tuple[Tensor, Tensor]:
    """World points [V, (h w), 3] and their z-depth [V, (h w)], infinite beyond FAR, through the centres of size x size cells."""
    sized = cameras.resize(size, size)
    pixels = (cell_centers(size, size, dtype=F64) - sized.K[:, None, :2, 2]) / sized.K.diagonal(dim1=1, dim2=2)[:, None, :2]
    rays = torch.nn.functional.pad(pixels, (0, 1), value=1.0) @ sized.w2c[:, :3, :3]  # [V, (h w), 3] of unit z-depth
    origins = sized.centers[:, None].expand_as(rays)
    depth = cast(origins, rays, has_ball)
    depth = depth.where(depth < FAR, torch.inf)
    return origins + torch.where(depth.isfinite(), depth, 1.0)[..., None] * rays, depth


def judge(cameras: Cameras, points: Tensor, has_ball: bool) -> tuple[Tensor, Tensor, Tensor]:
    """Of world points [N, 3]: whether each camera has them in its picture and sees them [V, N], and what it sees there [V, N, 3]."""
    pixels, z = project_points(cameras, points)
    framed = (z > 0) & (z < FAR) & ((pixels >= 0) & (pixels <= SIZE)).all(-1)
    origins = cameras.centers[:, None].expand(-1, len(points), -1)
    reach = cast(origins, points - origins, has_ball)
    return framed, framed & (reach > 1 - 1e-6), origins + reach.nan_to_num(1.0, 1.0)[..., None] * (points - origins)


def find_truth(cameras: Cameras, size: int, has_ball: bool) -> Truth:
    world, depth = look(cameras, size, has_ball)
    framed, seen, instead = judge(cameras, world.flatten(0, 1), has_ball)
    _, blocker_seen, _ = judge(cameras[ANCHOR], instead.flatten(0, 1), has_ball)
    blocked = framed & ~seen & blocker_seen.reshape(framed.shape)
    known = (depth.isfinite().flatten() & seen[ANCHOR]).unflatten(0, depth.shape)[..., None] & ~torch.eye(VIEWS, dtype=torch.bool)[:, None]
    by_source = [each.unflatten(1, depth.shape).permute(1, 2, 0) for each in (seen, blocked)]  # [V, (h w), V]
    points = project_points(cameras.resize(size, size), world.flatten(0, 1))[0].unflatten(1, depth.shape).permute(1, 2, 0, 3)
    return Truth(points, by_source[0] & known, by_source[1] & known)


@cache
def make_anchor(elevation_deg: int, has_ball: bool) -> AnchorDepth:
    depth = look(make_path(elevation_deg)[ANCHOR], SIZE, has_ball)[1].reshape(SIZE, SIZE)
    return AnchorDepth(ANCHOR, DepthMap(depth.float(), depth.isfinite(), "test", 1.0, ""))


@cache
def follow(elevation_deg: int, has_ball: bool, grids: tuple[int, ...]) -> dict[tuple[int, int], Correspondence]:
    anchor = make_anchor(elevation_deg, has_ball)
    return find_correspondences(build_surfaces([anchor], make_path(elevation_deg)), [(grid, grid) for grid in grids])


@pytest.mark.parametrize("elevation_deg", ELEVATIONS)
@pytest.mark.parametrize("grids", [GRIDS, (16,)], ids=["three grids", "one coarse grid"])
def test_visible_ground_is_found_where_it_is(elevation_deg: int, grids: tuple[int, ...]) -> None:
    """At a flat angle, neighbouring pixels show ground at depths that differ by more than what two surfaces may."""
    cameras = make_path(elevation_deg)
    for (grid, _), found in follow(elevation_deg, False, grids).items():
        truth, known = find_truth(cameras, grid, False), found.known
        assert known[truth.visible].double().mean() >= 0.99, grid
        inner = truth.visible & known & ((truth.points > 0.5) & (truth.points < grid - 0.5)).all(-1)
        error = (locate(found) - truth.points).norm(dim=-1)[inner]
        assert error.quantile(0.999) < 0.02 and error.max() < 0.5, grid  # in cells


@pytest.mark.parametrize("elevation_deg", ELEVATIONS)
def test_ground_behind_a_ball_is_not_found(elevation_deg: int) -> None:
    """What remains lies within a pixel of the ball's outline, or right behind the place where the ball touches the ground."""
    cameras = make_path(elevation_deg)
    visible, hidden = [], []
    for (grid, _), found in follow(elevation_deg, True, GRIDS).items():
        truth, known = find_truth(cameras, grid, True), found.known
        visible.append(known[truth.visible])
        hidden.append(known[truth.hidden])
    assert len(torch.cat(hidden)) > 900
    assert torch.cat(hidden).double().mean() < 0.035, [float(known.double().mean()) for known in hidden]
    assert torch.cat(visible).double().mean() > 0.985
