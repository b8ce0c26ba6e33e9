"""What users get wrong, at the nodes: every error names what was wanted, what came and what to change, before anything is computed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import comfy.supported_models
import pytest
import safetensors.torch
import torch
from comfy.model_patcher import ModelPatcher
from torch import Tensor

from mvcustom.mvcustom_core.backbone.checkpoint import motion_metadata
from mvcustom.mvcustom_core.backbone.motion import MotionModules, MotionSettings
from mvcustom.mvcustom_core.concept.concept import load_concept
from mvcustom.mvcustom_core.concept.learning.learner import Learner
from mvcustom.mvcustom_core.concept.learning.photographs import Photographs
from mvcustom.mvcustom_core.concept.learning.plan import LearningSettings, check_run
from mvcustom.mvcustom_core.concept.pose_block import PoseLayout
from mvcustom.nodes.backbone.load_backbone import MVCustomLoadBackbone
from mvcustom.nodes.bridge.backbone import checkpoint, embedded
from mvcustom.nodes.bridge.concept.tokens import encode_caption
from mvcustom.nodes.bridge.host.folders import MOTION
from mvcustom.nodes.concept.apply_concept import MVCustomApplyConcept
from mvcustom.nodes.concept.learn_concept import MVCustomLearnConcept
from mvcustom.nodes.depth.estimate_anchor_depth import MVCustomEstimateAnchorDepth
from mvcustom.nodes.sampling.depth_render_hook import MVCustomDepthRenderHook
from mvcustom.nodes.sampling.latent_completion_sampler import MVCustomLatentCompletionSampler
from mvcustom.tests.host.checkpoint_files import TEXT, VAE, list_unet_shapes, write_sparse
from mvcustom.tests.host.embedded import SPEC, count_calls, load_once, load_still, make_cameras, make_concept, make_depth, sample
from mvcustom.tests.host.graph import whole_path
from mvcustom.tests.host.in_process import ComfyInProcess

Inputs = dict[str, Any]


@torch.inference_mode()
def execute(node: Any, **inputs: Any) -> tuple[Any, ...]:
    return node.execute(**inputs).result


def learn_inputs(**changes: Any) -> Inputs:
    model, clip, vae = load_once()
    masks = torch.zeros(5, 64, 64)
    masks[:, 16:48, 16:48] = 1
    photographs = {"images": torch.rand(5, 64, 64, 3), "masks": masks, "cameras": make_cameras(5, reach_deg=60.0)}
    rates = {"learning_rate": 1e-3, "token_learning_rate": 1e-3}
    words = {"token": "<v*>", "class_word": "box"}
    return {
        "model": model, "clip": clip, "vae": vae, **photographs, **words, **rates, "steps": 1, "frames": 2, "references": 3, "seed": 0,
        "warm_start": False, **changes,
    }  # fmt: skip


def apply_inputs(**changes: Any) -> Inputs:
    model, clip, _ = load_once()
    return {"model": model, "clip": clip, "concept": make_concept(), "cameras": make_cameras(), "strength": 1.0, **changes}


def hook_inputs(**changes: Any) -> Inputs:
    settings = {"strength": 1.0, "until": 0.7, "shared_noise": True}
    scene = {"depth": make_depth(), "cameras": make_cameras(), "views": torch.rand(3, 64, 64, 3)}
    return {"model": load_once()[0], **scene, **settings, **changes}


def depth_inputs(**changes: Any) -> Inputs:
    views = torch.rand(3, 64, 64, 3)
    return {
        "views": views,
        "cameras": make_cameras(),
        "anchor": 1,
        "depth_image_meaning": "metric",
        "depth_image": views[:1] + 0.5,
        **changes,
    }


USES_OF_MODEL = [(MVCustomLearnConcept, learn_inputs), (MVCustomApplyConcept, apply_inputs), (MVCustomDepthRenderHook, hook_inputs)]


@pytest.fixture(autouse=True)
def no_learning(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bad input must be found before the first update."""

    def fail(*_: Any) -> None:
        raise AssertionError("learning has started")

    monkeypatch.setattr(Learner, "_update", fail)


# Models


@pytest.mark.parametrize(("node", "inputs"), USES_OF_MODEL)
def test_model_without_motion(node: Any, inputs: Callable[..., Inputs]):
    with pytest.raises(ValueError, match="wanted one with MVCustom motion modules, got one without; connect Load MVCustom Backbone"):
        execute(node, **inputs(model=load_still()))


@pytest.mark.parametrize(("node", "inputs"), USES_OF_MODEL)
def test_model_with_animatediff_evolved(node: Any, inputs: Callable[..., Inputs]):
    model = load_once()[0].clone()
    model.set_injections("ADE", [])
    with pytest.raises(ValueError, match="AnimateDiff-Evolved is applied to this model too; use either its nodes or MVCustom's"):
        execute(node, **inputs(model=model))


def test_animatediff_evolved_applied_afterwards():
    model, clip = execute(MVCustomApplyConcept, **apply_inputs())
    model.set_attachments("ADE_params", object())
    calls = count_calls(model)
    with pytest.raises(ValueError, match="AnimateDiff-Evolved"):
        sample(model, positive=encode_caption(clip, "a <v*> box"))
    assert not calls


@pytest.fixture(scope="module")
def other_family() -> ModelPatcher:
    return make_patcher(comfy.supported_models.SDXL)


@pytest.mark.parametrize(("node", "inputs"), USES_OF_MODEL)
def test_model_of_another_family(node: Any, inputs: Callable[..., Inputs], other_family: ModelPatcher):
    with pytest.raises(ValueError, match="wanted one with MVCustom motion modules, got one without; connect Load MVCustom Backbone"):
        execute(node, **inputs(model=other_family))


def test_concept_of_another_backbone():
    sites = tuple(site._replace(channels=5 * site.channels) for site in SPEC.pose_layout.sites)
    concept = make_concept(layout=PoseLayout(sites, 128))
    message = "concept <v\\*>: wanted the backbone it was learned on, .* got .*; load that backbone or learn the concept on this one"
    with pytest.raises(ValueError, match=message):
        execute(MVCustomApplyConcept, **apply_inputs(concept=concept))
    wide = make_concept(layout=replace(SPEC.pose_layout, text_width=768), width=768)
    with pytest.raises(ValueError, match="clip: wanted width 768 .*, got 128; connect its CLIP"):
        execute(MVCustomApplyConcept, **apply_inputs(concept=wide))


# Files


def make_patcher(family: type, **changes: Any) -> ModelPatcher:
    """A MODEL of a family in its published size, without memory for its weights."""
    config = family({**embedded.UNET, **family.unet_config, "channel_mult": [1, 2, 4], "num_res_blocks": [2, 2, 2], **changes})
    config.unet_config |= {"transformer_depth": [0, 0, 2, 2, 10, 10], "transformer_depth_output": [0, 0, 0, 2, 2, 2, 10, 10, 10]}
    config.unet_config |= {"num_heads": -1, "num_head_channels": 64, "num_classes": "sequential", "transformer_depth_middle": 10}
    config.set_inference_dtype(torch.float16, None)
    cpu = torch.device("cpu")
    model = config.get_model({}, "", device=torch.device("meta"))
    return comfy.model_patcher.ModelPatcher(model, load_device=cpu, offload_device=cpu)


@pytest.fixture
def motion_folder(comfy: ComfyInProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where motion files lie; the checkpoint that they are for is there by its header alone."""
    monkeypatch.setitem(comfy.folder_paths.folder_names_and_paths, "checkpoints", ([str(tmp_path)], {".safetensors"}))
    write_sparse(tmp_path / "sd15.safetensors", list_unet_shapes() | VAE | TEXT)
    folder = Path(comfy.folder_paths.folder_names_and_paths[MOTION][0][0])
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def write_motion_file(file: Path, settings: MotionSettings = embedded.MOTION) -> None:
    with torch.inference_mode(False):
        weights = MotionModules(settings).state_dict()
    safetensors.torch.save_file(weights, file, metadata=motion_metadata(settings))


def spoil(file: Path, fault: str) -> None:
    if fault == "empty":
        file.write_bytes(b"")
    elif fault == "cut":
        file.write_bytes(file.read_bytes()[:1000])
    else:
        safetensors.torch.save_file({"lora_unet_down.lora_up.weight": torch.ones(2, 2)}, file)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("empty", "is empty; download it again"),
        ("cut", "no complete safetensors file .*; download it again"),
        ("foreign", "wanted .*, got a LoRA"),
    ],
)
def test_motion_file(motion_folder: Path, fault: str, message: str):
    file = motion_folder / f"{fault}.safetensors"
    write_motion_file(file)
    spoil(file, fault)
    with pytest.raises(ValueError, match=message):
        execute(MVCustomLoadBackbone, checkpoint="sd15.safetensors", motion_file=file.name)


@pytest.mark.parametrize(
    ("fault", "message"), [("empty", "empty or cut one"), ("cut", "empty or cut one"), ("foreign", "of another program")]
)
def test_concept_file(tmp_path: Path, fault: str, message: str):
    file = tmp_path / "concept.safetensors"
    write_motion_file(file)
    spoil(file, fault)
    with pytest.raises(ValueError, match=f"concept.safetensors: wanted .*{message}"):
        load_concept(file)


def test_checkpoint_and_motion_file_go_together(motion_folder: Path):
    write_motion_file(motion_folder / "wider.safetensors", replace(embedded.MOTION, channels=(64, 128, 128, 128)))
    with pytest.raises(ValueError, match="made for each other; the embedded backbone takes files trained for it, or 'none"):
        execute(MVCustomLoadBackbone, checkpoint=embedded.NAME, motion_file="wider.safetensors")
    with pytest.raises(
        ValueError, match="wanted an AnimateDiff module for sd15.safetensors, got none; put one into models/animatediff_models"
    ):
        execute(MVCustomLoadBackbone, checkpoint="sd15.safetensors", motion_file=checkpoint.NO_MOTION_FILE)
    with pytest.raises(FileNotFoundError, match="absent.safetensors"):
        execute(MVCustomLoadBackbone, checkpoint="sd15.safetensors", motion_file="absent.safetensors")


# Photographs


def one_black_mask() -> Tensor:
    masks = torch.ones(5, 64, 64)
    masks[3] = 0
    return masks


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cameras": make_cameras(4)}, "wanted as many cameras and masks as images, got 5 images, 4 cameras, 5 masks"),
        ({"masks": torch.ones(2, 64, 64)}, "wanted as many cameras and masks as images, got 5 images, 5 cameras, 2 masks"),
        ({"masks": torch.zeros(5, 64, 64)}, "wanted the subject in every mask, got empty masks at \\[0, 1, 2, 3, 4\\]; remove those"),
        ({"masks": one_black_mask()}, "got empty masks at \\[3\\]; remove those photographs"),
        ({"masks": torch.eye(32).expand(5, -1, -1)}, "wanted masks of 64x64, got 32x32"),
        ({"cameras": make_cameras(5, size=128)}, "wanted cameras of the images' size 64x64, got 128x128; resize the cameras"),
        ({"images": torch.rand(5, 72, 72, 3)}, "wanted sides divisible by 16, got 72x72; load them at another size"),
        ({"frames": 6}, "frames: wanted 1 to 4 as there are photographs to learn from, got 6; lower it or add photographs"),
        ({"references": 6}, "references: wanted 2 .* to 4 as there are photographs to learn from, got 6"),
        ({"steps": 0}, "steps: wanted at least 1, got 0"),
        ({"token": " "}, "wanted a token and a class word"),
        ({"class_word": ""}, "wanted a token and a class word"),
    ],
)
def test_photographs_and_settings(changes: Inputs, message: str):
    with pytest.raises(ValueError, match=message):
        execute(MVCustomLearnConcept, **learn_inputs(**changes))


def test_no_steps_in_core_and_in_the_graph(comfy: ComfyInProcess):
    latents, images = torch.zeros(5, 4, 8, 8), torch.zeros(5, 3, 64, 64)
    photographs = Photographs(latents, images, None, make_cameras(5))
    with pytest.raises(ValueError, match="steps: wanted at least 1, got 0"):
        check_run(photographs, SPEC.pose_layout, torch.zeros(1, 128), LearningSettings(steps=0))
    graph = whole_path()
    graph["learn"]["inputs"]["steps"] = 0
    with pytest.raises(ValueError, match="steps: wanted 1 to 100000, got 0"):
        comfy.run(graph)


# Views, cameras, latents, depth


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"views": torch.rand(2, 64, 64, 3)}, "views: wanted 3, one for each camera, got 2; connect all views of this trajectory"),
        ({"views": torch.rand(3, 64, 32, 3)}, "views: wanted the cameras' aspect 64x64, got 32x64"),
    ],
)
@pytest.mark.parametrize(("node", "inputs"), [(MVCustomDepthRenderHook, hook_inputs), (MVCustomEstimateAnchorDepth, depth_inputs)])
def test_views_that_do_not_fit_the_cameras(node: Any, inputs: Callable[..., Inputs], changes: Inputs, message: str):
    with pytest.raises(ValueError, match=message):
        execute(node, **inputs(**changes))


@pytest.mark.parametrize(
    ("node", "inputs"),
    [(MVCustomDepthRenderHook, hook_inputs(depth=make_depth(3))), (MVCustomEstimateAnchorDepth, depth_inputs(anchor=3))],
)
def test_anchors_that_are_no_view(node: Any, inputs: Inputs):
    with pytest.raises(ValueError, match="anchor: wanted a view from 0 to 2, got 3; choose one of the trajectory's views"):
        execute(node, **inputs)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"depth_image": torch.full((1, 64, 64, 3), torch.nan)}, "depth_image: wanted finite depth, got NaN or infinity"),
        ({"depth_image": torch.zeros(1, 64, 64, 3)}, "depth_image: wanted depth, got none: every pixel is zero or below"),
        ({"depth_image": torch.rand(1, 32, 64, 3)}, "depth_image: wanted the views' aspect 64x64, got 64x32"),
        ({"subject_mask": torch.zeros(1, 64, 64)}, "the subject mask holds no pixel with a depth"),
        ({"subject_mask": torch.ones(1, 32, 32)}, "subject_mask: wanted the depth's size 64x64, got 32x32; resize the mask"),
    ],
)
def test_depth_that_is_none(changes: Inputs, message: str):
    with pytest.raises(ValueError, match=message):
        execute(MVCustomEstimateAnchorDepth, **depth_inputs(**changes))


def test_concept_of_another_trajectory_gives_no_depth():
    (model, _) = execute(MVCustomApplyConcept, **apply_inputs(cameras=make_cameras(reach_deg=30.0)))
    with pytest.raises(ValueError, match="got 3 others; connect one trajectory"):
        execute(MVCustomEstimateAnchorDepth, **depth_inputs(model=model))


def test_shared_noise_without_cameras():
    inputs = {"until": 0.2, "repeats": 1, "feather": 1, "noise": "shared by infinite homography"}
    with pytest.raises(ValueError, match="cameras for the noise 'shared by infinite homography', got none; connect cameras of"):
        execute(MVCustomLatentCompletionSampler, masks=torch.ones(3, 64, 64), **inputs)
