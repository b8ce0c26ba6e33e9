"""The camera path widget on a page: where its handles are, what its node holds, and how long a drag takes."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from typing import Any

from mvcustom.tests.browser.chromium import ChromiumPage
from mvcustom.tests.browser.hands import Hands, Place

MODULE = "/extensions/ComfyUI-MVCustom/js/camera_path.js"
NODE_IDS = itertools.count(1)
SHADOW = "document.querySelector('.mvcustom-camera-path')?.shadowRoot"
CANVAS = f"{SHADOW}?.querySelector('canvas')"
FRAME = "new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)))"

# Choose the renderer, and open a workflow of one node. The front end keeps values by node id, so that each has an id of its own.
START = """(async (vue, id, values) => {
    await app.extensionManager.setting.set('Comfy.VueNodes.Enabled', vue)
    const node = { id, type: 'MVCustomCameraTrajectory', pos: [300, 90], size: [340, 700], ...(values && { widgets_values: values }) }
    await app.loadGraphData({ last_node_id: id, last_link_id: 0, nodes: [node], links: [], groups: [], version: 0.4 }, true, true)
    app.canvas.ds.scale = 1
    app.canvas.ds.offset = [0, 0]
    app.graph.setDirtyCanvas(true, true)
})"""
NODE = "app.graph._nodes.find(node => node.type === 'MVCustomCameraTrajectory')"
# Pixels of the page of points of the scene, as seen by the view that the widget begins with; `changed` are other values of the path.
PLACES = (
    """(async (what, selected, changed) => {
    const widget = await import(MODULE)
    const node = NODE
    const output = app.nodeOutputs?.[String(node.id)]
    const base = widget.host.hasBaseCameras(node) ? widget.base.readBase(output) : null
    const state = widget.host.readPath(node)
    const model = widget.model.makeModel({ ...state, values: { ...state.values, ...changed } }, base, null, selected)
    const canvas = CANVAS
    const eye = widget.eye.eyeOfView(widget.view.FIRST_VIEW, model.frame, canvas.clientWidth, canvas.clientHeight)
    const box = canvas.getBoundingClientRect()
    const cameras = (base?.cameras ?? []).map(({ center }, i) => [String(i), center])
    const points = what === 'handles' ? model.handles.map(({ id, at }) => [id, at]) : cameras
    return Object.fromEntries(points.map(([name, point]) => {
        const [x, y] = widget.eye.project(eye, point)
        return [name, [box.x + x * box.width / canvas.clientWidth, box.y + y * box.height / canvas.clientHeight]]
    }))
})""".replace("MODULE", f"'{MODULE}'")
    .replace("NODE", NODE)
    .replace("CANVAS", CANVAS)
)
SET = """(values => {
    for (const [name, value] of Object.entries(values)) {
        const widget = NODE.widgets.find(widget => widget.name === name)
        widget.value = value
        widget.callback?.(value)
    }
})""".replace("NODE", NODE)
VALUES = f"Object.fromEntries({NODE}.widgets.filter(widget => widget.serialize !== false).map(({{ name, value }}) => [name, value]))"


@dataclass(frozen=True)
class CameraPathPage:
    page: ChromiumPage
    hands: Hands

    @classmethod
    def start(cls, page: ChromiumPage, vue: bool, stored: list[Any] | None = None) -> CameraPathPage:
        """Open the node, with the widget values of a saved workflow if there are any."""
        page.evaluate(f"{START}({json.dumps(vue)}, {next(NODE_IDS)}, {json.dumps(stored)})")
        page.wait_for(f"{CANVAS}?.clientHeight > 100")
        opened = cls(page, Hands(page))
        opened.settle()
        return opened

    def settle(self) -> None:
        self.page.evaluate(FRAME)

    def set(self, **values: Any) -> None:
        """Set inputs of the node as a user does; inner inputs of the path are named path__NAME."""
        named = {name.replace("__", "."): value for name, value in values.items()}
        self.page.evaluate(f"{SET}({json.dumps(named)})")
        self.settle()

    def values(self) -> dict[str, Any]:
        """The node's stored inputs."""
        return self.page.evaluate(VALUES)

    def keyframes(self) -> list[dict[str, float]]:
        return json.loads(self.values()["path.keyframes"])

    def find(self, what: str = "handles", selected: int | None = None, **changed: Any) -> dict[str, Place]:
        """Where the handles are, or would be with other values of the path; with `what` "cameras", where the base cameras are."""
        places = self.page.evaluate(f"{PLACES}('{what}', {json.dumps(selected)}, {json.dumps(changed)})")
        return {name: tuple(place) for name, place in places.items()}

    def drag(self, handle: str, modifiers: int = 0, selected: int | None = None, **wanted: Any) -> None:
        """Drag a handle to where it would be with other values of the path."""
        self.hands.drag(self.find(selected=selected)[handle], self.find(selected=selected, **wanted)[handle], modifiers)
        self.settle()

    def press(self, label: str) -> None:
        """Press a button of the widget."""
        self.page.evaluate(f"[...{SHADOW}.querySelectorAll('button')].find(button => button.textContent === {json.dumps(label)}).click()")
        self.settle()

    def note(self) -> str:
        return self.page.evaluate(f"{SHADOW}.querySelector('.note').textContent")
