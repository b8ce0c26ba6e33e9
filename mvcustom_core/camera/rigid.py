"""Rigid motions: the choice of world, and rotations as vectors and as quaternions.

Rotations act on column vectors, angles are radians, quaternions are (w, x, y, z). Maths of cameras runs in
float64, because eight digits of a float32 rotation are soon lost in products, and on the CPU, because not every device has float64.
"""

from __future__ import annotations

import math

import torch
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

    The mean alone leans back where all photographs look down from one side.
    """
    rotation = cameras.to("cpu", torch.float64).w2c[:, :3, :3]
    right, up = rotation[:, 0], -rotation[:, 1].mean(0)  # [V, 3], [3]
    spread = right.mT @ right / len(right) + LEVEL * torch.eye(3, dtype=torch.float64)
    x, y, z = torch.linalg.solve(spread, up).tolist()
    return x, y, z


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
    x, y, z = vector.unbind(-1)
    zero = torch.zeros_like(x)
    cross = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], dim=-1).unflatten(-1, (3, 3))  # [..., 3, 3]
    return torch.linalg.matrix_exp(cross)


def vector_from_rotation(rotation: Tensor) -> Tensor:
    """Rotation vectors [..., 3] of rotation matrices [..., 3, 3], length in [0, pi]: the inverse of `rotation_from_vector`."""
    w, axis = quaternion_from_rotation(rotation).split([1, 3], dim=-1)
    sine = axis.norm(dim=-1, keepdim=True)  # of half the angle
    angle = 2 * torch.atan2(sine, w)
    return axis * torch.where(sine > 1e-12, angle / sine.clamp_min(1e-12), torch.full_like(sine, 2.0))


def quaternion_from_rotation(rotation: Tensor) -> Tensor:
    """Unit quaternions [..., 4] with w >= 0 of rotation matrices [..., 3, 3].

    The entries of 4 q q^T are sums of entries of the matrix, so q is its leading eigenvector: exact at every angle, and the nearest
    rotation where the matrix carries noise (Bar-Itzhack, 2000).
    """
    check_shape(rotation, "... 3 3")
    (a, b, c), (d, e, f), (g, h, i) = (row.unbind(-1) for row in rotation.unbind(-2))
    entries = [1 + a + e + i, h - f, c - g, d - b]
    entries += [h - f, 1 + a - e - i, b + d, c + g]
    entries += [c - g, b + d, 1 + e - a - i, f + h]
    entries += [d - b, c + g, f + h, 1 + i - a - e]
    outer = torch.stack(entries, dim=-1).unflatten(-1, (4, 4))  # [..., 4, 4]
    quaternion = torch.linalg.eigh(outer).eigenvectors[..., -1]  # [..., 4]
    return torch.where(quaternion[..., :1] < 0, -quaternion, quaternion)


def rotation_from_quaternion(quaternion: Tensor) -> Tensor:
    """Rotation matrices [..., 3, 3] of quaternions [..., 4] of any length but zero."""
    check_shape(quaternion, "... 4")
    w, x, y, z = torch.nn.functional.normalize(quaternion, dim=-1).unbind(-1)
    rows = [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)]
    rows += [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)]
    rows += [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)]
    return torch.stack(rows, dim=-1).unflatten(-1, (3, 3))
