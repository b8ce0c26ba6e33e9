"""Motion modules inside ComfyUI: parity with diffusers, the hooks that the rest of the pack relies on, and every refusal."""

from __future__ import annotations

import gc
import math
import os
import weakref
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import comfy.memory_management
import comfy.model_management
import comfy.model_sampling
import comfy.sample
import comfy.supported_models
import pytest
import safetensors.torch
import torch
from comfy.ldm.modules.attention import SpatialTransformer
from comfy.ldm.modules.diffusionmodules.openaimodel import ResBlock, Upsample
from comfy.model_patcher import ModelPatcher
from torch import Tensor, nn

from mvcustom.devtools.stand_in import CHANNELS, CONTEXT, HEADS, TinySD15, make_model, make_motion, randomize
from mvcustom.mvcustom_core.backbone.attention import Scope, attend
from mvcustom.mvcustom_core.backbone.checkpoint import motion_metadata
from mvcustom.mvcustom_core.backbone.motion import MotionModules, MotionSettings
from mvcustom.mvcustom_core.diffusion.schedule import COMFY_NAMES, make_sigmas
from mvcustom.nodes.bridge.backbone.motion import (
    MOTION_ATTACHMENT,
    apply_motion,
    choose_attention,
    has_motion,
)
from mvcustom.nodes.bridge.backbone.motion_model import build_motion_patcher, load_motion_patcher
from mvcustom.nodes.bridge.backbone.motion_run import count_frames
from mvcustom.tests.host.parity import call_diffusers, call_unet, make_pair

SETTINGS = MotionSettings(channels=CHANNELS, mid_block=True, heads=HEADS, max_frames=16)


@pytest.fixture(scope="module")
def model() -> ModelPatcher:
    return make_model()


def make_weights(settings: MotionSettings = SETTINGS) -> dict[str, Tensor]:
    modules = MotionModules(settings)
    randomize(modules, seed=1)
    return modules.state_dict()


@pytest.fixture(scope="module")
def weights() -> dict[str, Tensor]:
    return make_weights()


@pytest.fixture
def motion(weights: dict[str, Tensor]) -> ModelPatcher:
    return build_motion_patcher(SETTINGS, weights)


def make_inputs(frames: int, clips: int = 2) -> tuple[Tensor, Tensor]:
    """Latents [(B F), 4, 8, 16] and one text per clip, repeated for its frames."""
    generator = torch.Generator().manual_seed(frames)
    x = torch.randn(clips * frames, 4, 8, 16, generator=generator)
    return x, torch.randn(clips, 7, CONTEXT, generator=generator).repeat_interleave(frames, 0)


@torch.no_grad()
def run_unet(model: ModelPatcher, frames: int, **options: Any) -> Tensor:
    return call_unet(model, *make_inputs(frames), clips=2, **options)


def sample(model: ModelPatcher, frames: int = 4, steps: int = 2) -> Tensor:
    generator = torch.Generator().manual_seed(5)
    noise = torch.randn(frames, 4, 8, 8, generator=generator)
    positive, negative = ([[torch.randn(1, 7, CONTEXT, generator=generator), {}]] for _ in range(2))
    with torch.inference_mode():
        return comfy.sample.sample(
            model, noise, steps, 5.0, "euler", "normal", positive, negative, torch.zeros_like(noise), disable_pbar=True, seed=1
        )


# Parity


@pytest.mark.parametrize("mid_block", [True, False])
def test_parity_with_diffusers(mid_block: bool) -> None:
    """A whole video U-Net of diffusers and ours in ComfyUI's U-Net, on the same weights (diffusers norms across frames)."""
    pair = make_pair(replace(SETTINGS, mid_block=mid_block, norm_mode="cross_frame", entropy_correction=True))
    with torch.no_grad():
        reference = call_diffusers(pair.theirs, *make_inputs(frames=4), clips=2)
    error = (run_unet(pair.ours, 4) - reference).norm() / reference.norm()
    without = (run_unet(pair.without_motion, 4) - reference).norm() / reference.norm()
    assert without > 0.1  # the modules matter
    assert error < 1e-5


def test_schedules_are_comfyuis_own(model: ModelPatcher, weights: dict[str, Tensor]) -> None:
    sampling = comfy.model_sampling.ModelSamplingDiscrete()
    for schedule, name in COMFY_NAMES.items():
        sampling._register_schedule(beta_schedule=name, linear_start=0.00085, linear_end=0.012)
        torch.testing.assert_close(make_sigmas(schedule).float(), sampling.sigmas, rtol=1e-6, atol=0)
        patched = apply_motion(model, build_motion_patcher(replace(SETTINGS, beta_schedule=schedule), weights))
        assert torch.equal(patched.get_model_object("model_sampling").sigmas, sampling.sigmas)


# What a patched clone does


def test_base_is_untouched(model: ModelPatcher, motion: ModelPatcher) -> None:
    keys = set(model.model.state_dict())
    before = sample(model)
    patched = apply_motion(model, motion)
    first, second = sample(patched), sample(patched)
    assert torch.equal(first, second)
    assert not torch.allclose(first, before, atol=1e-2)
    assert torch.equal(sample(model), before)
    assert set(model.model.state_dict()) == keys
    assert has_motion(model) is None and has_motion(patched) == SETTINGS and has_motion(patched.clone()) == SETTINGS


def test_modules_are_loaded_by_comfyui(model: ModelPatcher, motion: ModelPatcher) -> None:
    patched = apply_motion(model, motion)
    assert [extra.model for extra in patched.get_nested_additional_models()] == [motion.model]
    sample(patched)
    assert any(loaded.model is not None and loaded.model.model is motion.model for loaded in comfy.model_management.current_loaded_models)


def test_one_frame_is_the_image_model(model: ModelPatcher, motion: ModelPatcher) -> None:
    assert torch.equal(run_unet(apply_motion(model, motion), frames=1), run_unet(model, frames=1))


def test_conditions_are_separate_clips(model: ModelPatcher, motion: ModelPatcher) -> None:
    """Both conditions in one batch, or one after the other (low memory): the same frames."""
    patched = apply_motion(model, motion)
    x, context = make_inputs(frames=4)
    with torch.no_grad():
        together = call_unet(patched, x, context, clips=2)
        apart = [call_unet(patched, *rows, clips=1) for rows in zip(x.split(4), context.split(4), strict=True)]
        mixed = call_unet(patched, x, context, clips=1)
    torch.testing.assert_close(together, torch.cat(apart), atol=1e-5, rtol=0)
    assert not torch.allclose(together, mixed, atol=1e-2)
    assert count_frames(8, {"cond_or_uncond": [1, 0]}) == 4
    assert count_frames(8, {}) == 8
    with pytest.raises(ValueError, match="2 clips of equal length in the batch, got 7 rows"):
        count_frames(7, {"cond_or_uncond": [1, 0]})


def test_zero_output_projections_leave_the_image_model(model: ModelPatcher) -> None:
    fresh = MotionModules(SETTINGS)
    assert torch.equal(run_unet(apply_motion(model, fresh), frames=4), run_unet(model, frames=4))


def test_every_module_is_called_once(model: ModelPatcher, motion: ModelPatcher) -> None:
    called: list[nn.Module] = []
    hosted = [module for name, module in motion.model.named_modules() if name.endswith("temporal_transformer")]
    handles = [module.register_forward_hook(lambda module, *_: called.append(module)) for module in hosted]
    run_unet(apply_motion(model, motion), frames=2)
    for handle in handles:
        handle.remove()
    assert len(called) == 21
    assert called == hosted[:8] + hosted[-1:] + hosted[8:-1]  # down, middle (registered last), up


def test_bypass_for_independent_images(model: ModelPatcher, motion: ModelPatcher) -> None:
    patched = apply_motion(model, motion)
    assert torch.equal(run_unet(patched, frames=3, mvcustom={"bypass_motion": True}), run_unet(model, frames=3))
    assert not torch.equal(run_unet(patched, frames=3, mvcustom={"bypass_motion": False}), run_unet(model, frames=3))


def test_after_spatial_is_called_between_transformer_and_motion(model: ModelPatcher) -> None:
    """Also at the middle block, where these settings have no module."""
    settings = replace(SETTINGS, mid_block=False)
    modules = MotionModules(settings)
    randomize(modules, seed=1)
    patched = apply_motion(model, modules)
    seen: dict[tuple[str, int], Tensor] = {}

    def replace_features(x: Tensor, block: tuple[str, int], transformer_options: dict[str, Any]) -> Tensor:
        assert transformer_options["block"] == block
        seen[block] = torch.full_like(x, 0.5)
        return seen[block]

    taken: dict[str, Tensor] = {}
    first = modules.at(("input", 1))
    handle = first.register_forward_pre_hook(lambda module, args: taken.update(x=args[0].clone()))
    run_unet(patched, frames=2, mvcustom={"after_spatial": replace_features})
    handle.remove()
    blocks = [("input", i) for i in (1, 2, 4, 5, 7, 8)] + [("middle", 0)] + [("output", i) for i in range(3, 12)]
    assert list(seen) == blocks
    assert torch.equal(taken["x"], seen["input", 1])


def test_transformers_are_counted_as_without_us(model: ModelPatcher, motion: ModelPatcher) -> None:
    def record(patched: ModelPatcher) -> list[int]:
        counts: list[int] = []
        patched.set_model_attn1_patch(lambda q, k, v, options: (counts.append(options["transformer_index"]), (q, k, v))[1])
        run_unet(patched, frames=2)
        return counts

    assert record(apply_motion(model, motion)) == record(model.clone()) == list(range(16))


def test_settings_of_a_run(model: ModelPatcher, motion: ModelPatcher) -> None:
    """The same modules at two scopes on two clones, without one disturbing the other."""
    dense = replace(SETTINGS, scopes=(Scope(3), Scope(None), Scope(None), Scope(None)))
    narrow, wide = apply_motion(model, motion), apply_motion(model, motion, dense)
    before = run_unet(narrow, frames=3)
    assert not torch.allclose(run_unet(wide, frames=3), before, atol=1e-3)
    assert torch.equal(run_unet(narrow, frames=3), before)
    assert has_motion(wide) == dense


def test_attention_kernel() -> None:
    """ComfyUI's kernel away from the CPU, where a user's override of it counts too."""
    q, k, v = torch.randn(3, 2, 5, 8).unbind(0)
    elsewhere = torch.empty(1, device="meta")
    assert choose_attention(q, {}) is None
    torch.testing.assert_close(choose_attention(elsewhere, {})(q, k, v, 2), attend(q, k, v, 2))
    override = {"optimized_attention_override": lambda kernel, q, k, v, heads, **_: q * heads}
    assert torch.equal(choose_attention(elsewhere, override)(q, k, v, 2), 2 * q)


def test_prediction_type_is_kept(motion: ModelPatcher) -> None:
    model = make_model()

    class VPrediction(comfy.model_sampling.ModelSamplingDiscrete, comfy.model_sampling.V_PREDICTION):
        pass

    model.add_object_patch("model_sampling", VPrediction(model.model.model_config, zsnr=True))
    sampling = apply_motion(model, motion).get_model_object("model_sampling")
    assert isinstance(sampling, comfy.model_sampling.V_PREDICTION) and sampling.zsnr
    assert float(sampling.sigma_max) > 1000  # no signal at the last timestep
    assert sampling.sigmas[0] == pytest.approx(float(make_sigmas("linear")[0]), rel=0.05)
    assert not isinstance(apply_motion(make_model(), motion).get_model_object("model_sampling"), comfy.model_sampling.V_PREDICTION)


# The modules as a model


def test_weights_can_be_trained_though_built_in_inference_mode(model: ModelPatcher, weights: dict[str, Tensor]) -> None:
    with torch.inference_mode():
        motion = build_motion_patcher(SETTINGS, {key: value.clone() for key, value in weights.items()})
        patched = apply_motion(model, motion)
    assert not any(parameter.is_inference() for parameter in motion.model.parameters())
    motion.model.requires_grad_(True)
    denoised = call_unet(patched, *make_inputs(frames=2), clips=2)
    (denoised * patched.get_model_object("model_sampling").sigmas[500]).square().mean().backward()
    assert all(parameter.grad is not None and parameter.grad.abs().max() > 0 for parameter in motion.model.parameters())


def test_deep_clones_own_their_weights(motion: ModelPatcher, weights: dict[str, Tensor]) -> None:
    copy = motion.clone(force_deepcopy=True)
    assert copy.model is not motion.model
    motion.model.down_blocks[0].motion_modules[0].temporal_transformer.proj_in.weight.zero_()
    for key, value in copy.model.state_dict().items():
        assert torch.equal(value, weights[key])


@pytest.mark.parametrize("dynamic", [False, True], ids=["legacy memory", "dynamic memory"])
def test_stand_ins_can_be_rebuilt(dynamic: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that core's delegate without dynamic memory, its deep copies and other GPUs have the same weights."""
    monkeypatch.setattr(comfy.memory_management, "aimdo_enabled", dynamic)
    for patcher in (make_model(TinySD15, torch.float16), make_motion(SETTINGS, torch.float16)):
        fresh = patcher.clone(force_deepcopy=True)
        wanted, found = patcher.model.state_dict(), fresh.model.state_dict()
        assert fresh.model is not patcher.model and found.keys() == wanted.keys()
        assert sum(tensor.numel() for tensor in wanted.values()) > 1e6
        assert all(torch.equal(found[key], wanted[key]) for key in wanted)


def test_each_of_several_gpus_runs_motion_modules_of_its_own(model: ModelPatcher) -> None:
    """As core's node for several GPUs makes them, one for each condition; here both are the CPU under two names."""
    single = apply_motion(model, make_motion(SETTINGS))
    other = single.deepclone_multigpu(new_load_device=torch.device("cpu", 0))
    other.is_multigpu_base_clone = True
    split = single.clone()
    split.set_additional_models("multigpu", [other])
    calls: list[nn.Module] = []
    for patcher in (single, other):
        modules = patcher.get_additional_models_with_key(MOTION_ATTACHMENT)[0].model
        modules.at(("input", 1)).register_forward_hook(lambda module, *_: calls.append(module))
    torch.testing.assert_close(sample(split, steps=1), sample(single, steps=1), rtol=1e-4, atol=1e-5)
    assert len(calls) == 3 and len(set(calls)) == 2  # one for each GPU, and one for both conditions together


def test_half_precision_weights_follow_the_unet(model: ModelPatcher, weights: dict[str, Tensor]) -> None:
    exact = run_unet(apply_motion(model, build_motion_patcher(SETTINGS, weights, torch.float32)), frames=3)
    stored = build_motion_patcher(SETTINGS, weights, torch.bfloat16)
    assert all(parameter.dtype == torch.bfloat16 for parameter in stored.model.parameters())
    out = run_unet(apply_motion(model, stored), frames=3)
    assert out.dtype == torch.float32
    assert 0 < (out - exact).norm() / exact.norm() < 0.05


def test_load_a_file(tmp_path: Path, weights: dict[str, Tensor], caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "motion.safetensors"
    safetensors.torch.save_file(weights, path, metadata=motion_metadata(SETTINGS))
    caplog.set_level("INFO", "mvcustom")
    motion = load_motion_patcher(path)
    assert motion.model.settings == SETTINGS
    assert "motion.safetensors: MVCustom motion modules: 21 modules" in caplog.text
    copy = motion.clone(force_deepcopy=True)
    assert copy.model is not motion.model and copy.model.settings == SETTINGS


# Refusals


def raise_on_apply(model: ModelPatcher, motion: ModelPatcher, message: str, settings: MotionSettings | None = None) -> None:
    with pytest.raises(ValueError, match=message):
        apply_motion(model, motion, settings)


@pytest.mark.usefixtures("quick_collection")
def test_models_share_the_modules_of_one_file(tmp_path: Path, weights: dict[str, Tensor], model: ModelPatcher) -> None:
    """While any of them lives, and until the file changes. What is patched onto one of them is its own."""
    path = tmp_path / "motion.safetensors"
    safetensors.torch.save_file(weights, path, metadata=motion_metadata(SETTINGS))
    first = load_motion_patcher(path)
    second = load_motion_patcher(str(path))
    first.add_patches({"mid_block.motion_modules.0.temporal_transformer.norm.weight": (torch.ones(CHANNELS[-1]),)})
    assert second.model is first.model and second is not first and not second.patches
    assert load_motion_patcher(path, torch.float16).model is not first.model
    assert first.clone(force_deepcopy=True).model is not first.model
    held = apply_motion(model, second)
    modules = weakref.ref(first.model)
    del first, second
    gc.collect()
    assert load_motion_patcher(path).model is modules()  # the MODEL holds it
    safetensors.torch.save_file({key: tensor + 1 for key, tensor in weights.items()}, path, metadata=motion_metadata(SETTINGS))
    os.utime(path, ns=(0, 0))
    changed = load_motion_patcher(path)
    assert changed.model is not modules()
    del held, changed
    gc.collect()
    assert modules() is None


def test_refuses_motion_twice(model: ModelPatcher, motion: ModelPatcher) -> None:
    raise_on_apply(apply_motion(model, motion), motion, "already carries MVCustom motion modules")


@pytest.mark.parametrize(
    "mark",
    [
        lambda model: model.set_injections("ADE", []),
        lambda model: model.set_attachments("ADE_params", object()),
        lambda model: model.set_additional_models("ADE", []),
    ],
)
def test_refuses_animatediff_evolved(model: ModelPatcher, motion: ModelPatcher, mark: Callable[[ModelPatcher], None]) -> None:
    marked = model.clone()
    mark(marked)
    raise_on_apply(marked, motion, "AnimateDiff-Evolved")
    late = apply_motion(model, motion)
    mark(late)
    with pytest.raises(ValueError, match="AnimateDiff-Evolved"):
        sample(late)


def test_refuses_hooks_that_would_hide_ours(model: ModelPatcher, motion: ModelPatcher) -> None:
    for layer in (SpatialTransformer, ResBlock, nn.Module):
        hooked = model.clone()
        hooked.set_model_forward_timestep_embed_patch((layer, lambda layer, x, *_: x))
        raise_on_apply(hooked, motion, f"already runs this model's {layer.__name__} layers")
    harmless = model.clone()
    harmless.set_model_forward_timestep_embed_patch((Upsample, lambda layer, x, *_: x))
    apply_motion(harmless, motion)


def test_refuses_other_families(motion: ModelPatcher) -> None:
    class SD20(comfy.supported_models.SD20):
        unet_config = comfy.supported_models.SD20.unet_config | {"context_dim": CONTEXT, "model_channels": CHANNELS[0]}
        unet_extra_config = {"num_heads": HEADS, "num_head_channels": -1}

    raise_on_apply(make_model(SD20, use_linear_in_transformer=True), motion, r"another family \(SD20, text width 64\)")
    flux = make_model()
    flux.model.diffusion_model = nn.Linear(2, 2)
    raise_on_apply(flux, motion, "wanted a Stable Diffusion 1.5 model, got BaseModel")


def test_refuses_true_widths_with_other_text(motion: ModelPatcher) -> None:
    model = make_model()
    model.model.model_config.unet_config |= {"model_channels": 320, "context_dim": 1024}
    raise_on_apply(model, motion, "text width 1024")


def test_refuses_other_widths(weights: dict[str, Tensor], model: ModelPatcher) -> None:
    settings = replace(SETTINGS, channels=(32, 64, 64, 64))
    raise_on_apply(model, build_motion_patcher(settings, make_weights(settings)), r"modules have channels \(32, 64, 64, 64\)")
    shallow = make_model(num_res_blocks=[1] * 4, transformer_depth=[1, 1, 1, 0], transformer_depth_output=[1] * 6 + [0] * 2)
    raise_on_apply(shallow, build_motion_patcher(SETTINGS, weights), r"the model has .* and \[1, 1, 1, 1\]")


def test_refuses_continuous_sampling(motion: ModelPatcher) -> None:
    model = make_model()
    model.add_object_patch("model_sampling", comfy.model_sampling.ModelSamplingContinuousEDM(model.model.model_config))
    raise_on_apply(model, motion, "discrete timesteps")


def test_refuses_settings_of_another_layout(model: ModelPatcher, motion: ModelPatcher) -> None:
    raise_on_apply(model, motion, "settings of the weights' layout", replace(SETTINGS, spatial_position=True))


@pytest.mark.parametrize(("frames", "message"), [(1, "bypassed"), (3, "trained on longer clips"), (17, "trained on 16")])
def test_log_of_a_run(model: ModelPatcher, motion: ModelPatcher, caplog: pytest.LogCaptureFixture, frames: int, message: str) -> None:
    caplog.set_level("INFO", "mvcustom")
    out = sample(apply_motion(model, motion), frames, steps=1)
    assert math.isfinite(float(out.sum()))
    assert sum(message in record.message for record in caplog.records) == 1
