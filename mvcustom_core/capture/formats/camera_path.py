"""A camera path from a file, whichever format it has."""

from __future__ import annotations

from pathlib import Path

from ...camera.cameras import Cameras
from ..files.image_file import is_same_picture
from .realestate10k import read_realestate10k
from .transforms_json import read_transforms_json


def read_camera_path(path: Path) -> Cameras:
    """The cameras of transforms.json or of a RealEstate10K text.

    That text has no image size. Pixels are square, so its focal lengths, one in widths and one in heights, tell the aspect.

    Raises:
        ValueError: as the readers do.
    """
    if path.suffix == ".json":
        posed = read_transforms_json(path)
        posed.check_complete()  # a path with holes is another path
        if not all(is_same_picture(posed.size(i), posed.size(0)) for i in range(len(posed.paths))):
            raise ValueError(f"{path.name}: wanted a camera path for pictures of one shape, got several shapes; split the file")
        return posed.cameras
    K = read_realestate10k(path, 1, 1).cameras.K[0]
    height = 1080  # any will do: the cameras are fitted to the pictures afterwards
    return read_realestate10k(path, max(1, round(height * float(K[1, 1] / K[0, 0]))), height).cameras
