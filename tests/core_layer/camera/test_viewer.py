"""Cameras of 3D viewers: core's convention in closed form, a round trip, and what is refused."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from mvcustom.mvcustom_core.camera.cameras import Cameras, look_at, square_intrinsics
from mvcustom.mvcustom_core.camera.viewer import cameras_from_viewer, cameras_to_viewer, describe_viewer_loss, to_viewer

FRONT: dict[str, Any] = {
    "position": {"x": 0.0, "y": 1.0, "z": 4.0},
    "target": {"x": 0.0, "y": 1.0, "z": 0.0},
    "quaternion": {"x": 0.0, "y": 0.0, "z": 0.0, "w": 1.0},
    "fov": 90.0,
    "zoom": 1.0,
    "cameraType": "perspective",
}


def make_cameras(count: int = 7, width: int = 64, height: int = 48) -> Cameras:
    generator = torch.Generator().manual_seed(3)
    eyes = 2 * torch.randn(count, 3, generator=generator, dtype=torch.float64)
    w2c = look_at(eyes, torch.randn(count, 3, generator=generator).double(), torch.randn(count, 3, generator=generator).double())
    K = square_intrinsics(count, height, 40.0)
    K[:, 0, 2], K[:, 1, 2] = width / 2, height / 2
    return Cameras(w2c.float(), K, width, height)


def test_identity_looks_along_minus_z_with_y_up() -> None:
    camera = cameras_from_viewer([FRONT], 64, 48)
    assert camera.centers[0].tolist() == [0.0, -1.0, 4.0], "x and y change sign"
    assert camera.forward[0].tolist() == [0.0, 0.0, -1.0]
    assert (float(camera.K[0, 0, 0]), float(camera.K[0, 1, 1])) == pytest.approx((24.0, 24.0)), "90 degrees over the height"
    assert camera.K[0, :2, 2].tolist() == [32.0, 24.0]


def test_yaw_turns_about_the_vertical() -> None:
    half = math.radians(90) / 2
    camera = cameras_from_viewer([{**FRONT, "quaternion": {"x": 0.0, "y": math.sin(half), "z": 0.0, "w": math.cos(half)}}], 64, 64)
    torch.testing.assert_close(to_viewer(camera.forward)[0], torch.tensor([-1.0, 0.0, 0.0]), atol=1e-6, rtol=0)


def test_cameras_come_back_from_the_viewer() -> None:
    cameras = make_cameras()
    found = cameras_from_viewer(cameras_to_viewer(cameras), cameras.width, cameras.height)
    torch.testing.assert_close(found.w2c, cameras.w2c, atol=1e-6, rtol=0)
    torch.testing.assert_close(found.K, cameras.K, atol=1e-4, rtol=0)


def test_target_lies_on_the_optical_axis() -> None:
    cameras = make_cameras()
    for i, entry in enumerate(cameras_to_viewer(cameras)):
        target = to_viewer(torch.tensor(list(entry["target"].values())))
        direction = torch.nn.functional.normalize(target - cameras.centers[i], dim=0)
        torch.testing.assert_close(direction, cameras.forward[i], atol=1e-5, rtol=0)


def test_camera_without_quaternion_looks_at_its_target() -> None:
    entry = {key: value for key, value in FRONT.items() if key != "quaternion"} | {"target": {"x": 3.0, "y": 1.0, "z": 0.0}}
    camera = cameras_from_viewer([entry], 64, 64)
    torch.testing.assert_close(to_viewer(camera.forward)[0], torch.tensor([0.6, 0.0, -0.8]), atol=1e-6, rtol=0)
    assert camera.w2c[0, 1, 1] > 0.99, "down in the picture is down in the world"


def test_zoom_lengthens_the_focus() -> None:
    assert float(cameras_from_viewer([{**FRONT, "zoom": 2.0}], 64, 48).K[0, 1, 1]) == pytest.approx(48.0)


def test_what_a_viewer_cannot_hold_is_told() -> None:
    cameras = make_cameras()
    assert describe_viewer_loss(cameras) is None
    told = describe_viewer_loss(cameras.crop(5, 0, 64, 48).resize(64, 96))
    assert told is not None and "5 pixels from the middle" in told and "50.00% from square" in told


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cameraType": "orthographic"}, "viewer camera 0: wanted a perspective camera, got an orthographic one"),
        ({"position": None}, "wanted position with x, y, z, got None"),
        ({"quaternion": {"x": 0, "y": 0, "z": 0, "w": 0}}, "wanted a quaternion that is not zero"),
        ({"quaternion": {"x": "a", "y": 0, "z": 0, "w": 1}}, "wanted quaternion.x to be a finite number, got 'a'"),
        ({"fov": 180.0}, "wanted a field of view between 0 and 180 degrees"),
        ({"position": {"x": math.inf, "y": 0, "z": 0}}, "wanted position.x to be a finite number"),
    ],
)
def test_what_is_no_camera_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        cameras_from_viewer([{**FRONT, **change}], 64, 64)
    with pytest.raises(ValueError, match="wanted at least one camera"):
        cameras_from_viewer([], 64, 64)
