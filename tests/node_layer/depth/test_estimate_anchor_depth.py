"""Estimate Anchor Depth as a node: several anchors, the choice by coverage, the sheet and the report."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from mvcustom.mvcustom_core.anchor.choice import choose_anchor
from mvcustom.nodes.bridge.depth.model import EMBEDDED
from mvcustom.nodes.depth.estimate_anchor_depth import MVCustomEstimateAnchorDepth
from mvcustom.tests.host.embedded import make_cameras
from mvcustom.tests.host.in_process import ComfyInProcess

VIEWS = torch.rand(3, 64, 64, 3, generator=torch.Generator().manual_seed(0))


def estimate(**changes: Any) -> tuple[Any, ...]:
    inputs = {"views": VIEWS, "cameras": make_cameras(), "anchor": 1, "depth_image_meaning": "metric", "depth_image": 2 + VIEWS}
    return MVCustomEstimateAnchorDepth.execute(**{**inputs, **changes}).result


def test_one_anchor_and_a_second():
    depth, picture, report, view = estimate()
    assert [anchor.view for anchor in depth] == [view] == [1]
    assert picture.shape[0] == 1 and picture.shape[3] == 3 and picture.min() >= 0 and picture.max() <= 1
    assert report.startswith("view 1; depth picture (metric); metric: scale ") and "the picture's centre" in report
    depth, _, report, view = estimate(anchor=2, depth=depth)
    assert [anchor.view for anchor in depth] == [1, 2] and view == 2 and report.startswith("view 2; ")
    with pytest.raises(ValueError, match="got view 1 again; name another by its index"):
        estimate(depth=depth)


def test_coverage_chooses_the_view():
    depth, _, report, view = estimate(anchor=2, anchor_choice="max coverage")
    assert view == depth[0].view == choose_anchor(make_cameras()).view and "shows most of the others" in report


def test_defaults_are_the_schemas(comfy: ComfyInProcess):
    """A workflow saved before these widgets existed runs as before."""
    schema = {item.id: item for item in MVCustomEstimateAnchorDepth.define_schema().inputs}
    assert list(schema)[:9] == [
        "views", "cameras", "anchor", "model", "da3_geometry", "moge_geometry", "depth_image", "depth_image_meaning", "subject_mask",
    ]  # fmt: skip
    assert all(schema[name].optional for name in ("anchor_choice", "depth_model", "near", "far", "min_confidence", "depth"))
    assert schema["depth_model"].options[0] == EMBEDDED
    assert estimate()[2] == estimate(anchor_choice="index", depth_model=EMBEDDED, near=0.0, far=0.0, min_confidence=0.1)[2]
