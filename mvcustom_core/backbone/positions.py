"""Position encodings of motion modules: of the frame, as in AnimateDiff, and of the cell, for attention over space."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .tables import cached_table

SPATIAL_BANDS = 64  # half wavelengths of the 2-D position go down to 1/64 of the image: one latent cell at 512 pixels


@cached_table
def make_frame_positions(frames: int, channels: int, max_frames: int, device: torch.device | str | None = None) -> Tensor:
    """AnimateDiff's sinusoidal frame positions. Positions of clips longer than `max_frames` are interpolated within the trained range.

    Returns:
        [F, C] float32.
    """
    index = torch.arange(frames, device=device, dtype=torch.float32)
    if frames > max_frames:
        index = index * ((max_frames - 1) / (frames - 1))
    rate = torch.exp(torch.arange(0, channels, 2, device=device, dtype=torch.float32) * (-math.log(10000.0) / channels))
    angle = index[:, None] * rate  # [F, C / 2]
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1)


@cached_table
def make_cell_positions(height: int, width: int, channels: int, device: torch.device | str | None = None) -> Tensor:
    """Sinusoidal 2-D positions. Coordinates are normalised to 0..1, so the encoding does not depend on the resolution.

    Returns:
        [(h w), C] float32, C divisible by 4: sines and cosines of y, then of x.
    """
    rate = math.pi * SPATIAL_BANDS ** torch.linspace(0, 1, channels // 4, device=device)  # [C / 4]
    y, x = (((torch.arange(size, device=device) + 0.5) / size)[:, None] * rate for size in (height, width))  # [size, C / 4]
    y, x = torch.cat([y.sin(), y.cos()], dim=1), torch.cat([x.sin(), x.cos()], dim=1)  # [size, C / 2]
    return torch.cat([y[:, None].expand(-1, width, -1), x[None].expand(height, -1, -1)], dim=-1).flatten(0, 1)
