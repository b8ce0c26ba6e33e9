"""What a concept shows of itself."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from mvcustom.mvcustom_core.camera.cameras import Cameras
from mvcustom.mvcustom_core.concept.concept import Concept
from mvcustom.mvcustom_core.concept.portrait import THUMBNAIL_PIXELS, describe_concept, draw_portrait, make_thumbnail
from mvcustom.mvcustom_core.concept.pose_block import PoseBlocks, PoseLayout, PoseSite
from mvcustom.mvcustom_core.concept.ray_samples import NerfSettings


def make_concept() -> Concept:
    layout, settings = PoseLayout((PoseSite(2, 8, 1),), 16), NerfSettings()
    cameras = Cameras(torch.eye(4).repeat(2, 1, 1), torch.diag(torch.tensor([50.0, 50.0, 1.0])).repeat(2, 1, 1), 48, 64)
    latents = torch.randn(2, 4, 8, 6, generator=torch.Generator().manual_seed(0))
    pose = PoseBlocks(layout, settings).state_dict()
    return Concept(pose, torch.zeros(1, 16), "<v*>", "teddy bear", "a teddy bear", latents, cameras, layout, settings)


def test_thumbnail_is_small_and_keeps_the_aspect():
    thumbnail = make_thumbnail(torch.full((3, 1024, 512), 0.5))
    assert thumbnail.shape == (3, THUMBNAIL_PIXELS, THUMBNAIL_PIXELS // 2) and thumbnail.dtype == torch.uint8
    assert (thumbnail == 128).all()
    small = torch.tensor([0.0, 1.0, 7.0, -1.0]).view(1, 2, 2).expand(3, -1, -1)
    assert make_thumbnail(small)[0].flatten().tolist() == [0, 255, 255, 0]  # not enlarged, and inside the range


def test_portrait_is_the_thumbnail_or_the_latents():
    concept = make_concept()
    thumbnail = torch.tensor([0, 51, 255], dtype=torch.uint8).view(3, 1, 1).expand(3, 2, 2)
    assert draw_portrait(replace(concept, thumbnail=thumbnail))[:, 0, 0].tolist() == pytest.approx([0.0, 0.2, 1.0])
    drawn = draw_portrait(concept)
    assert drawn.shape == (3, 64, 48) and drawn.min() == 0 and drawn.max() == 1


def test_description_states_what_is_known_and_what_is_not():
    concept = make_concept()
    text = describe_concept(concept)
    for words in (
        "<v*>: teddy bear",
        "an unknown number of steps",
        "backbone: unknown",
        "latents of 2 photographs of 48x64 pixels",
        "not stated",
    ):
        assert words in text
    assert "thumbnail" not in text and "masks" not in text
    known = {"steps": 12, "losses": {"rgb": 0.125}, "licence": "CC BY 4.0"}
    full = replace(concept, metadata=known, backbone="cafe", masks=torch.zeros(2, 1, 8, 6), thumbnail=torch.zeros(3, 1, 1))
    text = describe_concept(full)
    for words in ("12 steps; last losses: rgb 0.125", "backbone: cafe", "their masks, a thumbnail", "licence: CC BY 4.0", "2 (8)"):
        assert words in text
