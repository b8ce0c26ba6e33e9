"""What ComfyUI asks of a node before it runs: a value that comes over a link is not known yet, and an error belongs to one input."""

from __future__ import annotations

import asyncio
import inspect
from pathlib import Path
from typing import Any

import execution
import pytest
from comfy_execution.graph import DynamicPrompt

from mvcustom.nodes.catalogue import NODES
from mvcustom.tests.host.in_process import ComfyInProcess
from mvcustom.tests.node_layer.test_contradictions import REQUIRED

LINK = ["text", 0]
PATH = {"path": "file", "path.file": LINK, "path.start": "as written", "path.scale": 1.0}
LINKED: dict[str, dict[str, Any]] = {
    "MVCustomCameraTrajectory": {"base_view": 0, "width": 64, "height": 64, "views": 3, **PATH},
    "MVCustomLoadPosedImages": {"folder": LINK, "size": 64, "limit": 0},
    "MVCustomLoadConcept": {"concept_file": LINK},
    "MVCustomConvertCameras": {"file": LINK},
    "MVCustomLoadMVGD": {"mvgd_file": LINK},
}


def ask_for_changes(node: str, inputs: dict[str, Any]) -> Any:
    """The fingerprint that ComfyUI itself gets of a node in a prompt."""
    prompt = {"node": {"class_type": node, "inputs": inputs}, "text": {"class_type": "CLIPTextEncode", "inputs": {}}}
    cache = execution.IsChangedCache("test", DynamicPrompt(prompt), None)
    return asyncio.run(cache.get("node"))


@pytest.mark.usefixtures("comfy")
def test_every_node_with_a_fingerprint_is_asked() -> None:
    assert {node.define_schema().node_id for node in NODES if "fingerprint_inputs" in vars(node)} == set(LINKED)


@pytest.mark.parametrize(
    ("node", "inputs"), [*LINKED.items(), ("MVCustomLoadPosedImages", {"folder": "nowhere", "size": 64, "limit": 0, "sequence": LINK})]
)
def test_a_linked_file_has_a_constant_fingerprint(comfy: ComfyInProcess, node: str, inputs: dict[str, Any]) -> None:
    """An error would make the node, and all that follows it, run again at every queue: ComfyUI then takes NaN, which equals nothing."""
    assert ask_for_changes(node, inputs) == ask_for_changes(node, inputs)


@pytest.mark.usefixtures("comfy")
def test_validation_looks_at_one_input_or_at_those_that_can_contradict_each_other() -> None:
    """ComfyUI repeats a refusal at every input that `validate_inputs` names. What each refuses is tested elsewhere."""
    named = {
        node.define_schema().node_id: inspect.getfullargspec(node.validate_inputs).args[1:]
        for node in NODES
        if "validate_inputs" in vars(node)
    }
    assert {node for node, names in named.items() if len(names) > 1} == set(REQUIRED)


def test_a_wrong_folder_is_blamed_alone(comfy: ComfyInProcess, tmp_path: Path) -> None:
    inputs = {"folder": str(tmp_path / "nowhere"), "size": 64, "limit": 0, "subject_center": "1 2 3"}
    prompt = {
        "photographs": {"class_type": "MVCustomLoadPosedImages", "inputs": inputs},
        "show": {"class_type": "PreviewImage", "inputs": {"images": ["photographs", 0]}},
    }
    *_, faults = asyncio.run(execution.validate_prompt("test", prompt, None))
    assert [error["extra_info"]["input_name"] for error in faults["photographs"]["errors"]] == ["folder"]
    assert "wanted a folder" in faults["photographs"]["errors"][0]["details"]
