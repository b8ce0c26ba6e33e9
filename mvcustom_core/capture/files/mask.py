"""Masks from image files: one on the subject, however the file says it. Which files belong to which photographs is checked by headers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor
from torch.nn.functional import interpolate

from ...camera.crop import SUBJECT_LEVEL
from .image_file import Header, Size, is_same_picture, open_image, read_header
from .left_out import FileFault, name_files

GREY_SPREAD = 8  # of 255: channels that differ by no more are grey but for compression
HALF = 128  # of 255
SAME_COLOR, MOSTLY = 0.25, 0.95  # of a colour's brightest channel; share of the bright pixels
ADVICE = "paint the subject white on black"


def check_masks(masks: Sequence[Path | None], sizes: Sequence[Size]) -> None:
    """Check that every photograph has a mask file of its shape, reading headers only.

    Raises:
        ValueError: naming the first that is missing, no image, or of another shape than its photograph.
    """
    missing = [mask for mask in masks if mask is None or not mask.is_file()]
    if missing:
        first = "not named" if missing[0] is None else missing[0]
        raise ValueError(
            f"masks: wanted one for every photograph or for none, {len(missing)} of {len(masks)} files are missing, the first is {first}; "
            "add them, or take all masks away"
        )
    for mask, size in zip(masks, sizes, strict=True):
        header = read_header(mask)
        if not any(is_same_picture(found, size) for found in (header.size, header.turned_size)):
            raise ValueError(
                f"{mask}: wanted a mask of {size[0]}x{size[1]} pixels as its photograph, got {header.size[0]}x{header.size[1]}; "
                "use the original masks"
            )


def check_own_masks(masks: Sequence[Path], photographs: Sequence[Path]) -> None:
    """Check that masks that were found by their names are not those of several photographs.

    Raises:
        ValueError: naming the first mask that is, and two of its photographs.
    """
    owners: dict[Path, Path] = {}
    for mask, photograph in zip(masks, photographs, strict=True):
        owner = owners.setdefault(mask, photograph)
        if owner != photograph:
            first, second = name_files([owner, photograph])
            raise ValueError(
                f"masks: wanted one of its own for every photograph, got {mask} for both {first} and {second}; "
                "put the masks into folders of the same names as the photographs'"
            )


def read_mask(path: Path, size: Size, turned: bool) -> tuple[Tensor, tuple[str, ...]]:
    """A mask [1, H, W] in 0..1 of a photograph's size (width, height), and notes that follow "photographs".

    White, opacity, a label or one colour on black is the subject.

    Args:
        turned: whether the photograph was turned as its EXIF orientation says; a mask that has one is turned likewise where both ways fit.

    Raises:
        FileFault: if the file cannot be read, or does not say where the subject is.
    """
    image, header = open_image(path), read_header(path)
    if _is_turned(header, size, turned):
        image = ImageOps.exif_transpose(image)
    try:
        values, way = _interpret(image)
        mask = torch.from_numpy(values.astype(np.float32))[None]  # [1, H, W]
        check_subject_shown(mask)
    except ValueError as error:
        raise FileFault(path, str(error)) from error
    notes = () if way is None else (f"have masks read by {way}",)
    if image.size != size:
        mask = interpolate(mask[None], size[::-1], mode="bilinear", antialias=True)[0].clamp(0, 1)
        notes += ("have masks of another size, which were scaled to them",)
    return mask, notes


def check_subject_shown(
    mask: Tensor,  # [1, H, W]
) -> None:
    """Check that a mask in 0..1 has values above the level from which on they are the subject.

    Raises:
        ValueError: if it has none.
    """
    largest = float(mask.max())
    if largest <= SUBJECT_LEVEL:
        got = f"one that nowhere passes {SUBJECT_LEVEL} (at most {largest:.3f})"
        raise ValueError(f"wanted the subject in the mask, got {got}; {ADVICE}")


def _is_turned(header: Header, size: Size, turned: bool) -> bool:
    fits, fits_turned = is_same_picture(header.size, size), is_same_picture(header.turned_size, size)
    return fits_turned and (turned or not fits)


def _interpret(image: Image.Image) -> tuple[np.ndarray, str | None]:
    """Values [H, W] in 0..1, and by what they were read if it was not their grey."""
    if image.has_transparency_data:
        alpha = np.array(image.convert("RGBA"))[:, :, 3]
        if alpha.min() != alpha.max():  # else it says nothing, and the colours do
            return alpha / 255, "their transparency"
    if image.mode == "P":
        return _read_palette(image)
    if image.mode.startswith(("I", "F")):
        return _read_deep(np.array(image))
    if image.mode in ("1", "L", "LA"):
        return _read_grey(np.array(image.convert("L")))
    return _read_colors(np.array(image.convert("RGB")))


def _read_grey(values: np.ndarray, white: int = 255) -> tuple[np.ndarray, str | None]:
    """Grey values [H, W]; dark ones of which there is one beside zero are labels."""
    if values.max() >= white / 2:
        return values / white, None
    labels = np.unique(values[values > 0])
    if len(labels) == 1 and (labels[0] == 1 or values.min() == 0):
        return (values > 0).astype(np.float64), "labels: what is not 0 is the subject"
    return values / white, None


def _read_deep(values: np.ndarray) -> tuple[np.ndarray, str | None]:
    """More than 8 bits: 16-bit grey, labels, or floating point in 0..1."""
    if np.issubdtype(values.dtype, np.integer):
        if values.min() < 0 or values.max() > 65535:
            raise ValueError(f"wanted a mask of 8 or 16 bits, got values from {values.min()} to {values.max()}; {ADVICE}")
        return _read_grey(values, 65535)
    if not (np.isfinite(values).all() and values.min() >= 0 and values.max() <= 1):
        raise ValueError(f"wanted a floating point mask in 0..1, got values from {values.min()} to {values.max()}; {ADVICE}")
    return values, None


def _read_palette(image: Image.Image) -> tuple[np.ndarray, str | None]:
    """A palette of greys, or with black for the background, is read by its colours; any other by its indices, whose 0 is the background."""
    indices = np.array(image)
    used = np.unique(indices)
    palette = np.zeros((256, 3), int)
    listed = np.array(image.getpalette("RGB")).reshape(-1, 3)
    palette[: len(listed)] = listed
    colors = palette[used]  # [colours, 3]
    if (np.ptp(colors, axis=1) <= GREY_SPREAD).all() or (colors.max(1) == 0).any():
        return _read_colors(np.array(image.convert("RGB")))
    labels = used[used > 0]
    if len(labels) > 1:
        raise ValueError(f"wanted one subject in the mask, got palette indices {', '.join(map(str, used[:6]))}; {ADVICE}")
    return (indices > 0).astype(np.float64), "palette indices: what is not 0 is the subject"


def _read_colors(pixels: np.ndarray) -> tuple[np.ndarray, str | None]:
    """Colours [H, W, 3]: grey, or one colour on black."""
    brightest = pixels.max(2)
    if (brightest - pixels.min(2)).max() <= GREY_SPREAD:
        return _read_grey(brightest)
    flat = pixels.reshape(-1, 3)
    distinct = np.unique(flat.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32))
    if len(distinct) == 2 and distinct[0] == 0:
        return (brightest > 0).astype(np.float64), "colour: what is not black is the subject"
    lit = flat[brightest.reshape(-1) >= HALF].astype(np.float64)
    if not len(lit):
        return brightest / 255, None
    hues = lit / lit.max(1, keepdims=True)
    if (np.abs(hues - np.median(hues, axis=0)).max(1) <= SAME_COLOR).mean() < MOSTLY:
        raise ValueError(f"wanted one colour on black in the mask, got several colours; {ADVICE}")
    return np.minimum(brightest / np.median(lit.max(1)), 1.0), "colour: what is not black is the subject"
