"""A run that keeps a photograph at the anchor: with rendered predictions the other views follow the photograph itself."""

from __future__ import annotations

import comfy.sample
import comfy.samplers
import pytest
import torch

from mvcustom.mvcustom_core.rendering.rendering import RenderingSettings
from mvcustom.nodes.bridge.concept.tokens import encode_caption
from mvcustom.nodes.bridge.rendering.hook import HookOptions, apply_rendering
from mvcustom.nodes.bridge.rendering.run import RENDERING_ATTACHMENT
from mvcustom.tests.host.embedded import VIEWS, draw_noise, load_once, make_cameras, make_depth

ANCHOR = 1
FULL = RenderingSettings(strength=1.0, until=1.0, fade=0.0)


@torch.inference_mode()
def sample_kept(known: torch.Tensor, prediction: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """Latents [V, 4, h, w] of a run that keeps `known` [4, h, w] at the anchor, and how far the cells that the anchor shows whole are
    from it as the hook renders it, [N]."""
    model, _ = apply_rendering(load_once()[0], make_depth(ANCHOR), make_cameras(), HookOptions(FULL, prediction=prediction))
    clip, latents, mask = load_once()[1], torch.zeros(VIEWS, *known.shape), torch.ones(VIEWS, 1, 64, 64)
    latents[ANCHOR], mask[ANCHOR] = known, 0
    conditions = [[[encode_caption(clip, words), {}]] for words in ("a red box on grass", "")]
    sigmas = comfy.samplers.calculate_sigmas(model.get_model_object("model_sampling"), "simple", 3)
    euler = comfy.samplers.sampler_object("euler")
    drawn = comfy.sample.sample_custom(
        model, draw_noise(), 4.0, euler, sigmas, *conditions, latents, noise_mask=mask, disable_pbar=True, seed=5
    )
    operator = model.get_attachment(RENDERING_ATTACHMENT).geometry.operators[0]
    whole = (operator.mask == 1).repeat(1, 4, 1, 1)
    whole[ANCHOR] = False
    return drawn, (drawn - operator.apply(drawn.new_tensor(known.numpy())[None]))[whole]


@pytest.mark.parametrize("prediction", [True, False])
def test_views_follow_the_photograph_and_not_a_guess_of_it(prediction: bool) -> None:
    known = 5 * torch.randn(4, 8, 8, generator=torch.Generator().manual_seed(2))
    drawn, away = sample_kept(known, prediction)
    torch.testing.assert_close(drawn[ANCHOR], known, atol=1e-4, rtol=1e-4)
    assert len(away) and bool(away.abs().max() < 1e-3) is prediction
