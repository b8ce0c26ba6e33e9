"""A camera path from a file, whichever format it has."""

from __future__ import annotations

from pathlib import Path

from ...camera.cameras import Cameras
from ..files.image_file import is_same_picture
from ..files.text import read_text
from .folder import read_folder
from .realestate10k import parse_camera_text
from .transforms_json import read_transforms_json

COLMAP_TEXTS = ("cameras.txt", "images.txt")


def is_camera_text(path: Path) -> bool:
    """Whether a place is a RealEstate10K text, by its name: COLMAP's texts are two files, side by side."""
    is_model = path.name in COLMAP_TEXTS and all((path.parent / name).is_file() for name in COLMAP_TEXTS)
    return path.suffix == ".txt" and not is_model


def read_camera_path(path: Path) -> Cameras:
    """The cameras of a RealEstate10K text, of transforms.json, or of a COLMAP model (one of its files, or a folder), with their pictures.

    That text has no image size. Pixels are square, so its focal lengths, one in widths and one in heights, tell the aspect.

    Raises:
        ValueError: as the readers do.
    """
    if is_camera_text(path):
        return parse_camera_text(read_text(path), path.name)
    posed = read_transforms_json(path) if path.suffix == ".json" else read_folder(path)
    posed.check_complete()  # a path with holes is another path
    if not all(is_same_picture(posed.size(i), posed.size(0)) for i in range(len(posed.paths))):
        raise ValueError(f"{path.name}: wanted a camera path for pictures of one shape, got several shapes; split the file")
    return posed.cameras
