"""Squares: where they lie, and pixels and cameras that stay together when they are cut and resized."""

from __future__ import annotations

import pytest
import torch

from mvcustom.mvcustom_core.camera.cameras import Cameras
from mvcustom.mvcustom_core.camera.crop import Square, central_square, find_box, square_about_mask, whole_square
from mvcustom.mvcustom_core.camera.rays import cell_centers, project_points


def make_camera(width: int, height: int, x: float, y: float) -> Cameras:
    w2c = torch.eye(4)[None].clone()
    w2c[0, 2, 3] = 2.0
    return Cameras(w2c, torch.tensor([[[40.0, 0, x], [0, 40, y], [0, 0, 1]]]), width, height)


@pytest.mark.parametrize(
    "square", [Square(3, 0, 8), Square(-4, -6, 20), Square(0, 0, 12), Square(9, 7, 3), Square(14, 2, 4), Square(-9, 0, 4)]
)
def test_a_cut_is_the_picture_and_black_beyond_it(square: Square) -> None:
    picture = torch.rand(3, 10, 12, generator=torch.Generator().manual_seed(0)) * 0.8 + 0.1
    cut = square.cut(picture, square.side)
    assert cut.shape == (3, square.side, square.side)
    for row in range(square.side):
        for column in range(square.side):
            x, y = square.left + column, square.top + row
            wanted = picture[:, y, x] if 0 <= x < 12 and 0 <= y < 10 else torch.zeros(3)
            assert torch.equal(cut[:, row, column], wanted)


@pytest.mark.parametrize("square", [Square(4, 2, 40), Square(-8, -16, 80)])
@pytest.mark.parametrize("size", [20, 40, 96])
def test_pixels_and_cameras_stay_together(square: Square, size: int) -> None:
    """A picture of its own coordinates: what a camera's pixel shows is where the first camera saw the same point."""
    camera = make_camera(64, 48, 30.0, 26.0)
    coordinates = cell_centers(48, 64).T.reshape(2, 48, 64) / 64
    cut, after = square.cut(coordinates, size) * 64, square.cut_camera(camera, size)
    points = torch.tensor([[0.0, 0, 0], [0.2, -0.3, 0.1], [-0.3, 0.2, -0.2]])
    before, now = project_points(camera, points)[0][0], project_points(after, points)[0][0]
    assert (after.width, after.height) == (size, size)
    for was, (x, y) in zip(before, now.tolist(), strict=True):
        shown = cut[:, int(y), int(x)]
        offset = torch.tensor([x % 1 - 0.5, y % 1 - 0.5]) * square.side / size  # of the point in the pixel, in pixels of the first camera
        assert (shown + offset - was).abs().max() < 0.06


@pytest.mark.parametrize(
    ("at", "wanted"),
    [((32.0, 24.0), (8, 0)), ((35.0, 24.0), (11, 0)), ((60.0, 24.0), (16, 0)), ((2.0, 40.0), (0, 0)), ((32.4, 10.0), (8, 0))],
)
def test_central_squares_follow_the_optical_axis(at: tuple[float, float], wanted: tuple[int, int]) -> None:
    assert central_square(make_camera(64, 48, *at)) == Square(*wanted, 48)
    flipped = central_square(make_camera(48, 64, *reversed(at)))
    assert flipped == Square(wanted[1], wanted[0], 48)


@pytest.mark.parametrize(("size", "wanted"), [((64, 48), Square(0, -8, 64)), ((270, 480), Square(-105, 0, 480)), ((5, 5), Square(0, 0, 5))])
def test_whole_squares_hold_the_picture_in_their_middle(size: tuple[int, int], wanted: Square) -> None:
    assert whole_square(*size) == wanted


@pytest.mark.parametrize(
    ("box", "wanted"),
    [
        ((10, 20, 30, 24), Square(10, 12, 20)),
        ((4, 2, 9, 12), Square(1, 2, 10)),
        ((7, 7, 8, 8), Square(6, 6, 2)),
        ((0, 0, 5, 2), Square(-1, -2, 6)),
    ],
)
def test_squares_about_a_mask_hold_it(box: tuple[int, int, int, int], wanted: Square) -> None:
    mask = torch.zeros(1, 48, 64)
    left, top, right, bottom = box
    mask[:, top:bottom, left:right] = 1
    found = square_about_mask(mask)
    assert found == wanted
    assert found.cut(mask, found.side).sum() == mask.sum()


def test_squares_about_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="got an empty mask"):
        square_about_mask(torch.full((1, 4, 4), 0.4))
    with pytest.raises(ValueError, match=r"shape \[1 H W\]"):
        square_about_mask(torch.ones(4, 4))


def test_the_box_of_what_is_inside() -> None:
    inside = torch.zeros(6, 9, dtype=torch.bool)
    assert find_box(inside) is None
    inside[1, 4] = inside[3, 7] = True
    assert find_box(inside) == (4, 1, 8, 4)
