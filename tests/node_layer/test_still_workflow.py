"""The workflow for one photograph: it runs to the end on the embedded backbone, keeps the photograph, and its note names its files."""

from __future__ import annotations

import importlib
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from comfy_api.latest import io
from PIL import Image

from mvcustom.devtools.workflow import apply_override, convert_workflow
from mvcustom.mvcustom_core.backbone.recipe import SD15
from mvcustom.mvcustom_core.camera.cameras import Cameras
from mvcustom.nodes.backbone.load_backbone import MVCustomLoadBackbone
from mvcustom.nodes.sampling.anchor_photograph import MVCustomAnchorPhotograph
from mvcustom.tests.host.embedded import load_once, make_cameras
from mvcustom.tests.host.in_process import ComfyInProcess
from mvcustom.tests.node_layer.test_sd15_workflows import describe_nodes, read_workflow

STILL = "mvcustom_still_single_photograph"
SIZE, FOCAL = 64, 1.1  # pixels; focal length in widths
FILES = {
    "checkpoints": "v1-5-pruned-emaonly-fp16.safetensors",
    "animatediff_models": "v3_sd15_mm.ckpt",
    "geometry_estimation": "moge_2_vitl_normal_fp16.safetensors",
}
SMALL = [
    "Crop to 512x512.width=64", "Crop to 512x512.height=64", "Camera Trajectory.views=3", "Steps.steps=3",
]  # fmt: skip


@pytest.fixture
def host(comfy: ComfyInProcess, monkeypatch: pytest.MonkeyPatch) -> Iterator[ComfyInProcess]:
    """The files where the workflow wants them; the loader gives the embedded backbone, and MoGe a ball in front of a wall."""

    class EmbeddedBackbone(MVCustomLoadBackbone):
        @classmethod
        def execute(cls, checkpoint: str, motion_file: str, preset: str, **choices: str) -> io.NodeOutput:
            assert (checkpoint, motion_file, preset) == (FILES["checkpoints"], FILES["animatediff_models"], SD15)
            return io.NodeOutput(*load_once(), "embedded")

    nodes = comfy.nodes.NODE_CLASS_MAPPINGS

    class NoMoGe(nodes["LoadMoGeModel"]):
        @classmethod
        def execute(cls, model_name: str) -> io.NodeOutput:
            assert model_name == FILES["geometry_estimation"]
            return io.NodeOutput(None)

    class BallBeforeWall(nodes["MoGeInference"]):
        @classmethod
        def execute(cls, moge_model: None, image: torch.Tensor, **choices: Any) -> io.NodeOutput:
            y, x = torch.meshgrid(*[torch.linspace(-1, 1, side) for side in image.shape[1:3]], indexing="ij")
            depth = torch.where(x.square() + y.square() < 0.2, 2.0, 4.0)[None]
            K = torch.tensor([[[FOCAL, 0, 0.5], [0, FOCAL, 0.5], [0, 0, 1]]])
            return io.NodeOutput({"image": image, "depth": depth, "intrinsics": K, "mask": torch.ones_like(depth)})

    # Get Image Size tells the browser the size that it found
    server = types.SimpleNamespace(send_progress_text=lambda *told: None, client_id=None)
    monkeypatch.setattr(importlib.import_module("server").PromptServer, "instance", server, raising=False)
    for name, stand_in in (("MVCustomLoadBackbone", EmbeddedBackbone), ("LoadMoGeModel", NoMoGe), ("MoGeInference", BallBeforeWall)):
        monkeypatch.setitem(nodes, name, stand_in)
    paths = [Path(comfy.folder_paths.get_folder_paths(folder)[0], name) for folder, name in FILES.items()]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    pixels = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)  # broader than high, so that it is cropped
    Image.fromarray(pixels).resize((96, 72)).save(Path(comfy.folder_paths.get_input_directory(), "example.png"))
    yield comfy
    for path in paths:
        path.unlink()


def run(comfy: ComfyInProcess) -> dict[str, Any]:
    """The outputs by title, at a size that a test can afford."""
    prompt = convert_workflow(read_workflow(STILL), describe_nodes(comfy))
    for change in SMALL:
        prompt = apply_override(prompt, change)
    return {prompt[node]["_meta"]["title"]: output for node, output in comfy.run(prompt).items()}


def test_photograph_is_kept_and_the_other_views_are_drawn(host: ComfyInProcess) -> None:
    outputs = run(host)
    root = host.folder_paths.get_output_directory()
    views = [Image.open(Path(root, image["subfolder"], image["filename"])) for image in outputs["Views"]["images"]]
    assert [view.size for view in views] == [(SIZE, SIZE)] * 3 and outputs["Video"]["images"][0]["filename"].endswith(".mp4")
    assert "view 0; MoGe; scaled depth" in outputs["Report of the depth"]["text"][0]
    crop = Image.open(Path(host.folder_paths.get_input_directory(), "example.png")).crop((12, 0, 84, 72))
    photograph = torch.from_numpy(np.asarray(crop.resize((SIZE, SIZE), Image.Resampling.LANCZOS))).float()[None] / 255
    vae = load_once()[2]
    with torch.inference_mode():
        kept = vae.decode(vae.encode(photograph))[0]
    first, second = (torch.from_numpy(np.asarray(view).copy()).float() / 255 for view in views[:2])
    assert (first - kept).abs().max() < 0.03, "view 0 is the photograph, but for the VAE"
    assert (second - kept).abs().mean() > 0.03, "the others are drawn"


def test_path_starts_with_the_photographs_lens(host: ComfyInProcess) -> None:
    """Of the square that was cropped, as MoGe estimates it."""
    seen: list[Cameras] = []

    class Watched(MVCustomAnchorPhotograph):
        @classmethod
        def execute(cls, photograph: torch.Tensor, vae: Any, cameras: Cameras, anchor: int) -> io.NodeOutput:
            seen.append(cameras)
            raise ValueError("enough")

    host.nodes.NODE_CLASS_MAPPINGS["MVCustomAnchorPhotograph"] = Watched
    try:
        with pytest.raises(RuntimeError, match="enough"):
            run(host)
    finally:
        host.nodes.NODE_CLASS_MAPPINGS["MVCustomAnchorPhotograph"] = MVCustomAnchorPhotograph
    (cameras,) = seen
    torch.testing.assert_close(cameras.K[0, 0, 0], torch.tensor(FOCAL * SIZE))
    assert len(cameras) == 3 and float(cameras.centers[0, 0]) == pytest.approx(0.0, abs=1e-6), "view 0 is at angle 0"


def test_note_names_every_file_and_its_folder() -> None:
    nodes = read_workflow(STILL)["nodes"]
    notes = "\n".join(node["widgets_values"][0] for node in nodes if node["type"] == "MarkdownNote")
    chosen = {value for node in nodes for value in node.get("widgets_values") or [] if str(value).endswith((".safetensors", ".ckpt"))}
    assert chosen == set(FILES.values())
    assert all(f"`models/{folder}`" in notes and f"`{file}`" in notes for folder, file in FILES.items())
    assert "measured on published weights" in notes


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"photograph": torch.rand(2, SIZE, SIZE, 3)}, "photograph: wanted one, got 2"),
        (
            {"photograph": torch.rand(1, SIZE, 48, 3)},
            "photograph: wanted the cameras' size 64x64, got 48x64; crop and scale it with Upscale",
        ),
        ({"anchor": 3}, "anchor: wanted a view from 0 to 2, got 3"),
    ],
)
@pytest.mark.usefixtures("comfy")
def test_what_cannot_be_the_anchor_is_refused(changes: dict[str, Any], message: str) -> None:
    inputs = {"photograph": torch.rand(1, SIZE, SIZE, 3), "vae": None, "cameras": make_cameras(), "anchor": 0}
    with pytest.raises(ValueError, match=message):
        MVCustomAnchorPhotograph.execute(**{**inputs, **changes})
