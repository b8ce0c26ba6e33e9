"""What users are told of errors: advice that the core, which knows only fields and values, cannot give; and, before anything runs, which
values on a node cannot be right, in the words of the run itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from comfy_api.v0_0_2 import io

NOT_CONNECTED: Any = object()
"""Default of a socket in `validate_inputs`. ComfyUI passes None for one that is connected, and nothing for one that is not."""


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


def find_fault(node: type[io.ComfyNode], check: Callable[..., object], **values: Any) -> bool | str:
    """What `validate_inputs` answers: True, or why the values are refused.

    ComfyUI leaves limits and choices of the inputs that `validate_inputs` names to it, so they are checked here, too. It shows the answer
    once at each of these inputs that the workflow has.

    Args:
        check: takes the values and raises ValueError; it is not asked while a value is not known.
        values: of widgets, by the names that `check` has for them; None where one comes from another node.
    """
    known = {name: value for name, value in values.items() if value is not None}
    try:
        for given in node.define_schema().inputs:
            if given.id in known:
                _check_limits(given, known[given.id])
        if len(known) == len(values):
            check(**values)
    except ValueError as error:
        return str(error)
    return True


def _check_limits(given: io.Input, value: Any) -> None:
    if isinstance(given, io.Combo.Input) and value not in given.options:
        raise ValueError(f"{given.id}: wanted one of {', '.join(given.options)}, got {value}")
    if isinstance(given, io.Int.Input | io.Float.Input) and not given.min <= value <= given.max:
        raise ValueError(f"{given.id}: wanted {given.min} to {given.max}, got {value}")
