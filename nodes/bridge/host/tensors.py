"""ComfyUI's picture layouts and ours: IMAGE [B, H, W, C] and MASK [B, H, W] outside, channel first inside."""

from __future__ import annotations

from einops import rearrange
from torch import Tensor


def images_from_comfy(image: Tensor) -> Tensor:
    """IMAGE [B, H, W, C] to [B, 3, H, W]; alpha is dropped."""
    return rearrange(image[..., :3], "B H W C -> B C H W")


def images_to_comfy(images: Tensor) -> Tensor:
    """[B, 3, H, W] to IMAGE, on the CPU as ComfyUI keeps it."""
    return rearrange(images, "B C H W -> B H W C").float().clamp(0, 1).cpu().contiguous()


def masks_from_comfy(mask: Tensor) -> Tensor:
    """MASK [B, H, W] or [H, W] to [B, 1, H, W]."""
    return (mask if mask.ndim == 3 else mask[None])[:, None]


def masks_to_comfy(masks: Tensor) -> Tensor:
    """[B, 1, H, W] to MASK."""
    return masks[:, 0].float().clamp(0, 1).cpu().contiguous()
