"""Stores an unfinished learning run in `output/mvcustom/learning/<digest>.state`, so that the same inputs continue from there.

ComfyUI empties its temporary folder at start-up, so the file is not stored there: a run should survive a crash. The suffix keeps the file
out of the list of concepts. It is written when learning begins (so that a full or read-only disk is found at once), every five minutes, and
when learning is cancelled or fails. A finished run removes it.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Iterable
from pathlib import Path

import folder_paths
import torch
from torch import Tensor

from ....mvcustom_core.concept.learning.learner import Learner
from ....mvcustom_core.concept.learning.state import LearningState, load_learning, save_learning
from ..host.folders import CONCEPTS

SAVE_EVERY = 300.0  # seconds
log = logging.getLogger("mvcustom.bridge.learning")


class LearningFile:
    """The file of one run.

    Args:
        key: everything that the run's result depends on; runs with equal keys are the same run.
    """

    def __init__(self, key: Iterable[Tensor | str | None]) -> None:
        self.path = Path(folder_paths.get_output_directory(), CONCEPTS, "learning", f"{digest(key)}.state")
        self._saved = time.monotonic()

    def open(self, learner: Learner) -> None:
        """Restore the learner from the file, or write the first state if there is no file.

        Raises:
            OSError: if the file cannot be written.
            ValueError: if the file exists but cannot be read.
        """
        if self.path.exists():
            learner.restore(self._load())
            log.info("learning goes on from step %d, kept in %s", learner.state.step, self.path)
        else:
            self.save(learner)

    def _load(self) -> LearningState:
        try:
            return load_learning(self.path)
        except ValueError as error:
            raise ValueError(
                f"learning: the unfinished run kept in {self.path} cannot be read ({error}); delete it to learn from the start"
            ) from error

    def save(self, learner: Learner) -> None:
        """Replace the stored state by the learner's present one.

        Raises:
            OSError: if it cannot be written; the message names the folder, and the last state is kept.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            save_learning(self.path, learner.state)
        except OSError as error:
            raise OSError(
                f"learning: wanted to keep the unfinished run in {self.path.parent}, got {error}; free space there or allow writing"
            ) from error
        self._saved = time.monotonic()

    def save_if_due(self, learner: Learner) -> None:
        """Write the state if the last one is older than `SAVE_EVERY` seconds."""
        if time.monotonic() - self._saved > SAVE_EVERY:
            self.save(learner)

    def remove(self) -> None:
        """Delete the file of a finished run."""
        self.path.unlink(missing_ok=True)


def digest(key: Iterable[Tensor | str | None]) -> str:
    """A hash of tensors and texts as 16 hexadecimal digits."""
    total = hashlib.sha256()
    for part in key:
        if isinstance(part, Tensor):
            total.update(f"{part.dtype}{list(part.shape)}".encode())
            total.update(part.detach().cpu().flatten().contiguous().view(torch.uint8).numpy().tobytes())
        else:
            total.update(repr(part).encode())
    return total.hexdigest()[:16]
