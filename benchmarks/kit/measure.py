"""Wall time, processor time and the peak of memory of a piece of work, on whatever device ComfyUI uses."""

from __future__ import annotations

import ctypes
import gc
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
import torch
from torch import Tensor

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


def resident_bytes() -> int:
    """Resident memory of this process now. It counts what the C library keeps of freed memory: see `return_free_memory`."""
    return psutil.Process().memory_info().rss


def return_free_memory() -> None:
    """Let the C library give freed memory back to the system, where it is glibc, which else keeps blocks below 32 MiB for later.

    What is resident afterwards is in use, apart from rests of pages.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


def tensor_bytes() -> int:
    """Memory of all tensors on the CPU that Python knows of; what several of them share counts once."""
    tensors = [thing for thing in gc.get_objects() if issubclass(type(thing), Tensor) and thing.device.type == "cpu"]
    storages = {storage.data_ptr(): storage.nbytes() for storage in (tensor.untyped_storage() for tensor in tensors)}
    return sum(storages.values())
