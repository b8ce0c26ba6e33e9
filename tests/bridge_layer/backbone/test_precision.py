"""Motion modules in the types, memory modes and compilers that users choose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import comfy.model_management
import pytest
import torch
from comfy.model_patcher import ModelPatcher
from comfy_api.torch_helpers import set_torch_compile_wrapper
from torch import Tensor

from mvcustom.devtools.stand_in import make_model, make_motion
from mvcustom.mvcustom_core.backbone.attention import Scope
from mvcustom.nodes.bridge.backbone.motion import apply_motion
from mvcustom.tests.bridge_layer.backbone.test_composition import SETTINGS, make_run, measure_error

GATED = replace(SETTINGS, spatial_position=True, entropy_correction=True)


def copy_weights(source: ModelPatcher, target: ModelPatcher) -> ModelPatcher:
    target.model.load_state_dict({key: value.float() for key, value in source.model.state_dict().items()})
    return target


@pytest.mark.parametrize(
    ("unet_type", "motion_type"),
    [
        (torch.float16, torch.float16),
        (torch.bfloat16, torch.bfloat16),
        (torch.float32, torch.float8_e4m3fn),  # weights in 8 bits, computed with in the U-Net's own type
        (torch.float8_e4m3fn, torch.float16),
        (torch.float8_e4m3fn, torch.float8_e4m3fn),
    ],
)
def test_types(unet_type: torch.dtype, motion_type: torch.dtype) -> None:
    """Against float32 on the very same rounded weights: the modules lose no more in a type than the U-Net itself does."""
    base, motion = make_model(dtype=unet_type), make_motion(GATED, motion_type)
    exact_base, exact_motion = copy_weights(base, make_model()), copy_weights(motion, make_motion(GATED))
    assert all(parameter.dtype == motion_type for parameter in motion.model.parameters())
    of_unet = measure_error(make_run(base).sample(), make_run(exact_base).sample())
    result, reference = make_run(apply_motion(base, motion)).sample(), make_run(apply_motion(exact_base, exact_motion)).sample()
    assert torch.isfinite(result).all()
    assert measure_error(result, reference) < 2 * of_unet + 1e-5


def test_weights_in_low_memory() -> None:
    """Layers whose weights stay in main memory and are cast at use, as in lowvram and novram modes."""
    base, motion = make_model(), make_motion(GATED)
    reference = make_run(apply_motion(base, motion)).sample()
    comfy.model_management.unload_all_models()
    device = comfy.model_management.get_torch_device()
    for patcher in (base, motion):
        patcher.load(device, lowvram_model_memory=64)
        layers = [module for module in patcher.model.modules() if hasattr(module, "comfy_cast_weights")]
        assert sum(layer.comfy_cast_weights for layer in layers) > 20
    assert torch.equal(make_run(apply_motion(base, motion)).sample(), reference)


@pytest.mark.slow
def test_compiled_as_core_compiles() -> None:
    """Core's compile node looks at nothing in the transformer options, so a clip must reach the U-Net by another way: 8 rows are 4 frames
    under two conditions, then 8 frames under one, then 4 frames again in another scope."""
    rows: list[int] = []

    def count(model: ModelPatcher) -> ModelPatcher:
        model.model_options["model_function_wrapper"] = lambda call, a: (
            rows.append(len(a["input"])),
            call(a["input"], a["timestep"], **a["c"]),
        )[1]
        return model

    base = make_model(channel_mult=[1], num_res_blocks=[2], transformer_depth=[1, 1], transformer_depth_output=[1] * 3)
    settings = replace(SETTINGS, channels=SETTINGS.channels[:1], scopes=SETTINGS.scopes[:1])
    motion = make_motion(settings)
    plain, compiled = apply_motion(base, motion), count(apply_motion(base, motion))
    options = {"guard_filter_fn": lambda entries: ["transformer_options" not in entry.name for entry in entries]}
    calls: list[str] = []
    set_torch_compile_wrapper(compiled, backend=_make_backend(calls), options=options)
    narrow = replace(settings, scopes=(Scope(1),))
    plain_narrow, compiled_narrow = apply_motion(base, motion, narrow), count(apply_motion(base, motion, narrow))
    set_torch_compile_wrapper(compiled_narrow, backend=_make_backend(calls), options=options)
    results = []
    for frames, cfg, pair in ((4, 5.0, (plain, compiled)), (8, 1.0, (plain, compiled)), (4, 5.0, (plain_narrow, compiled_narrow))):
        expected, result = (replace(make_run(model), frames=frames, cfg=cfg).sample(1) for model in pair)
        assert measure_error(result, expected) < 1e-5
        results.append(expected)
    assert measure_error(results[0], results[2]) > 0.01
    assert rows == [8, 8, 8] and len(calls) >= 3


def _make_backend(calls: list[str]) -> Callable[..., Any]:
    def backend(graph: torch.fx.GraphModule, inputs: list[Tensor]) -> Callable[..., Any]:
        calls.append(str(len(list(graph.graph.nodes))))
        return graph.forward

    return backend
