"""How long work says how far it is, and how it is stopped.

Whoever starts the work hands in a `Progress`. It is called with the share that is done, from 0 to 1, before each part that takes a while,
and may raise to stop the work: what was made so far is dropped.
"""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[float], None]


def ignore_progress(share: float) -> None:
    """The `Progress` of work that nobody watches or stops."""


def span_progress(progress: Progress, start: float, end: float) -> Progress:
    """The `Progress` of a part of the work that takes it from the share `start` to the share `end`."""
    return lambda share: progress(start + (end - start) * min(share, 1.0))
