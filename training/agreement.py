"""How far neighbouring views agree, whatever the camera did: motion-compensated PSNR by exhaustive block matching, as in video coding."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

BLOCK, REACH = 16, 12  # pixels: a block's side, and how far it may have moved along each axis


def compensated_psnr(views: Tensor) -> float:
    """Mean PSNR in dB of every view of [V, 3, H, W] but the first, each block of it looked up where the view before shows it best."""
    before = F.pad(views[:-1], (REACH,) * 4, mode="replicate")
    height, width = views.shape[-2:]
    best = torch.full((len(views) - 1, 1, height // BLOCK, width // BLOCK), torch.inf)
    for y in range(2 * REACH + 1):
        for x in range(2 * REACH + 1):
            error = (before[..., y : y + height, x : x + width] - views[1:]).square().mean(1, keepdim=True)
            best = torch.minimum(best, F.avg_pool2d(error, BLOCK))
    return float(-10 * best.mean((1, 2, 3)).log10().mean())
