"""The nodes' faces, frozen: a difference here is a saved workflow that no longer opens.

Widget values are saved by position, so the order of inputs counts. After a deliberate change: MVCUSTOM_UPDATE_SCHEMAS=1 python dev.py test
tests/node_layer/test_schemas.py, and read the difference of tests/data/schemas.json as a user would feel it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from mvcustom.tests.host.in_process import ComfyInProcess

SNAPSHOT = Path(__file__).resolve().parents[1] / "data" / "schemas.json"
UPDATE = "MVCUSTOM_UPDATE_SCHEMAS"
FILE_LISTS = ("checkpoint", "motion_file", "motion_lora", "concept_file", "mvgd_file")  # what users' folders hold, after ours
OURS = ("embedded (small, procedural scenes)", "none (embedded backbone)")


def describe_inputs(inputs: dict[str, Any], group: str, prefix: str = "") -> list[dict[str, Any]]:
    """Name, type, default and choices of each input of a group, in order; the choices of a dynamic combo bring inputs of their own."""
    described = []
    for name, (kind, *rest) in inputs.get(group, {}).items():
        options = rest[0] if rest else {}
        choices = options.get("options")
        choices = [choice for choice in choices if choice in OURS] if name in FILE_LISTS else choices
        nested = [choice for choice in choices or [] if isinstance(choice, dict)]
        entry = {"name": prefix + name, "type": kind, "group": group, "default": options.get("default")}
        described.append(entry | ({"choices": [choice["key"] for choice in nested] if nested else choices} if choices else {}))
        for choice in nested:
            for inner in ("required", "optional"):
                described += describe_inputs(choice["inputs"], inner, f"{prefix}{name}[{choice['key']}].")
    return described


def describe_node(node: Any) -> dict[str, Any]:
    info = json.loads(json.dumps(node.GET_NODE_INFO_V1()))
    return {
        "class": node.__name__,
        "category": info["category"],
        "output_node": bool(info["output_node"]),
        "inputs": [entry for group in ("required", "optional") for entry in describe_inputs(info["input"], group)],
        "outputs": [list(pair) for pair in zip(info["output"], info["output_name"], strict=True)],
    }


@pytest.fixture(scope="module")
def schemas(comfy: ComfyInProcess) -> dict[str, Any]:
    from mvcustom.nodes.catalogue import NODES

    return {node.GET_SCHEMA().node_id: describe_node(node) for node in NODES}


def test_schemas_are_as_published(schemas: dict[str, Any]) -> None:
    if os.environ.get(UPDATE):
        SNAPSHOT.write_text(json.dumps(schemas, indent=1, sort_keys=False) + "\n", encoding="utf-8")
    published = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
    assert sorted(schemas) == sorted(published)
    for node_id, schema in schemas.items():
        assert schema == published[node_id], f"{node_id} changed; if that is meant: {UPDATE}=1"


def test_ids_are_class_names_of_this_pack(schemas: dict[str, Any]) -> None:
    for node_id, schema in schemas.items():
        assert node_id == schema["class"]
        assert node_id.startswith("MVCustom")
        assert schema["category"].partition("/")[0] == "MVCustom"


def test_every_input_and_output_is_explained(comfy: ComfyInProcess) -> None:
    from mvcustom.nodes.catalogue import NODES

    for node in NODES:
        schema = node.GET_SCHEMA()
        assert schema.description, f"{schema.node_id} has no description"
        for socket in [*schema.inputs, *schema.outputs]:
            assert socket.tooltip, f"{schema.node_id}: {socket.id} has no tooltip"


def test_description_notices_a_moved_widget(comfy: ComfyInProcess) -> None:
    from comfy_api.latest import io

    def make_node(*names: str) -> type[io.ComfyNode]:
        class MVCustomProbe(io.ComfyNode):
            @classmethod
            def define_schema(cls) -> io.Schema:
                modes = io.DynamicCombo.Input("mode", options=[io.DynamicCombo.Option("near", [io.Float.Input("reach", default=1.0)])])
                widgets = [io.Int.Input(name, default=3) for name in names]
                return io.Schema(node_id="MVCustomProbe", category="MVCustom", inputs=[*widgets, modes], outputs=[io.Image.Output("views")])

            @classmethod
            def execute(cls, **inputs: object) -> io.NodeOutput:
                return io.NodeOutput(None)

        return MVCustomProbe

    assert describe_node(make_node("a", "b")) != describe_node(make_node("b", "a"))
    described = describe_node(make_node("a"))
    assert [(entry["name"], entry["default"]) for entry in described["inputs"]] == [("a", 3), ("mode", None), ("mode[near].reach", 1.0)]
    assert described["inputs"][1]["choices"] == ["near"]
    assert described["outputs"] == [["IMAGE", "views"]]
