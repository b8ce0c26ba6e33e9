"""One view's depth as its producer gave it, before it is aligned with the world.

What the numbers mean decides what must be fitted: metric and scaled depth miss a factor, relative depth and disparity an offset of the
inverse depth as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from ..shapes import check_shape

DepthMeaning = Literal["metric", "scaled depth", "relative depth", "disparity"]
MEANINGS: tuple[DepthMeaning, ...] = ("metric", "scaled depth", "relative depth", "disparity")


@dataclass(frozen=True, eq=False)
class DepthEstimate:
    """One view's depth in a producer's own terms.

    Attributes:
        values: [H, W] z-depth in any unit, or disparity (larger is nearer); of no meaning where not valid.
        valid: [H, W] bool, false in holes and in the sky.
        meaning: "metric" and "scaled depth" are true up to a factor; "disparity", and the inverse of "relative depth", are 1/z up to a
            factor and an offset.
        origin: who made it and what was left out, for the report.
        sky: [H, W] bool where the producer saw sky: farther than all else, so not a hole. None where it does not tell.
        confidence: [H, W] in 0..1, how far each pixel is to be trusted. None trusts all valid ones alike.
    """

    values: Tensor  # [H, W]
    valid: Tensor  # [H, W] bool
    meaning: DepthMeaning
    origin: str
    sky: Tensor | None = None  # [H, W] bool
    confidence: Tensor | None = None  # [H, W]


def check_range(near: float, far: float) -> None:
    """Check the depth of the nearest and the farthest value of a picture.

    Raises:
        ValueError: if they are not 0 < near < far.
    """
    if not 0 < near < far:
        raise ValueError(f"near and far: wanted 0 < near < far, got {near:g} and {far:g}; set both, or both to 0 where they are not known")


def read_depth_picture(values: Tensor, meaning: DepthMeaning, near: float = 0.0, far: float = 0.0) -> DepthEstimate:
    """Understand a picture's values as depth.

    Args:
        values: [H, W] one channel; zero is a hole unless `near` and `far` say otherwise or it is disparity.
        meaning: what the user says that the values are.
        near, far: depth, in any unit, of the nearest and the farthest value of a picture that was brought to 0..1; both zero: not known.
            With them a disparity's offset is known, so a factor is all that remains to be fitted.

    A depth whose values reach from 0 to 1 was brought there from its nearest to its farthest value, however little lies between them.

    Raises:
        ValueError: for values or limits that cannot be.
    """
    check_shape(values, "H W")
    if meaning not in MEANINGS:
        raise ValueError(f"depth meaning: wanted one of {', '.join(MEANINGS)}, got {meaning!r}")
    wrong = int((~values.isfinite()).sum())
    if wrong:
        raise ValueError(f"depth_image: wanted finite depth, got NaN or infinity in {wrong} of {values.numel()} pixels")
    if not near and not far:
        if not (values > 0).any():
            raise ValueError("depth_image: wanted depth, got none: every pixel is zero or below")
        if meaning != "disparity" and 0 <= values.min() < 0.005 and 0.995 < values.max() <= 1:
            raise ValueError(f"depth_image: wanted {meaning} with its zero right, got a picture that was brought to 0..1 and lost it")
        valid = values > 0 if meaning != "disparity" else torch.ones_like(values, dtype=torch.bool)
        return DepthEstimate(values, valid, meaning, f"depth picture ({meaning})")
    check_range(near, far)
    low, high = float(values.min()), float(values.max())
    if low < -0.001 or high > 1.001:
        raise ValueError(
            f"depth_image: near and far are for a picture in 0..1, got values from {low:.3g} to {high:.3g}; "
            "set both to 0, or normalise the picture"
        )
    if meaning == "disparity":
        values = (1 / far + values.clamp(0, 1) * (1 / near - 1 / far)).reciprocal()
    else:
        values = near + values.clamp(0, 1) * (far - near)
    return DepthEstimate(
        values, torch.ones_like(values, dtype=torch.bool), "scaled depth", f"depth picture ({meaning} from {near:g} to {far:g})"
    )
