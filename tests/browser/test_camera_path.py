"""The camera path widget in the real user interface, in both renderers, with pointer and keyboard."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mvcustom.tests.browser.camera_path_page import NODE, SHADOW, CameraPathPage
from mvcustom.tests.browser.chromium import ChromiumPage
from mvcustom.tests.browser.hands import ALT, CONTROL, SHIFT

PICTURES = Path(__file__).resolve().parents[2] / "output" / "browser"
PROMPT = f"app.graphToPrompt().then(built => built.output[String({NODE}.id)].inputs)"
RELOAD = "app.loadGraphData(JSON.parse(JSON.stringify(app.graph.serialize())), true, true)"


@pytest.fixture(params=[False, True], ids=["canvas", "nodes 2.0"])
def opened(page: ChromiumPage, request: pytest.FixtureRequest) -> CameraPathPage:
    return CameraPathPage.start(page, request.param)


def test_orbit_is_drawn_by_hand(opened: CameraPathPage) -> None:
    opened.drag("azimuth_end_deg", (30, -25))
    wider = opened.values()["path.azimuth_end_deg"]
    assert wider > 18
    opened.drag("azimuth_start_deg", (-40, -6), SHIFT)
    assert opened.values()["path.azimuth_start_deg"] % 5 == 0 and opened.values()["path.azimuth_start_deg"] < -15
    opened.drag("elevation_deg", (0, -40))
    assert opened.values()["path.elevation_deg"] > 10
    assert opened.page.evaluate(PROMPT)["path.azimuth_end_deg"] == pytest.approx(wider), "what is drawn is what is run"
    opened.page.save_screenshot(PICTURES / f"camera_path_orbit_{opened.page.evaluate('LiteGraph.vueNodesMode')}.png")
    opened.press("full circle")
    values = opened.values()
    assert values["path.azimuth_end_deg"] - values["path.azimuth_start_deg"] == pytest.approx(360 - 360 / 8)


@pytest.mark.parametrize(
    ("kind", "handle", "by", "holds"),
    [
        ("truck", "end", (25, -12), lambda values: values["path.end"] > 0.25),
        ("pedestal", "end", (0, -30), lambda values: values["path.end"] > 0.3),
        ("dolly", "end", (-30, -8), lambda values: values["path.end"] > 0.3),
        ("pan", "end_deg", (20, -10), lambda values: values["path.end_deg"] > 12),
        ("tilt", "end_deg", (0, -20), lambda values: values["path.end_deg"] > 14),
        ("spiral", "spiral", (0, -25), lambda values: values["path.angle_deg"] > 14),
    ],
)
def test_path_of_each_kind_is_drawn_by_hand(page: ChromiumPage, kind: str, handle: str, by: tuple[float, float], holds: Callable) -> None:
    opened = CameraPathPage.start(page, vue=False)
    opened.set(path=kind)
    opened.drag(handle, by)
    assert holds(opened.values()), opened.values()
    opened.press("↶")
    assert not holds(opened.values()), "undo brings the old values back"


def test_keyframes_are_edited_undone_and_reloaded(opened: CameraPathPage) -> None:
    opened.set(path="keyframes")
    assert len(opened.keyframes()) == 3
    x, y = opened.find()["keyframe 1"]
    opened.hands.click((x + 20, y - 40), ALT)
    opened.settle()
    assert len(opened.keyframes()) == 4
    before = opened.keyframes()[0]
    opened.drag("keyframe 0", (-20, 10))
    assert opened.keyframes()[0]["azimuth_deg"] != before["azimuth_deg"]
    opened.drag("keyframe 0", (25, 25), CONTROL)
    assert opened.keyframes()[0]["distance"] != pytest.approx(1.0, abs=0.01)
    opened.drag("look 0", (15, -10), selected=0)
    assert abs(opened.keyframes()[0]["pan_deg"]) > 2
    opened.hands.type_key("ArrowRight")
    opened.settle()
    kept = opened.keyframes()
    opened.hands.type_key("Delete")
    opened.settle()
    assert len(opened.keyframes()) == 3
    assert opened.page.evaluate("app.graph._nodes.length") == 1, "ComfyUI did not delete the node"
    opened.hands.type_key("z", CONTROL)  # ComfyUI's undo builds the node anew
    opened.page.wait_for(f"JSON.parse({NODE}?.widgets.find(widget => widget.name === 'path.keyframes')?.value ?? '[]').length === 4")
    assert opened.keyframes() == kept
    opened.page.save_screenshot(PICTURES / f"camera_path_keyframes_{opened.page.evaluate('LiteGraph.vueNodesMode')}.png")
    opened.page.evaluate(RELOAD)
    opened.page.wait_for(f"{SHADOW}?.querySelector('.strip button')")
    assert opened.keyframes() == kept


def test_old_workflow_opens_unchanged(opened: CameraPathPage) -> None:
    text = '[ {"azimuth_deg": -30},\n\n {"azimuth_deg":30, "distance": 0.70} ]'
    opened.set(path="keyframes", path__keyframes=text)
    saved = opened.page.evaluate(f"{NODE}.serialize().widgets_values")
    assert saved == [0, 512, 512, 8, "keyframes", text], "the widget stores nothing of its own, and does not rewrite the text"


HOSTILE = '<img src=x onerror="window.hacked = 1"><script>window.hacked = 1</script>'


def test_hostile_workflow_is_shown_as_text(opened: CameraPathPage) -> None:
    opened.set(path="keyframes", path__keyframes=json.dumps([{}, {HOSTILE: 1}]))
    assert HOSTILE in opened.note()
    opened.set(path="file", path__file=HOSTILE)
    opened.settle()
    output = {"mvcustom_base_cameras": [{"up": [0, -1, 0], "cameras": [[HOSTILE] * 18]}], "mvcustom_thumbnails": [{"filename": HOSTILE}]}
    opened.page.evaluate(f"app.nodeOutputs = {{ [String({NODE}.id)]: {json.dumps(output)} }}")
    opened.settle()
    assert opened.page.evaluate(f"{SHADOW}.querySelectorAll('img, script').length") == 0
    assert opened.page.evaluate("window.hacked ?? null") is None


RUN = f"""new Promise(resolve => {{
    for (const name of ['execution_success', 'execution_error'])
        app.api.addEventListener(name, event => resolve([name, event.detail?.exception_message ?? '']))
    app.queuePrompt(0, 1, [String({NODE}.id)])
}})"""
CONNECT = f"""(() => {{
    const demo = LiteGraph.createNode('MVCustomRenderDemoSubject')
    demo.pos = [20, 90]
    app.graph.add(demo)
    for (const [name, value] of Object.entries({{ views: 6, size: 64 }})) demo.widgets.find(widget => widget.name === name).value = value
    demo.connect(2, {NODE}, 'base_cameras')
    demo.connect(0, {NODE}, 'photographs')
}})()"""
SIZES = f"({NODE}).outputs.map(output => output.name).slice(-3)"


def test_run_brings_photographs_and_their_cameras_are_chosen(opened: CameraPathPage) -> None:
    opened.page.evaluate(CONNECT)
    opened.settle()
    assert "Run once" in opened.note()
    assert opened.page.evaluate(RUN, timeout=120) == ["execution_success", ""]
    opened.page.wait_for(
        f"app.nodeOutputs[String({NODE}.id)]?.mvcustom_thumbnails && {SHADOW}.querySelector('.note').textContent !== 'Run once'"
    )
    opened.settle()
    cameras = opened.find("cameras")
    assert len(cameras) == 6 and "Run once" not in opened.note()
    opened.hands.click(cameras["4"])
    opened.settle()
    assert opened.values()["base_view"] == 4
    opened.page.evaluate("new Promise(resolve => setTimeout(resolve, 500))")  # for the thumbnails
    opened.page.save_screenshot(PICTURES / f"camera_path_photographs_{opened.page.evaluate('LiteGraph.vueNodesMode')}.png")


def test_widget_outlives_copies_tabs_and_subgraphs(opened: CameraPathPage) -> None:
    page = opened.page
    opened.drag("azimuth_end_deg", (30, -25))
    drawn = opened.values()
    page.evaluate(f"app.canvas.selectItems([{NODE}]); app.canvas.copyToClipboard(); app.canvas.pasteFromClipboard()")
    page.wait_for("document.querySelectorAll('.mvcustom-camera-path').length === 2")
    copies = page.evaluate("app.graph._nodes.map(node => node.widgets.find(widget => widget.name === 'path.azimuth_end_deg').value)")
    assert copies == [drawn["path.azimuth_end_deg"]] * 2
    page.evaluate(f"app.canvas.selectItems([{NODE}]); app.canvas.graph.convertToSubgraph(app.canvas.selectedItems); null")
    page.evaluate("app.canvas.setGraph([...app.graph.subgraphs.values()].at(-1))")
    inner = "app.canvas.graph.nodes.find(node => node.type === 'MVCustomCameraTrajectory')"
    page.wait_for(f"{inner}?.widgets.at(-1).element?.shadowRoot.querySelector('canvas').clientHeight > 100")
    assert page.evaluate(f"{inner}.widgets.find(widget => widget.name === 'path.azimuth_end_deg').value") == drawn["path.azimuth_end_deg"]
    page.evaluate("app.canvas.setGraph(app.graph)")
    page.wait_for(f"{SHADOW}?.querySelector('canvas').clientHeight > 100")
