"""What to connect or which node to take, added to errors of the core, which knows fields and values and not the graph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager


@contextmanager
def advise(advice: Mapping[str, str]) -> Iterator[None]:
    """Add advice to a ValueError from inside: that of the first key with which its text begins. Other errors pass as they are."""
    try:
        yield
    except ValueError as error:
        text = str(error)
        found = next((words for start, words in advice.items() if text.startswith(start)), None)
        if found is None:
            raise
        raise ValueError(f"{text}; {found}") from error
