"""A U-Net of ComfyUI with motion modules as one module, whose own forward uses every parameter that is trained.

In sampling the motion modules run through ComfyUI's patches. What gathers gradients or weights over several processes (DDP, FSDP) hooks
into the forward of the module that it was given, so training needs one that calls the layers itself, in the order of `UNetModel._forward`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from comfy.ldm.modules.attention import SpatialTransformer
from comfy.ldm.modules.diffusionmodules.openaimodel import ResBlock, UNetModel, Upsample
from comfy.ldm.modules.diffusionmodules.util import timestep_embedding
from torch import Size, Tensor, cat, is_grad_enabled, nn
from torch.utils.checkpoint import checkpoint

from ...mvcustom_core.backbone.motion import MotionModules, MotionSettings
from ...nodes.bridge.backbone.motion import find_residual_hosts
from ...nodes.bridge.backbone.motion_norm import run_layers, run_residual_block
from ...nodes.bridge.host.training_copy import use_torch_attention

BlockKey = tuple[str, int]  # as ComfyUI names its blocks: ("input", 1), ("middle", 0), ("output", 11)
Observers = Mapping[BlockKey, Callable[[Any], None]]
"""Block -> what is shown queries and keys of its motion module's first attention. With checkpointing it is shown them a second time, in the
backward pass."""


class VideoUNet(nn.Module):
    """Denoises clips. Only the motion modules are trained.

    Args:
        unet: the U-Net of an image model. Its parameters become constants.
        motion: the motion modules. They see the scopes of `settings`, which may be replaced by others of the same layout at any time.
        checkpointing: compute each block again in the backward pass instead of keeping its features.
    """

    def __init__(self, unet: UNetModel, motion: MotionModules, checkpointing: bool = False) -> None:
        super().__init__()
        self.unet, self.motion, self.checkpointing = unet.requires_grad_(False).eval(), motion, checkpointing
        self.settings: MotionSettings = motion.settings
        self.residual_hosts = find_residual_hosts(unet)

    def forward(
        self,
        x: Tensor,  # [(B F), 4, h, w]
        t: Tensor,  # [(B F)]
        context: Tensor,  # [(B F), L, D]
        frames: int,
        observers: Observers | None = None,
    ) -> Tensor:
        """The U-Net's output [(B F), 4, h, w] for noisy latents at timesteps t of 0 to 999, B clips of F frames, frame-major."""
        unet, run = self.unet, partial(self._run_block, frames=frames, observers=observers or {})
        emb = unet.time_embed(timestep_embedding(t, unet.model_channels).to(x.dtype))
        h, skips = x, []
        for index, block in enumerate(unet.input_blocks):
            h = run(("input", index), block, h, emb, context)
            skips.append(h)
        h = run(("middle", 0), unet.middle_block, h, emb, context)
        for index, block in enumerate(unet.output_blocks):
            h = cat([h, skips.pop()], dim=1)
            h = run(("output", index), block, h, emb, context, output_shape=skips[-1].shape if skips else None)
        h = h.type(x.dtype)
        return run_layers(unet.out, h, frames) if self._normalizes_across else unet.out(h)

    def train(self, mode: bool = True) -> VideoUNet:
        """Set the mode of the motion modules; the image model is never trained."""
        super().train(mode)
        self.unet.eval()
        return self

    @property
    def _normalizes_across(self) -> bool:
        return self.settings.image_norm_mode == "cross_frame"

    def _run_block(self, key: BlockKey, block: nn.Sequential, h: Tensor, emb: Tensor, context: Tensor, **clip: Any) -> Tensor:
        if self.checkpointing and is_grad_enabled():
            run = partial(self._compute_block, key, block, **clip)
            return checkpoint(run, h, emb, context, use_reentrant=False, preserve_rng_state=False)
        return self._compute_block(key, block, h, emb, context, **clip)

    def _compute_block(
        self, key: BlockKey, block: nn.Sequential, h: Tensor, emb: Tensor, context: Tensor, *, frames: int, observers: Observers,
        output_shape: Size | None = None,
    ) -> Tensor:  # fmt: skip
        host = ResBlock if key in self.residual_hosts else SpatialTransformer
        for layer in block:
            if isinstance(layer, ResBlock):
                h = run_residual_block(layer, h, emb, frames) if self._normalizes_across else layer(h, emb)
            elif isinstance(layer, SpatialTransformer):
                h = layer(h, context, use_torch_attention({}))
            elif isinstance(layer, Upsample):
                h = layer(h, output_shape=output_shape)
            else:
                h = layer(h)
            if isinstance(layer, host):
                h = self._run_motion(key, h, frames, observers)
        return h

    def _run_motion(self, key: BlockKey, h: Tensor, frames: int, observers: Observers) -> Tensor:
        module = self.motion.at(key)
        if module is None:
            return h
        return module(h, frames, self.settings, **({"observer": observers[key]} if key in observers else {}))
