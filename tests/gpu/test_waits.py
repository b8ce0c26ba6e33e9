"""What a sampling step and a learning update wait for: the step's noise level where features are rendered, the update's losses."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import comfy.samplers
import pytest
import torch
from comfy.model_patcher import ModelPatcher

from mvcustom.mvcustom_core.backbone.attention import Scope
from mvcustom.mvcustom_core.concept.learning.losses import LossWeights
from mvcustom.mvcustom_core.rendering.completion import CompletionSettings
from mvcustom.nodes.bridge.learning.denoiser import Economy
from mvcustom.nodes.bridge.rendering.completion import build_completion_sampler
from mvcustom.nodes.bridge.rendering.hook import HookOptions
from mvcustom.nodes.bridge.rendering.one_pass import Estimation, apply_one_pass
from mvcustom.tests.gpu.test_learning import make_learner
from mvcustom.tests.gpu.waiting import Waits, count_waits
from mvcustom.tests.gpu.weights import ALWAYS, hook, make_masks, make_prompts, sample_guided
from mvcustom.tests.host.embedded import apply_once, load_once, make_cameras, make_concept, make_scoped, sample

pytestmark = [pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA"), pytest.mark.usefixtures("comfy")]

STEPS = 5
LOOKED_AT = (3, 4)  # steps, from 1: whatever is prepared once is prepared by then, and what follows the last step is not a step's


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


RUNS: dict[str, tuple[Callable[[], ModelPatcher], Callable[[], Callable[..., Any]], int]] = {  # with the waits of a step
    "motion": (lambda: load_once()[0], lambda: sample, 0),
    "motion, 3x3": (lambda: make_scoped(Scope(3)), lambda: sample, 0),
    "concept": (carry, lambda: sample, 0),
    "guider": (carry, lambda: partial(sample_guided, surroundings=0.0), 0),
    "hook": (lambda: hook(carry()), lambda: sample_guided, 1),
    "hook, default sites": (lambda: hook(load_once()[0], HookOptions(settings=ALWAYS)), lambda: sample, 1),
    "hook, dpmpp_2m": (lambda: hook(carry()), lambda: partial(sample_with, sampler="dpmpp_2m"), 1),
    "one pass": (once, lambda: sample_guided, 1),
    "completion": (lambda: load_once()[0], complete, 0),
    "completion, shared noise": (lambda: load_once()[0], partial(complete, shared=True), 0),
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
def test_a_step_waits_for_its_noise_level_and_for_nothing_else(name: str) -> None:
    make_run_model, make_run, wanted = RUNS[name]
    model = make_run_model()
    make_prompts()
    waits = watch(model, make_run())
    print(f"{name}: of the pack {dict(waits.ours)}; of ComfyUI {dict(waits.comfyui)}; in {len(LOOKED_AT)} steps")
    assert waits.ours.total() == wanted * len(LOOKED_AT)
    assert all(line.endswith(" read_progress") for line in waits.ours)


@pytest.mark.parametrize(
    ("economy", "changes"),
    [
        (Economy(), {}),
        (Economy(checkpointing=True), {}),
        (Economy(bfloat16=True), {}),
        (Economy(), {"rendering_steps": 9}),
        (Economy(), {"prior_share": 1.0}),
        (Economy(), {"weights": LossWeights(correspondence=0.25), "prior_share": 0.0}),
    ],
    ids=["plain", "checkpointed", "bfloat16", "rendering", "class pictures", "matches"],
)
def test_an_update_waits_for_its_losses_and_for_nothing_else(economy: Economy, changes: dict[str, object]) -> None:
    updates = make_learner(economy, **changes).run()
    next(updates)  # references are recorded, kernels chosen
    with count_waits() as waits:
        next(updates)
        next(updates)
    print(f"of the pack {dict(waits.ours)}; of ComfyUI {dict(waits.comfyui)}; in 2 updates")
    assert [line.split(" ")[1] for line in waits.ours.elements()] == ["read_numbers"] * 2
    assert not waits.comfyui


def test_a_wait_is_counted_by_the_line_that_causes_it() -> None:
    """So that no count is low because nothing is seen."""
    from mvcustom.nodes.bridge.host.tensors import images_to_comfy

    pictures = torch.zeros(1, 3, 8, 8, device="cuda")
    with count_waits() as waits:
        images_to_comfy(pictures)
        pictures.max().item()
    assert [line.split(" ")[1] for line in waits.ours.elements()] == ["images_to_comfy"]
