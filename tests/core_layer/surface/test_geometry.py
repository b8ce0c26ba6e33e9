"""Geometry for other tools: points and mesh lie where the scene is, sky is left out, and a cloud is thinned where it is dense."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from mvcustom.mvcustom_core.camera.cameras import Cameras, concatenate_cameras, look_at, square_intrinsics
from mvcustom.mvcustom_core.camera.rays import project_points
from mvcustom.mvcustom_core.surface.depth import SKY_DISTANCE, AnchorDepth, DepthMap
from mvcustom.mvcustom_core.surface.geometry import PointCloud, fuse_views, join_surfaces, thin_cloud
from mvcustom.mvcustom_core.surface.surface import build_surfaces

SIZE, WALL = 16, 2.0  # pixels; z-depth of a flat wall before the first camera


def make_cameras() -> Cameras:
    """At z = -WALL before the plane z = 0, one straight and one from the side."""
    eyes = torch.tensor([[0.0, 0, -WALL], [0.8, 0, -1.8]])
    w2c = look_at(eyes, torch.tensor([[0.0, 0, 0]]).expand(2, 3), torch.tensor([[0.0, -1, 0]]).expand(2, 3))
    return Cameras(w2c, square_intrinsics(2, SIZE, 60.0), SIZE, SIZE)


def make_depth(depth: torch.Tensor, view: int = 0) -> AnchorDepth:
    return AnchorDepth(view, DepthMap(depth, torch.ones_like(depth, dtype=torch.bool), "", 1.0, ""))


def wall() -> torch.Tensor:
    return torch.full((SIZE, SIZE), WALL)


def test_points_lie_on_the_wall_with_their_views_colours() -> None:
    cameras = make_cameras()
    pictures = torch.stack([torch.full((3, SIZE, SIZE), 0.25), torch.full((3, SIZE, SIZE), 0.75)])
    cloud = fuse_views(build_surfaces([make_depth(wall())], cameras), pictures)
    assert len(cloud) > 1.5 * SIZE**2, "both views give points"
    assert cloud.points[:, 2].abs().max() < 1e-5
    straight = cloud.colors[:, 0] == 0.25
    assert int(straight.sum()) == SIZE**2 and set(cloud.colors[~straight, 0].tolist()) == {0.75}
    pixels, _ = project_points(cameras[1], cloud.points[~straight])
    torch.testing.assert_close(pixels[0] - pixels[0].floor(), torch.full_like(pixels[0], 0.5), atol=1e-3, rtol=0)


def test_sky_is_left_out_of_cloud_and_mesh() -> None:
    depth = wall()
    depth[: SIZE // 2] = SKY_DISTANCE
    surfaces = build_surfaces([make_depth(depth)], make_cameras())
    cloud = fuse_views(surfaces, torch.rand(2, 3, SIZE, SIZE))
    mesh = join_surfaces(surfaces, torch.rand(2, 3, SIZE, SIZE))
    assert cloud.points.norm(dim=1).max() < 5 and mesh.points.norm(dim=1).max() < 5
    assert cloud.points[:, 1].min() > -0.2, "the upper half of the first view was sky"
    with pytest.raises(ValueError, match="got sky alone"):
        join_surfaces(build_surfaces([make_depth(torch.full_like(depth, SKY_DISTANCE))], make_cameras()), torch.rand(2, 3, SIZE, SIZE))


def test_nearest_anchor_hides_the_farther_one() -> None:
    cameras = concatenate_cameras(make_cameras()[0], make_cameras()[0])
    surfaces = build_surfaces([make_depth(wall()), make_depth(wall() / 2, view=1)], cameras)
    cloud = fuse_views(surfaces, torch.rand(2, 3, SIZE, SIZE))
    torch.testing.assert_close(cloud.points[:, 2], torch.full((2 * SIZE**2,), -WALL / 2))


def test_mesh_shows_each_anchors_picture_from_the_front() -> None:
    cameras = make_cameras()
    surfaces = build_surfaces([make_depth(wall()), make_depth(wall(), view=1)], cameras)
    mesh = join_surfaces(surfaces, torch.rand(2, 3, SIZE, SIZE))
    assert mesh.texture.shape == (3, SIZE, 2 * SIZE)
    half = len(mesh.points) // 2
    pixels, _ = project_points(cameras[0], mesh.points[:half])
    torch.testing.assert_close(mesh.places[:half] * torch.tensor([2.0, 1.0]) * SIZE, pixels[0], atol=1e-3, rtol=0)
    assert mesh.places[:half, 0].max() <= 0.5 <= mesh.places[half:, 0].min()
    a, b, c = mesh.points[mesh.faces[0]]
    normal = torch.linalg.cross(b - a, c - a)
    assert float(normal @ (cameras.centers[0] - a)) > 0, "counter-clockwise as the anchor sees it"


def test_thinning_keeps_means_and_meets_the_limit() -> None:
    generator = torch.Generator().manual_seed(2)
    cloud = PointCloud(torch.randn(5000, 3, generator=generator), torch.rand(5000, 3, generator=generator))
    thinned = thin_cloud(cloud, 500)
    assert 400 < len(thinned) <= 500
    assert thin_cloud(cloud, 5000) is not cloud and len(thin_cloud(cloud, 5000)) == 5000
    one = thin_cloud(cloud, 1)
    torch.testing.assert_close(one.points[0], cloud.points.double().mean(0).float(), atol=1e-5, rtol=0)
    torch.testing.assert_close(one.colors[0], cloud.colors.double().mean(0).float(), atol=1e-5, rtol=0)
    with pytest.raises(ValueError, match="wanted at least 1, got 0"):
        thin_cloud(cloud, 0)


def test_far_points_do_not_take_the_near_ones_places() -> None:
    near, far = torch.randn(2, 4000, 3, generator=torch.Generator().manual_seed(4))
    far = 300 * torch.nn.functional.normalize(far, dim=1)
    thinned = thin_cloud(PointCloud(torch.cat([near, near, far]), torch.rand(12000, 3)), 2000)
    assert int((thinned.points.norm(dim=1) < 10).sum()) > 500


def test_a_view_that_sees_no_surface_gives_no_points() -> None:
    cameras = make_cameras()
    away = replace(cameras, w2c=torch.diag(torch.tensor([-1.0, 1, -1, 1])) @ cameras.w2c)
    surfaces = build_surfaces([make_depth(wall())], concatenate_cameras(cameras[0], away[1]))
    assert len(fuse_views(surfaces, torch.rand(2, 3, SIZE, SIZE))) == SIZE**2
    sky = build_surfaces([make_depth(torch.full((SIZE, SIZE), SKY_DISTANCE))], cameras)
    with pytest.raises(ValueError, match="wanted views that see an anchor's surface, got none"):
        fuse_views(sky, torch.rand(2, 3, SIZE, SIZE))
