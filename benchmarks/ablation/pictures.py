"""Views as one picture on disk. What is measured are the bytes that are kept there, so that a run that was stopped ends as any other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from einops import rearrange
from PIL import Image
from torch import Tensor


def round_to_bytes(views: Tensor) -> Tensor:
    """Views in 0..1 as a picture of 8 bits holds them."""
    return (255 * views.float().clamp(0, 1)).round() / 255


def write_sheet(path: Path, views: Tensor) -> None:
    """Views [V, 3, H, W] side by side, [H, (V W), 3]; whole or not at all."""
    sheet = rearrange((255 * views).round().byte(), "V C H W -> H (V W) C")
    part = path.with_name(f"{path.name}.part")
    Image.fromarray(sheet.numpy()).save(part, format="PNG")
    part.replace(path)


def read_sheet(path: Path, views: int) -> Tensor:
    """What `write_sheet` wrote, [V, 3, H, W] in 0..1."""
    with Image.open(path) as picture:
        sheet = torch.from_numpy(np.array(picture.convert("RGB")))
    return rearrange(sheet, "H (V W) C -> V C H W", V=views).float() / 255
