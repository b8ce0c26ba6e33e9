"""What the values of a depth picture mean."""

from __future__ import annotations

import pytest
import torch

from mvcustom.mvcustom_core.anchor.estimate import read_depth_picture

RAMP = torch.linspace(0.1, 0.9, 12).reshape(3, 4)
SHALLOW = (torch.linspace(1.0, 1.05, 12).reshape(3, 4) - 1.0) / 0.05  # a wall of little relief from its nearest to its farthest point


@pytest.mark.parametrize("meaning", ["metric", "relative depth", "disparity"])
def test_values_stay_as_they_are_without_limits(meaning):
    estimate = read_depth_picture(RAMP, meaning)
    assert torch.equal(estimate.values, RAMP) and estimate.valid.all() and estimate.meaning == meaning and meaning in estimate.origin


def test_limits_give_depth_its_offset():
    picture = torch.tensor([[0.0, 0.25, 1.0]])
    for meaning in ("metric", "relative depth"):
        estimate = read_depth_picture(picture, meaning, near=2.0, far=10.0)
        assert estimate.values.tolist() == [[2.0, 4.0, 10.0]] and estimate.meaning == "scaled depth" and estimate.valid.all()
    estimate = read_depth_picture(picture, "disparity", near=2.0, far=10.0)
    assert estimate.values[0].tolist() == pytest.approx([10.0, 5.0, 2.0])  # 1/z = 0.1, 0.2, 0.5
    assert estimate.meaning == "scaled depth" and "from 2 to 10" in estimate.origin


def test_zero_is_a_hole_in_depth_and_far_in_disparity():
    picture = torch.tensor([[0.0, 3.0]])
    assert read_depth_picture(picture, "metric").valid.tolist() == [[False, True]]
    assert read_depth_picture(picture, "disparity").valid.tolist() == [[True, True]]


@pytest.mark.parametrize(
    ("picture", "meaning", "limits", "message"),
    [
        (RAMP, "height", (0, 0), "depth meaning: wanted one of metric, .*, got 'height'"),
        (torch.where(RAMP > 0.7, torch.nan, RAMP), "metric", (0, 0), "wanted finite depth, got NaN or infinity in 3 of 12 pixels"),
        (RAMP * 0, "metric", (0, 0), "wanted depth, got none: every pixel is zero or below"),
        (RAMP, "metric", (2, 0), "near and far: wanted 0 < near < far, got 2 and 0; set both, or both to 0"),
        (RAMP, "metric", (0, 2), "near and far: wanted 0 < near < far, got 0 and 2"),
        (RAMP, "metric", (3, 2), "near and far: wanted 0 < near < far, got 3 and 2"),
        (RAMP * 5, "metric", (1, 2), "near and far are for a picture in 0..1, got values from 0.5 to 4.5; set both to 0"),
        ((RAMP - 0.1) / 0.8, "relative depth", (0, 0), "got a picture that was brought to 0..1 and lost it$"),
        ((RAMP - 0.1) / 0.8, "metric", (0, 0), "wanted metric with its zero right, got a picture that was brought to 0..1 and lost it$"),
        (SHALLOW, "metric", (0, 0), "wanted metric with its zero right, got a picture that was brought to 0..1 and lost it$"),
        (torch.rand(2, 3, 4), "metric", (0, 0), r"\[H W\]"),
    ],
)
def test_what_is_no_depth_picture_is_refused(picture, meaning, limits, message):
    with pytest.raises(ValueError, match=message):
        read_depth_picture(picture, meaning, *limits)
