"""Incremental fine-tuning (arXiv 2501.18804, section 3.5): twice the latents continue where half of them were."""

from __future__ import annotations

from dataclasses import replace

import torch

from .model import MVGD

DEVIATION = 1e-3


@torch.no_grad()
def double_latents(model: MVGD, generator: torch.Generator, deviation: float = DEVIATION) -> MVGD:
    """A network of twice the latents that predicts the same.

    Every latent gets a copy, and so does the time row: attention weighs all of them alike, so halving every weight changes no sum. With the
    time row alone not doubled, its weight would be half of what it was.

    Args:
        deviation: noise on the copies relative to the latents' own deviation; equal copies would get equal gradients for ever. 0 is exact.

    Returns:
        A new network; the given one stays as it is.
    """
    settings = model.settings
    with torch.random.fork_rng(devices=[]):  # what is drawn here is overwritten, and must not move anyone's seed on
        doubled = MVGD(replace(settings, latents=2 * settings.latents, time_rows=2 * settings.time_rows))
    doubled.to(model.latents.device, model.latents.dtype)
    noise = torch.randn(model.latents.shape, generator=generator).to(model.latents)
    copies = model.latents + deviation * model.latents.std() * noise
    doubled.load_state_dict(model.state_dict() | {"latents": torch.cat([model.latents, copies])})
    return doubled.train(model.training)
