"""Stable Diffusion 1.5 with weights drawn at random, true size or tiny, where a test or benchmark wants its shapes and no pictures."""

from __future__ import annotations

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


def make_model(config_class: type = TinySD15, dtype: torch.dtype = torch.float32, **changes: Any) -> ModelPatcher:
    """A MODEL of ComfyUI's, its weights in `dtype`, with `changes` to the layout of the U-Net."""
    model = build_unet(config_class, dtype, comfy.model_management.unet_offload_device(), **changes)
    randomize(model.diffusion_model)
    return wrap_model(model)


def build_unet(config_class: type, dtype: torch.dtype, device: torch.device, **changes: Any) -> comfy.model_base.BaseModel:
    """The denoiser with weights yet to be filled; weights in 8 bits are computed with in bfloat16."""
    widths = {key: config_class.unet_config[key] for key in ("model_channels", "context_dim")}
    config = config_class(LAYOUT | widths | changes)
    config.set_inference_dtype(dtype, torch.bfloat16 if dtype.itemsize == 1 else None)
    return config.get_model({}, "", device=device)


def wrap_model(model: comfy.model_base.BaseModel) -> ModelPatcher:
    """Put a denoiser in ComfyUI's care."""
    load, offload = comfy.model_management.get_torch_device(), comfy.model_management.unet_offload_device()
    return comfy.model_patcher.CoreModelPatcher(model, load_device=load, offload_device=offload)


def make_motion(settings: MotionSettings, dtype: torch.dtype = torch.float32) -> ModelPatcher:
    """Motion modules as a model."""
    shapes = MotionModules(settings, device="meta").state_dict()
    # one number stands for each tensor until it is drawn, so that building costs no more memory than the modules themselves
    motion = build_motion_patcher(
        settings, {key: torch.zeros((), dtype=dtype).expand(tensor.shape) for key, tensor in shapes.items()}, dtype
    )
    randomize(motion.model, seed=1)
    return motion


@torch.no_grad()
def randomize(module: nn.Module, seed: int = 0) -> None:
    """Fill weights so that activations keep their size; projections that training starts at zero are not left there."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in module.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        is_norm = parameter.dim() == 1 and name.endswith("weight")
        fan_in = parameter[0].numel() if parameter.dim() > 1 else 100
        parameter.copy_(noise.mul_(fan_in**-0.5).add_(1.0 if is_norm else 0.0))
