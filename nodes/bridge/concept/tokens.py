"""Adds a concept's token to a CLIP: where a prompt contains the token text, its learned embedding row is used."""

from __future__ import annotations

from typing import Any
from weakref import WeakSet

from comfy.sd import CLIP
from torch import Tensor, nn

from ....mvcustom_core.concept.concept import Concept
from .prompt import note_words

TokenLists = dict[str, list[list[tuple[Any, ...]]]]  # ComfyUI's: key -> batches of tokens, each a token and its weight

PLACEHOLDERS = ("sks", "hta", "olis", "pll", "ohwx")  # rare words of one token each; the first that the prompt does not contain is used


ENCODED: WeakSet[Concept] = WeakSet()  # the concepts whose word stood in any prompt so far, whichever CLIP encoded it


class ConceptTokenizer:
    """A CLIP tokenizer with one more word. It delegates everything else to the wrapped tokenizer."""

    def __init__(self, tokenizer: Any, concept: Concept) -> None:
        self.tokenizer, self.concept, self.text = tokenizer, concept, concept.token_text
        self.row = concept.token[0]  # [D]

    def __getattr__(self, name: str) -> Any:
        # Python asks for special methods, such as those that copy an object, and asks before the attributes exist
        if name == "tokenizer" or (name.startswith("__") and name.endswith("__")):
            raise AttributeError(f"{type(self).__name__} has no attribute {name}")
        return getattr(self.tokenizer, name)

    def tokenize_with_weights(self, text: str, *args: Any, **kwargs: Any) -> TokenLists:
        """ComfyUI's token lists. The concept's token appears in them as its embedding row, as ComfyUI's own embeddings do."""
        if self.text not in text:
            return self.tokenizer.tokenize_with_weights(text, *args, **kwargs)
        ENCODED.add(self.concept)
        marked, word = mark_token(text, self.text)
        lists = self.tokenizer.tokenize_with_weights(marked, *args, **kwargs)
        wanted = bare_ids(self.tokenizer, word)[0]
        return {
            key: [[(self.row if _equals(token[0], wanted) else token[0], *token[1:]) for token in part] for part in parts]
            for key, parts in lists.items()
        }

    def find_rows(self, tokens: TokenLists) -> list[Tensor]:
        """The learned rows [D] in token lists: of this word, and of the words of a wrapped tokenizer of this kind."""
        held = any(token[0] is self.row for parts in tokens.values() for part in parts for token in part)
        inner = self.tokenizer.find_rows(tokens) if isinstance(self.tokenizer, ConceptTokenizer) else []
        return [*inner, *([self.row] if held else [])]


class ConceptClip(CLIP):
    """A CLIP with a `ConceptTokenizer` that notes on each conditioning which learned words stand in its prompt."""

    def clone(self, *args: Any, **kwargs: Any) -> CLIP:
        """A clone of this kind."""
        return adopt_clip(super().clone(*args, **kwargs))

    def encode_from_tokens_scheduled(self, tokens: TokenLists, *args: Any, **kwargs: Any) -> list[list[Any]]:
        """ComfyUI's conditioning, with the note."""
        conditioning = super().encode_from_tokens_scheduled(tokens, *args, **kwargs)
        return note_words(conditioning, self.tokenizer.find_rows(tokens)) if isinstance(self.tokenizer, ConceptTokenizer) else conditioning


def adopt_clip(clip: CLIP) -> CLIP:
    """Make a plain CLIP a `ConceptClip`. The class of another node pack stays, since that pack may rely on it."""
    if type(clip) is not CLIP:
        return clip
    adopted = ConceptClip(no_init=True)
    vars(adopted).update(vars(clip))
    return adopted


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
    clone.tokenizer = ConceptTokenizer(clip.tokenizer, concept)
    return adopt_clip(clone)


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
    """The ids of a text of at most 75 tokens, without start, end and padding.

    Raises:
        ValueError: if the text names an embedding, which is no word.
    """
    tokens = [token[0] for token in tokenizer.tokenize_with_weights(text)["l"][0]]
    if not all(isinstance(token, int) for token in tokens):
        raise ValueError(f"words: wanted words of the text encoder, got {text!r}, which names an embedding; write a plain word")
    return tokens[1 : tokens.index(END)]


END = 49407  # CLIP's end-of-text token, which is also its padding


def _equals(token: Any, wanted: int) -> bool:
    return isinstance(token, int) and token == wanted


def encode_caption(clip: CLIP, caption: str) -> Tensor:
    """Encode a prompt to the conditioning [1, L, D] of the model."""
    return clip.encode_from_tokens(clip.tokenize(caption))
