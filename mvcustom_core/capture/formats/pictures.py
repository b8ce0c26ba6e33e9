"""Photographs as tensors, from their files: decoded, and freed of the lens's distortion.

Pixels are taken as they are stored. Structure from motion ignores the EXIF orientation, so the cameras are those of the stored pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from einops import rearrange
from PIL import Image
from torch import Tensor

from ...camera.lens import undistort_picture
from .posed_files import PosedFiles

EXIF_ORIENTATION = 0x0112


@dataclass(frozen=True, eq=False)
class Picture:
    """A photograph as a pinhole would have taken it.

    Attributes:
        color: [3, H, W] in 0..1.
        mask: [1, H, W] in 0..1, one on the subject; None if nothing says where it is.
        seen: [1, H, W] one where the lens saw something; None where it saw everything.
        notes: what is to be known about it, for people to read, each to follow "photographs".
    """

    color: Tensor
    mask: Tensor | None
    seen: Tensor | None = None
    notes: tuple[str, ...] = ()


def read_picture(posed: PosedFiles, index: int, mask: Tensor | None = None) -> Picture:
    """Decode and undistort a photograph.

    Args:
        mask: [1, H, W] to take instead of the mask file, as the photograph is on disk.

    Raises:
        ValueError: if a file cannot be read.
    """
    color, alpha, notes = _decode(posed.paths[index])
    if mask is None:
        mask = alpha if posed.masks is None else _pixels(_open(posed.masks[index]).convert("L"))
    if posed.lenses is None or posed.lenses[index].is_pinhole:
        return Picture(color, mask, None, notes)
    layers = color if mask is None else torch.cat([color, mask])  # [3 or 4, H, W]
    straight, seen = undistort_picture(layers, posed.cameras.K[index], posed.lenses[index])
    return Picture(straight[:3], None if mask is None else straight[3:] * seen, seen, notes)


def _decode(path: Path) -> tuple[Tensor, Tensor | None, tuple[str, ...]]:
    """Colours [3, H, W] on white, alpha [1, H, W] where the file has one, and notes."""
    image = _open(path)
    notes = []
    if image.getexif().get(EXIF_ORIENTATION, 1) != 1:
        notes.append("have an EXIF orientation, which is ignored, as structure from motion ignores it: they may lie on their side")
    if not image.has_transparency_data:
        return _pixels(image.convert("RGB")), None, tuple(notes)
    color, alpha = _pixels(image.convert("RGBA")).split([3, 1])
    notes.append("are transparent in part; they are laid on white")
    return color * alpha + (1 - alpha), alpha, tuple(notes)


def _open(path: Path) -> Image.Image:
    try:
        with Image.open(path) as image:
            image.load()
    except (OSError, SyntaxError) as error:  # Pillow's decoders raise SyntaxError for some broken files
        raise ValueError(f"{path}: wanted an image that can be read, got: {error}; replace the file") from error
    if image.mode.startswith(("I", "F")):
        raise ValueError(f"{path}: wanted 8 bits per channel, got Pillow's mode {image.mode}; convert the image")
    return image


def _pixels(image: Image.Image) -> Tensor:
    """[C, H, W] in 0..1."""
    return rearrange(torch.from_numpy(np.atleast_3d(np.array(image))), "H W C -> C H W").float() / 255
