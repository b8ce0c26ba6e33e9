"""What runs again after which change: recording the references, and rendering them; counted, not timed."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import comfy.hooks
import pytest
import torch
from comfy.model_patcher import ModelPatcher
from torch import Tensor, nn

from mvcustom.mvcustom_core.concept.concept import Concept
from mvcustom.mvcustom_core.concept.feature_nerf import FeatureNerf
from mvcustom.nodes.bridge.concept import cache as concept_cache
from mvcustom.nodes.bridge.concept import session as concept_session
from mvcustom.nodes.bridge.concept.application import apply_concept, render_depth
from mvcustom.nodes.bridge.concept.cache import CACHES, ConceptCache, Weights, cache_of
from mvcustom.nodes.bridge.concept.tokens import encode_caption
from mvcustom.nodes.bridge.rendering.hook import apply_rendering
from mvcustom.tests.host.embedded import SPEC, apply_once, draw_noise, load_once, make_cameras, make_concept, make_depth, sample

BLOCKS = len(SPEC.pose_layout.sites)
WEIGHT = "diffusion_model.input_blocks.0.0"


@dataclass
class Counter:
    recordings: int = 0
    renderings: int = 0

    def take(self) -> tuple[int, float]:
        """Recordings, and renderings of all blocks, since the last call."""
        taken = self.recordings, self.renderings / BLOCKS
        self.recordings = self.renderings = 0
        return taken


@pytest.fixture
def counter(monkeypatch: pytest.MonkeyPatch) -> Counter:
    counted = Counter()
    record, render = concept_session.record_features, FeatureNerf.forward

    def count_recording(*args: Any, **kwargs: Any) -> Any:
        counted.recordings += 1
        return record(*args, **kwargs)

    def count_rendering(*args: Any, **kwargs: Any) -> Any:
        counted.renderings += 1
        return render(*args, **kwargs)

    monkeypatch.setattr(concept_session, "record_features", count_recording)
    monkeypatch.setattr(FeatureNerf, "forward", count_rendering)
    return counted


def encode(text: str) -> Tensor:
    return encode_caption(load_once()[1], text)


def shift() -> Tensor:
    return 0.2 * torch.randn(load_once()[0].model.state_dict()[f"{WEIGHT}.weight"].shape, generator=torch.Generator().manual_seed(1))


def with_lora(model: ModelPatcher) -> ModelPatcher:
    patched = model.clone()
    patched.add_patches({f"{WEIGHT}.weight": ("diff", (shift(),))})
    return patched


def apply_from(model: ModelPatcher, concept: Concept, **changes: Any) -> ModelPatcher:
    with torch.inference_mode():
        caption = changes.pop("caption", encode(concept.caption))
        return apply_concept(model, concept, changes.pop("cameras", make_cameras()), caption, **changes)


def second_pass(patched: ModelPatcher) -> ModelPatcher:
    with torch.inference_mode():
        return apply_rendering(patched, make_depth(), make_cameras())[0]


def swap_layer(patched: ModelPatcher) -> ModelPatcher:
    swapped = patched.clone()
    swapped.add_object_patch(f"{WEIGHT}", nn.Conv2d(4, 64, 3, padding=1))
    return swapped


def one_step(model: ModelPatcher, **changes: Any) -> Tensor:
    return sample(model, steps=1, **changes)


CHANGES: dict[str, tuple[Callable[[ModelPatcher, Concept], Any], tuple[int, float]]] = {
    "seed": (lambda first, concept: one_step(first, seed=6, noise=draw_noise().flip(0)), (0, 0)),
    "guidance": (lambda first, concept: one_step(first, cfg=2.0), (0, 0)),
    "negative prompt": (lambda first, concept: one_step(first, negative=encode("blue")), (0, 0)),
    "second pass": (lambda first, concept: one_step(second_pass(first)), (0, 0)),
    "strength": (lambda first, concept: one_step(apply_once(load_once()[0], concept, strength=0.5)), (0, 0)),
    "strength 0": (lambda first, concept: one_step(apply_once(load_once()[0], concept, strength=0.0)), (0, 0)),
    "anchor depth": (lambda first, concept: render_depth(first, make_cameras(), 1), (0, 0.5)),  # the two finest blocks, without a prompt
    "prompt": (lambda first, concept: one_step(first, positive=encode("a blue box")), (0, 1)),
    "cameras": (lambda first, concept: one_step(apply_from(load_once()[0], concept, cameras=make_cameras(reach_deg=20.0))), (0, 1)),
    "LoRA after": (lambda first, concept: one_step(with_lora(first)), (1, 1)),
    "LoRA before": (lambda first, concept: one_step(apply_once(with_lora(load_once()[0]), concept)), (1, 1)),
    "checkpoint": (lambda first, concept: one_step(apply_once(load_once()[0].clone(force_deepcopy=True), concept)), (1, 1)),
    "swapped layer": (lambda first, concept: one_step(swap_layer(first)), (1, 1)),
    "text encoder": (lambda first, concept: one_step(apply_from(load_once()[0], concept, caption=encode("the box"))), (1, 1)),
    "concept": (lambda first, concept: one_step(apply_once(load_once()[0], replace(concept, class_word="cube"))), (1, 1)),
}


@pytest.fixture(scope="module")
def ran() -> tuple[ModelPatcher, Concept, Tensor]:
    """A MODEL whose concept has been rendered once, and what it sampled."""
    concept = make_concept(0.05)
    first = apply_once(load_once()[0], concept)
    return first, concept, sample(first, steps=1)


@pytest.mark.parametrize("change", CHANGES)
def test_exactly_what_depends_on_a_change_runs_again(change: str, counter: Counter, ran: tuple[ModelPatcher, Concept, Tensor]):
    first, concept, _ = ran
    run, wanted = CHANGES[change]
    run(first, concept)
    assert counter.take() == wanted


def test_changes_have_not_displaced_what_was_there(counter: Counter, ran: tuple[ModelPatcher, Concept, Tensor]):
    first, _, before = ran
    assert torch.equal(sample(first, steps=1), before)
    assert counter.take() == (0, 0)


def test_once_for_a_run_of_any_length(counter: Counter):
    sample(apply_once(load_once()[0], make_concept(0.05)), steps=3)
    assert counter.take() == (1, 1)


def test_weight_hooks_count_and_are_not_taken_for_one_another(counter: Counter):
    """A LoRA as a hook on the prompts gives what the same LoRA gives on the MODEL."""
    patched = apply_once(load_once()[0], make_concept(0.05))
    hooks = comfy.hooks.create_hook_lora({f"{WEIGHT}.diff": shift()}, 1.0, 1.0)
    one_step(patched)
    counter.take()
    hooked = one_step(patched, hooks=hooks)
    assert counter.take() == (1, 1)
    torch.testing.assert_close(hooked, one_step(with_lora(patched)), rtol=0, atol=1e-4)
    counter.take()
    one_step(patched, hooks=hooks)
    assert counter.take() == (1, 1)  # ComfyUI registers hooks anew in each run


def test_a_recording_that_cannot_return_is_not_kept(counter: Counter):
    concept = make_concept(0.05)
    swapped = swap_layer(apply_once(load_once()[0], concept))
    for _ in range(2):
        one_step(swapped)
        assert counter.take() == (1, 1)
    assert not cache_of(concept).recordings


class Network:
    """Stands for a model in a weak reference."""


def fill(cache: ConceptCache, model: Network, patches: str, prompts: int) -> None:
    recording = cache.recording(Weights(concept_cache.ref(model), patches, (), None), torch.zeros(1, 2, 3), torch.float32)
    recording.features = {0: torch.zeros(25)}  # 100 bytes
    for prompt in range(prompts):
        recording.rendering(torch.full((1, 2, 3), float(prompt)), make_cameras()).shown = {0: torch.zeros(50)}  # 200 bytes


def kept(cache: ConceptCache) -> list[tuple[str, list[float]]]:
    return [(r.weights.patches, [float(rendering.context[0, 0, 0]) for rendering in r.renderings]) for r in cache.recordings]


def test_what_was_used_longest_ago_is_forgotten_first(monkeypatch: pytest.MonkeyPatch):
    cache, model = ConceptCache(), Network()
    fill(cache, model, "old", 3)
    fill(cache, model, "new", 1)
    monkeypatch.setattr(concept_cache, "KEPT_BYTES", 1000)
    cache.park()
    assert kept(cache) == [("old", [0, 1, 2]), ("new", [0])]
    fill(cache, model, "old", 1)  # used again, and its first prompt
    cache.park()
    assert kept(cache) == [("new", [0]), ("old", [1, 2, 0])]
    for room, wanted in ((800, [("old", [1, 2, 0])]), (500, [("old", [2, 0])]), (99, [])):
        monkeypatch.setattr(concept_cache, "KEPT_BYTES", room)
        cache.park()
        assert kept(cache) == wanted


@pytest.mark.usefixtures("quick_collection")
def test_nothing_is_kept_of_a_model_or_a_concept_that_is_gone():
    cache, model = ConceptCache(), Network()
    fill(cache, model, "a", 1)
    del model
    gc.collect()
    cache.park()
    assert not cache.recordings
    before, concept = len(CACHES), make_concept()
    cache_of(concept)
    assert len(CACHES) == before + 1
    del concept
    gc.collect()
    assert len(CACHES) <= before
