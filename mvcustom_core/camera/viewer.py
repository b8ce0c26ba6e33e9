"""Cameras of 3D viewers that follow three.js, as ComfyUI passes them from one 3D tool to the next.

The viewer's world is right-handed with y up, and its cameras look along -z with y up. It is this project's world with the x and y axes
reversed, which is the same rotation in both directions; so yaw 0 of ComfyUI's cameras is where this project's default camera stands, and
larger angles move to the camera's right in both. A viewer's camera has square pixels, the principal point in the middle of the
picture, and a vertical field of view in degrees.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import normalize

from ..shapes import check_shape
from .cameras import Cameras, look_at, make_intrinsics, rigid_about
from .rigid import quaternion_from_rotation, rotation_from_quaternion

WORLD = (-1.0, -1.0, 1.0)  # our world to the viewer's and back
CAMERA = (1.0, -1.0, -1.0)  # our camera's axes to the viewer's and back
UP = (0.0, -1.0, 0.0)  # the viewer's, in our world
FOV_DEG = 35.0  # of a camera that names none, as ComfyUI's own renderer takes it
EXACT = 1e-4  # of the picture's size: less is rounding
XYZ, XYZW = ("x", "y", "z"), ("x", "y", "z", "w")


def cameras_from_viewer(entries: Sequence[Mapping[str, Any]], width: int, height: int) -> Cameras:
    """Cameras for pictures of width x height pixels.

    A camera without a quaternion looks at its target and is held upright.

    Raises:
        ValueError: if there is none, or one is orthographic, lacks a position, or holds numbers that cannot be.
    """
    if not entries:
        raise ValueError("viewer camera: wanted at least one camera, got none")
    w2c, focal = [], []
    for number, entry in enumerate(entries):
        try:
            w2c.append(_read_pose(entry))
            focal.append(_read_focal(entry, height))
        except ValueError as error:
            raise ValueError(f"viewer camera {number}: {error}") from error
    focals = torch.tensor(focal, dtype=torch.float64)[:, None].expand(-1, 2)  # [V, 2]
    middle = focals.new_tensor([width / 2, height / 2]).expand_as(focals)
    return Cameras.checked(torch.cat(w2c).float(), make_intrinsics(focals, middle).float(), width, height)


def cameras_to_viewer(cameras: Cameras) -> list[dict[str, Any]]:
    """One viewer's camera for each of V cameras; `describe_viewer_loss` says what it cannot hold."""
    exact = cameras.to("cpu", torch.float64)
    quaternion = quaternion_from_rotation(turn_to_viewer(exact.w2c[:, :3, :3].mT))  # [V, 4] world-from-camera
    target = exact.centers + _reach_target(exact)[:, None] * exact.forward
    fov = 2 * (cameras.height / 2 / exact.K[:, 1, 1]).atan().rad2deg()
    return [
        {
            "position": _name(XYZ, to_viewer(exact.centers[i])),
            "target": _name(XYZ, to_viewer(target[i])),
            "quaternion": _name(XYZW, quaternion[i].roll(-1)),
            "fov": float(fov[i]),
            "aspect": cameras.width / cameras.height,
            "zoom": 1.0,
            "cameraType": "perspective",
        }
        for i in range(len(cameras))
    ]


def to_viewer(points: Tensor) -> Tensor:
    """Points [..., 3] of our world in the viewer's world, or back."""
    return points * points.new_tensor(WORLD)


def turn_to_viewer(c2w: Tensor) -> Tensor:
    """World-from-camera rotations [..., 3, 3] of our axes as those of the viewer's axes, or back."""
    return c2w.new_tensor(WORLD)[:, None] * c2w * c2w.new_tensor(CAMERA)


def describe_viewer_loss(cameras: Cameras) -> str | None:
    """What a viewer's camera cannot hold of these cameras, for people to read; None if it holds all."""
    K, size = cameras.K.cpu().double(), torch.tensor([cameras.width, cameras.height], dtype=torch.float64)
    shift = (K[:, :2, 2] - size / 2).norm(dim=-1).max()
    stretch = (K[:, 0, 0] / K[:, 1, 1] - 1).abs().max()
    lost = [f"a principal point {shift:.3g} pixels from the middle"] if shift > EXACT * size.max() else []
    lost += [f"pixels that are {stretch:.2%} from square"] if stretch > EXACT else []
    return " and ".join(lost) or None


def _read_pose(entry: Mapping[str, Any]) -> Tensor:
    """Camera-from-world [1, 4, 4], float64."""
    if not isinstance(entry, Mapping):
        raise ValueError(f"wanted a camera with position, quaternion and fov, got {type(entry).__name__}")
    if str(entry.get("cameraType", "")).lower().startswith("ortho"):
        raise ValueError("wanted a perspective camera, got an orthographic one; switch the viewer to perspective")
    center = to_viewer(_read_vector(entry, "position", XYZ))[None]  # [1, 3]
    if entry.get("quaternion") is None:
        target = to_viewer(_read_vector(entry, "target", XYZ))[None]
        return look_at(center, target, center.new_tensor([UP]))
    quaternion = _read_vector(entry, "quaternion", XYZW)
    if not float(quaternion.norm()) > 0:
        raise ValueError("wanted a quaternion that is not zero, got 0, 0, 0, 0")
    c2w = turn_to_viewer(rotation_from_quaternion(normalize(quaternion, dim=0).roll(1)))
    return rigid_about(c2w.mT[None], center)


def _read_focal(entry: Mapping[str, Any], height: int) -> float:
    fov, zoom = (_read_number(entry.get(key) or default, key) for key, default in (("fov", FOV_DEG), ("zoom", 1.0)))
    if not (0 < fov < 180 and zoom > 0):
        raise ValueError(f"wanted a field of view between 0 and 180 degrees and a positive zoom, got {fov:g} and {zoom:g}")
    return height / 2 / math.tan(math.radians(fov) / 2) * zoom


def _read_vector(entry: Mapping[str, Any], key: str, names: Sequence[str]) -> Tensor:
    value = entry.get(key)
    if not isinstance(value, Mapping) or any(name not in value for name in names):
        raise ValueError(f"wanted {key} with {', '.join(names)}, got {value!r:.80}")
    return torch.tensor([_read_number(value[name], f"{key}.{name}") for name in names], dtype=torch.float64)


def _read_number(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"wanted {name} to be a finite number, got {value!r:.40}")
    return float(value)


def _reach_target(exact: Cameras) -> Tensor:
    """The distance [V] along the optical axis at which a camera is nearest to the world's origin; 1 where that is not in front of it."""
    reach = exact.w2c[:, 2, 3]  # z-depth of the origin
    return torch.where(reach > 1e-6, reach, torch.ones_like(reach))


def _name(names: Sequence[str], values: Tensor) -> dict[str, float]:
    check_shape(values, "N")
    return dict(zip(names, values.tolist(), strict=True))
