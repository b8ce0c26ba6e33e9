"""Learning where only a GPU can tell: weights that ComfyUI moves, low precision, one wait in an update, and nothing left afterwards."""

from __future__ import annotations

import gc
from dataclasses import replace
from pathlib import Path

import comfy.model_management
import folder_paths
import numpy as np
import pytest
import torch
from comfy.model_patcher import ModelPatcher
from torch import Tensor

from mvcustom.devtools import stand_in
from mvcustom.mvcustom_core.backbone.attention import Scope
from mvcustom.mvcustom_core.backbone.motion import MotionSettings
from mvcustom.mvcustom_core.backbone.recipe import SD15
from mvcustom.mvcustom_core.camera.cameras import Cameras
from mvcustom.mvcustom_core.camera.matches import Matches
from mvcustom.mvcustom_core.camera.rays import project_points
from mvcustom.mvcustom_core.concept.learning.learner import Learner
from mvcustom.mvcustom_core.concept.learning.losses import LossWeights
from mvcustom.mvcustom_core.concept.learning.photographs import Photographs
from mvcustom.mvcustom_core.concept.learning.plan import LearningSettings
from mvcustom.mvcustom_core.concept.pose_block import PoseLayout, PoseSite
from mvcustom.mvcustom_core.concept.ray_samples import NerfSettings
from mvcustom.nodes.bridge.backbone.motion import apply_motion
from mvcustom.nodes.bridge.backbone.spec import BACKBONE_ATTACHMENT, BackboneSpec
from mvcustom.nodes.bridge.learning.denoiser import ComfyDenoiser, ConceptWords, Economy, token_row
from mvcustom.nodes.bridge.learning.inputs import Backbone, Pictures, RunOptions
from mvcustom.nodes.bridge.learning.run import Learned, run_learning
from mvcustom.tests.gpu.case import Arrays
from mvcustom.tests.host.embedded import SPEC, load_once, make_cameras
from mvcustom.tests.host.in_process import ComfyInProcess

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA")

WORDS = ConceptWords("<v*>", "box")
SETTINGS = LearningSettings(steps=2, frames=2, references=3, held_out=1, pose_rate=1e-2, token_rate=1e-2, text_drop=0.0)
LAYOUT = PoseLayout((PoseSite(3, 64, 1), PoseSite(11, 64, 1), PoseSite(13, 32, 0), PoseSite(14, 32, 0)), 128)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_paths, "output_directory", str(tmp_path))


class Tiny(stand_in.TinySD15):
    """As wide in its text as the embedded text encoder."""

    unet_config = stand_in.TinySD15.unet_config | {"context_dim": 128}


def make_model(dtype: torch.dtype) -> ModelPatcher:
    """A MODEL with motion modules whose weights ComfyUI keeps in this dtype."""
    settings = MotionSettings(
        channels=stand_in.CHANNELS, mid_block=True, heads=stand_in.HEADS, scopes=(Scope(1), Scope(3), Scope(1), Scope(1))
    )
    model = apply_motion(stand_in.make_model(Tiny, dtype), stand_in.make_motion(settings, dtype))
    model.set_attachments(BACKBONE_ATTACHMENT, BackboneSpec(SD15, LAYOUT, (0, 1), NerfSettings(samples=4)))
    return model


def make_matches(cameras: Cameras) -> Matches:
    """Where all photographs show twenty points near the origin."""
    points = 0.2 * torch.rand(20, 3, generator=torch.Generator().manual_seed(4)) - 0.1
    pixels, _ = project_points(cameras, points)  # [V, 20, 2]
    return {(i, j): torch.cat([pixels[i], pixels[j]], 1) for j in range(len(cameras)) for i in range(j)}


def make_photographs() -> tuple[Tensor, Tensor]:
    images = torch.rand(6, 64, 64, 3, generator=torch.Generator().manual_seed(1))
    masks = torch.zeros(6, 64, 64)
    masks[:, 16:48, 16:48] = 1
    return images, masks


def learn(model: ModelPatcher, economy: Economy | None = None) -> Learned:
    """As the node does, in inference mode."""
    with torch.inference_mode():
        pictures = Pictures(*make_photographs(), make_cameras(6, reach_deg=60.0))
        options = RunOptions(warm_start=False, economy=economy or Economy(), preview_every=100, relearn=True)
        return run_learning(Backbone(model, *load_once()[1:]), pictures, WORDS, SETTINGS, options)


@torch.inference_mode()
def use(model: ModelPatcher) -> None:
    """Run the U-Net as sampling does, which leaves its weights as ComfyUI moved them."""
    comfy.model_management.load_models_gpu([model, *model.get_nested_additional_models()])
    x = torch.randn(2, 4, 8, 8, device=model.load_device)
    text = torch.randn(2, 77, 128, device=model.load_device)
    options = {**model.model_options["transformer_options"], "cond_or_uncond": [0]}
    model.model.apply_model(x, torch.ones(2, device=model.load_device), c_crossattn=text, transformer_options=options)


@pytest.mark.parametrize(
    ("dtype", "checkpointing"),
    [(torch.float32, False), (torch.float16, False), (torch.float16, True), (torch.bfloat16, True), (torch.float8_e4m3fn, False)],
    ids=["fp32", "fp16", "fp16 checkpointed", "bf16 checkpointed", "fp8"],
)
def test_learning_after_sampling(dtype: torch.dtype, checkpointing: bool) -> None:
    model = make_model(dtype)
    use(model)
    learned = learn(model, Economy(checkpointing=checkpointing))
    assert len(learned.losses["total"]) == SETTINGS.steps
    for name, tensor in learned.concept.pose.items():
        assert tensor.isfinite().all() and tensor.device.type == "cpu"
        assert not name.endswith(("change", "inject")) or tensor.abs().max() > 0
    use(model)  # the MODEL is as it was


def test_precision_without_bfloat16_is_float32_and_float16_where_memory_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comfy.model_management, "should_use_bf16", lambda *_, **__: False)
    exact = learn(make_model(torch.float16))
    monkeypatch.setattr(comfy.model_management, "get_free_memory", lambda *_, torch_free_too=False, **__: (0, 0) if torch_free_too else 0)
    half = learn(make_model(torch.float16))
    assert half.losses["total"][0] == pytest.approx(exact.losses["total"][0], rel=2e-2)
    assert all(tensor.isfinite().all() for tensor in half.concept.pose.values())


def test_nothing_stays_on_the_device() -> None:
    model = make_model(torch.float16)
    learn(model)  # libraries and tables that are kept
    comfy.model_management.unload_all_models()
    gc.collect()
    before = torch.cuda.memory_allocated()
    learned = learn(model)
    comfy.model_management.unload_all_models()
    gc.collect()
    assert torch.cuda.memory_allocated() <= before
    assert learned.concept.token.device.type == "cpu"


def make_learner(economy: Economy, **changes: object) -> Learner:
    model, clip, _ = load_once()
    images, masks = make_photographs()
    denoiser = ComfyDenoiser(model, clip, SPEC.pose_layout, WORDS, economy)
    latents = torch.randn(6, 4, 8, 8, generator=torch.Generator().manual_seed(2)).to(denoiser.device)
    cameras = make_cameras(6, reach_deg=60.0)
    photographs = Photographs(latents, images.movedim(-1, 1), masks[:, None], cameras, make_matches(cameras))
    settings = replace(SETTINGS, **{"steps": 9, "held_out": 0, "nerf": SPEC.nerf} | changes)
    return Learner(photographs, denoiser, SPEC.pose_layout, token_row(clip, "box"), settings, torch.zeros(2, 4, 8, 8))


def learn_from_matches(_: ComfyInProcess) -> Arrays:
    """The losses and the pose blocks of three updates that matched features take part in."""
    learner = make_learner(Economy(), weights=LossWeights(correspondence=0.25), prior_share=0.0, steps=3)
    losses = [report.losses["correspondence"] for report in learner.run()]
    pose = learner.concept("<v*>", "box", "a box").pose
    return {"losses": np.array(losses), "pose": np.concatenate([pose[name].flatten().numpy() for name in sorted(pose)])}
