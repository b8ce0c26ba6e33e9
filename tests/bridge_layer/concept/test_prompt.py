"""Whether a concept's word stands in the prompt: a run that certainly cannot show the subject is refused, any other one samples."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from comfy.model_patcher import ModelPatcher
from comfy.samplers import CFGGuider, calculate_sigmas, sampler_object
from comfy.sd import CLIP
from torch import Tensor

from mvcustom.mvcustom_core.concept.concept import Concept
from mvcustom.nodes.bridge.concept import application
from mvcustom.nodes.bridge.concept.application import apply_to_both
from mvcustom.nodes.bridge.concept.guidance import ConceptGuider
from mvcustom.nodes.bridge.concept.tokens import encode_caption
from mvcustom.tests.host.embedded import draw_noise, load_once, make_cameras, make_concept

Conditioning = list[list[Any]]
WITH, WITHOUT = "a <v*> box", "a red box"
REFUSAL = 'wanted <v\\*> in the positive prompt, got none with it; write for example "a <v\\*> box", and encode it with the CLIP of Apply'


@pytest.fixture
def concept() -> Concept:
    return make_concept()


@pytest.fixture
def both(concept: Concept) -> tuple[ModelPatcher, CLIP]:
    return apply(concept)


@torch.inference_mode()
def apply(concept: Concept, strength: float = 1.0) -> tuple[ModelPatcher, CLIP]:
    model, clip, _ = load_once()
    return apply_to_both(model, clip, concept, make_cameras(), strength)


@torch.inference_mode()
def encode(clip: CLIP, text: str) -> Conditioning:
    """As core's CLIP Text Encode does."""
    return clip.encode_from_tokens_scheduled(clip.tokenize(text))


@torch.inference_mode()
def run(model: ModelPatcher, positive: Conditioning, guided: bool = False) -> Tensor:
    negative = [[encode_caption(load_once()[1], ""), {}]]
    guider = ConceptGuider(model, positive, negative, 4.0, 2.0) if guided else CFGGuider(model)
    if not guided:
        guider.set_conds(positive, negative)
        guider.set_cfg(4.0)
    noise = draw_noise()
    sigmas = calculate_sigmas(model.get_model_object("model_sampling"), "simple", 1)
    return guider.sample(noise, torch.zeros_like(noise), sampler_object("euler"), sigmas, disable_pbar=True, seed=1)


@pytest.mark.parametrize("guided", [False, True], ids=["CFG", "Concept Guider"])
def test_a_prompt_without_the_word_is_refused(both: tuple[ModelPatcher, CLIP], guided: bool):
    model, clip = both
    assert torch.isfinite(run(model, encode(clip, WITH), guided)).all()
    with pytest.raises(ValueError, match=REFUSAL):
        run(model, encode(clip, WITHOUT), guided)


def test_a_prompt_of_another_clip_is_refused_if_no_prompt_has_the_word(both: tuple[ModelPatcher, CLIP]):
    model, _ = both
    for text in (WITH, WITHOUT):
        with pytest.raises(ValueError, match=REFUSAL):
            run(model, encode(load_once()[1], text))


def test_one_prompt_of_several_is_enough(both: tuple[ModelPatcher, CLIP]):
    model, clip = both
    assert torch.isfinite(run(model, [*encode(clip, WITHOUT), *encode(load_once()[1], "grass"), *encode(clip, WITH)])).all()


def test_at_strength_0_the_word_is_not_asked_for(concept: Concept):
    model, clip = apply(concept, strength=0.0)
    assert torch.isfinite(run(model, encode(clip, WITHOUT))).all()


def test_the_clip_of_another_apply_concept_of_the_same_concept_will_do(both: tuple[ModelPatcher, CLIP], concept: Concept):
    assert torch.isfinite(run(both[0], encode(apply(concept, 0.5)[1], WITH))).all()
    with pytest.raises(ValueError, match=REFUSAL):  # another concept with a word of the same letters
        run(both[0], encode(apply(make_other(concept))[1], WITH))


def make_other(concept: Concept) -> Concept:
    other = copy.copy(concept)
    object.__setattr__(other, "token", concept.token + 0.1)
    return other


def test_of_prompts_that_cannot_be_judged_the_sampling_node_says_so(both: tuple[ModelPatcher, CLIP], monkeypatch: pytest.MonkeyPatch):
    model, clip = both
    said: list[str] = []
    monkeypatch.setattr(application, "send_text", said.append)
    (first, extra), (second, _) = encode(clip, WITHOUT)[0], encode(clip, WITH)[0]
    assert torch.isfinite(run(model, [[torch.cat([first, second], dim=1), extra]])).all()  # as core's Conditioning (Concat) does
    run(model, encode(load_once()[1], WITH))  # the word is in a prompt somewhere, so that this one could be mixed, too
    assert all("whether <v*> stands in this positive prompt" in text for text in said) and len(said) == 2
    run(model, encode(clip, WITH))
    assert len(said) == 2


def test_clones_of_the_clip_still_tell(both: tuple[ModelPatcher, CLIP]):
    model, clip = both
    later = clip.clone()
    later.clip_layer(-2)
    with pytest.raises(ValueError, match=REFUSAL):
        run(model, encode(later, WITHOUT))
    assert torch.isfinite(run(model, encode(later, WITH))).all()


def test_the_clip_of_another_pack_stays_what_it_is(concept: Concept):
    class Other(CLIP):
        """A node pack's own CLIP."""

    clip = Other(no_init=True)
    vars(clip).update(vars(load_once()[1]))
    clip.clone = lambda: clip
    with torch.inference_mode():
        _, knowing = apply_to_both(load_once()[0], clip, concept, make_cameras(), 1.0)
    assert type(knowing) is Other
