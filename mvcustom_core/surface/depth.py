"""Depth of an anchor view in world units, and the depth that a volume renderer expects there.

z-depth is measured along the optical axis, ray distance along the unit ray through the cell centre. The sky lies on a sphere about the
anchor's camera, so far away that it moves with rotation alone, and just as far from every other camera.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..shapes import check_shape

SKY_DISTANCE = 1e6  # world units: a camera that moves by 2 sees it shift by 0.001 pixel at a focal length of 525
FARTHEST = 1e3  # world units, of what is no sky: the same move shifts it by one pixel at most


@dataclass(frozen=True, eq=False)
class DepthMap:
    """The z-depth of one anchor view, at any resolution with the anchor's field of view.

    Attributes:
        depth: [H, W] z-depth in the world units of the cameras; of no meaning where not valid. Sky is beyond `FARTHEST`.
        valid: [H, W] bool.
        source: where the world scale comes from, in a few words.
        scale: factor that was applied to the depth that came in.
        report: one line for the user on how the depth was aligned.
        confidence: [H, W] in [0, 1], how far each pixel's depth is to be trusted; None trusts all valid ones alike.
    """

    depth: Tensor  # [H, W]
    valid: Tensor  # [H, W] bool
    source: str
    scale: float
    report: str
    confidence: Tensor | None = None  # [H, W]

    def __post_init__(self) -> None:
        check_shape(self.depth, "H W", self.valid, "H W")
        if self.valid.dtype != torch.bool:
            raise ValueError(f"depth map: wanted a bool validity mask, got {self.valid.dtype}; compare it with a threshold first")
        if not self.valid.any():
            raise ValueError("depth map: wanted at least one valid pixel, got none; check the validity mask or the depth estimate")
        depth = self.depth[self.valid]
        if not torch.isfinite(depth).all():
            raise ValueError("depth map: wanted finite depth where valid, got NaN or infinity; mark those pixels invalid")
        if (depth == 0).all():
            raise ValueError("depth map: wanted positive depth, got zero everywhere; check the depth estimate")
        if (depth <= 0).any():
            raise ValueError(f"depth map: wanted positive depth where valid, got {int((depth <= 0).sum())} pixels at or below zero")
        if self.confidence is not None:
            check_shape(self.depth, "H W", self.confidence, "H W")
            if not ((self.confidence >= 0) & (self.confidence <= 1)).all():
                raise ValueError("depth map: wanted a confidence in [0, 1], got values outside or NaN; scale it first")

    @property
    def sky(self) -> Tensor:
        """Where there is nothing but sky, [H, W] bool."""
        return self.valid & (self.depth > FARTHEST)

    def to(self, device: torch.device | str) -> DepthMap:
        confidence = None if self.confidence is None else self.confidence.to(device)
        return replace(self, depth=self.depth.to(device), valid=self.valid.to(device), confidence=confidence)


@dataclass(frozen=True, eq=False)
class AnchorDepth:
    """The depth of one view of a trajectory, which the other views follow.

    Attributes:
        view: its index in the trajectory.
        depth: seen from that view's camera.
    """

    view: int
    depth: DepthMap

    def __post_init__(self) -> None:
        if self.view < 0:
            raise ValueError(f"anchor: wanted a view counted from 0, got {self.view}")


@dataclass(frozen=True, eq=False)
class RenderedDepth:
    """What volume rendering says of one view's depth.

    Attributes:
        distance: [h, w] expected distance along the unit ray of each cell, world units.
        opacity: [h, w] accumulated opacity in [0, 1].
    """

    distance: Tensor  # [h, w]
    opacity: Tensor  # [h, w]

    def __post_init__(self) -> None:
        check_shape(self.distance, "h w", self.opacity, "h w")
        if not (torch.isfinite(self.distance).all() and torch.isfinite(self.opacity).all()):
            raise ValueError("rendered depth: wanted finite distance and opacity, got NaN or infinity")

    def to(self, device: torch.device | str) -> RenderedDepth:
        return RenderedDepth(self.distance.to(device), self.opacity.to(device))
