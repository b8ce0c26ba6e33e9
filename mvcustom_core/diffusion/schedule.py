"""The noise schedules of Stable Diffusion 1.5 and of AnimateDiff.

Tables are indexed by training timestep, 0 (clean) to 999 (noise). Schedules have diffusers' names. ComfyUI's names differ: it calls
"scaled_linear" (Stable Diffusion's) "linear", and "linear" (AnimateDiff's) "sqrt_linear".
With sigma = sqrt((1 - alpha_bar) / alpha_bar), the variance-preserving latent is sqrt(alpha_bar) (x_0 + sigma eps).
"""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor

BetaSchedule = Literal["linear", "scaled_linear"]

TIMESTEPS = 1000
BETA_START, BETA_END = 0.00085, 0.012

COMFY_NAMES: dict[str, str] = {"linear": "sqrt_linear", "scaled_linear": "linear"}
"""Diffusers' name of a schedule -> ComfyUI's name of the same betas."""


def make_betas(schedule: BetaSchedule) -> Tensor:
    """The variance added at each timestep.

    Returns:
        [1000] float64.

    Raises:
        ValueError: for a name that is not a schedule.
    """
    if schedule == "linear":
        return torch.linspace(BETA_START, BETA_END, TIMESTEPS, dtype=torch.float64)
    if schedule == "scaled_linear":
        return torch.linspace(BETA_START**0.5, BETA_END**0.5, TIMESTEPS, dtype=torch.float64) ** 2
    raise ValueError(f"schedule: wanted one of {', '.join(get_args(BetaSchedule))} (diffusers' names), got {schedule!r}")


def make_alphas_cumprod(schedule: BetaSchedule) -> Tensor:
    """The share of signal left at each timestep, alpha_bar, [1000] float64."""
    return (1 - make_betas(schedule)).cumprod(0)


def make_sigmas(schedule: BetaSchedule) -> Tensor:
    """Noise over signal at each timestep, [1000] float64, rising."""
    alphas_cumprod = make_alphas_cumprod(schedule)
    return ((1 - alphas_cumprod) / alphas_cumprod).sqrt()
