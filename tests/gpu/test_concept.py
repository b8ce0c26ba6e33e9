"""A concept where only a GPU can tell: whatever ComfyUI does with the weights, and in low precision. Waits: test_waits.py."""

from __future__ import annotations

from collections.abc import Callable

import comfy.model_management
import comfy.samplers
import pytest
import torch
from comfy.model_patcher import ModelPatcher
from comfy.sd import CLIP
from torch import Tensor

from mvcustom.devtools import stand_in
from mvcustom.mvcustom_core.backbone.motion import MotionSettings
from mvcustom.mvcustom_core.concept.pose_block import PoseLayout, PoseSite
from mvcustom.nodes.bridge.backbone.motion import apply_motion
from mvcustom.nodes.bridge.concept.application import CONCEPT_ATTACHMENT, apply_to_both, render_depth, render_opacity
from mvcustom.nodes.bridge.concept.guidance import ConceptGuider
from mvcustom.tests.host.embedded import VIEWS, draw_noise, load_once, make_cameras, make_concept

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA")

WIDTH = 128  # of the embedded text encoder
LAYOUT = PoseLayout((PoseSite(3, 64, 1), PoseSite(11, 64, 1), PoseSite(13, 32, 0), PoseSite(14, 32, 0)), WIDTH)


class Tiny(stand_in.TinySD15):
    """As wide in its text as the embedded text encoder."""

    unet_config = stand_in.TinySD15.unet_config | {"context_dim": WIDTH}


def make_model(dtype: torch.dtype) -> ModelPatcher:
    settings = MotionSettings(channels=stand_in.CHANNELS, mid_block=True, heads=stand_in.HEADS)
    return apply_motion(stand_in.make_model(Tiny, dtype), stand_in.make_motion(settings, dtype))


@torch.inference_mode()
def apply(model: ModelPatcher, layout: PoseLayout | None = None) -> tuple[ModelPatcher, CLIP]:
    concept = make_concept(0.05) if layout is None else make_concept(0.05, layout, WIDTH)
    return apply_to_both(model, load_once()[1], concept, make_cameras(), 1.0)


@torch.inference_mode()
def guide(model: ModelPatcher, clip: CLIP, steps: int = 2, callback: Callable[..., None] | None = None) -> Tensor:
    """Views by the Concept Guider with a scale of its own beside the subject, on the CPU."""
    positive, negative = (clip.encode_from_tokens_scheduled(clip.tokenize(text)) for text in ("a <v*> box", ""))
    guider = ConceptGuider(model, positive, negative, 4.0, 2.0, 0.0)
    sigmas = comfy.samplers.calculate_sigmas(model.get_model_object("model_sampling"), "simple", steps)
    noise, sampler = draw_noise(), comfy.samplers.sampler_object("euler")
    return guider.sample(noise, torch.zeros_like(noise), sampler, sigmas, callback=callback, disable_pbar=True, seed=5).cpu()


@pytest.fixture(scope="module")
def exact() -> Tensor:
    return guide(*apply(load_once()[0]))


def find_devices(patcher: ModelPatcher) -> set[str]:
    """Where the weights are. Dynamic memory leaves large ones where they were, and copies each when it is needed."""
    return {weight.device.type for weight in patcher.model.parameters()}


@pytest.mark.usefixtures("without_memory")
def test_with_all_weights_in_ram_it_computes_on_the_gpu(exact: Tensor) -> None:
    model, clip = apply(load_once()[0])
    torch.testing.assert_close(guide(model, clip), exact, rtol=1e-3, atol=1e-3)
    (blocks,) = model.get_additional_models_with_key(CONCEPT_ATTACHMENT)
    if not blocks.is_dynamic():
        assert find_devices(blocks) == {"cpu"}
    opacity, depth = render_opacity(model, make_cameras()), render_depth(model, make_cameras(), 1)
    assert opacity.device.type == depth.distance.device.type == "cpu"  # for everything that is computed from them outside of sampling
    assert opacity.isfinite().all() and depth.distance.isfinite().all()


def test_the_pose_blocks_are_managed_by_comfyui() -> None:
    """Loaded with the U-Net, unloaded by ComfyUI, loaded again for the next run, and rebuilt where it needs a copy of its own."""
    model, clip = apply(load_once()[0])
    views = guide(model, clip, steps=1)
    (blocks,) = model.get_additional_models_with_key(CONCEPT_ATTACHMENT)
    assert blocks.loaded_size() > 0
    if not blocks.is_dynamic():
        assert find_devices(blocks) == {"cuda"}
    comfy.model_management.unload_all_models()
    assert find_devices(blocks) == {"cpu"} and blocks.loaded_size() == 0
    torch.testing.assert_close(guide(model, clip, steps=1), views)
    assert blocks.clone(force_deepcopy=True).model is not blocks.model


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float8_e4m3fn], ids=["fp16", "bf16", "fp8"])
def test_low_precision_is_finite(dtype: torch.dtype) -> None:
    model, clip = apply(make_model(dtype), LAYOUT)
    views = guide(model, clip)
    assert views.shape == (VIEWS, 4, 8, 8) and views.isfinite().all()
    assert render_opacity(model, make_cameras()).isfinite().all()
