"""Memory while learning: the estimate is what layers keep, and too little of it leads to layers computed twice, then to a refusal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import comfy.model_management
import pytest
import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks

from mvcustom.mvcustom_core.concept.feature_nerf import Rendered
from mvcustom.mvcustom_core.concept.learning.plan import LearningSettings
from mvcustom.mvcustom_core.concept.ray_samples import NerfSettings
from mvcustom.mvcustom_core.concept.subject import Subject
from mvcustom.nodes.bridge.learning.denoiser import ComfyDenoiser, Economy
from mvcustom.nodes.bridge.learning.memory import UpdateSize, estimate_rendering, estimate_update
from mvcustom.tests.bridge_layer.learning.runs import OPTIONS, learn
from mvcustom.tests.bridge_layer.learning.test_denoiser import make_denoiser
from mvcustom.tests.host.embedded import SPEC, load_once, make_cameras, make_concept


def make_size(cells: int, frames: int = 2, **nerf: Any) -> UpdateSize:
    return UpdateSize(
        cells, cells, LearningSettings(frames=frames, references=2, nerf=NerfSettings(**({"samples": 4} | nerf))), SPEC.pose_layout
    )


def measure_kept(denoiser: ComfyDenoiser, cells: int, frames: int, *, rendered: bool) -> int:
    """Bytes that a prediction keeps for its backward pass, weights left out."""
    weights = {parameter.data_ptr() for parameter in denoiser.network.parameters()}
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        if tensor.data_ptr() not in weights:
            kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    generator = torch.Generator().manual_seed(4)
    concept = make_concept(0.05)
    pose, token = concept.build_pose_blocks().requires_grad_(rendered), concept.token.clone().requires_grad_()
    weights |= {parameter.data_ptr() for parameter in pose.parameters()}
    cameras, noisy = make_cameras(frames + 2, size=8 * cells), torch.randn(frames, 4, cells, cells, generator=generator)
    seen: dict[int, Rendered] = {}
    features = denoiser.reference_features(torch.randn(2, 4, cells, cells, generator=generator))
    hook = Subject(pose, features, cameras[[0, 1]]).make_hook(cameras[list(range(2, frames + 2))], seen)
    with saved_tensors_hooks(keep, lambda tensor: tensor):
        denoiser.predict(noisy, torch.full((frames,), 3.0), token, "subject", hook if rendered else lambda number, tokens, attend: tokens)
    return sum(kept.values())


@pytest.mark.parametrize(("cells", "frames"), [(16, 2), (32, 1)])
def test_estimate_is_what_the_layers_keep(cells: int, frames: int):
    denoiser, size = make_denoiser(), make_size(cells, frames)
    unet, motion = denoiser.network.unet, denoiser.network.motion
    plain, recomputed = (estimate_update(unet, motion, size, 4, twice) - estimate_rendering(size) for twice in (False, True))
    found = measure_kept(denoiser, cells, frames, rendered=False)
    assert found < plain < 1.25 * found
    denoiser.recomputes = True
    found_again = measure_kept(denoiser, cells, frames, rendered=False)
    assert found_again < recomputed < 0.5 * plain
    assert estimate_update(unet, motion, size, 2, False) - estimate_rendering(size) == plain // 2


def test_estimate_covers_what_is_rendered():
    denoiser, size = make_denoiser(), make_size(16)
    found = measure_kept(denoiser, 16, 2, rendered=True) - measure_kept(denoiser, 16, 2, rendered=False)
    assert found < estimate_rendering(size) < 4 * found
    more, fewer = estimate_rendering(make_size(16, samples=16)), estimate_rendering(make_size(16, samples=16, piece_bytes=2**16))
    assert more > 2 * estimate_rendering(size) > 2 * fewer, "cut into pieces, rays take the memory of one piece"


def test_checkpointing_turns_itself_on_where_memory_is_short(monkeypatch: pytest.MonkeyPatch):
    denoiser, size = make_denoiser(), make_size(16)
    plain, recomputed = (estimate_update(denoiser.network.unet, denoiser.network.motion, size, 4, twice) for twice in (False, True))
    for free, recomputes in ((plain + 1, False), ((plain + recomputed) // 2, True)):
        monkeypatch.setattr(comfy.model_management, "get_free_memory", lambda *_, free=free, **__: free)
        denoiser.make_room(size)
        assert denoiser.recomputes == recomputes
        assert denoiser.describe().endswith(
            "with gradient checkpointing because memory is short." if recomputes else "without gradient checkpointing."
        )
    asked = make_denoiser(economy=Economy(checkpointing=True))
    asked.make_room(size)
    assert asked.describe().endswith(", with gradient checkpointing.")


def run_short(monkeypatch: pytest.MonkeyPatch, *, always: bool) -> list[bool]:
    """Let memory run out in the backbone, always or while layers keep all they compute.

    Returns:
        whether layers were to be computed twice, for each prediction.
    """
    tried: list[bool] = []
    predict = ComfyDenoiser.predict

    def fail(self: ComfyDenoiser, *args: Any) -> Tensor:
        tried.append(self.recomputes)
        if always or not self.recomputes:
            raise torch.OutOfMemoryError("out of memory")
        return predict(self, *args)

    monkeypatch.setattr(ComfyDenoiser, "predict", fail)
    return tried


@pytest.mark.usefixtures("quick_preview")
def test_memory_that_runs_out_is_answered_by_checkpointing(monkeypatch: pytest.MonkeyPatch):
    wanted = learn(load_once()[0], steps=1)
    tried = run_short(monkeypatch, always=False)
    found = learn(load_once()[0], steps=1, options=replace(OPTIONS, relearn=True))
    assert tried[0] is False and all(tried[1:])
    assert found.losses["total"] == pytest.approx(wanted.losses["total"], rel=1e-4)


def test_memory_that_does_not_suffice_is_refused_with_numbers(monkeypatch: pytest.MonkeyPatch):
    tried = run_short(monkeypatch, always=True)
    message = (
        r"memory: wanted about \d+\.\d\d GiB for an update of 2 photographs of 64x64 pixels with 3 references, got \d+\.\d\d GiB free "
        "on cpu, and it ran out; use smaller pictures, fewer frames or fewer references"
    )
    with pytest.raises(ValueError, match=message):
        learn(load_once()[0])
    assert tried == [False, True]
