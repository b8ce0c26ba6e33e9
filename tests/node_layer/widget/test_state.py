"""The widget's edits of a path, its warnings and what it reads from the server, without a browser."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from mvcustom.mvcustom_core.camera.cameras import Cameras, look_at, square_intrinsics
from mvcustom.mvcustom_core.path.pace import EASES, ease_views, walk
from mvcustom.nodes.bridge.cameras.widget_data import CELL, describe_base, make_sheet
from mvcustom.tests.node_layer.widget.javascript import WidgetFunctions

ORBIT = {"azimuth_start_deg": -15, "azimuth_end_deg": 15, "elevation_deg": 0}


def make_state(kind: str, views: int = 8, ease: str = "constant", **values: Any) -> dict[str, Any]:
    return {"baseView": 0, "width": 512, "height": 512, "views": views, "kind": kind, "ease": ease, "values": values}


def make_ring(count: int, distance: float = 1.0) -> Cameras:
    """Cameras on a level circle about the subject; camera 0 stands at +z, and up is -y."""
    angles = torch.arange(count, dtype=torch.float64) * 2 * math.pi / count
    eyes = distance * torch.stack([angles.sin(), torch.zeros(count), angles.cos()], dim=1)
    w2c = look_at(eyes, torch.zeros_like(eyes), torch.tensor([[0.0, -1.0, 0.0]], dtype=torch.float64).expand(count, 3))
    return Cameras(w2c, square_intrinsics(count, 512, 40.0).double(), 512, 512)


# A handle dragged to where a ray through a point of the scene leads, from a viewer far away in a direction.
DRAG = """(() => {
  const place = widget.path.pickBase(data.state, null)
  const handle = widget.handles.listHandles(data.state, place, data.selected ?? null).find(({ id }) => id === data.id)
  const cast = point => { const d = data.eye.map((e, i) => point[i] - e); const n = Math.hypot(...d);
    return { origin: data.eye, direction: d.map(v => v / n) } }
  const to = data.to ?? handle.at.map((v, i) => v + data.by[i])
  return widget.handles.dragHandle({ start: data.state, now: data.now ?? data.state, handle, from: cast(handle.at), to: cast(to),
    snap: data.snap ?? false, distance: data.distance ?? false }, place)
})()"""
ABOVE = [0.0, -9.0, 0.01]


def at_azimuth(degrees: float) -> list[float]:
    """A point on the circle of the default camera, which stands 18 degrees above and looks along -z; its right is -x."""
    radius, height = math.cos(math.radians(18)), -math.sin(math.radians(18))
    return [-radius * math.sin(math.radians(degrees)), height, radius * math.cos(math.radians(degrees))]


@pytest.mark.parametrize(
    ("degrees", "snap", "wanted"), [(40.0, False, 40.0), (42.0, True, 40.0), (43.0, True, 45.0), (-80.0, False, -80.0)]
)
def test_end_of_an_orbit_follows_the_pointer(widget: WidgetFunctions, degrees: int, snap: bool, wanted: int) -> None:
    drag = {"state": make_state("orbit", **ORBIT), "id": "azimuth_end_deg", "eye": ABOVE, "to": at_azimuth(degrees), "snap": snap}
    assert widget.call(DRAG, drag) == {**ORBIT, "azimuth_end_deg": pytest.approx(wanted, abs=0.05)}


def test_orbit_winds_past_half_a_turn(widget: WidgetFunctions) -> None:
    state = make_state("orbit", **{**ORBIT, "azimuth_end_deg": 170})
    drag = {"state": state, "id": "azimuth_end_deg", "eye": ABOVE, "to": at_azimuth(-160)}
    assert widget.call(DRAG, drag)["azimuth_end_deg"] == pytest.approx(200, abs=0.05)
    drag["now"] = make_state("orbit", **{**ORBIT, "azimuth_end_deg": 355})
    assert widget.call(DRAG, {**drag, "to": at_azimuth(20)})["azimuth_end_deg"] == 360, "the input's own bound"


def test_keyframe_moves_and_keeps_its_other_numbers(widget: WidgetFunctions) -> None:
    text = '[{"azimuth_deg": 10, "pan_deg": 3}, {"azimuth_deg": 40}]'
    state = make_state("keyframes", keyframes=text)
    moved = widget.call(DRAG, {"state": state, "id": "keyframe 1", "eye": ABOVE, "to": at_azimuth(70)})
    assert widget.call("JSON.parse(data)", moved["keyframes"]) == [
        {"azimuth_deg": 10, "pan_deg": 3},
        {"azimuth_deg": pytest.approx(70, abs=0.1)},
    ]
    end = [1.5 * value for value in at_azimuth(40)]
    farther = widget.call(DRAG, {"state": state, "id": "keyframe 1", "eye": ABOVE, "to": end, "distance": True})
    assert widget.call("JSON.parse(data)", farther["keyframes"])[1] == {"azimuth_deg": 40, "distance": pytest.approx(1.5, abs=0.01)}


def test_full_circle_ends_one_step_before_its_start(widget: WidgetFunctions) -> None:
    values = widget.call("widget.edits.closeCircle(data)", make_state("orbit", views=12, **{**ORBIT, "azimuth_start_deg": 0}))
    assert (values["azimuth_start_deg"], values["azimuth_end_deg"]) == (0, 330)
    values = widget.call("widget.edits.closeCircle(data)", make_state("orbit", views=12, **{**ORBIT, "azimuth_start_deg": 200}))
    assert values["azimuth_end_deg"] <= 360, "what the node accepts"


@pytest.mark.parametrize("ease", EASES)
def test_full_circle_closes_with_the_mean_of_the_steps_beside_the_seam(widget: WidgetFunctions, ease: str) -> None:
    """Played again and again, the step from the last view to the first is like those around it."""
    state = make_state("orbit", 12, ease, **{**ORBIT, "azimuth_start_deg": -20})
    values = widget.call("widget.edits.closeCircle(data)", state)
    azimuths = ease_walk(values, ease)
    seam = azimuths[0] + 360 - azimuths[-1]
    assert seam == pytest.approx((azimuths[1] - azimuths[0] + azimuths[-1] - azimuths[-2]) / 2, abs=1e-3)


def ease_walk(values: dict[str, float], ease: str, views: int = 12) -> list[float]:
    return walk(ease_views(views, ease), (values["azimuth_start_deg"], values["azimuth_end_deg"])).tolist()


def test_every_preset_is_a_path(widget: WidgetFunctions) -> None:
    script = """Object.entries(widget.edits.PRESETS).map(([name, make]) =>
        [name, widget.path.buildPath({ ...data, ...make(data) }, null).length])"""
    found = widget.call(script, make_state("orbit"))
    assert len(found) >= 8 and all(count == 8 for _, count in found), found


def test_reversed_path_runs_backward(widget: WidgetFunctions) -> None:
    values = widget.call("widget.edits.reverseEnds(data)", make_state("orbit", **ORBIT))
    assert values == {**ORBIT, "azimuth_start_deg": 15, "azimuth_end_deg": -15}
    assert widget.call("widget.edits.reverseEnds(data)", make_state("spiral", angle_deg=3, turns=1)) is None


# The cameras' numbers of a path, and of the same path after the widget's button "reverse".
REVERSE = """(({ state, write }) => {
    const stored = { ...state }
    const host = { read: () => stored, write: path => Object.assign(stored, path) }
    const numbers = () => widget.path.buildPath(stored, null).map(widget.camera.matrixOf)
    const before = numbers()
    new widget.editor.Editor(host, () => widget.model.makeModel(stored, null, null, null), () => {}, () => {}).reverse()
    return [before, numbers()]
})({ state: data })"""


@pytest.mark.parametrize("ease", EASES)
@pytest.mark.parametrize(
    ("kind", "values"),
    [("orbit", ORBIT), ("keyframes", {"keyframes": '[{"azimuth_deg": -30}, {"elevation_deg": 20}, {"azimuth_deg": 50}]'})],
    ids=["orbit", "keyframes"],
)
def test_reversed_path_with_an_ease_has_the_same_views_in_the_other_order(
    widget: WidgetFunctions, kind: str, values: dict[str, Any], ease: str
) -> None:
    forth, back = widget.call(REVERSE, make_state(kind, 7, ease, **values))
    np.testing.assert_allclose(np.array(back), np.array(forth)[::-1], atol=1e-9)


def test_keyframes_are_inserted_moved_closed_and_kept_at_two(widget: WidgetFunctions) -> None:
    keys = [{"azimuth_deg": i} for i in range(3)]
    assert widget.call("widget.edits.moveKeyframe(data, 0, 2)", keys) == [keys[1], keys[2], keys[0]]
    assert widget.call("widget.edits.closeLoop(data)", keys) == [*keys, keys[0]]
    assert widget.call("widget.edits.closeLoop(data)", [*keys, keys[0]]) == [*keys, keys[0]]
    assert widget.call("widget.edits.insertKeyframe(data, 0, {})", keys) == {"keyframes": [keys[0], {}, *keys[1:]], "at": 1}
    assert widget.call("widget.edits.removeKeyframe(data, 1)", keys) == [keys[0], keys[2]]
    assert widget.call("widget.edits.removeKeyframe(data, 1)", keys[:2]) is None


# A history that sees what a node holds, one after another: by the widget itself ("drawn", "drawn on") or by the node's own inputs.
FOLLOW = """(() => {
    const history = new widget.history.History()
    const tell = ({ how, path, at, fresh }) => how === 'drawn' ? history.advance(path) : how === 'drawn on' ? history.advance(path, true)
        : how === 'undo' || how === 'redo' ? history[how]() : history.follow(path, () => fresh ?? false, at ?? 0)
    return data.map(step => tell(step) ?? null)
})()"""


def make_path(kind: str, **values: float) -> dict[str, Any]:
    return {"kind": kind, "values": values, "ease": "constant"}


def test_undo_keeps_the_last_drag_when_the_kind_of_path_changes(widget: WidgetFunctions) -> None:
    before, drawn, other = (
        make_path("orbit", **ORBIT),
        make_path("orbit", **{**ORBIT, "azimuth_end_deg": 81.1}),
        make_path("truck", start=0, end=1),
    )
    first = make_path("orbit", **{**ORBIT, "azimuth_end_deg": 40})
    steps = [{"path": before}, {"how": "drawn", "path": first}, {"how": "drawn on", "path": drawn}, {"path": other, "at": 5000}]
    steps += [{"how": how} for how in ("undo", "undo", "undo", "redo", "redo", "redo")]
    assert widget.call(FOLLOW, steps)[4:] == [drawn, before, None, drawn, other, None]


def test_kind_of_path_that_comes_back_has_the_values_that_it_had(widget: WidgetFunctions) -> None:
    drawn, fresh, slide = (
        make_path("orbit", **{**ORBIT, "elevation_deg": 20}),
        make_path("orbit", **ORBIT),
        make_path("truck", start=0, end=1),
    )
    steps = [{"path": drawn}, {"path": slide, "at": 1000, "fresh": True}, {"path": fresh, "at": 2000, "fresh": True}]
    assert widget.call(FOLLOW, steps) == [None, None, drawn]
    steps[2] = {"path": make_path("orbit", **{**ORBIT, "elevation_deg": 3}), "at": 2000}
    assert widget.call(FOLLOW, steps) == [None, None, None], "values that something else stored with the kind stay"


def test_number_that_is_typed_is_one_step(widget: WidgetFunctions) -> None:
    typed = [make_path("truck", start=0, end=end) for end in (1, 1.2, 1.25, 3)]
    steps = [{"path": path, "at": at} for path, at in zip(typed, (0, 1000, 1300, 5000), strict=True)]
    assert widget.call(FOLLOW, [*steps, *[{"how": "undo"}] * 3])[4:] == [typed[2], typed[0], None]


def test_handle_is_taken_before_what_lies_on_it(widget: WidgetFunctions) -> None:
    script = "widget.layout.pickNearest(data.targets, ...data.at, 11)"
    targets = [
        {"places": [[10, 10, 1]]},
        {"places": [[11, 10, 1]], "preferred": True},
        {"places": [[18, 10, 1]]},
        {"places": [[10, 10, -1]]},
    ]
    assert widget.call(script, {"targets": targets, "at": [10, 10]}) == 1, "the chosen one of two that lie on one another"
    assert widget.call(script, {"targets": targets[:1] + [targets[2]], "at": [16, 10]}) == 1, "the nearest"
    assert widget.call(script, {"targets": targets, "at": [40, 10]}) is None


def test_small_pictures_and_numbers_make_way_for_handles(widget: WidgetFunctions) -> None:
    boxes = {side: [{"x": x, "y": 100, "width": 76, "height": 76}] for side, x in (("left", 4), ("right", 240))}
    choose = "widget.layout.chooseSide(data.handles, data.boxes, data.present, 1)"
    for handles, present, wanted in (
        ([[260, 120, 1]], "right", "left"),
        ([[20, 120, 1]], "left", "right"),
        ([[150, 20, 1]], "left", "left"),
        ([[260, 120, 1], [20, 120, 1]], "right", "right"),
    ):
        assert widget.call(choose, {"handles": handles, "boxes": boxes, "present": present}) == wanted, handles
    place = "widget.layout.placeNumber(data[0], data[1], 1)"
    alone = widget.call(place, [[50, 50], []])
    for handle in ([50, 50], [50, 41], alone):
        assert math.dist(widget.call(place, [[50, 50], [handle]]), handle) > 13


@pytest.mark.parametrize("size", [(320, 150), (320, 600)])
@pytest.mark.parametrize(("azimuth", "elevation"), [(35, 30), (0, 89), (90, 3)], ids=["oblique", "top", "side"])
def test_view_of_all_cameras_holds_them_all_and_no_more(
    widget: WidgetFunctions, size: tuple[int, int], azimuth: int, elevation: int
) -> None:
    script = """(() => {
        const model = widget.model.makeModel(data.state, widget.base.readBase({ mvcustom_base_cameras: [data.base] }), null, null)
        const points = widget.model.listPoints(model)
        const close = { azimuth: data.azimuth, elevation: data.elevation, target: [0, 0, 0], distance: 1.2 }
        const view = widget.view.fitView(close, model.frame, points, ...data.size)
        const eye = widget.eye.eyeOfView(view, model.frame, ...data.size)
        return points.map(point => widget.eye.project(eye, point))
    })()"""
    state = make_state("orbit", azimuth_start_deg=-15, azimuth_end_deg=130, elevation_deg=10)
    data = {"state": state, "base": describe_base(make_ring(5, 1.7)), "azimuth": azimuth, "elevation": elevation, "size": size}
    pixels = np.array(widget.call(script, data))
    shares = pixels[:, :2] / size
    assert pixels[:, 2].min() > 0 and shares.min() > 0.13 and shares.max() < 0.87
    assert np.ptp(shares, axis=0).max() > 0.7, "one of both sides is filled"


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (make_state("orbit", **ORBIT), []),
        (make_state("dolly", start=0, end=0.9), ["views 6-7: inside the subject"]),
        (make_state("pan", start_deg=0, end_deg=60), ["views 4-7: subject out of frame"]),
        (
            make_state("orbit", **{**ORBIT, "azimuth_end_deg": 345, "azimuth_start_deg": 0}),
            ["views 2-6: see another side than the middle view, 0 (over 60°)"],
        ),
    ],
    ids=["none", "inside", "out of frame", "over 60 degrees"],
)
def test_warnings_name_the_views(widget: WidgetFunctions, state: dict[str, Any], words: list[str]) -> None:
    found = widget.call("widget.warnings.findWarnings(widget.path.buildPath(data, null), null)", state)
    assert len(found) == len(words) and all(word in line for word, line in zip(words, found, strict=True)), found


def test_views_far_from_every_photograph_are_named(widget: WidgetFunctions) -> None:
    script = """(() => { const base = widget.base.readBase({ mvcustom_base_cameras: [data.base] })
        return widget.warnings.findWarnings(widget.path.buildPath(data.state, base), base.cameras) })()"""
    state = make_state("orbit", views=5, azimuth_start_deg=0, azimuth_end_deg=40, elevation_deg=0)
    found = widget.call(script, {"base": describe_base(make_ring(1)), "state": state})
    assert found == ["view 4: more than 30° from every photograph"]


def test_base_cameras_arrive_as_they_were_sent(widget: WidgetFunctions) -> None:
    ring = make_ring(3, distance=1.4)
    script = """(base => [base.up, ...base.cameras.map(camera => [widget.camera.matrixOf(camera), camera.lens])])(
        widget.base.readBase({ mvcustom_base_cameras: [data] }))"""
    up, *cameras = widget.call(script, describe_base(ring))
    assert -up[1] == pytest.approx(math.hypot(*up))
    for (matrix, lens), w2c, K in zip(cameras, ring.w2c, ring.K, strict=True):
        torch.testing.assert_close(torch.tensor(matrix, dtype=torch.float64), w2c.flatten(), atol=1e-9, rtol=0)
        assert lens == {"fx": float(K[0, 0]), "fy": float(K[1, 1]), "cx": 256, "cy": 256, "width": 512, "height": 512}


@pytest.mark.parametrize("fault", [None, {}, {"mvcustom_base_cameras": "x"}, {"mvcustom_base_cameras": [{"up": [0, 0, 0], "cameras": []}]}])
def test_outputs_of_other_shapes_are_not_read(widget: WidgetFunctions, fault: Any) -> None:
    assert widget.call("widget.base.readBase(data)", fault) is None
    assert widget.call("widget.base.readSheet(data)", fault) is None


def make_workflow(inside: bool = False, **changed: Any) -> dict[str, Any]:
    """A workflow: a loader, a solver and the trajectory (7), which stands in a subgraph if it is `inside`; `changed` are values by type."""
    widgets = {"Load": ["cup"], "Solve": [3], "MVCustomCameraTrajectory": [0, 512], "Other": [1], **changed}
    load = {"id": 1, "type": "Load", "mode": 0, "inputs": [], "widgets_values": widgets["Load"]}
    solve = {"id": 2, "type": "Solve", "mode": 0, "inputs": [{"name": "images", "link": 1}], "widgets_values": widgets["Solve"]}
    inputs = [{"name": "base_cameras", "link": 2}, {"name": "photographs", "link": 3}, {"name": "views", "link": 4}]
    own = {"id": 7, "type": "MVCustomCameraTrajectory", "inputs": inputs, "widgets_values": widgets["MVCustomCameraTrajectory"]}
    other = {"id": 9, "type": "Other", "inputs": [], "widgets_values": widgets["Other"]}
    links = [[1, 1, 0, 2, 0, "IMAGE"], [2, 2, 1, 7, 0, "C"], [3, 1, 0, 7, 1, "IMAGE"], [4, 9, 0, 7, 2, "INT"]]
    if not inside:
        return {"nodes": [load, solve, own, other], "links": links}
    ends = [(2, -10, 0), (3, -10, 1), (4, -10, 2)]
    names = [{"name": f"input {link}"} for link, *_ in ends]
    subgraph = {
        "id": "s",
        "inputs": names,
        "nodes": [own],
        "links": [{"id": link, "origin_id": node, "origin_slot": slot} for link, node, slot in ends],
    }
    stands = {"id": 5, "type": "s", "inputs": [{"name": f"input {link}", "link": link} for link, *_ in ends], "widgets_values": []}
    return {"nodes": [load, solve, stands, other], "links": links, "definitions": {"subgraphs": [subgraph]}}


@pytest.mark.parametrize("inside", [False, True], ids=["root", "subgraph"])
def test_base_cameras_are_out_of_date_when_what_they_are_made_of_changed(widget: WidgetFunctions, inside: bool) -> None:
    home = "'s'" if inside else "null"

    def trace(**changed: Any) -> str:
        return widget.call(f"widget.origin.traceBase(data, {home}, '7')", make_workflow(inside, **changed))

    before = trace()
    assert before and trace(MVCustomCameraTrajectory=[2, 64], Other=[5]) == before, "the path itself, and what gives the number of views"
    before_run = make_workflow(inside)
    before_run["nodes"][0]["inputs"] = [{"name": "folder", "widget": {"name": "folder"}, "link": None}]
    before_run["nodes"][2]["inputs"].insert(0, {"name": "seed", "widget": {"name": "seed"}, "link": None})
    assert widget.call(f"widget.origin.traceBase(data, {home}, '7')", before_run) == before, "inputs that nothing is connected to"
    assert trace(Load=["plate"]) != before
    assert trace(Solve=[4]) != before


@pytest.mark.parametrize("fault", [None, 3, {}, {"nodes": 3, "links": "x"}, {"nodes": [None], "links": [None, 3, [1]], "definitions": 1}])
def test_origin_of_something_that_is_no_workflow_is_not_told(widget: WidgetFunctions, fault: Any) -> None:
    assert widget.call("widget.origin.traceBase(data, null, '7')", fault) is None


def test_workflow_that_goes_round_in_a_circle_is_read(widget: WidgetFunctions) -> None:
    workflow = make_workflow()
    workflow["nodes"][0]["inputs"] = [{"name": "images", "link": 5}]
    workflow["links"].append([5, 2, 0, 1, 0, "IMAGE"])
    assert widget.call("widget.origin.traceBase(data, null, '7')", workflow)


def test_node_in_a_subgraph_is_known_to_a_run_by_every_place_of_it(widget: WidgetFunctions) -> None:
    script = """(() => {
        const inner = { id: 7 }, root = { id: 'root', isRootGraph: true }, deep = { id: 'deep', nodes: [inner] }
        const middle = { id: 'middle', nodes: [{ id: 4, subgraph: deep }] }
        inner.graph = deep
        root.nodes = [{ id: 1 }, { id: 2, subgraph: middle }, { id: 3, subgraph: middle }]
        return [widget.host.listRunNames(root, inner), widget.host.listRunNames(root, { id: 9, graph: root })]
    })()"""
    assert widget.call(script) == [["2:4:7", "3:4:7"], ["9"]]


def test_sheet_holds_every_photograph_in_order() -> None:
    images = torch.arange(5).float()[:, None, None, None].expand(5, 30, 40, 3) / 10
    sheet, columns, rows = make_sheet(images)
    assert (tuple(sheet.shape), columns, rows) == ((1, 2 * CELL, 3 * CELL, 3), 3, 2)
    cells = [sheet[0, row * CELL + 9, column * CELL + 9, 0].item() for row in range(2) for column in range(3)]
    assert cells == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0])
