"""The user's way: the workflow is opened in the browser, every node is there, and the queue button runs it to the end.

Pictures of the graph go to output/browser/. The prompt that the browser builds is also the reference for the converter that the demo uses.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mvcustom.devtools.server import ComfyServer
from mvcustom.devtools.workflow import convert_workflow
from mvcustom.tests.browser.chromium import ChromiumPage, find_chromium

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "output" / "browser"
CORE_WORKFLOW = ROOT / "tests" / "data" / "core_workflow.json"
DEMO_WORKFLOW = ROOT / "workflows" / "mvcustom_demo.json"
SETTLE_MILLISECONDS = 2500  # the interface goes on moving things after it is loaded, and draws results after they arrive
RUN_SECONDS = 600

# Smaller values for the demo: what the browser shows is whether it runs, not how good the pictures are. Class -> input -> value.
DEMO_ECONOMIES: dict[str, dict[str, Any]] = {
    "MVCustomRenderDemoSubject": {"views": 6},
    "MVCustomLearnConcept": {"steps": 3, "rendering_steps": 1},
    "BasicScheduler": {"steps": 4},
}

READY = "window.app?.canvas && window.LiteGraph?.registered_node_types?.SaveImage"
SETTLE = f"new Promise(resolve => setTimeout(resolve, {SETTLE_MILLISECONDS}))"
MISSING_NODES = "app.graph._nodes.map(node => node.type).filter(type => !LiteGraph.registered_node_types[type])"
SET_WIDGETS = """(economies => {
    const unused = new Set(Object.entries(economies).flatMap(([type, values]) => Object.keys(values).map(name => `${type}.${name}`)))
    for (const node of app.graph._nodes)
        for (const [name, value] of Object.entries(economies[node.type] ?? {})) {
            const widget = node.widgets?.find(widget => widget.name === name)
            if (widget) { widget.value = value; unused.delete(`${node.type}.${name}`) }
        }
    return [...unused]
})"""
QUEUE_AND_WAIT = """new Promise(resolve => {
    for (const name of ['execution_success', 'execution_error', 'execution_interrupted'])
        app.api.addEventListener(name, event => resolve({name, message: event.detail?.exception_message ?? ''}))
    app.queuePrompt(0, 1).then(queued => { if (queued === false) resolve({name: 'refused', message: JSON.stringify(app.lastNodeErrors)}) })
})"""


@pytest.fixture(scope="module")
def page(comfy_server: ComfyServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChromiumPage]:
    """The user interface of the server, ready for work."""
    binary = find_chromium()
    if binary is None:
        pytest.skip("no chromium on the PATH: the user interface is not tested")
    with ChromiumPage(binary, tmp_path_factory.mktemp("chromium")) as page:
        page.open(f"http://{comfy_server.address}")
        page.wait_for(READY)
        page.evaluate(SETTLE)
        yield page


def open_workflow(page: ChromiumPage, file: Path) -> dict[str, Any]:
    """Load a workflow file as dropping it on the page does, and return what it holds."""
    text = file.read_text(encoding="utf-8")
    page.evaluate(f"app.loadGraphData({text}, true, true, {json.dumps(file.stem)})")
    page.evaluate(SETTLE)
    return json.loads(text)


def strip_titles(prompt: dict[str, Any]) -> dict[str, Any]:
    return {node: {"class_type": entry["class_type"], "inputs": entry["inputs"]} for node, entry in prompt.items()}


def check_workflow(page: ChromiumPage, server: ComfyServer, file: Path, economies: dict[str, dict[str, Any]]) -> None:
    workflow = open_workflow(page, file)
    assert page.evaluate(MISSING_NODES) == []
    browser_prompt = page.evaluate("app.graphToPrompt().then(built => built.output)")
    assert strip_titles(convert_workflow(workflow, server.get_json("/object_info"))) == strip_titles(browser_prompt)
    page.save_screenshot(PICTURES / f"{file.stem}_opened.png")
    assert page.evaluate(f"{SET_WIDGETS}({json.dumps(economies)})") == [], "the table of economies names widgets that the workflow lacks"
    ending = page.evaluate(QUEUE_AND_WAIT, timeout=RUN_SECONDS)
    assert ending == {"name": "execution_success", "message": ""}
    page.evaluate(SETTLE)
    page.save_screenshot(PICTURES / f"{file.stem}_finished.png")


def test_core_workflow_runs_in_the_browser(page: ChromiumPage, comfy_server: ComfyServer) -> None:
    check_workflow(page, comfy_server, CORE_WORKFLOW, {"EmptyImage": {"batch_size": 2}})


@pytest.mark.skipif(not DEMO_WORKFLOW.exists(), reason=f"there is no {DEMO_WORKFLOW.relative_to(ROOT)} yet")
def test_demo_workflow_runs_in_the_browser(page: ChromiumPage, comfy_server: ComfyServer) -> None:
    check_workflow(page, comfy_server, DEMO_WORKFLOW, DEMO_ECONOMIES)


def test_missing_nodes_are_noticed(page: ChromiumPage, tmp_path: Path) -> None:
    workflow = json.loads(CORE_WORKFLOW.read_text(encoding="utf-8"))
    workflow["nodes"][0]["type"] = "NoSuchNode"
    file = tmp_path / "broken.json"
    file.write_text(json.dumps(workflow), encoding="utf-8")
    open_workflow(page, file)
    assert page.evaluate(MISSING_NODES) == ["NoSuchNode"]
