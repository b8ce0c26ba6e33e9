"""Folders of posed photographs for tests: pictures of a scene whose cameras are known, written as a user would have them."""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor

from mvcustom.mvcustom_core.camera.cameras import Cameras
from mvcustom.mvcustom_core.camera.lens import Lens
from mvcustom.mvcustom_core.camera.rigid import quaternion_from_rotation
from mvcustom.mvcustom_core.capture.files.posed_files import PosedFiles
from mvcustom.mvcustom_core.capture.formats.colmap_text import write_colmap_text
from mvcustom.mvcustom_core.capture.formats.transforms_json import write_transforms_json
from mvcustom.mvcustom_core.embedded.scenes.render import Rendering, render_scene
from mvcustom.mvcustom_core.embedded.scenes.scene import sample_concept
from mvcustom.mvcustom_core.embedded.scenes.sweep import sample_photographs
from mvcustom.nodes.photographs.load_posed_images import MVCustomLoadPosedImages as Node

COUNT, WIDTH, HEIGHT = 6, 64, 48
LEFT = 8  # where the square of HEIGHT pixels about the principal point begins
BIT = 1 / 255


@lru_cache
def make_cameras() -> Cameras:
    """Landscape cameras around the subject."""
    return sample_photographs(random.Random(0), COUNT, HEIGHT).crop(-LEFT, 0, WIDTH, HEIGHT)


@lru_cache
def photograph(cameras: Cameras) -> Rendering:
    return render_scene(sample_concept(1), cameras)


def save_picture(path: Path, pixels: Tensor) -> Path:
    """[C, H, W] in 0..1."""
    path.parent.mkdir(parents=True, exist_ok=True)
    array = (pixels.permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
    Image.fromarray(array.squeeze(-1) if array.shape[-1] == 1 else array).save(path)
    return path


def write_folder(folder: Path, cameras: Cameras, kind: str = "transforms", *, with_masks: bool = False, lens: Lens | None = None) -> Path:
    """`kind` is transforms, or the folder of a COLMAP model."""
    rendering = photograph(cameras)
    paths = tuple(save_picture(folder / "images" / f"{i:02}.png", picture) for i, picture in enumerate(rendering.images))
    masks = None
    if with_masks:
        masks = tuple(save_picture(folder / "masks" / f"{i:02}.png.png", mask) for i, mask in enumerate(rendering.mask))
    files = PosedFiles(cameras, paths, masks if kind == "transforms" else None, lens and (lens,) * len(cameras))
    if kind == "transforms":
        write_transforms_json(folder / "transforms.json", files)
    else:
        write_colmap_text(folder / kind, folder / "images", files)
    return folder


Outputs = tuple[Tensor, Tensor, Cameras, Tensor, str]


def load(folder: Path, size: int = HEIGHT, limit: int = 0, masks: Tensor | None = None, **others: Any) -> Outputs:
    return Node.execute(str(folder), size, limit, masks, **others).args


def edit_json(folder: Path, change: Callable[[dict[str, Any]], object], name: str = "transforms.json") -> Path:
    """Change the document of a folder."""
    document = json.loads((folder / name).read_text())
    change(document)
    (folder / name).write_text(json.dumps(document))
    return folder


def write_model(model: Path, cameras: Sequence[Cameras], names: Sequence[str]) -> None:
    """A COLMAP text model with a camera for every image, from the format's description."""
    model.mkdir(parents=True, exist_ok=True)
    lines, images = [], []
    for i, (camera, name) in enumerate(zip(cameras, names, strict=True), start=1):
        K, motion = camera.K[0], _motion(camera)
        lines.append(f"{i} PINHOLE {camera.width} {camera.height} {K[0, 0]} {K[1, 1]} {K[0, 2]} {K[1, 2]}\n")
        images.append(f"{i} {' '.join(map(str, motion))} {i} {name}\n\n")
    (model / "cameras.txt").write_text("# a heading\n" + "".join(lines))
    (model / "images.txt").write_text("# a heading\n" + "".join(images))


def write_binary_model(model: Path, cameras: Cameras, names: Sequence[str]) -> None:
    """A COLMAP binary model whose images share the first camera, from the format's description."""
    model.mkdir(parents=True, exist_ok=True)
    K = cameras.K[0].tolist()
    parameters = (K[0][0], K[1][1], K[0][2], K[1][2])
    (model / "cameras.bin").write_bytes(struct.pack("<QiiQQ4d", 1, 1, 1, cameras.width, cameras.height, *parameters))
    records = [struct.pack("<Q", len(names))]
    for i, name in enumerate(names):
        records += [struct.pack("<i7di", i + 1, *_motion(cameras[i]), 1), name.encode() + b"\0", struct.pack("<Q", 0)]
    (model / "images.bin").write_bytes(b"".join(records))


def _motion(camera: Cameras) -> list[float]:
    return [*quaternion_from_rotation(camera.w2c[0, :3, :3].double()).tolist(), *camera.w2c[0, :3, 3].tolist()]


def save_image(path: Path, image: Image.Image, orientation: int | None = None) -> Path:
    """An image file, with an EXIF orientation if it is given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    if orientation is not None:
        exif[0x0112] = orientation
    image.save(path, exif=exif)
    return path


def picture_of(folder: Path, i: int) -> Path:
    return folder / "images" / f"{i:02}.png"


def resave(path: Path, change: Callable[[Image.Image], Image.Image], orientation: int | None = None) -> None:
    with Image.open(path) as image:
        image.load()
    save_image(path, change(image), orientation)
