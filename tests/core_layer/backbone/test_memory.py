"""The memory estimate against the tensors that are really alive while a module runs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode

from mvcustom.mvcustom_core.backbone import attention, feed_forward, memory
from mvcustom.mvcustom_core.backbone.attention import Scope
from mvcustom.mvcustom_core.backbone.memory import Workload, estimate_level_memory, estimate_memory
from mvcustom.mvcustom_core.backbone.motion import MotionModule, MotionSettings
from mvcustom.mvcustom_core.surface.correspondence import Correspondence

ONE_LEVEL = MotionSettings(channels=(64,), heads=8, scopes=(Scope(1),))


class PeakMemory(TorchDispatchMode):
    """Bytes of all tensors alive at a time, at most; what a single operation uses inside itself is not seen."""

    def __init__(self, given: Tensor) -> None:
        super().__init__()
        self.alive = {self._key(given): self._entry(given)}
        self.peak = 0

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = function(*args, **(kwargs or {}))
        for tensor in result if isinstance(result, tuple | list) else [result]:
            if isinstance(tensor, Tensor):
                self.alive[self._key(tensor)] = self._entry(tensor)
        self.alive = {key: entry for key, entry in self.alive.items() if not entry[0].expired()}
        self.peak = max(self.peak, sum(size for _, size in self.alive.values()))
        return result

    @staticmethod
    def _key(tensor: Tensor) -> int:
        return tensor.untyped_storage()._cdata

    @staticmethod
    def _entry(tensor: Tensor) -> tuple[StorageWeakRef, int]:
        return StorageWeakRef(tensor.untyped_storage()), tensor.untyped_storage().nbytes()


def measure_peak(settings: MotionSettings, workload: Workload, paths: Correspondence | None = None) -> int:
    module = MotionModule(settings, level=0)
    x = torch.randn(workload.clips * workload.frames, settings.channels[0], workload.height, workload.width)
    with torch.no_grad():
        module(x, workload.frames)  # fills the tables that are kept
        with PeakMemory(x) as tracked:
            module(x, workload.frames, correspondence=paths)
    return tracked.peak + (0 if paths is None else paths.cells.nbytes + paths.weights.nbytes)


@pytest.mark.parametrize("chunk", [1, 2**19, 2**25])
def test_estimate_of_trajectories(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    workload = Workload(clips=2, frames=8, height=24, width=16, element_bytes=4, device_type="cpu")
    for room in (attention, memory):
        monkeypatch.setattr(room, "MAX_HALO_ELEMENTS", chunk)
    monkeypatch.setattr(feed_forward, "MAX_HIDDEN_ELEMENTS", 8 * 64 * 24 * 16)  # attention is what peaks
    taps = (workload.frames, workload.height * workload.width, workload.frames, 4)
    cells, known = torch.zeros(taps, dtype=torch.int32), torch.ones(taps[:-1], dtype=torch.bool)
    paths = Correspondence(cells, torch.full(taps, 0.25), known, workload.height, workload.width)
    settings = replace(ONE_LEVEL, scopes=(Scope(1, trajectory=True),))
    peak = measure_peak(settings, workload, paths)
    assert 0.97 * peak <= estimate_level_memory(settings, 0, workload) <= 1.2 * peak


@pytest.mark.parametrize(("norm_mode", "spatial_position"), [("per_frame", False), ("cross_frame", True)])
@pytest.mark.parametrize("scope", [Scope(1), Scope(3), Scope(9), Scope(None)])
@pytest.mark.parametrize("hidden_rows", [1, 1000])
@pytest.mark.parametrize("clips", [1, 2, 3])
def test_estimate_is_what_is_alive(
    scope: Scope, spatial_position: bool, norm_mode: str, hidden_rows: int, clips: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(ONE_LEVEL, scopes=(scope,), spatial_position=spatial_position, norm_mode=norm_mode)
    workload = Workload(clips=clips, frames=8, height=48 // clips, width=16, element_bytes=4, device_type="cpu")
    monkeypatch.setattr(feed_forward, "MAX_HIDDEN_ELEMENTS", hidden_rows * 8 * 64 * 24 * 16)
    for room in (attention, memory):
        monkeypatch.setattr(room, "MAX_HALO_ELEMENTS", 2**19)
    peak = measure_peak(settings, workload)
    assert 0.97 * peak <= estimate_level_memory(settings, 0, workload) <= 1.2 * peak


def test_the_largest_level_counts() -> None:
    sd15 = MotionSettings(scopes=(Scope(9), Scope(None), Scope(None), Scope(None)))
    workload = Workload(clips=2, frames=16, height=64, width=64, element_bytes=2)
    levels = [estimate_level_memory(sd15, level, workload) for level in range(4)]
    assert estimate_memory(sd15, workload) == levels[0] == max(levels)
    # one feature map of the outermost level: 32 frames of 64 x 64 cells, 320 channels, 2 bytes; 64 tiles of 8 x 8 queries and 16 x 16 keys
    # in six parts, since a halo of one holds 2.6 M of the 33.6 M elements
    whole, part = 32 * 4096 * 320 * 2, 11 * 32 * 320 * 2
    assert levels[0] == pytest.approx(7 * whole + part * (64 + 2 * 256), rel=1e-6)
    # the next level's largest is its feed-forward, 13107 tokens at a time
    assert levels[1] == (3 * 32 * 1024 + 13 * 13107) * 640 * 2
    assert estimate_memory(sd15, replace(workload, frames=1)) == 0


def test_stored_scores_are_counted() -> None:
    """Without a streaming kernel, dense attention over 16 frames of 64 x 64 cells keeps 8 heads of 65536 x 65536 scores."""
    dense = MotionSettings(scopes=(Scope(None),) * 4)
    workload = Workload(clips=1, frames=16, height=64, width=64, element_bytes=2)
    stored = estimate_memory(dense, replace(workload, stores_scores=True)) - estimate_memory(dense, workload)
    assert stored == pytest.approx(2 * 8 * 65536**2 * 2, rel=0.01)
    odd = estimate_level_memory(dense, 1, replace(workload, height=65, stores_scores=True))
    assert odd > estimate_level_memory(dense, 1, replace(workload, height=64, stores_scores=True)) * 33**2 / 32.5**2


@pytest.mark.parametrize("grad", [False, True])
def test_the_feed_forward_in_parts_is_the_whole_one(grad: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    module = feed_forward.FeedForward(32, torch.nn)
    norm, x = torch.nn.LayerNorm(32), torch.randn(100, 32, generator=torch.Generator().manual_seed(1))
    monkeypatch.setattr(feed_forward, "MAX_HIDDEN_ELEMENTS", 7 * 8 * 32)
    sizes: list[int] = []
    module.register_forward_hook(lambda _, given, result: sizes.append(len(given[0])))
    with torch.set_grad_enabled(grad):
        found = feed_forward.add_feed_forward(x, norm, module)
        wanted = module(norm(x)) + x
    assert sizes[:-1] and max(sizes[:-1]) <= 7 and sum(sizes[:-1]) == 100
    torch.testing.assert_close(found, wanted)


def test_a_cpu_keeps_the_hidden_layer_in_its_cache() -> None:
    on_cpu, on_gpu = (feed_forward.count_hidden_tokens(320, device) * 8 * 320 for device in ("cpu", "cuda"))
    assert on_cpu <= 2**22 < on_gpu <= 2**26
