"""Wall time, processor time and the peak of memory of a piece of work, on whatever device ComfyUI uses."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
import torch

GIB = 1024**3


@dataclass(frozen=True, slots=True)
class Measurement:
    """Medians over the repeats and peaks over all of them.

    Attributes:
        processor_seconds: summed over threads; on a shared machine steadier than the wall time.
        resident_gib: peak resident memory of the process since it started.
        allocated_gib, reserved_gib: peaks of what tensors took on the GPU, and of what torch held there for them.
    """

    seconds: float
    processor_seconds: float
    resident_gib: float
    allocated_gib: float | None = None
    reserved_gib: float | None = None


def measure(work: Callable[[], object], repeats: int) -> Measurement:
    """Time some work that has been warmed up. On a GPU the peaks count what was loaded before, but not how it was loaded."""
    on_gpu = torch.cuda.is_initialized()
    if on_gpu:
        torch.cuda.synchronize()
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    walls, processors = [], []
    for _ in range(repeats):
        wall, processor = time.perf_counter(), time.process_time()
        work()
        if on_gpu:
            torch.cuda.synchronize()
        walls.append(time.perf_counter() - wall)
        processors.append(time.process_time() - processor)
    return Measurement(
        seconds=statistics.median(walls),
        processor_seconds=statistics.median(processors),
        resident_gib=peak_resident_bytes() / GIB,
        allocated_gib=torch.cuda.max_memory_allocated() / GIB if on_gpu else None,
        reserved_gib=torch.cuda.max_memory_reserved() / GIB if on_gpu else None,
    )


def peak_resident_bytes() -> int:
    """Of this process alone: Linux's getrusage would count the peak of the process that started it."""
    if sys.platform == "win32":
        return psutil.Process().memory_info().peak_wset
    if sys.platform == "linux":
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return 1024 * int(status.partition("VmHWM:")[2].split()[0])
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
