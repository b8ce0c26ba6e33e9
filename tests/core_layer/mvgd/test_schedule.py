"""The noise schedule, v, and the sampling step."""

from __future__ import annotations

import torch

from mvcustom.mvcustom_core.mvgd.schedule import add_noise, signal, step, target_v, to_x0
from mvcustom.tests.core_layer.mvgd.small import draw


def levels(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def test_signal_ends_at_one_and_at_nothing() -> None:
    torch.testing.assert_close(signal(levels(0, 0.5, 1)), levels(1, 0.5, 0), rtol=0, atol=1e-12)
    torch.testing.assert_close(signal(levels(0.25, 0.75, 0.9)), levels(0.8509, 0.1492, 0.0395), rtol=0, atol=1e-4)


def test_errors_of_v_weighed_by_the_signal_are_errors_of_the_noise() -> None:
    x0, noise, wrong = (draw(1, 4, 3, seed=seed) for seed in range(3))
    u = levels(0.3)
    noisy, v = add_noise(x0, noise, u), target_v(x0, noise, u) + wrong
    alpha = signal(u)
    guessed_noise = (noisy - alpha.sqrt() * to_x0(noisy, v, u)) / (1 - alpha).sqrt()
    torch.testing.assert_close(alpha * wrong.square(), (guessed_noise - noise).square())


def test_at_pure_noise_the_clean_values_are_minus_v() -> None:
    noise, v = draw(1, 4, 3), draw(1, 4, 3, seed=1)
    torch.testing.assert_close(to_x0(noise, v, levels(1.0)), -v)


def test_sampling_with_the_true_v_returns_the_truth() -> None:
    x0, noise = draw(2, 5, 3).tanh(), draw(2, 5, 3, seed=1)
    places, noisy = torch.linspace(1, 0, 5, dtype=torch.float64), noise
    for u, following in zip(places, places[1:], strict=False):
        u, following = u.expand(2), following.expand(2)
        noisy = step(noisy, to_x0(noisy, target_v(x0, noise, u), u), u, following)
        torch.testing.assert_close(noisy, add_noise(x0, noise, following))
    torch.testing.assert_close(noisy, x0)
