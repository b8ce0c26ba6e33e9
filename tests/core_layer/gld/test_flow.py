"""Items 3 and 8 of the acceptance: guidance, time grid and integration."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from mvcustom.mvcustom_core.gld.cameras import PosedViews
from mvcustom.mvcustom_core.gld.denoiser import Denoiser
from mvcustom.mvcustom_core.gld.flow import flow_loss, integrate, time_grid
from mvcustom.mvcustom_core.gld.generation import guided_velocity
from mvcustom.mvcustom_core.gld.settings import PUBLISHED
from mvcustom.tests.core_layer.gld.small import SMALL, SOURCES, VIEWS, difference, make_views, random_latents, randomise, seeded

SHIFT = 31.177
TIME = torch.tensor(0.6)
KINDS = pytest.mark.parametrize("cascade", [False, True], ids=["level 1", "cascade"])


def make_denoiser(cascade: bool) -> Denoiser:
    return randomise(Denoiser(SMALL.cascade if cascade else SMALL.upper)).requires_grad_(False)


def count_evaluations(denoiser: Denoiser) -> list[float]:
    times: list[float] = []
    denoiser.register_forward_pre_hook(lambda _, inputs: times.append(float(inputs[2])))
    return times


@KINDS
def test_item_3_guidance_of_1_is_the_conditional_branch(cascade: bool) -> None:
    denoiser, views = make_denoiser(cascade), make_views()
    condition, noise, upper = random_latents(1), random_latents(2), random_latents(3) if cascade else None
    velocity = guided_velocity(denoiser, condition, views, upper, 1.0)
    assert torch.equal(velocity(noise, TIME), denoiser(condition, noise, TIME, views, upper))
    times = count_evaluations(denoiser)
    integrate(velocity, noise, time_grid(4, SHIFT))
    assert len(times) == 3
    integrate(guided_velocity(denoiser, condition, views, upper, 1.5), noise, time_grid(4, SHIFT))
    assert len(times) == 3 + 6


@KINDS
def test_item_3_branch_without_cameras(cascade: bool) -> None:
    """Rays zero and w2c = I; what is a source, its features and level 1 stay; K is the identity for level 1 and stays for the cascade."""
    denoiser, views = make_denoiser(cascade), make_views()
    condition, x, upper = random_latents(1), random_latents(2), random_latents(3) if cascade else None
    picture = torch.zeros_like(views.picture)
    picture[SOURCES:, 0] = 1
    K = views.K if cascade else torch.eye(3).repeat(VIEWS, 1, 1)
    null = PosedViews(picture, torch.eye(4).repeat(VIEWS, 1, 1), K, SOURCES)
    v0, v1 = (denoiser(condition, x, TIME, posed, upper) for posed in (null, views))
    found = guided_velocity(denoiser, condition, views, upper, 1.5)(x, TIME)
    assert difference(found, v0 + 1.5 * (v1 - v0)) < 1e-6 and difference(v0, v1) > 1e-3


def test_item_8_time_grid() -> None:
    grid = time_grid(50, SHIFT)
    assert len(grid) == 50 and float(grid[0]) == 1
    assert grid[-3:].tolist() == pytest.approx([0.5761, 0.4052, 0.0303], abs=1e-4)
    assert PUBLISHED.upper.time_shift(8) == pytest.approx(SHIFT, abs=5e-4) == PUBLISHED.cascade.time_shift(8)


def test_item_8_integration_of_a_constant_velocity() -> None:
    noise, velocity = random_latents(1).double(), random_latents(2).double()
    found = integrate(lambda x, time: velocity, noise, time_grid(50, SHIFT))
    assert difference(found, noise - 0.96974 * velocity) < 1e-5


@pytest.mark.parametrize("finish", [False, True])
def test_item_8_integration_of_the_exact_velocity(finish: bool) -> None:
    """It stops short of the features, and reaches them by the last prediction if asked to."""
    clean, noise = random_latents(1).double(), random_latents(2).double()
    seen: list[Tensor] = []
    grid = time_grid(50, SHIFT)
    found = integrate(lambda x, time: (x - clean) / time, noise, grid, lambda step, guess: seen.append(guess), finish)
    assert difference(found, clean if finish else clean + 0.030264 * (noise - clean)) < 1e-5
    assert len(seen) == 49 and all(difference(guess, clean) < 1e-6 for guess in seen)


def test_loss_is_zero_for_the_true_velocity_and_weighs_all_views() -> None:
    clean = random_latents(1)
    times: list[float] = []

    def exact(x: Tensor, time: Tensor) -> Tensor:
        times.append(float(time))
        return (x - clean) / time

    assert float(flow_loss(exact, clean, 5.66, seeded())) < 1e-8
    off = flow_loss(lambda x, time: exact(x, time) + torch.arange(5.0)[:, None, None, None], clean, 5.66, seeded())
    assert float(off) == pytest.approx(6.0, rel=1e-4)  # the mean of 0, 1, 4, 9, 16: sources count too
    unshifted = torch.rand((), generator=seeded(), dtype=torch.float64) * 0.999
    assert times[0] == pytest.approx(float(5.66 * unshifted / (1 + 4.66 * unshifted)))


def test_a_grid_has_two_points() -> None:
    with pytest.raises(ValueError, match="at least 2 points, got 1"):
        time_grid(1, SHIFT)
