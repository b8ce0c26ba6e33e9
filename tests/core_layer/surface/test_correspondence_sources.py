"""Where views show the same surface, from depth of every view, from point maps and from matches, against closed forms.

The truth is computed for single rays and never on the grid that is judged.
"""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from mvcustom.mvcustom_core.camera.cameras import Cameras, look_at, square_intrinsics
from mvcustom.mvcustom_core.camera.matches import meet_rays, verify_matches
from mvcustom.mvcustom_core.camera.rays import cell_centers, project_points, unproject_depth
from mvcustom.mvcustom_core.surface.correspondence import Correspondence, correspond_depths
from mvcustom.mvcustom_core.surface.matches import correspond_matches
from mvcustom.mvcustom_core.surface.point_maps import correspond_points

F64 = torch.float64
CELLS, PIXELS = 16, 128
RADIUS, BALL, WALL = 0.8, torch.tensor([0.0, 0.0, 3.0], dtype=F64), 5.0  # a sphere before a wall


def make_row(centers: list[float]) -> Cameras:
    """Cameras side by side that look along z; the focal length is the picture's width."""
    w2c = torch.eye(4, dtype=F64).repeat(len(centers), 1, 1)
    w2c[:, 0, 3] = -torch.tensor(centers, dtype=F64)
    return Cameras(w2c, square_intrinsics(len(centers), PIXELS, math.degrees(2 * math.atan(0.5))).double(), PIXELS, PIXELS)


def cast(origins: Tensor, directions: Tensor) -> Tensor:
    """Distance to the sphere or the wall along rays [..., 3] of any length."""
    to = origins - BALL
    a, b, c = directions.square().sum(-1), (to * directions).sum(-1), to.square().sum(-1) - RADIUS**2
    root = b.square() - a * c
    ball = torch.where(root >= 0, (-b - root.clamp(min=0).sqrt()) / a, torch.inf)
    return torch.where(ball > 0, ball, torch.inf).minimum((WALL - origins[..., 2]) / directions[..., 2])


def render_depth(cameras: Cameras) -> Tensor:
    rays = cameras.directions(cell_centers(PIXELS, PIXELS, dtype=F64))  # [V, (H W), 3] of z-depth 1
    return cast(cameras.centers[:, None].expand_as(rays), rays).unflatten(1, (PIXELS, PIXELS))


def find_truth(cameras: Cameras) -> tuple[Tensor, Tensor, Tensor]:
    """Of every cell's centre: its place [V, P, V, 2] in cells, whether it is seen [V, P, V], and whether that is beyond doubt: no
    silhouette or border of the picture is within a third of a cell."""
    centers = cell_centers(CELLS, CELLS, dtype=F64) * (PIXELS / CELLS)
    rays = cameras.directions(centers)  # [V, P, 3]
    world = cameras.centers[:, None] + cast(cameras.centers[:, None].expand_as(rays), rays)[..., None] * rays
    places, seen = look_at_points(cameras, world)
    turns = torch.arange(8, dtype=F64) * math.pi / 4
    sure = torch.ones_like(seen)
    for step in torch.stack([turns.cos(), turns.sin()], -1) * (PIXELS / CELLS / 3):  # around both ends
        near_rays = cameras.directions(centers + step)
        near = cameras.centers[:, None] + cast(cameras.centers[:, None].expand_as(near_rays), near_rays)[..., None] * near_rays
        same_side = (near[..., 2] > WALL - 1e-6) == (world[..., 2] > WALL - 1e-6)
        sure &= (look_at_points(cameras, near)[1] == seen) & same_side[..., None]
        moved = places + step / (PIXELS / CELLS)
        inside = ((moved >= 0) & (moved <= CELLS)).all(-1)
        sure &= inside == ((places >= 0) & (places <= CELLS)).all(-1)
        for m in range(len(cameras)):
            directions = cameras[m].directions(moved[:, :, m].flatten(0, 1) * (PIXELS / CELLS))[0]
            depth = cast(cameras.centers[m].expand_as(directions), directions).unflatten(0, moved.shape[:2])
            front = depth < WALL - 1e-6
            straight = cameras[m].directions(places[:, :, m].flatten(0, 1) * (PIXELS / CELLS))[0]
            sure[:, :, m] &= front == (cast(cameras.centers[m].expand_as(straight), straight).unflatten(0, moved.shape[:2]) < WALL - 1e-6)
    return places, seen, sure


def look_at_points(cameras: Cameras, world: Tensor) -> tuple[Tensor, Tensor]:
    """Places [V, P, V, 2] in cells of points [V, P, 3] in every view, and whether it sees them."""
    pixels, depth = project_points(cameras, world.flatten(0, 1))  # [m, (V P), 2]
    ways = world.flatten(0, 1) - cameras.centers[:, None]  # [m, (V P), 3]
    free = cast(cameras.centers[:, None].expand_as(ways), ways) > 1 - 1e-6
    inside = ((pixels >= 0) & (pixels <= PIXELS)).all(-1) & (depth > 0)
    split = (len(cameras), -1)
    places = (pixels * (CELLS / PIXELS)).transpose(0, 1).unflatten(0, split)
    return places, (free & inside).transpose(0, 1).unflatten(0, split)


def others(views: int) -> Tensor:
    return ~torch.eye(views, dtype=torch.bool)[:, None]  # [V, 1, V]


def assert_places(found: Correspondence, places: Tensor, where: Tensor, cells: float) -> None:
    assert (found.points[where] - places[where]).norm(dim=-1).max() <= cells


def test_a_flat_wall_moves_by_whole_cells_and_what_leaves_is_unknown() -> None:
    """At depth 5 a step of 5 k / 16 moves the wall by k cells."""
    k = 3
    cameras = make_row([0.0, k * WALL / CELLS])
    found = correspond_depths(cameras, torch.full((2, PIXELS, PIXELS), WALL), torch.ones(2, PIXELS, PIXELS, dtype=torch.bool), [(16, 16)])
    known, nearest = (each.reshape(2, 16, 16, 2) for each in (found[16, 16].known, found[16, 16].nearest))
    own = torch.arange(CELLS * CELLS).reshape(CELLS, CELLS)
    assert torch.equal(known[0, ..., 1], (torch.arange(16) >= k).expand(16, -1)) and not known[0, ..., 0].any()
    assert torch.equal(known[1, ..., 0], (torch.arange(16) < 16 - k).expand(16, -1))
    assert torch.equal(nearest[0, :, k:, 1], own[:, :-k]) and torch.equal(nearest[1, :, :-k, 0], own[:, k:])


@pytest.mark.parametrize("size", [(16, 16), (8, 4)])
def test_coinciding_views_know_every_cell_but_their_own(size: tuple[int, int]) -> None:
    cameras = make_row([0.0, 0.0, 0.0])
    depth = render_depth(cameras)
    found = correspond_depths(cameras, depth, torch.ones_like(depth, dtype=torch.bool), [size])[size]
    points = correspond_points(unproject_depth(cameras, depth), torch.ones_like(depth, dtype=torch.bool), size)
    own = torch.arange(size[0] * size[1])[None, :, None].expand(3, -1, 3)
    for each in (found, points):
        assert torch.equal(each.known, others(3).expand_as(each.known)) and torch.equal(each.nearest[each.known], own[each.known])


def test_what_a_sphere_hides_is_unknown() -> None:
    """Of the cells whose answer is beyond doubt, those that the other view sees are known, at their place, and the hidden are not."""
    cameras = make_row([-0.5, 0.0, 0.5])
    depth = render_depth(cameras)
    places, seen, sure = find_truth(cameras)
    found = correspond_depths(cameras, depth, torch.ones_like(depth, dtype=torch.bool), [(CELLS, CELLS)])[CELLS, CELLS]
    hidden = sure & ~seen & ((places >= 0) & (places <= CELLS)).all(-1)
    assert hidden.sum() >= 20 and (sure & seen & others(3)).sum() > 600
    assert torch.equal(found.known[sure], (seen & others(3))[sure])
    inner = sure & found.known & ((places > 0.5) & (places < CELLS - 0.5)).all(-1)  # taps blend no farther than the border's centres
    assert_places(found, places, inner, cells=0.02)


def test_depth_without_meaning_is_unknown() -> None:
    cameras = make_row([0.0, 0.0])
    valid = torch.ones(2, PIXELS, PIXELS, dtype=torch.bool)
    valid[1, : PIXELS // 2] = False
    found = correspond_depths(cameras, torch.full((2, PIXELS, PIXELS), WALL), valid, [(CELLS, CELLS)])[CELLS, CELLS]
    told = torch.arange(CELLS * CELLS) >= CELLS * CELLS // 2
    assert torch.equal(found.known[0, :, 1], told) and torch.equal(found.known[1, :, 0], told)


@pytest.mark.parametrize(("nearer", "known"), [(0.0, True), (0.015, True), (0.03, False), (-0.015, True), (-0.03, False)])
def test_depths_may_differ_by_two_percent(nearer: float, known: bool) -> None:
    depth = torch.full((2, PIXELS, PIXELS), WALL, dtype=F64)
    depth[1] *= 1 - nearer
    valid = torch.ones(2, PIXELS, PIXELS, dtype=torch.bool)
    found = correspond_depths(make_row([0.0, 0.0]), depth, valid, [(CELLS, CELLS)])[CELLS, CELLS]
    assert bool(found.known[0, :, 1].all()) is bool(found.known[0, :, 1].any()) is known


def test_ground_seen_at_a_flat_angle_is_followed() -> None:
    """Its depth changes by several percent from pixel to pixel, more than the same place seen by two views may differ."""
    eyes = torch.tensor([[-0.4, -0.25, 0.0], [0.4, -0.25, 0.0]], dtype=F64)
    w2c = look_at(eyes, torch.tensor([[0.0, 0.0, 3.0]], dtype=F64).expand(2, 3), torch.tensor([[0.0, -1.0, 0.0]], dtype=F64).expand(2, 3))
    cameras = Cameras(w2c, square_intrinsics(2, PIXELS, 50.0).double(), PIXELS, PIXELS)
    rays = cameras.directions(cell_centers(PIXELS, PIXELS, dtype=F64))
    depth = 0.25 / rays[..., 1]  # to the ground at y = 0, negative above the horizon
    valid = (depth > 0) & (depth < 50)
    found = correspond_depths(cameras, depth.unflatten(1, (128, 128)), valid.unflatten(1, (128, 128)), [(CELLS, CELLS)])[CELLS, CELLS]
    centers = cell_centers(CELLS, CELLS, dtype=F64) * (PIXELS / CELLS)
    exact = cameras[0].directions(centers)[0]
    there = 0.25 / exact[:, 1]
    pixels, far = project_points(cameras[[1]], cameras.centers[0] + there[:, None] * exact)
    places = pixels[0] / (PIXELS / CELLS)
    told = (there > 0) & (there < 45) & (far[0] > 0) & (far[0] < 45) & ((places > 0.5) & (places < CELLS - 0.5)).all(-1)
    assert told.sum() > 50 and found.known[0, :, 1][told].float().mean() > 0.97
    good = told & found.known[0, :, 1]
    assert (found.points[0, :, 1][good] - places[good]).norm(dim=-1).max() < 0.02


def test_point_maps_lead_to_the_nearest_place_and_back() -> None:
    """What both views see is found within a cell. What is hidden deeper than the way back may miss is unknown."""
    cameras = make_row([-1.0, 1.0])
    depth = render_depth(cameras)
    places, seen, sure = find_truth(cameras)
    found = correspond_points(unproject_depth(cameras, depth), torch.ones_like(depth, dtype=torch.bool), (CELLS, CELLS))
    visible = sure & seen & others(2)
    assert visible.sum() > 120 and found.known[visible].float().mean() > 0.95
    both = visible & found.known
    assert (found.points[both] - places[both]).norm(dim=-1).max() <= 1.0
    centers = cell_centers(CELLS, CELLS, dtype=F64)
    for n, m in ((0, 1), (1, 0)):
        rays = cameras.directions(centers * (PIXELS / CELLS))
        walls = [cast(cameras.centers[view].expand_as(rays[view]), rays[view]) > WALL - 1e-6 for view in (n, m)]
        depth_inside = torch.cdist(places[n, :, m], centers[walls[1]]).amin(1)  # to the nearest cell that shows the wall
        buried = walls[0] & ~seen[n, :, m] & (depth_inside > 2.5)
        assert buried.sum() >= 5 and not found.known[n, buried, m].any()
    assert torch.equal(found.weights, torch.ones_like(found.weights))


def test_point_maps_are_not_blended() -> None:
    """Columns at depth 1 and 3 take turns, pixel by pixel: a blend would lie at 2, where nothing is."""
    cameras = make_row([0.0, 0.0])
    depth = torch.where(torch.arange(PIXELS) % 2 == 0, 1.0, 3.0).double().expand(2, PIXELS, PIXELS)
    valid = torch.ones(2, PIXELS, PIXELS, dtype=torch.bool)
    valid[1] = depth[1] != 2.0
    found = correspond_points(unproject_depth(cameras, depth), valid, (CELLS, CELLS))
    own = torch.arange(CELLS * CELLS)
    assert torch.equal(found.nearest[0, :, 1], own) and torch.equal(found.nearest[1, :, 0], own)


def test_points_without_meaning_are_unknown() -> None:
    cameras = make_row([0.0, 0.0])
    depth = render_depth(cameras)
    valid = torch.ones(2, PIXELS, PIXELS, dtype=torch.bool)
    valid[0, :, : PIXELS // 2] = False
    maps = unproject_depth(cameras, depth)
    maps[0, 0, -1] = torch.nan
    found = correspond_points(maps, valid, (CELLS, CELLS))
    left = torch.arange(CELLS * CELLS) % CELLS < CELLS // 2
    assert not found.known[0, left, 1].any() and found.known[0, ~left, 1].all() and not found.known[1, left, 0][:-1].all()


def make_matches(cameras: Cameras, count: int = 40) -> tuple[dict[tuple[int, int], Tensor], Tensor]:
    """Exact matches of random points before both cameras, [N, 4]."""
    points = torch.rand(count, 3, generator=torch.Generator().manual_seed(4), dtype=F64) - 0.5 + BALL
    pixels, _ = project_points(cameras, points)
    return {(0, 1): torch.cat([pixels[0], pixels[1]], dim=-1)}, points


def test_rays_meet_at_their_point() -> None:
    cameras = make_row([0.0, 0.6])
    matches, points = make_matches(cameras)
    found, fixed = meet_rays(cameras, matches[0, 1].unflatten(1, (2, 2)).transpose(0, 1))
    assert fixed.all()
    torch.testing.assert_close(found, points)
    together, fixed = meet_rays(cameras[[0, 0]], matches[0, 1][:, [0, 1, 0, 1]].unflatten(1, (2, 2)).transpose(0, 1))
    assert not fixed.any() and together.isfinite().all()


def test_matches_that_the_cameras_do_not_allow_are_dropped() -> None:
    cameras = make_row([0.0, 0.6])
    ends = make_matches(cameras)[0][0, 1]
    beside = ends + torch.tensor([0.0, 0.0, 0.0, 4.0], dtype=F64)  # off the line by 4 pixels: 2 from either feature
    behind = ends.clone()
    behind[:, 2] = ends[:, 0] + 6.0  # on the line, but the rays meet behind the cameras
    near = ends + torch.tensor([0.0, 0.0, 0.0, 1.0], dtype=F64)
    assert len(verify_matches({(0, 1): ends}, cameras)[0, 1]) == len(verify_matches({(0, 1): near}, cameras)[0, 1]) == len(ends)
    assert len(verify_matches({(0, 1): beside}, cameras)[0, 1]) == len(verify_matches({(0, 1): behind}, cameras)[0, 1]) == 0


def test_matches_are_known_both_ways_in_their_cells_alone() -> None:
    cameras = make_row([0.0, 0.6, 1.2])
    ends = make_matches(cameras, count=12)[0][0, 1]
    found = correspond_matches({(0, 1): ends}, cameras, (CELLS, CELLS))
    size = PIXELS / CELLS
    for here, away, own, other in ((0, 1, ends[:, :2], ends[:, 2:]), (1, 0, ends[:, 2:], ends[:, :2])):
        cells = (own[:, 1] // size).long() * CELLS + (own[:, 0] // size).long()
        assert found.known[here, :, away].nonzero().squeeze(1).tolist() == sorted(set(cells.tolist()))
        for cell in set(cells.tolist()):
            inside = (cells == cell).nonzero().squeeze(1)
            middle = torch.tensor([cell % CELLS + 0.5, cell // CELLS + 0.5], dtype=F64) * size
            first = inside[(own[inside] - middle).norm(dim=-1).argmin()]
            torch.testing.assert_close(found.points[here, cell, away].double(), other[first] / size, rtol=0, atol=1e-4)
    assert not found.known[2].any() and not found.known[..., 2].any() and not (found.known & ~others(3)).any()


def test_a_match_in_its_own_cell_is_known() -> None:
    cameras = make_row([0.0, 0.6])
    found = correspond_matches({(0, 1): torch.tensor([[12.0, 12.0, 12.0, 12.0]])}, cameras, (CELLS, CELLS))
    cell = 1 * CELLS + 1
    assert found.known[0, cell, 1] and found.nearest[0, cell, 1] == cell and not found.known[0, cell + 1, 1]
    assert int(found.known.sum()) == 2
