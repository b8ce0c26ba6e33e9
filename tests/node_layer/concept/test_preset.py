"""The presets of Load MVCustom Backbone and Learn Concept: what they set, what they leave, and what they refuse."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import comfy.model_management
import folder_paths
import pytest
import torch
from comfy.model_patcher import ModelPatcher

from mvcustom.devtools.stand_in import CHANNELS, HEADS, make_model, make_motion
from mvcustom.mvcustom_core.backbone.motion import MotionSettings
from mvcustom.mvcustom_core.backbone.recipe import CUSTOM, EMBEDDED, GB, RECIPES, SD15
from mvcustom.mvcustom_core.concept.learning.plan import LearningSettings
from mvcustom.nodes.backbone.load_backbone import MVCustomLoadBackbone
from mvcustom.nodes.bridge.backbone.checkpoint import describe_views
from mvcustom.nodes.bridge.backbone.motion import apply_motion, has_motion
from mvcustom.nodes.bridge.backbone.spec import BACKBONE_ATTACHMENT, SD15_SPEC
from mvcustom.nodes.bridge.learning.denoiser import Economy
from mvcustom.nodes.bridge.learning.inputs import RunOptions
from mvcustom.nodes.bridge.learning.preset import Choices, apply_preset, describe_choices
from mvcustom.nodes.concept.learn_concept import MVCustomLearnConcept
from mvcustom.tests.host.embedded import load_once, make_cameras
from mvcustom.tests.host.in_process import ComfyInProcess

CHECKPOINT, NO_FILE = "embedded (small, procedural scenes)", "none (embedded backbone)"
INPUT_OF = {"pose_rate": "learning_rate", "token_rate": "token_learning_rate"}
"""Learning setting -> the input of Learn Concept for it, where the names differ."""
LEFT = {"seed", "held_out", "patience"}


@pytest.fixture(scope="module")
def sd15() -> ModelPatcher:
    """A model that is taken for Stable Diffusion 1.5."""
    settings = MotionSettings(channels=CHANNELS, heads=HEADS, max_frames=16)
    model = apply_motion(make_model(), make_motion(settings))
    model.set_attachments(BACKBONE_ATTACHMENT, SD15_SPEC)
    return model


def make_device(monkeypatch: pytest.MonkeyPatch, memory: int, *, has_bfloat16: bool) -> None:
    monkeypatch.setattr(comfy.model_management, "get_total_memory", lambda device, **_: memory)
    monkeypatch.setattr(comfy.model_management, "should_use_bf16", lambda device, **_: has_bfloat16)


def learn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, views: int = 6, **inputs: Any) -> str:
    """The report of Learn Concept on the embedded backbone."""
    monkeypatch.setattr(folder_paths, "output_directory", str(tmp_path))
    model, clip, vae = load_once()
    images = torch.rand(views, 64, 64, 3, generator=torch.Generator().manual_seed(0))
    chosen = {
        "token": "<v*>", "class_word": "box", "steps": 1, "learning_rate": 1e-3, "token_learning_rate": 1e-3, "frames": 1, "references": 2,
        "seed": 0, "warm_start": False, "held_out": 0,
    }  # fmt: skip
    cameras = make_cameras(views, reach_deg=60.0)
    with torch.inference_mode():
        return MVCustomLearnConcept.execute(model, clip, vae, images, cameras, **(chosen | inputs)).args[-1]


@pytest.mark.parametrize(
    ("memory", "has_bfloat16", "checkpointing"),
    [(8 * GB, True, True), (24564 * 2**20, True, False), (8 * GB, False, True)],  # the second is what a card of 24 GB reports
)
def test_stable_diffusion_preset_sets_every_value(
    sd15: ModelPatcher, monkeypatch: pytest.MonkeyPatch, memory: int, has_bfloat16: bool, checkpointing: bool
) -> None:
    make_device(monkeypatch, memory, has_bfloat16=has_bfloat16)
    chosen = LearningSettings(steps=1, frames=1, references=2, seed=9, held_out=2, patience=3)
    settings, options = apply_preset(Choices(SD15, chosen, RunOptions(True, preview_every=7, node="4")), sd15)
    assert settings == replace(RECIPES[SD15].learning.settings, seed=9, held_out=2, patience=3)
    assert options == RunOptions(False, Economy(checkpointing, has_bfloat16), 7, "4")


def test_custom_leaves_every_value(sd15: ModelPatcher) -> None:
    chosen = LearningSettings(steps=1, frames=1), RunOptions(False, Economy(True, False), 3)
    assert apply_preset(Choices(CUSTOM, *chosen), sd15) == chosen


def test_custom_is_what_older_workflows_have(comfy: ComfyInProcess) -> None:
    for node in (MVCustomLoadBackbone, MVCustomLearnConcept):
        preset = next(entry for entry in node.GET_SCHEMA().inputs if entry.id == "preset")
        assert (preset.default, preset.optional) == (CUSTOM, True)
        assert preset.options == [CUSTOM, SD15, EMBEDDED]
        assert "not been measured on published weights" in preset.tooltip


def test_tooltip_names_every_input_that_a_preset_sets() -> None:
    inputs = {entry.id: entry for entry in MVCustomLearnConcept.GET_SCHEMA().inputs}
    named = re.search(r"choice sets ([\w, ]+); what", inputs["preset"].tooltip)
    assert named is not None
    settings = {INPUT_OF.get(field.name, field.name) for field in fields(LearningSettings)} & inputs.keys()
    assert set(re.findall(r"\w*[a-z]_?\w+", named[1])) - {"and"} == settings - LEFT | {"warm_start", "gradient_checkpointing", "bfloat16"}


@pytest.mark.parametrize("name", [SD15, EMBEDDED])
def test_widgets_can_take_the_presets_values(name: str) -> None:
    inputs = {entry.id: entry for entry in MVCustomLearnConcept.GET_SCHEMA().inputs}
    settings = RECIPES[name].learning.settings
    for field in ("steps", "rendering_steps", "frames", "references", "pose_rate", "token_rate"):
        widget = inputs[INPUT_OF.get(field, field)]
        assert widget.min <= getattr(settings, field) <= widget.max
    assert settings.schedule in inputs["schedule"].options


@pytest.mark.parametrize("preset", [SD15, EMBEDDED])
def test_preset_for_another_model_is_refused_before_learning(preset: str, sd15: ModelPatcher) -> None:
    model, kind = (load_once()[0], EMBEDDED) if preset == SD15 else (sd15, SD15)
    advice = f"preset: wanted {kind} or custom, got {preset}; choose {kind}, or load .* in Load MVCustom Backbone"
    with pytest.raises(ValueError, match=advice):
        apply_preset(Choices(preset, LearningSettings(), RunOptions()), model)


def test_values_used_are_listed_under_the_inputs_names() -> None:
    settings = RECIPES[SD15].learning.settings
    assert describe_choices(Choices(SD15, settings, RunOptions(False, Economy(True, True)))) == (
        "Settings (Stable Diffusion 1.5): steps 1600, rendering_steps 300, learning_rate 0.0001, token_learning_rate 0.0001, schedule "
        "constant, frames 4, references 4, warm_start off, gradient_checkpointing on, bfloat16 on."
    )


def test_value_that_the_preset_sets_is_refused_with_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="references: wanted .*got 4;.*choose the preset custom to set it yourself"):
        learn(tmp_path, monkeypatch, views=3, preset=EMBEDDED)


def test_loader_says_what_to_start_from() -> None:
    inputs = {"scope": "dense", "norm_mode": "cross_frame", "preset": EMBEDDED}
    model, *_, report = MVCustomLoadBackbone.execute(CHECKPOINT, NO_FILE, **inputs).args
    plain, *_, short = MVCustomLoadBackbone.execute(CHECKPOINT, NO_FILE).args
    assert has_motion(model) == has_motion(plain)  # as trained, whatever the inputs say
    assert report.startswith(short) and "8 views of 128x128 pixels, 20 steps" in report


def test_start_on_stable_diffusion_leaves_the_subject_to_the_concept_on_long_paths() -> None:
    assert describe_views(SD15, RECIPES[SD15].views) == (
        "Start from (Stable Diffusion 1.5): 16 views of 512x512 pixels, 30 to 50 steps; Concept Guider: text_guidance 7.5, image_guidance "
        "3.5; Depth-Aware Render Hook: scope trajectory, inside_subject background only for a path beyond 30 degrees"
    )


def test_loader_refuses_a_preset_for_another_checkpoint() -> None:
    with pytest.raises(ValueError, match=r"preset: wanted embedded backbone or custom, got Stable Diffusion 1.5; choose embedded backbone"):
        MVCustomLoadBackbone.execute(CHECKPOINT, NO_FILE, preset=SD15)
    with pytest.raises(ValueError, match=r"preset: wanted Stable Diffusion 1.5 or custom, got embedded backbone; choose Stable"):
        MVCustomLoadBackbone.execute("photo.safetensors", "v3_sd15_mm.ckpt", preset=EMBEDDED)
