"""The store of an evaluation: one folder to which finished pieces are added, and nothing of another run.

run.json                        what was run, where, with which settings and weights
concepts/SEED.safetensors       the concept learned for it, figures beside it in SEED.json
cases/CASE/case.json            what was asked for
cases/CASE/RUNG.png, RUNG.json  views side by side; seconds, figures and notes, written last: it marks the rung as finished
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .cases import AblationCase
from .making import Made
from .pictures import read_sheet, write_sheet

Facts = dict[str, Any]
MUST_AGREE = ("weights", "settings")


@dataclass(frozen=True, slots=True)
class Store:
    """An evaluation on disk."""

    folder: Path

    def begin(self, facts: Mapping[str, Any]) -> None:
        """Make the store, or see that it is one of this run.

        Args:
            facts: JSON, with "weights", "weights_dense" and "settings"; the second may be None, and becomes known later.

        Raises:
            ValueError: if it holds another run's pieces.
        """
        facts = json.loads(_write_json(facts))
        path = self.folder / "run.json"
        if not path.exists():
            if any(self.folder.glob("cases/*")):
                raise ValueError(f"store: wanted {path} beside the cases there, found none; name another --folder, or add --fresh")
            return _replace_text(path, _write_json(facts))
        before = json.loads(path.read_text(encoding="utf-8"))
        self._check(before, facts)
        if before.get("weights_dense") is None and facts.get("weights_dense") is not None:
            _replace_text(path, _write_json(before | {"weights_dense": facts["weights_dense"]}))

    def set_aside(self) -> Path | None:
        """Give the folder another name, if there is one; the new name."""
        if not self.folder.exists():
            return None
        aside = self.folder.with_name(f"{self.folder.name}-until-{datetime.datetime.now():%Y%m%d-%H%M%S}")
        return self.folder.rename(aside)

    def is_finished(self, case: str, rung: str) -> bool:
        return self._path(case, f"{rung}.json").exists()

    def keep_case(self, case: AblationCase) -> None:
        """What was asked for."""
        task = case.task
        facts = {"name": task.name, "subject": task.subject, "shape": case.words.shape, "prompt": case.prompt}
        facts |= {"trajectory": task.trajectory, "background": task.background, "anchor": case.anchor}
        _replace_text(self._path(task.name, "case.json"), _write_json(facts))

    def keep_rung(self, case: str, rung: str, made: Made, figures: Mapping[str, float | None], notes: list[str]) -> None:
        """Views and what they are worth."""
        write_sheet(self._path(case, f"{rung}.png"), made.views)
        _replace_text(self._path(case, f"{rung}.json"), _write_json({"seconds": made.seconds, "figures": figures, "notes": notes}))

    def recall_views(self, case: str, rung: str, views: int) -> Made:
        """The views of a finished rung."""
        row = json.loads(self._path(case, f"{rung}.json").read_text(encoding="utf-8"))
        return Made(read_sheet(self._path(case, f"{rung}.png"), views), row["seconds"])

    def _path(self, case: str, name: str) -> Path:
        return self.folder / "cases" / case / name

    def _check(self, before: Facts, now: Facts) -> None:
        names = [*MUST_AGREE, *(["weights_dense"] if before.get("weights_dense") and now.get("weights_dense") else [])]
        pairs = list(_differ({name: before.get(name) for name in names}, {name: now.get(name) for name in names}))
        if pairs:
            raise ValueError(
                f"store: {self.folder} holds a run with {'; '.join(f'{name} {old}, not {new}' for name, old, new in pairs)}. "
                "Run with the same, name another --folder, or add --fresh, which gives the old one another name"
            )


def hash_file(path: Path) -> str | None:
    """The first 12 hex digits of a file's SHA-256; None without the file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12] if path.is_file() else None


def _differ(before: Facts, now: Facts) -> list[tuple[str, Any, Any]]:
    """Entries that are not alike, by name, those of nested tables on their own."""
    found = []
    for name in dict.fromkeys([*before, *now]):
        old, new = before.get(name), now.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            found += _differ(old, new)
        elif old != new:
            found.append((name, old, new))
    return found


def _write_json(value: Any) -> str:
    return json.dumps(value, indent=2, allow_nan=False) + "\n"


def _replace_text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
