"""The workflow for photographs without cameras, from a folder as the browser fills it to what is learned from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import folder_paths
import numpy as np
import pytest
from PIL import Image
from torch import Tensor

from mvcustom.devtools.workflow import apply_override, convert_workflow
from mvcustom.nodes.bridge.host.tensors import images_to_comfy
from mvcustom.tests.bridge_layer.photographs.browser_upload import send
from mvcustom.tests.core_layer.capture.table_scene import make_arc, photograph
from mvcustom.tests.host.in_process import ComfyInProcess
from mvcustom.tests.node_layer.test_sd15_workflows import describe_nodes

WORKFLOW = Path(__file__).resolve().parents[3] / "workflows" / "mvcustom_solve_photographs.json"
FOLDER = "my_photographs"
SHOWN = ("Saved photographs", "Report of the cameras")  # where the part ends that the other workflows do not have


@pytest.fixture(autouse=True)
def home(tmp_path: Path) -> Iterator[Path]:
    before = folder_paths.get_input_directory()
    folder_paths.set_input_directory(str(tmp_path))
    yield tmp_path
    folder_paths.set_input_directory(before)


def encode(picture: Tensor, folder: Path) -> bytes:
    """PNG of [H, W, 3] in 0..1."""
    file = folder / "encoded.png"
    Image.fromarray((picture.numpy() * 255).round().astype(np.uint8)).save(file)
    return file.read_bytes()


def keep_before(prompt: dict[str, Any], titles: tuple[str, ...]) -> dict[str, Any]:
    """The nodes of these titles, and all that they depend on."""
    kept = [name for name, entry in prompt.items() if entry["_meta"]["title"] in titles]
    for name in kept:
        kept += [value[0] for value in prompt[name]["inputs"].values() if isinstance(value, list) and value[0] not in kept]
    return {name: prompt[name] for name in kept}


def test_workflow_finds_cameras_of_uploaded_photographs(comfy: ComfyInProcess, tmp_path: Path, home: Path) -> None:
    pytest.importorskip("pycolmap", reason="the optional package pycolmap is not installed")
    pictures = images_to_comfy(photograph(make_arc())[0])
    assert send(FOLDER, {f"{i:02}.png": encode(picture, tmp_path) for i, picture in enumerate(pictures)})[0] == 200
    whole = convert_workflow(json.loads(WORKFLOW.read_text(encoding="utf-8")), describe_nodes(comfy))
    prompt = apply_override(keep_before(whole, SHOWN), f"Photographs without cameras.folder={FOLDER}")
    shown = {prompt[name]["_meta"]["title"]: output for name, output in comfy.run(prompt).items()}
    assert "views: 10 of 10 placed" in shown["Report of the cameras"]["text"][0]
    assert len(shown["Saved photographs"]["images"]) == 10
