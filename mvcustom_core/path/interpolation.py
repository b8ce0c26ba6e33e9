"""Smooth camera motion through keyframes: cubic Hermite curves for the centre in R^3 and for the rotation in SO(3).

Both curves are one formula, a cubic in cumulative Bernstein form (Kim, Kim and Shin, SIGGRAPH 1995), with sums for centres and products
for rotations. Tangents weigh the neighbouring keyframes over centripetal spacing, which keeps the path free of loops and cusps. Two
keyframes give a straight line and a turn at constant speed.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ..camera.cameras import Cameras
from ..camera.rigid import rotation_from_vector, vector_from_rotation
from ..shapes import check_shape

SAMPLES_PER_SEGMENT = 64  # of the table that inverts arc length


def interpolate_cameras(keyframes: Cameras, times: Tensor, subject_distance: float = 1.0) -> Cameras:
    """Cameras along the curve through the keyframes.

    Args:
        keyframes: at least two cameras.
        times: [V] in keyframes: 0 is the first, 1 the second, 0.5 lies between; integers meet the keyframes exactly.
        subject_distance: world units that weigh as much as a turn by one radian (see `even_times`).

    Returns:
        V cameras; intrinsics change linearly between keyframes.
    """
    check_shape(times, "V")
    count = len(keyframes)
    if count < 2:
        raise ValueError(f"keyframes: wanted at least two cameras to move between, got {count}")
    if not (0 <= times.min() and times.max() <= count - 1):
        raise ValueError(f"keyframes: wanted times in [0, {count - 1}], got {float(times.min())} to {float(times.max())}")
    exact = keyframes.to("cpu", torch.float64)
    centers, rotation = exact.centers, exact.w2c[:, :3, :3].mT  # [A, 3], [A, 3, 3] of c2w
    moves, turns = centers.diff(dim=0), vector_from_rotation(rotation[:-1].mT @ rotation[1:])  # [A - 1, 3]; turns in camera axes
    gaps = _pose_distance(moves, turns, subject_distance).sqrt()  # centripetal
    gaps = gaps.clamp_min(1e-6 * float(gaps.max())) if gaps.max() > 0 else torch.ones_like(gaps)

    times = times.cpu().double()
    segment = times.long().clamp_max(count - 2)  # [V]
    u = times - segment
    basis = torch.stack([1 - (1 - u) ** 3, (3 - 2 * u) * u**2, u**3], dim=-1)[..., None]  # [V, 3, 1] cumulative Bernstein
    center = centers[segment]
    for weight, step in zip(basis.unbind(1), _center_steps(moves, gaps), strict=True):
        center = center + weight * step[segment]
    turned = rotation[segment]
    for weight, step in zip(basis.unbind(1), _rotation_steps(rotation, turns, gaps), strict=True):
        turned = turned @ rotation_from_vector(weight * step[segment])

    K = torch.lerp(exact.K[segment], exact.K[segment + 1], u[:, None, None])
    return Cameras.from_centers(turned.mT, center, K, keyframes.width, keyframes.height).to(keyframes.w2c.device, keyframes.w2c.dtype)


def even_times(keyframes: Cameras, views: int, subject_distance: float = 1.0) -> Tensor:
    """Times for `interpolate_cameras` at which the camera moves at even speed, first and last keyframe included.

    Speed is that of the picture: a turn by one radian counts like a move by `subject_distance` (world units), for both shift a subject
    at that distance alike. Cameras that do not move at all are spaced evenly in time.
    """
    if views < 1:
        raise ValueError(f"trajectory: wanted at least one view, got {views}")
    dense = torch.linspace(0, len(keyframes) - 1, SAMPLES_PER_SEGMENT * (len(keyframes) - 1) + 1, dtype=torch.float64)
    path = interpolate_cameras(keyframes.to("cpu", torch.float64), dense, subject_distance)
    rotation = path.w2c[:, :3, :3].mT
    steps = _pose_distance(path.centers.diff(dim=0), vector_from_rotation(rotation[:-1].mT @ rotation[1:]), subject_distance)
    if steps.sum() == 0:
        steps = torch.ones_like(steps)
    travelled = torch.nn.functional.pad(steps.cumsum(0), (1, 0))
    wanted = torch.linspace(0, float(travelled[-1]), views, dtype=torch.float64)
    return torch.from_numpy(np.interp(wanted, travelled, dense))  # [V]


def _pose_distance(move: Tensor, turn: Tensor, subject_distance: float) -> Tensor:
    """Lengths of moves [..., 3] and rotation vectors [..., 3] together, in world units."""
    return (move.square().sum(-1) + subject_distance**2 * turn.square().sum(-1)).sqrt()


def _center_steps(moves: Tensor, gaps: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The three Bernstein steps of every segment, each [A - 1, 3]."""
    tangents = _tangents(moves, gaps)
    first, last = tangents[:-1] * gaps[:, None] / 3, tangents[1:] * gaps[:, None] / 3
    return first, moves - first - last, last


def _rotation_steps(rotation: Tensor, turns: Tensor, gaps: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """As `_center_steps`, as rotation vectors: the middle one closes the product of the three."""
    tangents = _tangents(turns, gaps)
    first, last = tangents[:-1] * gaps[:, None] / 3, tangents[1:] * gaps[:, None] / 3
    whole = rotation[:-1].mT @ rotation[1:]
    middle = rotation_from_vector(-first) @ whole @ rotation_from_vector(-last)
    return first, vector_from_rotation(middle), last


def _tangents(steps: Tensor, gaps: Tensor) -> Tensor:
    """Velocities [A, 3] at the keyframes from steps [A - 1, 3] over gaps [A - 1]; the ends continue the parabola of three keyframes."""
    gaps = gaps[:, None]
    slopes = steps / gaps
    if len(slopes) == 1:
        return slopes.repeat(2, 1)
    inner = (gaps[1:] * slopes[:-1] + gaps[:-1] * slopes[1:]) / (gaps[1:] + gaps[:-1])
    return torch.cat([2 * slopes[:1] - inner[:1], inner, 2 * slopes[-1:] - inner[-1:]])
