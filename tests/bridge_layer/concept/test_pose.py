"""Pose patches in the U-Net: what is recorded is what a block computes, images stay apart, and nothing happens without a session."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import torch
from comfy.model_patcher import ModelPatcher
from torch import Tensor

from mvcustom.nodes.bridge.backbone.spec import walk_transformers
from mvcustom.nodes.bridge.concept.pose import Hooked, find_blocks, install_pose_patches, record_features
from mvcustom.nodes.bridge.concept.session import run_references
from mvcustom.nodes.bridge.concept.tokens import encode_caption
from mvcustom.nodes.bridge.host.call import KEY
from mvcustom.tests.host.embedded import SPEC, load_once

NUMBERS = frozenset(site.number for site in SPEC.pose_layout.sites)


@pytest.fixture
def patched() -> ModelPatcher:
    model = load_once()[0].clone()
    install_pose_patches(model)
    return model


@pytest.fixture
def latents() -> Tensor:
    return torch.randn(3, 4, 8, 8, generator=torch.Generator().manual_seed(2))


def caption() -> Tensor:
    return encode_caption(load_once()[1], "a box")


def run_unet(model: ModelPatcher, latents: Tensor, **entries: Any) -> Tensor:
    options = {**model.model_options["transformer_options"], KEY: entries, "cond_or_uncond": [0]}
    context = caption().expand(len(latents), -1, -1)
    with torch.no_grad():
        return model.model.diffusion_model(latents, torch.zeros(len(latents)), context=context, transformer_options=options)


def record(model: ModelPatcher, latents: Tensor, batch: int = 8) -> dict[int, Tensor]:
    run = partial(run_references, model.model.diffusion_model, caption(), model.model_options["transformer_options"])
    return record_features(run, find_blocks(model.model.diffusion_model), NUMBERS, latents, batch)


def test_recorded_is_what_the_block_puts_out(patched: ModelPatcher, latents: Tensor):
    blocks = find_blocks(patched.model.diffusion_model)
    seen: dict[int, Tensor] = {}
    handles = [
        blocks[number].register_forward_hook(lambda block, inputs, output, number=number: seen.update({number: output}))
        for number in NUMBERS
    ]
    try:
        features = record(patched, latents)
    finally:
        for handle in handles:
            handle.remove()
    assert set(features) == set(seen) == NUMBERS
    for site in SPEC.pose_layout.sites:
        side = 8 >> site.level
        assert features[site.number].shape == (3, site.channels, side, side)
        torch.testing.assert_close(features[site.number].flatten(2).mT, seen[site.number], rtol=1e-6, atol=1e-6)


def test_references_do_not_know_of_each_other(patched: ModelPatcher, latents: Tensor):
    together, apart = record(patched, latents), record(patched, latents, batch=1)
    for number in NUMBERS:
        torch.testing.assert_close(together[number], apart[number], rtol=1e-4, atol=1e-4)
    moved = run_unet(patched, latents)  # the same batch as frames of a clip: motion does mix them
    alone = torch.cat([run_unet(patched, latent[None]) for latent in latents])
    assert (moved - alone).abs().max() > 1e-3


def test_numbers_follow_the_forward_order(patched: ModelPatcher, latents: Tensor):
    unet = patched.model.diffusion_model
    assert find_blocks(unet) == [layer.transformer_blocks[0] for _, _, layer in walk_transformers(unet)]
    visited: list[int] = []

    def hook(number: int, tokens: Tensor, attend: Any) -> Tensor:
        visited.append(number)
        return tokens

    run_unet(patched, latents, pose=Hooked(find_blocks(unet), frozenset(range(16)), hook))
    assert visited == list(range(16))


def test_unchanged_visits_change_no_bit(patched: ModelPatcher, latents: Tensor):
    plain = run_unet(load_once()[0], latents)
    assert torch.equal(run_unet(patched, latents), plain)
    session = Hooked(find_blocks(patched.model.diffusion_model), NUMBERS, lambda number, tokens, attend: tokens)
    assert torch.equal(run_unet(patched, latents, pose=session), plain)
    assert not session.scratch
    session = Hooked(find_blocks(patched.model.diffusion_model), NUMBERS, lambda number, tokens, attend: tokens + attend(tokens[:1]))
    assert not torch.equal(run_unet(patched, latents, pose=session), plain)


def test_hook_is_given_the_text_attention_of_its_block(patched: ModelPatcher, latents: Tensor):
    block = find_blocks(patched.model.diffusion_model)[3]
    results: list[tuple[Tensor, Tensor]] = []

    def hook(number: int, tokens: Tensor, attend: Any) -> Tensor:
        results.append((attend(tokens[:1]), block.attn2(block.norm2(tokens[:1]), context=caption())))
        return tokens

    run_unet(patched, latents, pose=Hooked(find_blocks(patched.model.diffusion_model), frozenset({3}), hook))
    (given, wanted), *others = results
    assert not others
    torch.testing.assert_close(given, wanted)
