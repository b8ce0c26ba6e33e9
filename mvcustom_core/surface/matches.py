"""Where views show the same surface, from matched features of their pictures and known cameras. Needs no network and no depth.

A match counts if both rays meet: the point nearest to them lies before both cameras and projects close to both features. Only the cells in
which features were matched are known.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from ..camera.cameras import Cameras
from ..camera.rays import cell_centers, pixel_rays, project_points
from ..shapes import check_shape
from .correspondence import Correspondence, blend_cells

Matches = Mapping[tuple[int, int], Tensor]
"""Pairs i < j of views -> [N, 4], the point (x, y) in i and the one in j, in pixels."""

MAX_ERROR = 2 / 256  # of the longer side, between a feature and the image of its point
LEAST_SINE = 1e-4  # between two rays; below it no point is fixed


def verify_matches(matches: Matches, cameras: Cameras) -> dict[tuple[int, int], Tensor]:
    """The matches that the cameras allow.

    Args:
        matches: in pixels of the cameras' size.
    """
    exact = cameras.to("cpu", torch.float64)
    limit = MAX_ERROR * max(cameras.width, cameras.height)
    kept = {}
    for (first, second), ends in matches.items():
        check_shape(ends, "N 4")
        places = ends.cpu().double().unflatten(1, (2, 2)).transpose(0, 1)  # [2, N, 2]
        pair = exact[[first, second]]
        points, fixed = meet_rays(pair, places)
        images, depth = project_points(pair, points)  # [2, N, 2], [2, N]
        close = ((images - places).norm(dim=-1) <= limit) & (depth > 0)
        kept[first, second] = ends[(fixed & close.all(dim=0)).to(ends.device)]
    return kept


def meet_rays(pair: Cameras, places: Tensor) -> tuple[Tensor, Tensor]:
    """The points [N, 3] nearest to the rays of two cameras through image points [2, N, 2], and whether the rays fix one [N]."""
    origins, directions = pixel_rays(pair, places)  # [2, 3], [2, N, 3]
    (a, b), between = directions, origins[1] - origins[0]
    cosine = (a * b).sum(-1)
    sine_squared = 1 - cosine.square()
    fixed = sine_squared > LEAST_SINE**2
    along_a, along_b = a @ between, b @ between
    safe = torch.where(fixed, sine_squared, 1.0)
    first = (along_a - cosine * along_b) / safe  # distances along the rays of their places of closest approach
    second = (cosine * along_a - along_b) / safe
    return ((origins[0] + first[:, None] * a) + (origins[1] + second[:, None] * b)) / 2, fixed


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
