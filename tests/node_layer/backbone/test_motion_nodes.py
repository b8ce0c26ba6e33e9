"""Load MVCustom Backbone, Apply MVCustom Motion and Apply Motion LoRA, with files where users put them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from comfy.model_patcher import ModelPatcher
from torch import Tensor

from mvcustom.devtools.stand_in import CHANNELS, HEADS, make_model, make_motion
from mvcustom.mvcustom_core.backbone.attention import Scope
from mvcustom.mvcustom_core.backbone.checkpoint import motion_metadata
from mvcustom.mvcustom_core.backbone.motion import MotionSettings
from mvcustom.nodes.backbone.apply_motion import MVCustomApplyMotion
from mvcustom.nodes.backbone.apply_motion_lora import MVCustomApplyMotionLora
from mvcustom.nodes.backbone.load_backbone import MVCustomLoadBackbone
from mvcustom.nodes.bridge.backbone.motion import MOTION_ATTACHMENT, apply_motion, has_motion
from mvcustom.nodes.bridge.host.folders import MOTION, MOTION_LORA
from mvcustom.tests.bridge_layer.backbone.test_composition import make_run, measure_error
from mvcustom.tests.host.in_process import ComfyInProcess

SETTINGS = MotionSettings(channels=CHANNELS, mid_block=True, heads=HEADS, max_frames=16, entropy_correction=True)
EMBEDDED, NONE = "embedded (small, procedural scenes)", "none (embedded backbone)"


@pytest.fixture(scope="module")
def base() -> ModelPatcher:
    return make_model()


@pytest.fixture(scope="module")
def motion() -> ModelPatcher:
    return make_motion(SETTINGS)


@pytest.fixture
def motion_file(comfy: ComfyInProcess, motion: ModelPatcher) -> Iterator[str]:
    path = folder_of(comfy, MOTION) / "tiny.safetensors"
    safetensors.torch.save_file(motion.model.state_dict(), path, metadata=motion_metadata(SETTINGS))
    yield path.name
    path.unlink()


def folder_of(comfy: ComfyInProcess, kind: str) -> Path:
    folder = Path(comfy.folder_paths.get_folder_paths(kind)[0])
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@torch.inference_mode()
def execute(node: Any, **inputs: Any) -> tuple[Any, ...]:
    return node.execute(**inputs).result


def test_motion_on_a_model_of_the_users(base: ModelPatcher, motion: ModelPatcher, motion_file: str) -> None:
    model, report = execute(MVCustomApplyMotion, model=base, motion_file=motion_file)
    assert torch.equal(make_run(model).sample(), make_run(apply_motion(base, motion)).sample())
    assert report.startswith("MVCustom motion modules: 21 modules") and "runs with scopes 1, 1, 1, 1, per frame norm" in report
    assert has_motion(base) is None


def test_choices_reach_the_modules(base: ModelPatcher, motion_file: str) -> None:
    preset = "balanced (dense up to 32, 9x9 at 64)"
    choices = {"scope": preset, "scope_64": "3", "norm_mode": "cross_frame", "entropy_correction": "off"}
    model, report = execute(
        MVCustomApplyMotion, model=base, motion_file=motion_file, beta_schedule="linear (Stable Diffusion, AnimateLCM)", **choices
    )
    settings = has_motion(model)
    assert settings.scopes == (Scope(3), Scope(None), Scope(None), Scope(None))
    assert (settings.norm_mode, settings.entropy_correction, settings.beta_schedule) == ("cross_frame", False, "scaled_linear")
    assert "runs with scopes 3, dense, dense, dense, cross frame norm, beta schedule scaled_linear" in report


def test_backbone_takes_the_same_choices() -> None:
    model, _, _, report = execute(MVCustomLoadBackbone, checkpoint=EMBEDDED, motion_file=NONE, scope="dense")
    assert has_motion(model).scopes == (Scope(None),) * 4
    assert report.startswith("embedded motion modules") and "runs with scopes dense, dense, dense, dense" in report
    model, *_ = execute(MVCustomLoadBackbone, checkpoint=EMBEDDED, motion_file=NONE)
    assert has_motion(model).scopes == (Scope(1),) * 4


def make_motion_lora(motion: ModelPatcher, rank: int = 2) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(3)
    lora = {}
    for key, weight in motion.model.state_dict().items():
        if ".attention_blocks." in key and key.endswith("weight"):
            stem = key.removesuffix(".weight").removesuffix(".0").replace(".to_", ".processor.to_")
            lora[f"{stem}_lora.up.weight"] = torch.randn(len(weight), rank, generator=generator)
            lora[f"{stem}_lora.down.weight"] = torch.randn(rank, weight.shape[1], generator=generator) / weight.shape[1] ** 0.5
    return lora


@pytest.fixture
def lora_file(comfy: ComfyInProcess, motion: ModelPatcher) -> Iterator[str]:
    path = folder_of(comfy, MOTION_LORA) / "zoom.safetensors"
    safetensors.torch.save_file(make_motion_lora(motion), path)
    yield path.name
    path.unlink()


def merge(lora: dict[str, Tensor], strength: float) -> ModelPatcher:
    """Modules with the LoRA added to their weights by hand."""
    merged = make_motion(SETTINGS)
    state = merged.model.state_dict()
    for key in list(state):
        stem = key.removesuffix(".weight").removesuffix(".0").replace(".to_", ".processor.to_")
        if f"{stem}_lora.up.weight" in lora:
            state[key] = state[key] + strength * lora[f"{stem}_lora.up.weight"] @ lora[f"{stem}_lora.down.weight"]
    merged.model.load_state_dict(state)
    return merged


@pytest.mark.parametrize("strength", [0.6, -1.0])
def test_motion_lora(base: ModelPatcher, motion: ModelPatcher, lora_file: str, strength: float) -> None:
    plain = apply_motion(base, motion)
    before = make_run(plain).sample()
    (model,) = execute(MVCustomApplyMotionLora, model=plain, motion_lora=lora_file, strength=strength)
    result = make_run(model).sample()
    expected = make_run(apply_motion(base, merge(make_motion_lora(motion), strength))).sample()
    assert measure_error(result, before) > 0.05
    assert measure_error(result, expected) < 1e-5
    assert torch.equal(make_run(plain).sample(), before)  # the model before it has none of it


def test_motion_loras_add_up(base: ModelPatcher, motion: ModelPatcher, lora_file: str) -> None:
    model = apply_motion(base, motion)
    for strength in (0.25, 0.35):
        (model,) = execute(MVCustomApplyMotionLora, model=model, motion_lora=lora_file, strength=strength)
    expected = make_run(apply_motion(base, merge(make_motion_lora(motion), 0.6))).sample()
    assert measure_error(make_run(model).sample(), expected) < 1e-5
    assert len(model.get_additional_models_with_key(MOTION_ATTACHMENT)) == 1


def test_motion_lora_needs_motion(base: ModelPatcher, lora_file: str) -> None:
    with pytest.raises(ValueError, match="got one without; connect Load MVCustom Backbone or Apply MVCustom Motion"):
        execute(MVCustomApplyMotionLora, model=base, motion_lora=lora_file, strength=1.0)


def test_a_file_in_the_wrong_place(comfy: ComfyInProcess, base: ModelPatcher, motion: ModelPatcher, motion_file: str) -> None:
    """A LoRA where modules belong, and modules where a LoRA belongs."""
    lora, modules = folder_of(comfy, MOTION) / "lora.safetensors", folder_of(comfy, MOTION_LORA) / "modules.safetensors"
    safetensors.torch.save_file(make_motion_lora(motion), lora)
    safetensors.torch.save_file(motion.model.state_dict(), modules)
    with pytest.raises(ValueError, match="got a LoRA, .* no modules; use Apply Motion LoRA for a motion LoRA, Load LoRA for an image LoRA"):
        execute(MVCustomApplyMotion, model=base, motion_file=lora.name)
    model, _ = execute(MVCustomApplyMotion, model=base, motion_file=motion_file)
    with pytest.raises(ValueError, match="whole motion modules; load the file as the motion file"):
        execute(MVCustomApplyMotionLora, model=model, motion_lora=modules.name, strength=1.0)
    lora.unlink()
    modules.unlink()
