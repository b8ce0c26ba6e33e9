"""Folders that this pack reads and writes: ComfyUI's, the two of AnimateDiff that other packs share, and its own."""

from __future__ import annotations

import os
from pathlib import Path

import folder_paths

CONCEPTS, MOTION, MOTION_LORA = "mvcustom", "animatediff_models", "animatediff_motion_lora"
DEPTH, ENCODERS, MVGD = "mvcustom_depth", "mvcustom_encoders", "mvcustom_mvgd"
PACK = Path(__file__).resolve().parents[3]


def register_folders() -> None:
    """Register the pack's folders and AnimateDiff's two folders with ComfyUI.

    `models/mvcustom` and `output/mvcustom` hold concepts. `models/mvcustom_depth` holds one folder for each depth model, and
    `models/mvcustom_encoders` one for each image encoder of Evaluate Views. `models/mvcustom_mvgd` holds files of MVGD networks.
    """
    models, output = folder_paths.models_dir, folder_paths.get_output_directory()
    for name, folders in (
        (CONCEPTS, (os.path.join(models, CONCEPTS), os.path.join(output, CONCEPTS))),
        (MOTION, (os.path.join(models, MOTION),)),
        (MOTION_LORA, (os.path.join(models, MOTION_LORA),)),
        (DEPTH, (os.path.join(models, DEPTH),)),
        (ENCODERS, (os.path.join(models, ENCODERS),)),
        (MVGD, (os.path.join(models, MVGD),)),
    ):
        known, extensions = folder_paths.folder_names_and_paths.get(name, ([], set()))
        paths = [*known, *(folder for folder in folders if folder not in known)]
        # an empty set would list every file
        folder_paths.folder_names_and_paths[name] = (paths, extensions or set(folder_paths.supported_pt_extensions))


def list_files(kind: str) -> list[str]:
    """Names of all files in the folders of a kind."""
    return folder_paths.get_filename_list(kind)


def find_file(kind: str, name: str) -> Path:
    """Path of a file from `list_files`.

    Raises:
        FileNotFoundError: if there is no such file; the message names the kind and the file.
    """
    return Path(folder_paths.get_full_path_or_raise(kind, name))


def list_model_folders(kind: str) -> dict[str, Path]:
    """Name -> path of every subfolder with a `config.json` in the folders of a kind. Of two with the same name the first is taken."""
    found: dict[str, Path] = {}
    for root in map(Path, folder_paths.get_folder_paths(kind)):
        for config in sorted(root.glob("*/config.json")):
            found.setdefault(config.parent.name, config.parent)
    return found


def locate_photographs(name: str) -> Path:
    """The folder of photographs that a user wrote, or one of its camera files, which chooses among several.

    Raises:
        ValueError: as `locate_input` does, and if nothing is written.
    """
    if not name.strip().strip('"'):
        wanted = "folder: wanted the folder of the photographs and their cameras, got none"
        raise ValueError(f"{wanted}; choose it with the buttons on the node, drop it there, or write its path")
    path = Path(folder_paths.get_input_directory(), name.strip().strip('"'))
    return path if path.suffix and os.path.isfile(path) else locate_input(name)


def locate_input(name: str, kind: str = "folder") -> Path:
    """The folder or file that a user wrote: absolute, or relative to ComfyUI's input folder.

    Raises:
        ValueError: if there is none of that kind, or its folder may not be entered.
    """
    path = Path(folder_paths.get_input_directory(), name.strip().strip('"'))  # an absolute path replaces the input folder
    try:
        found = path.is_dir() if kind == "folder" else path.is_file()
    except PermissionError as error:
        raise ValueError(f"{kind}: wanted a {kind} that may be read, got {path}; change the rights of the folder that holds it") from error
    if not found:
        raise ValueError(f"{kind}: wanted a {kind}, absolute or inside {folder_paths.get_input_directory()}, got {name!r}")
    return path
