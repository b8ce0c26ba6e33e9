"""Caches tables, such as position encodings, that every denoising step needs again."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

import torch

Table = TypeVar("Table")


def cached_table(build: Callable[..., Table]) -> Callable[..., Table]:
    """Cache the last 64 results of a function of hashable arguments. Do not write to the returned tensors.

    The tensors are ordinary ones even if built in inference mode, because training may reuse what sampling has cached. A compiler sees
    the plain function, whose result it can fold or fuse.
    """

    @lru_cache(maxsize=64)
    def build_kept(*arguments: object) -> Table:
        with torch.inference_mode(False):
            return build(*arguments)

    @wraps(build)
    def look_up(*arguments: object) -> Table:
        return build(*arguments) if torch.compiler.is_compiling() else build_kept(*arguments)

    return look_up
