"""Motion modules built into a U-Net as layers of its own, with no patch at all: what a patched MODEL must agree with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from comfy.ldm.modules.attention import SpatialTransformer
from comfy.ldm.modules.diffusionmodules.openaimodel import ResBlock, TimestepEmbedSequential
from comfy.model_patcher import ModelPatcher
from comfy.patcher_extension import WrappersMP
from torch import Tensor, nn

from mvcustom.devtools.stand_in import make_model
from mvcustom.mvcustom_core.backbone.motion import MotionModule, MotionModules
from mvcustom.nodes.bridge.backbone.motion import apply_motion


class MotionLayer(nn.Module):
    """A motion module where ComfyUI's U-Net runs any layer; told the number of clips from outside."""

    def __init__(self, module: MotionModule, clips: list[int]) -> None:
        super().__init__()
        self.module, self.clips = module, clips

    def forward(self, x: Tensor) -> Tensor:
        return self.module(x, len(x) // self.clips[0])


def make_inserted(modules: MotionModules) -> ModelPatcher:
    """The stand-in U-Net with the modules as layers, and the noise schedule that belongs to them."""
    model = make_model()
    unet, clips = model.model.diffusion_model, [1]
    down = iter([module for block in modules.down_blocks for module in block.motion_modules])
    up = iter([module for block in modules.up_blocks for module in block.motion_modules])
    for index, block in enumerate(unet.input_blocks):
        if any(isinstance(layer, ResBlock) for layer in block):
            unet.input_blocks[index] = _insert(block, MotionLayer(next(down), clips))
    for index, block in enumerate(unet.output_blocks):
        unet.output_blocks[index] = _insert(block, MotionLayer(next(up), clips))
    if modules.settings.mid_block:
        unet.middle_block = _insert(unet.middle_block, MotionLayer(modules.mid_block.motion_modules[0], clips))
    assert next(down, None) is None and next(up, None) is None
    sampling = apply_motion(make_model(), modules).get_model_object("model_sampling")
    model.add_object_patch("model_sampling", sampling)

    def count_clips(executor: Callable[..., Tensor], x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        clips[0] = len(args[4]["uuids"])  # of the transformer options: one for each condition
        return executor(x, *args, **kwargs)

    model.add_wrapper_with_key(WrappersMP.DIFFUSION_MODEL, "test", count_clips)
    return model


def _insert(block: TimestepEmbedSequential, layer: nn.Module) -> TimestepEmbedSequential:
    layers = list(block)
    kinds = [type(one) for one in layers]
    host = kinds.index(SpatialTransformer) if SpatialTransformer in kinds else kinds.index(ResBlock)
    return TimestepEmbedSequential(*layers[: host + 1], layer, *layers[host + 1 :])
