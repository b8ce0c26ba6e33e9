"""Parity with diffusers at the true size of Stable Diffusion 1.5 and AnimateDiff v2: one pass, and a sampling through ComfyUI's sampler.

Some five minutes of one CPU core and 7 GiB.
"""

from __future__ import annotations

from collections.abc import Iterator

import comfy.sample
import pytest
import torch
from comfy.model_patcher import ModelPatcher
from torch import Tensor

from mvcustom.devtools.stand_in import TrueSD15
from mvcustom.mvcustom_core.backbone.motion import MotionSettings
from mvcustom.tests.host.parity import Pair, call_diffusers, call_unet, make_pair

pytestmark = pytest.mark.slow

SETTINGS = MotionSettings(mid_block=True, norm_mode="cross_frame", entropy_correction=True)  # no correction is left at scope 1
TEXT_LENGTH, TEXT_WIDTH = 77, 768
LATENT_SCALE = 0.18215
STEPS, GUIDANCE = 4, 5.0


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    yield make_pair(SETTINGS, TrueSD15)


def draw(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def compare(ours: Tensor, theirs: Tensor) -> float:
    return float((ours - theirs).norm() / theirs.norm())


@torch.no_grad()
def test_one_pass(pair: Pair) -> None:
    x = draw(16, 4, 32, 32, seed=1)
    context = draw(1, TEXT_LENGTH, TEXT_WIDTH, seed=2).expand(16, -1, -1)
    reference = call_diffusers(pair.theirs, x, context, clips=1)
    ours = call_unet(pair.ours, x, context, clips=1)
    image_model = call_unet(pair.without_motion, x, context, clips=1)
    print(
        f"one pass, 16 frames at 32x32: max {(ours - reference).abs().max():.2e}, relative {compare(ours, reference):.2e}, "
        f"without motion {compare(image_model, reference):.2f}, deviation {reference.std():.2f}"
    )
    assert 0.1 < reference.std() < 10
    assert compare(image_model, reference) > 0.3  # the modules matter
    assert (ours - reference).abs().max() <= 5e-5
    assert compare(ours, reference) <= 1e-5


@torch.inference_mode()
def test_sampling_with_guidance(pair: Pair) -> None:
    """Four Euler steps through ComfyUI against a loop over diffusers' network that takes nothing from either."""
    noise = draw(4, 4, 16, 16, seed=3)
    texts = draw(2, TEXT_LENGTH, TEXT_WIDTH, seed=4)
    reference = sample_by_hand(pair, noise, texts)
    still = pair.ours.clone()
    still.model_options["transformer_options"]["mvcustom"] = {"bypass_motion": True}
    ours, image_model = (sample(model, noise, texts) for model in (pair.ours, still))
    print(
        f"sampling, 4 frames at 16x16: relative {compare(ours, reference):.2e}, "
        f"without motion {compare(image_model, reference):.2f}, deviation {reference.std():.2f}"
    )
    assert compare(image_model, reference) > 0.1  # the modules matter
    assert compare(ours, reference) <= 1e-5


def sample(model: ModelPatcher, noise: Tensor, texts: Tensor) -> Tensor:
    positive, negative = ([[text[None], {}]] for text in texts)
    latents = torch.zeros_like(noise)
    return comfy.sample.sample(model, noise, STEPS, GUIDANCE, "euler", "normal", positive, negative, latents, disable_pbar=True, seed=1)


def sample_by_hand(pair: Pair, noise: Tensor, texts: Tensor) -> Tensor:
    """Euler's method on AnimateDiff's linear betas, the steps evenly spread from timestep 999 to 0."""
    alphas = torch.cumprod(1 - torch.linspace(0.00085, 0.012, 1000, dtype=torch.float64), 0)
    sigmas = ((1 - alphas) / alphas).sqrt().tolist()
    timesteps = [999, 666, 333, 0]
    frames = len(noise)
    x = noise * (1 + sigmas[999] ** 2) ** 0.5
    for timestep, following in zip(timesteps, [*timesteps[1:], None], strict=True):
        sigma, sigma_next = sigmas[timestep], 0.0 if following is None else sigmas[following]
        scaled = (x / (1 + sigma**2) ** 0.5).repeat(2, 1, 1, 1)
        found = call_diffusers(pair.theirs, scaled, texts.repeat_interleave(frames, 0), clips=2, timestep=timestep)
        wanted, unwanted = found.chunk(2)
        x = x + (unwanted + GUIDANCE * (wanted - unwanted)) * (sigma_next - sigma)
    return x / LATENT_SCALE
