"""How rays, colours and depths are written as numbers for the network.

Rays are in the target's axes and in units of the scene's scale (see `gauge`). Depth is z-depth; its code is logarithmic between
`nearest` and `farthest` scene scales.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import normalize

from ..camera.cameras import unit_depth_rays
from ..shapes import check_shape
from .gauge import Canonical
from .settings import MVGDSettings

CLAMPED = 0.999  # a depth code beyond it tells only that the depth is out of range


def map_rays(canonical: Canonical, K: Tensor, points: Tensor) -> Tensor:
    """Rays (origin, unit direction) through image points of N cameras, in the target's axes.

    Args:
        K: [N, 3, 3] in pixels.
        points: [R, 2] (x, y) in pixels.

    Returns:
        [N, R, 6] float64.
    """
    sizes = check_shape(canonical.rotations, "N 3 3", K, "N 3 3", points, "R 2")
    rotations = canonical.rotations  # [N, 3, 3]
    origins = -(canonical.translations[:, None] @ rotations)  # [N, 1, 3], -R^T t as row vectors
    directions = normalize(unit_depth_rays(K.to(rotations), points.to(rotations)) @ rotations, dim=-1)  # [N, R, 3]
    return torch.cat([origins.expand(-1, sizes["R"], -1), directions], dim=-1)


def code_rays(rays: Tensor, settings: MVGDSettings) -> Tensor:
    """Each of the six numbers of a ray, then its sines and cosines: [..., 6] -> [..., 6 (1 + 2 bands)]."""
    check_shape(rays, "... 6")
    highest = math.log2(settings.size / 2)
    frequencies = 2.0 ** torch.linspace(0, highest, settings.bands, device=rays.device, dtype=torch.float64)
    angles = rays[..., None] * (math.pi * frequencies).to(rays.dtype)  # [..., 6, bands]
    return torch.cat([rays, angles.sin().flatten(-2), angles.cos().flatten(-2)], dim=-1)


def encode_depth(depth: Tensor, scale: float | Tensor, settings: MVGDSettings) -> Tensor:
    """The code of z-depth in world units; depth out of range is clamped, what is no number stays so. Any shape."""
    place = 2 * (depth / (scale * settings.nearest)).log() / _log_range(settings) - 1  # the paper's code
    return settings.depth_gain * (place.clamp(-1, 1) - settings.depth_middle)


def decode_depth(code: Tensor, scale: float | Tensor, settings: MVGDSettings) -> tuple[Tensor, Tensor]:
    """z-depth in world units of a code, and where it is in range; the inverse of `encode_depth`. Any shape."""
    place = code / settings.depth_gain + settings.depth_middle
    depth = scale * settings.nearest * (_log_range(settings) * (place + 1) / 2).exp()
    return depth, place.abs() <= CLAMPED


def clamp_code(task: str, code: Tensor, settings: MVGDSettings) -> Tensor:
    """A predicted code of "rgb" or "depth" within what codes can be. Any shape."""
    if task == "rgb":
        return code.clamp(-1, 1)
    return code.clamp(*(settings.depth_gain * (end - settings.depth_middle) for end in (-1, 1)))


def shift_depth_code(noisy: Tensor, signal: Tensor, before: float, after: float, settings: MVGDSettings) -> Tensor:
    """Noisy depth codes of the scale `before`, as the scale `after` has them: the same depth, and the same noise.

    Args:
        noisy: [...] codes with noise.
        signal: [] share of the code in them, sqrt(alpha_bar).
    """
    return noisy + signal * (settings.depth_gain * 2 * math.log(before / after) / _log_range(settings))


def _log_range(settings: MVGDSettings) -> float:
    return math.log(settings.farthest / settings.nearest)
