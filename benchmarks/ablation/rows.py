"""Rows of figures, one for each case, and what one method gains over another on the same cases."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from .bootstrap import Interval, bootstrap_difference

Row = dict[str, float | None]


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
