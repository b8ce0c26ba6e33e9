"""The widget's cameras are the node's cameras, and what one refuses the other refuses in the same words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mvcustom.mvcustom_core.camera.cameras import fit_cameras
from mvcustom.mvcustom_core.path.pace import ease_views
from mvcustom.mvcustom_core.path.trajectory import front_camera
from mvcustom.nodes.cameras.camera_trajectory import KEYFRAMES, build_path
from mvcustom.tests.node_layer.widget.cases import BUILD, KINDS, PARITY, build_in_python, make_case
from mvcustom.tests.node_layer.widget.javascript import ScriptError, WidgetFunctions

CASES = 200


def compare(found: list[list[float]], wanted: list[list[float]], width: int) -> float:
    """The largest difference; the lens is measured in widths of the picture."""
    difference = np.abs(np.array(found) - np.array(wanted))
    difference[:, 16:] /= width
    return float(difference.max())


def test_random_paths_are_those_of_python(widget: WidgetFunctions, tmp_path: Path) -> None:
    cases = [make_case(seed) for seed in range(CASES)]
    built = widget.call(BUILD, cases)
    errors = [compare(found, build_in_python(case, tmp_path), case["state"]["width"]) for case, found in zip(cases, built, strict=True)]
    worst = {kind: max(errors[i :: len(KINDS)]) for i, kind in enumerate(KINDS)}
    assert max(errors) <= PARITY, worst


@pytest.mark.parametrize("size", [(512, 512), (768, 320), (64, 128)])
def test_default_camera_is_that_of_python(widget: WidgetFunctions, size: tuple[int, int]) -> None:
    base = fit_cameras(front_camera(max(size)), *size)
    read = "(camera => [...widget.camera.matrixOf(camera), camera.lens.fx, camera.lens.cy])"
    camera = widget.call(f"{read}(widget.camera.frontCamera(...data))", size)
    wanted = [*base.w2c.flatten().tolist(), float(base.K[0, 0, 0]), float(base.K[0, 1, 2])]
    np.testing.assert_allclose(camera, wanted, rtol=1e-6, atol=1e-6)


FAULTY = [
    '{"azimuth_deg": 3}',
    "[{}]",
    "[{}, 3]",
    '[{}, {"azimuth": 3}]',
    '[{"truck": "far"}, {}]',
    '[{"truck": true}, {}]',
    '[{"truck": null}, {}]',
    '[{}, {"distance": -1}]',
]


@pytest.mark.parametrize("text", FAULTY)
def test_faulty_keyframes_are_refused_in_the_words_of_python(widget: WidgetFunctions, text: str) -> None:
    base = front_camera(64)
    with pytest.raises(ValueError) as wanted:
        build_path(base, 3, {"path": "keyframes", "keyframes": text}, (0.0, -1.0, 0.0))
    assert refuse(widget, {"keyframes": text}) == str(wanted.value)


def test_keyframes_that_are_no_json_are_refused_in_both(widget: WidgetFunctions) -> None:
    assert refuse(widget, {"keyframes": "[{]"}).startswith("keyframes: wanted JSON, got ")


def test_ease_that_nobody_knows_is_refused_in_the_words_of_python(widget: WidgetFunctions) -> None:
    for name in ("bounce", "toString"):
        with pytest.raises(ValueError) as wanted:
            ease_views(3, name)
        assert refuse(widget, {"keyframes": "[{}, {}]"}, ease=name) == str(wanted.value)


def refuse(widget: WidgetFunctions, values: dict[str, Any], **changed: Any) -> str:
    state = {"baseView": 0, "width": 64, "height": 64, "views": 3, "kind": "keyframes", "ease": "constant", "values": values, **changed}
    with pytest.raises(ScriptError) as found:
        widget.call("widget.path.buildPath(data, null)", state)
    return str(found.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "wanted a URL line and a row of 19 numbers per view, got no row"),
        ("https://video\n1 2 3\n", "path.txt, line 2: wanted 19 finite numbers, got 3 in '1 2 3'; the file may be cut short"),
        (" ".join("1" * 19), "path.txt: wanted a first line with the video's URL, got numbers; put any line of text above them"),
        ("url\n0 1 1 .5 .5 1 0 1 0 0 0 0 1 0 0 0 0 1 0", "path.txt: wanted zeros in columns 6 and 7"),
        ("url\n0 1 1 .5 .5 0 0 2 0 0 0 0 1 0 0 0 0 1 0", "view 0"),
    ],
    ids=["empty", "short", "no url", "distorted", "scaled"],
)
def test_faulty_camera_text_is_refused_in_the_words_of_python(widget: WidgetFunctions, tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "path.txt").write_text(text)
    path = {"path": "file", "file": str(tmp_path / "path.txt"), "start": "at the base view", "scale": 1.0}
    with pytest.raises(ValueError, match=words.replace(".", r"\.")):
        build_path(front_camera(64), 3, path, (0.0, -1.0, 0.0))
    with pytest.raises(ScriptError, match=words.replace(".", r"\.")):
        widget.call("widget.file.parseCameraText(data, 'path.txt')", text)


def test_keyframes_that_the_widget_writes_are_read_as_they_were(widget: WidgetFunctions) -> None:
    written = widget.call("widget.keyframes.writeKeyframes(widget.keyframes.parseKeyframes(data))", KEYFRAMES)
    assert written == KEYFRAMES.replace('"azimuth_deg": 0, ', "")
