"""Cameras: the frames they keep, what they refuse, and how intrinsics follow the image."""

from __future__ import annotations

import math

import pytest
import torch

from mvcustom.mvcustom_core.camera.cameras import Cameras, concatenate_cameras, look_at, make_intrinsics, square_intrinsics
from mvcustom.mvcustom_core.camera.rays import project_points
from mvcustom.mvcustom_core.camera.rigid import rotation_from_vector


def make_cameras(count: int = 3, width: int = 64, height: int = 48) -> Cameras:
    """Cameras on the -z side, each a unit further right, that look along +z."""
    w2c = torch.eye(4).repeat(count, 1, 1)
    w2c[:, 0, 3] = -torch.arange(count).float()
    w2c[:, 2, 3] = 2.0
    return Cameras(w2c, torch.tensor([[50.0, 0, 32], [0, 60, 24], [0, 0, 1]]).repeat(count, 1, 1), width, height)


def quarter_turn() -> torch.Tensor:
    """Camera-from-world of a camera at (5, 0, 0) that looks along -x, upright (y down)."""
    return torch.tensor([[0.0, 0, 1, 0], [0, 1, 0, 0], [-1, 0, 0, 5], [0, 0, 0, 1]])


def test_centers_and_forward_of_known_poses() -> None:
    cameras = Cameras(torch.stack([make_cameras().w2c[2], quarter_turn()]), make_cameras(2).K, 64, 48)
    torch.testing.assert_close(cameras.centers, torch.tensor([[2.0, 0, -2], [5, 0, 0]]))
    torch.testing.assert_close(cameras.forward, torch.tensor([[0.0, 0, 1], [-1, 0, 0]]))


def test_c2w_inverts_w2c() -> None:
    eye = torch.randn(5, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    w2c = look_at(eye, torch.zeros(5, 3).double(), torch.tensor([0.0, -1, 0]).double().expand(5, 3))
    cameras = Cameras(w2c, make_cameras(5).K, 64, 48)
    torch.testing.assert_close(cameras.c2w, torch.linalg.inv(w2c))


def test_selection_keeps_the_view_axis() -> None:
    cameras = make_cameras(4)
    assert len(cameras) == 4
    assert cameras[-1].w2c.shape == (1, 4, 4)
    torch.testing.assert_close(cameras[-1].centers, cameras.centers[3:])
    torch.testing.assert_close(cameras[1:3].centers, cameras.centers[1:3])
    torch.testing.assert_close(cameras[[2, 0]].centers[:, 0], torch.tensor([2.0, 0.0]))


def test_to_changes_both_tensors() -> None:
    moved = make_cameras().to(dtype=torch.float64)
    assert (moved.w2c.dtype, moved.K.dtype) == (torch.float64, torch.float64)


def test_resize_scales_each_axis() -> None:
    resized = make_cameras(1).resize(128, 24)
    torch.testing.assert_close(resized.K[0], torch.tensor([[100.0, 0, 64], [0, 30, 12], [0, 0, 1]]))
    assert (resized.width, resized.height) == (128, 24)


def test_crop_moves_the_principal_point() -> None:
    cropped = make_cameras(1).crop(10, -4, 40, 60)
    torch.testing.assert_close(cropped.K[0], torch.tensor([[50.0, 0, 22], [0, 60, 28], [0, 0, 1]]))
    assert (cropped.width, cropped.height) == (40, 60)


def make_rotation(vector: tuple[float, float, float]) -> torch.Tensor:
    return rotation_from_vector(torch.tensor(vector, dtype=torch.float64))


def test_cameras_stand_at_their_centers() -> None:
    """One K serves all; a quarter turn about y puts the world's -x ahead."""
    rotation = torch.stack([torch.eye(3), quarter_turn()[:3, :3]])
    cameras = Cameras.from_centers(rotation, torch.tensor([[1.0, 2, 3], [5, 0, 0]]), make_cameras(1).K, 64, 48)
    torch.testing.assert_close(cameras.centers, torch.tensor([[1.0, 2, 3], [5, 0, 0]]))
    torch.testing.assert_close(cameras.w2c[1], quarter_turn())
    torch.testing.assert_close(cameras.K, make_cameras(2).K)
    assert (cameras.width, cameras.height) == (64, 48)
    with pytest.raises(ValueError, match=r"\[V 3\] with V=2"):
        Cameras.from_centers(rotation, torch.zeros(3, 3), make_cameras(1).K, 64, 48)


def test_directions_have_unit_depth_and_go_through_their_pixels() -> None:
    cameras = Cameras(torch.stack([make_cameras().w2c[2], quarter_turn()]), make_cameras(2).K, 64, 48)
    pixels = torch.tensor([[32.0, 24], [0, 0], [50, 40.5]])
    directions = cameras.directions(pixels)
    assert directions.shape == (2, 3, 3)
    torch.testing.assert_close(directions[:, 0], cameras.forward)
    torch.testing.assert_close(directions[1, 2], torch.tensor([-1.0, 16.5 / 60, 18 / 50]))  # its x axis is the world's z
    for depth in (0.5, 3.0):
        points = cameras.centers[:, None] + depth * directions
        found, z = project_points(cameras, points)
        torch.testing.assert_close(found, pixels.expand(2, 3, 2), atol=1e-4, rtol=0)
        torch.testing.assert_close(z, torch.full((2, 3), depth))
    of_each = torch.stack([pixels, pixels.flip(0)])
    torch.testing.assert_close(cameras.directions(of_each)[1], directions[1].flip(0))


@pytest.mark.parametrize("scale", [1.0, 2.5])
def test_pictures_stay_where_the_world_is_transformed(scale: float) -> None:
    cameras = Cameras(torch.stack([make_cameras().w2c[2], quarter_turn()]), make_cameras(2).K, 64, 48).to(dtype=torch.float64)
    points = torch.randn(7, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    rotation, translation = make_rotation((0.4, -1.1, 0.7)), torch.tensor([3.0, -1, 2])
    moved = cameras.transform(rotation, translation, scale)
    pixels, depth = project_points(cameras, points)
    new_pixels, new_depth = project_points(moved, scale * points @ rotation.mT + translation)
    torch.testing.assert_close(new_pixels, pixels)
    torch.testing.assert_close(new_depth, scale * depth)
    Cameras.checked(moved.w2c, moved.K, 64, 48)
    assert cameras.to(dtype=torch.float32).transform(rotation, translation, scale).w2c.dtype == torch.float32


def test_intrinsics_of_their_parameters() -> None:
    K = make_intrinsics(torch.tensor([[50.0, 60]]), torch.tensor([[32.0, 24]]))
    assert torch.equal(K, make_cameras(1).K)
    assert torch.equal(square_intrinsics(2, 64, 90.0), torch.tensor([[32.0, 0, 32], [0, 32, 32], [0, 0, 1]]).repeat(2, 1, 1))


def test_concatenation_keeps_order() -> None:
    joined = concatenate_cameras(make_cameras(2), make_cameras(1))
    assert joined.centers[:, 0].tolist() == [0.0, 1.0, 0.0]


def test_look_at_puts_the_target_ahead_and_up_upward() -> None:
    eye = torch.tensor([[0.0, 0, -3], [2, -1, 2]])
    up = torch.tensor([[0.0, -1, 0], [0.0, -1, 0]])
    w2c = look_at(eye, torch.zeros(2, 3), up)
    torch.testing.assert_close(w2c[0], torch.tensor([[1.0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 3], [0, 0, 0, 1]]))
    torch.testing.assert_close(w2c[:, :3, 3], torch.tensor([[0.0, 0, 3], [0, 0, 3]]))  # the target on the optical axis
    assert (w2c[:, 1, :3] @ up[0] < 0).all()  # y points down
    Cameras.checked(w2c, make_cameras(2).K, 64, 48)  # rigid


@pytest.mark.parametrize("target, up", [((0.0, 0, -3), (0.0, -1, 0)), ((0.0, 5, -3), (0.0, -1, 0)), ((0.0, 0, 0), (0.0, 0, 0))])
def test_look_at_refuses_views_without_a_frame(target: tuple[float, ...], up: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="eye and target apart"):
        look_at(torch.tensor([[0.0, 0, -3]]), torch.tensor([target]), torch.tensor([up]))


def replace_entry(row: int, column: int, value: float) -> torch.Tensor:
    w2c = make_cameras().w2c.clone()
    w2c[1, row, column] = value
    return w2c


@pytest.mark.parametrize(
    "w2c, wanted",
    [
        (torch.eye(4)[None, :3].repeat(3, 1, 1), r"\[V 4 4\]"),
        (make_cameras(2).w2c, r"\[V 3 3\] with V=2"),
        (replace_entry(0, 3, math.nan), "finite"),
        (replace_entry(0, 0, 2.0), "index 1"),
        (replace_entry(0, 0, -1.0), "right-handed"),
        (replace_entry(3, 2, 1.0), "index 1 .* last row is not 0 0 0 1"),
    ],
)
def test_bad_matrices_are_refused_at_the_door(w2c: torch.Tensor, wanted: str) -> None:
    with pytest.raises(ValueError, match=wanted):
        Cameras.checked(w2c, make_cameras().K, 64, 48)


def test_bad_intrinsics_and_sizes_are_refused() -> None:
    good = make_cameras()
    with pytest.raises(ValueError, match=r"positive focal lengths in pixels, got \[-50.0, -60.0\] at index 0"):
        Cameras.checked(good.w2c, -good.K, 64, 48)
    with pytest.raises(ValueError, match="finite"):
        Cameras.checked(good.w2c, math.inf * good.K, 64, 48)
    with pytest.raises(ValueError, match="positive image size, got 0x48"):
        Cameras(good.w2c, good.K, 0, 48)
    with pytest.raises(ValueError, match=r"one image size to join, got \[\(32, 48\), \(64, 48\)\]"):
        concatenate_cameras(good, good.resize(32, 48))
