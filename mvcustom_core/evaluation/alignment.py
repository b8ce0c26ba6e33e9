"""Aligns two camera paths and measures the remaining errors ATE and RPE (Sturm et al., 2012).

The paths are aligned by a similarity, found by least squares over the camera centres (Umeyama, 1991).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ..camera.cameras import Cameras
from ..shapes import check_shape

MIN_CAMERAS = 3  # fewer centres fix no similarity
SAME_PLACE = 1e-4  # of the distance to the origin: centres nearer to each other count as one


@dataclass(frozen=True, eq=False)
class Similarity:
    """target = scale * rotation @ source + translation."""

    scale: float
    rotation: Tensor  # [3, 3]
    translation: Tensor  # [3]

    def apply(self, points: Tensor) -> Tensor:
        """Points [N, 3] in the target's world."""
        return self.scale * points.cpu().to(self.rotation) @ self.rotation.mT + self.translation

    def apply_cameras(self, cameras: Cameras) -> Cameras:
        """Cameras in the target's world."""
        return cameras.transform(self.rotation, self.translation, self.scale)


@dataclass(frozen=True, slots=True)
class PathErrors:
    """Distances in shares of the target path's extent, which is the largest distance of two of its cameras.

    Attributes:
        cameras: number of cameras that were compared.
        ate: root mean square distance of the centres.
        rpe_rotation_deg, rpe_translation: mean errors of the motion from each camera to the next; None if no two neighbours are known.
    """

    cameras: int
    ate: float
    rpe_rotation_deg: float | None
    rpe_translation: float | None


def measure_extent(cameras: Cameras) -> float:
    """The largest distance between two cameras, world units; 0 where all stand at one place."""
    return _measure_extent(cameras.to("cpu", torch.float64).centers)


def align_centers(source: Tensor, target: Tensor) -> Similarity:
    """The similarity that brings points onto others with the least squared distance, in float64.

    Args:
        source, target: [N, 3] in order.

    Raises:
        ValueError: for fewer than three points, or source points at one place.
    """
    count = check_shape(source, "N 3", target, "N 3")["N"]
    source, target = source.cpu().double(), target.cpu().double()
    a, b = source - source.mean(0), target - target.mean(0)
    spread = a.square().sum()
    if count < MIN_CAMERAS or _measure_extent(source) == 0:
        raise ValueError(f"alignment: wanted at least {MIN_CAMERAS} cameras, in different places, got {count}")
    U, S, Vt = torch.linalg.svd(b.mT @ a)
    sign = torch.ones_like(S)
    sign[-1] = torch.linalg.det(U @ Vt).sign()  # no reflection
    rotation = U @ torch.diag(sign) @ Vt
    scale = float((S * sign).sum() / spread)
    return Similarity(scale, rotation, target.mean(0) - scale * rotation @ source.mean(0))


def align_cameras(source: Cameras, target: Cameras) -> Similarity:
    """The similarity that gives cameras the mean rotation of others, and their centres the same mean and spread.

    It is meant for plots: unlike an alignment of centres alone, it is unique for cameras on a line. The cameras of neither set may all
    stand at one place.
    """
    source, target = (cameras.to("cpu", torch.float64) for cameras in (source, target))
    U, _, Vt = torch.linalg.svd((target.c2w[:, :3, :3] @ source.w2c[:, :3, :3]).sum(0))
    rotation = U @ torch.diag(torch.tensor([1.0, 1.0, float(torch.linalg.det(U @ Vt).sign())], dtype=torch.float64)) @ Vt
    a, b = source.centers.mean(0), target.centers.mean(0)
    scale = float((target.centers - b).norm() / (source.centers - a).norm())
    return Similarity(scale, rotation, b - scale * rotation @ a)


def measure_path(found: Cameras, targets: Cameras, indices: tuple[int, ...]) -> PathErrors | None:
    """ATE and RPE of found cameras against the targets.

    Args:
        found: N cameras in any world.
        targets: V cameras.
        indices: for each of the N, the number of its target, ascending.

    Returns:
        None if fewer than three cameras were found, or they or the targets stand at one place.
    """
    extent = measure_extent(targets)
    if len(indices) < MIN_CAMERAS or extent == 0 or measure_extent(found) == 0:
        return None
    found = found.to("cpu", torch.float64)
    wanted = targets.to("cpu", torch.float64)[list(indices)]
    similarity = align_centers(found.centers, wanted.centers)
    ate = (similarity.apply(found.centers) - wanted.centers).square().sum(-1).mean().sqrt()
    neighbours = [place for place in range(len(indices) - 1) if indices[place + 1] == indices[place] + 1]
    if not neighbours:
        return PathErrors(len(indices), float(ate) / extent, None, None)
    ours, theirs = (_steps(each, neighbours) for each in (found, wanted))  # [N, 4, 4]
    angles = rotation_angles_deg(ours[:, :3, :3], theirs[:, :3, :3])
    shifts = (similarity.scale * ours[:, :3, 3] - theirs[:, :3, 3]).norm(dim=-1)
    return PathErrors(len(indices), float(ate) / extent, float(angles.mean()), float(shifts.mean()) / extent)


def rotation_angles_deg(first: Tensor, second: Tensor) -> Tensor:
    """Angles [...] between rotations [..., 3, 3], exact for small ones: 2 asin(|R - S| / sqrt 8)."""
    distance = torch.linalg.matrix_norm(first - second) / math.sqrt(8)
    return torch.rad2deg(2 * torch.asin(distance.clamp(max=1)))


def _measure_extent(centers: Tensor) -> float:
    """The largest distance between two of some points [N, 3] in float64; 0 where all count as one place."""
    extent = float(torch.cdist(centers, centers).max())
    return extent if extent > SAME_PLACE * float(centers.norm(dim=-1).max()) else 0.0


def _steps(cameras: Cameras, places: list[int]) -> Tensor:
    """The motion from each camera to the next, next-from-this [N, 4, 4]."""
    return cameras.w2c[[place + 1 for place in places]] @ cameras.c2w[places]
