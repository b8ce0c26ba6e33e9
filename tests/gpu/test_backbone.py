"""The backbone where only a GPU can tell: low precision, memory without score matrices, no waiting for the device inside a module."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import comfy.model_management
import pytest
import torch
from comfy.ldm.modules.attention import optimized_attention
from comfy.model_patcher import ModelPatcher
from torch import Tensor

from mvcustom.devtools.stand_in import CHANNELS, CONTEXT, HEADS, make_model, make_motion, randomize
from mvcustom.mvcustom_core.backbone.attention import Scope
from mvcustom.mvcustom_core.backbone.memory import Workload, estimate_level_memory
from mvcustom.mvcustom_core.backbone.motion import MotionModule, MotionSettings
from mvcustom.nodes.bridge.backbone.motion import apply_motion

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA")

DENSE, FRAMES, SIDE, GIB = Scope(None), 16, 64, 1024**3
TINY = MotionSettings(channels=CHANNELS, heads=HEADS, mid_block=True, scopes=(Scope(3), DENSE, DENSE, DENSE))
SCOPES = pytest.mark.parametrize("scope", [Scope(1), Scope(9), DENSE], ids=str)


def make_host(dtype: torch.dtype) -> ModelPatcher:
    """A tiny MODEL with motion modules, loaded onto the GPU; the same weights whatever the dtype, but for their rounding."""
    model = apply_motion(make_model(dtype=dtype), make_motion(TINY, dtype))
    comfy.model_management.load_models_gpu([model, *model.get_nested_additional_models()], force_full_load=True)
    return model


@torch.inference_mode()
def denoise(model: ModelPatcher, latent: int = 16) -> Tensor:
    """One pass over both halves of classifier-free guidance, in float32 on the CPU."""
    generator = torch.Generator().manual_seed(0)
    rows = 2 * FRAMES
    x = torch.randn(rows, 4, latent, latent, generator=generator).to(model.load_device)
    text = torch.randn(2, 77, CONTEXT, generator=generator).repeat_interleave(FRAMES, 0).to(model.load_device)
    options = model.model_options["transformer_options"] | {"cond_or_uncond": [0, 1]}
    sigma = torch.full((rows,), 5.0, device=model.load_device)
    return model.model.apply_model(x, sigma, c_crossattn=text, transformer_options=options).float().cpu()


@pytest.fixture(scope="module")
def exact() -> Tensor:
    return denoise(make_host(torch.float32))


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float16, 0.01), (torch.bfloat16, 0.05), (torch.float8_e4m3fn, 0.3)], ids=["fp16", "bf16", "fp8"]
)
def test_low_precision_is_near(exact: Tensor, dtype: torch.dtype, tolerance: float) -> None:
    found = denoise(make_host(dtype))
    assert found.isfinite().all()
    assert 0 < (found - exact).norm() / exact.norm() < tolerance


def make_settings(scope: Scope) -> MotionSettings:
    return MotionSettings(scopes=(scope,) * 4)


def make_module(scope: Scope) -> tuple[partial[Tensor], Tensor]:
    """A pass of the outermost true-size module on ComfyUI's kernel, and its input: 16 frames of 64x64 latents, half precision."""
    settings = make_settings(scope)
    device = comfy.model_management.get_torch_device()
    module = MotionModule(settings, level=0)
    randomize(module)
    module.to(device, torch.float16)
    x = torch.randn(FRAMES, settings.channels[0], SIDE, SIDE, device=device, dtype=torch.float16)
    return partial(module, x, FRAMES, attention=optimized_attention), x


@pytest.fixture
def strict_about_waiting() -> Iterator[None]:
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode("error")
    yield
    torch.cuda.set_sync_debug_mode("default")


@SCOPES
@pytest.mark.slow  # true size: where attention is no fused kernel, it takes hours
@torch.inference_mode()
def test_memory_is_as_estimated(scope: Scope) -> None:
    """The estimate that ComfyUI makes room by. Dense scores alone would take 64 GiB here: 65,536 tokens squared, 8 heads, 2 bytes."""
    run, x = make_module(scope)
    run()  # what the libraries keep for themselves is not the module's
    torch.cuda.synchronize()
    before = torch.cuda.memory_allocated() - x.nbytes
    torch.cuda.reset_peak_memory_stats()
    out = run()
    peak = torch.cuda.max_memory_allocated() - before
    assert out.isfinite().all() and not torch.allclose(out, x, atol=1e-2)
    estimate = estimate_level_memory(make_settings(scope), 0, Workload(1, FRAMES, SIDE, SIDE, element_bytes=2))
    print(f"scope {scope}: {peak / GIB:.2f} GiB, estimated {estimate / GIB:.2f}")
    assert estimate < 3 * GIB
    assert 0.5 * estimate < peak < 1.1 * estimate


@SCOPES
@pytest.mark.slow  # true size: where attention is no fused kernel, it takes hours
@torch.inference_mode()
def test_no_waiting_for_the_device(scope: Scope, request: pytest.FixtureRequest) -> None:
    run, _ = make_module(scope)
    run()  # kernels may be loaded and tuned at the first call
    request.getfixturevalue("strict_about_waiting")
    run()
