"""Peak memory of a running server, by looking at it twice a second."""

from __future__ import annotations

import threading
from typing import Any

import psutil

from .server import ComfyServer

PERIOD_SECONDS = 0.5
GIB = 1024**3


class MemoryWatch:
    """`with MemoryWatch(server) as watch:` records peaks until the block ends; `watch.describe()` tells them."""

    def __init__(self, server: ComfyServer) -> None:
        self._server = server
        self._process = psutil.Process(server.process.pid)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._device = server.get_json("/system_stats")["devices"][0]
        self._peak_rss = self._peak_device = 0

    def __enter__(self) -> MemoryWatch:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._ended.set()
        self._thread.join()

    def describe(self) -> dict[str, Any]:
        """The device, the peak resident memory of the process and, on a GPU, the peak of what torch holds there."""
        found = {"device": self._device["name"], "peak_memory_gib": round(self._peak_rss / GIB, 2)}
        return {**found, "peak_gpu_memory_gib": round(self._peak_device / GIB, 2)} if self._device["type"] == "cuda" else found

    def _watch(self) -> None:
        try:
            while not self._ended.is_set():
                self._look()
                self._ended.wait(PERIOD_SECONDS)
            self._look()
        except (psutil.Error, OSError):  # the server is gone: whoever drives it says so
            return

    def _look(self) -> None:
        self._peak_rss = max(self._peak_rss, self._process.memory_info().rss)
        if self._device["type"] == "cuda":
            device = self._server.get_json("/system_stats")["devices"][0]
            self._peak_device = max(self._peak_device, device["torch_vram_total"])
