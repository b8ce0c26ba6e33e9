"""Latent completion against a hand loop with a denoiser in closed form."""

from __future__ import annotations

import pytest
import torch

from mvcustom.mvcustom_core.rendering.completion import (
    CompletionSettings,
    choose_seed,
    complete_latents,
    count_completed_steps,
    fit_mask,
    perturb_latents,
    soften_mask,
)

SIGMAS = torch.tensor([10.0, 6.0, 3.0, 1.0, 0.4])


class GaussianDenoiser:
    """The exact x0 for data drawn from N(mean, 1): (x + sigma^2 mean) / (1 + sigma^2)."""

    def __init__(self, mean=2.0):
        self.mean, self.calls = mean, []

    def __call__(self, x, sigma):
        assert sigma.shape == (len(x),)
        self.calls.append(float(sigma[0]))
        variance = sigma.reshape(-1, 1, 1, 1).square()
        return (x + variance * self.mean) / (1 + variance)


def make_start(views=3, size=6):
    return torch.randn(views, 4, size, size, generator=torch.Generator().manual_seed(1)) * SIGMAS[0]


def euler(model, x, sigmas=SIGMAS):
    for sigma, following in zip(sigmas[:-1], sigmas[1:], strict=True):
        denoised = model(x, sigma * x.new_ones(len(x)))
        x = x + (x - denoised) / sigma * (following - sigma)
    return x


def complete(model, x, visible, seed=0, repeats=1, sigmas=SIGMAS, callback=None):
    generator = torch.Generator().manual_seed(seed)
    draw = lambda step, repeat: torch.randn(x.shape, generator=generator)  # noqa: E731
    return complete_latents(model, x, sigmas, visible=visible, repeats=repeats, draw_noise=draw, callback=callback)


def test_everything_visible_is_plain_euler():
    x = make_start()
    assert torch.equal(complete(GaussianDenoiser(), x, torch.ones(3, 1, 6, 6), repeats=3), euler(GaussianDenoiser(), x))


def test_no_repeats_are_plain_euler():
    x, model = make_start(), GaussianDenoiser()
    assert torch.equal(complete(model, x, torch.zeros(3, 1, 6, 6), repeats=0), euler(GaussianDenoiser(), x))
    assert model.calls == SIGMAS[:-1].tolist()


@pytest.mark.parametrize("repeats", [1, 2])
def test_nothing_visible_is_resampled_at_each_step(repeats):
    x, model = make_start(), GaussianDenoiser()
    result = complete(model, x, torch.zeros(3, 1, 6, 6), seed=7, repeats=repeats)
    generator, mean = torch.Generator().manual_seed(7), 2.0
    for sigma, following in zip(SIGMAS[:-1].tolist(), SIGMAS[1:].tolist(), strict=True):
        denoised = (x + sigma**2 * mean) / (1 + sigma**2)
        for _ in range(repeats):
            x = denoised + sigma * torch.randn(x.shape, generator=generator)
            denoised = (x + sigma**2 * mean) / (1 + sigma**2)
        x = denoised + following / sigma * (x - denoised)
    assert (result - x).abs().max() < 1e-5
    assert model.calls == [sigma for sigma in SIGMAS[:-1].tolist() for _ in range(1 + repeats)]


def test_nothing_is_left_of_a_start_that_is_not_seen():
    """What the start pattern was can only show through the clean estimate."""
    starts = make_start(), -make_start()
    once, again = (complete(lambda x, sigma: torch.full_like(x, 2.0), start, torch.zeros(3, 1, 6, 6)) for start in starts)
    assert torch.equal(once, again)


def test_only_the_revealed_region_changes():
    visible = torch.ones(3, 1, 6, 6)
    visible[1, :, :, 4:] = 0
    x = make_start()
    result, plain = complete(GaussianDenoiser(), x, visible), euler(GaussianDenoiser(), x)
    assert torch.equal(result[0], plain[0]) and torch.equal(result[2], plain[2])
    assert torch.equal(result[1, :, :, :4], plain[1, :, :, :4])
    assert (result - plain)[1, :, :, 4:].abs().min() > 0


def test_result_keeps_the_data_distribution_and_its_noise_level():
    x = 2 + torch.randn(1, 64, 32, 32, generator=torch.Generator().manual_seed(3)) * (1 + SIGMAS[0] ** 2).sqrt()
    mask = torch.zeros(1, 1, 32, 32)
    mask[..., :16] = 1
    visible = soften_mask(mask, 1, 1)
    assert 0 < visible[0, 0, 0, 14] < 1
    early, late = torch.linspace(10, 5, 40), torch.cat([torch.linspace(5, 0.05, 40), torch.zeros(1)])
    completed = complete(GaussianDenoiser(), x, visible, seed=4, sigmas=early)
    for result, deviation in ((completed, 26**0.5), (euler(GaussianDenoiser(), completed, late), 1.0)):
        for columns in (slice(0, 12), slice(14, 18), slice(20, 32)):  # visible, feathered, revealed
            assert result[..., columns].mean() == pytest.approx(2.0, abs=0.2)
            assert result[..., columns].std() == pytest.approx(deviation, rel=0.1)


def test_same_seed_same_views():
    x, visible = make_start(), torch.zeros(3, 1, 6, 6)
    once, again = (complete(GaussianDenoiser(), x, visible, seed=5) for _ in range(2))
    assert torch.equal(once, again)
    assert not torch.equal(once, complete(GaussianDenoiser(), x, visible, seed=6))


def test_callback_sees_each_step():
    seen = []
    complete(GaussianDenoiser(), make_start(), torch.zeros(3, 1, 6, 6), callback=seen.append)
    assert [step["i"] for step in seen] == [0, 1, 2, 3]
    assert all(set(step) == {"x", "i", "sigma", "sigma_hat", "denoised"} and step["sigma"] == SIGMAS[step["i"]] for step in seen)
    variance = SIGMAS[0] ** 2  # the step's denoised belongs to the x that the callback gets, after completion
    assert torch.allclose(seen[0]["denoised"], (seen[0]["x"] + variance * 2) / (1 + variance))


def test_half_precision_latents_stay_so():
    assert complete(GaussianDenoiser(), make_start().bfloat16(), torch.zeros(3, 1, 6, 6).bfloat16()).dtype == torch.bfloat16


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


def test_softening_takes_less_of_smaller_latents():
    mask = torch.ones(1, 1, 64, 128)
    mask[..., 64:] = 0
    settings = CompletionSettings(erode_px=2, feather_px=1)
    fine, half, coarse = (fit_mask(mask, size, settings) for size in ((64, 128), (32, 64), (16, 32)))
    assert torch.equal(fine, soften_mask(mask, 2, 1))
    assert half[0, 0, 0, 30:34].tolist() == [1, 0, 0, 0]
    assert coarse[0, 0, 0, 14:18].tolist() == [1, 1, 0, 0]


def test_cells_that_are_mostly_seen_count_as_seen():
    """As in rendering, which renders them whole."""
    mask = torch.ones(1, 1, 32, 128)
    for cell, hidden in enumerate((0, 1, 2, 3, 4)):
        mask[..., 4 * cell : 4 * cell + hidden] = 0
    fitted = fit_mask(mask, (8, 32), CompletionSettings())
    assert fitted[0, 0, 0, :6].tolist() == pytest.approx([1, 1, 0.5, 0, 0, 1], abs=1e-6)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_even_masks_stay_exactly_even(value):
    mask = torch.full((2, 1, 5, 7), value)
    assert torch.equal(soften_mask(mask, 2, 3), mask)


def test_steps_complete_that_begin_before_the_end_of_completion():
    unseen, seen = torch.zeros(1, 1, 2, 2), torch.ones(1, 1, 2, 2)
    whole = [step / 50 for step in range(50)]
    assert count_completed_steps(unseen, whole, CompletionSettings()) == 10
    parts = whole[:4], whole[4:8], whole[8:20], whole[20:]
    assert [count_completed_steps(unseen, part, CompletionSettings()) for part in parts] == [4, 4, 2, 0]
    assert count_completed_steps(unseen, whole, CompletionSettings(0.0)) == 0
    assert count_completed_steps(unseen, whole, CompletionSettings(1.0)) == 50
    assert count_completed_steps(seen, whole, CompletionSettings()) == 0
    assert count_completed_steps(unseen, whole, CompletionSettings(repeats=0)) == 0


@pytest.mark.parametrize("seed", [0, 5, 2**32 - 1, 2**64 - 1])
def test_every_level_and_repeat_draws_noise_of_its_own(seed):
    seeds = [choose_seed(seed, level / 10000, repeat) for repeat in range(11) for level in range(10001)]
    assert len({*seeds, seed % 2**32, (seed + 1) % 2**32}) == len(seeds) + 2


def test_errors():
    x = make_start()
    for wrong in ({"until": 1.5}, {"until": -0.1}, {"repeats": -1}, {"erode_px": -1}, {"feather_px": -1}):
        with pytest.raises(ValueError, match="completion settings"):
            CompletionSettings(**wrong)
    with pytest.raises(ValueError, match=r"wanted a tensor of shape \[3 1 6 6\]"):
        complete(GaussianDenoiser(), x, torch.ones(1, 1, 6, 6))
    with pytest.raises(ValueError, match=r"\[V C h w\]"):
        complete(GaussianDenoiser(), x[0], torch.ones(3, 1, 6, 6))
