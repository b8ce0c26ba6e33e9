"""COLMAP's binary model: cameras.bin and images.bin in one folder (usually sparse/0), little-endian.

A count of 8 bytes, then the records. The world, the axes and the units are those of the text model.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from torch import Tensor

from ..files.finder import FileFinder
from ..files.posed_files import PosedFiles
from ..files.text import read_bytes
from .colmap import (
    MODELS,
    OTHER_MODELS,
    CamerasById,
    RegisteredImage,
    SharedCamera,
    collect_images,
    describe_model,
    make_camera,
    quantize_colors,
    refuse_model,
)

FORMAT = "COLMAP binary model"
NAMES = {model.number: name for name, model in MODELS.items()}
POINT_BYTES = 24  # x, y, id of a point in an image
POINT_RECORD = np.dtype([("id", "<u8"), ("position", "<f8", 3), ("color", "u1", 3), ("error", "<f8"), ("track", "<u8")])


def read_colmap_binary(folder: Path, image_folder: Path, elsewhere: tuple[Path, ...] = ()) -> PosedFiles:
    """Read the registered images of a model in the order of their ids.

    Args:
        folder: holds cameras.bin and images.bin.
        image_folder: what the names in images.bin are relative to.
        elsewhere: folders in which images that are not there are looked for.

    Raises:
        ValueError: naming the file and what is wrong with it: missing, cut short, no usable image.
    """
    images, cameras = list(_read_images(folder / "images.bin")), _read_cameras(folder / "cameras.bin")
    return collect_images(FORMAT, images, cameras, FileFinder(image_folder, (image_folder, *elsewhere)))


def count_images_binary(folder: Path) -> int:
    """How many images a model has registered.

    Raises:
        ValueError: if its file cannot be read.
    """
    return _Reader(folder / "images.bin").take("Q")[0]


def write_colmap_binary(
    folder: Path, image_folder: Path, files: PosedFiles, points: Tensor | None = None, colors: Tensor | None = None
) -> None:
    """Write a model: cameras.bin, images.bin and points3D.bin; arguments and errors as of `write_colmap_text`."""
    model = describe_model(image_folder, files)
    camera_parts = [struct.pack("<Q", len(model.cameras))]
    for i, (name, (width, height), parameters) in enumerate(model.cameras, start=1):
        camera_parts.append(struct.pack(f"<iiQQ{len(parameters)}d", i, MODELS[name].number, width, height, *parameters))
    image_parts = [struct.pack("<Q", len(model.images))]
    for image in model.images:
        name = image.name.encode("utf-8", "surrogateescape") + b"\0"
        image_parts += [struct.pack("<i7di", image.id, *image.motion, image.camera), name, struct.pack("<Q", 0)]  # no points of its own
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cameras.bin").write_bytes(b"".join(camera_parts))
    (folder / "images.bin").write_bytes(b"".join(image_parts))
    (folder / "points3D.bin").write_bytes(_pack_points(points, colors))


def _pack_points(points: Tensor | None, colors: Tensor | None) -> bytes:
    """A count, then id, position, colour, error and track of each point; there are no errors and no tracks."""
    count = 0 if points is None else len(points)
    table = np.zeros(count, POINT_RECORD)
    if points is not None:
        table["id"] = np.arange(1, count + 1)
        table["position"], table["color"] = points.cpu().double().numpy(), quantize_colors(points, colors).numpy()
    return struct.pack("<Q", count) + table.tobytes()


class _Reader:
    """The bytes of a file, taken from the front."""

    def __init__(self, path: Path) -> None:
        self.path, self.data, self.at = path, read_bytes(path), 0

    def take(self, layout: str) -> tuple:
        size = struct.calcsize("<" + layout)
        self.check(size)
        values = struct.unpack_from("<" + layout, self.data, self.at)
        self.at += size
        return values

    def take_name(self) -> str:
        end = self.data.find(b"\0", self.at)
        self.check(end - self.at if end >= 0 else len(self.data))
        name = self.data[self.at : end].decode("utf-8", "surrogateescape")
        self.at = end + 1
        return name

    def skip(self, size: int) -> None:
        self.check(size)
        self.at += size

    def check(self, size: int) -> None:
        if self.at + size > len(self.data):
            raise ValueError(f"{self.path}: wanted {size} more bytes at {self.at} of {len(self.data)}; export the model again")


def _read_cameras(path: Path) -> CamerasById:
    reader = _Reader(path)
    cameras: dict[int, SharedCamera | str] = {}
    for _ in range(*reader.take("Q")):
        camera, number, width, height = reader.take("iiQQ")
        if camera in cameras:
            raise ValueError(f"{path}: wanted every camera once, got camera {camera} again; export the model again")
        if number in OTHER_MODELS:
            name, count = OTHER_MODELS[number]
            reader.take(f"{count}d")
            cameras[camera] = refuse_model(f"number {number}, {name}, for camera {camera}", str(path))
        elif number in NAMES:
            parameters = reader.take(f"{MODELS[NAMES[number]].count}d")
            try:
                cameras[camera] = make_camera(NAMES[number], (width, height), parameters, f"{path}, camera {camera}")
            except ValueError as error:  # perhaps no image was taken with it
                cameras[camera] = str(error)
        else:  # how many parameters follow is not known, so nothing after them can be read
            raise ValueError(refuse_model(f"number {number} for camera {camera}", str(path)))
    return cameras


def _read_images(path: Path) -> Iterator[RegisteredImage]:
    reader = _Reader(path)
    (count,) = reader.take("Q")
    if not count:
        raise ValueError(f"{path}: wanted at least one registered image, got none")
    for _ in range(count):
        image, *motion, camera = reader.take("i7di")
        yield RegisteredImage(image, motion, camera, reader.take_name())
        reader.skip(POINT_BYTES * reader.take("Q")[0])
