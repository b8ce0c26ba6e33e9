"""The package kornia, which may be missing, and whose import takes seconds."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType


def import_kornia(module: str, measure: str) -> ModuleType:
    """A module of kornia, such as "metrics".

    Args:
        measure: what it is needed for, for people to read.

    Raises:
        ValueError: if kornia is missing.
    """
    try:
        return import_module(f"kornia.{module}")
    except ImportError as missing:
        raise ValueError(
            f'{measure}: wanted the package kornia, got: {missing}; install it in this Python ("{sys.executable}" -m pip install kornia)'
        ) from missing
