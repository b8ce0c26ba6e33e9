"""The completion sampler among ComfyUI's own: Euler where all is seen, fresh noise from the seed where it is not."""

from __future__ import annotations

import pytest
import torch
from comfy.sample import prepare_noise
from comfy.samplers import calculate_sigmas, sampler_object
from torch import Tensor

from mvcustom.mvcustom_core.sampling import completion
from mvcustom.nodes.bridge.completion import build_completion_sampler
from mvcustom.nodes.bridge.tokens import encode_caption
from mvcustom.tests.host.embedded import count_calls, load_once, sample
from mvcustom.tests.host.in_process import ComfyInProcess

SHARE, REPEATS, FEATHER = 0.5, 1, 1


def half_seen(views: int = 3) -> Tensor:
    """The left half is black in all views but the first."""
    mask = torch.ones(views, 1, 64, 64)
    mask[1:, :, :, :32] = 0
    return mask


def complete(mask: Tensor, steps: int = 2, seed: int = 5, share: float = SHARE, repeats: int = REPEATS, **changes: object) -> Tensor:
    return sample(load_once()[0], sampler=build_completion_sampler(mask, share, repeats, FEATHER), steps=steps, seed=seed, **changes)


def test_white_masks_give_cores_euler(comfy: ComfyInProcess):
    model, clip, _ = load_once()
    nodes = comfy.nodes.NODE_CLASS_MAPPINGS
    with torch.inference_mode():
        conditions = {name: [[encode_caption(clip, text), {}]] for name, text in (("positive", "a box"), ("negative", ""))}
        sigmas = calculate_sigmas(model.get_model_object("model_sampling"), "simple", 3)
        samplers = sampler_object("euler"), build_completion_sampler(torch.ones(3, 1, 64, 64), 1.0, 2, 1)
        common = {"model": model, "add_noise": True, "noise_seed": 7, "cfg": 4.0, "sigmas": sigmas, **conditions}
        latent = {"samples": torch.zeros(3, 4, 8, 8)}
        first, second = (
            nodes["SamplerCustom"].execute(**common, sampler=sampler, latent_image=latent)[0]["samples"] for sampler in samplers
        )
    assert torch.equal(first, second)


def test_seed_decides_what_is_drawn():
    first = complete(half_seen())
    assert torch.equal(complete(half_seen()), first)
    other = complete(half_seen(), seed=6)  # of the same start noise
    assert (first - other)[1:, :, :, :3].abs().max() > 1e-3


def test_start_noise_is_not_drawn_again(monkeypatch: pytest.MonkeyPatch):
    drawn: list[Tensor] = []
    perturb = completion.perturb_latents

    def look(x: Tensor, denoised: Tensor, noise: Tensor, *args: Tensor) -> Tensor:
        drawn.append(noise)
        return perturb(x, denoised, noise, *args)

    monkeypatch.setattr(completion, "perturb_latents", look)
    for seed in (5, 2**64 - 1):
        complete(half_seen(), seed=seed, noise=prepare_noise(torch.zeros(3, 4, 8, 8), seed))
        assert (drawn.pop() * prepare_noise(torch.zeros(3, 4, 8, 8), seed)).mean().abs() < 0.2  # 1 if it were the same


def test_repeats_cost_one_call_each_in_the_early_steps():
    model = load_once()[0].clone()
    calls = count_calls(model)
    sample(model, sampler=build_completion_sampler(half_seen(), 0.67, 2, FEATHER), steps=3)
    assert len(calls) == 3 + 2 * 2
    calls.clear()
    sample(model, sampler=build_completion_sampler(half_seen(), 0.0, 2, FEATHER), steps=1)
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (half_seen(2), "wanted a mask for each of the 3 latents, got 2; use the masks of these views"),
        (half_seen()[..., :32], "wanted masks of the latents' aspect 8x8, got 32x64"),
    ],
)
def test_masks_of_other_views_are_refused_before_sampling(mask: Tensor, message: str):
    model = load_once()[0].clone()
    calls = count_calls(model)
    with pytest.raises(ValueError, match=message):
        sample(model, sampler=build_completion_sampler(mask, SHARE, REPEATS, FEATHER))
    assert not calls
