"""diffusers' video U-Net beside ComfyUI's with our motion modules, on the same weights; and one pass of each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import comfy.utils
import torch
from comfy.model_patcher import ModelPatcher
from torch import Tensor, nn

from mvcustom.devtools.stand_in import TinySD15, build_unet, randomize, wrap_model
from mvcustom.mvcustom_core.backbone.checkpoint import read_motion_checkpoint
from mvcustom.mvcustom_core.backbone.motion import MotionSettings
from mvcustom.nodes.bridge.backbone.motion import apply_motion
from mvcustom.nodes.bridge.backbone.motion_model import build_motion_patcher

TIMESTEP = 501


@dataclass(frozen=True, slots=True)
class Pair:
    """diffusers' network, and ours with and without motion modules; one storage holds the weights of all three."""

    theirs: nn.Module
    ours: ModelPatcher
    without_motion: ModelPatcher


def make_pair(settings: MotionSettings, config_class: type = TinySD15) -> Pair:
    """Draw a video U-Net of diffusers and load its weights, in the names of its files, into ComfyUI's U-Net and our modules."""
    theirs = make_diffusers_unet(settings, config_class)
    state = theirs.state_dict()
    file = read_motion_checkpoint({key: value for key, value in state.items() if "motion_modules" in key}, {})
    assert replace(file.settings, heads=settings.heads, norm_mode="cross_frame") == settings
    unet = build_unet(config_class, torch.float32, torch.device("meta"))
    names = comfy.utils.unet_to_diffusers(unet.model_config.unet_config)
    unet.diffusion_model.load_state_dict({ours: state[name] for name, ours in names.items() if name in state}, assign=True)
    motion = build_motion_patcher(settings, file.weights, torch.float32)
    motion.model.load_state_dict(file.weights, assign=True)
    base = wrap_model(unet)
    return Pair(theirs, apply_motion(base, motion), base)


def make_diffusers_unet(settings: MotionSettings, config_class: type) -> nn.Module:
    from diffusers import UNetMotionModel

    unet = UNetMotionModel(
        sample_size=32,
        block_out_channels=settings.channels,
        cross_attention_dim=config_class.unet_config["context_dim"],
        num_attention_heads=settings.heads,
        motion_num_attention_heads=settings.heads,
        motion_max_seq_length=settings.max_frames,
        use_motion_mid_block=settings.mid_block,
    )
    randomize(unet, seed=2)
    return unet.requires_grad_(False).eval()


def call_diffusers(unet: nn.Module, x: Tensor, context: Tensor, clips: int, timestep: int = TIMESTEP) -> Tensor:
    """The noise [(B F), 4, h, w] that diffusers' network finds in B clips; context [(B F), L, C]."""
    clip = x.unflatten(0, (clips, -1)).transpose(1, 2)  # [B, 4, F, h, w]
    return unet(clip, timestep, encoder_hidden_states=context).sample.transpose(1, 2).flatten(0, 1)


def call_unet(model: ModelPatcher, x: Tensor, context: Tensor, clips: int, **options: Any) -> Tensor:
    """One pass of ComfyUI's U-Net as the sampler makes it, `clips` conditions in one batch."""
    transformer_options = model.model_options["transformer_options"] | {"cond_or_uncond": list(range(clips))} | options
    return model.model.diffusion_model(x, torch.full((len(x),), float(TIMESTEP)), context, transformer_options=transformer_options)
