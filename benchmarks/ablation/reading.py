"""The results of an evaluation, read back: what is finished of it, case by case.

run.json                   how it was made
cases/<case>/case.json     name, subject, shape, prompt, trajectory, background
cases/<case>/<rung>.json   seconds, figures, notes; there when the rung is finished
cases/<case>/<rung>.png    the views side by side
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .backgrounds import BACKGROUNDS, NEAR
from .catalogue import FIGURES, SHOWN
from .rows import Row
from .rungs import RUNGS


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one rung made of one case; `row` holds its figures and its seconds."""

    row: Row
    notes: tuple[str, ...]
    picture: Path | None


@dataclass(frozen=True, slots=True)
class CaseRecord:
    """One case and the rungs of it that are finished, in the order of the ladder."""

    name: str
    subject: int
    shape: str
    prompt: str
    trajectory: str
    background: str
    outcomes: Mapping[str, Outcome]


@dataclass(frozen=True, slots=True)
class Results:
    """How the evaluation was run, and the cases that have at least one finished rung."""

    run: Mapping[str, Any]
    cases: tuple[CaseRecord, ...]

    def rows(self, rung: str) -> dict[str, Row]:
        """The figures of a rung by case, over the cases where it is finished; the truth has none against itself."""
        hidden = {figure.key for figure in FIGURES if figure.to_truth} if SHOWN[rung].group == "ceiling" else set()
        rows = {case.name: case.outcomes[rung].row for case in self.cases if rung in case.outcomes}
        return {name: {key: value for key, value in row.items() if key not in hidden} for name, row in rows.items()}

    def finished(self) -> tuple[str, ...]:
        """The rungs that some case has."""
        return tuple(rung for rung in RUNGS if self.rows(rung))

    def along(self, trajectory: str) -> Results:
        """The cases of one trajectory alone."""
        return replace(self, cases=tuple(case for case in self.cases if case.trajectory == trajectory))

    def before(self, background: str) -> Results:
        """The cases before one kind of background alone."""
        return replace(self, cases=tuple(case for case in self.cases if case.background == background))

    def backgrounds(self) -> tuple[str, ...]:
        """Those that some case has, near before far."""
        return tuple(background for background in BACKGROUNDS if self.before(background).cases)

    def sharing(self, rungs: Iterable[str]) -> Results:
        """The cases alone where all of these rungs are finished."""
        return replace(self, cases=tuple(case for case in self.cases if case.outcomes.keys() >= set(rungs)))


def read_results(folder: Path) -> Results:
    """Read what is finished.

    Raises:
        ValueError: if the folder holds no evaluation, nothing of it is finished yet, or a file holds what is no figure.
    """
    if not (folder / "run.json").is_file():
        raise ValueError(f"report: wanted the folder of an evaluation with its run.json, got {folder}; run `python dev.py evaluate` first")
    cases = tuple(_read_case(file.parent) for file in sorted(folder.glob("cases/*/case.json")))
    cases = tuple(case for case in cases if case.outcomes)
    if not cases:
        raise ValueError(f"report: wanted at least one finished rung under {folder / 'cases'}, got none; run `python dev.py evaluate`")
    return Results(_read_json(folder / "run.json"), cases)


def _read_case(folder: Path) -> CaseRecord:
    facts = _read_json(folder / "case.json")
    outcomes = {rung: _read_outcome(file) for rung in RUNGS if (file := folder / f"{rung}.json").is_file()}
    background = facts.get("background", NEAR)  # stores from before there were two
    return CaseRecord(facts["name"], facts["subject"], facts["shape"], facts["prompt"], facts["trajectory"], background, outcomes)


def _read_outcome(file: Path) -> Outcome:
    found = _read_json(file)
    picture = file.with_suffix(".png")
    row = {**found["figures"], "seconds": found["seconds"]}
    return Outcome(row, tuple(found["notes"]), picture if picture.is_file() else None)


def _read_json(file: Path) -> Any:
    def refuse(constant: str) -> None:
        raise ValueError(f"report: wanted finite figures or null in {file}, got {constant}; delete the file and evaluate again")

    return json.loads(file.read_text(encoding="utf-8"), parse_constant=refuse)
