"""Scene normalisation: the subject at the origin, the farthest camera at distance 1 (CustomDiffusion360, camera preprocessing).

Photographers aim at their subject, so the point nearest to all optical axes is taken as its centre. The world's axes do not change.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..shapes import check_shape
from .cameras import Cameras

MIN_SPREAD = 1e-6  # mean squared sine of the axes against their common direction: 0.06 degrees
SAME_PLACE = 1e-6  # of the distance to the origin, about what float32 resolves
BY_HAND = "give the subject's centre and the scene's scale by hand"


@dataclass(frozen=True, eq=False)
class SceneNormalisation:
    """The change of world x_new = (x - center) / scale.

    Attributes:
        center: [3] the point that becomes the origin, in old units.
        scale: the old length that becomes 1.
    """

    center: Tensor  # [3]
    scale: float

    def __post_init__(self) -> None:
        check_shape(self.center, "3")
        if not (0 < self.scale < float("inf") and torch.isfinite(self.center).all()):
            raise ValueError(f"scene: wanted a finite centre and a positive scale, got {self.center.tolist()} and {self.scale}")

    def apply(self, cameras: Cameras) -> Cameras:
        """The cameras in the new world; intrinsics and rotations stay."""
        return cameras.transform(torch.eye(3), -self.center.cpu().double() / self.scale, 1 / self.scale)

    def apply_depth(self, depth: Tensor) -> Tensor:
        """Depths (along z or along rays) of any shape in the new unit."""
        return depth / self.scale


def normalise_scene(cameras: Cameras, center: Tensor | None = None, scale: float | None = None) -> tuple[Cameras, SceneNormalisation]:
    """Move the subject to the origin and scale the farthest camera to distance 1.

    Args:
        center: [3] the subject's centre in the cameras' world; None finds the point nearest to all optical axes.
        scale: the length in the cameras' world that becomes 1; None takes the distance of the farthest camera.

    Raises:
        ValueError: if the axes do not fix a centre (parallel, or most cameras look away from it) or all cameras coincide.
    """
    if center is None:
        center = find_center(cameras)
    if scale is None:
        centers = cameras.to("cpu", torch.float64).centers
        scale = float((centers - center.cpu().to(centers)).norm(dim=-1).max())
        if scale <= SAME_PLACE * centers.norm(dim=-1).max():
            raise ValueError(f"scene: wanted a camera away from the centre {center.tolist()} to measure the scale by; {BY_HAND}")
    normalisation = SceneNormalisation(center, scale)
    return normalisation.apply(cameras), normalisation


def find_center(cameras: Cameras) -> Tensor:
    """The point nearest to all optical axes by least squares, float64 [3] on the CPU.

    Raises:
        ValueError: if the axes are parallel or start at one place, or if most cameras look away from it.
    """
    exact = cameras.to("cpu", torch.float64)
    centers, forward = exact.centers, torch.nn.functional.normalize(exact.forward, dim=-1)  # [V, 3]
    reach = (centers - centers.mean(0)).norm(dim=-1).max()
    if reach <= SAME_PLACE * centers.norm(dim=-1).max():
        raise ValueError(f"scene: wanted cameras in different places, got {len(cameras)} at one point; {BY_HAND}")
    across = torch.eye(3).to(forward) - forward[:, :, None] * forward[:, None, :]  # [V, 3, 3] projects onto the plane across an axis
    if torch.linalg.eigvalsh(across.mean(0))[0] < MIN_SPREAD:
        raise ValueError(f"scene: wanted optical axes that meet near the subject, got parallel ones; {BY_HAND}")
    center = torch.linalg.solve(across.sum(0), (across @ centers[:, :, None]).sum(0)).squeeze(-1)  # [3]
    away = ((center - centers) * forward).sum(-1) < 0  # [V]
    if away.double().mean() > 0.5:
        raise ValueError(
            f"scene: wanted cameras that look at a common subject, got {int(away.sum())} of {len(cameras)} that look away from the "
            f"point nearest to their axes; {BY_HAND}"
        )
    return center
