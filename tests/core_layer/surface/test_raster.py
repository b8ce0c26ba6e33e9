"""The rasteriser against closed forms and against a brute-force ray caster that shares no code with it."""

from __future__ import annotations

import math

import pytest
import torch

from mvcustom.mvcustom_core.camera.cameras import Cameras, look_at
from mvcustom.mvcustom_core.surface.mesh import build_depth_mesh, find_jumps
from mvcustom.mvcustom_core.surface.raster import RasterSettings, rasterize_depth
from mvcustom.tests.core_layer.surface.ray_casting import (
    F64,
    cast_rays,
    make_bumps,
    make_camera,
    make_grid,
    make_map,
    make_orbit,
    make_slant,
    make_steps,
)

LOOSE = RasterSettings(max_angle_deg=89.9)


CASES = {
    "yaw": (make_camera(), make_camera(eye=(0.7, 0.1, 0.1), yaw_deg=-18)),
    "slide and dolly": (make_camera(), make_camera(eye=(0.23, -0.31, 0.4))),
    "near plane": (make_camera(), make_camera(eye=(0.3, 0.05, 1.9), yaw_deg=35)),
    "through the camera": (make_camera(), make_camera(eye=(0.1, 0.0, 2.05), yaw_deg=80)),
    "from behind": (make_camera(), make_camera(eye=(1.6, 0.2, 2.7), yaw_deg=-125)),
    "edge of the world": (make_camera(), make_camera(eye=(2.2, 0.1, 2.3), yaw_deg=-97)),
    "other K, not square": (
        make_camera(10, 7, (9.0, 8.0), center=(4.6, 3.1)),
        make_camera(12, 6, (10.0, 7.5), eye=(0.4, 0.1, 0), yaw_deg=-9, center=(6.3, 2.8)),
    ),
    "posed anchor": (
        make_camera(eye=(0.5, -0.4, 0.3), yaw_deg=25, roll_deg=10),
        make_camera(eye=(0.9, -0.3, 0.4), yaw_deg=12, roll_deg=-4),
    ),
}


def check_against_brute_force(depth, anchor, target, height, width, settings=LOOSE, max_step=math.inf):
    z, xy, face, front, sure = cast_rays(depth, anchor, target, height, width, settings.near, max_step)
    hits = rasterize_depth(make_map(depth), anchor, target, height, width, settings)
    assert sure.float().mean() > 0.5
    assert torch.isfinite(z[sure]).any()
    assert torch.equal(torch.isfinite(hits.depth[0][sure]), torch.isfinite(z[sure]))
    assert torch.equal(hits.visible[0][sure], (front & torch.isfinite(z))[sure])
    if max_step == math.inf:  # the numbers of faces are those of the whole grid
        assert torch.equal(hits.face[0][sure], face[sure])
    hit = sure & torch.isfinite(z)
    assert (hits.depth[0] - z)[hit].abs().max() < 1e-9
    assert (hits.anchor_xy[0] - xy)[hit].abs().max() < 1e-8
    return hits


@pytest.mark.parametrize("case", CASES)
def test_equals_brute_force(case):
    anchor, target = CASES[case]
    height, width = (9, 14) if "square" in case else (12, 12)
    check_against_brute_force(make_bumps(anchor.height, anchor.width), anchor, target, height, width)


@pytest.mark.parametrize("angle", [-30, -12, 12, 30])
@pytest.mark.parametrize("surface", [make_bumps, make_slant, make_steps])
def test_surfaces_seen_from_an_orbit(surface, angle):
    check_against_brute_force(surface(8, 8), make_camera(), make_orbit(angle), 13, 13)


@pytest.mark.parametrize("target", [make_orbit(-20), make_orbit(20), make_camera(eye=(0.4, -0.2, 0.3))])
def test_steps_are_cut(target):
    tight = RasterSettings(max_angle_deg=80.0)
    hits = check_against_brute_force(make_steps(8, 8), make_camera(), target, 15, 15, tight, max_step=1.0)
    assert not hits.visible.all()


def test_faces_across_the_near_plane_keep_their_edges():
    """Rows alternate across the near plane: each pixel of a far row lies on a vertex of such faces alone. All numbers are exact."""
    depth = torch.tensor([1.5, 2.25], dtype=F64).repeat(4)[:7, None].expand(7, 8).contiguous()
    hits = rasterize_depth(make_map(depth), make_camera(8, 7), make_camera(8, 7), 7, 8, RasterSettings(near=1.9, max_angle_deg=89.9))
    assert torch.equal(hits.visible[0], depth > 1.9)
    assert (hits.depth[0] - depth)[depth > 1.9].abs().max() < 1e-12


@pytest.mark.parametrize("target", [make_camera(eye=(0, 0, 6.0), yaw_deg=180), make_camera(eye=(0.2, 0.1, -2.0), yaw_deg=4)])
def test_a_far_near_plane_cuts_both_sides_of_a_surface(target):
    hits = check_against_brute_force(make_bumps(8, 8), make_camera(), target, 12, 12, RasterSettings(near=4.0, max_angle_deg=89.9))
    assert torch.isfinite(hits.depth).any() and torch.isinf(hits.depth).any()


@pytest.mark.parametrize(("depth_size", "raster_size"), [(64, 16), (64, 32), (16, 64)])
def test_other_resolutions_equal_brute_force(depth_size, raster_size):
    camera, target = make_camera(64, 64, 64.0), make_orbit(17, width=64, height=64, focal=64.0)
    ripple = make_bumps(64, 64, 0.02)[:depth_size, :depth_size] + make_slant(depth_size, depth_size) - 2
    check_against_brute_force(ripple, camera, target, raster_size, raster_size)


def test_the_same_bits_on_one_thread_and_on_two():
    anchor, target = CASES["posed anchor"]
    threads = torch.get_num_threads()
    results = []
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            results.append(rasterize_depth(make_map(make_bumps(100, 100)), anchor, target, 200, 200, LOOSE))
    finally:
        torch.set_num_threads(threads)
    for field in ("face", "anchor_xy", "depth", "stretch", "visible"):
        assert torch.equal(*(getattr(hits, field) for hits in results))


def test_wild_depth_makes_no_nan():
    wild = (8 * torch.randn(40, 40, generator=torch.Generator().manual_seed(0), dtype=F64)).exp()  # over fourteen decades
    valid = torch.rand(40, 40, generator=torch.Generator().manual_seed(1)) > 0.3
    wild[~valid] = torch.tensor([torch.nan, torch.inf, 0.0, -1.0], dtype=F64).repeat(400)[: int((~valid).sum())]
    for target in (make_camera(), make_orbit(40), make_camera(eye=(0.1, 0.2, 1.0), yaw_deg=170)):
        hits = rasterize_depth(make_map(wild, valid), make_camera(), target, 32, 32, LOOSE)
        hit = hits.face >= 0
        assert hit.any()
        assert all(torch.isfinite(values[hit]).all() for values in (hits.anchor_xy, hits.anchor_depth, hits.depth))
        assert not hits.stretch[hit].isnan().any()


def test_identity_is_exact_to_the_border():
    anchor = make_camera(13, 7, (11.3, 9.7), center=(6.21, 3.77), eye=(0.3, 0.2, -1.0), yaw_deg=20)
    depth = make_bumps(7, 13)
    hits = rasterize_depth(make_map(depth), anchor, anchor, 7, 13, LOOSE)
    x, y = make_grid(7, 13)
    assert hits.visible.all()
    assert (hits.anchor_xy[0] - torch.stack([x, y], -1)).abs().max() < 1e-9
    assert (hits.depth[0] - depth).abs().max() < 1e-9
    assert (hits.anchor_depth - hits.depth).abs().max() < 1e-9


@pytest.mark.parametrize("shift", [1.0, 0.5, 2.5, -3.0])
def test_slide_before_a_wall_shifts_pixels(shift):
    depth = torch.full((6, 8), 2.0, dtype=F64)
    target = make_camera(8, 6, eye=(shift * 2.0 / 8.0, 0.0, 0.0))
    hits = rasterize_depth(make_map(depth), make_camera(8, 6), target, 6, 8)
    x, y = make_grid(6, 8)
    inside = (x + shift >= 0) & (x + shift <= 8)
    assert torch.equal(hits.visible[0], inside)
    assert (hits.anchor_xy[0] - torch.stack([x + shift, y], -1))[inside].abs().max() < 1e-9


def test_sideways_slide_keeps_rows():
    rows = torch.tensor([2.0, 2.1, 2.3, 2.2, 1.9, 2.0], dtype=F64)
    target = make_camera(8, 6, eye=(0.37, 0.0, 0.0))
    hits = rasterize_depth(make_map(rows[:, None].expand(6, 8).contiguous()), make_camera(8, 6), target, 6, 8, LOOSE)
    x, y = make_grid(6, 8)
    expected = x + 8.0 * 0.37 / rows[:, None]
    seen = expected < 8
    assert torch.equal(hits.visible[0], seen)  # rows of vertices lie on rows of pixel centres: exclusive edges would lose them all
    assert (hits.anchor_xy[0, ..., 0] - expected)[seen].abs().max() < 1e-2  # half a snap, along the steepest row
    assert (hits.anchor_xy[0, ..., 1] - y)[seen].abs().max() < 1e-2


def test_quarter_roll_turns_the_grid():
    hits = rasterize_depth(make_map(torch.full((6, 6), 2.0, dtype=F64)), make_camera(6, 6), make_camera(6, 6, roll_deg=90), 6, 6)
    x, y = make_grid(6, 6)
    assert hits.visible.all()
    assert (hits.anchor_xy[0] - torch.stack([6 - y, x], -1)).abs().max() < 1e-9


@pytest.mark.parametrize("size", [16, 32, 128])
def test_other_raster_sizes_sample_cell_centres(size):
    hits = rasterize_depth(make_map(torch.full((64, 64), 2.0, dtype=F64)), make_camera(64, 64, 70.0), make_camera(64, 64, 70.0), size, size)
    x, y = make_grid(size, size)
    assert hits.visible.all()
    assert (hits.anchor_xy[0] - torch.stack([x, y], -1) * 64 / size).abs().max() < 1e-9


def test_depth_map_resolution_is_free():
    hits = rasterize_depth(make_map(torch.full((16, 16), 2.0)), make_camera(64, 64, 70.0), make_camera(64, 64, 70.0), 8, 8)
    x, y = make_grid(8, 8)
    assert (hits.anchor_xy[0] - torch.stack([x, y], -1) * 2).abs().max() < 1e-6


def make_post():
    """A wall at 4 and before it, at 1, a post two pixels wide; half a unit to the right the wall moves 1 pixel and the post 4."""
    depth = torch.full((8, 8), 4.0, dtype=F64)
    depth[:, 3:5] = 1.0
    return make_map(depth), make_camera(), make_camera(eye=(0.5, 0, 0))


def test_nearest_wins_and_jumps_stay_open():
    hits = rasterize_depth(*make_post(), 8, 8)
    expected = torch.tensor([1, 4, torch.inf, torch.inf, 4, 4, 4, torch.inf], dtype=F64)
    assert (hits.depth[0] - expected).nan_to_num(0).abs().max() < 1e-9
    assert torch.equal(torch.isfinite(hits.depth[0]), torch.isfinite(expected).expand(8, 8))
    assert torch.equal(hits.visible, torch.isfinite(hits.depth))
    assert hits.anchor_xy[0, 3, [0, 1, 4, 6], 0].tolist() == pytest.approx([4.5, 2.5, 5.5, 7.5])
    assert torch.equal(hits.face < 0, ~hits.visible)


def test_cut_faces_can_block():
    hits = rasterize_depth(*make_post(), 8, 8, RasterSettings(block_cuts=True))
    assert torch.isfinite(hits.depth[0, :, 1:4]).all()
    assert not hits.visible[0, :, 1:4].any()
    assert hits.visible[0, :, 5:7].all()


def test_back_faces_hide_but_do_not_paint():
    depth = torch.full((8, 8), 3.0, dtype=F64)
    hits = rasterize_depth(make_map(depth), make_camera(), make_camera(eye=(0, 0, 6.0), yaw_deg=180), 8, 8)
    assert (hits.depth[0] - 3).abs().max() < 1e-9
    assert not hits.visible.any()


def test_invalid_pixels_leave_holes():
    depth, valid = torch.full((8, 8), 2.0, dtype=F64), torch.ones(8, 8, dtype=torch.bool)
    depth[2, 5], valid[2, 5] = torch.nan, False
    hits = rasterize_depth(make_map(depth, valid), make_camera(), make_camera(), 16, 16)
    hole = torch.zeros(16, 16, dtype=torch.bool)
    hole[4:6, 10:12] = True  # each of the four quads around the vertex keeps at most the corner away from it
    assert not hits.visible[0][hole].any()
    assert hits.visible[0, :3].all() and hits.visible[0, 8:].all() and hits.visible[0, :, :8].all()


def test_floor_to_the_horizon_is_no_jump():
    focal, horizon = 64.0, -1.3  # rows below the horizon see the floor at incidence atan(focal / rows): the first ones beyond 85 degrees
    rows = torch.arange(20, dtype=F64) + 0.5 - horizon
    floor = focal / rows
    assert ((floor[:-1] - floor[1:]) / floor[1:])[0] > math.tan(math.radians(85)) / focal
    assert not find_jumps(floor, focal, 85.0).any()
    step = floor.clone()
    step[10:] *= 0.7
    assert find_jumps(step, focal, 85.0).nonzero().tolist() == [[9]]


def test_floor_goes_on_up_to_the_hill_that_ends_it():
    """Below the foot of a wall the floor's steps are steep; the wall above has none, and the sky over it is another thing."""
    focal, foot = 64.0, 40.0  # rows count upward from the picture's lower edge
    rows = torch.arange(60, dtype=F64) + 0.5
    depth = (focal / (45 - rows).clamp(min=1)).clamp(max=focal / (45 - foot))
    depth[50:] = 1e6
    assert find_jumps(depth, focal, 85.0).nonzero().tolist() == [[49]]
    assert find_jumps(depth.flip(0), focal, 85.0).nonzero().tolist() == [[9]]
    blurred = torch.tensor([1.0] * 8 + [1.5, 2.5] + [8.0] * 8, dtype=F64)  # an outline over three steps is no plane
    assert find_jumps(blurred, focal, 85.0)[7:10].all()


def test_jump_limit_follows_the_angle():
    limit = math.tan(math.radians(80)) / 30.0
    for factor, jump in ((0.99, False), (1.01, True)):
        depth = torch.tensor([1, 1, 1, 1 + factor * limit, 1 + factor * limit, 1 + factor * limit], dtype=F64)
        assert find_jumps(depth, 30.0, 80.0).tolist() == [False, False, jump, False, False]
    assert not find_jumps(torch.ones(1, dtype=F64), 30.0, 80.0).numel()


@pytest.mark.parametrize("row", [False, True])
def test_jumps_open_both_axes(row):
    depth = torch.full((8, 8), 4.0, dtype=F64)
    depth[:, 3:5] = 1.0
    mesh = build_depth_mesh(make_map(depth.mT.contiguous() if row else depth), make_camera())
    low, high = mesh.anchor[mesh.faces][:, :, 1 if row else 0].aminmax(dim=1)
    assert not ((low < 3) & (high > 3)).any() and not ((low < 5) & (high > 5)).any()
    assert len(mesh.faces) == 2 * 9 * 7  # of 9 x 9 quads, two columns are cut


def test_stretch_is_magnification_and_inverse_cosine():
    wall = make_map(torch.full((32, 32), 4.0, dtype=F64))
    nearer = rasterize_depth(wall, make_camera(32, 32, 32.0), make_camera(32, 32, 32.0, eye=(0, 0, 2.0)), 16, 16)
    assert (nearer.stretch - 2).abs().max() < 1e-6  # both pictures brought to one size, so the raster's own size does not count
    x, _ = make_grid(32, 32)
    tilt = math.radians(60)  # a wall through (0, 0, 4), leaning away by 60 degrees
    depth = 4.0 / (1 - (x - 16) / 400.0 * math.tan(tilt))
    eye = (4 * math.sin(tilt), 0.0, 4 - 4 * math.cos(tilt))  # at the same distance on its normal
    facing = rasterize_depth(make_map(depth), make_camera(32, 32, 400.0), make_camera(32, 32, 400.0, eye=eye, yaw_deg=-60), 33, 33)
    assert facing.visible[0, 16, 16]
    assert facing.stretch[0, 16, 16] == pytest.approx(2.0, rel=0.01)


def test_chunks_and_batches_do_not_matter():
    anchor, target = CASES["near plane"]
    both = Cameras(torch.cat([target.w2c, CASES["yaw"][1].w2c]), torch.cat([target.K, target.K]), 8, 8)
    depth_map = make_map(make_bumps(8, 8))
    whole = rasterize_depth(depth_map, anchor, both, 20, 20, LOOSE)
    pieces = rasterize_depth(depth_map, anchor, both[1], 20, 20, RasterSettings(max_angle_deg=89.9, chunk=13))
    assert torch.equal(whole.face[1:], pieces.face)
    assert torch.equal(whole.anchor_xy[1:], pieces.anchor_xy)


def test_large_depths_are_not_lost():
    for z in (1.0, 2.0, 4.0, 1000.0):
        assert rasterize_depth(make_map(torch.full((4, 4), z, dtype=F64)), make_camera(4, 4), make_camera(4, 4), 4, 4).visible.all()


def test_mesh_numbering():
    mesh = build_depth_mesh(make_map(torch.full((2, 3), 2.0, dtype=F64)), make_camera(3, 2))
    assert len(mesh.points) == 4 * 5
    assert mesh.anchor[:, 0].reshape(4, 5)[0].tolist() == [0, 0.5, 1.5, 2.5, 3]
    assert mesh.anchor[:, 1].reshape(4, 5)[:, 0].tolist() == [0, 0.5, 1.5, 2]
    quad = 1 * 4 + 2  # row 1, column 2 of the quads
    assert mesh.faces[2 * quad].tolist() == [7, 12, 8]
    assert mesh.faces[2 * quad + 1].tolist() == [13, 8, 12]


def test_errors():
    depth_map, camera = make_map(torch.full((4, 4), 2.0)), make_camera(4, 4)
    two = Cameras(camera.w2c.repeat(2, 1, 1), camera.K.repeat(2, 1, 1), 4, 4)
    with pytest.raises(ValueError, match="exactly one camera.*got 2"):
        rasterize_depth(depth_map, two, camera, 4, 4)
    with pytest.raises(ValueError, match="positive size, got 0x4"):
        rasterize_depth(depth_map, camera, camera, 4, 0)
    for wrong in ({"near": 0.0}, {"chunk": 0}, {"max_angle_deg": 90.0}):
        with pytest.raises(ValueError, match="raster settings"):
            RasterSettings(**wrong)


def test_looks_along_the_given_pose():
    """The wall's points, found by intersecting it with the inverse pose's ray; w2c taken for c2w would miss them."""
    eye, origin = torch.tensor([[1.0, 0.5, 0.0]], dtype=F64), torch.tensor([[0.0, 0.0, 4.0]], dtype=F64)
    target = Cameras(look_at(eye, origin, torch.tensor([[0, -1.0, 0]], dtype=F64)), make_camera(9, 9).K, 9, 9)
    hits = rasterize_depth(make_map(torch.full((9, 9), 4.0, dtype=F64)), make_camera(9, 9, center=(4.5, 4.5)), target, 9, 9)
    K = target.K[0]
    ray = torch.linalg.solve(K, torch.tensor([2.5, 6.5, 1.0], dtype=F64))
    world = target.c2w[0, :3, :3] @ ray
    point = eye[0] + world * (4.0 - eye[0, 2]) / world[2]  # on the wall z = 4
    expected = 8 * point[:2] / 4 + 4.5
    assert hits.visible[0, 6, 2]
    assert (hits.anchor_xy[0, 6, 2] - expected).abs().max() < 1e-8
