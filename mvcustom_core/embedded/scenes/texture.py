"""Solid textures: functions of the 3D point, so that all views agree. They are not periodic within a scene."""

from __future__ import annotations

import random

import torch
from torch import Tensor


def _waves(points: Tensor, seed: int, frequency: float, count: int = 6) -> Tensor:
    """Smooth noise of zero mean and about unit deviation: plane waves in random directions, [N, 3] -> [N]."""
    rng = random.Random(seed)
    vectors = points.new_tensor([[rng.gauss(0, frequency) for _ in range(3)] for _ in range(count)])
    phases = points.new_tensor([rng.uniform(0, 6.2832) for _ in range(count)])
    return torch.sin(points @ vectors.T + phases).sum(-1) * (2 / count) ** 0.5


def _edge(value: Tensor, sharpness: float) -> Tensor:
    return torch.sigmoid(value * sharpness)


def pattern(name: str, points: Tensor, seed: int, scale: float) -> Tensor:
    """Blend weight in [0, 1] between two colours at local points [N, 3]; `scale` is the object's radius in world units."""
    p = points / scale
    rng = random.Random(seed)
    if name == "plain":
        return torch.zeros_like(p[:, 0])
    if name == "striped":
        tilt = rng.uniform(-0.5, 0.5)
        phase = (p[:, 1] + tilt * p[:, 0]) * rng.uniform(6.5, 8.5) + 0.25 * _waves(p, seed, 1.5)
        return _edge(torch.sin(phase), 8)
    if name == "checkered":
        frequency = rng.uniform(4.2, 5.2)
        offset = p.new_tensor([rng.uniform(0, 3) for _ in range(3)])
        return _edge(torch.sin(p * frequency + offset).prod(-1), 24)
    if name == "speckled":
        return _edge(_waves(p, seed, 7.0, count=10) - 0.9, 6)
    raise ValueError(f"texture: wanted plain, striped, checkered or speckled, got {name!r}")


def ground_shade(points: Tensor, seed: int) -> Tensor:
    """Blend weight in [0, 1] of the ground's two colours at world points [N, 3]: broad patches and finer grain."""
    broad = _waves(points, seed, 2.5, count=8)
    fine = _waves(points, seed + 1, 14.0, count=12)
    return torch.sigmoid(1.3 * broad + 0.8 * fine)


def cloud_shade(directions: Tensor, seed: int) -> Tensor:
    """What clouds add to the brightness of the sky in unit directions [N, 3], within about 0.1."""
    return 0.05 * _waves(directions, seed + 2, 9.0, count=10)
