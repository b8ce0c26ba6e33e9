"""The embedded backbone: its file fits its layout, ComfyUI can rebuild it, and it can be trained however it was loaded."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from mvcustom.nodes.bridge.backbone import embedded
from mvcustom.nodes.bridge.backbone.motion import has_motion
from mvcustom.nodes.bridge.backbone.spec import BACKBONE_ATTACHMENT
from mvcustom.nodes.bridge.concept.tokens import clip_text_model, encode_caption
from mvcustom.tests.host.embedded import load_once


def test_loaded_in_inference_mode_it_can_still_be_trained():
    model, _, _ = load_once()
    for module in (model.model.diffusion_model, model.get_additional_models()[0].model):
        assert not any(parameter.is_inference() for parameter in module.parameters())


def test_parts_are_of_one_piece():
    model, clip, vae = load_once()
    assert has_motion(model) == embedded.MOTION
    assert replace(model.get_attachment(BACKBONE_ATTACHMENT), pose_prior=None) == embedded.SPEC
    with torch.inference_mode():
        assert encode_caption(clip, "a box").shape == (1, 77, embedded.TEXT_WIDTH)
        latents = vae.encode(torch.rand(2, 64, 64, 3))
        pictures = vae.decode(latents)
    assert latents.shape == (2, 4, 8, 8) and pictures.shape == (2, 64, 64, 3)
    assert torch.isfinite(latents).all() and torch.isfinite(pictures).all()


def test_comfyui_rebuilds_it():
    model, _, _ = load_once()
    fresh = model.clone(force_deepcopy=True)
    assert fresh.model is not model.model and has_motion(fresh) == embedded.MOTION
    with safe_open(embedded.FILE, "pt") as file:
        wanted = file.get_tensor("unet.input_blocks.0.0.weight").float()
    assert torch.equal(fresh.model.diffusion_model.input_blocks[0][0].weight, wanted)


def test_every_word_has_a_row():
    """Words that training never met share one row; the others have their own."""
    _, clip, _ = load_once()
    table = clip_text_model(clip).embeddings.token_embedding.weight
    assert table.shape == (embedded.VOCABULARY_SIZE, embedded.TEXT_WIDTH)
    with safe_open(embedded.FILE, "pt") as file:
        rows, ids = file.get_tensor("text.rows").float(), file.get_tensor("text.ids").long()
    assert torch.equal(table[ids], rows[:-1])
    unknown = torch.ones(len(table), dtype=torch.bool)
    unknown[ids] = False
    assert unknown.any() and (table[unknown] == rows[-1]).all()


def test_depth_head_takes_pictures():
    with torch.inference_mode():
        depth = embedded.load_depth_head()(torch.rand(2, 3, 64, 64))
    assert depth.shape == (2, 64, 64) and torch.isfinite(depth).all() and (depth > 0).all()


def test_missing_weights_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(embedded, "FILE", tmp_path / "backbone.safetensors")
    embedded.read_weights.cache_clear()
    with pytest.raises(FileNotFoundError, match="wanted backbone.safetensors in the pack's models/tiny, found none; reinstall the pack"):
        embedded.load_embedded()
    embedded.read_weights.cache_clear()
