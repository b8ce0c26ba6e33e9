"""Random cameras around the origin: paths for training the embedded backbone, and cameras that imitate a user's photographs."""

from __future__ import annotations

import math
import random

import torch

from ...camera.cameras import Cameras, look_at, square_intrinsics

SECTOR_DEG = 120.0
SWEEPS = ("orbit", "truck", "dolly", "pan", "spiral")


def sample_sweep(rng: random.Random, views: int, size: int, kind: str | None = None) -> Cameras:
    """Draw a random camera path of one kind: `views` cameras for square pictures of `size` pixels.

    Orbits span 15 to 90 degrees; distances are 0.85 to 1.1, elevations 8 to 35 degrees, fields of view 46 to 60 degrees.
    """
    kind = kind or rng.choice(("orbit", "orbit", *SWEEPS))
    s = torch.linspace(-0.5, 0.5, views) if views > 1 else torch.zeros(1)
    if rng.random() < 0.5:
        s = -s
    azimuth = torch.full((views,), rng.uniform(-math.pi, math.pi))
    elevation = torch.full((views,), math.radians(rng.uniform(8, 35)))
    distance = torch.full((views,), rng.uniform(0.85, 1.1))
    target = torch.tensor([rng.uniform(-0.06, 0.06) for _ in range(3)]).repeat(views, 1)
    if kind == "orbit":
        azimuth = azimuth + s * math.radians(rng.uniform(15, 90))
    elif kind == "spiral":
        azimuth = azimuth + s * math.radians(rng.uniform(30, 90))
        elevation = elevation + s * math.radians(rng.uniform(-16, 16))
        distance = distance * (1 + s * rng.uniform(-0.2, 0.2))
    elif kind == "dolly":
        distance = distance * (1 + s * rng.uniform(0.2, 0.4))
    eye = _on_sphere(azimuth, elevation, distance) + target
    right = torch.stack([azimuth.cos(), torch.zeros(views), -azimuth.sin()], dim=-1)  # [V, 3] along the ground, tangent to the circle
    if kind in ("truck", "pan"):
        shift = right * (s * rng.uniform(0.2, 0.5))[:, None]
        target = target + shift
        eye = eye + shift if kind == "truck" else eye
    up = torch.tensor([0.0, -1.0, 0.0]).repeat(views, 1)
    return Cameras(look_at(eye, target, up), square_intrinsics(views, size, rng.uniform(46, 60)), size, size)


def sample_photographs(rng: random.Random, views: int, size: int) -> Cameras:
    """Draw cameras all around the subject with jitter, as if someone walked around it and took pictures."""
    start, around = rng.uniform(0, 2 * math.pi), torch.arange(views) / views * 2 * math.pi
    jitter = torch.tensor([[rng.uniform(-1, 1) for _ in range(6)] for _ in range(views)])  # [V, 6]
    azimuth = start + around + jitter[:, 0] * 0.5 * math.pi / views
    elevation = math.radians(20) + jitter[:, 1] * math.radians(11)
    eye = _on_sphere(azimuth, elevation, 0.95 + 0.05 * jitter[:, 2])
    up = torch.tensor([0.0, -1.0, 0.0]).repeat(views, 1)
    return Cameras(look_at(eye, 0.03 * jitter[:, 3:], up), square_intrinsics(views, size, 52.0), size, size)


def sample_sector(rng: random.Random, views: int, size: int) -> Cameras:
    """Draw cameras that stand anywhere within a sector of 120 degrees about the subject, each on its own: few surfaces are in all views.

    Elevations are 8 to 35 degrees, distances 0.85 to 1.1, fields of view 46 to 60 degrees, the same for all views.
    """
    start, fov = rng.uniform(-math.pi, math.pi), rng.uniform(46, 60)
    drawn = torch.tensor([[rng.random() for _ in range(3)] + [rng.uniform(-1, 1) for _ in range(3)] for _ in range(views)])  # [V, 6]
    azimuth = start + drawn[:, 0] * math.radians(SECTOR_DEG)
    elevation = torch.deg2rad(8 + 27 * drawn[:, 1])
    eye = _on_sphere(azimuth, elevation, 0.85 + 0.25 * drawn[:, 2])
    up = torch.tensor([0.0, -1.0, 0.0]).repeat(views, 1)
    return Cameras(look_at(eye, 0.06 * drawn[:, 3:], up), square_intrinsics(views, size, fov), size, size)


def _on_sphere(azimuth: torch.Tensor, elevation: torch.Tensor, distance: torch.Tensor) -> torch.Tensor:
    return torch.stack([azimuth.sin() * elevation.cos(), -elevation.sin(), azimuth.cos() * elevation.cos()], dim=-1) * distance[:, None]
