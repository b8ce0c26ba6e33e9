"""RealEstate10K camera paths, the text files of CameraCtrl and the rows of CAMERACTRL_POSES sockets.

A path has one row of 19 numbers per view: a time in microseconds, fx / width, fy / height, cx / width, cy / height, two numbers that are
zero in files, and the upper 3x4 part of the camera-from-world matrix row by row, with OpenCV axes. The file's first line is the video's
URL. Intrinsics are normalised and the image size is nowhere written, so it must be given: the size of the images that the path was made
for, whose aspect the focal lengths keep.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from ...camera.cameras import Cameras, make_intrinsics
from ..files.matrix import check_rigid
from ..files.text import read_text

COLUMNS = 19
ANY_HEIGHT = 1080  # pixels, of pictures whose size is not known


@dataclass(frozen=True, eq=False)
class CameraPath:
    """The cameras of a path, the URL of its video, and the time of each view in microseconds."""

    cameras: Cameras
    url: str
    times_us: tuple[int, ...]


def read_realestate10k(path: Path, width: int, height: int) -> CameraPath:
    """Read a path for images of width x height pixels.

    Raises:
        ValueError: naming the line and what is wrong: no view, a row that is not 19 finite numbers, a matrix that is not rigid, lens
            distortion.
    """
    return parse_realestate10k(read_text(path), path.name, width, height)


def parse_realestate10k(text: str, name: str, width: int, height: int) -> CameraPath:
    """Read the text of a path for images of width x height pixels.

    Args:
        name: what the text is called in messages.

    Raises:
        ValueError: as `read_realestate10k` does.
    """
    url, *lines = text.splitlines() or [""]
    if len(url.split()) == COLUMNS:
        raise ValueError(f"{name}: wanted a first line with the video's URL, got numbers; put any line of text above them")
    rows = [_parse_row(line, f"{name}, line {number}") for number, line in enumerate(lines, start=2) if line.strip()]
    if not rows:
        raise ValueError(f"{name}: wanted a URL line and a row of {COLUMNS} numbers per view, got no row")
    distorted = next((row for row in rows if row[5] or row[6]), None)
    if distorted is not None:
        raise ValueError(f"{name}: wanted zeros in columns 6 and 7, got {distorted[5:7]}; undistort the video first")
    return CameraPath(cameras_from_rows(rows, width, height), url, tuple(int(row[0]) for row in rows))


def parse_camera_text(text: str, name: str) -> Cameras:
    """The cameras of a path's text whose image size is not known, for square pixels: the focal lengths, one in widths and one in heights,
    then tell the aspect.

    Raises:
        ValueError: as `read_realestate10k` does.
    """
    return shape_square(parse_realestate10k(text, name, 1, 1).cameras)


def format_realestate10k(camera_path: CameraPath) -> str:
    """The text of a path."""
    rows = rows_from_cameras(camera_path.cameras, camera_path.times_us)
    return "\n".join([camera_path.url, *(" ".join([str(int(row[0])), *map(repr, row[1:])]) for row in rows)]) + "\n"


def shape_square(cameras: Cameras) -> Cameras:
    """Cameras for pictures of 1x1 as cameras for pictures of the aspect that makes the first one's pixels square."""
    K = cameras.K[0].double()
    return cameras.resize(max(1, round(ANY_HEIGHT * float(K[1, 1] / K[0, 0]))), ANY_HEIGHT)


def write_realestate10k(path: Path, camera_path: CameraPath) -> None:
    """Write a path."""
    path.write_text(format_realestate10k(camera_path), encoding="utf-8", newline="\n")


def cameras_from_rows(rows: Sequence[Sequence[float]], width: int, height: int) -> Cameras:
    """Cameras of rows of 19 numbers; the sixth and seventh, where some nodes keep an image size, are not read.

    Raises:
        ValueError: if there are no rows, or one is not 19 numbers with a rigid matrix.
    """
    if not rows or any(len(row) != COLUMNS for row in rows):
        raise ValueError(f"camera path: wanted rows of {COLUMNS} numbers, got rows of {sorted({len(row) for row in rows}) or 'nothing'}")
    table = torch.tensor(rows, dtype=torch.float64)  # [V, 19]
    w2c = torch.eye(4, dtype=torch.float64).repeat(len(table), 1, 1)
    w2c[:, :3] = table[:, 7:].unflatten(-1, (3, 4))
    check_rigid(w2c, [f"camera path, view {i}" for i in range(len(table))])
    pixels = (table[:, 1:5] * table.new_tensor([width, height, width, height])).float()
    return Cameras.checked(w2c.float(), make_intrinsics(pixels[:, :2], pixels[:, 2:]), width, height)


def rows_from_cameras(cameras: Cameras, times_us: Sequence[int] | None = None) -> list[list[float]]:
    """Rows of 19 numbers, one per view; without times the views count 0, 1, 2, ...

    Raises:
        ValueError: if there is not one time per view.
    """
    times_us = range(len(cameras)) if times_us is None else times_us
    if len(times_us) != len(cameras):
        raise ValueError(f"camera path: wanted one time per view, got {len(times_us)} for {len(cameras)} views")
    exact = cameras.to("cpu", torch.float64)
    width, height = cameras.width, cameras.height
    rows = []
    for time, K, w2c in zip(times_us, exact.K.tolist(), exact.w2c, strict=True):
        intrinsics = [K[0][0] / width, K[1][1] / height, K[0][2] / width, K[1][2] / height]
        rows.append([float(time), *intrinsics, 0.0, 0.0, *w2c[:3].flatten().tolist()])
    return rows


def _parse_row(line: str, where: str) -> list[float]:
    try:
        row = [float(word) for word in line.split()]
    except ValueError as error:
        raise ValueError(f"{where}: wanted {COLUMNS} numbers, got {line!r:.80}") from error
    if len(row) != COLUMNS or not all(map(math.isfinite, row)):
        raise ValueError(f"{where}: wanted {COLUMNS} finite numbers, got {len(row)} in {line!r:.80}; the file may be cut short")
    return row
