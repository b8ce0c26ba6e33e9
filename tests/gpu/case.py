"""A run that the device and the processor must agree on, and how far they agree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mvcustom.tests.host.in_process import ComfyInProcess

Arrays = dict[str, np.ndarray]
AGREEMENT_DB = 35.0  # a run of a few steps in TF32 stays above it, a wrong view or a wrong weight does not


@dataclass(frozen=True)
class Case:
    """A run.

    Attributes:
        run: gives what came out, by name.
        least_db: the agreement below which the device is wrong.
        reference: the case that the processor runs instead; none: the same.
        not_dynamic: why ComfyUI itself computes something else in dynamic memory; empty: it does not.
    """

    run: Callable[[ComfyInProcess], Arrays]
    least_db: float = AGREEMENT_DB
    reference: str = ""
    not_dynamic: str = ""


def measure_agreement(found: Arrays, wanted: Arrays) -> dict[str, float]:
    """For each array its peak signal-to-noise ratio in dB; the peak is the range of what is wanted. Minus infinity: not finite."""
    assert found.keys() == wanted.keys()
    return {name: _measure(found[name], wanted[name]) for name in wanted}


def _measure(found: np.ndarray, wanted: np.ndarray) -> float:
    assert found.shape == wanted.shape and np.isfinite(wanted).all()
    span = float(np.ptp(wanted))
    assert span > 0, "a flat picture agrees with too much"
    if not np.isfinite(found).all():
        return -np.inf
    error = float(np.sqrt(np.mean((found - wanted).astype(np.float64) ** 2)))
    return np.inf if error == 0 else 20 * np.log10(span / error)
