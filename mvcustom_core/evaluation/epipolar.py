"""Thresholded symmetric epipolar distance (TSED, Yu et al., 2023): matches of neighbouring views against the target cameras.

A pair of views is consistent if it has enough matches and their median distance from the epipolar lines is small. The distance is the
mean of the two between each point and the line of the other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from ..camera.cameras import Cameras
from ..shapes import check_shape
from .alignment import SAME_PLACE
from .fidelity import import_kornia

MIN_MATCHES = 10
MAX_DISTANCE = 2 / 256  # of the longer side: the paper's 2 pixels at the size of its pictures


@dataclass(frozen=True, slots=True)
class EpipolarPair:
    """One pair of views: number of matches and their median distance in pixels, infinite where there are none."""

    first: int
    second: int
    matches: int
    distance_px: float
    consistent: bool


@dataclass(frozen=True, slots=True)
class EpipolarConsistency:
    """Neighbouring pairs against the target cameras."""

    pairs: tuple[EpipolarPair, ...]

    @property
    def tsed(self) -> float:
        """Share of consistent pairs."""
        return sum(pair.consistent for pair in self.pairs) / len(self.pairs)

    @property
    def distance_px(self) -> float:
        """Median over the pairs of their median distances; infinite where half of them have no match."""
        return float(torch.tensor([pair.distance_px for pair in self.pairs], dtype=torch.float64).median())


def measure_epipolar(matches: Mapping[tuple[int, int], Tensor], targets: Cameras) -> EpipolarConsistency | None:
    """Judge neighbouring views.

    Args:
        matches: for pairs (i, j) of views [N, 4], the point (x, y) in i and the one in j, pixels of the targets' size.

    Returns:
        None if no two neighbours stand apart, so that there are no epipolar lines.

    Raises:
        ValueError: if kornia is missing.
    """
    targets = targets.to("cpu", torch.float64)
    centers = targets.centers
    steps = (centers[1:] - centers[:-1]).norm(dim=-1)  # [V - 1]
    moving = steps > SAME_PLACE * centers.norm(dim=-1).max()
    pairs = [_judge(matches, targets, place) for place in range(len(steps)) if moving[place]]
    return EpipolarConsistency(tuple(pairs)) if pairs else None


def _judge(matches: Mapping[tuple[int, int], Tensor], targets: Cameras, first: int) -> EpipolarPair:
    second = first + 1
    points = matches.get((first, second), torch.zeros(0, 4))
    distance = float(epipolar_distances(points, targets[first], targets[second]).median()) if len(points) else math.inf
    limit = MAX_DISTANCE * max(targets.width, targets.height)
    return EpipolarPair(first, second, len(points), distance, len(points) >= MIN_MATCHES and distance < limit)


def epipolar_distances(
    points: Tensor,  # [N, 4]
    first: Cameras,
    second: Cameras,
) -> Tensor:
    """Symmetric epipolar distances [N] in pixels of matches (x, y in the first, x, y in the second) between two cameras that stand apart.

    Raises:
        ValueError: if kornia is missing.
    """
    check_shape(points, "N 4")
    geometry = import_kornia("geometry.epipolar", "epipolar consistency")
    first, second = (camera.to("cpu", torch.float64) for camera in (first, second))
    poses = [(camera.w2c[:, :3, :3], camera.w2c[:, :3, 3:]) for camera in (first, second)]  # [1, 3, 3], [1, 3, 1]
    fundamental = geometry.fundamental_from_essential(geometry.essential_from_Rt(*poses[0], *poses[1]), first.K, second.K)  # [1, 3, 3]
    here, there = points.cpu().double()[None].split(2, dim=-1)  # [1, N, 2]
    in_second = geometry.left_to_right_epipolar_distance(here, there, fundamental)  # [1, N]
    in_first = geometry.right_to_left_epipolar_distance(here, there, fundamental)
    return (in_second + in_first)[0] / 2
