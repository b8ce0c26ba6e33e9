"""Depth-aware feature rendering inside a ComfyUI run: between spatial transformer and motion module, in the decoder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from comfy.model_patcher import ModelPatcher
from comfy.patcher_extension import WrappersMP
from torch import Tensor

from ...mvcustom_core.geometry.cameras import Cameras
from ...mvcustom_core.geometry.depth import AnchorDepth
from ...mvcustom_core.sampling.operator import RenderOperator, build_render_operators
from ...mvcustom_core.sampling.rendering import RenderingSettings, rendering_strength, replace_features, share_noise
from .backbone import spec_of, walk_transformers
from .compiling import uncompiled
from .concept import check_latents
from .motion_run import count_frames
from .pose import KEY

ATTACHMENT = "mvcustom_rendering"


@dataclass(slots=True)
class FeatureRenderer:
    """Called after every spatial transformer; replaces features in the blocks that it has an operator for."""

    operators: dict[tuple[str, int], RenderOperator]
    settings: RenderingSettings
    placed: dict[tuple[tuple[str, int], torch.device], RenderOperator] = field(default_factory=dict)

    def __call__(self, x: Tensor, block: tuple[str, int], options: dict[str, Any]) -> Tensor:
        operator = self.operators.get(block)
        if operator is None or options.get(KEY, {}).get("bypass_motion"):
            return x
        strength = rendering_strength(*_find_step(options), self.settings)
        if strength == 0:
            return x
        views = len(operator.mask)
        if count_frames(len(x), options) != views:
            raise ValueError(f"feature rendering: wanted all {views} views in one batch, got {count_frames(len(x), options)}")
        key = block, x.device
        if key not in self.placed:  # once, not with every call
            self.placed[key] = operator.to(x.device)
        return replace_features(x, self.placed[key], strength)


def apply_rendering(
    model: ModelPatcher, anchors: Sequence[AnchorDepth], cameras: Cameras, settings: RenderingSettings, shared_noise: bool = True
) -> tuple[ModelPatcher, RenderOperator]:
    """A clone of MODEL that renders the anchors' features into the other views while it samples.

    Args:
        anchors: the depth of one view or of several.
        cameras: all V views.
        shared_noise: let the start noise move with the anchors' surface, too.

    Returns:
        the model, and the operator at the latents' resolution, whose mask tells what the anchors see.

    Raises:
        ValueError: if the model cannot carry the hook or an anchor is no view.
    """
    if model.get_attachment(ATTACHMENT) is not None:
        raise ValueError("feature rendering: this model already carries a hook; connect the model from before it")
    spec = spec_of(model)
    step = 8 << max(spec.rendering_levels)
    if cameras.width % step or cameras.height % step:
        raise ValueError(f"cameras: wanted sides divisible by {step}, got {cameras.width}x{cameras.height}; change the trajectory's size")
    latent = cameras.height // 8, cameras.width // 8
    sizes = {level: (latent[0] >> level, latent[1] >> level) for level in {0, *spec.rendering_levels}}
    operators = build_render_operators(anchors, cameras, sizes.values())
    at = {level: operators[size] for level, size in sizes.items()}
    unet = model.model.diffusion_model
    sites = {key: at[level] for key, level, _ in walk_transformers(unet) if key[0] == "output" and level in spec.rendering_levels}
    patched = model.clone()
    entries = patched.model_options["transformer_options"].setdefault(KEY, {})
    entries["after_spatial"] = FeatureRenderer(sites, settings)
    patched.add_wrapper_with_key(WrappersMP.OUTER_SAMPLE, ATTACHMENT, partial(_share_start_noise, at[0] if shared_noise else None, cameras))
    patched.set_attachments(ATTACHMENT, at[0].anchors)
    return patched, at[0]


def _share_start_noise(
    operator: RenderOperator | None, cameras: Cameras, executor: Callable[..., Any], noise: Tensor, *args: Any, **kwargs: Any
) -> Any:
    check_latents(executor.class_obj.model_patcher, cameras, noise.shape)
    if operator is not None:
        noise = share_noise(noise, operator.to(noise.device))
    with uncompiled(executor.class_obj, "feature rendering"):
        return executor(noise, *args, **kwargs)


def _find_step(options: dict[str, Any]) -> tuple[int, int]:
    """The step that a call belongs to, and how many there are; a step's noise level lies at or below its start."""
    schedule, sigma = options["sample_sigmas"], options["sigmas"].flatten()[0]
    steps = len(schedule) - 1
    reached = int((schedule[:-1] >= sigma * (1 - 1e-4)).sum()) - 1
    return min(max(reached, 0), steps - 1), steps
