"""Tables as the page shows them: means with their intervals, and what one rung adds to another on the same cases.

Every interval is the percentile bootstrap over cases, drawn from the same seed, so that a report can be made again to the digit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import torch

from .bootstrap import Interval, summarise_rows
from .catalogue import FIGURES, SHOWN, Figure, ShownRung
from .reading import Results
from .rows import Row, compare_rows

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
    """A row of a table: what it is of, also in short, and its cells in the order of the figures."""

    title: str
    short: str
    group: str
    cases: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Lines of cells under a row of figures."""

    caption: str
    figures: tuple[Figure, ...]
    lines: tuple[Line, ...]

    def topics(self) -> list[tuple[str, int]]:
        """The topics over the columns, with how many columns each spans."""
        return [(topic, len(list(figures))) for topic, figures in groupby(self.figures, lambda figure: figure.topic)]


def tabulate_means(results: Results, caption: str, rungs: Iterable[str], figures: Sequence[Figure] = FIGURES) -> Table:
    """One line a rung, each over the cases where it is finished."""
    return Table(caption, tuple(figures), tuple(_list_means(rung, results.rows(rung), figures) for rung in rungs))


def tabulate_gains(results: Results, caption: str, steps: Iterable[tuple[str, str]], figures: Sequence[Figure] = FIGURES) -> Table:
    """One line a step (from, to): the paired differences over the cases where both rungs are finished."""
    return Table(caption, tuple(figures), tuple(_list_gains(results.sharing(step), step, figures) for step in steps))


def summarise(rows: Mapping[str, Row], figures: Iterable[Figure]) -> dict[str, Interval]:
    """The interval of each of the figures that some case has, by its key."""
    return summarise_rows(list(choose(rows, figures).values()), torch.Generator().manual_seed(SEED))


def choose(rows: Mapping[str, Row], figures: Iterable[Figure]) -> dict[str, Row]:
    """These figures of every row alone."""
    keys = [figure.key for figure in figures]
    return {name: {key: row.get(key) for key in keys} for name, row in rows.items()}


def find_gains(results: Results, first: str, second: str, figures: Sequence[Figure]) -> dict[str, Interval]:
    """What the second rung adds to the first, by figure, over the cases that have both."""
    both = results.sharing((first, second))
    before, after = (choose(both.rows(rung), figures) for rung in (first, second))
    return compare_rows(before, after, torch.Generator().manual_seed(SEED))


def explain_absence(about: ShownRung, figure: Figure) -> str:
    """What stands where a rung has no number: the truth is exact against itself, everything else was not measured."""
    return "exact" if about.group == "ceiling" and figure.to_truth else MISSING


def write_number(value: float, digits: int, signed: bool = False) -> str:
    """With a true minus sign, and none before a zero."""
    text = f"{value:{'+' if signed else ''}.{digits}f}"
    if not text.strip("+-0."):
        text = text.lstrip("+-")
    return text.replace("-", "\N{MINUS SIGN}")


def write_interval(interval: Interval, digits: int) -> str:
    """Nothing for a single case, which has no spread to draw from."""
    ends = (write_number(end, digits) for end in (interval.low, interval.high))
    return f"[{', '.join(ends)}]" if interval.cases > 1 else ""


def _list_means(rung: str, rows: Mapping[str, Row], figures: Sequence[Figure]) -> Line:
    means, about = summarise(rows, figures), SHOWN[rung]
    cells = tuple(_write_mean(about, figure, means.get(figure.key), len(rows)) for figure in figures)
    return Line(about.title, about.short, about.group, len(rows), cells)


def _write_mean(about: ShownRung, figure: Figure, mean: Interval | None, cases: int) -> Cell:
    if mean is None:
        return Cell(explain_absence(about, figure), tone="missing")
    note = f"n {mean.cases}" if mean.cases < cases or mean.cases == 1 else ""
    return Cell(write_number(mean.mean, figure.digits), write_interval(mean, figure.digits), note)


def _list_gains(results: Results, step: tuple[str, str], figures: Sequence[Figure]) -> Line:
    first, second = (results.rows(rung) for rung in step)
    gains = find_gains(results, *step, figures)
    rose = {figure.key: sum(_has_risen(first[name], second[name], figure.key) for name in first) for figure in figures}
    cells = tuple(_write_gain(figure, gains.get(figure.key), rose[figure.key]) for figure in figures)
    title = " \N{RIGHTWARDS ARROW} ".join(SHOWN[rung].short for rung in step)
    return Line(title, title, "step", len(first), cells)


def _has_risen(before: Row, after: Row, figure: str) -> bool:
    values = before.get(figure), after.get(figure)
    return None not in values and values[1] > values[0]


def _write_gain(figure: Figure, gain: Interval | None, rose: int) -> Cell:
    if gain is None:
        return Cell(MISSING, tone="missing")
    sign = figure.better * ((gain.low > 0) - (gain.high < 0)) if gain.cases > 1 else 0
    tone = {1: "better", 0: "", -1: "worse"}[sign]
    text, interval = write_number(gain.mean, figure.digits, True), write_interval(gain, figure.digits)
    return Cell(text, interval, f"rose {rose}/{gain.cases}", tone)
