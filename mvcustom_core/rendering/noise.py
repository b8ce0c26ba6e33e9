"""Noise that several views share, white in each of them.

Views take noise cell by cell, since a mean of several cells would have less variance than each. Where a view magnifies, or turns its grid
against the other's, several of its cells take one source. A plain copy would give it blotches, so such cells share the source's energy and
keep what is left of their own noise (as for the parts of a divided pixel in Chang et al. 2024, "How I Warped Your Noise").

At infinity the homography K_n R_n R_m^T K_m^-1 takes view m's picture of what is far away to view n's: their cameras' places drop out.
"""

from __future__ import annotations

import torch
from einops import rearrange
from torch import Tensor

from ..camera.cameras import Cameras
from ..camera.rays import cell_centers
from ..shapes import check_shape

EDGE = 1e-6  # cells; a centre that maps onto another one's edge but for rounding errors belongs to its picture


def mix_noise(own: Tensor, table: Tensor, sources: Tensor, share: Tensor) -> Tensor:
    """Noise that correlates with its sources and is white in every view.

    The cells i of one view that take a source e with shares a_i become

        x_i = c_i e + z_i - c_i (c . z) / (1 + sqrt(1 - c . c)),    c = a / max(1, |a|)

    with their own noise z, whose covariance is the identity: alone with a share of 1 a cell is e itself, and each of k such cells is
    e / sqrt(k) + z_i - mean(z), which no other noise that is white can exceed in correlation with e.

    Args:
        own: [V, C, h, w] independent unit noise.
        table: [N, C] unit noise of the sources, independent of that of the cells which take a share of it.
        sources: [V, h, w] rows of the table.
        share: [V, h, w] in [0, 1], the correlation with the source that a cell asks for; 0 leaves it its own noise.

    Returns:
        [V, C, h, w]. Sums run in a fixed order, so the same noise gives the same again.
    """
    sizes = check_shape(own, "V C h w", sources, "V h w", share, "V h w", table, "N C")
    z, a = rearrange(own, "V C h w -> (V h w) C"), share.flatten().to(own)  # [(V h w), C], [(V h w)]
    views = torch.arange(sizes["V"], device=sources.device)[:, None, None]
    _, group = (views * len(table) + sources.long()).flatten().unique(return_inverse=True)  # [(V h w)]
    order = group.argsort(stable=True)
    lengths = group.bincount()
    starts = lengths.cumsum(0) - lengths  # [G]

    def sum_groups(values: Tensor, weights: Tensor) -> Tensor:  # [(V h w), C], [(V h w)] -> [(V h w), C]
        sums = torch.nn.functional.embedding_bag(order, values, starts, mode="sum", per_sample_weights=weights[order])
        return sums[group]

    energy = sum_groups(a[:, None], a)[:, 0]  # [(V h w)]
    c = a * energy.clamp(min=1).rsqrt()
    kept = c / (1 + (1 - energy).clamp(min=0).sqrt())
    mixed = c[:, None] * table[sources.flatten().long()] + (z - kept[:, None] * sum_groups(z, c))
    return rearrange(mixed, "(V h w) C -> V C h w", h=sizes["h"], w=sizes["w"])


def share_noise_at_infinity(noise: Tensor, sources: Tensor) -> Tensor:
    """Give each view the cells of noise that `find_noise_sources` found for it.

    Args:
        noise: [V, C, h, w] independent unit noise.
        sources: [V, h, w].

    Returns:
        [V, C, h, w], white in every view.
    """
    check_shape(noise, "V C h w", sources, "V h w")
    taken = sources != torch.arange(sources.numel(), device=sources.device).view_as(sources)
    return mix_noise(noise, rearrange(noise, "V C h w -> (V h w) C"), sources, taken)


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
    sources = torch.arange(len(views) * h * w).view(len(views), h * w)
    for n in range(1, len(views)):
        directions = views[n].directions(centers)[0]  # [(h w), 3]
        for m in reversed(range(n)):  # the first view has the last word
            mapped = directions @ views.w2c[m, :3, :3].mT @ views.K[m].mT
            xy = mapped[:, :2] / mapped[:, 2:]
            inside = (mapped[:, 2] > 0) & (xy > -EDGE).all(-1) & (xy < xy.new_tensor([w, h]) + EDGE).all(-1)
            column, row = (xy[inside] + EDGE).long().clamp(max=torch.tensor([w - 1, h - 1])).unbind(-1)
            sources[n, inside] = sources[m, row * w + column]
    return sources.view(len(views), h, w)
