"""Figures of rendered views against values worked out by hand."""

from __future__ import annotations

import math

import pytest
import torch

from mvcustom.mvcustom_core.concept.learning.held_out import ViewFigures, average_inside, describe_figures, measure_views


@pytest.fixture
def mask() -> torch.Tensor:
    """One view of 8x8 pixels, the left half on the subject."""
    mask = torch.zeros(1, 1, 8, 8)
    mask[..., :4] = 1
    return mask


def test_the_subject_itself_is_perfect(mask):
    images = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    (figures,) = measure_views(images * mask, mask, images, mask, (4, 4))
    assert figures.iou == 1 and figures.psnr == pytest.approx(100)


def test_overlap_counts_the_union(mask):
    shifted = mask.roll(2, -1)  # columns 2..5 against 0..3: 2 of 6 in common
    (figures,) = measure_views(torch.zeros(1, 3, 8, 8), shifted, torch.zeros(1, 3, 8, 8), mask, (4, 4))
    assert figures.iou == pytest.approx(2 / 6)


def test_colour_is_judged_inside_the_mask_alone(mask):
    images, rgb = torch.full((1, 3, 8, 8), 0.5), torch.full((1, 3, 8, 8), 0.6) * mask
    images[..., 4:] = 0.9  # surroundings, which are not rendered
    (figures,) = measure_views(rgb, mask, images, mask, (4, 4))
    assert figures.psnr == pytest.approx(20, abs=1e-3)  # an error of 0.1
    (figures,) = measure_views(rgb, mask, images, None, (4, 4))
    assert figures.iou is None and figures.psnr == pytest.approx(-10 * math.log10((0.1**2 + 0.9**2) / 2), abs=1e-3)


def test_cells_at_an_outline_hold_the_colour_of_what_is_inside(mask):
    images = torch.full((1, 3, 8, 8), 0.2)
    images[..., 3:] = 0.8  # the last column inside, and all outside
    inside = average_inside(images, mask, (2, 2))
    assert torch.allclose(inside[0, :, :, 0], torch.tensor((3 * 0.2 + 0.8) / 4)) and inside[0, :, :, 1].abs().max() == 0


def test_words():
    text = describe_figures(["one", "two"], [ViewFigures(0.5, 20.0), ViewFigures(1.0, 30.0)])
    assert text.splitlines() == [
        "one: outline IoU 0.500, colour 20.0 dB",
        "two: outline IoU 1.000, colour 30.0 dB",
        "mean: outline IoU 0.750, colour 25.0 dB",
    ]
    assert describe_figures(["one"], [ViewFigures(None, 12.34)]) == "one: colour 12.3 dB"


def test_refuses_other_shapes(mask):
    with pytest.raises(ValueError, match="wanted a tensor of shape"):
        measure_views(torch.zeros(1, 3, 8, 8), torch.zeros(1, 3, 8, 8), torch.zeros(1, 3, 8, 8), mask, (4, 4))
