"""Items 5 and 6 of the acceptance, and the order of a level's halves: features as a latent space."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from mvcustom.mvcustom_core.gld.features import Statistics, make_positions, map_to_patches, pad_targets, patches_to_map
from mvcustom.mvcustom_core.gld.vit import GeometricBackbone, LinearHeads
from mvcustom.tests.core_layer.gld.small import GRID, HEIGHT, SMALL, WIDTH, difference, random_images, randomise, seeded

SHAPE = SMALL.backbone
VIEWS = 3


@pytest.fixture(scope="module")
def backbone() -> GeometricBackbone:
    return randomise(GeometricBackbone(SHAPE)).requires_grad_(False)


def test_item_5_statistics_restore_what_they_normalise() -> None:
    mean, deviation = 56 * torch.randn(32, generator=seeded(1)), torch.linspace(0.13, 10, 32)
    statistics = Statistics(mean, deviation**2)
    x = mean[:, None, None] + deviation[:, None, None] * torch.randn(2, 32, *GRID, generator=seeded(2))
    latents = statistics.normalise(x)
    assert difference(statistics.restore(latents), x) < 1e-6
    assert abs(float(latents.std()) - 1) < 0.1


def test_item_5_variance_carries_an_epsilon() -> None:
    statistics = Statistics(torch.tensor([1.0, 1.0]), torch.tensor([0.0, 4.0]))
    latents = statistics.normalise(torch.full((1, 2, 1, 1), 3.0))
    assert torch.allclose(latents.flatten(), torch.tensor([2 / 1e-5**0.5, 2 / 4.00001**0.5]))


def test_item_6_true_level_1_and_tokens_give_the_levels_above(backbone: GeometricBackbone) -> None:
    raw = backbone.extract(random_images(VIEWS), (1, 2, 3))
    found = backbone.propagate(raw[1][:, 1:], raw[1][:, 0], GRID)
    assert sorted(found) == [1, 2, 3]
    for level in (1, 2, 3):
        assert difference(found[level], backbone.to_decoder_form(raw[level][:, 1:])) < 1e-5
    one = backbone.propagate(raw[1][:, 1:], raw[1][0, 0], GRID)  # one token for all views is not the same, but near in kind
    assert difference(one[3], found[3]) > 1e-4 and torch.equal(one[1], found[1])


def test_item_6_sources_alone_do_not_see_targets(backbone: GeometricBackbone) -> None:
    images, others = random_images(VIEWS), torch.cat([random_images(2), random_images(1, seed=5)])
    alone = backbone.extract(images[:2], (0, 1))
    together = backbone.extract(images, (0, 1))
    assert torch.equal(images[:2], others[:2])
    assert difference(backbone.extract(others, (1,))[1][:2], together[1][:2]) > 1e-3
    assert all(difference(together[level][:2], alone[level]) > 1e-3 for level in (0, 1))


def test_item_4_local_half_comes_first(backbone: GeometricBackbone) -> None:
    """Level 0 by hand: the even block, within each view, then the odd one, over all views, before the final norm."""
    images = random_images(VIEWS)
    mean, std = torch.tensor([0.485, 0.456, 0.406])[:, None, None], torch.tensor([0.229, 0.224, 0.225])[:, None, None]
    tokens = backbone.embed((images - mean) / std)
    for block in backbone.blocks[:2]:
        tokens = block(tokens, None)
    camera = backbone.camera_token[0]
    tokens = torch.cat([torch.stack([camera[0], camera[1], camera[1]])[:, None], tokens[:, 1:]], dim=1)
    places = [[0, 0], *([row + 1, column + 1] for row in range(GRID[0]) for column in range(GRID[1]))]
    local = backbone.blocks[2](tokens, torch.tensor([places] * VIEWS))
    flat = torch.tensor([[[0, 0]] + [[1, 1]] * 6] * VIEWS).reshape(1, -1, 2)
    joint = backbone.blocks[3](local.reshape(1, -1, SHAPE.width), flat).reshape(local.shape)
    assert difference(backbone.extract(images, (0,))[0], torch.cat([local, joint], dim=-1)) < 1e-5


def test_decoder_form_norms_the_second_half_alone(backbone: GeometricBackbone) -> None:
    raw = torch.randn(2, 6, 32, generator=seeded())
    form = backbone.to_decoder_form(raw)
    assert torch.equal(form[..., :16], raw[..., :16]) and torch.allclose(form[..., 16:], backbone.norm(raw[..., 16:]))


def test_first_view_is_the_reference(backbone: GeometricBackbone) -> None:
    images = random_images(VIEWS)
    level = backbone.extract(images, (1,))[1]
    assert difference(backbone.extract(images[[0, 2, 1]], (1,))[1], level[[0, 2, 1]]) < 1e-5
    assert difference(backbone.extract(images[[1, 0, 2]], (1,))[1], level[[1, 0, 2]]) > 1e-3


def test_table_of_positions_fits_other_grids(backbone: GeometricBackbone) -> None:
    square = torch.zeros(1, 3, 12, 12)
    assert torch.equal(backbone._positions((3, 3)), backbone.pos_embed)
    assert backbone.embed(square).shape == (1, 10, 16) and backbone._positions((2, 5)).shape == (1, 11, 16)


def test_positions_are_resampled_as_dinov2_does(backbone: GeometricBackbone) -> None:
    """By a factor of a tenth of a patch more than the grid's size, which moves the samples."""
    table = backbone.pos_embed[:, 1:].mT.unflatten(-1, (3, 3))
    by_size = interpolate(table, size=GRID, mode="bicubic").flatten(2).mT
    by_factor = interpolate(table, scale_factor=(2.1 / 3, 3.1 / 3), mode="bicubic").flatten(2).mT
    found = backbone._positions(GRID)[:, 1:]
    assert difference(found, by_factor) < 1e-6 and difference(found, by_size) > 1e-3


def test_norms_have_two_epsilons(backbone: GeometricBackbone) -> None:
    """1e-6 in blocks; 1e-5 in the norms of q and k and in the last one."""
    block = backbone.blocks[2]
    norms = {block.norm1: 1e-6, block.norm2: 1e-6, block.attn.q_norm: 1e-5, block.attn.k_norm: 1e-5, backbone.norm: 1e-5}
    for norm, epsilon in norms.items():
        x = 1e-3 * torch.randn(4, *norm.normalized_shape, generator=seeded())
        plain = (x - x.mean(-1, keepdim=True)) / (x.var(-1, unbiased=False, keepdim=True) + epsilon).sqrt()
        assert difference(norm(x), plain * norm.weight + norm.bias) < 1e-5


def test_maps_are_in_raster_order() -> None:
    patches = torch.arange(6.0).reshape(1, 6, 1)
    features = patches_to_map(patches, GRID)
    assert torch.equal(features[0, 0], torch.tensor([[0.0, 1, 2], [3, 4, 5]])) and torch.equal(map_to_patches(features), patches)
    assert torch.equal(make_positions(GRID)[0][4], torch.tensor([2, 1]))


def test_targets_are_padded_with_zeros() -> None:
    padded = pad_targets(torch.ones(2, 1, 1, 1), 5)
    assert torch.equal(padded.flatten(), torch.tensor([1.0, 1, 0, 0, 0]))


def test_linear_heads_give_positive_depth_of_each_pixel(backbone: GeometricBackbone) -> None:
    heads = randomise(LinearHeads(SHAPE))
    level: Tensor = torch.randn(VIEWS, 6, 32, generator=seeded())
    geometry = heads([level] * 4, GRID)
    assert geometry.depth.shape == geometry.confidence.shape == (VIEWS, HEIGHT, WIDTH) and (geometry.depth > 0).all()
    assert (geometry.confidence >= 1).all() and geometry.rays.shape == (VIEWS, *GRID, 6) and (geometry.ray_confidence >= 1).all()
    assert heads.paint(level, GRID).shape == (VIEWS, 3, HEIGHT, WIDTH)


def test_what_does_not_fit_is_refused(backbone: GeometricBackbone) -> None:
    with pytest.raises(ValueError, match="divisible by 4, got 10x8"):
        backbone.extract(torch.zeros(1, 3, 8, 10), (0,))
    with pytest.raises(ValueError, match=r"\[V, 2 \* 3, 32\]"):
        backbone.propagate(torch.zeros(1, 5, 32), torch.zeros(32), GRID)
