"""Saves cameras, views and a point cloud in the formats that Gaussian splatting and radiance fields are trained from."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from comfy.cli_args import args
from comfy_api.v0_0_2 import io
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

from ....mvcustom_core.camera.cameras import Cameras
from ....mvcustom_core.capture.files.posed_files import PosedFiles
from ....mvcustom_core.capture.formats.colmap_binary import write_colmap_binary
from ....mvcustom_core.capture.formats.colmap_text import write_colmap_text
from ....mvcustom_core.capture.formats.ply import encode_ply
from ....mvcustom_core.capture.formats.transforms_json import write_transforms_json
from ....mvcustom_core.surface.geometry import PointCloud
from ..host.tensors import read_images
from .conversion import write_camera_text
from .output_folder import write_output_folder

TRANSFORMS, COLMAP_TEXT, COLMAP_BINARY, CAMERACTRL = "transforms.json", "COLMAP text", "COLMAP binary", "CameraCtrl text"
FORMATS = (TRANSFORMS, COLMAP_TEXT, COLMAP_BINARY, CAMERACTRL)
PICTURES, MODEL, CLOUD = "images", Path("sparse", "0"), "points.ply"


def save_cameras(cameras: Cameras, format: str, prefix: str, images: Tensor | None, metadata: PngInfo | None) -> Path:
    """Write cameras, and the views where they are given, into a new output folder, and return it.

    Args:
        format: one of `FORMATS`; all but the last name a picture for every camera.
        images: IMAGE [V, H, W, 3].
        metadata: what the pictures carry.

    Raises:
        ValueError: if views are missing or do not fit the cameras.
        OSError: if it cannot be written.
    """
    check_views_given(format, images is not None)
    pictures = None if images is None else check_fit(images, cameras)

    def write(folder: Path) -> None:
        paths = () if pictures is None else _write_pictures(folder / PICTURES, pictures, metadata)
        if format == CAMERACTRL:
            (folder / "camera_path.txt").write_text(write_camera_text(cameras), encoding="utf-8", newline="\n")
        elif format == TRANSFORMS:
            write_transforms_json(folder / TRANSFORMS, PosedFiles(cameras, paths))
        else:
            write_model = write_colmap_text if format == COLMAP_TEXT else write_colmap_binary
            write_model(folder / MODEL, folder / PICTURES, PosedFiles(cameras, paths))

    return write_output_folder(prefix, write)


def save_scene(cameras: Cameras, pictures: Tensor, cloud: PointCloud, prefix: str, metadata: PngInfo | None) -> Path:
    """Write views, cameras as transforms.json and as a COLMAP model, and a point cloud into a new output folder, and return it.

    Args:
        pictures: [V, 3, H, W] of the cameras' size.
        cloud: in the cameras' world.

    Raises:
        OSError: if it cannot be written.
    """

    def write(folder: Path) -> None:
        files = PosedFiles(cameras, _write_pictures(folder / PICTURES, pictures, metadata))
        (folder / CLOUD).write_bytes(encode_ply(cloud.points, cloud.colors))
        write_transforms_json(folder / TRANSFORMS, files, folder / CLOUD)
        write_colmap_binary(folder / MODEL, folder / PICTURES, files, cloud.points, cloud.colors)

    return write_output_folder(prefix, write)


def check_views_given(format: str, has_images: bool) -> None:
    """Check that a format that names pictures gets some.

    Raises:
        ValueError: if it gets none.
    """
    if format != CAMERACTRL and not has_images:
        raise ValueError(
            f"images: wanted the views, because {format} names a picture for every camera, got none; connect IMAGE of the VAE Decode that "
            "gives the views, or images of the node that gives the photographs and these cameras; without pictures, set format to "
            f"{CAMERACTRL}"
        )


def check_fit(images: Tensor, cameras: Cameras) -> Tensor:
    """Pictures [V, 3, H, W] of an IMAGE, one of the cameras' size for every camera.

    Raises:
        ValueError: if their number or size is another.
    """
    pictures = read_images(images, "images")
    count, height, width = len(pictures), *pictures.shape[-2:]
    if count != len(cameras):
        raise ValueError(f"images: wanted {len(cameras)}, one for each camera, got {count}; connect all views of these cameras")
    if (width, height) != (cameras.width, cameras.height):
        raise ValueError(
            f"images: wanted the cameras' size {cameras.width}x{cameras.height}, got {width}x{height}; connect the views of these cameras"
        )
    return pictures


def make_metadata(hidden: io.HiddenHolder | None) -> PngInfo | None:
    """What core's nodes write into pictures, so that dropping one on the page opens the workflow; None where the user does not want it."""
    if args.disable_metadata or hidden is None:
        return None
    metadata = PngInfo()
    for name, value in {**({"prompt": hidden.prompt} if hidden.prompt else {}), **(hidden.extra_pnginfo or {})}.items():
        metadata.add_text(name, json.dumps(value))
    return metadata


def _write_pictures(folder: Path, pictures: Tensor, metadata: PngInfo | None) -> tuple[Path, ...]:
    folder.mkdir()
    paths = tuple(folder / f"view_{i:04}.png" for i in range(len(pictures)))
    for path, picture in zip(paths, pictures, strict=True):
        pixels = (picture.float().cpu() * 255).round().clamp(0, 255).permute(1, 2, 0).numpy().astype(np.uint8)
        Image.fromarray(pixels).save(path, pnginfo=metadata, compress_level=4)
    return paths
