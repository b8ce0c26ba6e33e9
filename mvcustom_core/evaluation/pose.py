"""Camera pose accuracy: relative poses of the cameras found in the views, compared with those asked for.

For every pair of views, the relative rotation and the direction towards the other camera are compared with the targets'. This needs no
alignment. A pair with a view that was not registered has an error of 180 degrees. RRA and RTA are the shares of pairs below a threshold,
and AUC@30 is the mean of the smaller of the two over thresholds from 1 to 30 degrees (Wang et al., PoseDiffusion, 2023). The paper gives no
formula for its "camera pose accuracy"; here it is the share of pairs with both errors below 15 degrees.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..camera.cameras import Cameras
from .alignment import SAME_PLACE, measure_extent, rotation_angles_deg

THRESHOLD_DEG = 15
AUC_DEG = 30
WRONG_DEG = 180.0


@dataclass(frozen=True, eq=False)
class PoseAccuracy:
    """Errors of the found cameras against the targets.

    Attributes:
        views: number of targets.
        registered: the views whose cameras were found.
        rotation_deg, translation_deg: [V, V] symmetric errors of the pairs, zero on the diagonal.
    """

    views: int
    registered: tuple[int, ...]
    rotation_deg: Tensor  # [V, V]
    translation_deg: Tensor  # [V, V]

    @property
    def accuracy(self) -> float:
        """CPA: share of pairs within 15 degrees in rotation and in translation direction."""
        return self._share((self.rotation_deg < THRESHOLD_DEG) & (self.translation_deg < THRESHOLD_DEG))

    @property
    def rra(self) -> float:
        return self._share(self.rotation_deg < THRESHOLD_DEG)

    @property
    def rta(self) -> float:
        return self._share(self.translation_deg < THRESHOLD_DEG)

    @property
    def auc(self) -> float:
        """AUC@30."""
        shares = [min(self._share(self.rotation_deg < limit), self._share(self.translation_deg < limit)) for limit in range(1, AUC_DEG + 1)]
        return sum(shares) / len(shares)

    @property
    def registered_share(self) -> float:
        return len(self.registered) / self.views

    def _share(self, good: Tensor) -> float:
        first, second = torch.triu_indices(self.views, self.views, offset=1)
        return float(good[first, second].double().mean())


def measure_poses(found: Cameras | None, indices: tuple[int, ...], targets: Cameras) -> PoseAccuracy:
    """Compare found cameras with the targets, pair by pair.

    Args:
        found: N cameras in a world of any place, heading and scale; None if there are none.
        indices: which of the targets each of them is.
        targets: V cameras.

    Raises:
        ValueError: for fewer than two targets, or targets that stand at one place, whose directions mean nothing.
    """
    views = len(targets)
    if views < 2:
        raise ValueError(f"cameras: wanted at least 2 views to compare, got {views}")
    if measure_extent(targets) == 0:
        raise ValueError("cameras: wanted cameras that move, got a trajectory that stands at one place; evaluate one with a moving camera")
    rotation, translation = (torch.full((views, views), WRONG_DEG, dtype=torch.float64).fill_diagonal_(0) for _ in range(2))
    if found is not None:
        wanted = targets[list(indices)].to("cpu", torch.float64)
        given = found.to("cpu", torch.float64)
        places = torch.tensor(indices)
        rotation[places[:, None], places] = _compare_rotations(given, wanted)
        translation[places[:, None], places] = _compare_directions(given, wanted)
    return PoseAccuracy(views, tuple(indices), rotation, translation)


def _compare_rotations(found: Cameras, wanted: Cameras) -> Tensor:
    ours, theirs = (each.w2c[None, :, :3, :3] @ each.w2c[:, None, :3, :3].mT for each in (found, wanted))  # [N, N, 3, 3]
    return rotation_angles_deg(ours, theirs)


def _compare_directions(found: Cameras, wanted: Cameras) -> Tensor:
    """Angles [N, N] between the directions to the other camera, each in its own camera's frame; 0 where the targets share a place."""
    ours, theirs = (_look_to_others(each) for each in (found, wanted))  # [N, N, 3]
    apart = theirs.norm(dim=-1) > SAME_PLACE * wanted.centers.norm(dim=-1).max()
    cross = torch.linalg.cross(ours, theirs).norm(dim=-1)
    angles = torch.rad2deg(torch.atan2(cross, (ours * theirs).sum(-1)))
    angles = angles.where(ours.norm(dim=-1) > 0, WRONG_DEG).where(apart, 0.0)
    return torch.triu(angles, 1) + torch.triu(angles, 1).mT  # seen from the earlier view of the pair


def _look_to_others(cameras: Cameras) -> Tensor:
    between = cameras.centers[None] - cameras.centers[:, None]  # [N, N, 3]
    return torch.einsum("iab,ijb->ija", cameras.w2c[:, :3, :3], between)
