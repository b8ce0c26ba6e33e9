"""Keeps what was learned in `output/mvcustom/learning`, so that nothing is learned twice.

Finished runs and unfinished ones are kept under one key: a digest of everything that the result depends on but the number of steps, and
this number. Matched features, which depend on no number of steps, are kept beside them until a run is finished. ComfyUI empties its
temporary folder at start-up, so they are not kept there. The suffixes keep the files out of the list of concepts. An unfinished run is
written when learning begins (so that a full or read-only disk is found at once), now and then, and when learning is cancelled or fails.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import folder_paths
from torch import Tensor

from ....mvcustom_core.camera.matches import Matches
from ....mvcustom_core.concept.learning.learner import Learner
from ....mvcustom_core.concept.learning.plan import LearningSettings
from ....mvcustom_core.concept.learning.state import (
    FinishedRun,
    LearningState,
    count_shared_steps,
    load_finished,
    load_learning,
    save_finished,
    save_learning,
)
from ....mvcustom_core.concept.storage import read_tensors, write_tensors
from ..host.folders import CONCEPTS

KEPT_BYTES = 4 * 2**30  # of finished runs: nine of Stable Diffusion 1.5 with their optimiser's state, hundreds of the embedded backbone
MATCHES_KIND = "mvcustom-matches"
SAVE_EVERY = 30.0  # seconds between two states of an unfinished run, at least
SAVE_SHARE = 0.01  # of the time may go into writing them
UNFINISHED, FINISHED, MATCHES = ".state", ".finished", ".matches"

log = logging.getLogger("mvcustom.bridge.learning")
Read = TypeVar("Read", FinishedRun, LearningState)


class LearningStore:
    """What is kept of one run, and of runs that differ from it in the number of steps alone.

    Args:
        inputs: digest of everything that the result depends on but the number of steps.
        settings: of the run.
        relearn: read nothing, so that the run starts over.

    Attributes:
        notes: what was found and written, as sentences for the user.
    """

    def __init__(self, inputs: str, settings: LearningSettings, relearn: bool = False) -> None:
        self.folder = Path(folder_paths.get_output_directory(), CONCEPTS, "learning")
        self.notes: list[str] = []
        self._inputs, self._settings, self._relearn = inputs, settings, relearn
        self.unfinished, self.finished = (self.folder / f"{inputs}-{settings.steps}{suffix}" for suffix in (UNFINISHED, FINISHED))
        self._saved, self._pause = time.monotonic(), SAVE_EVERY

    def find_finished(self) -> FinishedRun | None:
        """The same run, if it was finished before.

        Raises:
            ValueError: if its file cannot be read.
        """
        if self._relearn or not self.finished.exists():
            return None
        run = _read(self.finished, load_finished)
        learned = time.strftime("%Y-%m-%d %H:%M", time.localtime(self.finished.stat().st_mtime))
        self.note(f"This concept was learned before ({run.state.step} updates, last used {learned}), and nothing was learned again.")
        os.utime(self.finished)  # the ones that are unused for longest go first
        self.unfinished.unlink(missing_ok=True)  # left where ComfyUI ended right after the finished run was written
        return run

    def find_start(self) -> LearningState | None:
        """The furthest state from which this run can go on to the same bits as from the start: its own, or one of a run that differs in
        the number of steps alone.

        Raises:
            ValueError: if a file cannot be read.
        """
        if self._relearn:
            replaced = "; the unfinished run that was kept is replaced" if self.unfinished.exists() else ""
            self.note(f"Learned from the start, since relearn is on{replaced}.")
            return None
        shared, best, others = count_shared_steps(self._settings), None, set()
        for path in (*self.folder.glob(f"{self._inputs}-*{UNFINISHED}"), *self.folder.glob(f"{self._inputs}-*{FINISHED}")):
            state = _read(path, load_learning) if path.suffix == UNFINISHED else _read(path, load_finished).state
            if path != self.unfinished:
                others.add(int(path.stem.rpartition("-")[2]))
            if (path == self.unfinished or state.step <= shared) and state.step > (best.step if best else 0):
                best = state
        if best is not None:
            self.note(f"Went on from update {best.step}, which was kept.")
        elif others:
            steps, kept = self._settings.steps, ", ".join(map(str, sorted(others)))
            why = "the cosine schedule gives all updates other rates" if shared < steps else "those have gone further"
            self.note(f"Learned from the start: of these inputs, runs of {kept} steps are kept, but for {steps} steps {why}.")
        return best

    def open(self, learner: Learner) -> int:
        """Let the learner go on from the furthest state that is kept, or from where it is, and see that the folder can be written.
        Returns the number of updates that need not be done.

        Raises:
            OSError: if it cannot.
            ValueError: if a file cannot be read.
        """
        state = self.find_start()
        if state is not None:
            learner.restore(state)
        if self._relearn or not self.unfinished.exists():
            self.save(learner)
        return state.step if state is not None else 0

    def find_matches(self) -> dict[tuple[int, int], Tensor] | None:
        """The matched features that an unfinished run of these inputs kept. A file that cannot be read counts as none."""
        path = self.folder / f"{self._inputs}{MATCHES}"
        if self._relearn or not path.exists():
            return None
        try:
            tensors, _ = read_tensors(path, MATCHES_KIND)
        except ValueError as error:
            log.warning("matched features are looked for again: %s", error)
            return None
        return {(int(i), int(j)): ends for (i, j), ends in ((name.split("-"), ends) for name, ends in tensors.items())}

    def keep_matches(self, matches: Matches) -> None:
        """Write matched features, so that a run that goes on does not look for them again.

        Raises:
            OSError: if they cannot be written.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        write_tensors(self.folder / f"{self._inputs}{MATCHES}", {f"{i}-{j}": ends for (i, j), ends in matches.items()}, MATCHES_KIND, {})

    @contextmanager
    def guard(self, learner: Learner) -> Iterator[None]:
        """Keep the run whatever ends the block before its end: an error, or the user, whose cancelling is none of the `Exception`s."""
        try:
            yield
        except BaseException:
            self.save(learner)
            raise

    def save(self, learner: Learner) -> None:
        """Replace the kept state by the learner's present one. One that is not finite is not kept: the last good one stands.

        Raises:
            OSError: if it cannot be written; the message names the folder, and the last state is kept.
        """
        began, state = time.monotonic(), learner.state
        if not state.is_finite:
            log.warning("update %d left numbers that are not finite; the last state before it is kept", state.step)
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            save_learning(self.unfinished, state)
        except OSError as error:
            raise OSError(
                f"learning: wanted to keep the unfinished run in {self.folder}, got {error}; free space there or allow writing"
            ) from error
        self._saved = time.monotonic()
        self._pause = max(SAVE_EVERY, (self._saved - began) / SAVE_SHARE)

    def save_if_due(self, learner: Learner) -> None:
        """Write the state if the last one is old enough."""
        if time.monotonic() - self._saved > self._pause:
            self.save(learner)

    def finish(self, run: FinishedRun) -> None:
        """Keep a finished run in place of the unfinished one. If that fails, the unfinished one stays, and the user is told."""
        try:
            save_finished(self.finished, run)
        except OSError as error:
            log.warning("the finished concept could not be kept: %s", error)
            self.note(f"The concept could not be kept in {self.folder}, so that it would be learned again: {error}.")
            return
        self.unfinished.unlink(missing_ok=True)
        (self.folder / f"{self._inputs}{MATCHES}").unlink(missing_ok=True)
        self._make_room()

    def describe(self) -> str:
        """The notes, and how much is kept where."""
        finished = list(self.folder.glob(f"*{FINISHED}"))
        size = sum(path.stat().st_size for path in finished)
        unfinished = len(list(self.folder.glob(f"*{UNFINISHED}")))
        kept = f"{len(finished)} finished ({size / 2**20:.0f} of {KEPT_BYTES / 2**20:.0f} MiB) and {unfinished} unfinished runs"
        return "\n".join([*self.notes, f"{self.folder} keeps {kept}; delete files there to free space, or turn on relearn to start over."])

    def _make_room(self) -> None:
        """Delete the finished runs that are unused for longest, beyond `KEPT_BYTES`, but never the one just finished."""
        others = [path for path in self.folder.glob(f"*{FINISHED}") if path != self.finished]
        room = KEPT_BYTES - self.finished.stat().st_size
        for path in sorted(others, key=lambda path: path.stat().st_mtime, reverse=True):
            room -= path.stat().st_size
            if room < 0:
                path.unlink(missing_ok=True)
                self.note(f"{path.name}, unused for longest, was deleted to stay below {KEPT_BYTES / 2**30:g} GiB.")

    def note(self, text: str) -> None:
        """Tell the user, in the report and in the log."""
        log.info("%s", text)
        self.notes.append(text)


def _read(path: Path, load: Callable[[Path], Read]) -> Read:
    try:
        return load(path)
    except ValueError as error:
        what = "finished" if path.suffix == FINISHED else "unfinished"
        raise ValueError(
            f"learning: the {what} run kept in {path} cannot be read ({error}); delete it, or turn on relearn to learn from the start"
        ) from error
