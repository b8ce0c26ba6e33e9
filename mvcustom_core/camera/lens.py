"""Lens distortion: maps image points of a pinhole to those of the lens, and resamples pictures to what a pinhole would see.

OpenCV's models on normalised image points (x right, y down, at depth 1): radial and tangential (Brown, 1966; with OpenCV's rational
divisor), and the equidistant fisheye (Kannala and Brandt, 2006). Only the direction from pinhole to lens is needed, which is closed form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from ..shapes import check_shape
from .cameras import unit_depth_rays
from .rays import cell_centers

FOLD_SAMPLES = 1024  # of the radius, in the search for the place where the picture folds back


@dataclass(frozen=True)
class Lens:
    """The distortion of one photograph; the default is a pinhole.

    Attributes:
        radial: k1, k2, ... of 1 + k1 r^2 + k2 r^4 + ..., where r is the distance from the axis, or the angle to it (radians) in a fisheye.
        tangential: p1, p2.
        divisor: OpenCV's k4, k5, k6: the radial polynomial is divided by 1 + k4 r^2 + k5 r^4 + k6 r^6.
        fisheye: the picture's radius is proportional to the angle, but for `radial`.
    """

    radial: tuple[float, ...] = ()
    tangential: tuple[float, float] = (0.0, 0.0)
    divisor: tuple[float, ...] = ()
    fisheye: bool = False

    @property
    def is_pinhole(self) -> bool:
        return not (self.fisheye or any((*self.radial, *self.tangential, *self.divisor)))

    @property
    def model(self) -> str:
        """The name of the simplest model that has these coefficients."""
        if self.is_pinhole:
            return "pinhole"
        if self.fisheye:
            return "fisheye"
        return "OpenCV rational" if any(self.divisor) else "OpenCV radial and tangential" if any(self.tangential) else "OpenCV radial"

    def distort(self, points: Tensor) -> Tensor:
        """Normalised points [..., 2] of a pinhole to those of the lens."""
        check_shape(points, "... 2")
        x, y = points.unbind(-1)
        r2 = x * x + y * y
        if self.fisheye:
            radius = r2.sqrt().clamp_min(1e-9)
            angle = radius.atan()
            return points * (angle * _polynomial(self.radial, angle * angle) / radius)[..., None]
        ratio = _polynomial(self.radial, r2) / _polynomial(self.divisor, r2)
        p1, p2 = self.tangential
        bent_x = x * ratio + 2 * p1 * x * y + p2 * (r2 + 2 * x * x)
        bent_y = y * ratio + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y
        return torch.stack([bent_x, bent_y], dim=-1)

    def find_fold(self, radius: float) -> float:
        """The distance from the axis, up to `radius`, beyond which the polynomial no longer grows and would show the picture again."""
        x = torch.linspace(0, radius, FOLD_SAMPLES, dtype=torch.float64)
        bent = replace(self, tangential=(0.0, 0.0)).distort(torch.stack([x, torch.zeros_like(x)], dim=-1))[:, 0]
        folded = (bent.diff() <= 0).nonzero()
        return float(x[folded[0]]) if len(folded) else float("inf")


def undistort_picture(picture: Tensor, K: Tensor, lens: Lens) -> tuple[Tensor, Tensor]:
    """What a pinhole of the same intrinsics and size would have photographed.

    Args:
        picture: [C, H, W].
        K: [3, 3] in pixels.

    Returns:
        [C, H, W], with the border repeated where the lens saw nothing, and [1, H, W], one where it saw something.
    """
    sizes = check_shape(picture, "C H W", K, "3 3")
    height, width = sizes["H"], sizes["W"]
    focal, middle = K.diagonal()[:2], K[:2, 2]
    points = unit_depth_rays(K, cell_centers(height, width, dtype=K.dtype))[:, :2]  # [(H W), 2]
    radius = points.norm(dim=-1)
    grid = (lens.distort(points) * focal + middle) * 2 / K.new_tensor([width, height]) - 1
    seen = (grid.abs().amax(-1) <= 1) & (radius < lens.find_fold(float(radius.max())))
    grid = grid.reshape(1, height, width, 2).to(picture)
    straight = grid_sample(picture[None], grid, padding_mode="border", align_corners=False)[0]
    return straight, seen.reshape(1, height, width).to(picture)


def _polynomial(coefficients: Sequence[float], x: Tensor) -> Tensor:
    """1 + c1 x + c2 x^2 + ..."""
    total = torch.zeros_like(x)
    for coefficient in reversed(coefficients):
        total = (total + coefficient) * x
    return 1 + total
