"""Rigid motions: the choice of world, and rotations as vectors and as quaternions.

Rotations act on column vectors, angles are radians, quaternions are (w, x, y, z). Maths of cameras runs in
float64, because eight digits of a float32 rotation are soon lost in products, and on the CPU, because not every device has float64.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy.spatial.transform import Rotation
from torch import Tensor

from ..shapes import check_shape
from .cameras import Cameras

LEVEL = math.radians(2) ** 2  # by how much photographers roll their cameras, variance


def relative_to(cameras: Cameras, index: int) -> Cameras:
    """The same cameras in the frame of camera `index`, which then stands at the origin with identity rotation.

    Raises:
        ValueError: if there is no such camera.
    """
    if not -len(cameras) <= index < len(cameras):
        raise ValueError(f"relative_to: wanted an index below the {len(cameras)} cameras, got {index}")
    frame = cameras[index].to("cpu", torch.float64).w2c[0]
    return cameras.transform(frame[:3, :3], frame[:3, 3])


def upright_direction(cameras: Cameras) -> tuple[float, float, float]:
    """The world's up direction as photographers held their cameras: across all horizontal image axes, near the mean of the vertical ones.

    The mean alone leans back where all photographs look down from one side. Cameras that were held on their side do not count.
    """
    rotation = cameras.to("cpu", torch.float64).w2c[:, :3, :3]
    up = _fit_up(rotation)
    upright = (rotation[:, 0] @ up).abs() < 0.5 * up.norm()
    x, y, z = (_fit_up(rotation[upright]) if upright.any() else up).tolist()
    return x, y, z


def _fit_up(rotation: Tensor) -> Tensor:
    """The up direction [3], of any length, of camera-from-world rotations [V, 3, 3]."""
    right, up = rotation[:, 0], -rotation[:, 1].mean(0)  # [V, 3], [3]
    return torch.linalg.solve(right.mT @ right / len(right) + LEVEL * torch.eye(3, dtype=torch.float64), up)


def turn_upright(cameras: Cameras) -> Cameras:
    """The cameras in a world whose y axis points down, as the photographers held them, and whose x axis is to the first camera's right."""
    exact = cameras.to("cpu", torch.float64)
    down = -torch.tensor(upright_direction(exact), dtype=torch.float64)
    forward = torch.linalg.cross(exact.w2c[0, 0, :3], down)
    down, forward = (torch.nn.functional.normalize(axis, dim=0) for axis in (down, forward))
    rotation = torch.stack([torch.linalg.cross(down, forward), down, forward])  # [3, 3] new-from-old
    return cameras.transform(rotation, torch.zeros(3))


def rotation_from_vector(vector: Tensor) -> Tensor:
    """Rotation matrices [..., 3, 3] about the vectors [..., 3] by their lengths in radians, right-handed."""
    check_shape(vector, "... 3")
    matrices = Rotation.from_rotvec(_to_numpy(vector).reshape(-1, 3)).as_matrix()
    return torch.from_numpy(matrices).reshape(*vector.shape, 3).to(vector)  # [..., 3, 3]


def vector_from_rotation(rotation: Tensor) -> Tensor:
    """Rotation vectors [..., 3] of rotation matrices [..., 3, 3], length in [0, pi]: the inverse of `rotation_from_vector`."""
    check_shape(rotation, "... 3 3")
    vectors = Rotation.from_matrix(_to_numpy(rotation).reshape(-1, 3, 3)).as_rotvec()
    return torch.from_numpy(vectors).reshape(rotation.shape[:-1]).to(rotation)  # [..., 3]


def quaternion_from_rotation(rotation: Tensor) -> Tensor:
    """Unit quaternions [..., 4] with w >= 0 of rotation matrices [..., 3, 3], of the nearest rotations where these carry noise."""
    check_shape(rotation, "... 3 3")
    quaternions = Rotation.from_matrix(_to_numpy(rotation).reshape(-1, 3, 3)).as_quat(canonical=True)
    return torch.from_numpy(quaternions).roll(1, -1).reshape(*rotation.shape[:-2], 4).to(rotation)  # scipy's have w last


def rotation_from_quaternion(quaternion: Tensor) -> Tensor:
    """Rotation matrices [..., 3, 3] of quaternions [..., 4] of any length but zero."""
    check_shape(quaternion, "... 4")
    matrices = Rotation.from_quat(_to_numpy(quaternion.roll(-1, -1)).reshape(-1, 4)).as_matrix()
    return torch.from_numpy(matrices).reshape(*quaternion.shape[:-1], 3, 3).to(quaternion)  # [..., 3, 3]


def _to_numpy(values: Tensor) -> np.ndarray:
    return values.cpu().double().numpy()
