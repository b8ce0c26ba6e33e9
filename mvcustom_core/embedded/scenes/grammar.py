"""The caption grammar of the procedural scenes. Every word describes something visible.

Example: "a red speckled torus on a sandy ground under a violet sky"
"""

from __future__ import annotations

import random
from dataclasses import astuple, dataclass, fields

COLORS = {
    "red": (0.80, 0.12, 0.10),
    "orange": (0.95, 0.50, 0.08),
    "yellow": (0.93, 0.85, 0.15),
    "green": (0.12, 0.60, 0.18),
    "blue": (0.12, 0.25, 0.80),
    "purple": (0.50, 0.15, 0.65),
    "white": (0.92, 0.92, 0.90),
    "black": (0.08, 0.08, 0.09),
}
TEXTURES = ("plain", "striped", "checkered", "speckled")
SHAPES = ("box", "sphere", "cylinder", "cone", "torus")
GROUNDS = {
    "sandy": ((0.86, 0.74, 0.50), (0.72, 0.58, 0.36)),
    "grassy": ((0.30, 0.52, 0.16), (0.16, 0.36, 0.10)),
    "snowy": ((0.95, 0.96, 0.98), (0.80, 0.85, 0.92)),
    "stony": ((0.56, 0.55, 0.54), (0.34, 0.34, 0.35)),
    "earthen": ((0.48, 0.29, 0.17), (0.32, 0.18, 0.10)),
}
SKIES = {
    "blue": ((0.72, 0.86, 0.97), (0.22, 0.48, 0.88)),
    "violet": ((0.80, 0.66, 0.90), (0.40, 0.20, 0.66)),
    "orange": ((0.99, 0.84, 0.52), (0.92, 0.46, 0.16)),
    "grey": ((0.82, 0.83, 0.84), (0.52, 0.54, 0.56)),
    "dark": ((0.22, 0.24, 0.34), (0.04, 0.04, 0.10)),
}


@dataclass(frozen=True, slots=True)
class SceneWords:
    """One word for each attribute of a scene."""

    color: str
    texture: str
    shape: str
    ground: str
    sky: str

    @property
    def caption(self) -> str:
        return self.caption_of(f"{self.color} {self.texture} {self.shape}")

    def caption_of(self, subject: str) -> str:
        """The caption with `subject` in place of the subject's words, for a learned concept."""
        return f"{_with_article(subject)} on {_with_article(self.ground)} ground under {_with_article(self.sky)} sky"


def _with_article(words: str) -> str:
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


VOCABULARY: dict[str, tuple[str, ...]] = {
    "color": tuple(COLORS),
    "texture": TEXTURES,
    "shape": SHAPES,
    "ground": tuple(GROUNDS),
    "sky": tuple(SKIES),
}


def unknown_subject_words(text: str) -> list[str]:
    """The words of a text that no subject of the scenes is described with, in order."""
    known = {*COLORS, *TEXTURES, *SHAPES}
    return [word for word in text.split() if word not in known]


def sample_words(rng: random.Random) -> SceneWords:
    """Draw a word for every attribute, uniformly and independently."""
    return SceneWords(*(rng.choice(VOCABULARY[field.name]) for field in fields(SceneWords)))


def word_indices(words: SceneWords) -> tuple[int, ...]:
    """The index of each word in its attribute's vocabulary, in the order of `VOCABULARY`."""
    return tuple(options.index(word) for options, word in zip(VOCABULARY.values(), astuple(words), strict=True))
