"""Concept files in ComfyUI's folders: saved under output/mvcustom, listed there and in models/mvcustom."""

from __future__ import annotations

import logging
import os
from dataclasses import replace
from pathlib import Path

import folder_paths
from torch import Tensor

from ....mvcustom_core.concept.concept import Concept, load_concept, save_concept
from ....mvcustom_core.concept.portrait import describe_concept, draw_portrait, make_thumbnail
from ..host.folders import CONCEPTS, find_file, list_files
from ..host.tensors import images_from_comfy, images_to_comfy

log = logging.getLogger("mvcustom.bridge.concept")


def save_to_output(concept: Concept, filename_prefix: str, licence: str, picture: Tensor | None) -> Tensor:
    """Write a concept to the next free name, as ComfyUI counts: output/mvcustom/<prefix>_00001_.safetensors.

    Args:
        filename_prefix: may hold subfolders and ComfyUI's %date% words.
        licence: of the concept; empty keeps what it says itself.
        picture: IMAGE whose first becomes the thumbnail; None keeps the concept's own.

    Returns:
        the thumbnail as an IMAGE [1, H, W, 3].

    Raises:
        ValueError: if the prefix leaves the folder or names no file.
        OSError: if the file cannot be written.
    """
    folder = Path(folder_paths.get_output_directory(), CONCEPTS)
    if not Path(os.path.normpath(filename_prefix)).name or not folder_paths.is_within_directory(str(folder), str(folder / filename_prefix)):
        raise ValueError(f"filename prefix: wanted a name inside output/{CONCEPTS}, got {filename_prefix!r}; write a plain name")
    if licence.strip():
        concept = replace(concept, metadata={**concept.metadata, "licence": licence.strip()})
    if picture is not None:
        concept = replace(concept, thumbnail=make_thumbnail(images_from_comfy(picture)[0]))
    into, name, counter, *_ = folder_paths.get_save_image_path(filename_prefix, str(folder))
    path = Path(into, f"{name}_{counter:05}_.safetensors")
    save_concept(path, concept)
    log.info("%s saved to %s", concept.token_text, path)
    return images_to_comfy(draw_portrait(concept)[None])


def list_concepts() -> list[str]:
    """Names of the files in models/mvcustom and output/mvcustom; of two with one name, the one under models counts."""
    return list_files(CONCEPTS)


def load_from_folders(name: str) -> tuple[Concept, Tensor, str]:
    """The concept of a listed file, its thumbnail as an IMAGE [1, H, W, 3], and what it says of itself.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no whole concept.
    """
    path = find_file(CONCEPTS, name)
    concept = load_concept(path)
    report = f"{name}, {path.stat().st_size / 2**20:.1f} MiB\n{describe_concept(concept)}"
    return concept, images_to_comfy(draw_portrait(concept)[None]), report


def stamp_file(name: str) -> str:
    """Changes when a listed file does."""
    status = find_file(CONCEPTS, name).stat()
    return f"{name} {status.st_mtime_ns} {status.st_size}"
