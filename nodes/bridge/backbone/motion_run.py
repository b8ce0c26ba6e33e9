"""Checks a sampling run with motion modules before it starts, reserves its memory, and tells each U-Net call its frames."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import comfy.ldm.modules.attention
import comfy.model_management
from comfy.model_base import BaseModel
from comfy.model_patcher import ModelPatcher
from torch import Tensor, device

from ....mvcustom_core.backbone.memory import Workload, estimate_memory
from ....mvcustom_core.backbone.motion import MotionModules, MotionSettings, Observer
from ....mvcustom_core.diffusion.schedule import make_sigmas
from ....mvcustom_core.surface.correspondence import Correspondence
from ..host.call import record_of
from .motion_norm import run_layers

MOTION_ATTACHMENT = "mvcustom_motion"
FEW_FRAMES = 8  # AnimateDiff's modules were trained on 16 and more and fall apart on very short clips
GIB = 2**30

log = logging.getLogger("mvcustom.bridge.backbone")


@dataclass(frozen=True, slots=True)
class ClipCall:
    """How the batch of one U-Net call divides into frames, and the modules that connect these frames.

    It is passed as `num_video_frames`, the argument by which ComfyUI gives its own video models their number of frames. In the transformer
    options it would be ignored by core's compile node, and a graph compiled for other frames, scopes or modules would be reused.

    Attributes:
        frames: number of frames F in each clip.
        settings: how the modules compute in this call.
        modules: the motion modules.
        correspondences: U-Net level -> where the frames show the same surface, for the levels where it is known.
        observe: as in the `CallRecord`.
        last: the features [(B F), C, h, w] that the U-Net's output layers receive, once they exist, where these are to run across frames.
    """

    frames: int
    settings: MotionSettings
    modules: MotionModules
    correspondences: Mapping[int, Correspondence] = field(default_factory=dict)
    observe: Callable[[tuple[str, int]], Observer | None] | None = None
    last: list[Tensor] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class MotionRun:
    """Sampling wrappers of a MODEL with motion modules."""

    settings: MotionSettings
    modules: MotionModules

    def prepare_sampling(self, executor: Callable[..., Any], model: ModelPatcher, noise_shape: list[int], *args: Any, **kwargs: Any) -> Any:
        """PREPARE_SAMPLING wrapper: refuse runs that would fail, and add the modules' memory to ComfyUI's estimate for the U-Net."""
        check_animatediff_evolved(model)  # it may have been applied after us
        entries = record_of(model.model_options["transformer_options"])
        settings = self._choose_settings(entries)
        if any(scope.trajectory for scope in settings.scopes) and "correspondences" not in entries:
            raise ValueError(
                "trajectory scope: wanted a model whose depth and cameras are known, got one without; connect the Depth-Aware Render Hook "
                "between this model and the sampler, or choose another scope"
            )
        frames = _count_window_frames(model, noise_shape[0])
        self._warn(model, frames)
        return executor(model, _add_memory(model, settings, frames, noise_shape), *args, **kwargs)

    def apply_model(
        self, executor: Callable[..., Tensor], x: Tensor, sigma: Tensor, concat: Any, context: Any, control: Any, transformer_options: dict,
        **conditions: Any,
    ) -> Tensor:  # fmt: skip
        """APPLY_MODEL wrapper: pass the `ClipCall` of this call to the U-Net."""
        entries = record_of(transformer_options)
        correspondences = entries["correspondences"](x.device) if "correspondences" in entries else {}
        modules = self._find_modules(executor.class_obj, transformer_options)
        frames, observe = count_frames(len(x), transformer_options), entries.get("observe")
        clip = ClipCall(frames, self._choose_settings(entries), modules, correspondences, observe)
        return executor(x, sigma, concat, context, control, transformer_options, num_video_frames=clip, **conditions)

    def diffusion_model(
        self, executor: Callable[..., Tensor], x: Tensor, timesteps: Tensor, context: Any, y: Any, control: Any, transformer_options: dict,
        num_video_frames: ClipCall | None = None, **conditions: Any,
    ) -> Tensor:  # fmt: skip
        """DIFFUSION_MODEL wrapper, where the norms of the image model run across frames: compute the U-Net's output with such a norm."""
        clip = num_video_frames or ClipCall(count_frames(len(x), transformer_options), self.settings, self.modules)
        output = executor(x, timesteps, context, y, control, transformer_options, num_video_frames=clip, **conditions)
        if not clip.last:  # the batch holds independent images
            return output
        return run_layers(executor.class_obj.out, clip.last.pop().to(x.dtype), clip.frames)

    def _find_modules(self, model: BaseModel, transformer_options: Mapping[str, Any]) -> MotionModules:
        """The motion modules beside this U-Net: on several GPUs, each U-Net has its own."""
        if "multigpu_thread_device" not in transformer_options:
            return self.modules
        return model.current_patcher.get_additional_models_with_key(MOTION_ATTACHMENT)[0].model

    def _choose_settings(self, entries: Mapping[str, Any]) -> MotionSettings:
        return replace(self.settings, scopes=entries["scopes"]) if "scopes" in entries else self.settings

    def _warn(self, model: ModelPatcher, frames: int) -> None:
        if frames == 1:
            log.info("one frame: motion modules are bypassed")
        elif frames < FEW_FRAMES:
            log.warning("%d frames: motion modules were trained on longer clips; use %d or more", frames, FEW_FRAMES)
        elif frames > self.settings.max_frames:
            log.warning("%d frames, trained on %d: frame positions are interpolated", frames, self.settings.max_frames)
        sampling = model.get_model_object("model_sampling")
        trained = float(make_sigmas(self.settings.beta_schedule)[-1])
        if not getattr(sampling, "zsnr", False) and abs(float(sampling.sigma_max) / trained - 1) > 0.01:
            log.warning(
                "the model's noise schedule ends at sigma %.2f, the motion modules were trained to %.2f (%s): a model sampling node after "
                "them has replaced it; connect that node before them",
                float(sampling.sigma_max), trained, self.settings.beta_schedule,
            )  # fmt: skip


def count_frames(rows: int, transformer_options: Mapping[str, Any]) -> int:
    """Number of frames per clip in a U-Net batch of `rows`. ComfyUI stacks one whole clip for each condition of the call.

    Raises:
        ValueError: if the batch does not divide into whole clips.
    """
    clips = len(transformer_options.get("cond_or_uncond", (0,)))
    if rows % clips:
        raise ValueError(f"motion: wanted {clips} clips of equal length in the batch, got {rows} rows; give every condition all frames")
    return rows // clips


def check_animatediff_evolved(model: ModelPatcher) -> None:
    """Check that AnimateDiff-Evolved is not applied to this MODEL as well.

    Raises:
        ValueError: if it is.
    """
    keys = [*model.injections, *model.additional_models, *model.attachments]
    if any(key.startswith("ADE") for key in keys):
        raise ValueError("motion: AnimateDiff-Evolved is applied to this model too; use either its nodes or MVCustom's, not both")


def stores_scores(where: device) -> bool:
    """Whether attention on this device stores a score for every pair of tokens, as torch's does without a flash kernel."""
    attention = comfy.ldm.modules.attention
    if where.type == "cpu":
        return False
    if attention.optimized_attention is attention.attention_pytorch:
        return not comfy.model_management.pytorch_attention_flash_attention()
    return attention.optimized_attention is attention.attention_basic


def _add_memory(model: ModelPatcher, settings: MotionSettings, frames: int, noise_shape: list[int]) -> list[int]:
    """A noise shape for ComfyUI's memory estimate, enlarged by the modules' share. ComfyUI estimates from the latents' area alone."""
    rows, cells = noise_shape[0], list(noise_shape[-2:])
    element_bytes = comfy.model_management.dtype_size(model.model.get_dtype_inference())
    workload = Workload(1, frames, *cells, element_bytes, stores_scores(model.load_device), model.load_device.type)
    own = estimate_memory(settings, workload)
    unet = model.model.memory_required([frames, *noise_shape[1:]])
    total = comfy.model_management.get_total_memory(model.load_device)
    scopes = ", ".join(map(str, settings.scopes))
    need = f"{frames} frames of {cells[1] * 8}x{cells[0] * 8} pixels with scopes {scopes} need about {own / GIB:.2f} GiB"
    advice = "choose a narrower scope, fewer frames or a smaller size"
    if own > total:
        raise ValueError(f"motion: {need}, {model.load_device} has {total / GIB:.2f} GiB in all; {advice}")
    log.info("%s beside the U-Net's %.2f GiB, for each prompt of a call", need, unet / GIB)
    if own + unet > total:  # the U-Net's figure is ComfyUI's, and generous
        log.warning("that may be more than the %.2f GiB of %s; if it fails, %s", total / GIB, model.load_device, advice)
    return [math.ceil(rows * (1 + own / unet)), *noise_shape[1:]]


def _count_window_frames(model: ModelPatcher, rows: int) -> int:
    """Number of frames in one U-Net call: all rows, or one window if core's context windows are used."""
    handler = model.model_options.get("context_handler")
    return min(rows, handler.context_length) if getattr(handler, "dim", None) == 0 else rows
