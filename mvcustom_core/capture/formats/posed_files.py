"""What the camera files of a photographed scene say: cameras, the image file of each, and the frames that cannot be used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from ...camera.cameras import RIGID_TOLERANCE, Cameras
from ...camera.lens import Lens

REASONS_SHOWN = 5


@dataclass(frozen=True, eq=False)
class PosedFiles:
    """V cameras and their files.

    Attributes:
        cameras: in the file's own world and unit.
        paths: V image files.
        masks: V mask files (black is ignored), or None.
        lenses: V lenses of the images as they are on disk, or None where all are pinholes. `cameras` are the pinhole part alone:
            undistort the images with these before use.
        left_out: what the camera file lists besides and why it is of no use, each as "name: reason".
        format: which kind of file it was, for people to read.
    """

    cameras: Cameras
    paths: tuple[Path, ...]
    masks: tuple[Path, ...] | None = None
    lenses: tuple[Lens, ...] | None = None
    left_out: tuple[str, ...] = ()
    format: str = ""

    def __post_init__(self) -> None:
        count = len(self.cameras)
        for name, files in (("image", self.paths), ("mask", self.masks), ("lens", self.lenses)):
            if files is not None and len(files) != count:
                raise ValueError(f"posed files: wanted one {name} per camera, got {len(files)} for {count} cameras")

    def check_complete(self) -> None:
        """Raises ValueError if any frame was left out."""
        if self.left_out:
            raise ValueError(f"{self.format}: wanted every frame to be usable, got {_list_reasons(self.left_out)}")


@dataclass(frozen=True, eq=False)
class Frame:
    """One photograph as its camera file has it.

    Attributes:
        path, mask: its files.
        w2c: [4, 4] camera-from-world, OpenCV axes, float64.
        focal, middle: (x, y) in pixels.
        size: (width, height) that the camera is for.
    """

    path: Path
    w2c: Tensor  # [4, 4]
    focal: tuple[float, float]
    middle: tuple[float, float]
    size: tuple[int, int]
    lens: Lens = Lens()
    mask: Path | None = None


def collect_frames(format: str, names: Sequence[str], read: Callable[[int], Frame]) -> PosedFiles:
    """Read frames one by one, and leave out those that are of no use, with the reason.

    Args:
        names: of the frames, for messages.
        read: gives frame i, or raises ValueError with the reason why there is none.

    Raises:
        ValueError: if no frame is usable, or if some of the masks are missing or of another size than their images.
    """
    frames, left_out = {}, {}
    for i in range(len(names)):
        try:
            frame = read(i)
            _check_rigid(frame.w2c)
            _check_image(frame)
            frames[i] = frame
        except ValueError as error:
            left_out[i] = str(error)
    sizes = Counter(frame.size for frame in frames.values())
    size = max(sizes, key=sizes.__getitem__, default=(1, 1))  # the first of the most common
    for i in [i for i, frame in frames.items() if frame.size != size]:
        width, height = frames.pop(i).size
        left_out[i] = f"is {width}x{height} where most are {size[0]}x{size[1]}"
    reasons = tuple(f"{names[i]}: {left_out[i]}" for i in sorted(left_out))
    check_usable(len(frames), reasons, 1, format)
    return _assemble(format, list(frames.values()), reasons)


def check_usable(count: int, left_out: Sequence[str], fewest: int, where: str) -> None:
    """Check that enough photographs are left.

    Raises:
        ValueError: with the reasons why others were left out.
    """
    if count < fewest:
        why = f"; {_list_reasons(left_out)}" if left_out else "; photograph the subject from more sides"
        raise ValueError(f"{where}: wanted at least {fewest} usable photographs, got {count} of {count + len(left_out)}{why}")


def check_masks(masks: Sequence[Path | None], size: tuple[int, int]) -> None:
    """Check that every photograph has a mask file of its size, reading headers only.

    Raises:
        ValueError: naming the first that is missing, no image, or of another size.
    """
    missing = [mask for mask in masks if mask is None or not mask.is_file()]
    if missing:
        first = "not named" if missing[0] is None else missing[0]
        raise ValueError(
            f"masks: wanted one for every photograph or for none, {len(missing)} of {len(masks)} files are missing, the first is {first}; "
            "add them, or take all masks away"
        )
    for mask in masks:
        found = image_size(mask)
        if found != size:
            raise ValueError(
                f"{mask}: wanted a mask of {size[0]}x{size[1]} pixels as its photograph, got {found[0]}x{found[1]}; use the original masks"
            )


def image_size(path: Path) -> tuple[int, int]:
    """Width and height of an image file, from its header.

    Raises:
        ValueError: if the file is missing, not readable or no image.
    """
    try:
        with Image.open(path) as image:
            return image.size
    except FileNotFoundError as error:
        raise ValueError(f"{path}: wanted an image file, got nothing there; put it back in place") from error
    except UnidentifiedImageError as error:
        raise ValueError(f"{path}: wanted an image file, got something that no image reader knows") from error
    except OSError as error:
        raise ValueError(f"{path}: wanted an image file that can be read, got: {error}") from error


def read_text(path: Path) -> str:
    """The text of a small camera file.

    Raises:
        ValueError: if it is missing, not readable or not UTF-8 text.
    """
    try:
        return read_bytes(path).decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: wanted a text file, got binary data") from error


def read_bytes(path: Path) -> bytes:
    """The bytes of a camera file.

    Raises:
        ValueError: if it is missing or not readable.
    """
    try:
        return path.read_bytes()
    except (FileNotFoundError, IsADirectoryError) as error:
        raise ValueError(f"{path}: wanted a camera file, got no file of that name") from error
    except OSError as error:
        raise ValueError(f"{path}: wanted a file that can be read, got: {error}; change its rights") from error


def check_rigid(matrices: Tensor, names: Sequence[str]) -> None:
    """Check that matrices [V, 4, 4] are rigid motions, and name the image of the first that is not.

    Raises:
        ValueError: for NaN, infinity, scale, reflection or a last row other than (0, 0, 0, 1).
    """
    for matrix, name in zip(matrices, names, strict=True):
        try:
            _check_rigid(matrix)
        except ValueError as error:
            raise ValueError(f"{name}: {error}; reconstruct the cameras again") from error


def _check_rigid(matrix: Tensor) -> None:
    """Check one matrix [4, 4]."""
    if not torch.isfinite(matrix).all():
        raise ValueError("wanted a rigid camera matrix, got one with NaN or infinity")
    rotation = matrix[:3, :3]
    error = (rotation @ rotation.mT - torch.eye(3).to(matrix)).abs().max()
    if error > RIGID_TOLERANCE or torch.linalg.det(rotation) < 0 or (matrix[3] != matrix.new_tensor([0, 0, 0, 1])).any():
        raise ValueError("wanted a rigid camera matrix, got one with scale, reflection or a last row other than 0 0 0 1")


def _check_image(frame: Frame) -> None:
    found = image_size(frame.path)
    if found != frame.size:
        width, height = frame.size
        raise ValueError(f"{frame.path}: wanted {width}x{height} pixels as its camera says, got {found[0]}x{found[1]}")


def _assemble(format: str, frames: Sequence[Frame], left_out: tuple[str, ...]) -> PosedFiles:
    size = frames[0].size
    masks = None
    if any(frame.mask for frame in frames):
        check_masks([frame.mask for frame in frames], size)
        masks = tuple(frame.mask for frame in frames if frame.mask)
    K = torch.tensor([[[f.focal[0], 0.0, f.middle[0]], [0.0, f.focal[1], f.middle[1]], [0.0, 0.0, 1.0]] for f in frames])  # [V, 3, 3]
    w2c = torch.stack([frame.w2c for frame in frames]).float()  # [V, 4, 4]
    lenses = None if all(frame.lens.is_pinhole for frame in frames) else tuple(frame.lens for frame in frames)
    return PosedFiles(Cameras(w2c, K, *size), tuple(frame.path for frame in frames), masks, lenses, left_out, format)


def _list_reasons(reasons: Sequence[str]) -> str:
    more = len(reasons) - REASONS_SHOWN
    return "left out: " + "; ".join(reasons[:REASONS_SHOWN]) + (f"; and {more} more" if more > 0 else "")
