"""Rendering, one pass and completion where only a GPU can tell: low precision, and little memory. Waits: test_waits.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import comfy.model_management
import comfy.samplers
import pytest
import torch
from comfy.model_patcher import ModelPatcher

from mvcustom.mvcustom_core.rendering.rendering import RenderingSettings
from mvcustom.mvcustom_core.surface.surface import build_surfaces
from mvcustom.nodes.bridge.backbone.spec import BACKBONE_ATTACHMENT, SD15_SPEC
from mvcustom.nodes.bridge.depth.model import EMBEDDED
from mvcustom.nodes.bridge.rendering import session
from mvcustom.nodes.bridge.rendering.hook import HookOptions, apply_rendering
from mvcustom.nodes.bridge.rendering.one_pass import Estimation, apply_one_pass
from mvcustom.nodes.bridge.rendering.run import RENDERING_ATTACHMENT
from mvcustom.tests.gpu.test_concept import WIDTH, make_model
from mvcustom.tests.host.embedded import VIEWS, load_once, make_cameras, make_depth, sample

pytestmark = [pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA"), pytest.mark.usefixtures("comfy")]

FULL = RenderingSettings(until=0.9, fade=0.5)
ALL = HookOptions(FULL, sites="decoder 16 + 32 + 64", follow_surface=True, prediction=True)


@torch.inference_mode()
def hook(model: ModelPatcher | None = None, options: HookOptions = ALL, anchors: tuple[int, ...] = (1,)) -> ModelPatcher:
    depth = [anchor for view in anchors for anchor in make_depth(view)]
    return apply_rendering(model or load_once()[0], depth, make_cameras(), options)[0]


@torch.inference_mode()
def hook_in_one_pass() -> ModelPatcher:
    return apply_one_pass(load_once()[0], make_cameras(), ALL, Estimation(load_once()[2], EMBEDDED, 1, (0.1,)))


def test_surfaces_are_looked_at_on_the_gpu_and_kept_on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same on both but for rounding; with too little memory, on the CPU."""
    devices: list[str] = []

    def build(anchors: Any, *args: Any, **kwargs: Any) -> Any:
        devices.append(anchors[0].depth.depth.device.type)
        return build_surfaces(anchors, *args, **kwargs)

    monkeypatch.setattr(session, "build_surfaces", build)
    near = hook().get_attachment(RENDERING_ATTACHMENT).geometry
    monkeypatch.setattr(comfy.model_management, "get_free_memory", lambda *_, **__: 100 << 20)
    far = hook().get_attachment(RENDERING_ATTACHMENT).geometry
    assert devices == ["cuda", "cpu"]
    for level, operator in near.operators.items():
        assert operator.cells.device.type == "cpu"
        features = torch.randn(1, 4, *operator.mask.shape[-2:], generator=torch.Generator().manual_seed(level))
        torch.testing.assert_close(operator.apply(features), far.operators[level].apply(features), rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(operator.mask, far.operators[level].mask, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float8_e4m3fn], ids=["fp16", "bf16", "fp8"])
def test_low_precision_is_finite(dtype: torch.dtype) -> None:
    text = torch.randn(1, 77, WIDTH, generator=torch.Generator().manual_seed(0))
    model = make_model(dtype)
    model.set_attachments(BACKBONE_ATTACHMENT, SD15_SPEC)
    views = sample(hook(model, HookOptions(FULL, prediction=True)), positive=text, negative=-text, steps=3)
    assert views.shape == (VIEWS, 4, 8, 8) and views.isfinite().all()


@pytest.mark.usefixtures("without_memory")
@pytest.mark.parametrize("make", [lambda: hook(anchors=(0, 2)), hook_in_one_pass], ids=["two anchors", "one pass"])
def test_with_all_weights_in_ram_everything_of_a_step_is_on_the_gpu(make: Callable[[], ModelPatcher]) -> None:
    assert sample(make(), steps=3).isfinite().all()


@pytest.mark.parametrize("make", [hook, hook_in_one_pass], ids=["hook", "one pass"])
def test_nothing_of_a_run_stays_on_the_gpu(make: Callable[[], ModelPatcher]) -> None:
    model, held = make(), []
    for _ in range(3):
        sample(model, steps=3)
        torch.cuda.synchronize()
        held.append(torch.cuda.memory_allocated())
    assert held[2] == held[1]
