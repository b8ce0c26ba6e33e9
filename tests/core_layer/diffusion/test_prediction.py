"""What a network predicts: each kind against its definition, and back to the clean latents."""

from __future__ import annotations

import pytest
import torch

from mvcustom.mvcustom_core.diffusion.prediction import add_noise, prediction_target, recover_clean, scale_signal
from mvcustom.mvcustom_core.diffusion.schedule import make_alphas_cumprod
from mvcustom.mvcustom_core.diffusion.steps import step_euler

KINDS = ("eps", "v", "flow")


def draw(views: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    clean, noise = torch.randn(2, views, 4, 8, 8, generator=generator, dtype=torch.float64)
    return clean, noise


@pytest.mark.parametrize("kind", KINDS)
def test_clean_latents_come_back_from_what_is_predicted(kind: str) -> None:
    clean, noise = draw()
    signal, noise_scale = scale_signal(kind, torch.tensor([0.9, 0.5, 0.01], dtype=torch.float64))
    noisy = add_noise(clean, noise, signal, noise_scale)
    predicted = prediction_target(kind, clean, noise, signal, noise_scale)
    torch.testing.assert_close(recover_clean(kind, noisy, predicted, signal, noise_scale), clean)


def test_scales_keep_the_variance_or_lie_on_a_line() -> None:
    level = make_alphas_cumprod("linear")
    for kind in ("eps", "v"):
        signal, noise_scale = scale_signal(kind, level)
        torch.testing.assert_close(signal.square() + noise_scale.square(), torch.ones_like(level))
    signal, noise_scale = scale_signal("flow", level)
    torch.testing.assert_close(signal + noise_scale, torch.ones_like(level))


def test_v_is_the_derivative_by_the_angle() -> None:
    """arXiv 2202.00512: with signal cos a and noise sin a, v is dx/da."""
    clean, noise = draw(1)
    angle = torch.tensor([0.7], dtype=torch.float64, requires_grad=True)
    noisy = add_noise(clean, noise, angle.cos(), angle.sin())
    for index in range(8):
        (slope,) = torch.autograd.grad(noisy[0, 0, 0, index], angle, retain_graph=True)
        expected = prediction_target("v", clean, noise, angle.cos(), angle.sin())[0, 0, 0, index]
        torch.testing.assert_close(slope[0], expected)


def test_flow_is_the_derivative_by_time() -> None:
    clean, noise = draw(1)
    at = [add_noise(clean, noise, *scale_signal("flow", torch.tensor([time], dtype=torch.float64))) for time in (0.25, 0.75)]
    torch.testing.assert_close((at[1] - at[0]) / 0.5, noise - clean)


def test_unknown_prediction_is_refused() -> None:
    clean, noise = draw(1)
    one = torch.ones(1)
    for call in (lambda: scale_signal("x0", one), lambda: prediction_target("x0", clean, noise, one, one)):
        with pytest.raises(ValueError, match="wanted one of eps, v, flow, got 'x0'"):
            call()
    with pytest.raises(ValueError, match="wanted one of eps, v, flow, got 'x0'"):
        recover_clean("x0", clean, noise, one, one)


def test_euler_keeps_clean_part_and_noise() -> None:
    clean, noise = draw()
    sigma, following = torch.tensor(8.0, dtype=torch.float64), torch.tensor(3.0, dtype=torch.float64)
    torch.testing.assert_close(step_euler(clean + sigma * noise, clean, sigma, following), clean + following * noise)
    torch.testing.assert_close(step_euler(clean + sigma * noise, clean, sigma, torch.zeros_like(sigma)), clean)
