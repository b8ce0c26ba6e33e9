"""Adds motion modules to a clone of a ComfyUI MODEL.

The U-Net is not modified. ComfyUI lets a patch run one of its layers; the patches here run the layer as ComfyUI would and then run the
motion module of that block. They read the entries `bypass_motion`, `after_spatial`, `correspondences` and `scopes` of the `CallRecord`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import comfy.model_sampling
from comfy.ldm.modules.attention import SpatialTransformer, optimized_attention
from comfy.ldm.modules.diffusionmodules.openaimodel import ResBlock, UNetModel
from comfy.model_patcher import ModelPatcher
from comfy.patcher_extension import WrappersMP, add_wrapper_with_key
from torch import Tensor, inference_mode

from ....mvcustom_core.backbone.attention import Attention
from ....mvcustom_core.backbone.motion import DOWN_LAYERS, MotionModules, MotionSettings
from ....mvcustom_core.backbone.presets import MotionChoices
from ....mvcustom_core.diffusion.schedule import COMFY_NAMES
from ..host.call import Options, record_of
from ..host.previews import show_all_views
from .motion_model import REPORT, add_motion_lora, load_motion_patcher
from .motion_norm import run_residual_block
from .motion_run import MOTION_ATTACHMENT, ClipCall, MotionRun, check_animatediff_evolved, count_frames

SD15_CHANNELS, SD15_CONTEXT = (320, 640, 1280, 1280), 768
LATENT_CHANNELS = 4


def apply_motion_file(model: ModelPatcher, path: str | Path, choices: MotionChoices) -> tuple[ModelPatcher, str]:
    """Add the motion modules of a file to a clone of a MODEL; also returns a one-line report on the file.

    Raises:
        ValueError: if the file is not a motion file, or the model cannot host its modules.
    """
    check_host(model)  # before the file is read, which may hold gigabytes
    motion, settings, report = load_motion(path, choices)
    return apply_motion(model, motion, settings), report


def load_motion(path: str | Path, choices: MotionChoices) -> tuple[ModelPatcher, MotionSettings, str]:
    """Load the motion modules of a file, the settings to run them with, and a one-line report on both.

    Raises:
        ValueError: if the file is not a motion file.
    """
    motion = load_motion_patcher(path)
    settings = choices.apply_to(motion.model.settings)
    return motion, settings, f"{motion.get_attachment(REPORT)}; {describe_run(settings)}"


def describe_run(settings: MotionSettings) -> str:
    scopes = ", ".join(map(str, settings.scopes))
    return f"runs with scopes {scopes}, {settings.norm_mode.replace('_', ' ')} norm, beta schedule {settings.beta_schedule}"


def apply_motion_lora(model: ModelPatcher, path: str | Path, strength: float) -> ModelPatcher:
    """Add a motion LoRA to the motion modules of a clone of a MODEL. Several LoRAs add up.

    Raises:
        ValueError: if the model has no motion modules, or the file does not fit them.
    """
    motion = model.get_additional_models_with_key(MOTION_ATTACHMENT)
    if not motion:
        raise ValueError(
            "motion LoRA: wanted a model with MVCustom motion modules, got one without; connect Load MVCustom Backbone or "
            "Apply MVCustom Motion"
        )
    patched = model.clone()
    patched.set_additional_models(MOTION_ATTACHMENT, [add_motion_lora(motion[0], path, strength)])
    return patched


def apply_motion(model: ModelPatcher, motion: ModelPatcher | MotionModules, settings: MotionSettings | None = None) -> ModelPatcher:
    """Clone a Stable Diffusion 1.5 MODEL so that it denoises its batch as the frames of one clip.

    Args:
        model: the MODEL; it is not changed.
        motion: the modules as a ModelPatcher, or as a plain module that the caller keeps on the right device (training).
        settings: how the modules compute; their layout must be that of the weights. None: as stored with the weights.

    Raises:
        ValueError: if the model cannot host the modules: it is of another family or width, has motion modules already, or another node
            pack patches the same layers.
    """
    modules = motion.model if isinstance(motion, ModelPatcher) else motion
    settings = settings or modules.settings
    if settings.layout != modules.settings.layout:
        raise ValueError(f"motion: wanted settings of the weights' layout {modules.settings.layout}, got {settings.layout}")
    check_host(model)
    _check_layout(model, settings)
    patched = model.clone()
    if isinstance(motion, ModelPatcher):
        patched.set_additional_models(MOTION_ATTACHMENT, [motion])
    host = MotionHost(modules, settings, find_residual_hosts(model.model.diffusion_model))
    patched.set_model_forward_timestep_embed_patch((SpatialTransformer, host.run_spatial_transformer))
    patched.set_model_forward_timestep_embed_patch((ResBlock, host.run_residual_block))
    run = MotionRun(settings, modules)
    patched.add_wrapper_with_key(WrappersMP.PREPARE_SAMPLING, MOTION_ATTACHMENT, run.prepare_sampling)
    patched.add_wrapper_with_key(WrappersMP.APPLY_MODEL, MOTION_ATTACHMENT, run.apply_model)
    if settings.image_norm_mode == "cross_frame":
        # in the options, so that learning, which calls the U-Net without a sampler, has it too
        kind = WrappersMP.DIFFUSION_MODEL
        add_wrapper_with_key(kind, MOTION_ATTACHMENT, run.diffusion_model, patched.model_options, is_model_options=True)
    patched.add_wrapper_with_key(WrappersMP.SAMPLER_SAMPLE, MOTION_ATTACHMENT, show_all_views)
    patched.add_object_patch("model_sampling", _make_model_sampling(model, settings))
    patched.set_attachments(MOTION_ATTACHMENT, settings)
    return patched


def has_motion(model: ModelPatcher) -> MotionSettings | None:
    """The settings of a MODEL's motion modules; None if it has none."""
    return model.get_attachment(MOTION_ATTACHMENT)


def find_modules(options: Options) -> MotionModules:
    """The motion modules that run in a call with these options of a model that has some."""
    return next(host.modules for host in map(_host_of, _list_handlers(options)) if host is not None)


def with_modules(options: Options, modules: MotionModules) -> Options:
    """The options of a call with other modules of the same layout in place of the model's, such as a copy to learn through."""
    handlers = []
    for kind, handler in options["patches"]["forward_timestep_embed_patch"]:
        host = _host_of(handler)
        handlers.append((kind, handler if host is None else getattr(replace(host, modules=modules), handler.__name__)))
    return {**options, "patches": {**options["patches"], "forward_timestep_embed_patch": handlers}}


def _list_handlers(options: Options) -> list[Any]:
    return [handler for _, handler in options["patches"]["forward_timestep_embed_patch"]]


def _host_of(handler: Any) -> MotionHost | None:
    host = getattr(handler, "__self__", None)
    return host if isinstance(host, MotionHost) else None


@dataclass(frozen=True, slots=True)
class MotionHost:
    """Runs U-Net layers and, after them, their motion modules.

    Attributes:
        residual_hosts: blocks without a spatial transformer; their module follows the residual block.
    """

    modules: MotionModules
    settings: MotionSettings
    residual_hosts: frozenset[tuple[str, int]]

    def run_spatial_transformer(
        self, layer: SpatialTransformer, x: Tensor, emb: Tensor, context: Tensor, transformer_options: dict[str, Any],
        output_shape: Any = None, time_context: Any = None, num_video_frames: ClipCall | None = None, *_: Any,
    ) -> Tensor:  # fmt: skip
        x = layer(x, context, transformer_options)
        if "transformer_index" in transformer_options:
            transformer_options["transformer_index"] += 1  # ComfyUI counts here for the layers it runs itself
        after_spatial = record_of(transformer_options).get("after_spatial")
        if after_spatial is not None:
            x = after_spatial(x, transformer_options["block"], transformer_options)
        clip = self._find_clip(x, transformer_options, num_video_frames)
        return x if clip is None else self._run_motion(x, transformer_options, clip)

    def run_residual_block(
        self, layer: ResBlock, x: Tensor, emb: Tensor, context: Tensor, transformer_options: dict[str, Any],
        output_shape: Any = None, time_context: Any = None, num_video_frames: ClipCall | None = None, *_: Any,
    ) -> Tensor:  # fmt: skip
        clip = self._find_clip(x, transformer_options, num_video_frames)
        if clip is None:
            return layer(x, emb)
        across = clip.settings.image_norm_mode == "cross_frame"
        x = run_residual_block(layer, x, emb, clip.frames) if across else layer(x, emb)
        hosts_motion = transformer_options["block"] in self.residual_hosts
        return self._run_motion(x, transformer_options, clip) if hosts_motion else x

    def _find_clip(self, x: Tensor, transformer_options: dict[str, Any], clip: ClipCall | None) -> ClipCall | None:
        """The clips in the batch; None if it holds independent images."""
        if record_of(transformer_options).get("bypass_motion"):
            return None
        # without one, it is a call of the bare U-Net
        observe = record_of(transformer_options).get("observe")
        return clip or ClipCall(count_frames(len(x), transformer_options), self.settings, self.modules, observe=observe)

    def _run_motion(self, x: Tensor, transformer_options: dict[str, Any], clip: ClipCall) -> Tensor:
        module = clip.modules.at(transformer_options["block"])
        if module is not None:
            correspondence = clip.correspondences.get(module.level)
            observer = None if clip.observe is None else clip.observe(transformer_options["block"])
            x = module(x, clip.frames, clip.settings, choose_attention(x, transformer_options), correspondence, observer)
        if clip.settings.image_norm_mode == "cross_frame":
            clip.last[:] = [x]
        return x


def choose_attention(x: Tensor, transformer_options: dict[str, Any]) -> Attention | None:
    """The attention kernel: ComfyUI's, or the one that a node has set; None on a CPU, which selects torch's."""
    if x.device.type == "cpu" and "optimized_attention_override" not in transformer_options:
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


def check_host(model: ModelPatcher) -> None:
    """Check that a MODEL can host motion modules, whichever these are.

    Raises:
        ValueError: if it is of another family, is made for inpainting, has motion modules already, or another node pack patches its layers.
    """
    unet = getattr(model.model, "diffusion_model", None)
    if not isinstance(unet, UNetModel):
        raise ValueError(f"motion: wanted a Stable Diffusion 1.5 model, got {type(model.model).__name__}; load an SD1.5 checkpoint")
    config, channels = model.model.model_config.unet_config, _list_channels(model)
    context = config.get("context_dim")
    if config.get("use_linear_in_transformer") or (channels == SD15_CHANNELS and context != SD15_CONTEXT):
        raise ValueError(
            f"motion: wanted a Stable Diffusion 1.5 model (text width {SD15_CONTEXT}), got one of another family "
            f"({type(model.model.model_config).__name__}, text width {context}); load an SD1.5 checkpoint"
        )
    if config["in_channels"] != LATENT_CHANNELS:
        raise ValueError(
            f"motion: wanted a model of {LATENT_CHANNELS} input channels, got {describe_inputs(config['in_channels'])}; "
            "load a Stable Diffusion 1.5 checkpoint for text to image"
        )
    if not isinstance(model.get_model_object("model_sampling"), comfy.model_sampling.ModelSamplingDiscrete):
        raise ValueError("motion: wanted a model with discrete timesteps, got a continuous sampling type; remove that sampling node")
    _check_rivals(model)


def describe_inputs(channels: int) -> str:
    """What a U-Net of so many input channels is made for; 4 are the latents alone."""
    purpose = {9: "one for inpainting", 8: "one for editing by instructions", 5: "one for depth"}.get(channels, "another one")
    return f"{purpose} ({channels} channels)"


def _list_channels(model: ModelPatcher) -> tuple[int, ...]:
    config = model.model.model_config.unet_config
    return tuple(config["model_channels"] * factor for factor in config["channel_mult"])


def _check_layout(model: ModelPatcher, settings: MotionSettings) -> None:
    channels, blocks = _list_channels(model), model.model.model_config.unet_config["num_res_blocks"]
    if channels != settings.channels or set(blocks) != {DOWN_LAYERS}:
        raise ValueError(
            f"motion: the modules have channels {settings.channels} and {DOWN_LAYERS} blocks per level, the model has {channels} and "
            f"{blocks}; use motion modules and a checkpoint made for each other"
        )


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


def _make_model_sampling(model: ModelPatcher, settings: MotionSettings) -> comfy.model_sampling.ModelSamplingDiscrete:
    """A sampling object with the model's own prediction type and the motion modules' noise schedule."""
    own = model.get_model_object("model_sampling")
    sampling_settings = {**model.model.model_config.sampling_settings, "beta_schedule": COMFY_NAMES[settings.beta_schedule]}
    with inference_mode(False):  # training multiplies by these tables
        return type(own)(SimpleNamespace(sampling_settings=sampling_settings), zsnr=own.zsnr)
