"""The camera path widget in the real user interface, in both renderers, with pointer and keyboard."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from mvcustom.mvcustom_core.embedded.scenes.sweep import sample_photographs
from mvcustom.nodes.bridge.cameras.widget_data import describe_base
from mvcustom.tests.browser.camera_path_page import CANVAS, NODE, SHADOW, CameraPathPage
from mvcustom.tests.browser.chromium import ChromiumPage
from mvcustom.tests.browser.conftest import READY, SETTLE
from mvcustom.tests.browser.hands import ALT, CONTROL, SHIFT

PICTURES = Path(__file__).resolve().parents[2] / "output" / "browser"
PROMPT = f"app.graphToPrompt().then(built => built.output[String({NODE}.id)].inputs)"
RELOAD = "app.loadGraphData(JSON.parse(JSON.stringify(app.graph.serialize())), true, true)"


@pytest.fixture(params=[False, True], ids=["canvas", "nodes 2.0"])
def opened(page: ChromiumPage, request: pytest.FixtureRequest) -> CameraPathPage:
    return CameraPathPage.start(page, request.param)


def test_orbit_is_drawn_by_hand(opened: CameraPathPage) -> None:
    opened.drag("azimuth_end_deg", azimuth_end_deg=160)
    assert opened.values()["path.azimuth_end_deg"] == pytest.approx(160, abs=1), "round to the far side"
    opened.drag("azimuth_start_deg", SHIFT, azimuth_start_deg=-38)
    assert opened.values()["path.azimuth_start_deg"] == -40
    opened.drag("elevation_deg", elevation_deg=20)
    assert opened.values()["path.elevation_deg"] == pytest.approx(20, abs=1)
    stored = opened.values()
    prompt = opened.page.evaluate(PROMPT)
    assert {name: prompt[name] for name in stored} == stored, "what is drawn is what is run"
    opened.page.save_screenshot(PICTURES / f"camera_path_orbit_{opened.page.evaluate('LiteGraph.vueNodesMode')}.png")
    opened.press("full circle")
    values = opened.values()
    assert values["path.azimuth_end_deg"] - values["path.azimuth_start_deg"] == pytest.approx(360 - 360 / 8)


@pytest.mark.parametrize(
    ("kind", "handle", "wanted", "tolerance"),
    [
        ("truck", "end", {"end": 0.5}, 0.02),
        ("pedestal", "end", {"end": 0.5}, 0.02),
        ("dolly", "start", {"start": -0.3}, 0.02),
        ("pan", "end_deg", {"end_deg": 40}, 3),
        ("tilt", "start_deg", {"start_deg": -30}, 3),
        ("spiral", "spiral", {"angle_deg": 30}, 1),
    ],
)
def test_path_of_each_kind_is_drawn_by_hand(page: ChromiumPage, kind: str, handle: str, wanted: dict[str, float], tolerance: float) -> None:
    opened = CameraPathPage.start(page, vue=False)
    opened.set(path=kind)
    before = opened.values()
    opened.drag(handle, **wanted)
    ((name, value),) = wanted.items()
    assert opened.values()[f"path.{name}"] == pytest.approx(value, abs=tolerance)
    opened.press("↶")
    assert opened.values() == before


def test_keyframes_are_edited_undone_and_reloaded(opened: CameraPathPage) -> None:
    opened.set(path="keyframes", path__keyframes='[{"azimuth_deg": -30}, {"azimuth_deg": 30}]')
    x, y = opened.find()["keyframe 1"]
    opened.hands.click((x + 20, y - 40), ALT)
    opened.settle()
    assert len(opened.keyframes()) == 3
    others = opened.keyframes()[1:]
    opened.drag("keyframe 0", keyframes=json.dumps([{"azimuth_deg": -5, "elevation_deg": 10}, *others]))
    assert opened.keyframes()[0] == {"azimuth_deg": pytest.approx(-5, abs=2), "elevation_deg": pytest.approx(10, abs=2)}
    moved = opened.keyframes()[0]
    opened.drag("keyframe 0", CONTROL, selected=0, keyframes=json.dumps([{**moved, "distance": 1.3}, *others]))
    assert opened.keyframes()[0] == {**moved, "distance": pytest.approx(1.3, abs=0.05)}
    moved = opened.keyframes()[0]
    opened.drag("look 0", selected=0, keyframes=json.dumps([{**moved, "pan_deg": 15}, *others]))
    assert opened.keyframes()[0]["pan_deg"] == pytest.approx(15, abs=3)
    opened.hands.type_key("ArrowRight")
    opened.settle()
    kept = opened.keyframes()
    opened.hands.type_key("Delete")
    opened.settle()
    assert len(opened.keyframes()) == 2
    assert opened.page.evaluate("app.graph._nodes.length") == 1, "ComfyUI did not delete the node"
    opened.hands.type_key("z", CONTROL)  # ComfyUI's undo builds the node anew
    opened.page.wait_for(f"JSON.parse({NODE}?.widgets.find(widget => widget.name === 'path.keyframes')?.value ?? '[]').length === 3")
    assert opened.keyframes() == kept
    opened.page.save_screenshot(PICTURES / f"camera_path_keyframes_{opened.page.evaluate('LiteGraph.vueNodesMode')}.png")
    opened.page.evaluate(RELOAD)
    opened.page.wait_for(f"{SHADOW}?.querySelector('.strip button')")
    assert opened.keyframes() == kept


def test_undo_goes_over_kinds_of_path_that_keep_their_values(opened: CameraPathPage) -> None:
    before = opened.values()
    opened.drag("azimuth_end_deg", azimuth_end_deg=80)
    drawn = opened.values()
    opened.set(path="truck")
    opened.drag("end", end=0.5)
    slid = opened.values()
    opened.set(path="orbit")
    assert opened.values() == drawn, "the node's own choice of the kind"
    opened.set(path="truck")
    assert opened.values() == slid
    for wanted in (drawn, slid, {**slid, "path.end": 0.2}, drawn, before):
        opened.press("↶")
        assert opened.values() == wanted
    for wanted in (drawn, {**slid, "path.end": 0.2}, slid, drawn, slid):
        opened.press("↷")
        assert opened.values() == wanted
    opened.page.evaluate(RELOAD)  # as a switch of tabs, or an undo of ComfyUI's
    opened.page.wait_for(f"{CANVAS}?.clientHeight > 100")
    opened.settle()
    opened.set(path="orbit")
    assert opened.values() == drawn
    opened.press("↶")
    assert opened.values() == slid


# The colours of the picture at places of the page.
COLORS = f"""(places => {{
    const canvas = {CANVAS}, box = canvas.getBoundingClientRect()
    return places.map(([x, y]) => [...canvas.getContext('2d').getImageData(
        (x - box.x) * canvas.width / box.width, (y - box.y) * canvas.height / box.height, 1, 1).data])
}})"""
SMALL_PICTURE = 76  # pixels
HANDLE = [0xE0, 0x90, 0x2F, 255]


def test_handle_in_the_corner_of_the_small_picture_is_seen_and_taken(opened: CameraPathPage) -> None:
    opened.set(path="truck", path__start=-1.2)
    right, bottom = opened.page.evaluate(f"(box => [box.right, box.bottom])({CANVAS}.getBoundingClientRect())")
    end = next(end / 20 for end in range(4, 60) if opened.find(end=end / 20)["end"][0] > right - SMALL_PICTURE + 8)
    opened.set(path__end=end)
    x, y = opened.find()["end"]
    assert right - SMALL_PICTURE < x < right and bottom - SMALL_PICTURE < y < bottom, "where the small picture begins"
    opened.page.save_screenshot(PICTURES / f"camera_path_corner_{opened.page.evaluate('LiteGraph.vueNodesMode')}.png")
    assert opened.page.evaluate(f"{COLORS}({json.dumps([[x, y]])})") == [HANDLE]
    opened.drag("end", end=0.3)
    assert opened.values()["path.end"] == pytest.approx(0.3, abs=0.02)


def test_table_and_strip_edit_the_same_text(opened: CameraPathPage) -> None:
    opened.set(path="keyframes", path__keyframes='[{"azimuth_deg": -30}, {"azimuth_deg": 30}]')
    place = f"JSON.stringify([...{SHADOW}.querySelectorAll('.panel > *')].map(part => part.getBoundingClientRect()))"
    before = opened.page.evaluate(place)
    opened.press("table")
    opened.set(path__keyframes='[{"azimuth_deg": -80}, {"azimuth_deg": 30')  # a text that is being typed, and a warning
    opened.set(path__keyframes='[{"azimuth_deg": -80}, {"azimuth_deg": 80}]')
    assert "over 60°" in opened.note() and opened.page.evaluate(place) == before, "what comes and goes moves nothing"
    opened.set(path__keyframes='[{"azimuth_deg": -30}, {"azimuth_deg": 30}]')
    cell = f"{SHADOW}.querySelector('[aria-label=\"keyframe 1, distance\"]')"
    opened.page.evaluate(f"(cell => {{ cell.value = '0.7'; cell.dispatchEvent(new Event('change')) }})({cell})")
    opened.settle()
    assert opened.keyframes() == [{"azimuth_deg": -30}, {"azimuth_deg": 30, "distance": 0.7}]
    opened.page.evaluate(f"{cell}.focus()")  # a cell that is being edited keeps its own number
    for key, value in (("elevation_deg", 7), ("truck", 0.1)):
        other = f"{SHADOW}.querySelector('[aria-label=\"keyframe 1, {key}\"]')"
        opened.page.evaluate(f"(cell => {{ cell.value = '{value}'; cell.dispatchEvent(new Event('change')) }})({other})")
    opened.settle()
    assert opened.keyframes()[1] == {"azimuth_deg": 30, "elevation_deg": 7, "distance": 0.7, "truck": 0.1}, "each edit keeps those before"
    opened.press("↶")
    opened.press("↶")
    opened.press("copy")
    opened.press("reverse")
    opened.press("close loop")
    first = {"azimuth_deg": 30, "distance": 0.7}
    assert opened.keyframes() == [first, first, {"azimuth_deg": -30}, first]
    opened.press("2")
    opened.press("‹")
    assert opened.keyframes() == [first, {"azimuth_deg": -30}, first, first]
    opened.press("key from this view")
    assert len(opened.keyframes()) == 5 and opened.keyframes()[2]["distance"] == pytest.approx(3, abs=0.01), "after the chosen one"


def test_old_workflow_opens_unchanged(opened: CameraPathPage) -> None:
    text = '[ {"azimuth_deg": -30},\n\n {"azimuth_deg":30, "distance": 0.70} ]'
    opened.set(path="keyframes", path__keyframes=text)
    saved = opened.page.evaluate(f"{NODE}.serialize().widgets_values")
    assert saved == [0, 512, 512, 8, "keyframes", text, "constant"], "the widget stores nothing of its own, and does not rewrite the text"


@pytest.mark.parametrize("vue", [False, True], ids=["canvas", "nodes 2.0"])
def test_workflow_of_before_the_ease_opens_with_a_constant_one(page: ChromiumPage, vue: bool) -> None:
    old = [2, 640, 512, 12, "orbit", -20, 25, 5]
    opened = CameraPathPage.start(page, vue, old)
    assert list(opened.values().values()) == [*old, "constant"]
    opened.set(path="keyframes", ease="ease in")
    opened.set(path="truck")
    assert opened.values()["ease"] == "ease in", "kinds of path come and go before it"
    opened.press("reverse")
    assert (opened.values()["path.start"], opened.values()["ease"]) == (0.2, "ease out")
    opened.press("↶")
    assert (opened.values()["path.start"], opened.values()["ease"]) == (-0.2, "ease in")
    page.evaluate(RELOAD)
    page.wait_for(f"{CANVAS}?.clientHeight > 100")
    assert list(opened.values().values()) == [2, 640, 512, 12, "truck", -0.2, 0.2, "ease in"]


# The part of the widget's words that is out of sight, in pixels.
HIDDEN = f"""(() => {{
    const [note, panel] = ['.note', '.panel'].map(name => {SHADOW}.querySelector(name))
    const [inner, outer] = [note, panel].map(element => element.getBoundingClientRect())
    return Math.max(note.scrollHeight - note.clientHeight, inner.bottom - outer.bottom, 0)
}})()"""


def test_long_message_is_shown_whole_on_the_smallest_node(opened: CameraPathPage) -> None:
    opened.page.evaluate(f"{NODE}.setSize({NODE}.computeSize())")
    unknown = {f"a key that no keyframe has, number {i}": 1 for i in range(2)}
    opened.set(path="keyframes", path__keyframes=json.dumps([{}, unknown]))
    assert "a key that no keyframe has" in opened.note()
    opened.page.save_screenshot(PICTURES / f"camera_path_message_{opened.page.evaluate('LiteGraph.vueNodesMode')}.png")
    assert opened.page.evaluate(HIDDEN) <= 1


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


def test_run_brings_photographs_and_their_cameras_are_chosen(opened: CameraPathPage) -> None:
    opened.page.evaluate(CONNECT)
    opened.settle()
    assert TO_SEE in opened.note()
    assert opened.page.evaluate(RUN, timeout=120) == ["execution_success", ""]
    opened.page.wait_for(f"app.nodeOutputs[String({NODE}.id)]?.mvcustom_thumbnails")
    opened.settle()
    cameras = opened.find("cameras")
    assert len(cameras) == 6 and TO_SEE not in opened.note()
    opened.hands.click(cameras["4"])
    opened.settle()
    assert opened.values()["base_view"] == 4
    opened.page.evaluate("new Promise(resolve => setTimeout(resolve, 500))")  # for the thumbnails
    opened.page.save_screenshot(PICTURES / f"camera_path_photographs_{opened.page.evaluate('LiteGraph.vueNodesMode')}.png")


DEMO = "app.graph._nodes.find(node => node.type === 'MVCustomRenderDemoSubject')"
CHANGE_SEED = f"""(seed => {{
    const widget = {DEMO}.widgets.find(widget => widget.name === 'seed')
    widget.value = seed
    widget.callback?.(seed)
    app.api.dispatchCustomEvent('graphChanged', app.graph.serialize())
}})"""
TO_SEE = "To see the cameras of the photographs, run this node"
OUTDATED = "The photographs changed since the last run"


@pytest.mark.parametrize("vue", [False, True], ids=["canvas", "nodes 2.0"])
def test_base_cameras_are_there_after_a_reload_of_the_page_and_say_when_they_are_out_of_date(page: ChromiumPage, vue: bool) -> None:
    opened = CameraPathPage.start(page, vue)
    page.evaluate(CONNECT)
    assert page.evaluate(RUN, timeout=120) == ["execution_success", ""]
    page.wait_for(f"app.nodeOutputs[String({NODE}.id)]?.mvcustom_thumbnails")
    workflow = page.evaluate("JSON.stringify(app.graph.serialize())")
    page.open(page.evaluate("location.href"))
    page.wait_for(f"{READY} && !app.nodeOutputs?.['1']")
    page.evaluate(SETTLE)
    page.evaluate(f"app.loadGraphData({workflow}, true, true)")
    page.wait_for(f"{CANVAS}?.clientHeight > 100")
    opened.settle()
    assert page.evaluate(f"app.nodeOutputs[String({NODE}.id)] ?? null") is None, "ComfyUI itself remembers nothing"
    page.wait_for(f"!{SHADOW}.querySelector('.note').textContent.includes({json.dumps(TO_SEE)})")
    assert OUTDATED not in opened.note()
    page.evaluate("new Promise(resolve => setTimeout(resolve, 500))")  # for the thumbnails
    page.save_screenshot(PICTURES / f"camera_path_reloaded_{vue}.png")
    page.evaluate(f"{CHANGE_SEED}(5)")
    page.wait_for(f"{SHADOW}.querySelector('.note').textContent.includes({json.dumps(OUTDATED)})")
    page.save_screenshot(PICTURES / f"camera_path_outdated_{vue}.png")
    page.evaluate(f"{CHANGE_SEED}(0)")
    page.wait_for(f"!{SHADOW}.querySelector('.note').textContent.includes({json.dumps(OUTDATED)})")
    page.evaluate(f"{CHANGE_SEED}(5)")
    page.wait_for(f"{SHADOW}.querySelector('.note').textContent.includes({json.dumps(OUTDATED)})")
    assert page.evaluate(RUN, timeout=120) == ["execution_success", ""]
    page.wait_for(f"!{SHADOW}.querySelector('.note').textContent.includes({json.dumps(OUTDATED)})")


def test_widget_outlives_copies_tabs_and_subgraphs(opened: CameraPathPage) -> None:
    page = opened.page
    opened.drag("azimuth_end_deg", azimuth_end_deg=60)
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


CAMERA_TEXT = "\n".join(["https://video", *(f"{i} 0.5 0.5 0.5 0.5 0 0 1 0 0 {-0.1 * i} 0 1 0 0 0 0 1 0" for i in range(4))])
HAND_OVER = f"""((kind, name, text) => {{
    const data = new DataTransfer()
    if (kind === 'drop') data.items.add(new File([text], name))
    else data.setData('text/plain', text)
    const details = {{ bubbles: true, cancelable: true, composed: true }}
    const event = kind === 'drop' ? new DragEvent('drop', {{ ...details, dataTransfer: data }})
        : new ClipboardEvent('paste', {{ ...details, clipboardData: data }})
    {SHADOW}.querySelector('canvas').dispatchEvent(event)
}})"""


@pytest.mark.parametrize(("kind", "name"), [("paste", "pasted_cameras.txt"), ("drop", "dropped.txt")])
def test_camera_text_that_is_handed_over_becomes_the_path(page: ChromiumPage, kind: str, name: str) -> None:
    opened = CameraPathPage.start(page, vue=True)
    page.evaluate(f"{HAND_OVER}({json.dumps(kind)}, {json.dumps(name)}, {json.dumps(CAMERA_TEXT)})")
    page.wait_for(f"{NODE}.widgets.some(widget => widget.name === 'path.file' && widget.value)")
    assert Path(opened.values()["path.file"]).stem.startswith(Path(name).stem)
    assert page.evaluate(RUN, timeout=120) == ["execution_success", ""]
    opened.settle()
    assert opened.note() == "" or "view" in opened.note(), opened.note()


@pytest.mark.parametrize(
    ("kind", "name", "text", "words"),
    [
        ("paste", "", "url\n1 2 3", "pasted_cameras.txt, line 2: wanted 19 finite numbers, got 3"),
        ("drop", "scene.ply", "ply", "file: wanted CameraCtrl or RealEstate10K text (.txt), got scene.ply"),
    ],
)
def test_text_that_is_no_path_is_refused_and_nothing_changes(page: ChromiumPage, kind: str, name: str, text: str, words: str) -> None:
    opened = CameraPathPage.start(page, vue=False)
    before = opened.values()
    page.evaluate(f"{HAND_OVER}({json.dumps(kind)}, {json.dumps(name)}, {json.dumps(text)})")
    page.wait_for(f"{SHADOW}.querySelector('.note').textContent")
    assert words in opened.note() and opened.values() == before


def test_keyboard_alone_draws_a_path(opened: CameraPathPage) -> None:
    opened.page.evaluate(f"{SHADOW}.querySelector('canvas').focus()")
    for key in ("]", "]", "ArrowRight", "ArrowRight"):
        opened.hands.type_key(key)
    opened.hands.type_key("ArrowRight", SHIFT)
    opened.settle()
    assert opened.values()["path.azimuth_end_deg"] == 15 + 1 + 1 + 5
    opened.hands.type_key("Tab")
    assert opened.page.evaluate(f"{SHADOW}.activeElement.title") == "Play the path (space)"


MOST_MILLISECONDS = 16
TIME_DRAG = f"""(async ([x, y]) => {{
    const canvas = {SHADOW}.querySelector('canvas')
    const send = (kind, dx, dy) => canvas.dispatchEvent(
        new PointerEvent(kind, {{ bubbles: true, clientX: x + dx, clientY: y + dy, button: 0, buttons: 1, pointerId: 1 }}))
    canvas.setPointerCapture = () => {{}}  // no pointer of the system's belongs to these events
    const context = canvas.getContext('2d')
    const times = []
    let drawn
    context.clearRect = (...box) => {{  // the drawing begins
        CanvasRenderingContext2D.prototype.clearRect.apply(context, box)
        const start = performance.now()
        queueMicrotask(() => {{  // it ends
            context.getImageData(0, 0, 1, 1)  // waits until it is on the canvas
            drawn?.([start, performance.now()])
        }})
    }}
    send('pointerdown', 0, 0)
    await new Promise(resolve => setTimeout(resolve, 100))
    for (let i = 0; i < 40; i++) {{
        const before = performance.now()
        const drawing = new Promise(resolve => (drawn = resolve))
        send('pointermove', 10 + i % 20, -5 - i % 9)
        const after = performance.now()
        const [start, end] = await drawing
        times.push(after - before + end - Math.max(start, after))  // what the widget itself takes: the answer to the event, and the drawing
    }}
    send('pointerup', 0, 0)
    delete context.clearRect
    return times.sort((a, b) => a - b)
}})"""


@pytest.mark.parametrize("kind", ["orbit", "keyframes"])
def test_drag_is_answered_within_a_frame_at_a_hundred_cameras(page: ChromiumPage, kind: str) -> None:
    opened = CameraPathPage.start(page, vue=False)
    page.evaluate(CONNECT)
    base = describe_base(sample_photographs(random.Random(0), 100, 512))
    page.evaluate(f"app.nodeOutputs = {{ [String({NODE}.id)]: {json.dumps({'mvcustom_base_cameras': [base]})} }}")
    opened.set(path=kind, views=16)
    assert len(opened.find("cameras")) == 100
    times = page.evaluate(f"{TIME_DRAG}({json.dumps(opened.find()['azimuth_end_deg' if kind == 'orbit' else 'keyframe 2'])})")
    print(f"{kind}: median {times[20]:.1f} ms, nine of ten within {times[36]:.1f} ms")
    page.save_screenshot(PICTURES / f"camera_path_hundred_{kind}.png")
    assert times[4] < MOST_MILLISECONDS, times  # the fastest tenth: what the widget itself takes, while others share the machine
