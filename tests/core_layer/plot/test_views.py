"""The sheet of generated views above their depth."""

from __future__ import annotations

import torch

from mvcustom.mvcustom_core.plot.views import GAP, MOST, SIDE, plot_views
from mvcustom.mvcustom_core.surface.depth import DepthMap


def make_depth(near: float) -> DepthMap:
    depth = torch.full((8, 8), 4.0)
    depth[:, :4] = near
    valid = torch.ones(8, 8, dtype=torch.bool)
    valid[0] = False
    return DepthMap(depth, valid, "test", 1.0, "")


def test_each_view_stands_above_its_depth() -> None:
    images = torch.stack([torch.full((3, 8, 8), value) for value in (0.2, 0.7)])
    sheet = plot_views(images, [make_depth(1.0), make_depth(2.0)])
    assert sheet.shape == (3, 3 * GAP + 2 * SIDE, 3 * GAP + 2 * SIDE)
    middle, lower = GAP + SIDE // 2, 2 * GAP + SIDE + SIDE // 2
    first, second = GAP + SIDE // 4, 2 * GAP + SIDE + SIDE // 4  # the near halves
    torch.testing.assert_close(sheet[:, middle, first], torch.full((3,), 0.2))
    torch.testing.assert_close(sheet[:, middle, second], torch.full((3,), 0.7))
    assert (sheet[:, lower, first] == 1).all() and (sheet[:, lower, first + SIDE // 2] == 0).all()
    red = sheet[:, 2 * GAP + SIDE + 2, first]
    assert red[0] > 2 * red[1]


def test_many_views_are_thinned_and_no_depth_leaves_one_row() -> None:
    sheet = plot_views(torch.rand(30, 3, 4, 8), [])
    assert sheet.shape == (3, 2 * GAP + SIDE, GAP + MOST * (2 * SIDE + GAP))
