"""Photographs as tensors, from their files: decoded, and freed of the lens's distortion.

Pixels are taken as they are stored, because structure from motion ignores the EXIF orientation, unless the cameras are for the turned
pictures.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from einops import rearrange
from PIL import Image, ImageOps
from torch import Tensor

from ...camera.lens import undistort_picture
from .image_file import UPRIGHT, open_image, read_header
from .left_out import FileFault
from .mask import read_mask
from .posed_files import PosedFiles


@dataclass(frozen=True, eq=False)
class Picture:
    """A photograph as a pinhole would have taken it.

    Attributes:
        color: [3, H, W] in 0..1.
        mask: [1, H, W] in 0..1, one on the subject; None if nothing says where it is.
        seen: [1, H, W] one where the lens saw something; None where it saw everything.
        notes: what is to be known about it, for people to read, each to follow "photographs".
    """

    color: Tensor  # [3, H, W]
    mask: Tensor | None  # [1, H, W]
    seen: Tensor | None = None  # [1, H, W]
    notes: tuple[str, ...] = ()


def read_picture(posed: PosedFiles, index: int, mask: Tensor | None = None) -> Picture:
    """Decode and undistort a photograph.

    Args:
        mask: [1, H, W] to take instead of the mask file, as the photograph is on disk.

    Raises:
        ValueError: if a file cannot be read, or a mask file does not show the subject.
    """
    color, alpha, notes = _decode(posed, index)
    if mask is None and posed.masks is not None:
        mask, more = read_mask(posed.masks[index], posed.size(index), _is_turned(posed, index))
        notes += more
    elif mask is None:
        mask = alpha
    if posed.lenses is None or posed.lenses[index].is_pinhole:
        return Picture(color, mask, None, notes)
    layers = color if mask is None else torch.cat([color, mask])  # [3 or 4, H, W]
    straight, seen = undistort_picture(layers, posed.camera(index).K[0], posed.lenses[index])
    return Picture(straight[:3], None if mask is None else straight[3:] * seen, seen, notes)


def _decode(posed: PosedFiles, index: int) -> tuple[Tensor, Tensor | None, tuple[str, ...]]:
    """Colours [3, H, W] on white, alpha [1, H, W] where the file has one, and notes."""
    path = posed.paths[index]
    image = open_image(path)
    if image.mode.startswith(("I", "F")):
        raise FileFault(path, f"wanted 8 bits per channel, got Pillow's mode {image.mode}; convert the image")
    notes = []
    if _is_turned(posed, index):
        image = ImageOps.exif_transpose(image)
        notes.append("were turned as their EXIF orientation says, because the cameras fit the turned pictures alone")
    elif read_header(path).orientation != UPRIGHT:
        notes.append("have an EXIF orientation, which is ignored, as structure from motion ignores it: they may lie on their side")
    if image.size != posed.size(index):
        raise FileFault(path, f"wanted {posed.size(index)} pixels as its header says, got {image.size}; load the folder again")
    if not image.has_transparency_data:
        return _pixels(image.convert("RGB")), None, tuple(notes)
    color, alpha = _pixels(image.convert("RGBA")).split([3, 1])
    notes.append("are transparent in part; they are laid on white")
    return color * alpha + (1 - alpha), alpha, tuple(notes)


def _is_turned(posed: PosedFiles, index: int) -> bool:
    return posed.turned is not None and posed.turned[index]


def _pixels(image: Image.Image) -> Tensor:
    """[C, H, W] in 0..1."""
    return rearrange(torch.from_numpy(np.atleast_3d(np.array(image))), "H W C -> C H W").float() / 255
