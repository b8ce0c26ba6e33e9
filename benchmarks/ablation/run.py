"""The evaluation itself: every piece that the store lacks, one after the other, each kept as soon as it is finished."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from ...mvcustom_core.surface.depth import AnchorDepth
from .cases import AblationCase, Task, build_case
from .concepts import Concepts
from .judge import Figures, Judge, load_judge
from .making import Made, Maker, SamplingSettings
from .progress import Progress
from .rungs import ONE_CELL, RUNGS
from .store import Store

Write = Callable[[str], None]
CONCEPT = "concept"  # the kind of a piece, beside the rungs


class Trial(Protocol):
    """One case under work."""

    case: AblationCase

    def make(self, rung: str) -> Made: ...

    def judge(self, rung: str, views: Tensor) -> tuple[Figures, list[str]]: ...


@dataclass(eq=False)
class CaseTrial:
    """A case, what makes its views and what judges them."""

    case: AblationCase
    maker: Maker
    ruler: Judge

    def make(self, rung: str) -> Made:
        return self.maker.make(rung)

    def judge(self, rung: str, views: Tensor) -> tuple[Figures, list[str]]:
        anchors, notes = self._find_depth(rung)
        figures, told = self.ruler.measure(self.case, views, anchors)
        return figures, [*notes, *told]

    def _find_depth(self, rung: str) -> tuple[tuple[AnchorDepth, ...], list[str]]:
        """Depth for the warps. Views that show the true scene have its depth; for all that were sampled it is the one estimated from the
        case's `customised` views, so that a case's rungs are warped alike."""
        if RUNGS[rung].modules is None:
            return (self.case.true_depth,), []
        try:
            return (self.maker.estimate_depth(ONE_CELL),), []
        except ValueError as refusal:
            return (), [f"warps: no depth of the anchor; {refusal}"]


@dataclass(frozen=True, eq=False)
class Workshop:
    """Opens the cases of one run."""

    store: Store
    concepts: Concepts
    settings: SamplingSettings

    def open(self, task: Task) -> CaseTrial:
        case = build_case(task)
        maker = Maker(case, lambda: self.concepts.recall(task.subject), self.settings)
        if self.store.is_finished(task.name, "customised"):
            maker.first_passes[ONE_CELL] = self.store.recall_views(task.name, "customised", len(case.cameras))
        return CaseTrial(case, maker, load_judge())


def run_pieces(
    work: list[tuple[Task, list[str]]], store: Store, concepts: Concepts, open_trial: Callable[[Task], Trial], write: Write
) -> list[str]:
    """Make, measure and keep what is missing of some cases' rungs.

    Returns:
        names of what could not be made; the next run tries it again.
    """
    missing = [(task, rungs) for task, chosen in work if (rungs := [rung for rung in chosen if not store.is_finished(task.name, rung)])]
    unknown = {task.subject for task, rungs in missing if _samples(rungs) and not concepts.is_known(task.subject)}
    kinds = [rung for _, rungs in missing for rung in rungs]
    progress = Progress([*kinds, *[CONCEPT] * len(unknown)], sum(len(rungs) for _, rungs in work) - len(kinds), write)
    failed: list[str] = []
    for task, rungs in missing:
        if task.subject in unknown and _samples(rungs):
            started = time.perf_counter()
            concepts.recall(task.subject)
            unknown.remove(task.subject)
            progress.tell(str(task.subject), CONCEPT, time.perf_counter() - started)
        trial = open_trial(task)
        store.keep_case(trial.case)
        failed += [f"{task.name} {rung}" for rung in rungs if not _finish_rung(trial, rung, store, progress)]
    return failed


def _samples(rungs: list[str]) -> bool:
    return any(RUNGS[rung].modules for rung in rungs)


def _finish_rung(trial: Trial, rung: str, store: Store, progress: Progress) -> bool:
    """Whether the rung could be made; it is kept then."""
    name, started = trial.case.task.name, time.perf_counter()
    try:
        made = trial.make(rung)
        figures, notes = trial.judge(rung, made.views)
    except (ValueError, RuntimeError) as failure:  # such as a depth that cannot be told from these views: hours of others shall not wait
        progress.fail(name, rung, f"{type(failure).__name__}, {failure}")
        return False
    store.keep_rung(name, rung, made, figures, notes)
    for note in notes:
        progress.note(note)
    progress.tell(name, rung, time.perf_counter() - started)
    return True
