"""transforms.json of nerfstudio, instant-ngp and the Blender scenes of NeRF.

World-from-camera matrices with OpenGL camera axes (x right, y up, z backward), intrinsics in pixels, shared or per frame. The world is
taken as it is: `applied_transform` and `applied_scale` say how it came about from an earlier one and are already in the matrices, so they
are not applied again.
"""

from __future__ import annotations

import json
import math
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ...camera.lens import Lens
from ..files.finder import MASK_FOLDER, FileFinder, Found, list_picture_folders
from ..files.image_file import Header, Size, read_header
from ..files.left_out import FileFault
from ..files.matrix import make_rigid
from ..files.posed_files import Frame, PosedFiles, collect_frames
from ..files.text import read_text

FISHEYE_MODELS = ("OPENCV_FISHEYE",)
OPENCV_MODELS = ("OPENCV", "PINHOLE", "SIMPLE_PINHOLE", "RADIAL", "SIMPLE_RADIAL")
RADIAL, TANGENTIAL = ("k1", "k2", "k3", "k4"), ("p1", "p2")  # here k4 belongs to r^8, not to OpenCV's divisor
FLIP = (1.0, -1.0, -1.0, 1.0)  # OpenGL camera axes to OpenCV ones and back
IN_PIXELS = ("fl_x", "fl_y", "cx", "cy")
OFF_CENTER = 0.1  # of the picture's size: a principal point farther from the middle is one of a picture at another scale
WHOLE = 0.1  # pixels: a size that follows from focal length and angle is whole but for rounding


def read_transforms_json(path: Path) -> PosedFiles:
    """Read cameras and file names; paths are relative to the file's folder.

    Frames whose matrix is not rigid, whose numbers are none, whose image is missing or of another size are left out with the reason.

    Raises:
        ValueError: naming what is wrong with the file: no JSON, no frames, no usable frame, masks for some frames only.
    """
    frames = _parse(path)
    names = [f"{path.name}, frame {i} ({frame.get('file_path')})" for i, frame in enumerate(frames)]
    folder = path.parent
    images, masks = FileFinder(folder, list_picture_folders([folder])), FileFinder(folder, (folder / MASK_FOLDER,), (folder,))
    return collect_frames(path.name, names, lambda i: _read_frame(images, masks, frames[i]))


def write_transforms_json(path: Path, files: PosedFiles, points: Path | None = None) -> None:
    """Write cameras and file names for nerfstudio and its kin.

    Args:
        points: a .ply point cloud in the same world, to start Gaussian splats from.

    Raises:
        ValueError: for a lens of OpenCV's rational model, which the format does not have.
    """
    exact = replace(files, cameras=files.cameras.to("cpu", torch.float64))
    document: dict[str, Any] = {
        "camera_model": "OPENCV",
        "w": files.cameras.width,
        "h": files.cameras.height,
        # without this line nerfstudio assumes that COLMAP's axes were swapped
        "applied_transform": torch.eye(4)[:3].tolist(),
    }
    if points is not None:
        document["ply_file_path"] = _relative(points, path.parent)
    document["frames"] = []
    for i, c2w in enumerate(exact.cameras.c2w * torch.tensor(FLIP, dtype=torch.float64)):
        frame = {"file_path": _relative(files.paths[i], path.parent), "transform_matrix": c2w.tolist()}
        if files.masks is not None:
            frame["mask_path"] = _relative(files.masks[i], path.parent)
        camera = exact.camera(i)
        K = camera.K[0]
        if (camera.width, camera.height) != (document["w"], document["h"]):
            frame |= {"w": camera.width, "h": camera.height}
        frame |= {"fl_x": K[0, 0].item(), "fl_y": K[1, 1].item(), "cx": K[0, 2].item(), "cy": K[1, 2].item()}
        if files.lenses is not None:
            frame |= _describe_lens(files.lenses[i])
        document["frames"].append(frame)
    path.write_text(json.dumps(document, indent=2), encoding="utf-8")


def _parse(path: Path) -> list[dict[str, Any]]:
    """The frames, each with the shared numbers that it does not replace by its own."""
    try:
        document = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        advice = "the file may be cut short, or have comments, which JSON has not"
        raise ValueError(f"{path.name}: wanted JSON, got {error.msg} in line {error.lineno}; {advice}") from error
    except ValueError as error:  # Python refuses integers of thousands of digits
        raise ValueError(f"{path.name}: wanted JSON with numbers of usual length, got: {error}; write the file again") from error
    frames = document.get("frames") if isinstance(document, dict) else None
    if not isinstance(frames, list) or not frames or not all(isinstance(frame, dict) for frame in frames):
        raise ValueError(f"{path.name}: wanted a list of frames, got none; is this a transforms.json?")
    shared = {key: value for key, value in document.items() if key != "frames"}
    return [shared | frame for frame in frames]


def _read_frame(images: FileFinder, masks: FileFinder, frame: dict[str, Any]) -> Frame:
    w2c = torch.linalg.inv(_matrix(frame) * torch.tensor(FLIP, dtype=torch.float64))  # [4, 4]
    image = _find_file(images, frame, "file_path")
    mask = _find_mask(masks, frame) if "mask_path" in frame else None
    width, height = _camera_size(frame, image.path)
    return Frame(
        path=image.path,
        w2c=w2c,
        focal=_focal_lengths(frame, width, height),
        middle=(_number(frame, "cx", width / 2), _number(frame, "cy", height / 2)),
        size=(width, height),
        lens=_read_lens(frame),
        mask=mask and mask.path,
        listed=image.listed,
        mask_listed=mask.listed if mask else "",
    )


def _read_lens(frame: dict[str, Any]) -> Lens:
    model = frame.get("camera_model", "OPENCV")
    if model not in OPENCV_MODELS + FISHEYE_MODELS:
        raise ValueError(f"wanted a camera model of {', '.join(OPENCV_MODELS + FISHEYE_MODELS)}, got {model}; undistort the images first")
    radial = tuple(_number(frame, key, 0.0) for key in RADIAL)
    if model in FISHEYE_MODELS or frame.get("is_fisheye"):
        return Lens(radial, fisheye=True)
    return Lens(radial, (_number(frame, "p1", 0.0), _number(frame, "p2", 0.0)))


def _describe_lens(lens: Lens) -> dict[str, Any]:
    if any(lens.divisor):
        raise ValueError("transforms.json: wanted a lens of radial and tangential distortion or a fisheye, got a rational one")
    numbers = dict(zip(RADIAL, lens.radial, strict=False)) | dict(zip(TANGENTIAL, lens.tangential, strict=True))
    return numbers | ({"camera_model": FISHEYE_MODELS[0]} if lens.fisheye else {})


def _matrix(frame: dict[str, Any]) -> Tensor:
    """World-from-camera [4, 4], rigid."""
    rows = frame.get("transform_matrix")
    try:
        matrix = torch.tensor(rows, dtype=torch.float64)
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise ValueError(f"wanted a transform_matrix of 4x4 numbers, got {rows!r:.60}") from error
    if matrix.shape != (4, 4):
        raise ValueError(f"wanted a transform_matrix of 4x4 numbers, got {list(matrix.shape)}")
    if not torch.isfinite(matrix).all():
        raise ValueError("wanted a transform_matrix of finite numbers, got NaN or infinity")
    if torch.linalg.det(matrix) == 0:
        raise ValueError("wanted a transform_matrix that can be inverted, got a singular one")
    return make_rigid(matrix)


def _find_file(finder: FileFinder, frame: dict[str, Any], key: str) -> Found:
    value = frame.get(key)
    if not isinstance(value, str) or not value:
        raise ValueError(f"wanted {key} to name a file, got {value!r}")
    return finder.find(value)


def _find_mask(finder: FileFinder, frame: dict[str, Any]) -> Found:
    """The mask's file, also where there is none: masks are missed together."""
    try:
        return _find_file(finder, frame, "mask_path")
    except FileFault as error:
        return Found(error.path)


def _camera_size(frame: dict[str, Any], image: Path) -> Size:
    """The size that the frame's intrinsics are for: as the file says; else that of the image, if nothing speaks against it.

    Raises:
        ValueError: if there are intrinsics in pixels, and nothing tells of pictures of which size.
    """
    if "w" in frame and "h" in frame:
        return int(_number(frame, "w")), int(_number(frame, "h"))
    header = read_header(image)
    if not any(key in frame for key in IN_PIXELS):
        return header.size
    found = _size_by_angles(frame, header) or next((size for size in (header.size, header.turned_size) if _is_central(frame, size)), None)
    if found is None:
        given = ", ".join(f"{key} {frame[key]}" for key in IN_PIXELS if key in frame)
        raise ValueError(f"wanted w and h, the size of the pictures that the intrinsics are for, got {given} alone; add them to the file")
    return found


def _size_by_angles(frame: dict[str, Any], header: Header) -> Size | None:
    """The size that follows from focal lengths in pixels and angles of view; None if they give no whole number of pixels."""
    if "fl_x" not in frame or "camera_angle_x" not in frame:
        return None
    focal = _number(frame, "fl_x")
    width = 2 * focal * math.tan(_number(frame, "camera_angle_x") / 2)
    if "camera_angle_y" in frame:
        height = 2 * _number(frame, "fl_y", focal) * math.tan(_number(frame, "camera_angle_y") / 2)
    elif header.turned_size == header.size:
        height = round(header.size[1] * width / header.size[0])
    else:  # the picture's aspect is not known before it is known whether it is turned
        return None
    if not all(side >= 1 and abs(side - round(side)) <= WHOLE for side in (width, height)):
        return None
    return round(width), round(height)


def _is_central(frame: dict[str, Any], size: Size) -> bool:
    """Whether the principal point is near the middle of a picture of this size, as it would not be at half or twice the size."""
    middle = [_number(frame, key) / side for key, side in zip(("cx", "cy"), size, strict=True) if key in frame]
    return bool(middle) and all(abs(part - 0.5) <= OFF_CENTER for part in middle)


def _focal_lengths(frame: dict[str, Any], width: int, height: int) -> tuple[float, float]:
    if "fl_x" in frame:
        focal_x = _number(frame, "fl_x")
    elif "camera_angle_x" in frame:
        focal_x = _focal_of_angle(frame, "camera_angle_x", width)
    else:
        raise ValueError("wanted a focal length as fl_x (pixels) or camera_angle_x (radians), got neither")
    focal_y = _number(frame, "fl_y", focal_x)
    if "fl_x" not in frame and "fl_y" not in frame and "camera_angle_y" in frame:
        focal_y = _focal_of_angle(frame, "camera_angle_y", height)
    if not (focal_x > 0 and focal_y > 0):
        raise ValueError(f"wanted positive focal lengths, got {focal_x} and {focal_y}")
    return focal_x, focal_y


def _focal_of_angle(frame: dict[str, Any], key: str, extent: int) -> float:
    """The focal length in pixels that gives a picture of this extent an angle of view."""
    angle = _number(frame, key)
    if not 0 < angle < math.pi:
        raise ValueError(f"wanted {key} between 0 and pi (radians), got {angle}")
    return extent / 2 / math.tan(angle / 2)


def _number(frame: dict[str, Any], key: str, default: float | None = None) -> float:
    value = frame.get(key, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= sys.float_info.max:
        raise ValueError(f"wanted {key} to be a finite number, got {value!r:.60}")
    return float(value)


def _relative(path: Path, folder: Path) -> str:
    """The path as seen from the folder, with forward slashes; another drive has no such path and stays absolute."""
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:
        return path.absolute().as_posix()
