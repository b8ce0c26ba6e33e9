"""Photographs that a camera file lists and that are of no use: each with its reason, and each reason told once with its count."""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass
from pathlib import Path, PurePath

REASONS_SHOWN, NAMES_SHOWN = 5, 3
NUMBERS = re.compile(r"\d+(?:\.\d+)?")


class FileFault(ValueError):
    """What is wrong with one file. The reason says it without the file's name, so that equal faults of many files are seen to be equal."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path, self.reason = path, reason


@dataclass(frozen=True)
class LeftOut:
    """A photograph that is not used.

    Attributes:
        name: as people know it.
        reason: why.
        path: the file that the reason is about, if it is about one.
    """

    name: str
    reason: str
    path: Path | None = None

    @classmethod
    def because(cls, name: str, error: ValueError) -> LeftOut:
        return cls(name, error.reason, error.path) if isinstance(error, FileFault) else cls(name, str(error))

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}" if self.path is None else f"{self.name}: {self.path}: {self.reason}"


def name_files(paths: Sequence[Path]) -> tuple[str, ...]:
    """Each file's name, and before it as many of its folders as tell it from others of that name."""
    same: dict[str, set[Path]] = {}
    for path in paths:
        same.setdefault(path.name, set()).add(path)
    return tuple(_name_among(path, same[path.name] - {path}) for path in paths)


def _name_among(path: Path, others: Set[Path]) -> str:
    length = 1
    while length < len(path.parts) and any(other.parts[-length:] == path.parts[-length:] for other in others):
        length += 1
    return PurePath(*path.parts[-length:]).as_posix()


def list_reasons(left_out: Sequence[LeftOut], names_shown: int | None = None) -> list[str]:
    """One line for each reason: the first photograph that it applies to, and how many and which others.

    Reasons that differ in numbers alone, such as two sizes, count as one.

    Args:
        names_shown: most names in a line; None shows all.
    """
    groups: dict[str, list[LeftOut]] = {}
    for photograph in left_out:
        groups.setdefault(NUMBERS.sub("#", photograph.reason), []).append(photograph)
    return [_describe_group(group, names_shown) for group in groups.values()]


def describe_left_out(left_out: Sequence[LeftOut]) -> str:
    """The reasons in one sentence for an error message."""
    reasons = list_reasons(left_out, NAMES_SHOWN)
    more = len(reasons) - REASONS_SHOWN
    return "left out: " + "; ".join(reasons[:REASONS_SHOWN]) + (f"; and {more} more reasons" if more > 0 else "")


def check_usable(count: int, left_out: Sequence[LeftOut], fewest: int, where: str) -> None:
    """Check that enough photographs are left.

    Raises:
        ValueError: with the reasons why others were left out.
    """
    if count < fewest:
        why = f"; {describe_left_out(left_out)}" if left_out else "; photograph the subject from more sides"
        photographs = "photograph" if fewest == 1 else "photographs"
        raise ValueError(f"{where}: wanted at least {fewest} usable {photographs}, got {count} of {count + len(left_out)}{why}")


def _describe_group(group: Sequence[LeftOut], names_shown: int | None) -> str:
    if len(group) == 1:
        return str(group[0])
    names = [photograph.name for photograph in group[1:]]
    more = 0 if names_shown is None else max(len(names) - names_shown, 0)
    shown = ", ".join(names[: len(names) - more]) + (f" and {more} more" if more else "")
    return f"{group[0]} ({len(group)} photographs for this reason, also {shown})"
