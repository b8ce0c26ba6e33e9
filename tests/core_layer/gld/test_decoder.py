"""Item 7 of the acceptance, and the order of the levels: pictures from features."""

from __future__ import annotations

from collections import Counter

import pytest
import torch
from torch import Tensor

from mvcustom.mvcustom_core.gld.decoder import RgbDecoder, drop_levels
from mvcustom.tests.core_layer.gld.small import GRID, HEIGHT, SMALL, WIDTH, difference, randomise, seeded

CHANNELS = SMALL.decoder.channels


def random_levels(seed: int = 0) -> list[Tensor]:
    return list(torch.randn(4, 2, 6, CHANNELS, generator=seeded(seed)))


@pytest.fixture
def decoder() -> RgbDecoder:
    return randomise(RgbDecoder(SMALL.decoder))


def test_item_7_no_dropout_changes_nothing() -> None:
    levels = random_levels()
    assert all(torch.equal(found, level) for found, level in zip(drop_levels(levels, 0.0, seeded()), levels, strict=True))


def test_item_7_a_dropped_level_teaches_its_columns_nothing(decoder: RgbDecoder) -> None:
    levels = drop_levels(random_levels(), 0.5, seeded(4))
    kept = [bool(level.any()) for level in levels]
    assert any(kept) and not all(kept)
    decoder.paint(levels, GRID).square().mean().backward()
    gradients = decoder.decoder_embed.weight.grad.split(CHANNELS, dim=1)
    assert [bool(gradient.any()) for gradient in gradients] == kept


def test_item_7_one_level_always_stays() -> None:
    """And every set of levels comes about as often as independent draws say; where all four would go, each one stays equally often."""
    levels, generator, counts = [torch.ones(1, 1, 1)] * 4, seeded(), Counter()
    for _ in range(10_000):
        counts[tuple(bool(level.any()) for level in drop_levels(levels, 0.5, generator))] += 1
    assert (False,) * 4 not in counts and len(counts) == 15
    assert all(abs(count / 10_000 - (5 / 64 if sum(kept) == 1 else 1 / 16)) < 0.012 for kept, count in counts.items())


@pytest.mark.parametrize("level", range(4))
def test_item_4_levels_are_in_order(decoder: RgbDecoder, level: int) -> None:
    """A decoder that is blind to the columns of one level does not see that level, and sees the others."""
    with torch.no_grad():
        decoder.decoder_embed.weight[:, level * CHANNELS : (level + 1) * CHANNELS] = 0
        levels, other = random_levels(1), random_levels(2)
        picture = decoder.paint(levels, GRID)
        for changed in range(4):
            moved = decoder.paint([other[index] if index == changed else levels[index] for index in range(4)], GRID)
            assert torch.equal(moved, picture) is (changed == level)


def test_pixels_are_rows_columns_channels_in_imagenets_units(decoder: RgbDecoder) -> None:
    with torch.no_grad():
        decoder.decoder_pred.weight.zero_()
        decoder.decoder_pred.bias.copy_(torch.arange(48.0) / 100)
        picture = decoder.paint(random_levels(), GRID)
    assert picture.shape == (2, 3, HEIGHT, WIDTH)
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    for row, column, channel in ((0, 1, 0), (3, 2, 1), (5, 6, 2)):
        value = ((row % 4) * 12 + (column % 4) * 3 + channel) / 100
        assert float(picture[0, channel, row, column]) == pytest.approx(value * std[channel] + mean[channel], abs=1e-6)


def test_pictures_are_clamped(decoder: RgbDecoder) -> None:
    with torch.no_grad():
        decoder.decoder_pred.bias += 3 * torch.randn(48, generator=seeded())
        painted, picture = decoder.paint(random_levels(), GRID), decoder(random_levels(), GRID)
    assert painted.max() > 1 and painted.min() < 0 and torch.equal(picture, painted.clamp(0, 1))


def test_views_are_decoded_each_on_its_own(decoder: RgbDecoder) -> None:
    levels = random_levels()
    with torch.no_grad():
        assert difference(decoder.paint([level[1:] for level in levels], GRID), decoder.paint(levels, GRID)[1:]) < 1e-5


def test_norms_hardly_have_an_epsilon(decoder: RgbDecoder) -> None:
    """1e-12, as in masked autoencoders' code, where 1e-6 would leave features this small as they are."""
    tiny = 1e-5 * torch.randn(2, 7, 16, generator=seeded())
    norms = [decoder.decoder_norm, decoder.decoder_layers[0].layernorm_before, decoder.decoder_layers[1].layernorm_after]
    assert all(difference(norm(tiny), norm(1e5 * tiny)) < 0.05 for norm in norms)


def test_table_of_positions_fits_other_grids(decoder: RgbDecoder) -> None:
    """By the grid's size, as the original does; a flat table stays flat."""
    assert torch.equal(decoder._positions((3, 3)), decoder.decoder_pos_embed)
    with torch.no_grad():
        decoder.decoder_pos_embed[:, 1:] = 0.5
    assert torch.allclose(decoder._positions((2, 5))[:, 1:], torch.full((1, 10, 16), 0.5))


def test_what_does_not_fit_is_refused(decoder: RgbDecoder) -> None:
    with pytest.raises(ValueError, match="4 feature levels, got 3"):
        decoder(random_levels()[:3], GRID)
    with pytest.raises(ValueError, match=r"\[V, 3 \* 3, 32\], got \[2, 6, 32\]"):
        decoder(random_levels(), (3, 3))
