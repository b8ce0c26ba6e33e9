"""The user's way: the workflow is opened in the browser, every node is there, and the queue button runs it to the end.

Pictures of the graph go to output/browser/. The prompt that the browser builds is also the reference for the converter that the demo uses.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mvcustom.devtools.server import ComfyServer
from mvcustom.devtools.workflow import convert_workflow
from mvcustom.tests.browser.chromium import ChromiumPage
from mvcustom.tests.browser.conftest import READY, SETTLE

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "output" / "browser"
CORE_WORKFLOW = ROOT / "tests" / "data" / "core_workflow.json"
DEMO_WORKFLOW = ROOT / "workflows" / "mvcustom_demo_camera_path.json"
RUN_SECONDS = 600

# Smaller values for the demo: what the browser shows is whether it runs, not how good the pictures are. Class -> input -> value.
DEMO_ECONOMIES: dict[str, dict[str, Any]] = {
    "MVCustomRenderDemoSubject": {"views": 6, "size": 64},
    "MVCustomLearnConcept": {"steps": 3, "rendering_steps": 1},
    "MVCustomCameraTrajectory": {"width": 64, "height": 64, "views": 3},
    "BasicScheduler": {"steps": 2},
}

# Workflows for files that nobody may ship: opened and accepted with empty files of the right names, which the loaders then refuse.
NAMED_FILES = (
    "models/checkpoints/v1-5-pruned-emaonly-fp16.safetensors",
    "models/animatediff_models/v3_sd15_mm.ckpt",
    "models/geometry_estimation/depth_anything_3_mono_large.safetensors",
    "models/geometry_estimation/moge_2_vitl_normal_fp16.safetensors",
    "input/example.png",
    "output/mvcustom/my_subject_00001_.safetensors",
    "input/my_subject/transforms.json",
    "input/my_photographs/0.png",
)

# What a user chooses; the workflows name no folder.
FOLDERS = {"MVCustomLoadPosedImages": {"folder": "my_subject"}, "LoadImageDataSetFromFolder": {"folder": "my_photographs"}}

MISSING_NODES = "app.graph._nodes.map(node => node.type).filter(type => !LiteGraph.registered_node_types[type])"
SHOW_ALL = """(() => {
    const items = [...app.graph._nodes, ...app.graph._groups]
    const boxes = items.map(item => [...item.pos, item.pos[0] + item.size[0], item.pos[1] + item.size[1]])
    const [left, top] = [0, 1].map(axis => Math.min(...boxes.map(box => box[axis])))
    const [right, bottom] = [2, 3].map(axis => Math.max(...boxes.map(box => box[axis])))
    const scale = Math.min(1, innerWidth / (right - left + 400), innerHeight / (bottom - top + 300))
    app.canvas.ds.scale = scale
    app.canvas.ds.offset = [90 / scale - left, 120 / scale - top]
    app.graph.setDirtyCanvas(true, true)
})()"""
UNKNOWN_CHOICES = """(() => {
    const isUnknown = widget => Array.isArray(widget.options?.values) && !widget.options.values.includes(widget.value)
    const widgets = app.graph._nodes.flatMap(node => node.widgets ?? [])
    return widgets.filter(isUnknown).map(widget => `${widget.name}: ${widget.value}`)
})()"""
# Boxes as they are drawn: by the canvas, or by the page in Nodes 2.0. A pixel of rounding is no overlap.
BOXES = """const box = node => {
    const drawn = LiteGraph.vueNodesMode && document.querySelector(`[data-node-id="${node.id}"]`)?.getBoundingClientRect()
    const { scale, offset } = app.canvas.ds, { left, top } = app.canvas.canvas.getBoundingClientRect()
    const [x, y, width, height] = drawn
        ? [(drawn.left - left) / scale - offset[0], (drawn.top - top) / scale - offset[1], drawn.width / scale, drawn.height / scale]
        : node.boundingRect
    return [x + 1, y + 1, x + width - 1, y + height - 1]
}
const nodes = app.graph._nodes"""
OVERLAPS = f"""(() => {{
    {BOXES}
    const apart = (a, b) => a[2] <= b[0] || b[2] <= a[0] || a[3] <= b[1] || b[3] <= a[1]
    return nodes.flatMap((a, i) => nodes.slice(i + 1).filter(b => !apart(box(a), box(b))).map(b => `${{a.title}} / ${{b.title}}`))
}})()"""
OUTSIDE = f"""(() => {{
    {BOXES}
    const holds = ([x, y, width, height], b) => x <= b[0] && y <= b[1] && b[2] <= x + width && b[3] <= y + height
    return nodes.filter(node => !app.graph._groups.some(group => holds(group._bounding, box(node)))).map(node => node.title)
}})()"""
# What the output nodes show. ComfyUI does not tell the page again what other nodes showed, if it has no need to compute them.
SHOWN = """Object.fromEntries(app.graph._nodes.filter(node => node.constructor.nodeData?.output_node).map(node => {
    const { images, text } = app.nodeOutputs[node.id] ?? {}
    return [node.title, [images?.map(image => image.filename), text]]
}))"""
DRAW_WITH = "(vue => app.extensionManager.setting.set('Comfy.VueNodes.Enabled', vue))"
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


def open_workflow(page: ChromiumPage, file: Path) -> dict[str, Any]:
    """Load a workflow file as dropping it on the page does, and return what it holds."""
    text = file.read_text(encoding="utf-8")
    page.evaluate(f"app.loadGraphData({text}, true, true, {json.dumps(file.stem)})")
    page.evaluate(SETTLE)
    return json.loads(text)


def check_opening(page: ChromiumPage, server: ComfyServer, file: Path) -> None:
    """Every node is there, and the browser builds the prompt that the converter builds. Leaves a picture of the graph."""
    workflow = open_workflow(page, file)
    assert page.evaluate(MISSING_NODES) == []
    browser_prompt = page.evaluate("app.graphToPrompt().then(built => built.output)")
    assert strip_titles(convert_workflow(workflow, server.get_json("/object_info"))) == strip_titles(browser_prompt)
    page.evaluate(SHOW_ALL)
    page.evaluate(SETTLE)
    page.save_screenshot(PICTURES / f"{file.stem}_opened.png")


def check_places(page: ChromiumPage, name: str) -> None:
    """No node lies over another, and each lies inside a group: in the classic canvas, and in Nodes 2.0. Leaves pictures."""
    for vue in (True, False):
        page.evaluate(f"{DRAW_WITH}({json.dumps(vue)})")
        page.evaluate(SHOW_ALL)
        page.evaluate(SETTLE)
        page.save_screenshot(PICTURES / f"{name}_{'nodes2' if vue else 'canvas'}.png")
        assert (page.evaluate(OVERLAPS), page.evaluate(OUTSIDE)) == ([], []), f"Nodes 2.0: {vue}"


def strip_titles(prompt: dict[str, Any]) -> dict[str, Any]:
    return {node: {"class_type": entry["class_type"], "inputs": entry["inputs"]} for node, entry in prompt.items()}


def check_workflow(page: ChromiumPage, server: ComfyServer, file: Path, economies: dict[str, dict[str, Any]]) -> None:
    check_opening(page, server, file)
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
    check_places(page, "mvcustom_demo_finished")  # with all previews
    before = page.evaluate(SHOWN)
    assert all(images or text for images, text in before.values())
    page.evaluate("window.isOld = true")
    page.open(f"http://{comfy_server.address}")
    page.wait_for(f"!window.isOld && {READY}")
    open_workflow(page, DEMO_WORKFLOW)
    page.evaluate(f"{SET_WIDGETS}({json.dumps(DEMO_ECONOMIES)})")
    assert page.evaluate(QUEUE_AND_WAIT, timeout=RUN_SECONDS)["name"] == "execution_success"
    assert page.evaluate(SHOWN) == before, "nothing was computed again, and the last run's pictures and texts are back"


@pytest.mark.parametrize(
    "name",
    [
        "mvcustom_sd15_learn_photographs",
        "mvcustom_sd15_views_3d_consistent",
        "mvcustom_photos_of_an_object",
        "mvcustom_solve_photographs",
        "mvcustom_still_single_photograph",
    ],
)
def test_workflow_for_the_users_files_opens_and_is_accepted(page: ChromiumPage, comfy_server: ComfyServer, name: str) -> None:
    base = comfy_server.log_path.parent
    for file in NAMED_FILES:
        (base / file).parent.mkdir(parents=True, exist_ok=True)
        (base / file).touch()
    page.evaluate("app.refreshComboInNodes()")
    check_opening(page, comfy_server, ROOT / "workflows" / f"{name}.json")
    check_places(page, name)
    chosen = {node: choices for node, choices in FOLDERS.items() if page.evaluate(f"app.graph.findNodesByType('{node}').length")}
    assert page.evaluate(f"{SET_WIDGETS}({json.dumps(chosen)})") == []
    assert page.evaluate(UNKNOWN_CHOICES) == []
    ending = page.evaluate(QUEUE_AND_WAIT, timeout=RUN_SECONDS)
    assert ending["name"] == "execution_error", ending  # accepted as it is; the run then meets an empty file
    assert not page.evaluate("Object.keys(app.lastNodeErrors ?? {})")


def test_missing_nodes_are_noticed(page: ChromiumPage, tmp_path: Path) -> None:
    workflow = json.loads(CORE_WORKFLOW.read_text(encoding="utf-8"))
    workflow["nodes"][0]["type"] = "NoSuchNode"
    file = tmp_path / "broken.json"
    file.write_text(json.dumps(workflow), encoding="utf-8")
    open_workflow(page, file)
    assert page.evaluate(MISSING_NODES) == ["NoSuchNode"]
