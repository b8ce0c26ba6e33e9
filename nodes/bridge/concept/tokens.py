"""Adds a concept's token to a CLIP: where a prompt contains the token text, its learned embedding row is used."""

from __future__ import annotations

from typing import Any

from comfy.sd import CLIP
from torch import Tensor, nn

from ....mvcustom_core.concept.concept import Concept

PLACEHOLDERS = ("sks", "hta", "olis", "pll", "ohwx")  # rare words of one token each; the first that the prompt does not contain is used


class ConceptTokenizer:
    """A CLIP tokenizer with one more word. It delegates everything else to the wrapped tokenizer."""

    def __init__(self, tokenizer: Any, text: str, row: Tensor) -> None:
        self.tokenizer, self.text, self.row = tokenizer, text, row
        self.used = False  # whether any prompt so far contained the word

    def __getattr__(self, name: str) -> Any:
        return getattr(self.tokenizer, name)

    def tokenize_with_weights(self, text: str, *args: Any, **kwargs: Any) -> dict[str, list[list[tuple[Any, ...]]]]:
        """ComfyUI's token lists. The concept's token appears in them as its embedding row, as ComfyUI's own embeddings do."""
        if self.text not in text:
            return self.tokenizer.tokenize_with_weights(text, *args, **kwargs)
        self.used = True
        marked, word = mark_token(text, self.text)
        lists = self.tokenizer.tokenize_with_weights(marked, *args, **kwargs)
        wanted = bare_ids(self.tokenizer, word)[0]
        return {
            key: [[(self.row[0] if _equals(token[0], wanted) else token[0], *token[1:]) for token in part] for part in parts]
            for key, parts in lists.items()
        }


def mark_token(prompt: str, token_text: str) -> tuple[str, str]:
    """Replace the token text in a prompt by a rare word; returns the prompt and the word.

    Raises:
        ValueError: if the prompt already contains all the rare words.
    """
    word = next((word for word in PLACEHOLDERS if word not in prompt.lower()), None)
    if word is None:
        raise ValueError(
            f"prompt: wanted one of the words {', '.join(PLACEHOLDERS)} left free for {token_text}, got all of them; remove one"
        )
    return prompt.replace(token_text, f" {word} "), word


def add_token(clip: CLIP, concept: Concept) -> CLIP:
    """Clone a CLIP and add the concept's token to its tokenizer.

    Raises:
        ValueError: if the CLIP belongs to another family or has another width.
    """
    width = clip_text_model(clip).embeddings.token_embedding.weight.shape[1]
    if width != concept.token.shape[1]:
        raise ValueError(
            f"clip: wanted width {concept.token.shape[1]} as {concept.token_text} was learned with, got {width}; connect its CLIP"
        )
    clone = clip.clone()
    clone.tokenizer = ConceptTokenizer(clip.tokenizer, concept.token_text, concept.token)
    return clone


def clip_text_model(clip: CLIP) -> nn.Module:
    """The CLIP-L text transformer of a CLIP.

    Raises:
        ValueError: if the CLIP belongs to another family.
    """
    stage = getattr(clip.cond_stage_model, "clip_l", None)
    if stage is None or hasattr(clip.cond_stage_model, "clip_g"):
        raise ValueError(
            "clip: wanted Stable Diffusion 1.5's CLIP-L alone, got another text encoder; connect the CLIP of an SD1.5 checkpoint"
        )
    return stage.transformer.text_model


def token_ids(clip: CLIP, text: str, *, bare: bool = False) -> list[int]:
    """The ids of a prompt's first 77 tokens. With `bare`, start, end and padding are left out."""
    if bare:
        return bare_ids(clip.tokenizer, text)
    return [token[0] for token in clip.tokenizer.tokenize_with_weights(text)["l"][0]]


def bare_ids(tokenizer: Any, text: str) -> list[int]:
    tokens = [token[0] for token in tokenizer.tokenize_with_weights(text)["l"][0]]
    return tokens[1 : tokens.index(END)]


END = 49407  # CLIP's end-of-text token, which is also its padding


def _equals(token: Any, wanted: int) -> bool:
    return isinstance(token, int) and token == wanted


def encode_caption(clip: CLIP, caption: str) -> Tensor:
    """Encode a prompt to the conditioning [1, L, D] of the model."""
    return clip.encode_from_tokens(clip.tokenize(caption))
