"""Image files: size and EXIF orientation from their headers, decoded pixels, and whether a picture is the one that a camera is for."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from .left_out import FileFault

EXIF_ORIENTATION = 0x0112
UPRIGHT, FIRST_ON_ITS_SIDE, LAST = 1, 5, 8  # values of that tag

Size = tuple[int, int]  # width, height


@dataclass(frozen=True)
class Header:
    """Size in pixels as stored, and the EXIF orientation (1 where there is none)."""

    size: Size
    orientation: int

    @property
    def turned_size(self) -> Size:
        """The size after the picture is turned as its EXIF orientation says."""
        return self.size[::-1] if self.orientation >= FIRST_ON_ITS_SIDE else self.size


def read_header(path: Path) -> Header:
    """Size and orientation of an image file, without its pixels.

    Raises:
        FileFault: if the file is missing, not readable, no image, or too large.
    """
    try:
        with Image.open(path) as image:
            return Header(image.size, _read_orientation(image))
    except FileNotFoundError as error:
        raise FileFault(path, "wanted an image file, got nothing there; put it back in place") from error
    except UnidentifiedImageError as error:
        raise FileFault(path, "wanted an image file, got something that no image reader knows") from error
    except Image.DecompressionBombError as error:
        raise _too_large(path) from error
    except OSError as error:
        raise FileFault(path, f"wanted an image file that can be read, got: {error}") from error


def open_image(path: Path) -> Image.Image:
    """The decoded image.

    Raises:
        FileFault: if it cannot be decoded.
    """
    try:
        with Image.open(path) as image:
            image.load()
    except Image.DecompressionBombError as error:
        raise _too_large(path) from error
    except (OSError, SyntaxError) as error:  # Pillow's decoders raise SyntaxError for some broken files
        raise FileFault(path, f"wanted an image that can be read, got: {error}; replace the file") from error
    return image


def is_same_picture(size: Size, other: Size) -> bool:
    """Whether two sizes can be those of one picture at two scales: one aspect, within a pixel's rounding at the smaller size.

    Where one side alone differs, the picture was cut and not scaled.
    """
    (width, height), (other_width, other_height) = size, other
    if size == other:
        return True
    if width == other_width or height == other_height or (width < other_width) != (height < other_height):
        return False
    return abs(width * other_height - height * other_width) <= max(*size, *other)


def list_turns(path: Path, header: Header, size: Size) -> tuple[bool, ...]:
    """How a picture can be one of `size`, at whatever scale: False as it is stored, True turned as its EXIF orientation says.

    Raises:
        FileFault: if neither way.
    """
    turns = [False] if is_same_picture(header.size, size) else []
    if header.orientation != UPRIGHT and is_same_picture(header.turned_size, size):
        turns.append(True)
    if not turns:
        tag = "" if header.orientation == UPRIGHT else f" (EXIF orientation {header.orientation}: {_show(header.turned_size)} once turned)"
        got = f"{_show(header.size)}{tag}, which is no scaling of it"
        raise FileFault(path, f"wanted {_show(size)} pixels as its camera says, got {got}; use the original")
    return tuple(turns)


def _read_orientation(image: Image.Image) -> int:
    if image.format == "PNG" and "exif" not in image.info:
        return UPRIGHT  # Pillow would decode the whole picture in search of it
    try:
        value = image.getexif().get(EXIF_ORIENTATION, UPRIGHT)
    except (OSError, SyntaxError, struct.error):  # broken EXIF data says nothing about the picture
        return UPRIGHT
    return value if value in range(UPRIGHT, LAST + 1) else UPRIGHT


def _too_large(path: Path) -> FileFault:
    most = 2 * (Image.MAX_IMAGE_PIXELS or 0) / 1e6
    return FileFault(
        path, f"wanted at most {most:.0f} million pixels, Pillow's limit, got more; make the picture smaller, its camera is scaled along"
    )


def _show(size: Size) -> str:
    return f"{size[0]}x{size[1]}"
