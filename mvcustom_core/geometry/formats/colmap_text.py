"""COLMAP's text model: cameras.txt, images.txt and points3D.txt in one folder (usually sparse/0).

Camera-from-world quaternions (w, x, y, z) and translations, OpenCV axes, intrinsics in pixels with centres at +0.5: this project's own
conventions, so numbers pass unchanged.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from ...shapes import check_shape
from ..cameras import Cameras
from ..rigid import quaternion_from_rotation, rotation_from_quaternion
from .posed_files import PosedFiles, check_images, distortion_or_none, read_text

MODELS = {  # where fx, fy, cx, cy, k1, k2, p1, p2 stand among a model's parameters; None is zero
    "SIMPLE_PINHOLE": (0, 0, 1, 2, None, None, None, None),
    "PINHOLE": (0, 1, 2, 3, None, None, None, None),
    "SIMPLE_RADIAL": (0, 0, 1, 2, 3, None, None, None),
    "RADIAL": (0, 0, 1, 2, 3, 4, None, None),
    "OPENCV": (0, 1, 2, 3, 4, 5, 6, 7),
}


def read_colmap_text(folder: Path, image_folder: Path) -> PosedFiles:
    """Read the registered images of a model in the order of their ids.

    Args:
        folder: holds cameras.txt and images.txt.
        image_folder: what the names in images.txt are relative to.

    Raises:
        ValueError: naming the file and line and what is wrong: a missing or binary model, numbers that are none, an unknown lens, no image,
            a missing image file, images of different sizes.
    """
    if (folder / "images.bin").is_file() and not (folder / "images.txt").is_file():
        raise ValueError(f"{folder}: wanted COLMAP's text model, got the binary one; run colmap model_converter with --output_type TXT")
    lenses = _read_cameras(folder / "cameras.txt")
    images = sorted(_read_images(folder / "images.txt"))  # by id
    unknown = next((image for image in images if image[2] not in lenses), None)
    if unknown is not None:
        raise ValueError(f"images.txt: {unknown[3]} wants camera {unknown[2]}, which cameras.txt does not have; export both files again")
    sizes = {lenses[camera][0] for _, _, camera, _ in images}
    if len(sizes) > 1:
        raise ValueError(f"{folder}: wanted images of one size, got {sorted(sizes)}; resize them or split the model")
    size = sizes.pop()
    paths = tuple(image_folder / name for *_, name in images)
    check_images(paths, size)
    numbers = torch.tensor([lenses[camera][1] for _, _, camera, _ in images], dtype=torch.float64)  # [V, 8] fx fy cx cy k1 k2 p1 p2
    K = torch.eye(3).repeat(len(images), 1, 1)
    K[:, 0, 0], K[:, 1, 1], K[:, 0, 2], K[:, 1, 2] = numbers[:, :4].float().unbind(-1)
    motion = torch.tensor([motion for _, motion, _, _ in images], dtype=torch.float64)  # [V, 7] qw qx qy qz tx ty tz
    w2c = torch.eye(4, dtype=torch.float64).repeat(len(images), 1, 1)
    w2c[:, :3, :3] = rotation_from_quaternion(motion[:, :4])
    w2c[:, :3, 3] = motion[:, 4:]
    return PosedFiles(Cameras(w2c.float(), K, *size), paths, None, distortion_or_none(numbers[:, 4:].tolist()))


def write_colmap_text(
    folder: Path, image_folder: Path, files: PosedFiles, points: Tensor | None = None, colors: Tensor | None = None
) -> None:
    """Write a model; masks have no place in it.

    Args:
        image_folder: the files' paths are written relative to it.
        points: [N, 3] points in the same world, to start Gaussian splats from.
        colors: [N, 3] in [0, 1]; None is grey.
    """
    cameras = files.cameras.to("cpu", torch.float64)
    lenses = [_lens_line(cameras, files.distortion, i) for i in range(len(cameras))]
    camera_ids = {line: i for i, line in enumerate(dict.fromkeys(lenses), start=1)}  # equal lenses share one camera
    quaternions = quaternion_from_rotation(cameras.w2c[:, :3, :3])
    image_lines = []
    for i, path in enumerate(files.paths):
        motion = _join([*quaternions[i].tolist(), *cameras.w2c[i, :3, 3].tolist()])
        name = Path(os.path.relpath(path, image_folder)).as_posix()
        image_lines += [f"{i + 1} {motion} {camera_ids[lenses[i]]} {name}", ""]  # the second line lists its points: none
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "cameras.txt", "CAMERA_ID MODEL WIDTH HEIGHT PARAMS[]", [f"{i} {line}" for line, i in camera_ids.items()])
    _write(folder / "images.txt", "IMAGE_ID QW QX QY QZ TX TY TZ CAMERA_ID NAME, then POINTS2D[] on a line of its own", image_lines)
    _write(folder / "points3D.txt", "POINT3D_ID X Y Z R G B ERROR TRACK[]", _point_lines(points, colors))


def _read_cameras(path: Path) -> dict[int, tuple[tuple[int, int], list[float]]]:
    """Camera id -> ((width, height), [fx, fy, cx, cy, k1, k2, p1, p2])."""
    lenses = {}
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        where, words = f"cameras.txt, line {number}", line.split()
        if len(words) < 4:
            raise ValueError(f"{where}: wanted id, model, width, height and parameters, got {line!r}; the file may be cut short")
        if words[1] not in MODELS:
            raise ValueError(f"{where}: wanted a camera model of {', '.join(MODELS)}, got {words[1]}; run colmap image_undistorter")
        places = MODELS[words[1]]
        wanted = 1 + max(place for place in places if place is not None)
        parameters = _floats(words[4:], wanted, where)
        width, height = _floats(words[2:4], 2, where)
        lens = [0.0 if place is None else parameters[place] for place in places]
        if not (lens[0] > 0 and lens[1] > 0 and width > 0 and height > 0):
            raise ValueError(f"{where}: wanted positive focal lengths and sizes, got {line!r}")
        lenses[_integer(words[0], where)] = (int(width), int(height)), lens
    return lenses


def _read_images(path: Path) -> list[tuple[int, list[float], int, str]]:
    """(image id, [qw, qx, qy, qz, tx, ty, tz], camera id, name) of each image."""
    images = []
    lines = enumerate(read_text(path).splitlines(), start=1)
    for number, line in lines:
        if not line.strip() or line.startswith("#"):
            continue
        where, words = f"images.txt, line {number}", line.split(maxsplit=9)
        if len(words) != 10:
            raise ValueError(f"{where}: wanted id, quaternion, translation, camera and name, got {line!r:.60}; the file may be cut short")
        motion = _floats(words[1:8], 7, where)
        if abs(math.hypot(*motion[:4]) - 1) > 1e-3:
            raise ValueError(f"{where}: wanted a unit quaternion, got {words[1:5]}")
        images.append((_integer(words[0], where), motion, _integer(words[8], where), words[9].strip()))
        _, points = next(lines, (0, ""))  # the image's points, often an empty line
        if len(points.split()) % 3:
            where = f"images.txt, line {number + 1}"
            raise ValueError(f"{where}: wanted the points of {words[9]} in threes or an empty line, got {points!r:.60}")
    if not images:
        raise ValueError(f"{path}: wanted at least one registered image, got none")
    return images


def _floats(words: Sequence[str], count: int, where: str) -> list[float]:
    try:
        numbers = [float(word) for word in words]
    except ValueError as error:
        raise ValueError(f"{where}: wanted numbers, got {' '.join(words)!r:.80}") from error
    if len(numbers) != count or not all(map(math.isfinite, numbers)):
        raise ValueError(f"{where}: wanted {count} finite numbers, got {' '.join(words)!r:.80}; the file may be cut short")
    return numbers


def _integer(word: str, where: str) -> int:
    if not word.isdigit():
        raise ValueError(f"{where}: wanted an id, got {word!r}")
    return int(word)


def _lens_line(cameras: Cameras, distortion: Tensor | None, i: int) -> str:
    K = cameras.K[i]
    lens = [K[0, 0].item(), K[1, 1].item(), K[0, 2].item(), K[1, 2].item()]
    model, parameters = ("PINHOLE", lens) if distortion is None else ("OPENCV", lens + distortion[i].tolist())
    return f"{model} {cameras.width} {cameras.height} {_join(parameters)}"


def _point_lines(points: Tensor | None, colors: Tensor | None) -> list[str]:
    if points is None:
        return []
    colors = torch.full_like(points, 0.5) if colors is None else colors
    check_shape(points, "N 3", colors, "N 3")
    pixels = (colors * 255).round().clamp(0, 255).int().tolist()
    rows = zip(points.double().tolist(), pixels, strict=True)
    return [f"{i} {_join(point)} {_join(pixel)} 0" for i, (point, pixel) in enumerate(rows, start=1)]  # no error, no track


def _join(numbers: Iterable[float]) -> str:
    return " ".join(map(repr, numbers))  # repr reads back exactly


def _write(path: Path, columns: str, lines: Sequence[str]) -> None:
    path.write_text("\n".join([f"# {columns}", *lines]) + "\n", encoding="utf-8", newline="\n")
