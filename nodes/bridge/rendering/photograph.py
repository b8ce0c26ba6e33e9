"""A photograph as one of the views: its latent is kept while the others are drawn, so that its features are a photograph's."""

from __future__ import annotations

from typing import Any

import torch
from comfy.sd import VAE
from torch import Tensor

from ....mvcustom_core.camera.cameras import Cameras
from ..host.tensors import check_images


def anchor_photograph(photograph: Tensor, vae: VAE, cameras: Cameras, anchor: int) -> tuple[dict[str, Any], Tensor]:
    """Latents of all views that keep the photograph at one of them, and the photograph once for each view.

    Args:
        photograph: IMAGE [1, H, W, 3] of the cameras' size.
        anchor: number of the view whose camera took it.

    Returns:
        LATENT of V views with a noise mask: ComfyUI's samplers keep the anchor as it is, and draw the others from noise alone; and IMAGE
        [V, H, W, 3].

    Raises:
        ValueError: for several photographs, another size, or an anchor that is no view.
    """
    picture, views = check_images(photograph, "photograph"), len(cameras)
    count, height, width = picture.shape[:3]
    if count != 1:
        raise ValueError(f"photograph: wanted one, got {count}; take one of them with Get Image From Batch")
    if (width, height) != (cameras.width, cameras.height):
        raise ValueError(
            f"photograph: wanted the cameras' size {cameras.width}x{cameras.height}, got {width}x{height}; crop and scale it with Upscale "
            "Image, and estimate its depth afterwards"
        )
    if not anchor < views:
        raise ValueError(f"anchor: wanted a view from 0 to {views - 1}, got {anchor}; choose one of the trajectory's views")
    known = vae.encode(picture)  # [1, C, h, w]
    samples = known.new_zeros(views, *known.shape[1:])
    samples[anchor] = known[0]
    drawn = torch.ones(views, 1, height, width)
    drawn[anchor] = 0
    return {"samples": samples, "noise_mask": drawn}, picture.expand(views, -1, -1, -1)
