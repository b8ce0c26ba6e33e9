"""Runs layers of the U-Net with group norms whose statistics are those of a whole clip, as AnimateDiff v1 was trained.

Its U-Net had clips of shape [B, C, F, h, w] in the residual blocks and in the norm before the last convolution. The norms in the spatial
transformers and in the motion modules were of single frames (https://github.com/guoyww/AnimateDiff, commit e2590df: models/resnet.py,
models/unet.py). ComfyUI lets a patch run a residual block; the output layers are run again on the features that they received, because no
patch reaches them: a convolution to 4 channels.
"""

from __future__ import annotations

from comfy.ldm.modules.diffusionmodules.openaimodel import ResBlock
from torch import Tensor, nn

from ....mvcustom_core.backbone.motion import normalize_across_frames


def run_residual_block(
    block: ResBlock,
    x: Tensor,  # [(B F), C, h, w]
    emb: Tensor,  # [(B F), E]
    frames: int,
) -> Tensor:
    """Run a residual block of Stable Diffusion 1.5 with norms across the frames of a clip, [(B F), C', h, w]."""
    h = run_layers(block.in_layers, x, frames)
    h = h + block.emb_layers(emb).type(h.dtype)[..., None, None]
    return block.skip_connection(x) + run_layers(block.out_layers, h, frames)


def run_layers(
    layers: nn.Sequential,
    x: Tensor,  # [(B F), C, h, w]
    frames: int,
) -> Tensor:
    """Run a norm, across the frames of a clip, and the layers after it, such as a U-Net's output layers, [(B F), C', h, w]."""
    norm, *rest = layers
    x = normalize_across_frames(norm, x, frames)
    for layer in rest:
        x = layer(x)
    return x
