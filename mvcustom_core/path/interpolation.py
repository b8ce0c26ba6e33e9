"""Smooth camera motion through keyframes: cubic Hermite curves for the centre, a cubic rotation spline for the axes.

Keyframes lie at centripetal spacing along the curve, which keeps the path free of loops and cusps. Two keyframes give a straight line
and a turn at constant speed.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy.interpolate import CubicHermiteSpline
from scipy.spatial.transform import Rotation, RotationSpline
from torch import Tensor

from ..camera.cameras import Cameras
from ..shapes import check_shape
from .pace import Views, walk

SAMPLES_PER_SEGMENT = 64  # of the table that inverts arc length
LARGEST_TURN = np.pi - 1e-3  # radians from one keyframe to the next; beyond it rounding decides which way round it goes


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
    centers, times = exact.centers.numpy(), times.cpu().double().numpy()
    gaps = np.sqrt(_measure_steps(exact, subject_distance))  # centripetal
    gaps = np.maximum(gaps, 1e-6 * gaps.max()) if gaps.max() > 0 else np.ones_like(gaps)
    knots = np.concatenate([[0.0], gaps.cumsum()])  # [A]
    at = np.interp(times, np.arange(count), knots)  # [V]
    velocities = np.gradient(centers, knots, axis=0, edge_order=min(2, count - 1))  # [A, 3], of parabolas through three keyframes
    center = CubicHermiteSpline(knots, centers, velocities)(at)  # [V, 3]
    rotation = _turn(knots, _rotations(exact), at).as_matrix()  # [V, 3, 3]
    segment = torch.from_numpy(times).long().clamp_max(count - 2)  # [V]
    share = torch.from_numpy(times) - segment
    K = torch.lerp(exact.K[segment], exact.K[segment + 1], share[:, None, None])
    moved = Cameras.from_centers(torch.from_numpy(rotation).mT, torch.from_numpy(center), K, keyframes.width, keyframes.height)
    return moved.to(keyframes.w2c.device, keyframes.w2c.dtype)


def even_times(keyframes: Cameras, views: Views, subject_distance: float = 1.0) -> Tensor:
    """Times for `interpolate_cameras` at which the camera moves at even speed, first and last keyframe included.

    Views with shares of their own stand at these shares of the way.

    Speed is that of the picture: a turn by one radian counts like a move by `subject_distance` (world units), for both shift a subject
    at that distance alike. Cameras that do not move at all are spaced evenly in time.
    """
    dense = torch.linspace(0, len(keyframes) - 1, SAMPLES_PER_SEGMENT * (len(keyframes) - 1) + 1, dtype=torch.float64)
    steps = _measure_steps(interpolate_cameras(keyframes.to("cpu", torch.float64), dense, subject_distance), subject_distance)
    if steps.sum() == 0:
        steps = np.ones_like(steps)
    travelled = np.concatenate([[0.0], steps.cumsum()])
    even = isinstance(views, int) and views > 0
    distances = np.linspace(0, travelled[-1], views) if even else walk(views, (0.0, travelled[-1])).numpy()  # their last bits differ
    return torch.from_numpy(np.interp(distances, travelled, dense))  # [V]


def _turn(knots: np.ndarray, rotations: Rotation, at: np.ndarray) -> Rotation:
    """The same curve from the first keyframe to the last as from the last to the first.

    A rotation spline counts the turn of each segment from the segment's first keyframe, so that the way back differs a little from the way
    there: the curve lies half-way between both. Which way round two keyframes half a turn apart are joined is arbitrary, and may differ
    between both; then the way there stands alone.
    """
    there = RotationSpline(knots, rotations)(at)
    if (rotations[:-1].inv() * rotations[1:]).magnitude().max() > LARGEST_TURN:
        return there
    back = RotationSpline(knots[-1] - knots[::-1], rotations[::-1])(knots[-1] - at)
    return there * Rotation.from_rotvec((there.inv() * back).as_rotvec() / 2)


def _measure_steps(exact: Cameras, subject_distance: float) -> np.ndarray:
    """Lengths [A - 1] of moves and turns from each camera to the next together, in world units."""
    rotation = _rotations(exact)
    turns = (rotation[:-1].inv() * rotation[1:]).magnitude()
    return np.hypot(exact.centers.diff(dim=0).norm(dim=-1).numpy(), subject_distance * turns)


def _rotations(exact: Cameras) -> Rotation:
    """World-from-camera."""
    return Rotation.from_matrix(exact.w2c[:, :3, :3].mT.numpy())
