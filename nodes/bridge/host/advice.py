"""Adds advice for users to errors of the core: what to connect, or which node to use. The core knows only fields and values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager


@contextmanager
def advise(advice: Mapping[str, str]) -> Iterator[None]:
    """Append advice to a ValueError raised inside: the value of the first key that its text starts with. Other errors are not changed."""
    try:
        yield
    except ValueError as error:
        text = str(error)
        found = next((words for start, words in advice.items() if text.startswith(start)), None)
        if found is None:
            raise
        raise ValueError(f"{text}; {found}") from error
