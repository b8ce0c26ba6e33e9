"""Motion modules on a ComfyUI MODEL: building them as a model of their own, and hosting them in a clone of the U-Net's patcher.

The U-Net is not touched. ComfyUI lets a patch run one of its layers; ours runs the layer as ComfyUI would and lets the motion
module of that block follow. A run may carry `transformer_options["mvcustom"]`, a dict of our own objects, of which this room reads

* `bypass_motion`: true while the batch holds independent images (references), not frames;
* `after_spatial`: callable(x [(B F), C, h, w], block, transformer_options) -> x, called after every spatial transformer.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import comfy.model_management
import comfy.model_patcher
import comfy.model_sampling
import comfy.ops
from comfy.ldm.modules.attention import SpatialTransformer, optimized_attention
from comfy.ldm.modules.diffusionmodules.openaimodel import ResBlock, UNetModel
from comfy.model_patcher import ModelPatcher
from comfy.patcher_extension import WrappersMP
from torch import Tensor, dtype, inference_mode

from ...mvcustom_core.backbone.attention import Attention
from ...mvcustom_core.backbone.checkpoint import load_state_dict_file, read_motion_checkpoint
from ...mvcustom_core.backbone.motion import DOWN_LAYERS, MotionModules, MotionSettings
from ...mvcustom_core.backbone.schedule import make_sigmas

KEY = "mvcustom"
ATTACHMENT = "mvcustom_motion"
SD15_CHANNELS, SD15_CONTEXT = (320, 640, 1280, 1280), 768
FEW_FRAMES = 8  # AnimateDiff's modules were trained on 16 and more and fall apart on very short clips

log = logging.getLogger("mvcustom.bridge.motion")


def build_motion_patcher(
    settings: MotionSettings, state_dict: Mapping[str, Tensor], weight_dtype: dtype | None = None, disable_dynamic: bool = False
) -> ModelPatcher:
    """Make motion modules a model that ComfyUI loads, offloads and casts like any other.

    Args:
        state_dict: weights as `read_motion_checkpoint` returns them.
        weight_dtype: how to store them; ComfyUI's choice for a U-Net of this size and device if None.
        disable_dynamic: avoid ComfyUI's dynamic memory patcher; ComfyUI asks for that when it rebuilds the model.
    """
    load_device = comfy.model_management.get_torch_device()
    if weight_dtype is None:
        size = sum(tensor.numel() for tensor in state_dict.values())
        weight_dtype = comfy.model_management.unet_dtype(load_device, size, weight_dtype=next(iter(state_dict.values())).dtype)
    offload_device = comfy.model_management.unet_offload_device()
    with inference_mode(False):  # nodes run in inference mode, whose tensors could never be trained
        # the U-Net's computing dtype is not ours to know, so the layers follow their input
        modules = MotionModules(settings, comfy.ops.manual_cast, device=offload_device, dtype=weight_dtype)
        modules.load_state_dict({key: tensor.to(weight_dtype) for key, tensor in state_dict.items()})
        modules.requires_grad_(False).eval()
    comfy.model_management.archive_model_dtypes(modules)
    # looked up at call time: ComfyUI replaces the class at start-up
    patcher_class = ModelPatcher if disable_dynamic else comfy.model_patcher.CoreModelPatcher
    patcher = patcher_class(modules, load_device=load_device, offload_device=offload_device)
    patcher.cached_patcher_init = (build_motion_patcher, (settings, state_dict, weight_dtype))
    return patcher


def load_motion_patcher(path: str | Path, weight_dtype: dtype | None = None, disable_dynamic: bool = False) -> ModelPatcher:
    """Load a motion file; its settings are the `settings` of the patcher's model.

    Raises:
        ValueError: if it is no motion file for Stable Diffusion 1.5, naming what it is.
    """
    settings, weights, report = read_motion_checkpoint(*load_state_dict_file(path))
    log.info("%s: %s", Path(path).name, report)
    patcher = build_motion_patcher(settings, weights, weight_dtype, disable_dynamic)
    patcher.cached_patcher_init = (load_motion_patcher, (path, weight_dtype))
    return patcher


def apply_motion(model: ModelPatcher, motion: ModelPatcher | MotionModules, settings: MotionSettings | None = None) -> ModelPatcher:
    """A clone of a Stable Diffusion 1.5 MODEL that denoises its batch as the frames of one clip.

    Args:
        model: left as it is.
        motion: modules as a model, or bare ones that the caller keeps on the right device (training).
        settings: how to compute, of the same layout as the weights; by default as stored with them.

    Raises:
        ValueError: if the model cannot host the modules: another family or width, motion already applied, or another pack's
            hooks in the same place.
    """
    modules = motion.model if isinstance(motion, ModelPatcher) else motion
    settings = settings or modules.settings
    if settings.layout != modules.settings.layout:
        raise ValueError(f"motion: wanted settings of the weights' layout {modules.settings.layout}, got {settings.layout}")
    _check_host(model, settings)
    _check_rivals(model)
    patched = model.clone()
    if isinstance(motion, ModelPatcher):
        patched.set_additional_models(KEY, [*patched.get_additional_models_with_key(KEY), motion])
    host = MotionHost(modules, settings, find_residual_hosts(model.model.diffusion_model))
    patched.set_model_forward_timestep_embed_patch((SpatialTransformer, host.run_spatial_transformer))
    patched.set_model_forward_timestep_embed_patch((ResBlock, host.run_residual_block))
    patched.add_wrapper_with_key(WrappersMP.PREPARE_SAMPLING, ATTACHMENT, partial(_check_run, settings))
    patched.add_object_patch("model_sampling", _make_model_sampling(model, settings))
    patched.set_attachments(ATTACHMENT, settings)
    return patched


def has_motion(model: ModelPatcher) -> MotionSettings | None:
    """The settings of the motion modules that a MODEL carries, if it does."""
    return model.get_attachment(ATTACHMENT)


@dataclass(frozen=True, slots=True)
class MotionHost:
    """Runs the layers of the U-Net that motion modules follow.

    Attributes:
        residual_hosts: blocks without a spatial transformer, whose module follows the residual block.
    """

    modules: MotionModules
    settings: MotionSettings
    residual_hosts: frozenset[tuple[str, int]]

    def run_spatial_transformer(
        self, layer: SpatialTransformer, x: Tensor, emb: Tensor, context: Tensor, transformer_options: dict[str, Any], *_: Any
    ) -> Tensor:
        x = layer(x, context, transformer_options)
        if "transformer_index" in transformer_options:
            transformer_options["transformer_index"] += 1  # ComfyUI counts here for the layers it runs itself
        after_spatial = transformer_options.get(KEY, {}).get("after_spatial")
        if after_spatial is not None:
            x = after_spatial(x, transformer_options["block"], transformer_options)
        return self._run_motion(x, transformer_options)

    def run_residual_block(
        self, layer: ResBlock, x: Tensor, emb: Tensor, context: Tensor, transformer_options: dict[str, Any], *_: Any
    ) -> Tensor:
        x = layer(x, emb)
        return self._run_motion(x, transformer_options) if transformer_options["block"] in self.residual_hosts else x

    def _run_motion(self, x: Tensor, transformer_options: dict[str, Any]) -> Tensor:
        module = self.modules.at(transformer_options["block"])
        if module is None or transformer_options.get(KEY, {}).get("bypass_motion"):
            return x
        frames = count_frames(len(x), transformer_options)
        return module(x, frames, self.settings, choose_attention(x, transformer_options))


def count_frames(rows: int, transformer_options: Mapping[str, Any]) -> int:
    """The frames per clip of a U-Net batch: ComfyUI stacks whole clips, one for each condition of the call.

    Raises:
        ValueError: if the rows are no whole number of clips.
    """
    clips = len(transformer_options.get("cond_or_uncond", (0,)))
    if rows % clips:
        raise ValueError(f"motion: wanted {clips} clips of equal length in the batch, got {rows} rows; give every condition all frames")
    return rows // clips


def choose_attention(x: Tensor, transformer_options: dict[str, Any]) -> Attention | None:
    """ComfyUI's attention kernel, the user's own where one is set; None, for torch's, on a CPU."""
    if x.device.type == "cpu":
        return None  # ComfyUI's default on a CPU is several times slower than torch's own
    return partial(optimized_attention, transformer_options=transformer_options)


def find_residual_hosts(unet: UNetModel) -> frozenset[tuple[str, int]]:
    sides = (("input", unet.input_blocks), ("output", unet.output_blocks))
    return frozenset(
        (side, index)
        for side, blocks in sides
        for index, block in enumerate(blocks)
        if not any(isinstance(layer, SpatialTransformer) for layer in block)
    )


def _check_host(model: ModelPatcher, settings: MotionSettings) -> None:
    unet = getattr(model.model, "diffusion_model", None)
    if not isinstance(unet, UNetModel):
        raise ValueError(f"motion: wanted a Stable Diffusion 1.5 model, got {type(model.model).__name__}; load an SD1.5 checkpoint")
    config = model.model.model_config.unet_config
    channels = tuple(config["model_channels"] * factor for factor in config["channel_mult"])
    context = config.get("context_dim")
    if config.get("use_linear_in_transformer") or (channels == SD15_CHANNELS and context != SD15_CONTEXT):
        raise ValueError(
            f"motion: wanted a Stable Diffusion 1.5 model (text width {SD15_CONTEXT}), got one of another family "
            f"({type(model.model.model_config).__name__}, text width {context}); load an SD1.5 checkpoint"
        )
    if channels != settings.channels or set(config["num_res_blocks"]) != {DOWN_LAYERS}:
        raise ValueError(
            f"motion: the modules have channels {settings.channels} and {DOWN_LAYERS} blocks per level, the model has {channels} and "
            f"{config['num_res_blocks']}; use motion modules and a checkpoint made for each other"
        )
    if not isinstance(model.get_model_object("model_sampling"), comfy.model_sampling.ModelSamplingDiscrete):
        raise ValueError("motion: wanted a model with discrete timesteps, got a continuous sampling type; remove that sampling node")


def _check_rivals(model: ModelPatcher) -> None:
    if has_motion(model) is not None:
        raise ValueError("motion: this model already carries MVCustom motion modules; connect the model from before that node")
    check_animatediff_evolved(model)
    patches = model.model_options["transformer_options"].get("patches", {}).get("forward_timestep_embed_patch", [])
    for layer, handler in patches:
        if issubclass(SpatialTransformer, layer) or issubclass(ResBlock, layer):
            raise ValueError(
                f"motion: another node already runs this model's {layer.__name__} layers ({getattr(handler, '__module__', handler)}), "
                "so motion modules would never be called; remove that node"
            )


def check_animatediff_evolved(model: ModelPatcher) -> None:
    keys = [*model.injections, *model.additional_models, *model.attachments]
    if any(key.startswith("ADE") for key in keys):
        raise ValueError("motion: AnimateDiff-Evolved is applied to this model too; use either its nodes or MVCustom's, not both")


def _check_run(
    settings: MotionSettings, executor: Callable[..., Any], model: ModelPatcher, noise_shape: list[int], *args: Any, **kwargs: Any
) -> Any:
    check_animatediff_evolved(model)  # it may have been applied after us
    frames = noise_shape[0]
    if frames == 1:
        log.info("one frame: motion modules are bypassed")
    elif frames < FEW_FRAMES:
        log.warning("%d frames: motion modules were trained on longer clips; use %d or more", frames, FEW_FRAMES)
    elif frames > settings.max_frames:
        log.warning("%d frames, trained on %d: frame positions are interpolated", frames, settings.max_frames)
    return executor(model, noise_shape, *args, **kwargs)


def _make_model_sampling(model: ModelPatcher, settings: MotionSettings) -> comfy.model_sampling.ModelSamplingDiscrete:
    """The model's own prediction type over the schedule that the motion modules were trained with."""
    own = model.get_model_object("model_sampling")
    with inference_mode(False):  # training multiplies by these tables
        sampling = type(own)(model.model.model_config)
        sigmas = make_sigmas(settings.beta_schedule)
        if own.zsnr:
            sigmas = comfy.model_sampling.rescale_zero_terminal_snr_sigmas(sigmas)
        sampling.set_sigmas(sigmas)
    sampling.zsnr = own.zsnr
    return sampling
