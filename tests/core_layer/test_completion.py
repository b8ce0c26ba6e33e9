"""Latent completion against a hand loop with a denoiser in closed form."""

from __future__ import annotations

import pytest
import torch

from mvcustom.mvcustom_core.sampling.completion import (
    CompletionSettings,
    completion_sigma,
    perturb_latents,
    sample_latent_completion,
    soften_mask,
)

SIGMAS = torch.tensor([10.0, 6.0, 3.0, 1.0, 0.4, 0.0])
HARD = {"erode_px": 0, "feather_px": 0}


class GaussianDenoiser:
    """The exact x0 for data drawn from N(mean, 1): (x + sigma^2 mean) / (1 + sigma^2)."""

    def __init__(self, mean=2.0):
        self.mean, self.calls = mean, []

    def __call__(self, x, sigma, **extra_args):
        assert sigma.shape == (len(x),)
        self.calls.append((float(sigma[0]), extra_args))
        variance = sigma.reshape(-1, 1, 1, 1).square()
        return (x + variance * self.mean) / (1 + variance)


def make_start(views=3, size=6):
    return torch.randn(views, 4, size, size, generator=torch.Generator().manual_seed(1)) * SIGMAS[0]


def euler(model, x):
    for sigma, following in zip(SIGMAS[:-1], SIGMAS[1:], strict=True):
        denoised = model(x, sigma * x.new_ones(len(x)))
        x = x + (x - denoised) / sigma * (following - sigma)
    return x


def complete(model, x, mask, seed=0, **settings):
    settings = CompletionSettings(**({"sigma_until": 5.0} | settings))
    return sample_latent_completion(model, x, SIGMAS, mask=mask, settings=settings, generator=torch.Generator().manual_seed(seed))


def test_everything_visible_is_plain_euler():
    x, model = make_start(), GaussianDenoiser()
    result = complete(model, x, torch.ones(3, 1, 6, 6), repeats=3)
    assert torch.equal(result, euler(GaussianDenoiser(), x))
    assert len(model.calls) == 5


@pytest.mark.parametrize("settings", [{"repeats": 0}, {"sigma_until": float("inf")}])
def test_nothing_to_do_is_plain_euler(settings):
    x, model = make_start(), GaussianDenoiser()
    assert torch.equal(complete(model, x, torch.zeros(3, 1, 6, 6), **settings), euler(GaussianDenoiser(), x))
    assert len(model.calls) == 5


@pytest.mark.parametrize("repeats", [1, 2])
def test_nothing_visible_is_resampled_at_each_early_step(repeats):
    x, model = make_start(), GaussianDenoiser()
    result = complete(model, x, torch.zeros(3, 1, 6, 6), seed=7, repeats=repeats)
    generator, mean = torch.Generator().manual_seed(7), 2.0
    for sigma, following in zip(SIGMAS[:-1].tolist(), SIGMAS[1:].tolist(), strict=True):
        denoised = (x + sigma**2 * mean) / (1 + sigma**2)
        for _ in range(repeats if sigma >= 5.0 else 0):
            x = denoised + sigma * torch.randn(x.shape, generator=generator)
            denoised = (x + sigma**2 * mean) / (1 + sigma**2)
        x = denoised + following / sigma * (x - denoised)
    assert (result - x).abs().max() < 1e-5
    assert [sigma for sigma, _ in model.calls] == [10.0] * (1 + repeats) + [6.0] * (1 + repeats) + SIGMAS[2:-1].tolist()


def test_only_the_revealed_region_changes():
    mask = torch.ones(3, 1, 6, 6)
    mask[1, :, :, 4:] = 0
    x = make_start()
    result, plain = complete(GaussianDenoiser(), x, mask, **HARD), euler(GaussianDenoiser(), x)
    assert torch.equal(result[0], plain[0]) and torch.equal(result[2], plain[2])
    assert torch.equal(result[1, :, :, :4], plain[1, :, :, :4])
    assert (result - plain)[1, :, :, 4:].abs().min() > 0


def test_first_steps_include_the_bound():
    model = GaussianDenoiser()
    complete(model, make_start(), torch.zeros(3, 1, 6, 6), sigma_until=6.0)
    assert [sigma for sigma, _ in model.calls].count(6.0) == 2
    assert [sigma for sigma, _ in model.calls].count(3.0) == 1


def test_result_keeps_the_data_distribution():
    x = torch.randn(1, 64, 32, 32, generator=torch.Generator().manual_seed(3)) * SIGMAS[0]
    sigmas = torch.cat([torch.linspace(10, 0.05, 80), torch.zeros(1)])
    settings = CompletionSettings(sigma_until=5.0)
    mask = torch.zeros(1, 1, 32, 32)
    mask[..., :16] = 1
    result = sample_latent_completion(
        GaussianDenoiser(), x, sigmas, mask=mask, settings=settings, generator=torch.Generator().manual_seed(4)
    )
    for columns in (slice(0, 12), slice(14, 18), slice(20, 32)):  # visible, feathered, revealed
        assert result[..., columns].mean() == pytest.approx(2.0, abs=0.3)
        assert result[..., columns].std() == pytest.approx(1.0, abs=0.1)


def test_same_seed_same_views():
    x, mask = make_start(), torch.zeros(3, 1, 6, 6)
    once, again = (complete(GaussianDenoiser(), x, mask, seed=5) for _ in range(2))
    assert torch.equal(once, again)
    assert not torch.equal(once, complete(GaussianDenoiser(), x, mask, seed=6))


def test_callback_and_extra_args():
    model, seen = GaussianDenoiser(), []
    x = make_start()
    settings = CompletionSettings(sigma_until=5.0)
    sample_latent_completion(
        model,
        x,
        SIGMAS,
        mask=torch.zeros(3, 1, 6, 6),
        settings=settings,
        generator=torch.Generator(),
        extra_args={"seed": 3},
        callback=seen.append,
        disable=True,
    )
    assert [step["i"] for step in seen] == [0, 1, 2, 3, 4]
    assert all(set(step) == {"x", "i", "sigma", "sigma_hat", "denoised"} and step["sigma"] == SIGMAS[step["i"]] for step in seen)
    assert all(extra == {"seed": 3} for _, extra in model.calls)
    variance = SIGMAS[0] ** 2  # the step's denoised belongs to the x that the callback gets, after completion
    assert torch.allclose(seen[0]["denoised"], (seen[0]["x"] + variance * 2) / (1 + variance))


def test_half_precision_latents_stay_so():
    assert complete(GaussianDenoiser(), make_start().bfloat16(), torch.zeros(3, 1, 6, 6)).dtype == torch.bfloat16


def test_perturbation_is_exact_at_both_ends_and_level_between():
    generator = torch.Generator().manual_seed(0)
    denoised, old, new = (torch.randn(1, 4, 100, 100, generator=generator) for _ in range(3))
    sigma = torch.tensor(3.0)
    x = denoised + sigma * old
    assert torch.equal(perturb_latents(x, denoised, new, sigma, torch.ones(1, 1, 1, 1)), x)
    assert torch.equal(perturb_latents(x, denoised, new, sigma, torch.zeros(1, 1, 1, 1)), denoised + sigma * new)
    half = perturb_latents(x, denoised, new, sigma, torch.full((1, 1, 1, 1), 0.5))
    assert (half - denoised).std() == pytest.approx(3.0, rel=0.02)
    assert torch.allclose(half, denoised + sigma * (old + new) / 2**0.5, atol=1e-5)


def test_mask_is_eroded_then_feathered():
    mask = torch.ones(1, 1, 1, 8)
    mask[..., 5:] = 0
    assert soften_mask(mask, 1, 0)[0, 0, 0].tolist() == [1, 1, 1, 1, 0, 0, 0, 0]
    assert soften_mask(mask, 2, 0)[0, 0, 0].tolist() == [1, 1, 1, 0, 0, 0, 0, 0]
    assert soften_mask(mask, 1, 1)[0, 0, 0].tolist() == pytest.approx([1, 1, 1, 2 / 3, 1 / 3, 0, 0, 0])
    assert soften_mask(mask, 0, 0) is mask


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_even_masks_stay_exactly_even(value):
    mask = torch.full((2, 1, 5, 7), value)
    assert torch.equal(soften_mask(mask, 2, 3), mask)


def test_share_of_the_steps_becomes_a_sigma():
    sigmas = torch.cat([torch.arange(50, 0, -1.0), torch.zeros(1)])
    until = completion_sigma(sigmas)
    assert int((sigmas[:-1] >= until).sum()) == 10
    assert completion_sigma(sigmas, 0.0) == float("inf")
    assert completion_sigma(sigmas, 1.0) == 1.0
    with pytest.raises(ValueError, match="share of the steps"):
        completion_sigma(sigmas, 1.5)


def test_errors():
    x = make_start()
    for wrong in ({"sigma_until": 0.0}, {"sigma_until": 1.0, "repeats": -1}, {"sigma_until": 1.0, "feather_px": -1}):
        with pytest.raises(ValueError, match="completion settings"):
            CompletionSettings(**wrong)
    with pytest.raises(ValueError, match=r"wanted a tensor of shape \[3 1 6 6\]"):
        complete(GaussianDenoiser(), x, torch.ones(1, 1, 6, 6))
    with pytest.raises(ValueError, match=r"\[V C h w\]"):
        complete(GaussianDenoiser(), x[0], torch.ones(3, 1, 6, 6))


def test_generator_must_be_on_the_cpu():
    class Elsewhere:
        device = torch.device("cuda:0")

    with pytest.raises(ValueError, match="generator on the CPU, got one on cuda:0"):
        sample_latent_completion(
            GaussianDenoiser(),
            make_start(),
            SIGMAS,
            mask=torch.ones(3, 1, 6, 6),
            settings=CompletionSettings(sigma_until=5.0),
            generator=Elsewhere(),
        )
