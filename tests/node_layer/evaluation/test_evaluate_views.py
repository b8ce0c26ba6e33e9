"""Evaluate Views in the graph: what goes in and comes out, the refusals at its door, cancelling, and no file left behind."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import comfy.model_management
import folder_paths
import pytest
import torch
from torch import Tensor

from mvcustom.mvcustom_core.camera.cameras import Cameras, square_intrinsics
from mvcustom.mvcustom_core.capture import solving
from mvcustom.mvcustom_core.surface.depth import AnchorDepth, DepthMap
from mvcustom.nodes.bridge.evaluation import evaluation as bridge
from mvcustom.nodes.catalogue import NODES
from mvcustom.nodes.evaluation.evaluate_views import MVCustomEvaluateViews as Node
from mvcustom.tests.core_layer.emulated_device import EmulatedDevice

VIEWS, SIZE = 4, 64

pytestmark = pytest.mark.usefixtures("comfy")  # which knows the pack's folders


def make_cameras(views: int = VIEWS) -> Cameras:
    """Side by side before a wall."""
    w2c = torch.eye(4).repeat(views, 1, 1)
    w2c[:, 0, 3] = -0.1 * torch.arange(views)
    return Cameras(w2c, square_intrinsics(views, SIZE, 50.0), SIZE, SIZE)


def make_images(views: int = VIEWS) -> Tensor:
    return torch.rand(views, SIZE, SIZE, 3, generator=torch.Generator().manual_seed(0))


def make_depth(view: int = 0) -> tuple[AnchorDepth, ...]:
    return (AnchorDepth(view, DepthMap(torch.full((SIZE, SIZE), 2.0), torch.ones(SIZE, SIZE, dtype=torch.bool), "wall", 1.0, "")),)


@pytest.fixture(autouse=True)
def no_colmap(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str) -> None:
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(solving.importlib, "import_module", fail)


def list_leftovers() -> list[Path]:
    return list(Path(folder_paths.get_temp_directory()).glob("mvcustom_evaluate_*"))


def test_everything_is_measured_and_reported() -> None:
    images, masks = make_images(), torch.zeros(VIEWS, SIZE, SIZE)
    masks[:, 20:40, 20:40] = 1
    report, table, plots = Node.execute(
        images, make_cameras(), make_depth(), masks, images[:2], masks[:2], images, prompt="a box on sand"
    ).args
    lines = report.splitlines()
    assert lines[0] == "Does the camera obey? not measured" and lines[1].startswith("Does the subject stay itself? yes")
    assert lines[2].startswith("Does the background hold? yes") and f'"{sys.executable}" -m pip install --upgrade pycolmap' in report
    assert lines[-1] == "prompt: not measured; choose CLIP as the text_encoder"
    summary = json.loads(table)["summary"]
    assert (
        summary["PSNR dB"] == 100 and summary["warp PSNR dB"] < 15 and summary["subject likeness by colours"] == pytest.approx(1, abs=0.2)
    )
    assert plots.shape == (1, 512, 1024, 3) and 0 <= plots.min() and plots.max() <= 1
    assert not list_leftovers()


def test_bare_views_are_enough() -> None:
    report, table, _ = Node.execute(make_images(), make_cameras()).args
    assert report.count("not measured") >= 5 and len(json.loads(table)["views"]) == VIEWS


def test_pictures_on_a_device_are_measured_as_on_the_host() -> None:
    """With --gpu-only, ComfyUI keeps pictures on the device, while depth is on the host."""
    images, masks = make_images(), torch.zeros(VIEWS, SIZE, SIZE)
    masks[:, 20:40, 20:40] = 1
    on_host = Node.execute(images, make_cameras(), make_depth(), masks, images[:2], masks[:2], images).args[1]
    with EmulatedDevice() as device:
        pictures, outlines = device.put(images), device.put(masks)
        references = device.put(images[:2]), device.put(masks[:2])
        on_device = Node.execute(pictures, make_cameras(), make_depth(), outlines, *references, device.put(images)).args[1]
    assert on_device == on_host


def test_encoders_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge, "load_encoder", lambda name: (f"ruler {name}", lambda pictures: pictures.flatten(1)))
    monkeypatch.setattr(bridge, "load_text_encoder", lambda name, prompt: lambda pictures: torch.full((len(pictures),), len(prompt) / 10))
    images = make_images()
    inputs = {"references": images[:2], "prompt": "box", "encoder": "a", "text_encoder": "b"}
    summary = json.loads(Node.execute(images, make_cameras(), **inputs).args[1])["summary"]
    assert summary["text cosine"] == pytest.approx(0.3) and summary["CLIP score"] == pytest.approx(0.75)
    assert 0.5 < summary["subject likeness by ruler a"] <= 1


def test_cancelling_stops_it_and_leaves_no_file() -> None:
    comfy.model_management.interrupt_current_processing()
    with pytest.raises(comfy.model_management.InterruptProcessingException):
        Node.execute(make_images(), make_cameras(), make_depth())
    assert not list_leftovers()


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"images": make_images(3)}, "views: wanted 4, one for each camera, got 3; connect all views of this trajectory"),
        ({"images": make_images()[:, :48]}, "views: wanted the cameras' aspect 64x64, got 64x48; connect the trajectory that"),
        ({"depth": make_depth(9)}, "depth: wanted anchors among the 4 views, got view 9; connect depth of this trajectory"),
        ({"masks": torch.ones(1, SIZE, SIZE)}, "masks: wanted 4 of 64x64 pixels, one for each picture, got 1 of 64x64 pixels; connect"),
        ({"true_views": make_images(2)}, "true views: wanted 4 of 64x64 pixels"),
        ({"reference_masks": torch.ones(1, SIZE, SIZE)}, "reference masks: wanted references with them, got none; connect references"),
        ({"encoder": "dino"}, "encoder: wanted references to compare with, got none; connect them, or set encoder to 'none'"),
        ({"text_encoder": "clip"}, "text_encoder: wanted the prompt of these views, got none"),
        (
            {"text_encoder": "clip", "prompt": "a box"},
            "text_encoder: wanted one of none, got 'clip'; put its folder in models/mvcustom_encoders",
        ),
    ],
)
def test_inputs_that_do_not_fit(inputs: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Node.execute(**{"images": make_images(), "cameras": make_cameras(), **inputs})


def test_node_is_listed() -> None:
    assert Node in NODES and "pycolmap" in Node.GET_SCHEMA().description
