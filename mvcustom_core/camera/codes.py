"""Fourier encodings of points and rays (CustomDiffusion360, arXiv 2404.12333, section 3.2).

An encoding consists of Fourier features followed by three raw numbers: the point, or the ray's direction. Both have CODE_WIDTH numbers.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

POINT_BANDS = 16
RAY_BANDS = 8
CODE_WIDTH = 2 * POINT_BANDS * 3 + 3  # = 2 * RAY_BANDS * 6 + 3


def fourier_features(values: Tensor, bands: int) -> Tensor:
    """Fourier features: sines, then cosines, of the values at `bands` octaves of frequency, centred on pi.

    Args:
        values: [..., n].

    Returns:
        [..., 2 * bands * n], the bands outside and the n values inside.
    """
    exponents = torch.arange(bands, device=values.device, dtype=values.dtype) - bands // 2
    angles = (values[..., None, :] * (math.pi * 2.0**exponents)[:, None]).flatten(-2)  # [..., (bands n)]
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


def encode_points(points: Tensor) -> Tensor:
    """Encode points [..., 3] in world units to [..., CODE_WIDTH]."""
    return torch.cat([fourier_features(points, POINT_BANDS), points], dim=-1)


def encode_rays(origins: Tensor, directions: Tensor) -> Tensor:
    """Encode rays by their Pluecker coordinates, which do not depend on the position of the origin along the ray.

    Args:
        origins: [..., 3] world units, broadcastable to the directions.
        directions: [..., 3] unit vectors.

    Returns:
        [..., CODE_WIDTH].
    """
    moments = torch.linalg.cross(origins.expand_as(directions), directions)
    pluecker = torch.cat([directions, moments], dim=-1)  # [..., 6]
    return torch.cat([fourier_features(pluecker, RAY_BANDS), directions], dim=-1)
