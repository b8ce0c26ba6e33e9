"""Stable Diffusion 1.5 with weights drawn at random, true size or tiny, where a test or benchmark wants its shapes and no pictures."""

from __future__ import annotations

from functools import partial
from typing import Any

import comfy.model_base
import comfy.model_management
import comfy.model_patcher
import comfy.supported_models
import torch
from comfy.model_patcher import ModelPatcher
from torch import nn

from ..mvcustom_core.backbone.motion import MotionModules, MotionSettings
from ..nodes.bridge.backbone.motion_model import build_motion_patcher

CHANNELS, CONTEXT, HEADS = (32, 64, 128, 128), 64, 4  # of the tiny one
LAYOUT = {
    "use_checkpoint": False, "image_size": 32, "use_spatial_transformer": True, "legacy": False, "adm_in_channels": None,
    "in_channels": 4, "out_channels": 4, "num_res_blocks": [2, 2, 2, 2], "channel_mult": [1, 2, 4, 4],
    "transformer_depth": [1, 1, 1, 1, 1, 1, 0, 0], "transformer_depth_output": [1] * 9 + [0] * 3, "transformer_depth_middle": 1,
    "use_linear_in_transformer": False, "use_temporal_resblock": False, "use_temporal_attention": False,
}  # fmt: skip

TrueSD15 = comfy.supported_models.SD15


class TinySD15(comfy.supported_models.SD15):
    unet_config = comfy.supported_models.SD15.unet_config | {"context_dim": CONTEXT, "model_channels": CHANNELS[0]}
    unet_extra_config = {"num_heads": HEADS, "num_head_channels": -1}


def make_model(
    config_class: type = TinySD15, dtype: torch.dtype = torch.float32, *, disable_dynamic: bool = False, **changes: Any
) -> ModelPatcher:
    """A MODEL of ComfyUI's, its weights in `dtype`, with `changes` to the layout of the U-Net. ComfyUI can rebuild it: see ModelPatcher."""
    model = build_unet(config_class, dtype, comfy.model_management.unet_offload_device(), **changes)
    randomize(model.diffusion_model)
    patcher = wrap_model(model, disable_dynamic)
    patcher.cached_patcher_init = (partial(make_model, config_class, dtype, **changes), ())
    return patcher


def build_unet(config_class: type, dtype: torch.dtype, device: torch.device, **changes: Any) -> comfy.model_base.BaseModel:
    """The denoiser with weights yet to be filled; weights in 8 bits are computed with in bfloat16."""
    widths = {key: config_class.unet_config[key] for key in ("model_channels", "context_dim")}
    config = config_class(LAYOUT | widths | changes)
    config.set_inference_dtype(dtype, torch.bfloat16 if dtype.itemsize == 1 else None)
    return config.get_model({}, "", device=device)


def wrap_model(model: comfy.model_base.BaseModel, disable_dynamic: bool = False) -> ModelPatcher:
    """Put a denoiser in ComfyUI's care."""
    load, offload = comfy.model_management.get_torch_device(), comfy.model_management.unet_offload_device()
    patcher_class = ModelPatcher if disable_dynamic else comfy.model_patcher.CoreModelPatcher
    return patcher_class(model, load_device=load, offload_device=offload)


def make_motion(settings: MotionSettings, dtype: torch.dtype = torch.float32, disable_dynamic: bool = False) -> ModelPatcher:
    """Motion modules as a model. ComfyUI can rebuild them."""
    shapes = MotionModules(settings, device="meta").state_dict()
    # one number stands for each tensor until it is drawn, so that building costs no more memory than the modules themselves
    empty = {key: torch.zeros((), dtype=dtype).expand(tensor.shape) for key, tensor in shapes.items()}
    motion = build_motion_patcher(settings, empty, dtype, disable_dynamic)
    randomize(motion.model, seed=1)
    motion.cached_patcher_init = (make_motion, (settings, dtype))
    return motion


@torch.no_grad()
def randomize(module: nn.Module, seed: int = 0) -> None:
    """Fill weights so that activations keep their size; projections that training starts at zero are not left there."""
    allocate_weights(module)
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in module.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        is_norm = parameter.dim() == 1 and name.endswith("weight")
        fan_in = parameter[0].numel() if parameter.dim() > 1 else 100
        parameter.copy_(noise.mul_(fan_in**-0.5).add_(1.0 if is_norm else 0.0))


def allocate_weights(module: nn.Module) -> None:
    """Give every layer its weights. With dynamic memory ComfyUI's layers have none before a file is loaded."""
    for layer in module.modules():
        if isinstance(layer, nn.Linear) and layer.weight is None:
            dtype = layer.weight_comfy_model_dtype
            layer.weight = nn.Parameter(torch.empty(layer.out_features, layer.in_features, dtype=dtype), requires_grad=False)
            if layer.comfy_need_lazy_init_bias:
                layer.bias = nn.Parameter(torch.empty(layer.out_features, dtype=dtype), requires_grad=False)
        elif isinstance(layer, nn.Embedding) and layer.weight.is_meta:
            layer.weight = nn.Parameter(torch.empty_like(layer.weight, device="cpu"), requires_grad=False)
