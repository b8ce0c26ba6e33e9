"""Scene scale normalisation (arXiv 2501.18804, section 3.2): cameras as the target sees them, in the unit of their own spread.

The target's camera is the origin and its axes are the axes, so that what is computed does not depend on the world that the cameras come
in. The unit is the largest coordinate of the conditioning cameras' translations, so that depth comes out in the cameras' own unit.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..camera.cameras import Cameras

STORED_PRECISION = 1e-5  # of the largest coordinate of a centre: what float32 poses leave of two equal positions


@dataclass(frozen=True, eq=False)
class Canonical:
    """N cameras in the target camera's axes, translations in units of `scale`.

    Attributes:
        rotations: [N, 3, 3] camera-from-target.
        translations: [N, 3].
        scale: world units per unit here; 1 where there is no baseline.
        has_baseline: whether the cameras stand apart from the target, so that depth has a unit.
    """

    rotations: Tensor  # [N, 3, 3]
    translations: Tensor  # [N, 3]
    scale: float
    has_baseline: bool

    @property
    def target(self) -> Canonical:
        """The target's own camera: one, at the origin."""
        eye = torch.eye(3, dtype=self.rotations.dtype)
        return Canonical(eye[None], eye.new_zeros(1, 3), self.scale, self.has_baseline)


def canonicalise(conditioning: Cameras, target: Cameras) -> Canonical:
    """Cameras in the axes and the unit of a target.

    Args:
        conditioning: N cameras, exactly those that the network is shown: one that is counted here and not shown makes depth worse.
        target: one camera.

    Returns:
        In float64 on the CPU. Without a baseline the scale is 1.

    Raises:
        ValueError: for no conditioning camera, or not exactly one target.
    """
    if len(conditioning) < 1 or len(target) != 1:
        raise ValueError(f"cameras: wanted at least one with a picture and exactly one target, got {len(conditioning)} and {len(target)}")
    views, origin = (cameras.to("cpu", torch.float64) for cameras in (conditioning, target))
    relative = views.w2c @ origin.c2w  # [N, 4, 4] camera-from-target
    translations = relative[:, :3, 3]
    spread = float(translations.abs().max())
    stored = float(torch.cat([views.centers, origin.centers]).abs().max())
    has_baseline = spread > STORED_PRECISION * stored
    scale = spread if has_baseline else 1.0
    return Canonical(relative[:, :3, :3], translations / scale, scale, has_baseline)
