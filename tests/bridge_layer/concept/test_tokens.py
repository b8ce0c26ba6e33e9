"""The learned word in prompts: one row for each time it stands there, weights as written, and every other prompt as ComfyUI has it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from comfy.sd import CLIP
from safetensors.torch import save_file
from torch import Tensor

from mvcustom.mvcustom_core.concept.concept import Concept
from mvcustom.nodes.bridge.concept.tokens import PLACEHOLDERS, add_token, clip_text_model, encode_caption, mark_token, token_ids
from mvcustom.tests.host.embedded import SPEC, load_once, make_concept


@pytest.fixture
def concept() -> Concept:
    return make_concept()


@pytest.fixture
def clip() -> CLIP:
    return load_once()[1]


def tokens_of(clip: CLIP, text: str) -> list[tuple[int | Tensor, float]]:
    return clip.tokenize(text)["l"][0]


def rows_of(clip: CLIP, text: str) -> list[tuple[int, float]]:
    """Where the learned row stands, and its weight."""
    return [(place, weight) for place, (token, weight) in enumerate(tokens_of(clip, text)) if isinstance(token, Tensor)]


def test_placeholders_are_one_token_each(clip: CLIP):
    assert {word: len(token_ids(clip, word, bare=True)) for word in PLACEHOLDERS} == dict.fromkeys(PLACEHOLDERS, 1)


def test_row_stands_once_for_each_occurrence(clip: CLIP, concept: Concept):
    knowing = add_token(clip, concept)
    assert rows_of(knowing, "a <v*> box") == [(2, 1.0)]
    assert rows_of(knowing, "a <v*> box and a<v*>, <v*>") == [(2, 1.0), (6, 1.0), (8, 1.0)]
    (row,) = [token for token, _ in tokens_of(knowing, "a <v*> box") if isinstance(token, Tensor)]
    assert torch.equal(row, concept.token[0])
    # all else is what the prompt with any other word would have in those places
    ids = [token for token, _ in tokens_of(knowing, "a <v*> box") if not isinstance(token, Tensor)]
    plain = [token for token, _ in tokens_of(clip, "a red box")]
    assert ids == plain[:2] + plain[3:]


def test_weights_are_kept(clip: CLIP, concept: Concept):
    knowing = add_token(clip, concept)
    assert rows_of(knowing, "a (<v*>:1.2) box") == [(2, pytest.approx(1.2))]
    assert rows_of(knowing, "a ((<v*> box)) here") == [(2, pytest.approx(1.21))]
    assert [weight for _, weight in tokens_of(knowing, "a (<v*>:1.2) box")[3:]] == [1.0] * 74


def test_other_prompts_are_untouched(clip: CLIP, concept: Concept):
    knowing = add_token(clip, concept)
    for text in ("", "a (sks:1.3) box", "v * < >", "a red box " * 40):
        assert knowing.tokenize(text) == clip.tokenize(text)
    assert not rows_of(clip, "a <v*> box")  # the user's own CLIP learns nothing


def test_words_of_the_prompt_are_not_taken_for_the_token(clip: CLIP, concept: Concept):
    knowing = add_token(clip, concept)
    assert len(rows_of(knowing, "SKS hta Olis, a <v*> box")) == 1
    assert mark_token("a SKS <v*>", "<v*>") == ("a SKS  hta ", "hta")
    with pytest.raises(ValueError, match="left free for <v\\*>, got all of them; remove one"):
        knowing.tokenize(f"<v*> {' '.join(PLACEHOLDERS)}")


def test_row_is_encoded_as_an_embedding_in_its_place(clip: CLIP, concept: Concept):
    concept = replace(concept, token=concept.token.half().float())  # as exactly as the table holds it
    with torch.inference_mode():
        given = encode_caption(add_token(clip, concept), "a <v*> box on grass")
        table = clip_text_model(clip).embeddings.token_embedding.weight
        (number,) = token_ids(clip, "pll", bare=True)
        saved = table[number].clone()
        table[number] = concept.token[0]
        try:
            wanted = encode_caption(clip, "a pll box on grass")
        finally:
            table[number] = saved
        plain = encode_caption(clip, "a pll box on grass")
    torch.testing.assert_close(given, wanted, rtol=0, atol=1e-6)
    assert (given - plain).abs().max() > 1e-4


def test_clip_must_be_the_one_that_was_learned_with(clip: CLIP, concept: Concept):
    for stage in (SimpleNamespace(t5xxl=None), SimpleNamespace(clip_l=None, clip_g=None)):
        with pytest.raises(ValueError, match="connect the CLIP of an SD1.5 checkpoint"):
            add_token(SimpleNamespace(cond_stage_model=stage), concept)
    wide = make_concept(layout=replace(SPEC.pose_layout, text_width=768), width=768)
    with pytest.raises(ValueError, match="clip: wanted width 768 as <v\\*> was learned with, got 128; connect its CLIP"):
        add_token(clip, wide)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy], ids=["copy", "deepcopy"])
def test_a_copied_tokenizer_knows_the_word(clip: CLIP, concept: Concept, copied: Callable[[Any], Any]):
    tokenizer = copied(add_token(clip, concept).tokenizer)
    tokens = tokenizer.tokenize_with_weights("a <v*> box")["l"][0]
    assert [place for place, (token, _) in enumerate(tokens) if isinstance(token, Tensor)] == [2]
    assert tokenizer.clip_l.embedding_size == tokenizer.tokenizer.clip_l.embedding_size  # all else is the wrapped tokenizer's
    for name in ("__reduce_something__", "no_such_attribute"):
        assert not hasattr(tokenizer, name)


def test_an_embedding_is_no_word(clip: CLIP, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    save_file({"emb_params": torch.zeros(1, SPEC.pose_layout.text_width)}, tmp_path / "x.safetensors")
    monkeypatch.setattr(clip.tokenizer.clip_l, "embedding_directory", [str(tmp_path)])
    assert isinstance(tokens_of(clip, "embedding:x")[1][0], Tensor)
    with pytest.raises(ValueError, match="wanted words of the text encoder, got 'embedding:x', which names an embedding; write a plain"):
        token_ids(clip, "embedding:x", bare=True)
