"""Features matched between pictures whose shift is known."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from mvcustom.mvcustom_core.capture.matching import enlarge_pictures
from mvcustom.mvcustom_core.capture.solving import match_pictures

pytest.importorskip("pycolmap", reason="the optional package pycolmap is not installed")

SIZE, SHIFT = 128, 12


def make_pair() -> Tensor:
    """Two parts of one picture of soft blots; the second lies SHIFT pixels to the right of the first."""
    noise = torch.rand(1, 3, 40, 60, generator=torch.Generator().manual_seed(0))
    large = F.interpolate(noise, size=(SIZE, SIZE + 64), mode="bicubic").clamp(0, 1)
    return torch.cat([large[..., :SIZE], large[..., SHIFT : SHIFT + SIZE]])


def test_matches_are_as_far_apart_as_the_pictures(tmp_path: Path) -> None:
    told: list[float] = []
    (ends,) = match_pictures(make_pair(), tmp_path, told.append).values()
    moved = ends[:, 2:] - ends[:, :2]
    right = (moved - torch.tensor([-SHIFT, 0.0])).norm(dim=-1) < 0.5
    assert len(ends) > 50 and right.float().mean() > 0.95
    assert told == sorted(told) and 0 <= told[0] and told[-1] <= 1


def test_features_lie_inside_the_masks(tmp_path: Path) -> None:
    masks = torch.zeros(2, 1, SIZE, SIZE)
    masks[:, :, :, SIZE // 2 :] = 1
    (ends,) = match_pictures(make_pair(), tmp_path, lambda share: None, masks).values()
    assert len(ends) > 10 and (ends[:, [0, 2]] > SIZE // 2 - 1).all()


def test_small_pictures_are_enlarged() -> None:
    assert [enlarge_pictures(torch.zeros(1, 3, side, side // 2))[1] for side in (512, 256, 255, 128, 127, 64, 32)] == [1, 1, 2, 2, 4, 4, 4]
