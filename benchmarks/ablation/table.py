"""Tables as the page shows them: means with their intervals, and what one rung adds to another on the same cases.

Every interval is the percentile bootstrap over cases, drawn from the same seed, so that a report can be made again to the digit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import torch

from ...mvcustom_core.evaluation.bootstrap import Interval, summarise_rows
from ...mvcustom_core.evaluation.cases import Row, compare_rows
from .catalogue import FIGURES, RUNG, Figure
from .reading import Store

SEED = 0
MISSING = "not measured"


@dataclass(frozen=True, slots=True)
class Cell:
    """A number in words; `tone` is better or worse where an interval leaves no doubt, missing where there is no number."""

    text: str
    interval: str = ""
    note: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a table: what it is of, and its cells in the order of the figures."""

    title: str
    what: str
    group: str
    cases: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    caption: str
    figures: tuple[Figure, ...]
    lines: tuple[Line, ...]

    def topics(self) -> list[tuple[str, int]]:
        """The topics over the columns, with how many columns each spans."""
        return [(topic, len(list(figures))) for topic, figures in groupby(self.figures, lambda figure: figure.topic)]


def tabulate_means(store: Store, caption: str, rungs: Iterable[str], figures: Sequence[Figure] = FIGURES) -> Table:
    """One line a rung, each over the cases where it is finished."""
    return Table(caption, tuple(figures), tuple(_list_means(rung, store.rows(rung), figures) for rung in rungs))


def tabulate_gains(store: Store, caption: str, steps: Iterable[tuple[str, str]], figures: Sequence[Figure] = FIGURES) -> Table:
    """One line a step (from, to): the paired differences over the cases where both rungs are finished."""
    return Table(caption, tuple(figures), tuple(_list_gains(store.sharing(step), step, figures) for step in steps))


def summarise(rows: Mapping[str, Row]) -> dict[str, Interval]:
    return summarise_rows(list(rows.values()), torch.Generator().manual_seed(SEED))


def find_gains(store: Store, first: str, second: str) -> dict[str, Interval]:
    """What the second rung adds to the first, by figure, over the cases that have both."""
    both = store.sharing((first, second))
    return compare_rows(both.rows(first), both.rows(second), torch.Generator().manual_seed(SEED))


def write_number(value: float, digits: int, signed: bool = False) -> str:
    """With a true minus sign, and none before a zero."""
    text = f"{value:{'+' if signed else ''}.{digits}f}"
    if not text.strip("+-0."):
        text = text.lstrip("+-")
    return text.replace("-", "\N{MINUS SIGN}")


def write_interval(interval: Interval, digits: int, signed: bool = False) -> str:
    """Nothing for a single case, which has no spread to draw from."""
    ends = (write_number(end, digits, signed) for end in (interval.low, interval.high))
    return f"[{', '.join(ends)}]" if interval.cases > 1 else ""


def _list_means(rung: str, rows: Mapping[str, Row], figures: Sequence[Figure]) -> Line:
    means, about = summarise(rows), RUNG[rung]
    cells = tuple(_write_mean(about.group, figure, means.get(figure.key), len(rows)) for figure in figures)
    return Line(about.title, about.what, about.group, len(rows), cells)


def _write_mean(group: str, figure: Figure, mean: Interval | None, cases: int) -> Cell:
    if mean is None:
        exact = group == "ceiling" and figure.to_truth and cases
        return Cell("exact", tone="missing") if exact else Cell(MISSING, tone="missing")
    note = f"n {mean.cases}" if mean.cases < cases or mean.cases == 1 else ""
    return Cell(write_number(mean.mean, figure.digits), write_interval(mean, figure.digits), note)


def _list_gains(store: Store, step: tuple[str, str], figures: Sequence[Figure]) -> Line:
    first, second = (store.rows(rung) for rung in step)
    gains = find_gains(store, *step)
    rose = {figure.key: sum(_has_risen(first[name], second[name], figure.key) for name in first) for figure in figures}
    cells = tuple(_write_gain(figure, gains.get(figure.key), rose[figure.key]) for figure in figures)
    return Line(" \N{RIGHTWARDS ARROW} ".join(RUNG[rung].title for rung in step), "", RUNG[step[1]].group, len(first), cells)


def _has_risen(before: Row, after: Row, figure: str) -> bool:
    values = before.get(figure), after.get(figure)
    return None not in values and values[1] > values[0]


def _write_gain(figure: Figure, gain: Interval | None, rose: int) -> Cell:
    if gain is None:
        return Cell(MISSING, tone="missing")
    sign = figure.better * ((gain.low > 0) - (gain.high < 0)) if gain.cases > 1 else 0
    tone = {1: "better", 0: "", -1: "worse"}[sign]
    text, interval = write_number(gain.mean, figure.digits, True), write_interval(gain, figure.digits, True)
    return Cell(text, interval, f"rose in {rose} of {gain.cases}", tone)
