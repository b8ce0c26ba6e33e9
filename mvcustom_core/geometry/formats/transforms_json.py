"""transforms.json of nerfstudio, instant-ngp and the Blender scenes of NeRF.

World-from-camera matrices with OpenGL camera axes (x right, y up, z backward), intrinsics in pixels, shared or per frame. The world is
taken as it is: `applied_transform` and `applied_scale` say how it came about from an earlier one and are already in the matrices, so they
are not applied again.
"""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..cameras import Cameras
from .posed_files import PosedFiles, check_images, check_rigid, distortion_or_none, image_size, read_text

PINHOLE_MODELS = ("OPENCV", "PINHOLE", "SIMPLE_PINHOLE", "RADIAL", "SIMPLE_RADIAL")
EXTENSIONS = (".png", ".jpg", ".jpeg")  # tried where a path has none, as in the Blender scenes
DISTORTION = ("k1", "k2", "p1", "p2")
FLIP = (1.0, -1.0, -1.0, 1.0)  # OpenGL camera axes to OpenCV ones and back


def read_transforms_json(path: Path) -> PosedFiles:
    """Read cameras and file names; paths are relative to the file's folder.

    Raises:
        ValueError: naming the file or frame and what is wrong: no JSON, no frames, a lens that is no pinhole with OpenCV distortion, a
            matrix that is not rigid, a missing image, images or frames of different sizes.
    """
    frames = _parse(path)
    names = [f"{path.name}, frame {i} ({frame.get('file_path')})" for i, frame in enumerate(frames)]
    for frame, name in zip(frames, names, strict=True):
        _check_lens(frame, name)
    c2w = torch.stack([_matrix(frame, name) for frame, name in zip(frames, names, strict=True)])  # [V, 4, 4]
    check_rigid(c2w, names)
    images = tuple(_find_file(path.parent, frame, "file_path", name) for frame, name in zip(frames, names, strict=True))
    masks = _find_masks(path.parent, frames, names)
    sizes = [_size(frame, image, name) for frame, image, name in zip(frames, images, names, strict=True)]
    if len(set(sizes)) > 1:
        raise ValueError(f"{path.name}: wanted images of one size, got {sorted(set(sizes))}; resize them or split the scene")
    check_images(images + (masks or ()), sizes[0])
    K = torch.tensor([_intrinsics(frame, *sizes[0], name) for frame, name in zip(frames, names, strict=True)])  # [V, 3, 3]
    lenses = [[_number(frame, key, name, 0.0) for key in DISTORTION] for frame, name in zip(frames, names, strict=True)]
    w2c = torch.linalg.inv(c2w * c2w.new_tensor(FLIP)).float()
    return PosedFiles(Cameras(w2c, K, *sizes[0]), images, masks, distortion_or_none(lenses))


def write_transforms_json(path: Path, files: PosedFiles, points: Path | None = None) -> None:
    """Write cameras and file names for nerfstudio and its kin.

    Args:
        points: a .ply point cloud in the same world, to start Gaussian splats from.
    """
    exact = files.cameras.to("cpu", torch.float64)
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
    for i, c2w in enumerate(exact.c2w * exact.w2c.new_tensor(FLIP)):
        frame = {"file_path": _relative(files.paths[i], path.parent), "transform_matrix": c2w.tolist()}
        if files.masks is not None:
            frame["mask_path"] = _relative(files.masks[i], path.parent)
        K = exact.K[i]
        frame |= {"fl_x": K[0, 0].item(), "fl_y": K[1, 1].item(), "cx": K[0, 2].item(), "cy": K[1, 2].item()}
        if files.distortion is not None:
            frame |= dict(zip(DISTORTION, files.distortion[i].tolist(), strict=True))
        document["frames"].append(frame)
    path.write_text(json.dumps(document, indent=2), encoding="utf-8")


def _parse(path: Path) -> list[dict[str, Any]]:
    """The frames, each with the shared numbers that it does not replace by its own."""
    try:
        document = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path.name}: wanted JSON, got {error.msg} in line {error.lineno}; the file may be cut short") from error
    frames = document.get("frames") if isinstance(document, dict) else None
    if not isinstance(frames, list) or not frames or not all(isinstance(frame, dict) for frame in frames):
        raise ValueError(f"{path.name}: wanted a list of frames, got none; is this a transforms.json?")
    shared = {key: value for key, value in document.items() if key != "frames"}
    return [shared | frame for frame in frames]


def _check_lens(frame: dict[str, Any], name: str) -> None:
    model = frame.get("camera_model", "OPENCV")
    if model not in PINHOLE_MODELS or frame.get("is_fisheye"):
        raise ValueError(f"{name}: wanted a camera model of {', '.join(PINHOLE_MODELS)}, got {model} (fisheye or other); undistort first")
    higher = [key for key in ("k3", "k4") if _number(frame, key, name, 0.0) != 0]
    if higher:
        raise ValueError(f"{name}: wanted distortion by k1, k2, p1, p2, got {' and '.join(higher)} too; undistort the images first")


def _matrix(frame: dict[str, Any], name: str) -> Tensor:
    rows = frame.get("transform_matrix")
    try:
        matrix = torch.tensor(rows, dtype=torch.float64)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"{name}: wanted a transform_matrix of 4x4 numbers, got {rows!r:.60}") from error
    if matrix.shape != (4, 4):
        raise ValueError(f"{name}: wanted a transform_matrix of 4x4 numbers, got {list(matrix.shape)}")
    return matrix


def _find_file(folder: Path, frame: dict[str, Any], key: str, name: str) -> Path:
    value = frame.get(key)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name}: wanted {key} to name a file, got {value!r}")
    path = folder / value.replace("\\", "/")
    candidates = [path, *(path.with_name(path.name + extension) for extension in EXTENSIONS)]
    return next((candidate for candidate in candidates if candidate.is_file()), path)


def _find_masks(folder: Path, frames: list[dict[str, Any]], names: list[str]) -> tuple[Path, ...] | None:
    lacking = [name for frame, name in zip(frames, names, strict=True) if "mask_path" not in frame]
    if len(lacking) == len(frames):
        return None
    if lacking:
        raise ValueError(f"{lacking[0]}: wanted masks for all frames or for none, got {len(frames) - len(lacking)} of {len(frames)}")
    return tuple(_find_file(folder, frame, "mask_path", name) for frame, name in zip(frames, names, strict=True))


def _size(frame: dict[str, Any], image: Path, name: str) -> tuple[int, int]:
    if "w" not in frame or "h" not in frame:
        return image_size(image)
    return int(_number(frame, "w", name)), int(_number(frame, "h", name))


def _intrinsics(frame: dict[str, Any], width: int, height: int, name: str) -> list[list[float]]:
    if "fl_x" in frame:
        focal_x = _number(frame, "fl_x", name)
    elif "camera_angle_x" in frame:
        focal_x = width / 2 / math.tan(_number(frame, "camera_angle_x", name) / 2)
    else:
        raise ValueError(f"{name}: wanted a focal length as fl_x (pixels) or camera_angle_x (radians), got neither")
    focal_y = _number(frame, "fl_y", name, focal_x)
    if "fl_x" not in frame and "fl_y" not in frame and "camera_angle_y" in frame:
        focal_y = height / 2 / math.tan(_number(frame, "camera_angle_y", name) / 2)
    center_x, center_y = _number(frame, "cx", name, width / 2), _number(frame, "cy", name, height / 2)
    if not (focal_x > 0 and focal_y > 0):
        raise ValueError(f"{name}: wanted positive focal lengths, got {focal_x} and {focal_y}")
    return [[focal_x, 0.0, center_x], [0.0, focal_y, center_y], [0.0, 0.0, 1.0]]


def _number(frame: dict[str, Any], key: str, name: str, default: float | None = None) -> float:
    value = frame.get(key, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError(f"{name}: wanted {key} to be a finite number, got {value!r}")
    return float(value)


def _relative(path: Path, folder: Path) -> str:
    """The path as seen from the folder, with forward slashes; another drive has no such path and stays absolute."""
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:
        return path.absolute().as_posix()
