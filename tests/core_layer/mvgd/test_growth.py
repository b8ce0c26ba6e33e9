"""Twice the latents: the same prediction, and copies that can part."""

from __future__ import annotations

from dataclasses import replace

import torch

from mvcustom.mvcustom_core.mvgd.growth import double_latents
from mvcustom.mvcustom_core.mvgd.model import MVGD, Group
from mvcustom.tests.core_layer.mvgd.small import draw, make_model

U = torch.tensor([0.4], dtype=torch.float64)
GROUPS = [Group("rgb", draw(1, 6, 3), draw(1, 6, 6, seed=1))]


def predict(model: MVGD, passes: int = 2) -> torch.Tensor:
    scene = model.read_scene(model.embed_scene(draw(1, 8, 16, seed=2), draw(1, 8, 6, seed=3)))
    z = None
    with torch.no_grad():
        for _ in range(passes):
            (values,), z = model(GROUPS, U, scene, z)
    return values


def test_twice_the_latents_predict_the_same() -> None:
    model = make_model()
    doubled = double_latents(model, torch.Generator(), deviation=0.0)
    torch.testing.assert_close(predict(doubled), predict(model), rtol=0, atol=1e-12)
    twice = double_latents(doubled, torch.Generator(), deviation=0.0)
    torch.testing.assert_close(predict(twice), predict(model), rtol=0, atol=1e-12)
    assert len(twice.latents) == 4 * len(model.latents) and twice.settings.time_rows == 4


def test_without_a_second_time_row_they_do_not() -> None:
    model = make_model()
    doubled = double_latents(model, torch.Generator(), deviation=0.0)
    doubled.settings = replace(doubled.settings, time_rows=1)
    assert float((predict(doubled, passes=1) - predict(model, passes=1)).abs().max()) > 1e-3


def test_copies_with_noise_get_gradients_of_their_own() -> None:
    for deviation, part in ((0.0, False), (1e-3, True)):
        doubled = double_latents(make_model(), torch.Generator().manual_seed(0), deviation)
        scene = doubled.read_scene(doubled.embed_scene(draw(1, 8, 16, seed=2), draw(1, 8, 6, seed=3)))
        doubled(GROUPS, U, scene)[0][0].square().sum().backward()
        first, second = doubled.latents.grad.chunk(2)
        assert bool((first - second).abs().max() > 1e-9 * first.abs().max()) == part
