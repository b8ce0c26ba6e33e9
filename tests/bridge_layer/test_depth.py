"""Depth from other nodes: one source, its meaning, its validity, and what is no depth."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from mvcustom.nodes.bridge.depth import DepthEstimate, check_views, choose_estimate, select_subject_mask
from mvcustom.tests.host.embedded import make_cameras

VIEWS = torch.rand(3, 3, 64, 64, generator=torch.Generator().manual_seed(0))
DEPTH = 1 + torch.arange(3.0)[:, None, None].expand(3, 64, 64)  # a plane for each view


def choose(anchor: int = 1, meaning: str = "disparity", **sources: Any) -> DepthEstimate:
    named = {"da3_geometry": None, "moge_geometry": None, "depth_image": None, **sources}
    return choose_estimate(VIEWS, anchor, **named, meaning=meaning)


def as_image(depth: Tensor) -> Tensor:
    return depth[..., None].expand(-1, -1, -1, 3)


def test_picture_means_what_the_user_says():
    for meaning in ("disparity", "relative depth", "metric"):
        estimate = choose(depth_image=as_image(DEPTH), meaning=meaning)
        assert estimate.meaning == meaning and estimate.valid.all()
        assert (estimate.values == 2).all()
    assert (choose(anchor=2, depth_image=as_image(DEPTH[:1])).values == 1).all()  # the anchor's alone


def test_geometry_says_itself_what_it_means():
    assert choose(da3_geometry={"depth": DEPTH, "mode": "mono"}).meaning == "relative depth"
    assert choose(da3_geometry={"depth": DEPTH, "mode": "metric"}).meaning == "metric"
    assert choose(moge_geometry={"depth": DEPTH}).meaning == "metric"


def test_mask_sky_and_holes_are_invalid():
    depth, mask, sky = DEPTH.clone(), torch.ones(3, 64, 64), torch.zeros(3, 64, 64)
    depth[1, 0, 0], depth[1, 0, 1], mask[1, 1, 0], sky[1, 2, 0] = torch.inf, 0.0, 0.0, 1.0
    wrong = ~choose(da3_geometry={"depth": depth, "mask": mask, "sky": sky}).valid
    assert wrong.nonzero().tolist() == [[0, 0], [0, 1], [1, 0], [2, 0]]


def test_without_a_source_the_embedded_head_estimates():
    estimate = choose()
    assert estimate.values.shape == (64, 64) and estimate.meaning == "metric"
    assert torch.isfinite(estimate.values).all() and (estimate.values > 0).all()


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        ({"depth_image": as_image(DEPTH), "moge_geometry": {"depth": DEPTH}}, "got moge_geometry and depth_image; disconnect all but one"),
        ({"depth_image": as_image(DEPTH[:2])}, "depth_image: wanted a map of the anchor alone or of all 3 views, got 2"),
        ({"da3_geometry": {"depth": DEPTH[:, :32]}}, "da3_geometry: wanted the views' aspect 64x64, got 64x32"),
        ({"da3_geometry": {"image": DEPTH}}, "wanted a geometry with a depth map, got one with \\['image'\\]; run its depth"),
        ({"depth_image": as_image(DEPTH * torch.nan)}, "depth_image: wanted finite depth, got NaN or infinity; check the depth node"),
        ({"depth_image": as_image(DEPTH * 0)}, "depth_image: wanted depth, got none: every pixel is zero or invalid"),
        ({"moge_geometry": {"depth": DEPTH * torch.nan}}, "moge_geometry: wanted depth, got none: every pixel is zero or invalid"),
    ],
)
def test_what_is_no_depth_is_refused(sources: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        choose(**sources)


def test_subject_mask_is_the_anchors():
    masks = torch.zeros(3, 64, 64)
    masks[1, 10:20] = 1
    estimate = choose(depth_image=as_image(DEPTH))
    assert torch.equal(select_subject_mask(masks, VIEWS, 1, estimate), masks[1])
    assert torch.equal(select_subject_mask(masks[1:2], VIEWS, 1, estimate), masks[1])
    with pytest.raises(ValueError, match="subject_mask: wanted a map of the anchor alone or of all 3 views, got 2"):
        select_subject_mask(masks[:2], VIEWS, 1, estimate)
    with pytest.raises(ValueError, match="subject_mask: wanted the depth's size 64x64, got 32x32; resize the mask"):
        select_subject_mask(masks[:, :32, :32], VIEWS, 1, estimate)


def test_views_must_be_the_cameras():
    check_views(VIEWS, make_cameras(), 2)
    check_views(VIEWS, make_cameras(size=128), 0)  # another resolution of the same field of view
    with pytest.raises(ValueError, match="views: wanted 4, one for each camera, got 3"):
        check_views(VIEWS, make_cameras(4), 0)
    with pytest.raises(ValueError, match="anchor: wanted a view from 0 to 2, got 3"):
        check_views(VIEWS, make_cameras(), 3)
    with pytest.raises(ValueError, match="wanted the cameras' aspect 64x64, got 32x64"):
        check_views(VIEWS[..., :32], make_cameras(), 0)
