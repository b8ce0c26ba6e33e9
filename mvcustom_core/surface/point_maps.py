"""Where views show the same surface, from point maps: for every pixel of every view the world point that it shows, in one frame.

Point maps come from networks that need no cameras. The partner of a cell is the cell whose point is nearest; it counts if the way back
ends where it began (arXiv 2512.03045 finds its correspondences so).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ..camera.rays import cell_centers
from ..shapes import check_shape
from .correspondence import Correspondence

RETURNED = 1.5  # cells between the start and the end of the way there and back
MAX_DISTANCES = 2**24  # computed at a time


def correspond_points(
    points: Tensor,  # [V, H, W, 3]
    valid: Tensor,  # [V, H, W] bool
    size: tuple[int, int],
) -> Correspondence:
    """The correspondence of V views on a grid of `size` (h, w).

    The maps are sampled at the nearest pixel of each cell's centre: a blend of foreground and background would be a point of neither.

    Args:
        points: world points, all views in one frame.
        valid: where they have a meaning.

    Returns:
        one cell with weight 1 for each known place.
    """
    check_shape(points, "V H W 3", valid, "V H W")
    height, width = size
    maps = torch.where(valid[..., None], points.float(), torch.nan).movedim(-1, 1)  # [V, 3, H, W]
    cells = F.interpolate(maps, size=size, mode="nearest-exact").flatten(2).mT  # [V, (h w), 3]
    views, count = cells.shape[:2]
    nearest = torch.arange(count, device=points.device)[None, :, None].repeat(views, 1, views)  # [V, (h w), V]
    known = torch.zeros_like(nearest, dtype=torch.bool)
    centers = cell_centers(height, width, device=points.device)
    for n in range(views):
        for m in range(n):
            there, back = find_nearest(cells[n], cells[m]), find_nearest(cells[m], cells[n])  # [(h w)] both, -1 for none
            for here, away, first, second in ((n, m, there, back), (m, n, back, there)):
                end = torch.where(first >= 0, second[first.clamp(min=0)], -1)
                kept = (end >= 0) & ((centers[end.clamp(min=0)] - centers).norm(dim=-1) <= RETURNED)
                nearest[here, :, away] = torch.where(kept, first, nearest[here, :, away])
                known[here, :, away] = kept
    taps = (nearest + count * torch.arange(views, device=points.device))[..., None].int()
    return Correspondence(taps, torch.ones_like(taps, dtype=torch.float32), known, height, width)


def find_nearest(points: Tensor, others: Tensor) -> Tensor:
    """For points [N, 3] the number of the nearest of others [M, 3], [N]; -1 where either is not a number."""
    found = []
    for part in points.split(max(1, MAX_DISTANCES // len(others))):
        distance = torch.cdist(part[None], others[None], compute_mode="donot_use_mm_for_euclid_dist")[0]  # [n, M]
        least, index = distance.nan_to_num(torch.inf, torch.inf).min(dim=1)
        found.append(torch.where(least.isfinite(), index, -1))
    return torch.cat(found)
