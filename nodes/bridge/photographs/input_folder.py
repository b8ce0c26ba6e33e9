"""What the browser sees of ComfyUI's input folder: its subfolders, the photographs in one, small pictures of them, and their removal."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import folder_paths
from PIL import Image, ImageOps, UnidentifiedImageError

from ....mvcustom_core.capture.files.finder import MASK_FOLDER
from ..host.folders import locate_photographs
from .input_names import Refusal, find_name_fault, input_folder, is_photograph, locate_inside
from .source import SOLVE, find_camera_files

THUMBNAIL = 96  # pixels of the longer side
MOST_SHOWN = 500


def list_subfolders() -> list[str]:
    """Subfolders of ComfyUI's input folder at all depths, hidden ones and those of masks left out."""
    return [name for name in folder_paths.get_input_subfolders() if not find_name_fault(name) and name.rpartition("/")[2] != MASK_FOLDER]


def describe_folder(name: str) -> dict[str, Any]:
    """What the widget shows of a folder as the user wrote it, or of a camera file's folder.

    Returns:
        `folder`: its name inside the input folder, None if it lies elsewhere; `photographs`: paths inside it, at most MOST_SHOWN;
        `count`: of all; `problem`: what is wrong with it in the node's words, or None; `solve`: what to connect where its photographs
        have no camera file, or None.
    """
    found: dict[str, Any] = {"folder": None, "photographs": [], "count": 0, "problem": None, "solve": None}
    try:
        chosen = locate_photographs(name)
    except ValueError as error:
        return found | {"problem": str(error)}
    place = (chosen.parent if chosen.is_file() else chosen).resolve()
    inside = place != input_folder() and place.is_relative_to(input_folder())
    photographs = list_photographs(place) if inside else []
    try:
        find_camera_files(chosen)
    except ValueError as error:
        found |= {"problem": str(error), "solve": SOLVE if photographs and SOLVE in str(error) else None}
    folder = place.relative_to(input_folder()).as_posix() if inside else None
    return found | {"folder": folder, "photographs": photographs[:MOST_SHOWN], "count": len(photographs)}


def list_photographs(place: Path) -> list[str]:
    """Paths of all photographs inside a folder, sorted; masks and hidden files left out."""
    files = (file.relative_to(place) for file in place.rglob("*") if is_photograph(file) and file.is_file())
    shown = (file for file in files if MASK_FOLDER not in file.parts[:-1] and not any(part.startswith(".") for part in file.parts))
    return sorted(file.as_posix() for file in shown)


def make_thumbnail(folder: str, path: str) -> bytes:
    """A JPEG of at most THUMBNAIL pixels, upright as the camera was held.

    Raises:
        Refusal: if it is no photograph inside of the input folder, or cannot be read.
    """
    file = _locate_photograph(folder, path)
    try:
        with Image.open(file) as image:
            image.draft("RGB", (2 * THUMBNAIL, 2 * THUMBNAIL))
            small = ImageOps.exif_transpose(image).convert("RGB")
            small.thumbnail((THUMBNAIL, THUMBNAIL))
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError) as error:
        raise Refusal(f"file: wanted a picture that can be read, got {path!r}; remove it, or export it again", 415) from error
    stream = io.BytesIO()
    small.save(stream, "JPEG", quality=80)
    return stream.getvalue()


def remove_photograph(folder: str, path: str) -> None:
    """Delete one photograph for good. Camera files, folders and what lies outside of the input folder are not deleted.

    Raises:
        Refusal: if it is none, or may not be deleted.
    """
    file = _locate_photograph(folder, path)
    try:
        file.unlink()
    except OSError as error:
        raise Refusal(f"file: {path!r} could not be removed: {error.strerror}; change the rights of its folder", 403) from error


def _locate_photograph(folder: str, path: str) -> Path:
    file = locate_inside(locate_inside(input_folder(), folder, "folder"), path)
    if not is_photograph(file) or not file.is_file():
        raise Refusal(f"file: wanted a photograph in {folder}, got {path!r}, which is none; refresh the list", 404)
    return file
