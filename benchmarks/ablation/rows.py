"""Many cases: a row of figures for each, what they are on average, and what one method gains over another on the same cases."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import torch

from ...mvcustom_core.capture.mapping import Progress
from ...mvcustom_core.evaluation.case import Case
from ...mvcustom_core.evaluation.evaluation import evaluate_views
from ...mvcustom_core.evaluation.likeness import NO_JUDGES, Judges
from ...mvcustom_core.evaluation.report import summarise_evaluation
from .bootstrap import Interval, bootstrap_difference

Row = dict[str, float | None]


def evaluate_cases(
    cases: Iterable[tuple[str, Case]], folder: Path, progress: Progress, judges: Judges = NO_JUDGES
) -> Iterator[tuple[str, Row]]:
    """The name and the figures of one case after the other, so that what is done can be kept before the next one starts.

    Args:
        cases: by name; made one at a time if they come from a generator.
        folder: for temporary files, which are removed after each case.
        progress: is called with the share of the current case that is done, and may raise to stop.
    """
    for name, case in cases:
        with tempfile.TemporaryDirectory(dir=folder) as own:
            evaluation = evaluate_views(case, Path(own), progress, judges)
        yield name, summarise_evaluation(evaluation)


def compare_rows(first: Mapping[str, Row], second: Mapping[str, Row], generator: torch.Generator) -> dict[str, Interval]:
    """By how much the second method exceeds the first in every figure, over the cases that both measured, paired; by figure.

    Raises:
        ValueError: if the methods ran on different cases.
    """
    if first.keys() != second.keys():
        raise ValueError(f"compare: wanted the same cases of both, got {sorted(first.keys() ^ second.keys())} of one alone; run them too")
    compared = {}
    for figure in dict.fromkeys(name for row in first.values() for name in row):
        ours, theirs = ([rows[name].get(figure) for name in first] for rows in (first, second))
        if any(a is not None and b is not None for a, b in zip(ours, theirs, strict=True)):
            compared[figure] = bootstrap_difference(ours, theirs, generator)
    return compared
