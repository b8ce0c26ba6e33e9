"""A folder of posed photographs: which of the formats it holds, and its masks."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from .co3d import ANNOTATIONS, read_co3d
from .colmap_binary import read_colmap_binary
from .colmap_text import read_colmap_text
from .posed_files import PosedFiles, check_masks
from .transforms_json import read_transforms_json

TRANSFORMS = "transforms.json"
MODELS = ("", "sparse/0", "sparse")  # where a COLMAP model may lie in the folder


def locate_camera_files(folder: Path) -> tuple[Path, ...]:
    """The files that hold the cameras of a folder's photographs: one transforms.json, cameras and images of a COLMAP model (text before
    binary), or the annotations of a CO3D category, also where the folder is one of its sequences.

    Raises:
        ValueError: if the folder has none of them, or may not be read.
    """
    if not os.access(folder, os.R_OK | os.X_OK):
        raise ValueError(f"folder: wanted a folder that may be read, got {folder}; change its rights, or copy the photographs elsewhere")
    if (folder / TRANSFORMS).is_file():
        return (folder / TRANSFORMS,)
    for kind in ("txt", "bin"):
        for model in (folder / name for name in MODELS):
            files = model / f"cameras.{kind}", model / f"images.{kind}"
            if any(file.is_file() for file in files):
                return files
    for file in (folder / ANNOTATIONS, folder.parent / ANNOTATIONS):
        if file.is_file():
            return (file,)
    raise ValueError(
        f"folder: wanted {TRANSFORMS}, COLMAP's cameras and images as .txt or .bin (also in sparse/0), or CO3D's {ANNOTATIONS}, "
        f"in {folder}, found none of them"
    )


def read_folder(folder: Path, sequence: str = "") -> PosedFiles:
    """Cameras, image files and mask files of a folder, without decoding pictures.

    A folder `masks` beside the cameras is looked through where the camera file names no masks: image.jpg.png (as COLMAP writes it) or
    image.png belongs to image.jpg.

    Args:
        sequence: of a CO3D category; empty where there is one only, or where the folder is a sequence's.

    Raises:
        ValueError: naming the file and what is wrong with it.
    """
    first, *_ = locate_camera_files(folder)
    if first.name == ANNOTATIONS:
        return read_co3d(first, sequence or (folder.name if first.parent != folder else ""))
    if sequence:
        raise ValueError(
            f"sequence: wanted none, because {first.name} holds one scene, got {sequence!r}; clear it, or choose a CO3D category"
        )
    images = folder / "images" if (folder / "images").is_dir() else folder
    if first.name == TRANSFORMS:
        posed = read_transforms_json(first)
    else:
        posed = (read_colmap_binary if first.suffix == ".bin" else read_colmap_text)(first.parent, images)
    if posed.masks is None and (folder / "masks").is_dir():
        posed = replace(posed, masks=_find_masks(posed, images, folder / "masks"))
    return posed


def _find_masks(posed: PosedFiles, image_folder: Path, mask_folder: Path) -> tuple[Path, ...]:
    """The mask file of every image."""
    found = []
    for path in posed.paths:
        name = path.relative_to(image_folder) if path.is_relative_to(image_folder) else Path(path.name)
        candidates = [mask_folder / name.with_name(name.name + ".png"), mask_folder / name.with_suffix(".png"), mask_folder / name]
        found.append(next((candidate for candidate in candidates if candidate.is_file()), candidates[0]))
    check_masks(found, (posed.cameras.width, posed.cameras.height))
    return tuple(found)
