"""How far denoising has come, by noise level: even steps begin at even shares, whatever part of a schedule a run has."""

from __future__ import annotations

import pytest
import torch

from mvcustom.mvcustom_core.diffusion.schedule import make_sigmas
from mvcustom.mvcustom_core.rendering.levels import NoiseLevels, has_passed

SIGMAS = make_sigmas("linear")
LEVELS = NoiseLevels.of(SIGMAS)


@pytest.mark.parametrize("steps", [4, 10, 20, 25, 50])
def test_even_steps_begin_at_even_shares(steps: int) -> None:
    starts = [SIGMAS[999 - 1000 * step // steps].item() for step in range(steps)]
    assert [LEVELS.find_progress(sigma) for sigma in starts] == [step / steps for step in range(steps)]


@pytest.mark.parametrize("steps", [10, 20, 50])
@pytest.mark.parametrize("until", [0.1, 0.2, 0.7, 0.9])
def test_even_steps_of_every_scheduler_pass_a_moment_together(steps: int, until: float) -> None:
    """Simple and DDIM's take timestep 999 - 1000 k / N, SGM's uniform 999 - 999 k / N; core's percents end at (1 - percent) 999."""
    logs = torch.tensor(LEVELS.logs)
    for scale in (1000, 999):
        places = torch.tensor([999 - scale * step / steps for step in range(steps)])
        low = places.floor().long()
        sigmas = torch.lerp(logs[low], logs[(low + 1).clamp(max=999)], places - low).exp().tolist()
        passed = [has_passed(LEVELS.find_progress(sigma), until) for sigma in sigmas]
        assert passed == [step >= round(until * steps) for step in range(steps)]


def test_the_end_is_passed_where_no_noise_is_left() -> None:
    assert has_passed(0.0, 0.0) and has_passed(1.0, 1.0) and not has_passed(LEVELS.find_progress(1e-9), 1.0)


def test_both_ends() -> None:
    assert LEVELS.find_progress(SIGMAS[-1].item()) == LEVELS.find_progress(1e6) == 0.0
    assert LEVELS.find_progress(0.0) == 1.0
    assert LEVELS.find_progress(SIGMAS[0].item()) == LEVELS.find_progress(1e-9) == 0.999


def test_between_two_levels_it_follows_the_logarithm() -> None:
    between = (SIGMAS[400] * SIGMAS[401]).sqrt().item()
    assert LEVELS.find_progress(between) == pytest.approx(1 - 401.5 / 1000, abs=1e-9)
    falling = [LEVELS.find_progress(sigma) for sigma in torch.logspace(2, -3, 500).tolist()]
    assert falling == sorted(falling)


def test_rounding_in_a_sampler_decides_nothing() -> None:
    for place in (299, 499, 799):
        sigma = SIGMAS[place].item()
        assert LEVELS.find_progress(sigma * (1 - 1e-6)) == LEVELS.find_progress(sigma * (1 + 1e-6)) == LEVELS.find_progress(sigma)


def test_a_model_of_fewer_levels_has_the_same_shares() -> None:
    """As distilled models have: every 20th of the 1000."""
    few = NoiseLevels.of(SIGMAS[19::20])
    assert few.find_progress(SIGMAS[299].item()) == LEVELS.find_progress(SIGMAS[299].item()) == 0.7


@pytest.mark.parametrize("wrong", [[], [2.0, 1.0], [0.0, 1.0]])
def test_what_is_no_table_of_levels(wrong: list[float]) -> None:
    with pytest.raises(ValueError, match="noise levels: wanted positive ones that rise"):
        NoiseLevels.of(torch.tensor(wrong))
