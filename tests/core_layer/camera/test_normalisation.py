"""Scene normalisation and the choice of world leave pictures as they were."""

from __future__ import annotations

import math

import pytest
import torch

from mvcustom.mvcustom_core.camera.cameras import Cameras, look_at
from mvcustom.mvcustom_core.camera.normalisation import SceneNormalisation, normalise_scene
from mvcustom.mvcustom_core.camera.rays import project_points
from mvcustom.mvcustom_core.camera.rigid import relative_to

SUBJECT = torch.tensor([4.0, -7.0, 2.5], dtype=torch.float64)
EYES = torch.tensor([[3.0, 0, 1], [0, -4.0, 0.5], [-1, 2, -1.5], [0.5, 0.5, 6.0]], dtype=torch.float64)  # from the subject


def make_cameras(eyes: torch.Tensor = EYES, targets: torch.Tensor | None = None) -> Cameras:
    eyes = eyes + SUBJECT
    targets = SUBJECT.expand_as(eyes) if targets is None else targets + SUBJECT
    w2c = look_at(eyes, targets, torch.tensor([0.3, -1.0, 0.2]).double().expand_as(eyes))
    return Cameras(w2c, torch.tensor([[80.0, 0, 32], [0, 80, 32], [0, 0, 1]]).repeat(len(eyes), 1, 1), 64, 64)


def test_subject_moves_to_the_origin_and_the_farthest_camera_to_one() -> None:
    cameras, normalisation = normalise_scene(make_cameras())
    torch.testing.assert_close(normalisation.center, SUBJECT)
    assert normalisation.scale == pytest.approx(math.sqrt(0.25 + 0.25 + 36))
    torch.testing.assert_close(cameras.centers, EYES / normalisation.scale)
    torch.testing.assert_close(cameras.w2c[:, :3, :3], make_cameras().w2c[:, :3, :3])


def test_the_center_is_nearest_to_axes_that_miss_each_other() -> None:
    """Two axes along x and y, a height of 1 apart: the nearest point lies between them."""
    eyes = torch.tensor([[-2.0, 0, 0], [0, -2.0, 1.0]]).double()
    cameras = make_cameras(eyes, torch.tensor([[0.0, 0, 0], [0, 0, 1.0]]).double())
    torch.testing.assert_close(normalise_scene(cameras)[1].center, SUBJECT + torch.tensor([0, 0, 0.5]).double())


def test_pictures_stay_and_depths_scale() -> None:
    before = make_cameras()
    after, normalisation = normalise_scene(before)
    points = SUBJECT + torch.randn(9, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 0.3
    pixels, depth = project_points(before, points)
    new_pixels, new_depth = project_points(after, (points - normalisation.center) / normalisation.scale)
    torch.testing.assert_close(new_pixels, pixels)
    torch.testing.assert_close(new_depth, normalisation.apply_depth(depth))


def test_normalising_twice_changes_nothing() -> None:
    once, _ = normalise_scene(make_cameras())
    twice, again = normalise_scene(once)
    torch.testing.assert_close(twice.w2c, once.w2c)
    assert again.scale == pytest.approx(1.0)


def test_center_and_scale_by_hand() -> None:
    source = make_cameras()
    source_w2c = source.w2c.clone()
    cameras, normalisation = normalise_scene(source, center=torch.tensor([1.0, 0, 0]), scale=2.0)
    torch.testing.assert_close(cameras.centers, (EYES + SUBJECT - torch.tensor([1.0, 0, 0]).double()) / 2)
    assert normalisation.scale == 2.0
    torch.testing.assert_close(source.w2c, source_w2c, rtol=0, atol=0)  # the input stays untouched


def test_float32_cameras_stay_float32() -> None:
    cameras, _ = normalise_scene(make_cameras().to(dtype=torch.float32))
    assert cameras.w2c.dtype == torch.float32
    assert cameras.centers.norm(dim=-1).max() == pytest.approx(1.0, abs=1e-5)


def test_degenerate_scenes_are_refused_with_the_way_out() -> None:
    parallel = make_cameras(EYES, EYES + torch.tensor([0.0, 0.1, 1.0]).double())
    with pytest.raises(ValueError, match="parallel ones; give the subject's centre and the scene's scale by hand"):
        normalise_scene(parallel)
    panorama = make_cameras(torch.zeros(3, 3).double(), EYES[:3])
    with pytest.raises(ValueError, match="different places, got 3 at one point; give"):
        normalise_scene(panorama)
    with pytest.raises(ValueError, match="different places, got 1 at one point"):
        normalise_scene(make_cameras()[0])
    outward = make_cameras(EYES, EYES * 2)
    with pytest.raises(ValueError, match="got 4 of 4 that look away"):
        normalise_scene(outward)
    with pytest.raises(ValueError, match="away from the centre"):
        normalise_scene(panorama, center=panorama.centers[0])
    assert len(normalise_scene(parallel, center=SUBJECT, scale=3.0)[0]) == 4


@pytest.mark.parametrize("center, scale", [([0.0, 0, 0], 0.0), ([0.0, 0, 0], math.inf), ([math.nan, 0, 0], 1.0), ([0.0, 0, 0], math.nan)])
def test_impossible_normalisations_are_refused(center: list[float], scale: float) -> None:
    with pytest.raises(ValueError, match="finite centre and a positive scale"):
        SceneNormalisation(torch.tensor(center), scale)


@pytest.mark.parametrize("index", [0, 2, -1])
def test_relative_cameras_see_the_same(index: int) -> None:
    before = make_cameras()
    after = relative_to(before, index)
    torch.testing.assert_close(after.w2c[index], torch.eye(4).double())
    points = SUBJECT + torch.randn(5, 3, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    in_camera = points @ before.w2c[index, :3, :3].mT + before.w2c[index, :3, 3]  # the new world
    torch.testing.assert_close(project_points(after, in_camera)[0], project_points(before, points)[0])


@pytest.mark.parametrize("index", [4, -5])
def test_relative_to_a_missing_camera_is_refused(index: int) -> None:
    with pytest.raises(ValueError, match=f"4 cameras, got {index}"):
        relative_to(make_cameras(), index)
