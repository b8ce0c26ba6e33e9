"""The blueprints of `subgraphs/`: the server lists them, and one that is dropped into a graph becomes a node that runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mvcustom.devtools.comfyui import PACK_NAME
from mvcustom.devtools.server import ComfyServer
from mvcustom.tests.browser.chromium import ChromiumPage
from mvcustom.tests.browser.conftest import SETTLE
from mvcustom.tests.browser.test_workflows import (
    DEMO_ECONOMIES,
    DEMO_WORKFLOW,
    PICTURES,
    QUEUE_AND_WAIT,
    RUN_SECONDS,
    SET_WIDGETS,
    open_workflow,
)

FOLDER = Path(__file__).resolve().parents[2] / "subgraphs"
NAMES = sorted(file.stem for file in FOLDER.glob("*.json"))
LEARN, VIEWS = "Photographs to concept", "Two-pass views"

# As ComfyUI's node library adds a blueprint. Answers with the node's inputs and those of them that are widgets.
ADD = """(blueprint => {
    const items = { nodes: blueprint.nodes, subgraphs: blueprint.definitions.subgraphs }
    const added = app.canvas._deserializeItems(items, { position: [0, 1600] })
    window.blueprint = added.nodes.values().next().value
    return { inputs: window.blueprint.inputs.map(input => input.name), widgets: window.blueprint.widgets.map(widget => widget.name) }
})"""
CONNECT = """(links => {
    const find = title => title === 'blueprint' ? window.blueprint : app.graph._nodes.find(node => node.title === title)
    for (const [from, output, to, input] of links) {
        const [a, b] = [find(from), find(to)]
        a.connect(a.findOutputSlot(output), b, b.findInputSlot(input))
    }
})"""
KEEP = "(titles => app.graph._nodes.filter(node => !titles.includes(node.title)).forEach(node => app.graph.remove(node)))"
ADD_NODE = """((type, title) => {
    const node = LiteGraph.createNode(type)
    node.title = title
    app.graph.add(node)
})"""
SHOWN = "app.nodeOutputs[app.graph._nodes.find(node => node.title === 'result').id].images.length"


def add(page: ChromiumPage, server: ComfyServer, name: str) -> dict[str, list[str]]:
    listed = server.get_json("/global_subgraphs")
    (identity,) = (key for key, entry in listed.items() if entry["name"] == name and entry["info"]["node_pack"].endswith(PACK_NAME))
    return page.evaluate(f"{ADD}({server.get_json(f'/global_subgraphs/{identity}')['data']})")


def test_server_lists_the_blueprints(comfy_server: ComfyServer) -> None:
    listed = comfy_server.get_json("/global_subgraphs").values()
    assert sorted(entry["name"] for entry in listed if entry["info"]["node_pack"] == f"custom_nodes.{PACK_NAME}") == NAMES == [LEARN, VIEWS]


@pytest.mark.parametrize("name", NAMES)
def test_blueprint_is_one_node_of_known_nodes(comfy_server: ComfyServer, name: str) -> None:
    whole: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    (face,), (graph,) = whole["nodes"], whole["definitions"]["subgraphs"]
    assert face["type"] == graph["id"] and graph["name"] == name and whole["extra"]["BlueprintSearchAliases"]
    assert {node["type"] for node in graph["nodes"]} <= set(comfy_server.get_json("/object_info"))


def test_two_pass_views_draws_a_view_for_each_camera(page: ChromiumPage, comfy_server: ComfyServer) -> None:
    open_workflow(page, DEMO_WORKFLOW)
    page.evaluate(f"{KEEP}({json.dumps(['Photographs', 'Load MVCustom Backbone', 'Learn Concept', 'Camera Trajectory'])})")
    economies = {kind: values for kind, values in DEMO_ECONOMIES.items() if kind != "BasicScheduler"}
    assert page.evaluate(f"{SET_WIDGETS}({json.dumps(economies)})") == []
    added = add(page, comfy_server, VIEWS)
    assert added["inputs"][:8] == ["model", "clip", "vae", "concept", "cameras", "width", "height", "views"]
    assert {"prompt", "negative_prompt", "noise_seed", "steps", "text_guidance", "image_guidance", "depth_model"} <= set(added["widgets"])
    page.evaluate(f"{ADD_NODE}('PreviewImage', 'result')")
    links = [("Load MVCustom Backbone", name, "blueprint", name) for name in ("model", "clip", "vae")]
    links += [("Camera Trajectory", name, "blueprint", name) for name in ("cameras", "width", "height", "views")]
    links += [("Learn Concept", "concept", "blueprint", "concept"), ("blueprint", "views", "result", "images")]
    page.evaluate(f"{CONNECT}({json.dumps(links)})")
    page.evaluate("window.blueprint.widgets.find(widget => widget.name === 'steps').value = 2")
    prompt = page.evaluate("app.graphToPrompt().then(built => Object.values(built.output))")
    assert [entry["inputs"]["steps"] for entry in prompt if entry["class_type"] == "BasicScheduler"] == [2], "a value on the face counts"
    assert page.evaluate(QUEUE_AND_WAIT, timeout=RUN_SECONDS) == {"name": "execution_success", "message": ""}
    page.evaluate(SETTLE)
    page.save_screenshot(PICTURES / "blueprint_two_pass_views.png")
    assert page.evaluate(SHOWN) == 3


def test_photographs_to_concept_is_accepted(page: ChromiumPage, comfy_server: ComfyServer) -> None:
    """The run then ends at pictures in which there is nothing to find, or at the optional package."""
    open_workflow(page, DEMO_WORKFLOW)
    page.evaluate(f"{KEEP}({json.dumps(['Load MVCustom Backbone'])})")
    added = add(page, comfy_server, LEARN)
    assert added["inputs"][:5] == ["images", "masks", "model", "clip", "vae"]
    assert {"class_word", "preset", "size", "steps"} <= set(added["widgets"])
    for kind, title in (("EmptyImage", "blank"), ("PreviewImage", "result")):
        page.evaluate(f"{ADD_NODE}('{kind}', '{title}')")
    links = [("Load MVCustom Backbone", name, "blueprint", name) for name in ("model", "clip", "vae")]
    links += [("blank", "IMAGE", "blueprint", "images"), ("blueprint", "held_out_views", "result", "images")]
    page.evaluate(f"{CONNECT}({json.dumps(links)})")
    ending = page.evaluate(QUEUE_AND_WAIT, timeout=RUN_SECONDS)
    assert ending["name"] == "execution_error"
    assert "photographs: wanted at least 3" in ending["message"] or "pycolmap" in ending["message"]
    page.save_screenshot(PICTURES / "blueprint_photographs_to_concept.png")
