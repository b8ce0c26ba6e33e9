"""Saves concept files to output/mvcustom, and lists and loads them from there and from models/mvcustom."""

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
from ..host.tensors import images_to_comfy, read_images

log = logging.getLogger("mvcustom.bridge.concept")


def save_to_output(concept: Concept, filename_prefix: str, licence: str, picture: Tensor | None) -> Tensor:
    """Write a concept under the next free number: output/mvcustom/<prefix>_00001_.safetensors.

    Args:
        concept: the concept to write.
        filename_prefix: file name, which may contain subfolders and ComfyUI's placeholders such as %year%.
        licence: licence of the concept; empty keeps the one in its metadata.
        picture: IMAGE [B, H, W, 3] whose first picture becomes the thumbnail; None keeps the concept's own.

    Returns:
        The thumbnail as an IMAGE [1, H, W, 3].

    Raises:
        ValueError: if the prefix leads out of the folder or names no file.
        OSError: if the file cannot be written.
    """
    folder = Path(folder_paths.get_output_directory(), CONCEPTS)
    if not Path(os.path.normpath(filename_prefix)).name or not folder_paths.is_within_directory(str(folder), str(folder / filename_prefix)):
        raise ValueError(f"filename prefix: wanted a name inside output/{CONCEPTS}, got {filename_prefix!r}; write a plain name")
    if licence.strip():
        concept = replace(concept, metadata={**concept.metadata, "licence": licence.strip()})
    if picture is not None:
        concept = replace(concept, thumbnail=make_thumbnail(read_images(picture, "thumbnail")[0]))
    into, name, counter, *_ = folder_paths.get_save_image_path(filename_prefix, str(folder))
    path = Path(into, f"{name}_{counter:05}_.safetensors")
    save_concept(path, concept)
    log.info("%s saved to %s", concept.token_text, path)
    return images_to_comfy(draw_portrait(concept)[None])


def list_concepts() -> list[str]:
    """Names of the files in models/mvcustom and output/mvcustom. Of two files with one name, the one in models is used."""
    return list_files(CONCEPTS)


def load_from_folders(name: str) -> tuple[Concept, Tensor, str]:
    """Load the concept of a listed file, its thumbnail as an IMAGE [1, H, W, 3], and a report.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is not a complete concept.
    """
    path = find_file(CONCEPTS, name)
    concept = load_concept(path)
    report = f"{name}, {path.stat().st_size / 2**20:.1f} MiB\n{describe_concept(concept)}"
    return concept, images_to_comfy(draw_portrait(concept)[None]), report


def stamp_file(name: str) -> str:
    """A text that changes when the file changes: its name, modification time and size."""
    status = find_file(CONCEPTS, name).stat()
    return f"{name} {status.st_mtime_ns} {status.st_size}"
