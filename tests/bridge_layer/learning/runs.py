"""Short learning runs, as Learn Concept makes them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import comfy.model_management
import comfy.utils
import pytest
import torch
from comfy.model_patcher import ModelPatcher
from comfy.sd import CLIP, VAE
from torch import Tensor

from mvcustom.mvcustom_core.concept.learning.plan import LearningSettings
from mvcustom.mvcustom_core.concept.ray_samples import NerfSettings
from mvcustom.nodes.bridge.learning.denoiser import ConceptWords
from mvcustom.nodes.bridge.learning.inputs import Backbone, Pictures, RunOptions
from mvcustom.nodes.bridge.learning.run import Learned, run_learning
from mvcustom.tests.host.embedded import load_once, make_cameras

WORDS = ConceptWords("<v*>", "teddy bear")
PHOTOGRAPHS = 5
OPTIONS = RunOptions(warm_start=False, preview_every=100)


def settings_for(steps: int, **changes: Any) -> LearningSettings:
    settings = LearningSettings(
        steps=steps, frames=2, references=3, pose_rate=1e-2, token_rate=1e-2, text_drop=0.0, nerf=NerfSettings(samples=4)
    )
    return replace(settings, **changes)


def make_pictures(class_images: Tensor | None = None) -> Pictures:
    images = torch.rand(PHOTOGRAPHS, 64, 64, 3, generator=torch.Generator().manual_seed(0))
    masks = torch.zeros(PHOTOGRAPHS, 64, 64)
    masks[:, 16:48, 16:48] = 1
    return Pictures(images, masks, make_cameras(PHOTOGRAPHS, reach_deg=60.0), class_images)


def learn(
    model: ModelPatcher | None = None,
    steps: int = 2,
    clip: CLIP | None = None,
    vae: VAE | None = None,
    pictures: Pictures | None = None,
    options: RunOptions = OPTIONS,
    **changes: Any,
) -> Learned:
    """As Learn Concept does, in inference mode; `changes` are to the settings."""
    with torch.inference_mode():
        once = load_once()
        backbone = Backbone(model or once[0], clip or once[1], vae or once[2])
        return run_learning(backbone, pictures or make_pictures(), WORDS, settings_for(steps, **changes), options)


def stop_after(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Cancel a run after an update, as a user does; 0 never."""

    def interrupt(value: int, *_: Any, **__: Any) -> None:
        comfy.model_management.interrupt_current_processing(value == step)

    monkeypatch.setattr(comfy.utils, "PROGRESS_BAR_HOOK", interrupt if step else None)
    monkeypatch.setattr(comfy.utils, "PROGRESS_THROTTLE_MIN_INTERVAL", 0.0)  # else quick updates are not reported one by one


def assert_same(one: Learned, other: Learned) -> None:
    """Bit for bit the same results."""
    assert one.concept.pose.keys() == other.concept.pose.keys()
    for name, tensor in one.concept.pose.items():
        assert torch.equal(tensor, other.concept.pose[name]), name
    for name in ("token", "latents", "masks", "thumbnail"):
        assert torch.equal(getattr(one.concept, name), getattr(other.concept, name)), name
    for name in ("token_text", "class_word", "caption", "layout", "nerf", "metadata", "backbone"):
        assert getattr(one.concept, name) == getattr(other.concept, name), name
    assert torch.equal(one.concept.cameras.w2c, other.concept.cameras.w2c) and torch.equal(one.concept.cameras.K, other.concept.cameras.K)
    assert torch.equal(one.preview, other.preview) and torch.equal(one.held_out, other.held_out)
    assert repr(one.losses) == repr(other.losses) and one.report == other.report  # as text: NaN is not equal to itself
