"""The concept of each subject: learned once and kept in the store, or taken from a folder where it was learned before."""

from __future__ import annotations

import json
from pathlib import Path

from ...mvcustom_core.concept.concept import Concept, load_concept, save_concept
from ...mvcustom_core.concept.learning.plan import LearningSettings
from ..concept_quality import measure_concept

LEARNING = LearningSettings(steps=300, rendering_steps=200, frames=2, pose_rate=5e-3, token_rate=1e-3, schedule="cosine")
"""As the demo workflow learns."""


class Concepts:
    """Concepts by the subject's seed, in memory once they were asked for: what they render is kept with them.

    Args:
        own: where concepts are learned to.
        given: a folder to take them from instead.
    """

    def __init__(self, own: Path, given: Path | None) -> None:
        self.own, self.given = own, given
        self._loaded: dict[int, Concept] = {}

    def is_known(self, seed: int) -> bool:
        return self.given is not None or self._figures(seed).exists()

    def recall(self, seed: int) -> Concept:
        """The concept of a subject, learned now or before.

        Raises:
            ValueError: if it is to be taken from a folder that lacks it.
        """
        if not self.is_known(seed):
            self._learn(seed)
        if seed not in self._loaded:
            path = (self.given or self.own) / f"{seed}.safetensors"
            if not path.is_file():
                raise ValueError(f"--concepts: wanted {path.name} in {path.parent}, found none; learn it here by leaving --concepts out")
            self._loaded[seed] = load_concept(path)
        return self._loaded[seed]

    def _learn(self, seed: int) -> None:
        figures, concept = measure_concept(seed, LEARNING, warm=True)
        self.own.mkdir(parents=True, exist_ok=True)
        save_concept(self.own / f"{seed}.safetensors", concept)
        part = self._figures(seed).with_suffix(".part")
        part.write_text(json.dumps(figures), encoding="utf-8")
        part.replace(self._figures(seed))  # last: it marks the concept as finished

    def _figures(self, seed: int) -> Path:
        return self.own / f"{seed}.json"
