"""The embedded backbone: its file fits its layout, ComfyUI can rebuild it, and it can be trained however it was loaded."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import comfy.memory_management
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


@pytest.mark.parametrize("part", ["motion modules", "text encoder", "autoencoder"])
def test_comfyui_rebuilds_each_part(part: str):
    """As core does for a clone without dynamic memory, for a device of its own and for another GPU."""
    load = {
        "motion modules": embedded.load_embedded_motion,
        "text encoder": lambda: embedded.load_clip().patcher,
        "autoencoder": lambda: embedded.load_vae().patcher,
    }[part]
    with torch.inference_mode():
        patcher = load()
        fresh = patcher.clone(force_deepcopy=True)
    assert fresh.model is not patcher.model
    assert fresh.attachments.keys() == patcher.attachments.keys()
    wanted, found = patcher.model.state_dict(), fresh.model.state_dict()
    assert found.keys() == wanted.keys() and all(torch.equal(found[key], wanted[key]) for key in wanted)


def test_no_layer_of_the_text_encoder_is_without_weights_in_dynamic_memory(monkeypatch: pytest.MonkeyPatch):
    """There ComfyUI's linear layers begin without any, and one that no file fills fails at the first prompt."""
    monkeypatch.setattr(comfy.memory_management, "aimdo_enabled", True)
    clip = embedded.load_clip()
    linear = [layer for layer in clip.cond_stage_model.modules() if isinstance(layer, torch.nn.Linear)]
    assert len(linear) == 1 + 6 * embedded.CLIP["num_hidden_layers"] and all(layer.weight is not None for layer in linear)


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


def test_no_weight_of_the_text_encoder_is_left_unloaded():
    """Under ComfyUI's dynamic memory a layer that nothing loads has no weights at all, and encoding a prompt fails."""
    clip = load_once()[1]
    encoder = clip.cond_stage_model.clip_l.transformer
    assert torch.equal(encoder.text_projection.weight, torch.eye(embedded.TEXT_WIDTH))
    with torch.inference_mode():
        _, pooled = clip.encode_from_tokens(clip.tokenize("a box"), return_pooled=True)
    assert torch.isfinite(pooled).all()
