"""What a run with motion modules is checked for and told before it starts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import comfy.ldm.modules.attention
import comfy.model_management
import comfy.model_sampling
import pytest
import torch
from comfy.model_patcher import ModelPatcher

from mvcustom.devtools.stand_in import make_model, make_motion
from mvcustom.mvcustom_core.backbone.attention import Scope
from mvcustom.mvcustom_core.backbone.memory import Workload, estimate_memory
from mvcustom.mvcustom_core.backbone.motion import MotionModules
from mvcustom.nodes.bridge.backbone.motion import apply_motion
from mvcustom.nodes.bridge.backbone.motion_run import MotionRun, stores_scores
from mvcustom.tests.bridge_layer.backbone.test_composition import SETTINGS, comfy_extra

GIB = 2**30


@pytest.fixture(scope="module")
def model() -> ModelPatcher:
    return make_model()


def prepare(model: ModelPatcher, shape: list[int], settings: Any = SETTINGS) -> list[int]:
    """The shape that ComfyUI estimates its memory from."""
    return MotionRun(settings, MotionModules(settings, device="meta")).prepare_sampling(lambda model, shape: shape, model, shape)


def test_comfyui_is_told_of_the_modules_memory(model: ModelPatcher, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "mvcustom")
    shape = [16, 4, 32, 32]
    told = prepare(model, shape)
    own = estimate_memory(SETTINGS, Workload(1, 16, 32, 32, 4, device_type="cpu"))
    unet = model.model.memory_required(shape)
    assert told[1:] == shape[1:]
    assert model.model.memory_required(told) == pytest.approx(unet + own, rel=0.1) and model.model.memory_required(told) >= unet + own
    assert f"16 frames of 256x256 pixels with scopes 3, dense, dense, dense need about {own / GIB:.2f} GiB" in caplog.text
    assert f"the U-Net's {unet / GIB:.2f} GiB" in caplog.text


def test_what_cannot_fit_is_refused_with_the_numbers(
    model: ModelPatcher, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    shape = [16, 4, 64, 64]
    unet = model.model.memory_required(shape)
    own = estimate_memory(SETTINGS, Workload(1, 16, 64, 64, 4, device_type="cpu"))
    doubt = "that may be more than"
    for total, is_refused, is_doubted in ((own - 1, True, False), (own + 1, False, True), (own + unet, False, False)):
        caplog.clear()
        monkeypatch.setattr(comfy.model_management, "get_total_memory", lambda *_, total=total: total)
        if is_refused:
            with pytest.raises(
                ValueError, match=rf"16 frames of 512x512 .*{own / GIB:.2f} GiB, cpu has {total / GIB:.2f} .*narrower scope"
            ):
                prepare(model, shape)
        else:
            assert len(prepare(model, shape)) == 4
        assert (doubt in caplog.text) == is_doubted


def test_windows_need_memory_for_their_own_frames(model: ModelPatcher, monkeypatch: pytest.MonkeyPatch) -> None:
    """Core's context windows show the model a part of the batch at a time."""
    node = comfy_extra("nodes_context_windows").ContextWindowsManualNode
    options = {"context_overlap": 4, "context_schedule": "standard_static", "context_stride": 1, "closed_loop": False}
    windowed = node.execute(model, context_length=16, fuse_method="pyramid", dim=0, freenoise=False, **options).result[0]
    need = estimate_memory(SETTINGS, Workload(1, 16, 64, 64, 4, device_type="cpu"))
    monkeypatch.setattr(comfy.model_management, "get_total_memory", lambda *_: need)
    prepare(windowed, [64, 4, 64, 64])
    with pytest.raises(ValueError, match="64 frames"):
        prepare(model, [64, 4, 64, 64])


def test_scores_are_stored_where_torch_has_no_streaming_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    attention, management = comfy.ldm.modules.attention, comfy.model_management
    gpu = torch.device("cuda")
    assert not stores_scores(torch.device("cpu"))
    for kernel, has_flash, stored in (
        (attention.attention_pytorch, True, False),
        (attention.attention_pytorch, False, True),
        (attention.attention_basic, True, True),
        (attention.attention_sub_quad, False, False),
        (attention.attention_split, False, False),
    ):
        monkeypatch.setattr(attention, "optimized_attention", kernel)
        monkeypatch.setattr(management, "pytorch_attention_flash_attention", lambda has_flash=has_flash: has_flash)
        assert stores_scores(gpu) == stored


def test_dense_without_a_streaming_kernel_is_refused(model: ModelPatcher, monkeypatch: pytest.MonkeyPatch) -> None:
    """128 GiB of scores (4 heads of 65536 x 65536, float32, twice) are refused where the device has 24."""
    dense = replace(SETTINGS, scopes=(Scope(None),) * 4)
    monkeypatch.setattr(comfy.model_management, "get_total_memory", lambda *_: 24 * GIB)
    prepare(model, [16, 4, 64, 64], dense)
    monkeypatch.setattr("mvcustom.nodes.bridge.backbone.motion_run.stores_scores", lambda _: True)
    with pytest.raises(ValueError, match="scopes dense, dense, dense, dense need about 128.06 GiB, cpu has 24.00"):
        prepare(model, [16, 4, 64, 64], dense)


def test_a_replaced_schedule_is_told(model: ModelPatcher, caplog: pytest.LogCaptureFixture) -> None:
    """Core's sampling nodes build Stable Diffusion's own schedule; after motion modules they undo that of the modules."""
    message = "has replaced it; connect that node before them"
    for schedule, is_told in (("linear", True), ("scaled_linear", False)):
        caplog.clear()
        prepare(model, [8, 4, 8, 8], replace(SETTINGS, beta_schedule=schedule))
        assert (message in caplog.text) == is_told


@pytest.mark.parametrize("sampling", ["eps", "v_prediction", "lcm", "x0"])
@pytest.mark.parametrize("zsnr", [False, True])
def test_a_sampling_node_before_keeps_its_type(model: ModelPatcher, sampling: str, zsnr: bool, caplog: pytest.LogCaptureFixture) -> None:
    """Core's node settles how the output is read; the modules bring the betas, also where only 50 of the 1000 steps are used."""
    sampled = comfy_extra("nodes_model_advanced").ModelSamplingDiscrete().patch(model, sampling, zsnr)[0]
    own = sampled.get_model_object("model_sampling")
    patched = apply_motion(sampled, make_motion(SETTINGS))
    now = patched.get_model_object("model_sampling")
    assert type(now) is type(own) and now.zsnr == zsnr and len(now.sigmas) == len(own.sigmas) == (50 if sampling == "lcm" else 1000)
    if not zsnr:
        assert now.sigmas[-1] == pytest.approx(25.146, rel=1e-3) and own.sigmas[-1] == pytest.approx(14.615, rel=1e-3)
        assert float(now.timestep(now.sigma_max)) == 999
    prepare(patched, [8, 4, 8, 8])
    assert "has replaced it" not in caplog.text
    continuous = patched.clone()
    continuous.add_object_patch("model_sampling", comfy.model_sampling.ModelSamplingContinuousEDM(model.model.model_config))
    prepare(continuous, [8, 4, 8, 8])
    assert "has replaced it" in caplog.text
