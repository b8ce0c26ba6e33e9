"""A concept on a MODEL: an unlearned one changes no bit, a learned one only the positive branch, and the user's MODEL stays as it was."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from comfy.model_management import InterruptProcessingException, interrupt_current_processing
from comfy.model_patcher import ModelPatcher
from torch import Tensor

from mvcustom.mvcustom_core.concept.pose_block import PoseLayout
from mvcustom.nodes.bridge.backbone import embedded
from mvcustom.nodes.bridge.backbone.motion import apply_motion
from mvcustom.nodes.bridge.backbone.motion_model import build_motion_patcher
from mvcustom.nodes.bridge.backbone.spec import BACKBONE_ATTACHMENT, fingerprint_weights
from mvcustom.nodes.bridge.concept.application import render_depth
from mvcustom.nodes.bridge.concept.tokens import encode_caption
from mvcustom.nodes.bridge.rendering.hook import apply_rendering
from mvcustom.tests.host.embedded import (
    SPEC,
    apply_once,
    count_calls,
    draw_weights,
    learned_once,
    load_once,
    make_cameras,
    make_concept,
    make_depth,
    sample,
)


def weights_of(model: ModelPatcher) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in model.model.state_dict().items()}


def describe(value: Any) -> Any:
    """Nested containers as text that tells any addition; objects by their identity."""
    if isinstance(value, dict):
        return {key: describe(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [describe(entry) for entry in value]
    return value if isinstance(value, str | int | float | None) else id(value)


def describe_patcher(model: ModelPatcher) -> dict[str, Any]:
    names = ("model_options", "patches", "object_patches", "attachments", "additional_models", "wrappers", "callbacks", "injections")
    return {name: describe(getattr(model, name)) for name in names}


def test_unlearned_concept_changes_no_bit():
    model, _, _ = load_once()
    assert torch.equal(sample(apply_once(model, make_concept())), sample(model))


def test_learned_concept_shows():
    model, _, _ = load_once()
    plain, concept = sample(model), learned_once()
    assert (sample(apply_once(model, concept)) - plain).abs().max() > 1e-2
    assert torch.equal(sample(apply_once(model, concept, strength=0.0)), plain)
    half = sample(apply_once(model, concept, strength=0.5))
    assert torch.isfinite(half).all() and not torch.equal(half, plain)


def test_negative_branch_sees_the_plain_backbone():
    model, _, _ = load_once()
    negative: list[Tensor] = []
    for patched in (model.clone(), apply_once(model, learned_once())):
        patched.set_model_sampler_cfg_function(lambda args: [negative.append(args["uncond"].clone()), args["cond"]][1])
        sample(patched, steps=1)
    torch.testing.assert_close(*negative, rtol=0, atol=1e-5)


def test_another_checkpoint_of_the_same_shape_is_accepted_and_mentioned(caplog: pytest.LogCaptureFixture):
    model, _, _ = load_once()
    own = fingerprint_weights(model)
    with caplog.at_level("INFO", "mvcustom.bridge.concept"):
        for backbone, said in (("", False), (own, False), ("0123456789abcdef", True)):
            caplog.clear()
            apply_once(model, replace(make_concept(), backbone=backbone))
            assert any(f"this is {own}: its references are recorded anew" in message for message in caplog.messages) == said


def test_fingerprint_tells_checkpoints_apart_and_not_their_copies():
    model, _, _ = load_once()
    key = "diffusion_model.input_blocks.1.0.in_layers.2"
    own, lora = fingerprint_weights(model), model.clone()
    lora.add_patches({f"{key}.weight": ("diff", (torch.ones_like(model.model.state_dict()[f"{key}.weight"]),))})
    assert fingerprint_weights(lora) == own
    bias = model.model.get_parameter(f"{key}.bias")
    before = bias.data
    try:
        bias.data = before.half().float()
        assert fingerprint_weights(model) == own
        bias.data = before + 0.01
        assert fingerprint_weights(model) != own
    finally:
        bias.data = before


def test_cancelling_stops_within_a_step_and_the_next_run_works():
    patched = apply_once(load_once()[0], learned_once())
    whole, calls = sample(patched, steps=4), count_calls(patched)
    with pytest.raises(InterruptProcessingException):
        sample(patched, steps=4, callback=lambda *_: interrupt_current_processing(True))
    assert calls.count(6) <= 2  # both branches of three views: the step that was cancelled, and the call in which ComfyUI notices
    assert torch.equal(sample(patched, steps=4), whole)


def test_one_prompt_for_all_views():
    model, clip, _ = load_once()
    prompts = torch.cat([encode_caption(clip, f"a {colour} box") for colour in ("red", "blue", "green")])
    with pytest.raises(ValueError, match="wanted one prompt for all views, got different ones"):
        sample(apply_once(model, learned_once()), positive=prompts)
    assert torch.isfinite(sample(model, positive=prompts)).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"views": 4}, "wanted 3, one for each camera, got 4; set the batch size"),
        ({"size": 128}, "wanted 64x64 pixels .*, got 128x128; give"),
    ],
)
def test_wrong_latents_are_refused_before_sampling(changes: dict[str, int], message: str):
    patched = apply_once(load_once()[0], make_concept())
    calls = count_calls(patched)
    with pytest.raises(ValueError, match=message):
        sample(patched, **changes)
    assert not calls


def test_model_and_concept_must_fit():
    model, _, _ = load_once()
    patched = apply_once(model, make_concept())
    with pytest.raises(ValueError, match="already carries one"):
        apply_once(patched, make_concept())
    with pytest.raises(ValueError, match="connect Load MVCustom Backbone"):
        apply_once(embedded.load_unet(), make_concept())
    sites = tuple(site._replace(channels=96) for site in SPEC.pose_layout.sites)
    with pytest.raises(ValueError, match="wanted the backbone it was learned on.*96 at.*got.*load that backbone"):
        apply_once(model, make_concept(layout=PoseLayout(sites, SPEC.pose_layout.text_width)))
    with pytest.raises(ValueError, match="text width 64"):
        apply_once(model, make_concept(layout=replace(SPEC.pose_layout, text_width=64), width=64))


def test_plain_model_is_as_before_when_its_clone_has_run():
    """U-Net, MODEL with motion, and what ComfyUI keeps beside the weights."""
    unet = embedded.load_unet()
    unet.set_attachments(BACKBONE_ATTACHMENT, SPEC)
    draw_weights(unet.model.diffusion_model)
    motion = build_motion_patcher(embedded.MOTION, load_once()[0].get_additional_models()[0].model.state_dict())
    before, weights, face = sample(unet), weights_of(unet), describe_patcher(unet)
    moving = apply_motion(unet, motion)
    moving_before, moving_face = sample(moving), describe_patcher(moving)
    with torch.inference_mode():
        hooked, _ = apply_rendering(apply_once(moving, make_concept(0.05)), make_depth(), make_cameras())
    assert not torch.equal(sample(hooked), moving_before)
    assert torch.equal(sample(moving), moving_before) and torch.equal(sample(unet), before)
    assert describe_patcher(moving) == moving_face and describe_patcher(unet) == face
    assert not unet.model_options["transformer_options"] and not unet.wrappers and not unet.callbacks
    after = weights_of(unet)
    assert all(torch.equal(tensor, after[name]) for name, tensor in weights.items())


def test_weight_patches_before_the_concept_count():
    model, _, _ = load_once()
    key = "diffusion_model.input_blocks.0.0.weight"
    shift = 0.2 * torch.randn(model.model.state_dict()[key].shape, generator=torch.Generator().manual_seed(1))
    patched = model.clone()
    patched.add_patches({key: ("diff", (shift,))})
    unlearned = sample(apply_once(patched, make_concept()))
    assert torch.equal(unlearned, sample(patched))
    assert not torch.equal(unlearned, sample(apply_once(model, make_concept())))


def test_depth_of_a_view_is_what_the_finest_blocks_render():
    patched = apply_once(load_once()[0], learned_once())
    depth = render_depth(patched, make_cameras(), 1)
    assert depth.distance.shape == depth.opacity.shape == (8, 8)
    assert (0 <= depth.opacity).all() and (depth.opacity <= 1 + 1e-5).all()
    far = make_concept().nerf.far
    assert (0 <= depth.distance).all() and (depth.distance <= far).all()
    other = render_depth(patched, make_cameras(), 0)
    assert not torch.equal(other.distance, depth.distance)


def test_depth_needs_the_concepts_own_cameras():
    model, _, _ = load_once()
    with pytest.raises(ValueError, match="connect the MODEL of Apply Concept"):
        render_depth(model, make_cameras(), 0)
    patched = apply_once(model, make_concept())
    for cameras in (make_cameras(2), make_cameras(reach_deg=20.0)):
        with pytest.raises(ValueError, match="wanted the 3 of the model.s Apply Concept, got . others; connect one trajectory"):
            render_depth(patched, cameras, 0)
