"""A sampling step waits for the device only to know its own noise level. Concept and learning: see test_concept.py, test_learning.py."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import comfy.samplers
import pytest
import torch
from comfy.model_patcher import ModelPatcher

from mvcustom.mvcustom_core.backbone.attention import Scope
from mvcustom.mvcustom_core.rendering.completion import CompletionSettings
from mvcustom.nodes.bridge.rendering.completion import build_completion_sampler
from mvcustom.nodes.bridge.rendering.hook import HookOptions
from mvcustom.nodes.bridge.rendering.one_pass import Estimation, apply_one_pass
from mvcustom.tests.gpu.waiting import Waits, count_waits
from mvcustom.tests.gpu.weights import ALWAYS, hook, make_masks, make_prompts, sample_guided
from mvcustom.tests.host.embedded import apply_once, load_once, make_cameras, make_concept, make_scoped, sample
from mvcustom.tests.host.in_process import ComfyInProcess

pytestmark = [pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA"), pytest.mark.usefixtures("comfy")]

STEPS = 5
LOOKED_AT = (3, 4)  # steps, from 1: whatever is prepared once is prepared by then, and what follows the last step is not a step's
ALLOWED = 1  # a step: its noise level is read


def carry() -> ModelPatcher:
    return apply_once(load_once()[0], make_concept(merge=0.1))


def once() -> ModelPatcher:
    """One pass that estimates depth in its first step."""
    estimation = Estimation(load_once()[2], "embedded depth head", 1, (0.1,))
    options = HookOptions(settings=ALWAYS, follow_surface=True, prediction=True)
    with torch.inference_mode():
        return apply_one_pass(carry(), make_cameras(), options, estimation)


def complete(**choices: Any) -> Callable[..., Any]:
    """Sampling that completes in every step."""
    cameras = make_cameras() if choices.pop("shared", False) else None
    sampler = build_completion_sampler(make_masks(), CompletionSettings(1.0, 1), None, cameras)
    return partial(sample, sampler=sampler)


def sample_with(model: ModelPatcher, sampler: str, **options: Any) -> Any:
    return sample(model, sampler=comfy.samplers.sampler_object(sampler), **options)


RUNS: dict[str, tuple[Callable[[], ModelPatcher], Callable[[], Callable[..., Any]]]] = {
    "motion": (lambda: load_once()[0], lambda: sample),
    "concept": (carry, lambda: sample),
    "guider": (carry, lambda: partial(sample_guided, surroundings=0.0)),
    "motion, 3x3": (lambda: make_scoped(Scope(3)), lambda: sample),
    "hook": (lambda: hook(carry()), lambda: sample_guided),
    "hook, default sites": (lambda: hook(load_once()[0], HookOptions(settings=ALWAYS)), lambda: sample),
    "one pass": (once, lambda: sample_guided),
    "completion": (lambda: load_once()[0], complete),
    "completion, shared noise": (lambda: load_once()[0], partial(complete, shared=True)),
    "hook, dpmpp_2m": (lambda: hook(carry()), lambda: partial(sample_with, sampler="dpmpp_2m")),
}


def watch(model: ModelPatcher, run: Callable[..., Any]) -> Waits:
    """Waits in the steps that are looked at."""
    with count_waits() as waits:
        kept = Waits()

        def callback(step: int, *_: Any) -> None:
            if step + 1 in LOOKED_AT:
                kept.ours.update(waits.ours)
                kept.comfyui.update(waits.comfyui)
            waits.clear()

        run(model, steps=STEPS, callback=callback)
    return kept


@pytest.mark.parametrize("name", RUNS)
def test_a_step_waits_for_its_noise_level_and_for_nothing_else(name: str, comfy: ComfyInProcess) -> None:
    make_model, make_run = RUNS[name]
    model = make_model()
    make_prompts()
    waits = watch(model, make_run())
    print(f"{name}: of the pack {dict(waits.ours)}; of ComfyUI {dict(waits.comfyui)}; in {len(LOOKED_AT)} steps")
    assert waits.ours.total() <= ALLOWED * len(LOOKED_AT)


def test_a_wait_is_counted_by_the_line_that_causes_it() -> None:
    """So that no count is low because nothing is seen."""
    from mvcustom.nodes.bridge.host.tensors import images_to_comfy

    pictures = torch.zeros(1, 3, 8, 8, device="cuda")
    with count_waits() as waits:
        images_to_comfy(pictures)
        pictures.max().item()
    assert [line.split(" ")[1] for line in waits.ours.elements()] == ["images_to_comfy"]
