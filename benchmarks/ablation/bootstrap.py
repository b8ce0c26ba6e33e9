"""Means over cases with their confidence intervals, by the percentile bootstrap (Efron, 1979) over whole cases.

Views of one case depend on each other, so cases are what is drawn again. A case where a figure could not be measured does not count.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.stats import bootstrap

SAMPLES = 4000
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """The mean over `cases` cases and the ends of its confidence interval."""

    mean: float
    low: float
    high: float
    cases: int

    def __str__(self) -> str:
        return f"{self.mean:.3g} [{self.low:.3g}, {self.high:.3g}] n={self.cases}"


def bootstrap_mean(values: Sequence[float], generator: torch.Generator, samples: int = SAMPLES) -> Interval:
    """The mean and its 95 % interval.

    Raises:
        ValueError: if there is no value, or one is not finite.
    """
    if not values or not all(map(math.isfinite, values)):
        raise ValueError(f"bootstrap: wanted finite values of at least one case, got {list(values)}")
    mean = statistics.fmean(values)
    if len(values) == 1:
        return Interval(mean, mean, mean, 1)  # nothing to draw from
    rng = np.random.default_rng(int(torch.randint(1 << 62, (), generator=generator)))
    found = bootstrap((values,), np.mean, n_resamples=samples, confidence_level=LEVEL, method="percentile", rng=rng).confidence_interval
    return Interval(mean, float(found.low), float(found.high), len(values))


def bootstrap_difference(first: Sequence[float | None], second: Sequence[float | None], generator: torch.Generator) -> Interval:
    """By how much the second of two methods exceeds the first on the same cases, paired.

    Raises:
        ValueError: for lists of different lengths, or no case that both have a value for.
    """
    pairs = [(a, b) for a, b in zip(first, second, strict=True) if a is not None and b is not None]
    return bootstrap_mean([b - a for a, b in pairs], generator)


def summarise_rows(rows: Sequence[Mapping[str, float | None]], generator: torch.Generator) -> dict[str, Interval]:
    """The interval of every figure that some row has a value for, in the order of their first appearance."""
    names = dict.fromkeys(name for row in rows for name in row)
    known = {name: [value for row in rows if (value := row.get(name)) is not None] for name in names}
    return {name: bootstrap_mean(values, generator) for name, values in known.items() if values}
