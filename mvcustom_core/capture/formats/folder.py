"""A folder of posed photographs: which of the formats it holds, and its masks."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from ..files.finder import MASK_FOLDER, FileFinder, list_picture_folders
from ..files.left_out import FileFault
from ..files.mask import check_masks, check_own_masks
from ..files.posed_files import PosedFiles
from ..files.repeats import leave_out_repeats
from .co3d import ANNOTATIONS, read_co3d
from .colmap_binary import read_colmap_binary
from .colmap_models import KINDS, Model, choose_model, find_models, list_homes
from .colmap_text import read_colmap_text
from .transforms_json import read_transforms_json

# In the order in which they are taken; the latter three are the parts of Blender's scenes.
TRANSFORMS = ("transforms.json", "transforms_train.json", "transforms_val.json", "transforms_test.json")
NO_CAMERA_FILES = f"folder: wanted {TRANSFORMS[0]} (or"  # how the error begins that says so


@dataclass(frozen=True)
class CameraFiles:
    """The files that hold the cameras, the folder that they were looked for in, and what is to be said of the choice."""

    files: tuple[Path, ...]
    root: Path
    notes: tuple[str, ...] = ()


def locate_camera_files(place: Path) -> CameraFiles:
    """The files that hold the cameras of photographs: one transforms.json, cameras and images of a COLMAP model, or the annotations of a
    CO3D category, also where the folder is one of its sequences.

    Args:
        place: a folder, or one of these files to choose it.

    Raises:
        ValueError: if the place has none of them, or may not be read.
    """
    if place.is_file():
        return _choose_file(place)
    if not os.access(place, os.R_OK | os.X_OK):
        raise ValueError(f"folder: wanted a folder that may be read, got {place}; change its rights, or copy the photographs elsewhere")
    documents = [place / name for name in TRANSFORMS if (place / name).is_file()]
    models = find_models(place)
    annotations = [file for file in (place / ANNOTATIONS, place.parent / ANNOTATIONS) if file.is_file()]
    if documents:
        others = [file.name for file in documents[1:]] + [f"the COLMAP model {model.describe(place)}" for model in models]
        return CameraFiles((documents[0],), place, _describe_choice(documents[0].name, others + [file.name for file in annotations]))
    if models:
        model, notes = choose_model(models, place)
        return CameraFiles(model.files, place, notes + _describe_choice("the COLMAP model", [file.name for file in annotations]))
    if annotations:
        return CameraFiles((annotations[0],), place)
    raise ValueError(
        f"{NO_CAMERA_FILES} Blender's {TRANSFORMS[1]}), COLMAP's cameras and images as .txt or .bin (also in sparse/0 and "
        f"the like), or CO3D's {ANNOTATIONS}, in {place}, found none of them"
    )


def read_folder(place: Path, sequence: str = "") -> PosedFiles:
    """Cameras, image files and mask files of a folder, without decoding pictures.

    A folder `masks` is looked through where the camera file names no masks: image.jpg.png (as COLMAP writes it) or image.png belongs to
    image.jpg.

    Args:
        place: the folder, or one of its camera files where it holds several.
        sequence: of a CO3D category; empty where there is one only, or where the folder is a sequence's.

    Raises:
        ValueError: naming the file and what is wrong with it.
    """
    located = locate_camera_files(place)
    first = located.files[0]
    if first.name == ANNOTATIONS:
        return leave_out_repeats(read_co3d(first, sequence or (located.root.name if first.parent != located.root else "")))
    if sequence:
        raise ValueError(
            f"sequence: wanted none, because {first.name} holds one scene, got {sequence!r}; clear it, or choose a CO3D category"
        )
    homes = list_homes(first.parent, located.root)
    picture_folders = list_picture_folders(homes)
    if first.suffix == ".json":
        posed = read_transforms_json(first)
    else:
        read = read_colmap_binary if first.suffix == ".bin" else read_colmap_text
        posed = read(first.parent, picture_folders[0], picture_folders[1:])
    posed = leave_out_repeats(replace(posed, notes=located.notes + posed.notes))
    mask_folder = next((home / MASK_FOLDER for home in homes if (home / MASK_FOLDER).is_dir()), None)
    return posed if mask_folder is None or posed.masks is not None else _find_masks(posed, picture_folders, mask_folder)


def _choose_file(file: Path) -> CameraFiles:
    if file.suffix == ".json" or file.name == ANNOTATIONS:
        return CameraFiles((file,), file.parent)
    if file.stem in ("cameras", "images") and file.suffix[1:] in KINDS:
        return CameraFiles(Model(file.parent, file.suffix[1:]).files, file.parent)
    raise ValueError(f"folder: wanted a folder or a camera file ({TRANSFORMS[0]}, COLMAP's cameras.txt, {ANNOTATIONS}), got {file}")


def _describe_choice(taken: str, others: list[str]) -> tuple[str, ...]:
    if not others:
        return ()
    return (f"camera file: {taken} is taken, which comes first; there are also {'; '.join(others)}; name one of these to take it",)


def _find_masks(posed: PosedFiles, picture_folders: tuple[Path, ...], mask_folder: Path) -> PosedFiles:
    """With the mask file of every image."""
    found = []
    finder = FileFinder(mask_folder)
    for path in posed.paths:
        home = next((folder for folder in picture_folders if path.is_relative_to(folder)), path.parent)
        name = path.relative_to(home)
        found.append(_find_mask(finder, (name.with_name(name.name + ".png"), name.with_suffix(".png"), name)))
    if not any(mask.is_file() for mask in found):
        raise ValueError(_describe_unusable(mask_folder, found[0].relative_to(mask_folder)))
    check_masks(found, [posed.size(i) for i in range(len(found))])
    check_own_masks(found, posed.paths)
    return replace(posed, masks=tuple(found))


def _describe_unusable(folder: Path, first: Path) -> str:
    """What is wrong with a folder of masks that holds none of any photograph; `first` is how the first could be called there."""
    files = sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())
    if not files:
        return f"masks: wanted one for every photograph in {folder}, got an empty folder; put them there, or delete it"
    return (
        f"masks: wanted masks in {folder} that are called as the photographs, such as {first.as_posix()} or "
        f"{first.with_suffix('').as_posix()}, got {len(files)} files of other names, the first is {files[0]}; rename them"
    )


def _find_mask(finder: FileFinder, names: tuple[Path, ...]) -> Path:
    """The file of the first name that there is, or the place where the first should be."""
    for name in names:
        try:
            return finder.find(name.as_posix()).path
        except FileFault:
            continue
    return finder.base / names[0]
