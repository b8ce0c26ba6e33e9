"""The camera picture, and the branch without cameras."""

from __future__ import annotations

import pytest
import torch

from mvcustom.mvcustom_core.camera.cameras import Cameras, make_intrinsics
from mvcustom.mvcustom_core.gld.cameras import camera_picture, pose_views, remove_cameras
from mvcustom.tests.core_layer.gld.small import HEIGHT, SOURCES, VIEWS, WIDTH, make_cameras


def at(*centers: tuple[float, float, float]) -> Cameras:
    """Cameras without rotation of pictures of 4 x 2, focal length 2, centred."""
    w2c = torch.eye(4).repeat(len(centers), 1, 1)
    w2c[:, :3, 3] = -torch.tensor(centers)
    K = make_intrinsics(torch.full((len(centers), 2), 2.0), torch.tensor([[2.0, 1.0]] * len(centers)))
    return Cameras(w2c, K, 4, 2)


def test_rays_of_a_pixel_pass_left_of_its_centre() -> None:
    picture, _ = camera_picture(at((0, 0, 0), (0, 0, 1)), 1)
    ray = torch.tensor([(3 - 0.5 - 2) / 2, (1 + 0.5 - 1) / 2, 1.0])  # of column 3, row 1
    assert torch.allclose(picture[1, 1:4, 1, 3], ray / ray.norm())


def test_last_view_is_the_origin_and_the_largest_coordinate_is_one() -> None:
    cameras = at((5, 1, 0), (1, 1, 3), (1, 1, 0))
    picture, scale = camera_picture(cameras, 1)
    assert scale == pytest.approx(1 / 4)  # (4, 0, 0) from the last, where the distance of (0, 0, 3) and the world's origin do not count
    assert torch.allclose(picture[2, 4:], torch.zeros(3, 2, 4))  # the last one's moment
    directions = picture[0, 1:4].movedim(0, -1)
    moments = torch.linalg.cross(torch.tensor([1.0, 0.0, 0.0]).expand_as(directions), directions)  # o x d, not d x o
    assert torch.allclose(picture[0, 4:].movedim(0, -1), moments)


def test_scale_follows_coordinates_and_not_distances() -> None:
    assert camera_picture(at((3, 4, 0), (0, 0, 0)), 1)[1] == pytest.approx(1 / 4)


def test_sources_are_marked_zero_and_world_is_scaled_in_the_poses() -> None:
    cameras = make_cameras()
    views, scale = pose_views(cameras, SOURCES), camera_picture(cameras, SOURCES)[1]
    assert (views.picture[:SOURCES, 0] == 0).all() and (views.picture[SOURCES:, 0] == 1).all()
    assert torch.allclose(views.w2c[:, :3, 3], cameras.w2c[:, :3, 3] * scale)
    assert torch.equal(views.w2c[:, :3, :3], cameras.w2c[:, :3, :3])


@pytest.mark.parametrize("keep", [True, False])
def test_branch_without_cameras_knows_the_sources(keep: bool) -> None:
    views = pose_views(make_cameras(), SOURCES)
    null = remove_cameras(views, keep_intrinsics=keep)
    assert torch.equal(null.picture[:, 0], views.picture[:, 0]) and not null.picture[:, 1:].any()
    assert torch.equal(null.w2c, torch.eye(4).expand(VIEWS, 4, 4))
    assert torch.equal(null.K, views.K if keep else torch.eye(3).expand(VIEWS, 3, 3))
    assert null.size == (WIDTH, HEIGHT)


@pytest.mark.parametrize("sources", [0, VIEWS])
def test_sources_and_targets_are_both_needed(sources: int) -> None:
    with pytest.raises(ValueError, match=f"from 1 to {VIEWS - 1}.*got {sources}"):
        pose_views(make_cameras(), sources)
