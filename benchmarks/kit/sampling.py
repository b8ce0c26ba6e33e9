"""Sampling of random views with guidance, as ComfyUI's own nodes sample; every step's end is noted."""

from __future__ import annotations

import time
from collections.abc import Callable

import comfy.sample
import torch
from comfy.model_patcher import ModelPatcher
from torch import Tensor

GUIDANCE, TEXT_LENGTH = 7.5, 77

Conditions = tuple[list, list]


def draw_conditions(model: ModelPatcher) -> Conditions:
    """A positive and a negative prompt of the model's width, drawn at random."""
    generator = torch.Generator().manual_seed(1)
    width = model.model.model_config.unet_config["context_dim"]
    positive, negative = ([[torch.randn(1, TEXT_LENGTH, width, generator=generator), {}]] for _ in range(2))
    return positive, negative


def sample(
    model: ModelPatcher, conditions: Conditions, frames: int, side: int, steps: int, clock: Callable[[], float] = time.perf_counter
) -> tuple[Tensor, list[float]]:
    """Latents [F, 4, h, w] by Euler's method, and the clock at the end of each step, after what runs on a GPU has ended."""
    noise = torch.randn(frames, 4, side, side, generator=torch.Generator().manual_seed(0))
    ends: list[float] = []

    def note(*_: object) -> None:
        if torch.cuda.is_initialized():
            torch.cuda.synchronize()
        ends.append(clock())

    latents = torch.zeros_like(noise)
    views = comfy.sample.sample(
        model, noise, steps, GUIDANCE, "euler", "normal", *conditions, latents, disable_pbar=True, callback=note, seed=0
    )
    return views, ends
