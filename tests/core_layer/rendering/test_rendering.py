"""Replacement of features and start noise, against loops over an operator written by hand."""

from __future__ import annotations

import pytest
import torch

from mvcustom.mvcustom_core.rendering.operator import RenderOperator
from mvcustom.mvcustom_core.rendering.rendering import (
    RenderingSettings,
    find_shares,
    rendering_strength,
    replace_features,
    share_noise,
)

V, SIZE = 4, 6
CELLS = SIZE * SIZE


def make_operator(mask=None, taps=3, anchors=(0,)):
    generator = torch.Generator().manual_seed(0)
    cells = torch.randint(0, len(anchors) * CELLS, (V, CELLS, taps), generator=generator)
    weights = torch.rand(V, CELLS, taps, generator=generator).sort(-1, descending=True).values
    mask = torch.rand(V, 1, SIZE, SIZE, generator=generator) if mask is None else mask
    known = torch.ones(V, CELLS, dtype=torch.bool)
    return RenderOperator(cells.int(), weights / weights.sum(-1, keepdim=True), known, anchors, mask)


def make_features(branches=3, channels=5):
    return torch.randn(branches * V, channels, SIZE, SIZE, generator=torch.Generator().manual_seed(1))


def replace_by_loops(features, operator, strength, keep):
    result = features.clone()
    for branch in range(len(features) // V):
        source = torch.cat([features[branch * V + anchor].flatten(1) for anchor in operator.anchors], dim=1)  # [C, (A h w)]
        for view in range(V):
            if view in operator.anchors:
                continue
            for cell in range(CELLS):
                y, x = divmod(cell, SIZE)
                rendered = sum(operator.weights[view, cell, t] * source[:, operator.cells[view, cell, t]] for t in range(3))
                m = operator.mask[view, 0, y, x] * strength * (1 - keep[view, 0, y, x])
                result[branch * V + view, :, y, x] = m * rendered + (1 - m) * features[branch * V + view, :, y, x]
    return result


@pytest.mark.parametrize("anchors", [(0,), (2,), (3, 1)])
def test_each_branch_uses_its_own_anchors(anchors):
    features, operator = make_features(), make_operator(anchors=anchors)
    keep = torch.rand(V, 1, SIZE, SIZE, generator=torch.Generator().manual_seed(2))
    original = features.clone()
    result = replace_features(features, operator, 0.8 * find_shares(operator, keep))
    assert torch.allclose(result, replace_by_loops(features, operator, 0.8, keep), atol=1e-5)
    assert torch.equal(features, original)
    assert torch.equal(result.unflatten(0, (3, V))[:, anchors], features.unflatten(0, (3, V))[:, anchors])


def test_full_mask_replaces_all_and_kept_cells_stay():
    features, operator = make_features(1), make_operator(torch.ones(V, 1, SIZE, SIZE), anchors=(1,))
    result = replace_features(features, operator, find_shares(operator))
    others = [0, 2, 3]
    assert torch.allclose(result[others], operator.apply(features[1:2])[others], atol=1e-6)
    assert torch.equal(replace_features(features, operator, find_shares(operator, torch.ones(V, 1, SIZE, SIZE))), features)


def test_dtype_and_gradient():
    operator = make_operator()
    features = make_features(1, 1).double().requires_grad_()
    assert torch.autograd.gradcheck(lambda f: replace_features(f, operator, 0.7 * find_shares(operator)), (features,))


@pytest.mark.parametrize(("dtype", "digits"), [(torch.float16, 11), (torch.bfloat16, 8)])
def test_features_are_blended_in_their_own_dtype(dtype, digits):
    """Shares, weights and the result are each rounded to it once; what a user can see of it is the last of them."""
    operator, features = make_operator(), make_features().to(dtype)
    result = replace_features(features, operator, find_shares(operator))
    exact = replace_features(features.double(), operator, find_shares(operator).double())
    assert result.dtype == dtype
    assert (result - exact).abs().max() < 3 * 2.0**-digits * features.abs().max()


def test_fifty_steps_fade_over_the_last_five_of_thirty_five():
    strengths = [rendering_strength(step / 50, RenderingSettings()) for step in range(50)]
    assert strengths[:31] == [1.0] * 31
    assert strengths[31:35] == pytest.approx([0.8, 0.6, 0.4, 0.2])
    assert strengths[35:] == [0.0] * 15


@pytest.mark.parametrize(
    ("steps", "until", "last"),
    [(20, 0.9, [1.0, 0.5, 0.0, 0.0]), (20, 0.7, [1.0, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]), (10, 0.9, [1.0, 0.0])],
)
def test_the_shipped_workflows_and_the_ablation_render_the_steps_that_they_always_did(steps, until, last):
    strengths = [rendering_strength(step / steps, RenderingSettings(until=until)) for step in range(steps)]
    assert strengths == [1.0] * (steps - len(last)) + last


def test_strict_schedule_is_all_or_nothing():
    strengths = [rendering_strength(step / 50, RenderingSettings(fade=0.0, strength=0.6)) for step in range(50)]
    assert strengths == [0.6] * 35 + [0.0] * 15


@pytest.mark.parametrize("steps", [1, 2, 7, 20])
def test_schedule_falls_for_any_number_of_steps(steps):
    strengths = [rendering_strength(step / steps, RenderingSettings()) for step in range(steps)]
    assert strengths == sorted(strengths, reverse=True) and strengths[0] == 1.0
    assert all(rendering_strength(step / steps, RenderingSettings(until=1.0, fade=0.0)) == 1.0 for step in range(steps))
    assert all(rendering_strength(step / steps, RenderingSettings(until=0.0, fade=0.0)) == 0.0 for step in range(steps))


def make_noise(channels=2000):
    return torch.randn(V, channels, SIZE, SIZE, generator=torch.Generator().manual_seed(3))


def test_shared_noise_keeps_unit_variance():
    noise = make_noise()
    for value in (0.0, 0.3, 0.5, 1.0):
        shared = share_noise(noise, make_operator(torch.full((V, 1, SIZE, SIZE), value)))
        assert (shared.var(dim=1) - 1).abs().max() < 0.2  # 2000 samples: standard error 0.03
        assert shared.mean().abs() < 0.03


def test_shared_noise_is_the_anchors_where_one_cell_alone_sees_it():
    noise, operator = make_noise(3), make_operator(torch.ones(V, 1, SIZE, SIZE), anchors=(2,))
    shared = share_noise(noise, operator)
    sources = operator.cells[1, :, 0].tolist()  # the heaviest tap comes first
    alone = [cell for cell, source in enumerate(sources) if sources.count(source) == 1]
    assert len(alone) > 5
    for cell in alone:
        assert torch.equal(shared[1].flatten(1)[:, cell], noise[2].flatten(1)[:, sources[cell]])
    assert torch.equal(shared[2], noise[2])
    assert torch.equal(share_noise(noise, make_operator(torch.zeros(V, 1, SIZE, SIZE), anchors=(2,))), noise)


def test_shared_noise_of_a_cell_that_is_partly_seen_blends_both():
    mask = torch.full((V, 1, SIZE, SIZE), 0.7)
    noise, operator = make_noise(3), make_operator(mask, anchors=(2,))
    sources = operator.cells[1, :, 0].tolist()
    cell = next(cell for cell, source in enumerate(sources) if sources.count(source) == 1)
    expected = 0.7 * noise[2].flatten(1)[:, sources[cell]] + 0.3 * noise[1].flatten(1)[:, cell]
    assert torch.allclose(share_noise(noise, operator)[1].flatten(1)[:, cell], expected / (0.7**2 + 0.3**2) ** 0.5, atol=1e-6)


def test_errors():
    operator = make_operator()
    with pytest.raises(ValueError, match="multiple of 4 views on the batch axis, got 10"):
        replace_features(torch.zeros(10, 5, SIZE, SIZE), operator, operator.mask)
    with pytest.raises(ValueError, match=r"\[N C 6 6\]"):
        replace_features(torch.zeros(4, 5, 3, 3), operator, operator.mask)
    with pytest.raises(ValueError, match=r"\[4 1 6 6\]"):
        find_shares(operator, torch.zeros(3, 1, SIZE, SIZE))
    with pytest.raises(ValueError, match=r"\[4 1 6 6\]"):
        replace_features(make_features(), operator, torch.zeros(3, 1, SIZE, SIZE))
    with pytest.raises(ValueError, match=r"\[4 C 6 6\]"):
        share_noise(make_noise(2)[:3], operator)
    for wrong in ({"strength": 1.5}, {"until": 1.2}, {"fade": 0.9}):
        with pytest.raises(ValueError, match="rendering settings"):
            RenderingSettings(**wrong)
    for progress in (-0.1, 1.1):
        with pytest.raises(ValueError, match="progress of denoising from 0 to 1"):
            rendering_strength(progress, RenderingSettings())
