"""From a saved workflow to a prompt. The browser's own conversion is compared in tests/browser; here are the single rules and refusals."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from mvcustom.devtools.server import ComfyServer, ServerError
from mvcustom.devtools.workflow import apply_override, convert_workflow

CORE_WORKFLOW = json.loads(Path(__file__).resolve().parents[1].joinpath("data", "core_workflow.json").read_text(encoding="utf-8"))

MODES = [
    {"key": "orbit", "inputs": {"required": {"yaw": ["FLOAT", {"default": 35.0}]}}},
    {"key": "points", "inputs": {"required": {"x": ["FLOAT", {}], "y": ["FLOAT", {}]}, "optional": {"image": ["IMAGE", {}]}}},
]
OBJECT_INFO: dict[str, Any] = {
    "Sampler": {
        "display_name": "A sampler",
        "input": {
            "required": {"model": ["MODEL"], "seed": ["INT", {"default": 0, "control_after_generate": True}], "name": [["euler", "heun"]]},
            "optional": {"strength": ["FLOAT", {"default": 0.5}], "mask": ["MASK", {}], "amount": ["INT", {"forceInput": True}]},
        },
        "input_order": {"required": ["model", "seed", "name"], "optional": ["strength", "mask", "amount"]},
    },
    "Camera": {
        "display_name": "A camera",
        "input": {"required": {"mode": ["COMFY_DYNAMICCOMBO_V3", {"options": MODES}], "fov": ["FLOAT", {"default": 35.0}]}},
        "input_order": {"required": ["mode", "fov"]},
    },
    "Load": {
        "display_name": "Load",
        "input": {"required": {"image": [["a.png"], {"image_upload": True}]}},
        "input_order": {"required": ["image"]},
    },
}


def make_workflow(*nodes: dict[str, Any], links: tuple[list[Any], ...] = ()) -> dict[str, Any]:
    return {"nodes": [{"id": number, **node} for number, node in enumerate(nodes, start=1)], "links": list(links)}


def convert_one(**node: Any) -> dict[str, Any]:
    return convert_workflow(make_workflow(node), OBJECT_INFO)["1"]["inputs"]


def test_values_get_their_names() -> None:
    assert convert_one(type="Sampler", widgets_values=[7, "fixed", "heun", 0.25]) == {"seed": 7, "name": "heun", "strength": 0.25}


def test_missing_last_value_gets_its_default() -> None:
    assert convert_one(type="Sampler", widgets_values=[7, "fixed", "heun"])["strength"] == 0.5


def test_dynamic_combo_brings_the_widgets_of_its_choice() -> None:
    assert convert_one(type="Camera", widgets_values=["orbit", 10.0, 50.0]) == {"mode": "orbit", "mode.yaw": 10.0, "fov": 50.0}
    points = {"mode": "points", "mode.x": 1.0, "mode.y": 2.0, "fov": 50.0}
    assert convert_one(type="Camera", widgets_values=["points", 1.0, 2.0, 50.0]) == points


def test_upload_button_is_no_input() -> None:
    slots = [{"name": name, "widget": {"name": name}, "link": None} for name in ("image", "upload")]
    assert convert_one(type="Load", widgets_values=["a.png", "image"], inputs=slots) == {"image": "a.png"}


def test_list_value_is_not_taken_for_a_link() -> None:
    assert convert_one(type="Load", widgets_values=[["3", 0]]) == {"image": {"__value__": ["3", 0]}}


def test_title_is_the_users_or_the_display_name() -> None:
    prompt = convert_workflow(make_workflow({"type": "Load", "title": "Mine"}, {"type": "Load"}), OBJECT_INFO)
    assert [node["_meta"]["title"] for node in prompt.values()] == ["Mine", "Load"]


def test_links_run_through_reroutes_and_primitives_give_values() -> None:
    workflow = make_workflow(
        {"type": "Load", "widgets_values": ["a.png"]},
        {"type": "Reroute", "inputs": [{"name": "", "link": 1}]},
        {"type": "PrimitiveNode", "widgets_values": [11, "fixed"]},
        {
            "type": "Sampler",
            "widgets_values": [0],
            "inputs": [{"name": "mask", "link": 2}, {"name": "seed", "link": 3, "widget": {"name": "seed"}}],
        },
        {"type": "Note", "widgets_values": ["read me"]},
        links=([1, 1, 1, 2, 0, "MASK"], [2, 2, 0, 4, 0, "MASK"], [3, 3, 0, 4, 1, "INT"]),
    )
    prompt = convert_workflow(workflow, OBJECT_INFO)
    assert sorted(prompt) == ["1", "4"]
    assert prompt["4"]["inputs"]["mask"] == ["1", 1]
    assert prompt["4"]["inputs"]["seed"] == 11


@pytest.mark.parametrize(
    ("node", "complaint"),
    [
        ({"type": "Load", "mode": 2}, "muted"),
        ({"type": "Load", "mode": 4}, "bypassed"),
        ({"type": "Unknown"}, "not known to the server"),
        ({"type": "Camera", "widgets_values": ["orbit", 10.0, 50.0, 1.0]}, "1 widget values too many"),
        ({"type": "Camera", "widgets_values": {"mode": "orbit"}}, "by name"),
        ({"type": "Load", "inputs": [{"name": "curve", "widget": {"name": "curve"}, "link": None}]}, "only a browser can read: curve"),
    ],
)
def test_what_cannot_be_converted_is_refused(node: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        convert_workflow(make_workflow(node), OBJECT_INFO)


def test_loose_reroute_is_refused() -> None:
    reroute, load = {"type": "Reroute", "inputs": [{"name": "", "link": None}]}, {"type": "Load", "inputs": [{"name": "x", "link": 1}]}
    with pytest.raises(ValueError, match="nothing connected"):
        convert_workflow(make_workflow(reroute, load, links=([1, 1, 0, 2, 0, "*"],)), OBJECT_INFO)


PROMPT = {
    "1": {"class_type": "Camera", "inputs": {"mode": "orbit", "mode.yaw": 1.0}, "_meta": {"title": "Path no. 1"}},
    "2": {"class_type": "Load", "inputs": {"image": "a.png"}, "_meta": {"title": "Twin"}},
    "3": {"class_type": "Load", "inputs": {"image": "a.png"}, "_meta": {"title": "Twin"}},
}


def test_override_changes_a_copy() -> None:
    before = copy.deepcopy(PROMPT)
    assert apply_override(PROMPT, "Path no. 1.mode.yaw=2.5")["1"]["inputs"]["mode.yaw"] == 2.5
    assert apply_override(PROMPT, "1.mode=points")["1"]["inputs"]["mode"] == "points"
    assert apply_override(PROMPT, "3.image=b=c.png")["3"]["inputs"]["image"] == "b=c.png"
    assert before == PROMPT


@pytest.mark.parametrize("override", ["Twin.image=b.png", "Nobody.image=b.png", "2.mask=b.png", "2.image"])
def test_override_that_fits_no_single_input_is_refused(override: str) -> None:
    with pytest.raises(ValueError, match="wanted"):
        apply_override(PROMPT, override)


def test_server_runs_the_converted_workflow(comfy_server: ComfyServer) -> None:
    prompt = convert_workflow(CORE_WORKFLOW, comfy_server.get_json("/object_info"))
    events: list[str] = []
    run = comfy_server.run_prompt(apply_override(prompt, "Ground.height=32"), lambda name, data: events.append(name))
    (views,) = run.outputs.values()
    assert len(views["images"]) == 2
    assert list(run.seconds) == ["1", "3", "4", "5", "6"]
    assert events[0] == "execution_start" and "execution_success" in events
    assert sum(run.seconds.values()) <= run.total_seconds


def test_server_refusal_names_the_node(comfy_server: ComfyServer) -> None:
    prompt = convert_workflow(CORE_WORKFLOW, comfy_server.get_json("/object_info"))
    with pytest.raises(ServerError, match=r"Ground \(node 1, EmptyImage\): .*height"):
        comfy_server.run_prompt(apply_override(prompt, "Ground.height=-1"))


def test_server_failure_names_the_node(comfy_server: ComfyServer) -> None:
    prompt = convert_workflow(CORE_WORKFLOW, comfy_server.get_json("/object_info"))
    with pytest.raises(ServerError, match=r"Views \(node 6, SaveImage\) failed"):
        comfy_server.run_prompt(apply_override(prompt, "Views.filename_prefix=../../outside"))
