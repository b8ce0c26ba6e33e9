"""What lies far behind a scene: rings of hills about it, 10 to 40 units away, and a sky at infinity.

A ring is an upright wall about the world's vertical axis whose skyline follows the azimuth, so it is hit in closed form from any camera
inside. Its height is a part of its radius: what is farther stands higher, and no gap shows the ground beyond the last ring.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import torch
from torch import Tensor

RADII = (10.0, 20.0, 40.0)  # world units; each has its own share of the radius as its height, and of how far that varies
HEIGHTS = (0.06, 0.09, 0.13)
SWINGS = (0.05, 0.04, 0.03)
HAZES = (0.2, 0.4, 0.6)  # how far the colour is that of the sky at the horizon
WAVES = range(3, 12)  # peaks around a ring


@dataclass(frozen=True, slots=True)
class Hill:
    """One ring: skyline = radius * (height + swing * a sum of waves of the azimuth in [-1, 1]) above the ground."""

    radius: float
    height: float
    swing: float
    haze: float
    phases: tuple[float, ...]

    def skyline(self, azimuth: Tensor) -> Tensor:
        """How far the ring rises above the ground at azimuths in radians, any shape."""
        waves = torch.stack([(count * azimuth + phase).sin() for count, phase in zip(WAVES, self.phases, strict=True)])
        return self.radius * (self.height + self.swing * (waves.mean(dim=0) * 2).clamp(-1, 1))


def sample_hills(seed: int) -> tuple[Hill, ...]:
    """Three rings, the farthest first."""
    rng = random.Random(f"hills {seed}")
    rings = zip(RADII, HEIGHTS, SWINGS, HAZES, strict=True)
    return tuple(Hill(*ring, tuple(rng.uniform(0, 2 * math.pi) for _ in WAVES)) for ring in rings)[::-1]


def hit_hill(hill: Hill, origin: Tensor, direction: Tensor, ground_y: float) -> Tensor:
    """Distance [N] along rays [N, 3] from inside the ring to its wall, infinite where they pass above the skyline.

    Args:
        ground_y: height of the ground, y down.
    """
    (x, z), (dx, dz) = (vectors[:, [0, 2]].unbind(-1) for vectors in (origin, direction))
    a, b = (dx * dx + dz * dz).clamp_min(1e-12), x * dx + z * dz
    t = (-b + (b * b - a * (x * x + z * z - hill.radius**2)).clamp_min(0).sqrt()) / a
    height = ground_y - (origin[:, 1] + t * direction[:, 1])
    azimuth = torch.atan2(x + t * dx, z + t * dz)
    return torch.where(height < hill.skyline(azimuth), t, torch.inf)
