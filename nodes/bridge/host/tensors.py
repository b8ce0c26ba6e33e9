"""Converts between ComfyUI's layouts, IMAGE [B, H, W, C] and MASK [B, H, W], and the channel-first layouts of the core."""

from __future__ import annotations

from einops import rearrange
from torch import Tensor


def images_from_comfy(image: Tensor) -> Tensor:
    """Convert IMAGE [B, H, W, C] to [B, 3, H, W]. An alpha channel is dropped."""
    return rearrange(image[..., :3], "B H W C -> B C H W")


def images_to_comfy(images: Tensor) -> Tensor:
    """Convert [B, 3, H, W] to IMAGE [B, H, W, 3] in float32, clamped to 0..1, on the CPU as ComfyUI expects."""
    return rearrange(images, "B C H W -> B H W C").float().clamp(0, 1).cpu().contiguous()


def masks_from_comfy(mask: Tensor) -> Tensor:
    """Convert MASK [B, H, W] or [H, W] to [B, 1, H, W]."""
    return (mask if mask.ndim == 3 else mask[None])[:, None]


def masks_to_comfy(masks: Tensor) -> Tensor:
    """Convert [B, 1, H, W] to MASK [B, H, W] in float32, clamped to 0..1, on the CPU."""
    return masks[:, 0].float().clamp(0, 1).cpu().contiguous()
