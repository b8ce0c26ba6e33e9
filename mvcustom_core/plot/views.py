"""Plots generated views above their depth."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ..shapes import check_shape
from ..surface.depth import DepthMap
from .canvas import CARD
from .depth import plot_depth

MOST = 8  # views shown
SIDE, GAP = 160, 6  # pixels: height of a picture, and between pictures


def plot_views(images: Tensor, depths: list[DepthMap]) -> Tensor:
    """A sheet of views, evenly spaced ones if there are many, and below each its depth: near is bright, without depth red.

    Args:
        images: [V, 3, H, W] in 0..1.
        depths: of the views, or none.

    Returns:
        [3, height, width] in 0..1.
    """
    sizes = check_shape(images, "V 3 H W")
    shown = torch.linspace(0, sizes["V"] - 1, min(sizes["V"], MOST)).round().long().tolist()
    rows = [[images[view].float().cpu() for view in shown]]
    if depths:
        rows.append([plot_depth(depths[view]).cpu() for view in shown])
    width = max(1, round(SIDE * sizes["W"] / sizes["H"]))
    paper = torch.tensor(CARD).view(3, 1, 1) / 255
    sheet = paper.repeat(1, GAP + len(rows) * (SIDE + GAP), GAP + len(shown) * (width + GAP))
    for row, pictures in enumerate(rows):
        for column, picture in enumerate(pictures):
            top, left = GAP + row * (SIDE + GAP), GAP + column * (width + GAP)
            sheet[:, top : top + SIDE, left : left + width] = F.interpolate(picture[None], (SIDE, width), mode="nearest-exact")[0]
    return sheet
