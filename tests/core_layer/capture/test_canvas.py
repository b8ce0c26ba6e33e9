"""Photographs of several sizes on one canvas: each in the middle at one scale of the longer side, and the square that all of them fill."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from mvcustom.mvcustom_core.capture.canvas import share_canvas


def make_picture(height: int, width: int, channels: int = 3) -> Tensor:
    return torch.rand(channels, height, width, generator=torch.Generator().manual_seed(height * 1000 + width))


def test_photographs_of_one_size_stay_as_they_are() -> None:
    photographs, masks = [make_picture(24, 32)] * 2, [make_picture(24, 32, 1)] * 2
    canvas = share_canvas(photographs, masks)
    assert torch.equal(canvas.images, torch.stack(photographs)) and torch.equal(canvas.masks, torch.stack(masks))
    assert canvas.inside.min() == 1 and canvas.scales == (1, 1)
    assert torch.equal(canvas.cut(canvas.images), canvas.images)


def test_portrait_and_landscape_lie_in_the_middle() -> None:
    landscape, portrait = make_picture(24, 32), make_picture(32, 24)
    canvas = share_canvas([landscape, portrait], [landscape[:1], portrait[:1]])
    assert canvas.images.shape == (2, 3, 32, 32) and canvas.scales == (1, 1)
    assert torch.equal(canvas.images[0, :, 4:28], landscape) and torch.equal(canvas.images[1, :, :, 4:28], portrait)
    assert canvas.inside.sum((1, 2, 3)).tolist() == [24 * 32] * 2
    assert canvas.masks is not None and not canvas.masks[canvas.inside == 0].any()
    assert torch.equal(canvas.masks[1, 0, :, 4:28], portrait[0])


def test_all_photographs_fill_the_box() -> None:
    canvas = share_canvas([make_picture(24, 32), make_picture(32, 20)], None)
    assert (canvas.left, canvas.top, canvas.width, canvas.height) == (6, 6, 20, 20) and canvas.masks is None
    assert canvas.cut(canvas.inside).min() == 1


def test_larger_photographs_are_reduced_to_the_same_longer_side() -> None:
    """A grey ramp from border to border stays one."""
    ramp = ((torch.arange(64) + 0.5) / 64).expand(3, 48, 64)
    canvas = share_canvas([ramp, make_picture(32, 24)], [ramp[:1], make_picture(32, 24, 1)])
    assert canvas.images.shape == (2, 3, 32, 32) and canvas.scales == (0.5, 1)
    small = (torch.arange(32) + 0.5) / 32
    torch.testing.assert_close(canvas.images[0, 0, 4:28, 2:30], small[2:30].expand(24, 28), atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    ("photographs", "masks", "message"),
    [
        ([], None, "wanted at least one, got none"),
        ([make_picture(8, 8)], [make_picture(8, 9, 1)], r"H=8, W=8, got \[1, 8, 9\]"),
        ([make_picture(8, 8, 1)], None, r"\[3 H W\]"),
    ],
)
def test_what_does_not_fit_is_refused(photographs: list[Tensor], masks: list[Tensor] | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        share_canvas(photographs, masks)
