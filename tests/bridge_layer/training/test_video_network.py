"""The network that motion modules are trained through computes what the patched MODEL computes, and trains nothing but the modules."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import pytest
import torch
from comfy.model_patcher import ModelPatcher

from mvcustom.devtools.stand_in import CHANNELS, HEADS, TinySD15, make_model, make_motion
from mvcustom.mvcustom_core.backbone.attention import Scope
from mvcustom.mvcustom_core.backbone.motion import MotionSettings
from mvcustom.nodes.bridge.backbone.motion import apply_motion
from mvcustom.nodes.bridge.host.training_copy import use_torch_attention
from mvcustom.training.video.network import VideoUNet

SETTINGS = MotionSettings(channels=CHANNELS, heads=HEADS, entropy_correction=True, spatial_position=True)
CLIPS, FRAMES, SIDE = 2, 3, 8
T = 400


@lru_cache(maxsize=1)
def make_base() -> ModelPatcher:
    return make_model(disable_dynamic=True)


def draw_batch() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(CLIPS * FRAMES, 4, SIDE, SIDE, generator=generator)
    return x, torch.randn(CLIPS * FRAMES, 7, TinySD15.unet_config["context_dim"], generator=generator)


def build(settings: MotionSettings, **options: bool) -> VideoUNet:
    motion = make_motion(settings, disable_dynamic=True).model
    with torch.no_grad():
        for name, parameter in motion.named_parameters():
            if name.endswith(".g"):  # a gate at zero would hide the 2-D position
                parameter.fill_(0.3)
    motion.requires_grad_(True)
    return VideoUNet(make_base().model.diffusion_model, motion, **options)


def run(network: VideoUNet) -> torch.Tensor:
    x, context = draw_batch()
    return network(x, torch.full((len(x),), float(T)), context, FRAMES)


@pytest.mark.parametrize(
    "changes",
    [
        {"scopes": (Scope(1),) * 4},
        {"scopes": (Scope(3),) * 4},
        {"scopes": (Scope(5), Scope(3), Scope(None), Scope(None))},
        {"scopes": (Scope(None),) * 4},
        {"scopes": (Scope(1, trajectory=True),) * 4},
        {"mid_block": True, "norm_mode": "cross_frame"},
        {"image_norm_mode": "cross_frame"},
    ],
    ids=str,
)
@torch.no_grad()
def test_the_network_equals_the_patched_model(changes: dict) -> None:
    network = build(replace(SETTINGS, **changes))
    x, context = draw_batch()
    patched = apply_motion(make_base(), network.motion)
    options = use_torch_attention(patched.model_options["transformer_options"])
    options["cond_or_uncond"] = [0] * CLIPS
    steps = torch.full((len(x),), float(T))
    wanted = patched.model.diffusion_model(x, steps, context=context, transformer_options=options)
    got = run(network)
    assert (got - wanted).norm() / wanted.norm() <= 1e-6
    still = replace(network.settings, scopes=(Scope(1),) * 4)
    if changes.get("scopes", still.scopes)[0] != Scope(1) and not any(scope.trajectory for scope in network.settings.scopes):
        network.settings = still
        assert (run(network) - wanted).norm() / wanted.norm() > 1e-3  # the scope makes a difference that the bound would show


def test_only_motion_parameters_have_gradients_with_and_without_checkpointing() -> None:
    gradients = []
    for checkpointing in (False, True):
        network = build(replace(SETTINGS, scopes=(Scope(3),) * 4), checkpointing=checkpointing)
        run(network).square().mean().backward()
        assert all(parameter.grad is None for parameter in network.unet.parameters())
        assert all(parameter.grad is not None and parameter.grad.any() for parameter in network.motion.parameters())
        gradients.append([parameter.grad for parameter in network.motion.parameters()])
    for kept, computed_again in zip(*gradients, strict=True):
        torch.testing.assert_close(computed_again, kept, rtol=1e-6, atol=1e-9)


def test_checkpointing_keeps_fewer_features_for_the_backward_pass() -> None:
    def count_kept(**options: bool) -> int:
        kept: list[int] = []

        def keep(tensor: torch.Tensor) -> torch.Tensor:
            kept.append(tensor.numel())
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            run(build(SETTINGS, **options))
        return sum(kept)

    assert count_kept(checkpointing=True) < count_kept() / 4


def test_bfloat16_computes_and_float32_keeps_the_weights() -> None:
    network = build(SETTINGS)
    with torch.autocast("cpu", torch.bfloat16):
        output = run(network)
    output.float().square().mean().backward()
    assert output.dtype == torch.bfloat16
    assert {parameter.grad.dtype for parameter in network.motion.parameters()} == {torch.float32}
    exact = run(build(SETTINGS))
    assert 1e-4 < (output - exact).norm() / exact.norm() < 0.05
