"""AnimateDiff v1 inside ComfyUI: the norms of the image model's residual blocks and output are of whole clips, all others of frames."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from comfy.ldm.modules.diffusionmodules.openaimodel import ResBlock
from comfy.model_patcher import ModelPatcher
from torch import Tensor, nn

from mvcustom.devtools.stand_in import CHANNELS, CONTEXT, HEADS, make_model, make_motion
from mvcustom.mvcustom_core.backbone.motion import MotionSettings
from mvcustom.nodes.bridge.backbone.motion import apply_motion
from mvcustom.nodes.bridge.host.call import KEY
from mvcustom.tests.host.parity import call_unet

V2 = MotionSettings(channels=CHANNELS, heads=HEADS, max_frames=24)
V1 = replace(V2, image_norm_mode="cross_frame")
FRAMES, CLIPS = 3, 2


class ClipNorm(nn.Module):
    """A group norm of clips [B, C, F, h, w], as AnimateDiff v1's U-Net has them."""

    def __init__(self, norm: nn.GroupNorm) -> None:
        super().__init__()
        self.norm = norm

    def forward(self, x: Tensor) -> Tensor:
        clips = x.unflatten(0, (-1, FRAMES)).movedim(1, 2)  # [B, C, F, h, w]
        normed = nn.functional.group_norm(clips, self.norm.num_groups, self.norm.weight, self.norm.bias, self.norm.eps)
        return normed.movedim(2, 1).flatten(0, 1)


@pytest.fixture(scope="module")
def motion() -> ModelPatcher:
    return make_motion(V2)


@pytest.fixture(scope="module")
def model() -> ModelPatcher:
    return make_model()


@torch.no_grad()
def run(model: ModelPatcher, **options: object) -> Tensor:
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(CLIPS * FRAMES, 4, 8, 16, generator=generator)
    text = torch.randn(CLIPS, 7, CONTEXT, generator=generator).repeat_interleave(FRAMES, 0)
    return call_unet(model, x, text, clips=CLIPS, **options)


def test_v1_is_computed_as_it_was_trained(model: ModelPatcher, motion: ModelPatcher) -> None:
    trained_for = make_model()
    unet = trained_for.model.diffusion_model
    for block in [layer for layer in unet.modules() if isinstance(layer, ResBlock)]:
        block.in_layers[0], block.out_layers[0] = ClipNorm(block.in_layers[0]), ClipNorm(block.out_layers[0])
    unet.out[0] = ClipNorm(unet.out[0])
    wanted = run(apply_motion(trained_for, motion, V2))
    found = run(apply_motion(model, motion, V1))
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4 * float(wanted.std()))
    assert (run(apply_motion(model, motion, V2)) - wanted).std() > 0.01 * wanted.std()


def test_independent_images_keep_norms_of_their_own(model: ModelPatcher, motion: ModelPatcher) -> None:
    assert torch.equal(run(apply_motion(model, motion, V1), **{KEY: {"bypass_motion": True}}), run(model))
