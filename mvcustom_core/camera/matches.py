"""Matched features of pictures against known cameras.

A match counts if both rays meet: the point nearest to them lies before both cameras and projects close to both features.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from ..shapes import check_shape
from .cameras import Cameras
from .rays import pixel_rays, project_points

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
