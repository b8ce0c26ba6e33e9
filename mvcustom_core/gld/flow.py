"""Flow matching (arXiv 2209.03003) over features: time grid, Euler integration, guidance and the training loss.

x_t = (1 - t) x_0 + t eps; the velocity is eps - x_0. Times are shifted towards noise by t = a u / (1 + (a - 1) u) (arXiv 2403.03206).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..diffusion.prediction import add_noise, prediction_target, scale_signal

SPAN = 0.999  # of the unshifted times; the grid ends above 0, where the published weights were not trained
Velocity = Callable[[Tensor, Tensor], Tensor]
"""(x [V, C, h, w], time []) -> velocity [V, C, h, w]."""
StepCallback = Callable[[int, Tensor], None]
"""(step from 0, predicted clean latents [V, C, h, w]), called after each step; may raise to stop the work."""


def shift_times(times: Tensor, shift: float) -> Tensor:
    """Unshifted times in 0..1 to times of the flow."""
    return shift * times / (1 + (shift - 1) * times)


def time_grid(points: int, shift: float) -> Tensor:
    """Falling times [points] float64, from 1 to just above 0: one Euler step between each two.

    Raises:
        ValueError: for fewer than two points.
    """
    if points < 2:
        raise ValueError(f"time grid: wanted at least 2 points, got {points}")
    return shift_times(1 - SPAN * torch.arange(points, dtype=torch.float64) / (points - 1), shift)


def integrate(velocity: Velocity, noise: Tensor, grid: Tensor, callback: StepCallback | None = None, finish: bool = False) -> Tensor:
    """Follow the flow from noise to features by Euler's method.

    Args:
        velocity: called once a step.
        noise: [V, C, h, w], at the first time of the grid.
        grid: [points] falling times.
        callback: sees the clean latents that each step predicts.
        finish: go from the last time to 0 by the prediction of the last step. The published chain stops at the last time of the grid.

    Returns:
        [V, C, h, w].
    """
    x, clean = noise, noise
    times = grid.to(noise.device, noise.dtype)
    for step, (time, following) in enumerate(zip(times[:-1], times[1:], strict=True)):
        predicted = velocity(x, time)
        clean = x - time * predicted
        x = x + (following - time) * predicted
        if callback is not None:
            callback(step, clean)
    return clean if finish else x


def guide(conditional: Velocity, unconditional: Velocity, scale: float) -> Velocity:
    """Classifier-free guidance (arXiv 2207.12598): v0 + scale (v1 - v0); at scale 1 the conditional branch alone, evaluated once."""
    if scale == 1:
        return conditional

    def guided(x: Tensor, time: Tensor) -> Tensor:
        without = unconditional(x, time)
        return without + scale * (conditional(x, time) - without)

    return guided


def flow_loss(velocity: Velocity, clean: Tensor, shift: float, generator: torch.Generator) -> Tensor:
    """Mean squared error [] of the velocity of one scene at a random time, over all views, sources too.

    Args:
        clean: [V, C, h, w].
        generator: on the CPU; draws the time, then the noise.
    """
    unshifted = SPAN * torch.rand((), generator=generator, dtype=torch.float64)
    time = shift_times(unshifted, shift).to(clean)
    noise = torch.randn(clean.shape, generator=generator).to(clean)
    scales = scale_signal("flow", time)
    target = prediction_target("flow", clean, noise, *scales)
    return (velocity(add_noise(clean, noise, *scales), time) - target).square().mean()
