"""The render hook in ComfyUI runs: off means off, the anchor leads and is not touched, and runs that it cannot serve are refused."""

from __future__ import annotations

from typing import Any

import comfy.context_windows
import pytest
import torch
from comfy.model_patcher import ModelPatcher
from torch import Tensor

from mvcustom.mvcustom_core.sampling.rendering import RenderingSettings
from mvcustom.nodes.bridge import embedded
from mvcustom.nodes.bridge.pose import KEY
from mvcustom.nodes.bridge.rendering import FeatureRenderer, apply_rendering
from mvcustom.tests.host.embedded import count_calls, load_once, make_cameras, make_depth, sample

ANCHOR, VIEWS = 1, 3
FULL = RenderingSettings(strength=1.0, until=1.0, fade=0.0)


def hook_model(settings: RenderingSettings = FULL, shared_noise: bool = True, **changes: Any) -> ModelPatcher:
    model = changes.get("model", load_once()[0])
    cameras = changes.get("cameras", make_cameras())
    with torch.inference_mode():
        return apply_rendering(model, make_depth(changes.get("anchor", ANCHOR)), cameras, settings, shared_noise)[0]


def renderer_of(model: ModelPatcher) -> FeatureRenderer:
    return model.model_options["transformer_options"][KEY]["after_spatial"]


@pytest.mark.parametrize("settings", [RenderingSettings(strength=0.0), RenderingSettings(until=0.0, fade=0.0)])
def test_no_strength_changes_no_bit(settings: RenderingSettings):
    assert torch.equal(sample(hook_model(settings, shared_noise=False)), sample(load_once()[0]))


def test_features_and_noise_each_change_the_views():
    plain = sample(load_once()[0])
    for settings, shared_noise in ((FULL, False), (RenderingSettings(strength=0.0), True)):
        assert (sample(hook_model(settings, shared_noise)) - plain).abs().max() > 1e-3


def test_anchor_is_seen_whole_by_itself():
    with torch.inference_mode():
        _, operator = apply_rendering(load_once()[0], make_depth(ANCHOR), make_cameras(), FULL)
    assert operator.mask.shape == (VIEWS, 1, 8, 8)
    assert (operator.mask[ANCHOR] == 1).all()
    others = operator.mask[[0, 2]]
    assert (others < 1).any() and (others > 0.9).any()


def test_operators_stand_at_the_decoder_blocks_of_the_levels():
    operators = renderer_of(hook_model()).operators
    assert {(key, tuple(operator.mask.shape[-2:])) for key, operator in operators.items()} == {
        *((("output", i), (4, 4)) for i in (6, 7, 8)),
        *((("output", i), (8, 8)) for i in (9, 10, 11)),
    }


def call_renderer(renderer: FeatureRenderer, x: Tensor, step: int = 0, branches: int = 2, **entries: Any) -> Tensor:
    sigmas = torch.linspace(10, 0, 5)
    options = {"sample_sigmas": sigmas, "sigmas": sigmas[step : step + 1], "cond_or_uncond": list(range(branches)), KEY: entries}
    return renderer(x, ("output", 9), options)


def test_features_of_the_anchor_are_not_touched():
    x = torch.randn(2 * VIEWS, 5, 8, 8, generator=torch.Generator().manual_seed(0))
    renderer = renderer_of(hook_model())
    rendered = call_renderer(renderer, x).unflatten(0, (2, VIEWS))
    before = x.unflatten(0, (2, VIEWS))
    assert torch.equal(rendered[:, ANCHOR], before[:, ANCHOR])
    for branch in range(2):  # each follows its own anchor: where it is seen whole, the view's own features are gone
        alone = call_renderer(renderer, x.unflatten(0, (2, VIEWS))[branch], branches=1)
        assert torch.equal(rendered[branch], alone)
    whole = (renderer.operators["output", 9].mask[0] == 1).expand(5, -1, -1)
    assert whole.any()
    other = before.clone()
    other[:, 0] += 1
    torch.testing.assert_close(call_renderer(renderer, other.flatten(0, 1)).unflatten(0, (2, VIEWS))[0, 0][whole], rendered[0, 0][whole])


def test_rendering_ends_with_its_share_and_leaves_references_alone():
    x = torch.randn(VIEWS, 5, 8, 8, generator=torch.Generator().manual_seed(0))
    renderer = renderer_of(hook_model(RenderingSettings(until=0.5, fade=0.0)))
    changed = [not torch.equal(call_renderer(renderer, x, step, branches=1), x) for step in range(4)]
    assert changed == [True, True, False, False]
    assert call_renderer(renderer, x, branches=1, bypass_motion=True) is x
    assert renderer(x, ("input", 1), {}) is x


def test_shared_noise_keeps_the_anchors():
    anchor = {}
    for name, model in (("plain", load_once()[0].clone()), ("shared", hook_model(RenderingSettings(strength=0.0), shared_noise=True))):

        def look(executor: Any, x: Tensor, *args: Any, name: str = name, **kwargs: Any) -> Tensor:
            anchor.setdefault(name, x[:VIEWS].clone())
            return executor(x, *args, **kwargs)

        model.add_wrapper_with_key("diffusion_model", "test", look)
        sample(model, steps=1)
    assert torch.equal(anchor["plain"][ANCHOR], anchor["shared"][ANCHOR])
    assert not torch.equal(anchor["plain"][0], anchor["shared"][0])


@pytest.mark.parametrize("shared_noise", [True, False])
@pytest.mark.parametrize(("changes", "message"), [({"views": 4}, "wanted 3, one for each camera, got 4"), ({"size": 128}, "got 128x128")])
def test_wrong_latents_are_refused_before_sampling(changes: dict[str, int], message: str, shared_noise: bool):
    model = hook_model(shared_noise=shared_noise)
    calls = count_calls(model)
    with pytest.raises(ValueError, match=message):
        sample(model, **changes)
    assert not calls


def test_context_windows_are_refused_before_sampling():
    model = hook_model()
    windows = comfy.context_windows
    handler = windows.IndexListContextHandler(
        windows.get_matching_context_schedule("standard_static"), windows.get_matching_fuse_method("pyramid"), context_length=2, dim=0
    )
    model.model_options["context_handler"] = handler
    windows.create_prepare_sampling_wrapper(model)
    calls = count_calls(model)
    with pytest.raises(ValueError, match="wanted all views in one batch, got context windows; disconnect"):
        sample(model)
    assert not calls


def test_model_cameras_and_anchor_must_fit():
    with pytest.raises(ValueError, match="connect Load MVCustom Backbone"):
        hook_model(model=embedded.load_unet())
    with pytest.raises(ValueError, match="already carries a hook; connect the model from before"):
        hook_model(model=hook_model())
    with pytest.raises(ValueError, match="anchor: wanted a view from 0 to 2, got 3"):
        hook_model(anchor=3)
    with pytest.raises(ValueError, match="wanted sides divisible by 16, got 72x72; change the trajectory's size"):
        hook_model(cameras=make_cameras(size=72))
