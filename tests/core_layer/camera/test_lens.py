"""Lenses: the forward models against independent ones, and pictures that are taken from where a ray through the lens lands."""

from __future__ import annotations

import math

import pytest
import torch
from kornia.geometry.calibration import distort_points
from kornia.geometry.camera.distortion_kannala_brandt import distort_points_kannala_brandt
from torch import Tensor

from mvcustom.mvcustom_core.camera.cameras import Cameras, look_at
from mvcustom.mvcustom_core.camera.lens import Lens, undistort_picture
from mvcustom.mvcustom_core.camera.rays import cell_centers, pixel_rays

WIDTH, HEIGHT = 64, 48
K = torch.tensor([[50.0, 0, 30.5], [0, 48.0, 25.25], [0, 0, 1]])

LENSES = {
    "radial": Lens((-0.2, 0.05)),
    "three radial": Lens((0.1, -0.05, 0.02)),
    "four radial": Lens((0.1, -0.05, 0.02, 0.01)),
    "tangential": Lens((), (0.02, -0.03)),
    "opencv": Lens((-0.2, 0.1), (0.01, 0.005)),
    "rational": Lens((0.3, 0.1, 0.02), (0.003, 0.001), (0.2, 0.05, 0.01)),
    "fisheye": Lens((), fisheye=True),
    "bent fisheye": Lens((0.05, -0.02, 0.003, -0.001), fisheye=True),
}


def bend_by_hand(lens: Lens, x: float, y: float) -> tuple[float, float]:
    """The formulas of OpenCV's manual for one point, in plain Python."""
    r = math.hypot(x, y)
    k = [*lens.radial, 0, 0, 0, 0]
    if lens.fisheye:
        t = math.atan(r)
        factor = t * (1 + k[0] * t**2 + k[1] * t**4 + k[2] * t**6 + k[3] * t**8) / r
        return x * factor, y * factor
    q, (p1, p2) = [*lens.divisor, 0, 0, 0], lens.tangential
    factor = (1 + k[0] * r**2 + k[1] * r**4 + k[2] * r**6 + k[3] * r**8) / (1 + q[0] * r**2 + q[1] * r**4 + q[2] * r**6)
    return x * factor + 2 * p1 * x * y + p2 * (r**2 + 2 * x**2), y * factor + p1 * (r**2 + 2 * y**2) + 2 * p2 * x * y


@pytest.mark.parametrize("name", LENSES)
def test_undistorted_pictures_are_taken_from_where_the_rays_land(name: str) -> None:
    """A picture of its own pixel coordinates says where it was sampled; a world ray through the lens says where it should be: 0.05 px."""
    lens = LENSES[name]
    coordinates = cell_centers(HEIGHT, WIDTH).T.reshape(2, HEIGHT, WIDTH)  # [2, H, W] x and y of every pixel
    straight, seen = undistort_picture(coordinates, K, lens)
    w2c = look_at(torch.tensor([[1.0, -2, 3]]), torch.zeros(1, 3), torch.tensor([[0.1, -1, 0.2]]))
    camera = Cameras(w2c, K[None], WIDTH, HEIGHT)
    checked = 0
    for column, row in ((1, 2), (31, 24), (60, 3), (8, 40), (50, 44), (20, 25), (40, 12)):
        origins, directions = pixel_rays(camera, torch.tensor([[column + 0.5, row + 0.5]]))
        in_camera = w2c[0, :3, :3] @ (origins[0] + 2.5 * directions[0, 0]) + w2c[0, :3, 3]  # a point that the pinhole's pixel shows
        x, y = bend_by_hand(lens, float(in_camera[0] / in_camera[2]), float(in_camera[1] / in_camera[2]))
        wanted = torch.tensor([50 * x + 30.5, 48 * y + 25.25])
        inside = bool((wanted >= 0).all() and wanted[0] <= WIDTH and wanted[1] <= HEIGHT)
        assert bool(seen[0, row, column]) == inside
        if (wanted > 0.5).all() and wanted[0] < WIDTH - 0.5 and wanted[1] < HEIGHT - 0.5:  # between centres
            assert (straight[:, row, column] - wanted).abs().max() < 0.05
            checked += 1
    assert checked >= 3


@pytest.mark.parametrize("name", [name for name in LENSES if name != "four radial"])  # which kornia does not have
def test_forward_models_are_those_of_kornia(name: str) -> None:
    lens = LENSES[name]
    points = torch.rand(50, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 1.6 - 0.8
    k = [*lens.radial, 0.0, 0.0, 0.0, 0.0]
    if lens.fisheye:
        unit = torch.tensor([[1.0, 1, 0, 0, *k[:4]]], dtype=torch.float64)
        wanted = distort_points_kannala_brandt(points, unit.expand(50, -1))
    else:
        q = [*lens.divisor, 0.0, 0.0, 0.0]
        coefficients = torch.tensor([k[0], k[1], *lens.tangential, k[2], *q[:3]], dtype=torch.float64)
        wanted = distort_points(points, torch.eye(3, dtype=torch.float64), coefficients)
    torch.testing.assert_close(lens.distort(points), wanted, atol=1e-9, rtol=0)


def test_the_axis_of_a_fisheye_is_no_exception() -> None:
    points = torch.zeros(1, 2, requires_grad=True)
    assert torch.equal(Lens((0.1,), fisheye=True).distort(points), torch.zeros(1, 2))


@pytest.mark.parametrize(
    ("lens", "wanted"), [(Lens((-0.3,)), 1 / math.sqrt(0.9)), (Lens((0.3,)), math.inf), (Lens(fisheye=True), math.inf)]
)
def test_the_fold_is_where_the_radius_stops_growing(lens: Lens, wanted: float) -> None:
    """r (1 - 0.3 r^2) grows up to 1 / sqrt(0.9)."""
    assert lens.find_fold(3.0) == pytest.approx(wanted, abs=0.005)


def test_what_lies_beyond_the_fold_is_not_seen() -> None:
    """A wide lens whose polynomial returns to the picture: without the fold, the corners would show the middle again."""
    wide = torch.tensor([[20.0, 0, 32], [0, 20, 24], [0, 0, 1]])
    _, seen = undistort_picture(torch.ones(1, HEIGHT, WIDTH), wide, Lens((-0.3,)))
    radius = ((cell_centers(HEIGHT, WIDTH) - torch.tensor([32.0, 24.0])) / 20).norm(dim=-1).reshape(HEIGHT, WIDTH)
    assert torch.equal(seen[0] == 1, radius < Lens((-0.3,)).find_fold(float(radius.max())))
    assert 0.3 < seen.mean() < 0.8


@pytest.mark.parametrize(
    ("lens", "model"),
    [
        (Lens(), "pinhole"),
        (Lens((0.0, 0.0), (0.0, 0.0), (0.0,)), "pinhole"),
        (Lens((0.1,)), "OpenCV radial"),
        (Lens((0.1,), (0.0, 0.1)), "OpenCV radial and tangential"),
        (Lens((0.1,), (0.0, 0.1), (0.1,)), "OpenCV rational"),
        (Lens(fisheye=True), "fisheye"),
    ],
)
def test_lenses_know_their_model(lens: Lens, model: str) -> None:
    assert lens.model == model and lens.is_pinhole == (model == "pinhole")


def test_a_pinhole_changes_nothing_and_shapes_are_checked() -> None:
    picture: Tensor = torch.rand(4, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(0))
    straight, seen = undistort_picture(picture, K, Lens())
    torch.testing.assert_close(straight, picture, atol=1e-4, rtol=0)
    assert seen.min() == 1 and seen.shape == (1, HEIGHT, WIDTH)
    with pytest.raises(ValueError, match=r"shape \[C H W\]"):
        undistort_picture(picture[0], K, Lens())
    with pytest.raises(ValueError, match=r"shape \[... 2\]"):
        Lens().distort(torch.zeros(3))
