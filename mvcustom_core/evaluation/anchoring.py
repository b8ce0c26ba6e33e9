"""Finds each view's camera from an anchor of known depth (PnP): the depth lifts matched points of the anchor to 3D.

Unlike structure from motion, this gives the scale of the world, works for single views, and works if the camera only turns. A view can be
located only if it shares enough matches with an anchor. Of several anchors, the one with most inliers is used.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from ..camera.cameras import Cameras
from ..capture.solving import import_pycolmap
from ..surface.depth import AnchorDepth
from .alignment import measure_extent, rotation_angles_deg

MIN_INLIERS = 12
MAX_ERROR = 2 / 256  # of the longer side, between a point's image and its match
NEAR_DEG = 5.0  # steps of a trajectory are small: 15 degrees would forgive a camera that stands still


@dataclass(frozen=True, slots=True)
class Location:
    """One view located from one anchor.

    Attributes:
        inliers: number of matches that fit the camera found.
        rotation_deg: its error; None if the view could not be located.
        center: distance from the target's place, as a share of the path's extent; None also where the targets stand at one place.
    """

    anchor: int
    view: int
    inliers: int
    rotation_deg: float | None
    center: float | None


@dataclass(frozen=True, slots=True)
class AnchorAccuracy:
    """All views that are no anchors."""

    locations: tuple[Location, ...]

    @property
    def accuracy(self) -> float:
        """Share of views located within 5 degrees of rotation."""
        return sum(each.rotation_deg is not None and each.rotation_deg < NEAR_DEG for each in self.locations) / len(self.locations)

    @property
    def rotation_deg(self) -> float | None:
        """Median error of the located ones."""
        return _median([each.rotation_deg for each in self.locations])

    @property
    def center(self) -> float | None:
        return _median([each.center for each in self.locations])


def locate_views(matches: Mapping[tuple[int, int], Tensor], anchors: Sequence[AnchorDepth], targets: Cameras) -> AnchorAccuracy | None:
    """Locate every view that is not an anchor, and compare its camera with the target.

    Args:
        matches: for pairs i < j of views [N, 4], x and y in i and in j, pixels of the targets' size.

    Returns:
        None if all views are anchors.

    Raises:
        ValueError: if pycolmap is missing.
    """
    colmap = import_pycolmap()
    known = {anchor.view for anchor in anchors}
    exact = targets.to("cpu", torch.float64)
    others = [view for view in range(len(targets)) if view not in known]
    attempts = [[_locate(colmap, matches, anchor, view, exact) for anchor in anchors] for view in others]
    locations = [max(each, key=lambda location: location.inliers) for each in attempts]
    return AnchorAccuracy(tuple(locations)) if locations else None


def _locate(colmap: ModuleType, matches: Mapping[tuple[int, int], Tensor], anchor: AnchorDepth, view: int, targets: Cameras) -> Location:
    first, second = sorted((anchor.view, view))
    ends = matches.get((first, second), torch.zeros(0, 4)).double()
    ours, theirs = (ends[:, :2], ends[:, 2:]) if anchor.view == first else (ends[:, 2:], ends[:, :2])
    points, valid = _lift(anchor, targets[anchor.view], ours)
    if valid.sum() < MIN_INLIERS:
        return Location(anchor.view, view, 0, None, None)
    found = _solve(colmap, theirs[valid], points[valid], targets[view])
    if found is None or found["num_inliers"] < MIN_INLIERS:
        return Location(anchor.view, view, 0, None, None)
    w2c = torch.eye(4, dtype=torch.float64)[None]
    w2c[0, :3] = torch.from_numpy(found["cam_from_world"].matrix())
    camera = Cameras(w2c, targets.K[[view]], targets.width, targets.height)
    rotation = rotation_angles_deg(w2c[0, :3, :3], targets.w2c[view, :3, :3])
    extent = measure_extent(targets)
    center = float((camera.centers[0] - targets.centers[view]).norm()) / extent if extent else None
    return Location(anchor.view, view, found["num_inliers"], float(rotation), center)


def _lift(anchor: AnchorDepth, camera: Cameras, pixels: Tensor) -> tuple[Tensor, Tensor]:
    """World points [N, 3] of the anchor's pixels [N, 2], and whether their depth is known."""
    grid = (pixels / pixels.new_tensor([camera.width, camera.height]) * 2 - 1)[None, None]  # [1, 1, N, 2]
    maps = torch.stack([anchor.depth.depth.to(pixels), anchor.depth.valid.to(pixels)])[None]  # [1, 2, H, W]
    depth, valid = F.grid_sample(maps, grid, mode="nearest", align_corners=False)[0, :, 0]  # nearest: nothing lies between two surfaces
    return camera.centers + depth[:, None] * camera.directions(pixels)[0], valid > 0


def _solve(colmap: ModuleType, pixels: Tensor, points: Tensor, camera: Cameras) -> dict[str, Any] | None:
    parameters = camera.K[0, (0, 1, 0, 1), (0, 1, 2, 2)].tolist()
    options = colmap.AbsolutePoseEstimationOptions()
    options.ransac.max_error = MAX_ERROR * max(camera.width, camera.height)
    options.ransac.random_seed = 0
    lens = colmap.Camera(model="PINHOLE", width=camera.width, height=camera.height, params=parameters)
    return colmap.estimate_and_refine_absolute_pose(pixels.numpy(), points.numpy(), lens, options)


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None
