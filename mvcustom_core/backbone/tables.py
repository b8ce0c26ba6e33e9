"""Tables that every step of a sampling run asks for again: built once, and kept."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

import torch

Table = TypeVar("Table")


def keep(build: Callable[..., Table]) -> Callable[..., Table]:
    """Remember what a function of hashable arguments returned the last 64 times. Read its tensors, do not write to them.

    They are ordinary tensors even when asked for in inference mode: what sampling left behind may serve a training run. A compiler
    sees the plain function, whose result it folds or fuses.
    """

    @lru_cache(maxsize=64)
    def build_kept(*arguments: object) -> Table:
        with torch.inference_mode(False):
            return build(*arguments)

    @wraps(build)
    def look_up(*arguments: object) -> Table:
        return build(*arguments) if torch.compiler.is_compiling() else build_kept(*arguments)

    return look_up
