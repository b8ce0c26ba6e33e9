"""COLMAP's text model: cameras.txt, images.txt and points3D.txt in one folder (usually sparse/0).

Camera-from-world quaternions (w, x, y, z) and translations, OpenCV axes, intrinsics in pixels with centres at +0.5: this project's own
conventions, so numbers pass unchanged.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from torch import Tensor

from ..files.finder import FileFinder
from ..files.posed_files import PosedFiles
from ..files.text import read_text
from .colmap import (
    MODELS,
    CamerasById,
    RegisteredImage,
    SharedCamera,
    collect_images,
    describe_model,
    make_camera,
    quantize_colors,
    refuse_model,
)

FORMAT = "COLMAP text model"


def read_colmap_text(folder: Path, image_folder: Path, elsewhere: tuple[Path, ...] = ()) -> PosedFiles:
    """Read the registered images of a model in the order of their ids.

    Images whose file is missing or of another shape than its camera, and those without a rotation or a camera of a known lens, are left
    out with the reason.

    Args:
        folder: holds cameras.txt and images.txt.
        image_folder: what the names in images.txt are relative to.
        elsewhere: folders in which images that are not there are looked for.

    Raises:
        ValueError: naming the file and line and what is wrong: a missing model, images without their points' lines, no usable image.
    """
    cameras = _read_cameras(folder / "cameras.txt")
    return collect_images(FORMAT, _read_images(folder / "images.txt"), cameras, FileFinder(image_folder, (image_folder, *elsewhere)))


def count_images_text(folder: Path) -> int:
    """How many images a model has registered.

    Raises:
        ValueError: if its file cannot be read.
    """
    return len(_read_images(folder / "images.txt"))


def write_colmap_text(
    folder: Path, image_folder: Path, files: PosedFiles, points: Tensor | None = None, colors: Tensor | None = None
) -> None:
    """Write a model; masks have no place in it.

    Args:
        image_folder: the files' paths are written relative to it.
        points: [N, 3] points in the same world, to start Gaussian splats from.
        colors: [N, 3] in [0, 1]; None is grey.

    Raises:
        ValueError: for a lens that none of COLMAP's models describes.
    """
    model = describe_model(image_folder, files)
    camera_lines = [f"{i} {name} {width} {height} {_join(rest)}" for i, (name, (width, height), rest) in enumerate(model.cameras, start=1)]
    image_lines = []
    for image in model.images:
        image_lines += [f"{image.id} {_join(image.motion)} {image.camera} {image.name}", ""]  # the second line lists its points: none
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "cameras.txt", "CAMERA_ID MODEL WIDTH HEIGHT PARAMS[]", camera_lines)
    _write(folder / "images.txt", "IMAGE_ID QW QX QY QZ TX TY TZ CAMERA_ID NAME, then POINTS2D[] on a line of its own", image_lines)
    _write(folder / "points3D.txt", "POINT3D_ID X Y Z R G B ERROR TRACK[]", _point_lines(points, colors))


def _read_cameras(path: Path) -> CamerasById:
    """The cameras by their ids."""
    cameras: dict[int, SharedCamera | str] = {}
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        where, words = f"cameras.txt, line {number}", line.split()
        if len(words) < 4:
            raise ValueError(f"{where}: wanted id, model, width, height and parameters, got {line!r}; the file may be cut short")
        camera = _integer(words[0], where)
        if camera in cameras:
            raise ValueError(f"{where}: wanted every camera once, got camera {camera} again; keep the line that is right")
        try:
            cameras[camera] = _parse_camera(words, where)
        except ValueError as error:  # perhaps no image was taken with it
            cameras[camera] = str(error)
    return cameras


def _parse_camera(words: Sequence[str], where: str) -> SharedCamera:
    if words[1] not in MODELS:
        raise ValueError(refuse_model(words[1], where))
    parameters = _floats(words[4:], MODELS[words[1]].count, where)
    width, height = _floats(words[2:4], 2, where)
    return make_camera(words[1], (int(width), int(height)), parameters, where)


def _read_images(path: Path) -> list[RegisteredImage]:
    images = []
    lines = enumerate(read_text(path).splitlines(), start=1)
    for number, line in lines:
        if not line.strip() or line.startswith("#"):
            continue
        where, words = f"images.txt, line {number}", line.split(maxsplit=9)
        if len(words) != 10:
            raise ValueError(f"{where}: wanted id, quaternion, translation, camera and name, got {line!r:.60}; the file may be cut short")
        motion = _floats(words[1:8], 7, where)
        images.append(RegisteredImage(_integer(words[0], where), motion, _integer(words[8], where), words[9].strip()))
        _, points = next(lines, (0, ""))  # the image's points, often an empty line
        if not _are_points(points.split()):
            where = f"images.txt, line {number + 1}"
            raise ValueError(
                f"{where}: wanted the points of {words[9]} in threes or an empty line, got {points!r:.60}; every image has two lines, "
                "so put the empty ones back"
            )
    if not images:
        raise ValueError(f"{path}: wanted at least one registered image, got none")
    return images


def _are_points(words: Sequence[str]) -> bool:
    """Whether words are x, y and id of points; the first and the last three stand for all, because there can be millions."""
    if not words or len(words) % 3:
        return not words
    return all(_is_number(x) and _is_number(y) and point.lstrip("-").isdigit() for x, y, point in (words[:3], words[-3:]))


def _is_number(word: str) -> bool:
    try:
        return math.isfinite(float(word))
    except ValueError:
        return False


def _floats(words: Sequence[str], count: int, where: str) -> list[float]:
    try:
        numbers = [float(word) for word in words]
    except ValueError as error:
        raise ValueError(f"{where}: wanted numbers, got {' '.join(words)!r:.80}") from error
    if len(numbers) != count or not all(map(math.isfinite, numbers)):
        raise ValueError(f"{where}: wanted {count} finite numbers, got {' '.join(words)!r:.80}; the file may be cut short")
    return numbers


def _integer(word: str, where: str) -> int:
    if not (word.isascii() and word.isdigit()):
        raise ValueError(f"{where}: wanted an id, got {word!r}")
    return int(word)


def _point_lines(points: Tensor | None, colors: Tensor | None) -> list[str]:
    if points is None:
        return []
    rows = zip(points.double().tolist(), quantize_colors(points, colors).tolist(), strict=True)
    return [f"{i} {_join(point)} {_join(pixel)} 0" for i, (point, pixel) in enumerate(rows, start=1)]  # no error, no track


def _join(numbers: Iterable[float]) -> str:
    return " ".join(map(repr, numbers))  # repr reads back exactly


def _write(path: Path, columns: str, lines: Sequence[str]) -> None:
    path.write_text("\n".join([f"# {columns}", *lines]) + "\n", encoding="utf-8", newline="\n")
