"""Advice is added to the core's errors that it is for, and to no others."""

from __future__ import annotations

import pytest
import torch

from mvcustom.mvcustom_core.anchor.estimate import DepthEstimate
from mvcustom.mvcustom_core.camera.cameras import Cameras, square_intrinsics
from mvcustom.nodes.bridge.depth.anchor_depth import align_estimate
from mvcustom.nodes.bridge.host.advice import advise

ADVICE = {"views: wanted the aspect": "connect the trajectory of these views", "views:": "connect all views"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("views: wanted 3, got 2", "; connect all views"),
        ("views: wanted the aspect 4x3, got 3x4", "; connect the trajectory of these views"),
        ("more views: wanted 3, got 2", ""),
        ("depth: wanted one, got none", ""),
    ],
)
def test_error_that_begins_so_gets_the_first_advice(text: str, words: str) -> None:
    with pytest.raises(ValueError) as caught, advise(ADVICE):
        raise ValueError(text)
    assert str(caught.value) == text + words


def test_other_kinds_of_errors_pass() -> None:
    with pytest.raises(KeyError, match="views:"), advise(ADVICE):
        raise KeyError("views: none")


@pytest.mark.parametrize(
    ("meaning", "sideways", "message"),
    [
        ("disparity", 0.0, "cannot be told, as there is no concept; connect a model with a concept, set near and far .*, or use"),
        ("metric", 0.9, "not in the middle of the picture, and there is no mask of it; connect a subject mask or choose another anchor"),
    ],
)
def test_users_read_what_to_connect(meaning: str, sideways: float, message: str) -> None:
    """A camera two units from the origin, which it sees in the middle or at the border."""
    w2c = torch.eye(4)[None].clone()
    w2c[0, :3, 3] = torch.tensor([sideways, 0.0, 2.0])
    values = torch.rand(32, 32, generator=torch.Generator().manual_seed(0)) + 1
    estimate = DepthEstimate(values, torch.ones_like(values, dtype=torch.bool), meaning, "test")
    with pytest.raises(ValueError, match=message):
        align_estimate(estimate, Cameras(w2c, square_intrinsics(1, 32, 53.0), 32, 32), 0)
