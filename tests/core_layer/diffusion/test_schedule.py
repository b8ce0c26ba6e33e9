"""Noise schedules: published constants."""

from __future__ import annotations

import pytest
import torch

from mvcustom.mvcustom_core.diffusion.schedule import (
    COMFY_NAMES,
    make_alphas_cumprod,
    make_betas,
    make_sigmas,
)


@pytest.mark.parametrize(("schedule", "sigma_max", "middle"), [("linear", 25.146, 0.1608), ("scaled_linear", 14.6146, 0.2763)])
def test_tables_have_the_known_values(schedule: str, sigma_max: float, middle: float) -> None:
    assert make_sigmas(schedule)[-1].item() == pytest.approx(sigma_max, abs=1e-3)
    assert make_alphas_cumprod(schedule)[500].item() == pytest.approx(middle, abs=1e-4)
    assert make_sigmas(schedule).diff().min() > 0


def test_betas_are_linear_and_linear_in_the_root() -> None:
    for betas in (make_betas("linear"), make_betas("scaled_linear").sqrt()):
        torch.testing.assert_close(betas.diff(), betas.diff().mean().expand(999), atol=1e-12, rtol=0)
    for schedule in COMFY_NAMES:
        assert make_betas(schedule)[[0, -1]].tolist() == pytest.approx([0.00085, 0.012])


def test_sigma_and_alpha_agree() -> None:
    alpha = make_alphas_cumprod("linear")
    torch.testing.assert_close(1 / (1 + make_sigmas("linear").square()), alpha, atol=1e-12, rtol=0)


def test_unknown_schedule() -> None:
    with pytest.raises(ValueError, match="linear, scaled_linear .*got 'sqrt_linear'"):
        make_betas("sqrt_linear")
