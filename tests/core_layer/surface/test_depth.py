"""What a depth map may hold."""

from __future__ import annotations

import pytest
import torch

from mvcustom.mvcustom_core.surface.depth import AnchorDepth, DepthMap, RenderedDepth

ALL = torch.ones(3, 4, dtype=torch.bool)


def test_keeps_what_it_is_given():
    depth = torch.rand(3, 4) + 1
    depth_map = DepthMap(depth, ALL, "the subject mask", 0.5, "report")
    assert depth_map.depth is depth and depth_map.scale == 0.5


def test_nothing_is_asked_of_invalid_pixels():
    depth, valid = torch.ones(3, 4), ALL.clone()
    depth[0, 0], depth[1, 1], depth[2, 2] = torch.nan, torch.inf, -1
    valid[0, 0] = valid[1, 1] = valid[2, 2] = False
    DepthMap(depth, valid, "", 1.0, "")


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
def test_refuses_non_finite_depth(value):
    depth = torch.ones(3, 4)
    depth[1, 2] = value
    with pytest.raises(ValueError, match="finite depth where valid"):
        DepthMap(depth, ALL, "", 1.0, "")


def test_refuses_what_is_no_depth():
    with pytest.raises(ValueError, match="zero everywhere"):
        DepthMap(torch.zeros(3, 4), ALL, "", 1.0, "")
    with pytest.raises(ValueError, match="at least one valid pixel"):
        DepthMap(torch.ones(3, 4), ~ALL, "", 1.0, "")
    depth = torch.ones(3, 4)
    depth[0, :2] = torch.tensor([0.0, -1.0])
    with pytest.raises(ValueError, match="got 2 pixels at or below zero"):
        DepthMap(depth, ALL, "", 1.0, "")


def test_refuses_wrong_shapes_and_types():
    with pytest.raises(ValueError, match=r"\[H W\]"):
        DepthMap(torch.ones(4, 3), ALL, "", 1.0, "")
    with pytest.raises(ValueError, match=r"\[H W\]"):
        DepthMap(torch.ones(1, 3, 4), ALL, "", 1.0, "")
    with pytest.raises(ValueError, match="bool validity mask"):
        DepthMap(torch.ones(3, 4), ALL.float(), "", 1.0, "")


def test_rendered_depth_is_checked():
    RenderedDepth(torch.ones(2, 2), torch.zeros(2, 2))
    with pytest.raises(ValueError, match=r"\[h w\]"):
        RenderedDepth(torch.ones(2, 2), torch.zeros(2, 3))
    with pytest.raises(ValueError, match="NaN"):
        RenderedDepth(torch.full((2, 2), torch.nan), torch.zeros(2, 2))


def test_confidence_is_checked():
    DepthMap(torch.ones(3, 4), ALL, "", 1.0, "", torch.rand(3, 4))
    for wrong in (2.0, -0.1, torch.nan):
        with pytest.raises(ValueError, match=r"wanted a confidence in \[0, 1\]"):
            DepthMap(torch.ones(3, 4), ALL, "", 1.0, "", torch.full((3, 4), wrong))
    with pytest.raises(ValueError, match=r"\[H W\]"):
        DepthMap(torch.ones(3, 4), ALL, "", 1.0, "", torch.ones(4, 3))


def test_anchors_are_counted_from_zero():
    depth_map = DepthMap(torch.ones(3, 4), ALL, "", 1.0, "")
    assert AnchorDepth(0, depth_map).view == 0
    with pytest.raises(ValueError, match="anchor: wanted a view counted from 0, got -1"):
        AnchorDepth(-1, depth_map)
