"""Camera paths. Each preset moves one base camera and returns `views` cameras with its intrinsics and image size.

Film terms: truck, pedestal and dolly move the camera along its own axes; pan and tilt turn it in place; orbit and spiral rotate it rigidly
around a centre, so that the subject keeps its place in the picture. A number of views is spaced evenly over a range (start, end), including
both ends, and a single view is at the start; views with a pace of their own come from `ease_views`. Distances are world units (1 is the
distance of the farthest camera of a normalised scene), angles are degrees, and right, up and forward are positive. `up` is a world
direction; None takes the base camera's own (its -y axis).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from ..camera.cameras import Cameras, fit_cameras, look_at, square_intrinsics
from ..camera.rigid import relative_to, rotation_from_vector
from .interpolation import even_times, interpolate_cameras
from .pace import Views, walk

Vector = tuple[float, float, float]
Range = tuple[float, float]
ORIGIN: Vector = (0.0, 0.0, 0.0)
UP: Vector = (0.0, -1.0, 0.0)  # of scenes that are made up; photographs have their own
FRONT_ELEVATION_DEG, FRONT_FOV_DEG = 18.0, 52.0


def orbit(
    base: Cameras,
    views: Views,
    azimuth_deg: Range = (-15.0, 15.0),
    elevation_deg: float = 0.0,
    radius: float | None = None,
    center: Vector = ORIGIN,
    up: Vector | None = None,
) -> Cameras:
    """Circle about a centre; the angles count from the base camera, so that 0 and 0 are the base camera itself.

    Args:
        azimuth_deg: range about `up`; the camera moves to its right for positive angles.
        elevation_deg: height of the whole circle above the base camera.
        radius: distance to the centre; None keeps the base camera's.
    """
    azimuth = walk(views, azimuth_deg)
    return _swing(base, azimuth, torch.full_like(azimuth, elevation_deg), radius, center, up)


def spiral(
    base: Cameras, views: Views, angle_deg: float = 10.0, turns: float = 1.0, center: Vector = ORIGIN, up: Vector | None = None
) -> Cameras:
    """Spiral outward from the base camera on a sphere around a centre, clockwise as seen by the camera, until `angle_deg` away.

    Raises:
        ValueError: if there are no turns.
    """
    if not turns > 0:
        raise ValueError(f"trajectory: wanted a positive number of turns, got {turns}")
    end = 2 * math.pi * turns
    dense = torch.linspace(0, end, 1024, dtype=torch.float64)
    travelled = dense * (1 + dense**2).sqrt() + dense.asinh()  # arc length of Archimedes' spiral, but for a factor
    phase = torch.from_numpy(np.interp(walk(views, (0.0, float(travelled[-1]))), travelled, dense))
    away = angle_deg * phase / end  # [V]
    return _swing(base, away * phase.sin(), away * phase.cos(), None, center, up)


def truck(base: Cameras, views: Views, distance: Range = (-0.2, 0.2)) -> Cameras:
    """Move sideways, right positive, without turning."""
    return _slide(base, walk(views, distance), axis=0)


def pedestal(base: Cameras, views: Views, distance: Range = (-0.2, 0.2)) -> Cameras:
    """Move up (positive) or down without turning."""
    return _slide(base, -walk(views, distance), axis=1)


def dolly(base: Cameras, views: Views, distance: Range = (0.0, 0.3)) -> Cameras:
    """Move along the line of sight, forward positive."""
    return _slide(base, walk(views, distance), axis=2)


def pan(base: Cameras, views: Views, angle_deg: Range = (-10.0, 10.0), up: Vector | None = None) -> Cameras:
    """Turn in place about the up direction, to the right for positive angles."""
    start = _exact(base)
    return _place(base, _rotation(_up_direction(start, up), -walk(views, angle_deg)), start.centers)


def tilt(base: Cameras, views: Views, angle_deg: Range = (-10.0, 10.0)) -> Cameras:
    """Turn in place about the camera's horizontal axis, upward for positive angles."""
    start = _exact(base)
    return _place(base, _rotation(start.w2c[0, 0, :3], walk(views, angle_deg)), start.centers)


def follow_keyframes(keyframes: Cameras, views: Views, subject_distance: float = 1.0) -> Cameras:
    """Move smoothly through two or more cameras, from the first to the last; a number of views moves at even speed.

    Args:
        subject_distance: distance of the subject in world units. A turn by one radian counts as much as a move by this distance.
    """
    return interpolate_cameras(keyframes, even_times(keyframes, views, subject_distance), subject_distance)


def follow_cameras(base: Cameras, views: Views, cameras: Cameras, at_base: bool, scale: float) -> Cameras:
    """Resample another path to the views: moved to begin at the base camera and with its lens, or with its own poses and lens.

    Args:
        scale: length in the base camera's world of one unit of the path.
    """
    scaled = cameras.to("cpu", torch.float64).transform(torch.eye(3), torch.zeros(3), scale)
    path = interpolate_cameras(scaled, walk(views, (0.0, len(cameras) - 1.0)))
    if not at_base:
        return fit_cameras(path, base.width, base.height).to(base.w2c.device, base.w2c.dtype)
    w2c = relative_to(path, 0).w2c @ base.to("cpu", torch.float64).w2c
    return replace(base, w2c=w2c.to(base.w2c), K=base.K.repeat(len(w2c), 1, 1))


def front_camera(size: int) -> Cameras:
    """A camera at distance 1 that looks at the origin from 18 degrees above, 52 degrees wide, for square pictures."""
    elevation = math.radians(FRONT_ELEVATION_DEG)
    eye = torch.tensor([[0.0, -math.sin(elevation), math.cos(elevation)]])
    return Cameras(look_at(eye, torch.zeros(1, 3), torch.tensor([UP])), square_intrinsics(1, size, FRONT_FOV_DEG), size, size)


TRAJECTORIES: dict[str, Callable[..., Cameras]] = {preset.__name__: preset for preset in (orbit, spiral, truck, pedestal, dolly, pan, tilt)}


def _exact(base: Cameras) -> Cameras:
    if len(base) != 1:
        raise ValueError(f"trajectory: wanted one base camera to start from, got {len(base)}; pick one, as in cameras[0]")
    return base.to("cpu", torch.float64)


def _rotation(axis: Tensor, angle_deg: Tensor) -> Tensor:
    """World rotations [V, 3, 3] about one unit axis [3]."""
    return rotation_from_vector(axis * angle_deg.deg2rad()[:, None])


def _up_direction(start: Cameras, up: Vector | None) -> Tensor:
    """Unit world direction [3]."""
    direction = -start.w2c[0, 1, :3] if up is None else torch.tensor(up, dtype=torch.float64)
    if not direction.norm() > 0:
        raise ValueError(f"trajectory: wanted an up direction that is not zero, got {up}")
    return direction / direction.norm()


def _slide(base: Cameras, offset: Tensor, axis: int) -> Cameras:
    """Move by offsets [V] along an axis of the camera."""
    start = _exact(base)
    centers = start.centers + offset[:, None] * start.w2c[:, axis, :3]  # [V, 3]
    return _place(base, torch.eye(3, dtype=torch.float64).expand(len(offset), 3, 3), centers)


def _swing(base: Cameras, azimuth_deg: Tensor, elevation_deg: Tensor, radius: float | None, center: Vector, up: Vector | None) -> Cameras:
    """Rotate the camera rigidly about a centre by angles [V], elevation first."""
    start = _exact(base)
    pivot = torch.tensor(center, dtype=torch.float64)
    arm = start.centers[0] - pivot  # [3]
    vertical = _up_direction(start, up)
    right = torch.linalg.cross(-arm, vertical)
    if not right.norm() > 1e-6 * arm.norm():
        raise ValueError(f"trajectory: wanted a base camera beside the centre {center}, got one on it or on its up axis; move either")
    rotation = _rotation(vertical, azimuth_deg) @ _rotation(right / right.norm(), -elevation_deg)  # [V, 3, 3]
    if radius is not None:
        if not radius > 0:
            raise ValueError(f"trajectory: wanted a positive radius, got {radius}")
        arm = arm * (radius / arm.norm())
    return _place(base, rotation, pivot + rotation @ arm)


def _place(base: Cameras, rotation: Tensor, centers: Tensor) -> Cameras:
    """The base camera turned by world rotations [V, 3, 3] and put at centers [V or 1, 3]."""
    start = _exact(base)
    placed = Cameras.from_centers(start.w2c[0, :3, :3] @ rotation.mT, centers.expand(len(rotation), 3), start.K, base.width, base.height)
    return placed.to(base.w2c.device, base.w2c.dtype)
