"""The network: what its tokens' order, an untrained output and an earlier pass change, and its size."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from mvcustom.mvcustom_core.mvgd import rin
from mvcustom.mvcustom_core.mvgd.model import MVGD, Group
from mvcustom.mvcustom_core.mvgd.settings import BASE, CONV, LARGE, SMALL, TINY, MVGDSettings
from mvcustom.tests.core_layer.mvgd.small import SETTINGS, draw, make_model

U = torch.tensor([0.3, 0.8], dtype=torch.float64)


def make_groups(order: Tensor | None = None) -> list[Group]:
    order = torch.arange(6) if order is None else order
    values = {"rgb": draw(2, 6, 3, seed=3), "depth": draw(2, 6, 1, seed=1)}
    return [Group(task, each[:, order], draw(2, 6, 6)[:, order]) for task, each in values.items()]


def make_scene(model: MVGD, order: Tensor | None = None) -> Tensor:
    order = torch.arange(8) if order is None else order
    return model.embed_scene(draw(2, 8, 16, seed=7)[:, order], draw(2, 8, 6, seed=8)[:, order])


@torch.no_grad()
def test_the_order_of_tokens_does_not_matter() -> None:
    model = make_model()
    (rgb, depth), z = model(make_groups(), U, model.read_scene(make_scene(model)))
    turned = torch.tensor([3, 0, 5, 1, 4, 2])
    (rgb_turned, depth_turned), z_turned = model(
        make_groups(turned), U, model.read_scene(make_scene(model, torch.tensor([6, 2, 0, 7, 5, 1, 3, 4])))
    )
    torch.testing.assert_close(rgb_turned, rgb[:, turned])
    torch.testing.assert_close(depth_turned, depth[:, turned])
    torch.testing.assert_close(z_turned, z)
    (depth_first, rgb_second), _ = model(make_groups()[::-1], U, model.read_scene(make_scene(model)))
    torch.testing.assert_close((rgb_second, depth_first), (rgb, depth))


@torch.no_grad()
def test_pictures_noise_level_and_the_other_task_all_matter() -> None:
    model = make_model()
    scene, groups = make_scene(model), make_groups()
    (rgb, _), _ = model(groups, U, model.read_scene(scene))
    others = (
        model(groups, U, model.read_scene(scene.flip(0)))[0][0],
        model(groups, U.flip(0), model.read_scene(scene))[0][0],
        model(groups[:1], U, model.read_scene(scene))[0][0],
        model(groups, U, model.read_scene(scene, scene[:, :4]))[0][0],
    )
    assert all(float((other - rgb).abs().max()) > 1e-3 for other in others)


@torch.no_grad()
def test_an_untrained_network_predicts_nothing() -> None:
    model = MVGD(SETTINGS).double()
    for values in model(make_groups(), U, model.read_scene(make_scene(model)))[0]:
        assert not values.any()


@torch.no_grad()
def test_an_earlier_pass_counts_only_with_a_gain_and_where_there_was_one() -> None:
    model = make_model()
    scene, groups = model.read_scene(make_scene(model)), make_groups()
    without, z = model(groups, U, scene)
    with_one, _ = model(groups, U, scene, z, torch.tensor([True, False]))
    assert float((with_one[0] - without[0])[0].abs().max()) > 1e-3
    torch.testing.assert_close(with_one[0][1], without[0][1])
    model.previous.norm.weight.zero_()
    torch.testing.assert_close(model(groups, U, scene, z)[0], without)


@torch.no_grad()
def test_pixel_tokens_in_parts_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    model = make_model()
    scene = model.read_scene(make_scene(model))
    whole = model(make_groups(), U, scene)[0]
    monkeypatch.setattr(rin, "MAX_TOKENS", 5)
    torch.testing.assert_close(model(make_groups(), U, scene)[0], whole)


@pytest.mark.parametrize(("settings", "millions"), [(TINY, 1.92), (SMALL, 11.3), (BASE, 66.8), (LARGE, 394.2)])
def test_networks_without_direct_looks_have_the_counted_weights(settings: MVGDSettings, millions: float) -> None:
    """BASE and LARGE without their timm encoder."""
    own = settings.encoder == CONV
    with torch.device("meta"):
        model = MVGD(replace(settings, direct=False, encoder=CONV, encoder_width=settings.encoder_width or 448))
    weights = sum(p.numel() for name, p in model.named_parameters() if own or not name.startswith("encoder."))
    assert weights / 1e6 == pytest.approx(millions, rel=0.003)


def test_the_tiny_network_has_two_million_weights() -> None:
    with torch.device("meta"):
        assert sum(p.numel() for p in MVGD(TINY).parameters()) == 2_112_324


def test_values_of_another_task_are_refused() -> None:
    model = make_model()
    with pytest.raises(ValueError, match=r"wanted a tensor of shape \[B n 1\]"):
        model([Group("depth", draw(2, 6, 3), draw(2, 6, 6))], U, model.read_scene(make_scene(model)))
