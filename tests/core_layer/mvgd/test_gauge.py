"""Scene scale normalisation: what does not depend on the world and on the unit of the cameras."""

from __future__ import annotations

import pytest
import torch

from mvcustom.mvcustom_core.camera.cameras import Cameras
from mvcustom.mvcustom_core.mvgd.gauge import canonicalise
from mvcustom.tests.core_layer.mvgd.small import draw, make_cameras


def move_world(cameras: Cameras, rotation: torch.Tensor, shift: torch.Tensor) -> Cameras:
    """w2c -> w2c G."""
    moved = torch.eye(4, dtype=torch.float64)
    moved[:3, :3], moved[:3, 3] = rotation, shift
    return Cameras(cameras.w2c @ moved, cameras.K, cameras.width, cameras.height)


def test_cameras_are_the_same_in_every_world() -> None:
    cameras = make_cameras(4)
    rotation = torch.linalg.qr(draw(3, 3, seed=9)).Q
    moved = move_world(cameras, rotation * torch.linalg.det(rotation), 3 * draw(3, seed=10))
    here, there = (canonicalise(each[:3], each[3]) for each in (cameras, moved))
    torch.testing.assert_close(here.translations, there.translations, rtol=0, atol=1e-12)
    torch.testing.assert_close(here.rotations, there.rotations, rtol=0, atol=1e-12)


def test_the_scale_is_the_largest_coordinate_of_a_translation() -> None:
    cameras = make_cameras(4)
    canonical = canonicalise(cameras[:3], cameras[3])
    relative = [w2c @ torch.linalg.inv(cameras.w2c[3]) for w2c in cameras.w2c[:3]]
    assert canonical.scale == pytest.approx(max(float(matrix[:3, 3].abs().max()) for matrix in relative))
    assert float(canonical.translations.abs().max()) == 1.0
    assert not canonical.target.translations.any()


@pytest.mark.parametrize("factor", [2.0, 1024.0])
def test_another_unit_changes_the_scale_alone(factor: float) -> None:
    cameras = make_cameras(4)
    larger = cameras.w2c.clone()
    larger[:, :3, 3] *= factor
    here, there = (canonicalise(each[:3], each[3]) for each in (cameras, Cameras(larger, cameras.K, cameras.width, cameras.height)))
    assert torch.equal(here.translations, there.translations) and there.scale == factor * here.scale


def test_cameras_at_one_place_have_no_baseline() -> None:
    cameras = make_cameras(2)
    turned = cameras.w2c[:1].clone()
    turned[:, :3] = torch.linalg.qr(draw(3, 3, seed=9)).Q @ turned[:, :3]
    same_place = Cameras(turned.float(), cameras.K[:1].float(), cameras.width, cameras.height)
    found = canonicalise(same_place, cameras[0])
    assert not found.has_baseline and found.scale == 1.0  # float32 leaves about 1e-8
    assert canonicalise(cameras[1], cameras[0]).has_baseline


def test_no_picture_is_refused() -> None:
    cameras = make_cameras(2)
    with pytest.raises(ValueError, match="at least one with a picture and exactly one target, got 0 and 1"):
        canonicalise(cameras[:0], cameras[0])
