"""A depth map as a picture."""

from __future__ import annotations

import torch
from torch import Tensor

from ..geometry.depth import DepthMap

INVALID = (0.8, 0.1, 0.1)


def plot_depth(depth: DepthMap) -> Tensor:
    """Inverse depth from black (far) to white (near) over the map's own range; pixels without depth are red.

    Returns:
        [3, H, W] in 0..1.
    """
    inverse = torch.where(depth.valid, depth.depth, 1.0).reciprocal().float()
    values = inverse[depth.valid]
    near, far = values.max(), values.min()
    grey = ((inverse - far) / (near - far).clamp_min(1e-6)).clamp(0, 1).expand(3, -1, -1)
    return torch.where(depth.valid, grey, grey.new_tensor(INVALID)[:, None, None])
