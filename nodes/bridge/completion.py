"""Latent completion as a ComfyUI SAMPLER."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import comfy.samplers
import torch
from torch import Tensor

from ...mvcustom_core.sampling.completion import CompletionSettings, completion_sigma, sample_latent_completion


def build_completion_sampler(mask: Tensor, share: float, repeats: int, feather: int) -> comfy.samplers.KSAMPLER:
    """A SAMPLER for one batch of views.

    Args:
        mask: [V, 1, H, W] 1 where the anchor sees the view, at any resolution of the latents' aspect.
        share: part of the steps, from the noisy end, in which the rest is completed.
    """

    def sample(
        model: Callable[..., Tensor],
        x: Tensor,
        sigmas: Tensor,
        extra_args: dict[str, Any] | None = None,
        callback: Callable[[dict[str, Any]], None] | None = None,
        disable: bool | None = None,
    ) -> Tensor:
        if len(mask) != len(x):
            raise ValueError(f"completion: wanted a mask for each of the {len(x)} latents, got {len(mask)}; use the masks of these views")
        (height, width), (h, w) = mask.shape[-2:], x.shape[-2:]
        if height * w != width * h:
            raise ValueError(f"completion: wanted masks of the latents' aspect {w}x{h}, got {width}x{height}; use the masks of these views")
        visible = torch.nn.functional.interpolate(mask, size=(h, w), mode="area")
        settings = CompletionSettings(completion_sigma(sigmas, share), repeats, feather_px=feather)
        seed = (extra_args or {}).get("seed") or 0
        generator = torch.Generator().manual_seed(
            (seed + 1) % 2**64
        )  # ComfyUI drew the start noise, which must not come again, from the seed
        return sample_latent_completion(
            model,
            x,
            sigmas,
            mask=visible,
            settings=settings,
            generator=generator,
            extra_args=extra_args,
            callback=callback,
            disable=disable,
        )

    return comfy.samplers.KSAMPLER(sample)
