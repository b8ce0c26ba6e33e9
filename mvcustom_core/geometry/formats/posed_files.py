"""What the camera files of a photographed scene say: cameras, and which image file belongs to each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from ...shapes import check_shape
from ..cameras import RIGID_TOLERANCE, Cameras


@dataclass(frozen=True, eq=False)
class PosedFiles:
    """V cameras and their files.

    Attributes:
        cameras: in the file's own world and unit.
        paths: V image files.
        masks: V mask files (black is ignored), or None.
        distortion: [V, 4] OpenCV coefficients k1, k2, p1, p2 of the images as they are on disk, or None where all are zero. `cameras`
            are the pinhole part alone: undistort the images with these before use.
    """

    cameras: Cameras
    paths: tuple[Path, ...]
    masks: tuple[Path, ...] | None = None
    distortion: Tensor | None = None  # [V, 4]

    def __post_init__(self) -> None:
        count = len(self.cameras)
        for name, files in (("image", self.paths), ("mask", self.masks)):
            if files is not None and len(files) != count:
                raise ValueError(f"posed files: wanted one {name} per camera, got {len(files)} for {count} cameras")
        if self.distortion is not None:
            check_shape(self.cameras.w2c, "V 4 4", self.distortion, "V 4")


def distortion_or_none(rows: Sequence[Sequence[float]]) -> Tensor | None:
    """The coefficients as [V, 4], or None where all are zero."""
    distortion = torch.tensor(rows, dtype=torch.float32)
    return distortion if distortion.any() else None


def check_rigid(matrices: Tensor, names: Sequence[str]) -> None:
    """Check that matrices [V, 4, 4] are rigid motions, and name the image of the first that is not.

    Raises:
        ValueError: for NaN, infinity, scale, reflection or a last row other than (0, 0, 0, 1).
    """
    finite = torch.isfinite(matrices).all((1, 2))
    rotation = matrices[:, :3, :3].nan_to_num(0.0, 0.0, 0.0)
    error = (rotation @ rotation.mT - torch.eye(3).to(matrices)).abs().amax((1, 2))
    last_row = (matrices[:, 3] == matrices.new_tensor([0, 0, 0, 1])).all(-1)
    rigid = finite & last_row & (error < RIGID_TOLERANCE) & (torch.linalg.det(rotation) > 0)
    if not rigid.all():
        first = int((~rigid).nonzero()[0])
        reason = "NaN or infinity" if not finite[first] else "scale, reflection or a last row other than 0 0 0 1"
        raise ValueError(f"{names[first]}: wanted a rigid camera matrix, got one with {reason}; reconstruct the cameras again")


def check_images(paths: Sequence[Path], size: tuple[int, int]) -> None:
    """Check that the image files exist and have `size` (width, height), reading headers only.

    Raises:
        ValueError: naming the first file that is missing, no image, or of another size.
    """
    missing = [path for path in paths if not path.is_file()]
    if missing:
        raise ValueError(f"images: {len(missing)} of {len(paths)} files are missing, the first is {missing[0]}; put them back in place")
    for path in paths:
        if image_size(path) != size:
            width, height = image_size(path)
            raise ValueError(f"{path}: wanted {size[0]}x{size[1]} pixels as its camera says, got {width}x{height}; use the original images")


def image_size(path: Path) -> tuple[int, int]:
    """Width and height of an image file, from its header.

    Raises:
        ValueError: if the file is missing or no image.
    """
    try:
        with Image.open(path) as image:
            return image.size
    except FileNotFoundError as error:
        raise ValueError(f"{path}: wanted an image file, got nothing there; put it back in place") from error
    except UnidentifiedImageError as error:
        raise ValueError(f"{path}: wanted an image file, got something that no image reader knows") from error


def read_text(path: Path) -> str:
    """The text of a small camera file.

    Raises:
        ValueError: if it is missing or not UTF-8 text.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, IsADirectoryError) as error:
        raise ValueError(f"{path}: wanted a camera file, got no file of that name") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: wanted a text file, got binary data") from error
