"""Depth from other nodes: one source, its meaning, its validity, and what is no depth; several anchors."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from comfy.model_patcher import ModelPatcher
from torch import Tensor

from mvcustom.mvcustom_core.anchor.choice import choose_anchor
from mvcustom.mvcustom_core.anchor.estimate import DepthEstimate
from mvcustom.mvcustom_core.surface.depth import AnchorDepth, DepthMap
from mvcustom.nodes.bridge.backbone.spec import BACKBONE_ATTACHMENT, SD15_SPEC, BackboneSpec
from mvcustom.nodes.bridge.depth.anchor_depth import (
    DepthSources,
    add_anchor,
    check_views,
    choose_estimate,
    estimate_anchor,
    select_anchor,
    select_subject_mask,
)
from mvcustom.tests.host.embedded import load_once, make_cameras

VIEWS = torch.rand(3, 3, 64, 64, generator=torch.Generator().manual_seed(0))
DEPTH = 1 + torch.arange(3.0)[:, None, None].expand(3, 64, 64)  # a plane for each view
MOGE = {"depth": DEPTH, "intrinsics": torch.eye(3).expand(3, 3, 3)}


def choose(anchor: int = 1, **sources: Any) -> DepthEstimate:
    return choose_estimate(VIEWS, anchor, DepthSources(**sources))


def as_image(depth: Tensor) -> Tensor:
    return depth[..., None].expand(-1, -1, -1, 3)


def test_picture_means_what_the_user_says():
    for meaning in ("disparity", "relative depth", "metric"):
        estimate = choose(depth_image=as_image(DEPTH), meaning=meaning)
        assert estimate.meaning == meaning and estimate.valid.all()
        assert (estimate.values == 2).all()
    assert (choose(anchor=2, depth_image=as_image(DEPTH[:1])).values == 1).all()  # the anchor's alone
    assert (choose(depth_image=as_image(DEPTH / 4), meaning="metric", near=1.0, far=9.0).values == 5).all()


def test_each_view_has_its_own_depth_in_every_mode():
    for mode in ("mono", "multiview"):
        for anchor in range(3):
            estimate = choose(anchor, da3_geometry={"depth": DEPTH, "image": VIEWS.movedim(1, -1), "mode": mode})
            assert (estimate.values == anchor + 1).all() and estimate.meaning == "scaled depth"
    assert "all views together" in estimate.origin


def test_sky_is_no_hole_and_a_hole_no_sky():
    depth, sky = DEPTH.clone(), torch.zeros(3, 64, 64)
    depth[1, 0, 0], depth[1, 0, 1], sky[1, 2, 0] = torch.inf, 0.0, 1.0
    estimate = choose(da3_geometry={"depth": depth, "sky": sky, "mode": "mono"})
    assert (~estimate.valid).nonzero().tolist() == [[0, 0], [0, 1], [2, 0]]
    assert estimate.sky.nonzero().tolist() == [[2, 0]]


def test_what_is_not_certain_is_left_out_and_said():
    confidence = torch.ones(3, 64, 64)
    confidence[1, :, :32] = torch.linspace(1, 11, 32)
    confidence[1, :, 32:] = 11
    geometry = {"depth": DEPTH, "confidence": confidence, "mode": "multiview"}
    estimate = choose(da3_geometry=geometry, min_confidence=0.5)
    assert estimate.valid[:, 16:].all() and not estimate.valid[:, :16].any()
    assert "25.0% of the pixels left out as less certain than 0.5" in estimate.origin
    whole = choose(da3_geometry=geometry, min_confidence=0.0)
    assert whole.valid.all() and whole.confidence is None
    same = choose(0, da3_geometry=geometry, min_confidence=1.0)  # everywhere the same
    assert same.valid.all() and (same.confidence == 1).all()
    faded = choose(da3_geometry=geometry, min_confidence=0.25)
    assert torch.allclose(faded.confidence[0, :32], (torch.linspace(0, 1, 32) / 0.25 - 1).clamp(0, 1), atol=1e-6)
    assert (faded.confidence[:, 32:] == 1).all() and (faded.confidence[~faded.valid] == 0).all()


def test_masked_moge_is_invalid():
    depth, mask = DEPTH.clone(), torch.ones(3, 64, 64, dtype=torch.bool)
    depth[1, 0], mask[1, 1] = torch.inf, False
    estimate = choose(moge_geometry={**MOGE, "depth": depth, "mask": mask})
    assert not estimate.valid[:2].any() and estimate.valid[2:].all() and estimate.meaning == "scaled depth"
    assert "3.1% of the pixels without depth" in estimate.origin


def test_without_a_source_the_embedded_head_estimates():
    estimate = choose()
    assert estimate.values.shape == (64, 64) and estimate.meaning == "metric"
    assert torch.isfinite(estimate.values).all() and (estimate.values > 0).all()


def mark(spec: BackboneSpec | None) -> ModelPatcher:
    """A MODEL that says of itself what backbone it is."""
    model = load_once()[0].clone()
    model.attachments.pop(BACKBONE_ATTACHMENT)
    if spec is not None:
        model.set_attachments(BACKBONE_ATTACHMENT, spec)
    return model


@pytest.mark.parametrize("spec", [None, SD15_SPEC])
def test_the_embedded_head_is_refused_for_views_of_another_backbone(spec: BackboneSpec | None):
    with pytest.raises(ValueError, match="the embedded depth head knows the scenes of the embedded backbone alone, got a model of another"):
        estimate_anchor(VIEWS, make_cameras(), 1, DepthSources(), model=mark(spec))
    other = estimate_anchor(VIEWS, make_cameras(), 1, DepthSources(moge_geometry=MOGE), model=mark(spec))
    assert other.depth.report.startswith("MoGe; ")


def test_without_a_model_the_size_tells_whose_views_they_are():
    """Nobody generates 128 pixels with Stable Diffusion 1.5, or more with the embedded backbone unless they connect it."""
    large = torch.nn.functional.interpolate(VIEWS, (512, 512))
    with pytest.raises(ValueError, match="whose views have 128x128 pixels, got views of 512x512 and no model; choose another depth_model"):
        estimate_anchor(large, make_cameras(size=512), 1, DepthSources())
    estimate_anchor(VIEWS, make_cameras(), 1, DepthSources())
    estimate_anchor(large, make_cameras(size=512), 1, DepthSources(), model=load_once()[0])


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        ({"depth_image": as_image(DEPTH), "moge_geometry": MOGE}, "got moge_geometry and depth_image; disconnect all but one"),
        (
            {"moge_geometry": MOGE, "model": "zoe"},
            "got moge_geometry and the depth model 'zoe'; disconnect moge_geometry, or set depth_model",
        ),
        ({"near": 1.0, "far": 2.0}, "near and far: they belong to a depth_image, got none; connect one, or set both to 0"),
        ({"depth_image": as_image(DEPTH[:2])}, "depth_image: wanted a map of the anchor alone or of all 3 views, got 2"),
        ({"da3_geometry": {"depth": DEPTH[:, :32]}}, "da3_geometry: wanted the views' aspect 64x64, got 64x32"),
        ({"da3_geometry": {"image": DEPTH}}, "wanted a geometry with a depth map, got one with \\['image'\\]; run its depth"),
        (
            {"depth_image": as_image(DEPTH * torch.nan)},
            "depth_image: wanted finite depth, got NaN or infinity in 4096 of 4096 pixels; check the depth node",
        ),
        ({"depth_image": as_image(DEPTH * 0)}, "got none: every pixel is zero or below; check the depth node before"),
        (
            {"depth_image": as_image(torch.linspace(0, 1, 64).expand(3, 64, 64)), "meaning": "relative depth"},
            "brought to 0..1 and lost it; set near and far .*, or take the depth node's raw output",
        ),
        (
            {"depth_image": as_image(0.5 + 0.5 * torch.linspace(-1, 1, 64).expand(3, 64, 64)), "meaning": "metric"},
            "depth_image: wanted metric with its zero right, got a picture that was brought to 0..1 and lost it; set near and far",
        ),
        ({"moge_geometry": {**MOGE, "depth": DEPTH * torch.nan}}, "moge_geometry: wanted depth, got none: every pixel is zero, masked"),
        ({"moge_geometry": {"depth": DEPTH}}, "moge_geometry: wanted a perspective picture's, got a panorama's"),
        (
            {"da3_geometry": {"depth": DEPTH[:1], "image": VIEWS[2:].movedim(1, -1)}},
            "da3_geometry: wanted the geometry of view 1, got that of view 2; connect the anchor's",
        ),
        (
            {"moge_geometry": {**MOGE, "depth": DEPTH[:1], "image": torch.zeros(1, 64, 64, 3)}},
            "moge_geometry: wanted the geometry of view 1, got that of (another picture|view .); connect",
        ),
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


def test_anchor_by_index_or_by_coverage():
    cameras = make_cameras(5)
    assert select_anchor("index", 4, cameras) == (4, "view 4")
    view, reason = select_anchor("max coverage", 4, cameras)
    assert view == choose_anchor(cameras).view != 4 and f"view {view} shows most of the others" in reason


def test_anchors_are_added_once_each():
    cameras = make_cameras()
    sources = DepthSources(moge_geometry=MOGE)
    first = estimate_anchor(VIEWS, cameras, 1, sources)
    second = estimate_anchor(VIEWS, cameras, 0, sources)
    both = add_anchor(add_anchor((), first, cameras), second, cameras)
    assert [anchor.view for anchor in both] == [1, 0] and first.depth.report.startswith("MoGe; scaled depth: scale")
    assert 2 * first.depth.scale == pytest.approx(second.depth.scale)  # a plane twice as far, and cameras at one distance
    with pytest.raises(ValueError, match="anchor: wanted a view that is no anchor yet, got view 0 again; name another"):
        add_anchor(both, second, cameras)
    far = AnchorDepth(7, DepthMap(DEPTH[0], DEPTH[0] > 0, "", 1.0, ""))
    with pytest.raises(ValueError, match="depth: wanted anchors of this trajectory of 3 views, got view 7; connect one trajectory"):
        add_anchor((far,), first, cameras)
