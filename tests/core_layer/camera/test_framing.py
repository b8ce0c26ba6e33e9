"""The subject at the origin: seen or not, and its size from masks and from the pictures' room."""

from __future__ import annotations

import math
import random

import pytest
import torch

from mvcustom.mvcustom_core.camera.cameras import Cameras, look_at, square_intrinsics
from mvcustom.mvcustom_core.camera.framing import check_subject_seen, measure_room, measure_subject
from mvcustom.mvcustom_core.camera.rays import cell_centers, pixel_rays
from mvcustom.mvcustom_core.embedded.scenes.sweep import sample_photographs

SIZE = 64


def make_cameras(views: int = 6) -> Cameras:
    angle = torch.arange(views) / views * 2 * math.pi
    eyes = torch.stack([angle.sin(), torch.full_like(angle, -0.3), angle.cos()], dim=-1)
    up = torch.tensor([[0.0, -1, 0]]).repeat(views, 1)
    return Cameras(look_at(eyes, torch.zeros(views, 3), up), square_intrinsics(views, SIZE, 50.0), SIZE, SIZE)


def photograph_ball(cameras: Cameras, radius: float) -> torch.Tensor:
    """Exact masks [V, 1, H, W] of a ball about the origin: rays that pass it closer than its radius."""
    origins, directions = pixel_rays(cameras, cell_centers(cameras.height, cameras.width))
    passing = torch.linalg.cross(origins[:, None].expand_as(directions), directions).norm(dim=-1)
    return (passing < radius).float().unflatten(1, (1, cameras.height, cameras.width))


@pytest.mark.parametrize("radius", [0.1, 0.25, 0.35])
def test_masks_of_a_ball_give_its_radius(radius: float) -> None:
    """A ball's outline is larger than its section by 1 / sqrt(1 - r^2 / d^2); a pixel here is 0.015 world units."""
    cameras = make_cameras()
    distance = math.hypot(1.0, 0.3)
    outline = radius / math.sqrt(1 - radius**2 / distance**2)
    assert measure_subject(cameras, photograph_ball(cameras, radius)) == pytest.approx(outline, abs=0.012)


def test_empty_masks_do_not_count() -> None:
    cameras = make_cameras()
    masks = photograph_ball(cameras, 0.2)
    whole = measure_subject(cameras, masks)
    masks[1:3] = 0
    assert measure_subject(cameras, masks) == pytest.approx(whole, abs=0.01)
    assert measure_subject(cameras, torch.zeros_like(masks)) is None


def test_room_is_the_largest_ball_in_the_picture() -> None:
    """Cameras aim at the origin: the sides of the picture are planes at half the field of view."""
    cameras = make_cameras()
    room = measure_room(cameras)
    assert room == pytest.approx(math.hypot(1.0, 0.3) * math.sin(math.radians(25)), abs=1e-4)
    touching = photograph_ball(cameras, room)
    assert touching[:, 0, SIZE // 2, 0].all() and not photograph_ball(cameras, 0.95 * room)[:, 0, :, 0].any()
    assert measure_room(cameras.crop(-SIZE, 0, SIZE, SIZE)) == 0, "the origin is outside"


def test_a_subject_outside_most_pictures_is_refused() -> None:
    cameras = sample_photographs(random.Random(0), 8, SIZE)
    check_subject_seen(cameras)
    eyes = cameras.centers
    away = look_at(eyes, 2 * eyes, torch.tensor([[0.0, -1, 0]]).repeat(8, 1))
    half = Cameras(torch.cat([cameras.w2c[:4], away[4:]]), cameras.K, SIZE, SIZE)
    check_subject_seen(half)
    most = Cameras(torch.cat([cameras.w2c[:3], away[3:]]), cameras.K, SIZE, SIZE)
    with pytest.raises(ValueError, match="subject: wanted its centre inside most photographs, got 3 of 8 that show it"):
        check_subject_seen(most)
    with pytest.raises(ValueError, match="got 0 of 8"):
        check_subject_seen(cameras.crop(0, 2 * SIZE, SIZE, SIZE))
