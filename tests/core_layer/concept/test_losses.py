"""Losses against means worked out by hand."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from mvcustom.mvcustom_core.concept.feature_nerf import Rendered
from mvcustom.mvcustom_core.concept.learning.losses import (
    LossWeights,
    background_loss,
    denoising_loss,
    dilate_mask,
    foreground_loss,
    masked_mean,
    rendering_losses,
    resize_area,
    rgb_loss,
    sample_pictures,
)


@pytest.fixture
def half() -> torch.Tensor:
    """Two views of 2x2 cells, the left column on the subject."""
    return torch.tensor([[1.0, 0.0], [1.0, 0.0]]).expand(2, 1, 2, 2)


def to_rays(mask: torch.Tensor) -> torch.Tensor:
    """Cells [V, 1, h, w] as one ray each, [V, (h w), 1]."""
    return mask.flatten(2).mT


def test_masked_mean_counts_channels_and_survives_an_empty_mask(half):
    values = torch.tensor([[3.0, 100.0], [5.0, 100.0]]).expand(2, 4, 2, 2)
    assert masked_mean(values, half).item() == pytest.approx(4.0)
    assert masked_mean(values, torch.zeros_like(half)).item() == 0


def test_denoising(half):
    residual = torch.zeros(2, 4, 2, 2)
    residual[:, :, :, 0], residual[:, :, :, 1] = 2.0, 50.0
    assert denoising_loss(residual, half).item() == pytest.approx(4.0)


def test_foreground(half):
    opacity = torch.tensor([0.8, 0.1, 1.0, 0.0]).view(1, 4, 1).expand(2, 4, 1)  # row-major
    assert foreground_loss(opacity, to_rays(half)).item() == pytest.approx((0.04 + 0.01) / 4)


def test_background_is_alpha_off_the_subject(half):
    alpha = torch.tensor([[0.9, 0.9], [0.2, 0.4], [0.9, 0.9], [0.0, 0.6]]).view(1, 4, 2, 1).expand(2, 4, 2, 1)
    assert background_loss(alpha, to_rays(half)).item() == pytest.approx((0.2 + 0.4 + 0.6) / 8)
    partly = torch.full((2, 4, 1), 0.2)  # a fifth covered: an edge of the subject, not background
    assert background_loss(alpha, partly).item() == 0
    barely = torch.full((2, 4, 1), 0.05)
    assert background_loss(torch.full((2, 4, 2, 1), 0.25), barely).item() == pytest.approx(0.2 * 0.95)


def test_rgb(half):
    colors = torch.full((2, 4, 3), 0.5)
    colors[:, 0] = torch.tensor([0.1, 0.2, 0.3])
    rgb = torch.full((2, 4, 3), 0.5)
    rgb[:, 1] = 7.0  # off the subject
    expected = (0.4**2 + 0.3**2 + 0.2**2) / 6  # one of two cells, mean over three channels
    assert rgb_loss(rgb, colors, to_rays(half)).item() == pytest.approx(expected)


def test_pictures_are_read_where_the_rays_go_through():
    ramp = torch.arange(16.0).add(0.5).div(8).sub(1).expand(1, 1, 16, 16)  # the value is x itself, from edge to edge
    places = torch.tensor([[[-0.25, 0.9], [0.5, -0.1], [0.03125, 0.0]]])
    assert torch.allclose(sample_pictures(ramp, places, (4, 4))[..., 0], places[..., 0], atol=1e-6)
    fine = torch.zeros(1, 1, 16, 16)
    fine[..., ::2] = 1  # stripes of a pixel: two cells of 2x4 pixels cannot show them
    assert torch.allclose(sample_pictures(fine, places, (2, 2)), torch.full((1, 3, 1), 0.5))


def test_rendering_losses_vanish_on_the_subject_itself_and_only_there():
    generator = torch.Generator().manual_seed(1)
    images, masks = torch.rand(2, 3, 8, 8, generator=generator), torch.zeros(2, 1, 8, 8)
    masks[:, :, 2:6, 2:6] = 1
    places = torch.rand(2, 16, 2, generator=generator) * 2 - 1
    covered, colors = sample_pictures(masks, places, (4, 4)), sample_pictures(images, places, (4, 4))
    true = Rendered((4, 4), places, colors, covered, colors * covered, covered[:, :, None], covered, ())
    losses = rendering_losses([true], images, masks)
    assert list(losses) == ["foreground", "background", "rgb"]
    assert all(loss.item() == pytest.approx(0, abs=1e-6) for loss in losses.values())
    moved = dataclasses.replace(true, places=places.flip(1))
    assert all(loss.item() > 1e-3 for loss in rendering_losses([moved], images, masks).values())
    assert rendering_losses([dataclasses.replace(true, rgb=colors)], images, None)["rgb"].item() == pytest.approx(0, abs=1e-12)


def test_area_and_dilation():
    mask = torch.zeros(1, 1, 64, 64)
    mask[..., 32, 32] = 1
    assert dilate_mask(mask).nonzero()[:, 2:].aminmax(dim=0).min.tolist() == [29, 29]
    assert dilate_mask(mask).sum() == 49  # the published 7x7 at 64
    assert dilate_mask(mask[..., 28:36, 28:36]).sum() == 9  # one cell at 8
    assert resize_area(mask, 16, 16).max() == 1 / 16 and resize_area(mask, 16, 16).mean() == mask.mean()


def test_default_weights_keep_the_published_balance():
    """Against its formulas for a block at the latent's resolution, with masks of ones."""
    weights, generator = LossWeights(), torch.Generator().manual_seed(0)
    residual, rgb, ones = torch.randn(1, 4, 4, 4, generator=generator), torch.rand(1, 16, 3, generator=generator), torch.ones(1, 1, 4, 4)
    colors = torch.rand(1, 16, 3, generator=generator)
    published = residual.square().sum() / ones.sum(), (rgb - colors).square().sum() / ones.sum()
    ours = weights.denoising * denoising_loss(residual, ones), weights.rgb * rgb_loss(rgb, colors, to_rays(ones))
    assert (ours[1] / ours[0]).item() == pytest.approx(5 * (published[1] / published[0]).item())
    assert weights.foreground / weights.denoising == weights.background / weights.denoising == 10 / 4


@pytest.mark.parametrize("loss", [denoising_loss, rgb_loss, foreground_loss, background_loss])
def test_refuses_other_shapes(loss, half):
    wrong = torch.zeros(3, 4, 2)
    with pytest.raises(ValueError, match="wanted a tensor of shape"):
        loss(wrong, torch.zeros(2, 4, 3), half) if loss is rgb_loss else loss(wrong, half)
