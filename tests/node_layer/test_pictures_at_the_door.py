"""Every IMAGE and MASK input of every node: what is no picture or no mask is refused by the input's name and the picture's number."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from mvcustom.mvcustom_core.camera.cameras import Cameras
from mvcustom.mvcustom_core.concept.learning.learner import Learner
from mvcustom.nodes.bridge.host.tensors import check_images, check_masks
from mvcustom.nodes.bridge.views.model import EMBEDDED
from mvcustom.nodes.cameras.camera_trajectory import MVCustomCameraTrajectory
from mvcustom.nodes.cameras.ping_pong_views import MVCustomPingPongViews
from mvcustom.nodes.cameras.save_cameras import MVCustomSaveCameras
from mvcustom.nodes.cameras.save_views_for_3d import MVCustomSaveViewsFor3D
from mvcustom.nodes.catalogue import NODES
from mvcustom.nodes.concept.learn_concept import MVCustomLearnConcept
from mvcustom.nodes.concept.save_concept import MVCustomSaveConcept
from mvcustom.nodes.depth.estimate_anchor_depth import MVCustomEstimateAnchorDepth
from mvcustom.nodes.depth.views_to_geometry import MVCustomViewsToGeometry
from mvcustom.nodes.evaluation.attention_probe import MVCustomAttentionProbe
from mvcustom.nodes.evaluation.evaluate_views import MVCustomEvaluateViews
from mvcustom.nodes.photographs.load_posed_images import MVCustomLoadPosedImages
from mvcustom.nodes.photographs.pose_images import MVCustomPoseImages
from mvcustom.nodes.photographs.solve_cameras import MVCustomSolveCameras
from mvcustom.nodes.sampling.anchor_photograph import MVCustomAnchorPhotograph
from mvcustom.nodes.sampling.depth_render_hook import MVCustomDepthRenderHook
from mvcustom.nodes.sampling.latent_completion_sampler import MVCustomLatentCompletionSampler
from mvcustom.nodes.views.load_mvgd import MVCustomLoadMVGD
from mvcustom.nodes.views.render_views import MVCustomRenderViews
from mvcustom.tests.host.embedded import load_once, make_cameras, make_concept, make_depth
from mvcustom.tests.node_layer.photographs.posed_folders import COUNT, HEIGHT, WIDTH, write_folder
from mvcustom.tests.node_layer.photographs.posed_folders import make_cameras as make_photographers_cameras

SIZE = 64
Inputs = dict[str, Any]

pytestmark = pytest.mark.usefixtures("comfy")


def draw(count: int, height: int = SIZE, width: int = SIZE) -> Tensor:
    """IMAGE [count, height, width, 3]."""
    return torch.rand(count, height, width, 3, generator=torch.Generator().manual_seed(0))


def outline(count: int, height: int = SIZE, width: int = SIZE) -> Tensor:
    """MASK [count, height, width], a square in the middle."""
    masks = torch.zeros(count, height, width)
    masks[:, height // 4 : -height // 4, width // 4 : -width // 4] = 1
    return masks


def photographs(cameras: Cameras) -> Inputs:
    return {"images": draw(len(cameras)), "masks": outline(len(cameras)), "cameras": cameras}


def load_inputs(folder: Path) -> Inputs:
    write_folder(folder / "photographs", make_photographers_cameras())
    return {"folder": str(folder / "photographs"), "size": 64, "limit": 0, "masks_of_files": outline(COUNT, HEIGHT, WIDTH)}


def learn_inputs(_: Path) -> Inputs:
    model, clip, vae = load_once()
    words = {"token": "<v*>", "class_word": "box", "learning_rate": 1e-3, "token_learning_rate": 1e-3, "seed": 0, "warm_start": False}
    scene = {**photographs(make_cameras(5, reach_deg=60.0)), "class_images": draw(2)}
    return {"model": model, "clip": clip, "vae": vae, **scene, **words, "steps": 1, "frames": 2, "references": 3}


def depth_inputs(_: Path) -> Inputs:
    pictures = {"views": draw(3), "depth_image": draw(3) + 0.5, "subject_mask": outline(3)}
    return {"cameras": make_cameras(), "anchor": 1, "depth_image_meaning": "metric", **pictures}


def hook_inputs(_: Path) -> Inputs:
    scene = {"depth": make_depth(), "cameras": make_cameras(), "views": draw(3)}
    return {"model": load_once()[0], **scene, "strength": 1.0, "until": 0.7, "shared_noise": True}


def evaluation_inputs(_: Path) -> Inputs:
    references = {"references": draw(2), "reference_masks": outline(2), "true_views": draw(3)}
    return {"images": draw(3), "cameras": make_cameras(), "masks": outline(3), **references}


def make_scene() -> Inputs:
    return {"images": draw(3), "cameras": make_cameras()}


def trajectory_inputs(_: Path) -> Inputs:
    path = {"path": "orbit", "azimuth_start_deg": -15.0, "azimuth_end_deg": 15.0, "elevation_deg": 0.0}
    sizes = {"base_view": -1, "width": SIZE, "height": SIZE, "views": 3}
    return {**sizes, "path": path, "base_cameras": make_cameras(), "photographs": draw(3)}


def probe_inputs(_: Path) -> Inputs:
    model, clip, vae = load_once()
    scene = {"views": draw(3), "cameras": make_cameras(), "depth": make_depth()}
    positive = clip.encode_from_tokens_scheduled(clip.tokenize("a box"))
    return {"model": model, "positive": positive, "vae": vae, **scene, "timestep": 300, "seed": 0}


def render_inputs(_: Path) -> Inputs:
    network = MVCustomLoadMVGD.execute(EMBEDDED).result[0]
    return {"mvgd": network, **make_scene(), "targets": make_cameras()[[0]], "steps": 1, "seed": 0, "order": "independent"}


BASES: dict[Any, Callable[[Path], Inputs]] = {
    MVCustomLoadPosedImages: load_inputs,
    MVCustomPoseImages: lambda _: {**photographs(make_cameras(5, reach_deg=60.0)), "size": 64, "limit": 0},
    MVCustomSolveCameras: lambda _: {"images": draw(4), "masks": outline(4)},
    MVCustomLearnConcept: learn_inputs,
    MVCustomSaveConcept: lambda _: {"concept": make_concept(), "filename_prefix": "door", "licence": "", "thumbnail": draw(2)},
    MVCustomEstimateAnchorDepth: depth_inputs,
    MVCustomDepthRenderHook: hook_inputs,
    MVCustomLatentCompletionSampler: lambda _: {
        "masks": outline(3), "until": 0.25, "repeats": 1, "feather": 1, "noise": "independent",
    },
    MVCustomEvaluateViews: evaluation_inputs,
    MVCustomPingPongViews: lambda _: {"images": draw(3)},
    MVCustomCameraTrajectory: trajectory_inputs,
    MVCustomAnchorPhotograph: lambda _: {"photograph": draw(2), "vae": load_once()[2], "cameras": make_cameras(), "anchor": 0},
    MVCustomSaveCameras: lambda _: {**make_scene(), "format": "transforms.json", "filename_prefix": "door"},
    MVCustomSaveViewsFor3D: lambda _: {**make_scene(), "depth": make_depth(), "filename_prefix": "door", "points": 100},
    MVCustomViewsToGeometry: lambda _: {**make_scene(), "depth": make_depth(), "points": 100},
    MVCustomAttentionProbe: probe_inputs,
    MVCustomRenderViews: render_inputs,
}  # fmt: skip


IMAGES = [
    (MVCustomPoseImages, "images"),
    (MVCustomSolveCameras, "images"),
    (MVCustomLearnConcept, "images"),
    (MVCustomLearnConcept, "class_images"),
    (MVCustomSaveConcept, "thumbnail"),
    (MVCustomEstimateAnchorDepth, "views"),
    (MVCustomEstimateAnchorDepth, "depth_image"),
    (MVCustomDepthRenderHook, "views"),
    (MVCustomEvaluateViews, "images"),
    (MVCustomEvaluateViews, "references"),
    (MVCustomEvaluateViews, "true_views"),
    (MVCustomPingPongViews, "images"),
    (MVCustomCameraTrajectory, "photographs"),
    (MVCustomAnchorPhotograph, "photograph"),
    (MVCustomSaveCameras, "images"),
    (MVCustomSaveViewsFor3D, "images"),
    (MVCustomViewsToGeometry, "images"),
    (MVCustomAttentionProbe, "views"),
    (MVCustomRenderViews, "images"),
]
MASKS = [
    (MVCustomLoadPosedImages, "masks_of_files"),
    (MVCustomPoseImages, "masks"),
    (MVCustomSolveCameras, "masks"),
    (MVCustomLearnConcept, "masks"),
    (MVCustomEstimateAnchorDepth, "subject_mask"),
    (MVCustomLatentCompletionSampler, "masks"),
    (MVCustomEvaluateViews, "masks"),
    (MVCustomEvaluateViews, "reference_masks"),
]
DEPTH = (MVCustomEstimateAnchorDepth, "depth_image")  # whose first channel is read, of the anchor's picture


@pytest.fixture(autouse=True)
def no_learning(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise AssertionError("learning has started")

    monkeypatch.setattr(Learner, "_update", fail)


@torch.inference_mode()
def execute(node: Any, inputs: Inputs) -> Any:
    if node is MVCustomSolveCameras:
        return node.execute([inputs["images"]], ["everywhere"], {"focal_length": ["unknown"]}, [inputs["masks"]])
    return node.execute(**inputs)


def feed(target: tuple[Any, str], folder: Path, change: Callable[[Tensor], Tensor]) -> Any:
    """Execute the node with one input changed."""
    node, name = target
    inputs = BASES[node](folder)
    return execute(node, {**inputs, name: change(inputs[name].clone())})


def name_test(target: tuple[Any, str]) -> str:
    return f"{target[0].__name__}.{target[1]}"


def spoil(values: Tensor) -> Tensor:
    """Two pixels of the second picture."""
    values[1, 3, 4:6] = torch.tensor([torch.nan, torch.inf]).reshape(2, *[1] * (values.ndim - 3))
    return values


@pytest.mark.parametrize(("kind", "known"), [("IMAGE", IMAGES), ("MASK", MASKS)])
def test_the_sweep_knows_every_input_of_the_kind(kind: str, known: list[tuple[Any, str]]) -> None:
    assert {(node, item.id) for node in NODES for item in node.define_schema().inputs if item.get_io_type() == kind} == set(known)


@pytest.mark.parametrize("target", [*IMAGES, *MASKS], ids=name_test)
def test_nan_is_named_by_input_and_picture(tmp_path: Path, target: tuple[Any, str]) -> None:
    size = f"{WIDTH * HEIGHT}" if target[0] is MVCustomLoadPosedImages else f"{SIZE * SIZE}"
    what = "mask" if target in MASKS else "picture"
    where = f"in 2 of {size} pixels" + ("" if target == DEPTH else f" of {what} 1, counted from 0")
    with pytest.raises(ValueError, match=f"^{target[1]}: wanted finite (values|depth), got NaN or infinity {where}; check the"):
        feed(target, tmp_path, spoil)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("target", [target for target in IMAGES if target != DEPTH], ids=name_test)
def test_pictures_of_other_than_three_channels_are_refused(tmp_path: Path, target: tuple[Any, str], channels: int) -> None:
    with pytest.raises(ValueError, match=f"^{target[1]}: wanted pictures of 3 channels \\(RGB\\), got {channels}; convert them to RGB"):
        feed(target, tmp_path, lambda values: values[..., :channels])


def test_a_depth_picture_may_have_one_channel(tmp_path: Path) -> None:
    whole = feed(DEPTH, tmp_path, lambda values: values)
    assert feed(DEPTH, tmp_path, lambda values: values[..., :1]).result[2] == whole.result[2]


@pytest.mark.parametrize("target", [*IMAGES, *MASKS], ids=name_test)
def test_an_empty_batch_is_refused(tmp_path: Path, target: tuple[Any, str]) -> None:
    wanted = "MASK of \\[masks, height, width\\]" if target in MASKS else "IMAGE of \\[pictures, height, width, channels\\]"
    with pytest.raises(ValueError, match=f"^{target[1]}: wanted {wanted}, got an empty one of \\[0, "):
        feed(target, tmp_path, lambda values: values[:0])


@pytest.mark.parametrize("target", IMAGES, ids=name_test)
def test_a_picture_without_its_batch_axis_is_refused(tmp_path: Path, target: tuple[Any, str]) -> None:
    with pytest.raises(ValueError, match=f"^{target[1]}: wanted IMAGE of .*, got \\[\\d+, \\d+, 3\\]; check the node that it comes from"):
        feed(target, tmp_path, lambda values: values[0])


@pytest.mark.parametrize("target", MASKS, ids=name_test)
def test_a_mask_without_its_batch_axis_is_one_mask(tmp_path: Path, target: tuple[Any, str]) -> None:
    """As core's nodes take it. Where every picture needs a mask of its own, their numbers are told."""
    if target[0] in (MVCustomEstimateAnchorDepth, MVCustomLatentCompletionSampler):
        feed(target, tmp_path, lambda masks: masks[0])
        return
    with pytest.raises(ValueError, match=r"masks.*wanted.*got.*\b1 (of|masks)|wanted.*masks.*got.*\b1 masks"):
        feed(target, tmp_path, lambda masks: masks[0])


def test_an_alpha_channel_is_dropped() -> None:
    pictures = draw(2)
    assert torch.equal(check_images(torch.cat([pictures, torch.full((2, SIZE, SIZE, 1), torch.nan)], dim=-1), "images"), pictures)


def test_masks_of_four_axes_are_refused() -> None:
    with pytest.raises(ValueError, match="^masks: wanted MASK of .*, got \\[2, 1, 64, 64\\]; check the node that it comes from"):
        check_masks(outline(2)[:, None], "masks")
