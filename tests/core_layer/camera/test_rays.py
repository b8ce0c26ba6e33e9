"""Rays, projection and unprojection agree with hand-made numbers and with each other."""

from __future__ import annotations

import pytest
import torch

from mvcustom.mvcustom_core.camera.cameras import Cameras, look_at
from mvcustom.mvcustom_core.camera.rays import cell_centers, pixel_rays, project_points, surround_points, unproject_depth


def make_cameras() -> Cameras:
    """Two cameras with an off-centre principal point and unequal focal lengths; the first stands at the origin unturned."""
    eye = torch.tensor([[1.0, -2, 3]], dtype=torch.float64)
    turned = look_at(eye, torch.tensor([[0.2, 0.1, 8.0]]).double(), torch.tensor([[0.1, -1.0, 0.0]]).double())
    K = torch.tensor([[40.0, 0, 5], [0, 50, 2], [0, 0, 1]], dtype=torch.float64).repeat(2, 1, 1)
    return Cameras(torch.cat([torch.eye(4)[None].double(), turned]), K, 8, 6)


def test_cell_centers_run_along_rows() -> None:
    assert cell_centers(2, 3).tolist() == [[0.5, 0.5], [1.5, 0.5], [2.5, 0.5], [0.5, 1.5], [1.5, 1.5], [2.5, 1.5]]


def test_projection_of_known_points() -> None:
    pixels, depth = project_points(make_cameras()[0], torch.tensor([[0.0, 0, 4], [1, -2, 4], [0, 0, -1]]))
    torch.testing.assert_close(pixels[0, :2], torch.tensor([[5.0, 2.0], [15.0, -23.0]], dtype=torch.float64))
    assert depth[0].tolist() == [4.0, 4.0, -1.0]


def test_projection_at_the_camera_stays_finite() -> None:
    pixels, depth = project_points(make_cameras()[0], torch.zeros(1, 3))
    assert torch.isfinite(pixels).all() and depth.item() == 0


def test_projection_takes_points_per_view() -> None:
    cameras = make_cameras()
    points = torch.randn(2, 7, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    for view in range(2):
        both, alone = project_points(cameras, points)[0][view], project_points(cameras[view], points[view])[0][0]
        torch.testing.assert_close(both, alone)


def test_rays_of_known_pixels() -> None:
    origins, directions = pixel_rays(make_cameras()[0], torch.tensor([[5.0, 2.0], [45.0, 2.0]]))
    assert origins.tolist() == [[0.0, 0.0, 0.0]]
    half = 0.5**0.5
    torch.testing.assert_close(directions[0], torch.tensor([[0.0, 0, 1], [half, 0, half]], dtype=torch.float64))


def test_points_on_rays_project_back() -> None:
    cameras = make_cameras()
    pixels = cell_centers(6, 8, dtype=torch.float64)
    origins, directions = pixel_rays(cameras, pixels)
    found, depth = project_points(cameras, origins[:, None] + 3.7 * directions)
    torch.testing.assert_close(found, pixels.expand(2, -1, -1))
    assert (depth > 0).all() and (depth < 3.7 + 1e-12).all()
    torch.testing.assert_close(directions.norm(dim=-1), torch.ones(2, 48, dtype=torch.float64))


def test_rays_take_pixels_per_view() -> None:
    cameras = make_cameras()
    pixels = torch.stack([cell_centers(2, 2), cell_centers(2, 2) + 3])
    for view in range(2):
        both, alone = pixel_rays(cameras, pixels)[1][view], pixel_rays(cameras[view], pixels[view])[1][0]
        torch.testing.assert_close(both, alone)


def test_unprojection_of_a_flat_wall() -> None:
    camera = make_cameras()[0]
    points = unproject_depth(camera, torch.full((1, 6, 8), 2.0))
    assert points.shape == (1, 6, 8, 3)
    torch.testing.assert_close(points[0, 5, 0], torch.tensor([(0.5 - 5) / 40 * 2, (5.5 - 2) / 50 * 2, 2.0], dtype=torch.float64))


def test_unprojection_inverts_projection() -> None:
    cameras = make_cameras()
    depth = 1 + torch.rand(2, 6, 8, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    points = unproject_depth(cameras, depth)
    pixels, found = project_points(cameras, points.flatten(1, 2))
    torch.testing.assert_close(pixels, cell_centers(6, 8, dtype=torch.float64).expand(2, -1, -1))
    torch.testing.assert_close(found, depth.flatten(1))


def test_unprojection_refuses_other_sizes() -> None:
    with pytest.raises(ValueError, match=r"wanted \[2, 6, 8\] as the cameras say, got \[2, 8, 6\]"):
        unproject_depth(make_cameras(), torch.ones(2, 8, 6))
    with pytest.raises(ValueError, match=r"\[V H W\]"):
        unproject_depth(make_cameras(), torch.ones(6, 8))


def test_four_cells_surround_a_point():
    columns, rows, weights = surround_points(torch.tensor([[1.75, 2.5], [0.1, 3.9]]), 4, 4)
    assert columns.tolist() == [[1, 2, 1, 2], [0, 0, 0, 0]] and rows.tolist() == [[2, 2, 3, 3], [3, 3, 3, 3]]
    assert torch.allclose(weights, torch.tensor([[0.75, 0.25, 0, 0], [0.24, 0.36, 0.16, 0.24]]))
