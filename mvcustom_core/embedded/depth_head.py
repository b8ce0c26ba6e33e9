"""A small depth network for the embedded backbone, so that the whole method runs without an installed depth model.

It is trained on the same procedural scenes and does not work on photographs.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..shapes import check_shape

WIDTHS = (24, 48, 64, 96, 96)
STRIDE = 2 ** (len(WIDTHS) - 1)


class DepthHead(nn.Module):
    """A convolutional U-Net from an image to z-depth in world units."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.ModuleList(
            nn.Conv2d(before, after, 3, stride=1 if before == 3 else 2, padding=1)
            for before, after in zip((3, *WIDTHS), WIDTHS, strict=False)
        )
        self.same = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for width in WIDTHS)
        self.up = nn.ModuleList(nn.Conv2d(deep + flat, flat, 3, padding=1) for flat, deep in zip(WIDTHS, WIDTHS[1:], strict=False))
        self.out = nn.Conv2d(WIDTHS[0], 1, 3, padding=1)

    def forward(self, images: Tensor) -> Tensor:
        """Estimate z-depth.

        Args:
            images: [V, 3, H, W] in [0, 1], sides divisible by 16.

        Returns:
            z-depth [V, H, W] in world units; the subject is at about 1.
        """
        sizes = check_shape(images, "V 3 H W")
        if sizes["H"] % STRIDE or sizes["W"] % STRIDE:
            raise ValueError(f"depth head: wanted sides divisible by {STRIDE}, got {sizes['W']}x{sizes['H']}; resize the image")
        x, skips = images * 2 - 1, []
        for down, same in zip(self.down, self.same, strict=True):
            x = F.relu(down(x))
            x = x + F.relu(same(x))
            skips.append(x)
        x = skips.pop()
        for up in reversed(self.up):
            x = F.relu(up(torch.cat([F.interpolate(x, scale_factor=2.0), skips.pop()], dim=1)))
        return self.out(x)[:, 0].exp()
