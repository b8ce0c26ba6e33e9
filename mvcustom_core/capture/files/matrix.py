"""Camera matrices as files have them, held against what a rigid motion is."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ...camera.cameras import RIGID_TOLERANCE

LAST_ROW = (0.0, 0.0, 0.0, 1.0)


def check_rigid(matrices: Tensor, names: Sequence[str]) -> None:
    """Check that matrices [V, 4, 4] are rigid motions, and name the image of the first that is not.

    Raises:
        ValueError: as `make_rigid` does.
    """
    for matrix, name in zip(matrices, names, strict=True):
        try:
            make_rigid(matrix)
        except ValueError as error:
            raise ValueError(f"{name}: {error}; reconstruct the cameras again") from error


def make_rigid(
    matrix: Tensor,  # [4, 4]
) -> Tensor:
    """A matrix that is rigid but for rounding, with the last row that all rigid motions have, [4, 4].

    Raises:
        ValueError: for NaN, infinity, scale, reflection, or a last row that is not 0 0 0 1 within the tolerance of the rotation.
    """
    if not torch.isfinite(matrix).all():
        raise ValueError("wanted a rigid camera matrix, got one with NaN or infinity")
    rotation, last = matrix[:3, :3], matrix.new_tensor(LAST_ROW)
    error = (rotation @ rotation.mT - torch.eye(3).to(matrix)).abs().max()
    if error > RIGID_TOLERANCE or torch.linalg.det(rotation) < 0 or (matrix[3] - last).abs().max() > RIGID_TOLERANCE:
        raise ValueError("wanted a rigid camera matrix, got one with scale, reflection or a last row other than 0 0 0 1")
    return torch.cat([matrix[:3], last[None]])  # [4, 4]
