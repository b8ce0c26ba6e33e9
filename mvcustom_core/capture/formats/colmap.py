"""What COLMAP's text and binary models have in common: the camera models, and registered images as frames."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from ...camera.lens import Lens
from ...camera.rigid import quaternion_from_rotation, rotation_from_quaternion
from ...shapes import check_shape
from ..files.finder import FileFinder
from ..files.posed_files import Frame, PosedFiles, collect_frames


@dataclass(frozen=True)
class CameraModel:
    """How a camera model's parameters are laid out: one or two focal lengths, the principal point, and then these coefficients."""

    number: int  # its id in binary files
    focals: int
    radial: tuple[int, ...] = ()  # places of k1, k2, ... after the principal point
    tangential: tuple[int, ...] = ()
    divisor: tuple[int, ...] = ()
    fisheye: bool = False

    @property
    def count(self) -> int:
        return self.focals + 2 + len(self.radial) + len(self.tangential) + len(self.divisor)


MODELS = {
    "SIMPLE_PINHOLE": CameraModel(0, 1),
    "PINHOLE": CameraModel(1, 2),
    "SIMPLE_RADIAL": CameraModel(2, 1, (0,)),
    "RADIAL": CameraModel(3, 1, (0, 1)),
    "OPENCV": CameraModel(4, 2, (0, 1), (2, 3)),
    "OPENCV_FISHEYE": CameraModel(5, 2, (0, 1, 2, 3), fisheye=True),
    "FULL_OPENCV": CameraModel(6, 2, (0, 1, 4), (2, 3), (5, 6, 7)),
}

# What else COLMAP writes, by its id in binary files, with the number of parameters: these lenses are not read.
OTHER_MODELS = {
    7: ("FOV", 5),
    8: ("SIMPLE_RADIAL_FISHEYE", 4),
    9: ("RADIAL_FISHEYE", 5),
    10: ("THIN_PRISM_FISHEYE", 12),
    11: ("RAD_TAN_THIN_PRISM_FISHEYE", 16),
    12: ("SIMPLE_DIVISION", 4),
    13: ("DIVISION", 5),
    14: ("SIMPLE_FISHEYE", 3),
    15: ("FISHEYE", 4),
    16: ("EUCM", 6),
    17: ("EQUIRECTANGULAR", 2),
}


@dataclass(frozen=True)
class SharedCamera:
    """A camera of the model: size, intrinsics and lens of the images that it took."""

    size: tuple[int, int]
    focal: tuple[float, float]
    middle: tuple[float, float]
    lens: Lens


CamerasById = Mapping[int, SharedCamera | str]  # a text is the reason why a camera cannot be read; what it took is left out for it


@dataclass(frozen=True)
class RegisteredImage:
    """An image of the model."""

    id: int
    motion: Sequence[float]  # qw qx qy qz tx ty tz, camera-from-world
    camera: int
    name: str


def make_camera(model: str, size: tuple[int, int], parameters: Sequence[float], where: str) -> SharedCamera:
    """The camera that a model's parameters stand for.

    Raises:
        ValueError: for focal lengths or sizes that are not positive, or numbers that are not finite.
    """
    layout = MODELS[model]
    focal = (parameters[0], parameters[layout.focals - 1])
    middle, rest = parameters[layout.focals : layout.focals + 2], parameters[layout.focals + 2 :]
    if not (all(map(math.isfinite, parameters)) and min(*focal, *size) > 0):
        raise ValueError(f"{where}: wanted finite parameters, positive focal lengths and sizes, got {list(parameters)} for {size}")
    radial, tangential, divisor = (tuple(rest[i] for i in places) for places in (layout.radial, layout.tangential, layout.divisor))
    return SharedCamera(size, focal, (middle[0], middle[1]), Lens(radial, (*tangential, 0.0, 0.0)[:2], divisor, layout.fisheye))


def refuse_model(got: str, where: str) -> str:
    """The reason why a lens that is not among the models cannot be read."""
    return f"{where}: wanted a camera model of {', '.join(MODELS)}, got {got}; run colmap image_undistorter"


def collect_images(format: str, images: Sequence[RegisteredImage], cameras: CamerasById, finder: FileFinder) -> PosedFiles:
    """The registered images in the order of their ids; those that are of no use are left out with the reason.

    Raises:
        ValueError: if none is usable.
    """
    images = sorted(images, key=lambda image: image.id)
    return collect_frames(format, [image.name for image in images], lambda i: _read_frame(images[i], cameras, finder))


def _read_frame(image: RegisteredImage, cameras: CamerasById, finder: FileFinder) -> Frame:
    camera = cameras.get(image.camera)
    if camera is None:
        raise ValueError(f"wants camera {image.camera}, which the model does not have; export all of the model again")
    if isinstance(camera, str):
        raise ValueError(camera)
    motion = torch.tensor(image.motion, dtype=torch.float64)  # [7]
    if not abs(float(motion[:4].norm()) - 1) <= 1e-3:
        raise ValueError(f"wanted a unit quaternion, got {motion[:4].tolist()}")
    w2c = torch.eye(4, dtype=torch.float64)
    w2c[:3, :3] = rotation_from_quaternion(motion[:4])
    w2c[:3, 3] = motion[4:]
    found = finder.find(image.name)
    return Frame(found.path, w2c, camera.focal, camera.middle, camera.size, camera.lens, listed=found.listed)


@dataclass(frozen=True)
class Description:
    """What a model's files hold: cameras as (model, size, parameters), whose ids count from 1, and the registered images."""

    cameras: tuple[tuple[str, tuple[int, int], tuple[float, ...]], ...]
    images: tuple[RegisteredImage, ...]


def describe_model(image_folder: Path, files: PosedFiles) -> Description:
    """Cameras and images of a model that is to be written; images of equal size, intrinsics and lens share one camera.

    Args:
        image_folder: the files' paths are named relative to it.

    Raises:
        ValueError: for a lens that none of COLMAP's models describes.
    """
    cameras = files.cameras.to("cpu", torch.float64)
    exact = replace(files, cameras=cameras)
    described = []
    for i in range(len(cameras)):
        camera, lens = exact.camera(i), Lens() if files.lenses is None else files.lenses[i]
        K = camera.K[0]
        model, parameters = name_model(lens, (K[0, 0].item(), K[1, 1].item()), (K[0, 2].item(), K[1, 2].item()))
        described.append((model, (camera.width, camera.height), tuple(parameters)))
    ids = {camera: i for i, camera in enumerate(dict.fromkeys(described), start=1)}
    motions = torch.cat([quaternion_from_rotation(cameras.w2c[:, :3, :3]), cameras.w2c[:, :3, 3]], dim=1).tolist()  # V rows of 7
    names = [Path(os.path.relpath(path, image_folder)).as_posix() for path in files.paths]
    return Description(tuple(ids), tuple(RegisteredImage(i + 1, motions[i], ids[described[i]], names[i]) for i in range(len(cameras))))


def quantize_colors(points: Tensor, colors: Tensor | None) -> Tensor:
    """Colours [N, 3] in 0..1 of points [N, 3] as whole numbers up to 255, int32; None is grey."""
    colors = torch.full_like(points, 0.5) if colors is None else colors
    check_shape(points, "N 3", colors, "N 3")
    return (colors * 255).round().clamp(0, 255).int().cpu()


def name_model(lens: Lens, focal: tuple[float, float], middle: tuple[float, float]) -> tuple[str, list[float]]:
    """The model and the parameters that describe a lens.

    Raises:
        ValueError: for a lens that none describes.
    """
    radial, divisor = (*lens.radial, 0.0, 0.0, 0.0, 0.0)[:4], (*lens.divisor, 0.0, 0.0, 0.0)[:3]
    if lens.is_pinhole:
        return "PINHOLE", [*focal, *middle]
    if lens.fisheye:
        return "OPENCV_FISHEYE", [*focal, *middle, *radial]
    if radial[3]:
        raise ValueError(f"COLMAP: wanted a lens without a fourth radial coefficient, got {radial[3]}; undistort the images first")
    if radial[2] or any(divisor):
        return "FULL_OPENCV", [*focal, *middle, *radial[:2], *lens.tangential, radial[2], *divisor]
    return "OPENCV", [*focal, *middle, *radial[:2], *lens.tangential]
