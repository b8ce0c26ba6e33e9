"""What a MODEL is: the layout read off its U-Net, and the refusal of everything that cannot carry the pack's parts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import comfy.ops
import pytest
from comfy.ldm.modules.diffusionmodules.openaimodel import UNetModel
from comfy.model_patcher import ModelPatcher
from torch import nn

from mvcustom.mvcustom_core.concept.pose_block import SD15_LAYOUT, PoseSite
from mvcustom.nodes.bridge.backbone import embedded
from mvcustom.nodes.bridge.backbone.spec import BACKBONE_ATTACHMENT, SD15_SPEC, offered_layout, require_motion, spec_of, walk_transformers
from mvcustom.tests.host.embedded import SPEC, load_once

SD15_UNET = {
    **embedded.UNET, "model_channels": 320, "channel_mult": [1, 2, 4, 4], "context_dim": 768, "num_heads": 8, "num_head_channels": -1,
}  # fmt: skip


def test_embedded_backbone_brings_its_own_choices():
    model, _, _ = load_once()
    assert replace(spec_of(model), pose_prior=None) == SPEC
    offered = offered_layout(model)
    assert len(offered.sites) == 16 and [site.number for site in offered.sites] == list(range(16))
    assert set(SPEC.pose_layout.sites) <= set(offered.sites)
    assert offered.text_width == SPEC.pose_layout.text_width == 128


def test_layout_of_sd15_is_that_of_its_unet():
    """The U-Net of the published size, without memory for its weights."""
    unet = UNetModel(**SD15_UNET, device="meta", operations=comfy.ops.disable_weight_init)
    found = [(key, PoseSite(number, layer.in_channels, level)) for number, (key, level, layer) in enumerate(walk_transformers(unet))]
    assert set(SD15_LAYOUT.sites) <= {site for _, site in found}
    assert [key for key, _ in found if key[0] == "output"] == [("output", i) for i in range(3, 12)]
    levels = {key: site.level for key, site in found}
    assert (levels["input", 1], levels["input", 8], levels["middle", 0], levels["output", 3], levels["output", 11]) == (0, 2, 3, 2, 0)
    decoder = [site.level for key, site in found if key[0] == "output"]
    assert sum(level in SD15_SPEC.rendering_levels for level in decoder) == 6


def make_alien(**changes: Any) -> ModelPatcher:
    """A MODEL with motion's mark on another network than it belongs to."""
    model = load_once()[0].clone()
    for name, value in changes.items():
        setattr(model, name, value)
    return model


class Network(nn.Module):
    """No U-Net."""

    diffusion_model = nn.Linear(2, 2)


def test_what_is_no_sd15_is_refused():
    with pytest.raises(ValueError, match="wanted Stable Diffusion 1.5, got Network; load an SD1.5 checkpoint"):
        offered_layout(make_alien(model=Network()))
    unmarked = load_once()[0].clone()
    unmarked.attachments.pop(BACKBONE_ATTACHMENT)
    with pytest.raises(ValueError, match="wanted Stable Diffusion 1.5, got a U-Net with .*load an SD1.5 checkpoint"):
        spec_of(unmarked)


def test_motion_is_required():
    with pytest.raises(ValueError, match="got one without; connect Load MVCustom Backbone"):
        require_motion(embedded.load_unet())
    require_motion(load_once()[0])


def test_other_motion_modules_beside_ours_are_refused():
    for mark in (
        lambda model: model.set_injections("ADE", []),
        lambda model: model.set_additional_models("ADE_models", []),
        lambda model: model.set_attachments("ADE_params", object()),
    ):
        model = load_once()[0].clone()
        mark(model)
        with pytest.raises(ValueError, match="AnimateDiff-Evolved is applied to this model too; use either"):
            spec_of(model)
