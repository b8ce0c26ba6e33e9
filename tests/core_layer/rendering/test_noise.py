"""Noise shared by the infinite homography: rotations move it exactly, translations not at all, and it stays unit noise."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from mvcustom.mvcustom_core.camera.cameras import Cameras, square_intrinsics
from mvcustom.mvcustom_core.camera.rigid import rotation_from_vector
from mvcustom.mvcustom_core.rendering.noise import find_noise_sources, share_noise_at_infinity

SIDE = 8


def look(*turns_deg, fov_deg=52.0, centers=None, side=SIDE):
    """Cameras at the origin, or at centers, turned by (right, down, clockwise) degrees about their own axes."""
    x, y, z = torch.tensor(turns_deg, dtype=torch.float64).deg2rad().unbind(-1)
    turns = rotation_from_vector(torch.stack([-y, x, z], dim=-1))  # camera-to-world
    w2c = torch.eye(4, dtype=torch.float64).repeat(len(turns), 1, 1)
    w2c[:, :3, :3] = turns.mT
    if centers is not None:
        w2c[:, :3, 3] = -(w2c[:, :3, :3] @ torch.tensor(centers, dtype=torch.float64)[..., None])[..., 0]
    return Cameras(w2c, square_intrinsics(len(turns), 8 * side, fov_deg).double(), 8 * side, 8 * side)


def draw(cameras, size=(SIDE, SIDE), channels=4, seed=0):
    noise = torch.randn(len(cameras), channels, *size, generator=torch.Generator().manual_seed(seed))
    return noise, share_noise_at_infinity(noise, find_noise_sources(cameras, size))


def test_cameras_that_look_the_same_way_have_the_same_noise_wherever_they_stand():
    noise, shared = draw(look((0, 0, 0), (0, 0, 0), (0, 0, 0), centers=[[0, 0, 0], [5, 1, -2], [0, 0, 30]]))
    assert all(torch.equal(view, noise[0]) for view in shared)


@pytest.mark.parametrize(("turn", "quarters"), [(90, 1), (180, 2), (-90, 3)])
def test_a_rolled_camera_sees_it_turned(turn, quarters):
    """A camera that rolls clockwise sees its picture turn counter-clockwise."""
    noise, shared = draw(look((0, 0, 0), (0, 0, turn)))
    assert torch.equal(shared[1], noise[0].rot90(quarters, (1, 2)))


@pytest.mark.parametrize(("right", "down"), [(3, 0), (-2, 0), (0, 1), (2, -3)])
def test_a_panned_camera_sees_it_shifted_by_whole_cells(right, down):
    """With a lens as long as this a turn is a shift: to the right, and the picture moves left."""
    fov_deg = 0.1
    cell_deg = math.degrees(2 * math.tan(math.radians(fov_deg / 2)) / SIDE)
    noise, shared = draw(look((0, 0, 0), (right * cell_deg, down * cell_deg, 0), fov_deg=fov_deg))
    rows, columns = torch.arange(SIDE) + down, torch.arange(SIDE) + right
    inside = ((rows >= 0) & (rows < SIDE))[:, None] & ((columns >= 0) & (columns < SIDE))
    moved = noise[0][:, rows.clamp(0, SIDE - 1)][:, :, columns.clamp(0, SIDE - 1)]
    assert torch.equal(shared[1], torch.where(inside, moved, noise[1]))  # and its own where the first view does not reach


def test_what_the_first_view_does_not_reach_is_shared_among_the_others():
    noise, shared = draw(look((0, 0, 0), (120, 0, 0), (120, 0, 0), (180, 0, 0)))
    assert torch.equal(shared[1], noise[1]) and torch.equal(shared[2], noise[1])
    assert torch.equal(shared[3], noise[3]) or not torch.equal(shared[3], noise[0])  # nothing from behind the first camera
    assert not any(torch.equal(cell, noise[0].flatten(1)[:, 0]) for cell in shared[3].flatten(1).T)


def test_zoomed_lens_divides_the_middle():
    """Twice the focal length puts four cells on each one of the first view's; they sum to twice its noise, and differ as their own does."""
    wide = look((0, 0, 0), fov_deg=2 * math.degrees(math.atan(0.5)))
    both = replace(wide, w2c=wide.w2c.repeat(2, 1, 1), K=wide.K.repeat(2, 1, 1))
    both.K[1, :2, :2] *= 2
    noise, shared = draw(both)
    middle = noise[0][:, SIDE // 4 : -SIDE // 4, SIDE // 4 : -SIDE // 4]
    parts, own = (view.unfold(1, 2, 2).unfold(2, 2, 2).flatten(3) for view in (shared[1], noise[1]))  # [C, 4, 4, 4]
    assert torch.allclose(parts.sum(-1), 2 * middle, atol=1e-5)
    assert torch.allclose(parts - parts.mean(-1, keepdim=True), own - own.mean(-1, keepdim=True), atol=1e-5)


def test_it_stays_unit_noise_with_independent_channels():
    cameras = look(*((angle, angle / 3, angle / 2) for angle in range(0, 60, 10)), side=16)
    _, shared = draw(cameras, (16, 16), channels=256)
    assert shared.mean(1).abs().max() < 6 / 16
    assert (shared.var(1) - 1).abs().max() < 6 * (2 / 256) ** 0.5
    channels = shared.flatten(2).transpose(0, 1).flatten(1)  # [C, (V h w)]
    assert (channels[0] * channels[1]).mean().abs() < 0.15


def test_rectangular_grids_and_other_resolutions():
    K = torch.tensor([[[64.0, 0, 64], [0, 64, 32], [0, 0, 1]]]).repeat(2, 1, 1)
    cameras = Cameras(torch.eye(4).repeat(2, 1, 1), K, 128, 64)
    for size in ((8, 16), (4, 8), (3, 6)):
        assert torch.equal(find_noise_sources(cameras, size)[1], torch.arange(size[0] * size[1]).view(size))


def test_errors():
    cameras = look((0, 0, 0), (5, 0, 0))
    with pytest.raises(ValueError, match="wanted a grid of the cameras' aspect 64x64, got 4x8"):
        find_noise_sources(cameras, (8, 4))
    with pytest.raises(ValueError, match=r"\[V h w\]"):
        share_noise_at_infinity(torch.zeros(3, 4, 8, 8), find_noise_sources(cameras, (8, 8)))
