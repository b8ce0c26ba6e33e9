"""Where views show the same surface, from matched features of their pictures that the cameras allow. Needs no network and no depth.

Only the cells in which features were matched are known.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..camera.cameras import Cameras
from ..camera.matches import Matches
from ..camera.rays import cell_centers
from .correspondence import Correspondence, blend_cells


def correspond_matches(matches: Matches, cameras: Cameras, size: tuple[int, int]) -> Correspondence:
    """The correspondence of V views on a grid of `size` (h, w) from verified matches.

    Of several features in one cell the one nearest to its centre counts. What is known from i to j is known from j to i as well.

    Args:
        matches: in pixels of the cameras' size.
    """
    height, width = size
    views, count = len(cameras), height * width
    points = cell_centers(height, width)[None, :, None].repeat(views, 1, views, 1)  # [V, (h w), V, 2]
    known = torch.zeros(views, count, views, dtype=torch.bool)
    scale = torch.tensor([width / cameras.width, height / cameras.height])
    for (first, second), ends in matches.items():
        places = ends.cpu().float().unflatten(1, (2, 2)).transpose(0, 1) * scale  # [2, N, 2] in cells
        for here, away, own, other in ((first, second, *places), (second, first, *places.flip(0))):
            cells, chosen = _choose_features(own, size)
            points[here, cells, away], known[here, cells, away] = other[chosen], True
    taps, weights = (
        torch.stack(part) for part in zip(*(blend_cells(*each, size) for each in zip(points, known, strict=True)), strict=True)
    )
    return Correspondence(taps, weights, known, height, width)


def _choose_features(places: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """The cells [K] that hold features at places [N, 2] in cells, and for each the feature nearest to its centre [K]."""
    height, width = size
    column, row = (axis.long().clamp(0, side - 1) for axis, side in zip(places.unbind(-1), (width, height), strict=True))
    order = (places - places.floor() - 0.5).norm(dim=-1).argsort(stable=True)
    cells = (row * width + column)[order]
    found = torch.full((height * width,), len(cells)).scatter_reduce(0, cells, torch.arange(len(cells)), "amin")
    held = (found < len(cells)).nonzero().squeeze(1)
    return held, order[found[held]]
