"""Where the host waits for the device, by the line whose own operation makes it wait: the pack's, or ComfyUI's."""

from __future__ import annotations

import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from mvcustom.devtools.comfyui import locate_comfyui

ROOT = Path(__file__).resolve().parents[2]
OURS = tuple(str(ROOT / folder) for folder in ("mvcustom_core", "nodes"))
COMFYUI = str(locate_comfyui())
SAID = "called a synchronizing CUDA operation"


class Waits:
    """Counts waits since `clear`.

    Attributes:
        ours: by "file:line function" of the pack.
        comfyui: by the same of ComfyUI, whoever called it.
    """

    def __init__(self) -> None:
        self.ours: Counter[str] = Counter()
        self.comfyui: Counter[str] = Counter()

    def clear(self) -> None:
        self.ours.clear()
        self.comfyui.clear()

    def note(self, message: Warning | str, *_: Any, **__: Any) -> None:
        """In place of `warnings.showwarning`. The innermost line of pack or ComfyUI answers for the wait."""
        if SAID not in str(message):
            return
        frame = sys._getframe(1)
        while frame is not None:
            name = frame.f_code.co_filename
            for owner, roots in ((self.ours, OURS), (self.comfyui, (COMFYUI,))):
                root = next((root for root in roots if name.startswith(root)), None)
                if root is not None:
                    owner[f"{Path(name).relative_to(Path(root).parent)}:{frame.f_lineno} {frame.f_code.co_name}"] += 1
                    return
            frame = frame.f_back


@contextmanager
def count_waits() -> Iterator[Waits]:
    """Count what torch itself reports as a wait."""
    waits = Waits()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = waits.note
        torch.cuda.set_sync_debug_mode("warn")
        try:
            yield waits
        finally:
            torch.cuda.set_sync_debug_mode("default")
