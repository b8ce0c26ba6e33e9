"""Noise that several views share where they look in the same direction.

The infinite homography K_n R_n R_m^T K_m^-1 takes view m's picture of what is far away to view n's: their cameras' places drop out. Cells
are looked up one by one, since a mean of several would have less variance than each.
"""

from __future__ import annotations

import torch
from einops import rearrange
from torch import Tensor

from ..camera.cameras import Cameras
from ..camera.rays import cell_centers
from ..shapes import check_shape

EDGE = 1e-6  # cells; a centre that maps onto another one's edge but for rounding errors belongs to its picture


def share_noise_at_infinity(noise: Tensor, sources: Tensor) -> Tensor:
    """Give each view the cells of noise that `find_noise_sources` found for it, as unit noise as it was.

    Args:
        noise: [V, C, h, w] independent unit noise.
        sources: [V, h, w].

    Returns:
        [V, C, h, w].
    """
    sizes = check_shape(noise, "V C h w", sources, "V h w")
    cells = rearrange(noise, "V C h w -> (V h w) C")[sources.flatten()]  # [(V h w), C]
    return rearrange(cells, "(V h w) C -> V C h w", h=sizes["h"], w=sizes["w"])


def find_noise_sources(cameras: Cameras, size: tuple[int, int]) -> Tensor:
    """The cell whose noise each cell takes: of the first view that sees its direction, which may be its own view.

    So the first view keeps its noise, the others take what falls in their pictures, and what it does not reach is shared among the rest.

    Args:
        size: (h, w) of the grid, of the cameras' aspect.

    Returns:
        [V, h, w] indices into the cells (V h w).

    Raises:
        ValueError: if the grid is not of the cameras' aspect.
    """
    h, w = size
    if w * cameras.height != h * cameras.width:
        raise ValueError(f"noise: wanted a grid of the cameras' aspect {cameras.width}x{cameras.height}, got {w}x{h}")
    views = cameras.to("cpu", torch.float64).resize(w, h)
    centers = cell_centers(h, w, dtype=torch.float64)
    points = torch.cat([centers, torch.ones_like(centers[:, :1])], dim=-1)  # [(h w), 3]
    sources = torch.arange(len(views) * h * w).view(len(views), h * w)
    for n in range(1, len(views)):
        directions = points @ views.K[n].inverse().mT @ views.w2c[n, :3, :3]  # [(h w), 3] in the world, as rows
        for m in reversed(range(n)):  # the first view has the last word
            mapped = directions @ views.w2c[m, :3, :3].mT @ views.K[m].mT
            xy = mapped[:, :2] / mapped[:, 2:]
            inside = (mapped[:, 2] > 0) & (xy > -EDGE).all(-1) & (xy < xy.new_tensor([w, h]) + EDGE).all(-1)
            column, row = (xy[inside] + EDGE).long().clamp(max=torch.tensor([w - 1, h - 1])).unbind(-1)
            sources[n, inside] = sources[m, row * w + column]
    return sources.view(len(views), h, w)
