"""The encoders of pictures."""

from __future__ import annotations

import importlib.util
import sys

import pytest
import torch

from mvcustom.mvcustom_core.mvgd.encoder import ConvEncoder, TimmEncoder, encode_pictures

needs_timm = pytest.mark.skipif(importlib.util.find_spec("timm") is None, reason="timm is not installed")


@torch.no_grad()
def test_features_are_at_a_quarter_of_the_size_row_by_row() -> None:
    encoder = ConvEncoder(16)
    images = torch.rand(2, 3, 16, 24)
    features = encode_pictures(encoder, images)
    assert features.shape == (2, 4 * 6, 16)
    changed = images.clone()
    changed[0, :, 14:, 22:] = 0.5  # the last cell
    assert float((encode_pictures(encoder, changed) - features)[0, -1].abs().max()) > 0
    assert torch.equal(encode_pictures(encoder, changed)[1], features[1])


def test_sides_that_do_not_divide_are_refused() -> None:
    with pytest.raises(ValueError, match="wanted sides divisible by 4, got 18x16; resize"):
        encode_pictures(ConvEncoder(16), torch.rand(1, 3, 16, 18))


@needs_timm
@torch.no_grad()
def test_a_timm_backbone_gives_its_joined_levels_and_keeps_its_statistics() -> None:
    encoder = TimmEncoder("efficientvit_b0").train()
    assert not any(module.training for module in encoder.net.modules())
    assert encode_pictures(encoder, torch.rand(1, 3, 32, 48)).shape == (1, 8 * 12, encoder.width)


@needs_timm
def test_a_timm_backbone_that_starts_coarser_is_refused() -> None:
    with pytest.raises(ValueError, match=r"features from stride 4 on, got efficientvit_m0 with strides \[16, 32, 64\]"):
        TimmEncoder("efficientvit_m0")


def test_without_timm_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(ValueError, match="wanted timm for efficientvit_b2, found none; install it"):
        TimmEncoder("efficientvit_b2")
