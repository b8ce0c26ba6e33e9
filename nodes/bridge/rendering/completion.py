"""Latent completion as a ComfyUI SAMPLER: DDIM steps with completion first, then the steps of any other sampler."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import comfy.model_sampling
import comfy.samplers
import torch
from comfy.k_diffusion.sampling import sample_euler
from torch import Tensor

from ....mvcustom_core.camera.cameras import Cameras
from ....mvcustom_core.rendering.completion import CompletionSettings, choose_seed, complete_latents, count_completed_steps, fit_mask
from ....mvcustom_core.rendering.levels import NoiseLevels
from ....mvcustom_core.rendering.noise import find_noise_sources, share_noise_at_infinity

TOLERANCE = 1e-3  # of mask values, for resizing that overshoots

log = logging.getLogger("mvcustom.bridge.rendering")


@dataclass(frozen=True, eq=False)
class Completion:
    """A sampler function for ComfyUI's `KSAMPLER`.

    Attributes:
        masks: [V, 1, H, W] 1 where an anchor shows what the view sees; any resolution with the latents' aspect ratio.
        settings: up to which noise level steps complete, and how.
        sampler: sampler of the steps after completion, or of all steps if there is nothing to complete.
        cameras: the views' cameras, for noise shared by the infinite homography; None draws independent noise for each view.
    """

    masks: Tensor
    settings: CompletionSettings
    sampler: comfy.samplers.KSAMPLER
    cameras: Cameras | None = None

    def __call__(
        self,
        model: comfy.samplers.KSamplerX0Inpaint,
        x: Tensor,
        sigmas: Tensor,
        extra_args: dict[str, Any] | None = None,
        callback: Callable[[dict[str, Any]], None] | None = None,
        disable: bool | None = None,
    ) -> Tensor:
        """Denoise latents `x` [V, C, h, w] from the first to the last of `sigmas`."""
        visible = self._fit_masks(model, x)
        levels = NoiseLevels.of(model.inner_model.inner_model.model_sampling.sigmas)
        progress = [levels.find_progress(sigma) for sigma in sigmas[:-1].tolist()]
        draw_noise = self._prepare_noise(x, (extra_args or {}).get("seed") or 0, progress)
        steps, done = len(progress), count_completed_steps(visible, progress, self.settings)
        unseen = 100 * float((visible < 1).float().mean())
        log.info("completion: %d of %d steps draw %.0f %% of the cells afresh", done, steps, unseen)
        x = complete_latents(
            partial(model, **(extra_args or {})),
            x,
            sigmas[: done + 1],
            visible=visible,
            repeats=self.settings.repeats,
            draw_noise=draw_noise,
            callback=callback,
        )
        if done == steps:
            return x
        sampler, options = self.sampler.sampler_function, self.sampler.extra_options
        if done and steps - done == 1:  # UniPC and the DPM solvers do nothing in a single step
            sampler, options = sample_euler, {}
        counted = None if callback is None else lambda step: callback({**step, "i": step["i"] + done})
        rest = sigmas[done:].clone()  # core's UniPC writes into them, and ComfyUI keeps what a scheduler node gave for the next run
        return sampler(model, x, rest, extra_args=extra_args, callback=counted, disable=disable, **options)

    def _fit_masks(self, model: comfy.samplers.KSamplerX0Inpaint, x: Tensor) -> Tensor:
        """The masks at the latents' resolution with a soft border, [V, 1, h, w]."""
        if isinstance(model.inner_model.inner_model.model_sampling, comfy.model_sampling.CONST):
            raise ValueError("completion: wanted a diffusion model as Stable Diffusion, got a flow model; use another sampler")
        if x.ndim != 4:
            raise ValueError(f"completion: wanted latents [V, C, h, w], got {list(x.shape)}; use another sampler")
        if len(self.masks) != len(x):
            raise ValueError(
                f"completion: wanted a mask for each of the {len(x)} latents, got {len(self.masks)}; use the masks of these views"
            )
        _check_aspect("masks", self.masks.shape[-1], self.masks.shape[-2], x)
        return fit_mask(self.masks.to(x).clamp(0, 1), tuple(x.shape[-2:]), self.settings)

    def _prepare_noise(self, x: Tensor, seed: int, progress: Sequence[float]) -> Callable[[int, int], Tensor]:
        """A function that draws unit noise [V, C, h, w] for a step and a repeat of it.

        What it draws follows from the seed and from the progress of denoising where the step begins, so a run in two parts draws what a
        whole one does. It draws on the CPU, so that a seed gives the same noise on every device.
        """

        def draw(step: int, repeat: int) -> Tensor:
            generator = torch.Generator().manual_seed(choose_seed(seed, progress[step], repeat))
            return torch.randn(x.shape, generator=generator)

        if self.cameras is None:
            return draw
        if len(self.cameras) != len(x):
            raise ValueError(
                f"completion: wanted a camera for each of the {len(x)} latents, got {len(self.cameras)}; connect this trajectory's cameras"
            )
        _check_aspect("cameras", self.cameras.width, self.cameras.height, x)
        sources = find_noise_sources(self.cameras, tuple(x.shape[-2:]))
        return lambda step, repeat: share_noise_at_infinity(draw(step, repeat), sources)


def build_completion_sampler(
    masks: Tensor, settings: CompletionSettings, sampler: comfy.samplers.KSAMPLER | None = None, cameras: Cameras | None = None
) -> comfy.samplers.KSAMPLER:
    """Build a SAMPLER with latent completion; see `Completion`. Without `sampler` all steps are DDIM.

    Raises:
        ValueError: if mask values lie outside 0..1, or the sampler does not take noise levels.
    """
    if not torch.isfinite(masks).all() or masks.min() < -TOLERANCE or masks.max() > 1 + TOLERANCE:
        raise ValueError(
            f"masks: wanted values from 0 to 1, got {float(masks.min()):.3g} to {float(masks.max()):.3g}; connect the render hook's masks"
        )
    sampler = sampler or comfy.samplers.sampler_object("euler")
    if not isinstance(sampler, comfy.samplers.KSAMPLER):
        raise ValueError(f"sampler: wanted one as from KSamplerSelect, got {type(sampler).__name__}; connect another or none")
    if isinstance(sampler.sampler_function, Completion):
        raise ValueError("sampler: wanted one to complete the steps of, got another Latent Completion Sampler; connect that sampler's own")
    return comfy.samplers.KSAMPLER(Completion(masks, settings, sampler, cameras), inpaint_options=sampler.inpaint_options)


def _check_aspect(name: str, width: int, height: int, x: Tensor) -> None:
    h, w = x.shape[-2:]
    if height * w != width * h:
        raise ValueError(f"completion: wanted {name} of the latents' aspect {w}x{h}, got {width}x{height}; use those of these views")
