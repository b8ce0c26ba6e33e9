"""Camera Trajectory: every path from its widgets to cameras, the base camera and its picture size, and what is refused."""

from __future__ import annotations

import json
import math
import os
import random
from pathlib import Path
from typing import Any

import pytest
import torch
from comfy_api.latest import io
from PIL import Image
from torch import Tensor

from mvcustom.mvcustom_core.camera.cameras import Cameras, fit_cameras
from mvcustom.mvcustom_core.camera.rays import project_points
from mvcustom.mvcustom_core.camera.rigid import upright_direction
from mvcustom.mvcustom_core.capture.files.posed_files import PosedFiles
from mvcustom.mvcustom_core.capture.formats.camera_path import read_camera_path
from mvcustom.mvcustom_core.capture.formats.realestate10k import read_realestate10k
from mvcustom.mvcustom_core.capture.formats.transforms_json import write_transforms_json
from mvcustom.mvcustom_core.embedded.scenes.sweep import sample_photographs, sample_sweep
from mvcustom.mvcustom_core.path import trajectory
from mvcustom.mvcustom_core.path.keyframes import parse_keyframes
from mvcustom.nodes.cameras.camera_trajectory import AS_WRITTEN, AT_BASE, KEYFRAMES
from mvcustom.nodes.cameras.camera_trajectory import MVCustomCameraTrajectory as Node

ORBIT = {"path": "orbit", "azimuth_start_deg": -15.0, "azimuth_end_deg": 15.0, "elevation_deg": 0.0}
UP = (0.0, -1.0, 0.0)


def run(path: dict[str, Any], views: int = 5, size: tuple[int, int] = (64, 64), base: Cameras | None = None, view: int = 0) -> Cameras:
    return Node.execute(view, *size, views, path, base).args[0]


def default_camera() -> Cameras:
    return run({"path": "truck", "start": 0.0, "end": 0.0}, views=1)


def check_same(found: Cameras, wanted: Cameras) -> None:
    torch.testing.assert_close(found.w2c, wanted.w2c, atol=1e-5, rtol=0)
    torch.testing.assert_close(found.K, wanted.K, atol=1e-3, rtol=1e-5)
    assert (found.width, found.height, found.w2c.dtype) == (wanted.width, wanted.height, torch.float32)


def test_default_camera_stands_as_its_tooltip_says() -> None:
    camera = default_camera()
    x, y, z = camera.centers[0].tolist()
    assert (math.hypot(x, y, z), math.degrees(math.asin(-y))) == pytest.approx((1.0, 18.0), abs=1e-4)
    assert torch.allclose(camera.forward[0], -camera.centers[0], atol=1e-6), "it looks at the origin"
    assert math.degrees(2 * math.atan(32 / float(camera.K[0, 0, 0]))) == pytest.approx(52.0, abs=1e-3)
    assert camera.w2c[0, 1, 1] > 0.9, "down in the picture is +y"
    wide = run({"path": "truck", "start": 0.0, "end": 0.0}, views=1, size=(128, 64))
    assert math.degrees(2 * math.atan(64 / float(wide.K[0, 0, 0]))) == pytest.approx(52.0, abs=1e-3), "the longer side is 52 degrees"


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        (ORBIT, lambda base: trajectory.orbit(base, 5, (-15, 15), 0, up=UP)),
        ({**ORBIT, "azimuth_end_deg": 90.0, "elevation_deg": 10.0}, lambda base: trajectory.orbit(base, 5, (-15, 90), 10, up=UP)),
        ({"path": "truck", "start": -0.3, "end": 0.1}, lambda base: trajectory.truck(base, 5, (-0.3, 0.1))),
        ({"path": "pedestal", "start": -0.3, "end": 0.1}, lambda base: trajectory.pedestal(base, 5, (-0.3, 0.1))),
        ({"path": "dolly", "start": 0.0, "end": 0.4}, lambda base: trajectory.dolly(base, 5, (0, 0.4))),
        ({"path": "pan", "start_deg": -5.0, "end_deg": 9.0}, lambda base: trajectory.pan(base, 5, (-5, 9), UP)),
        ({"path": "tilt", "start_deg": -5.0, "end_deg": 9.0}, lambda base: trajectory.tilt(base, 5, (-5, 9))),
        ({"path": "spiral", "angle_deg": 12.0, "turns": 1.5}, lambda base: trajectory.spiral(base, 5, 12, 1.5, up=UP)),
    ],
    ids=lambda value: value["path"] if isinstance(value, dict) else "",
)
def test_presets_are_those_of_the_core(path: dict[str, Any], wanted: Any) -> None:
    check_same(run(path), wanted(default_camera()))


def test_every_choice_of_the_path_widget_runs_with_its_defaults(tmp_path: Path) -> None:
    widget = next(entry for entry in Node.define_schema().inputs if entry.id == "path")
    assert isinstance(widget, io.DynamicCombo.Input)
    file = tmp_path / "path.txt"
    file.write_text(Node.execute(0, 64, 64, 3, ORBIT).args[2])
    for option in widget.options:
        values = {entry.id: getattr(entry, "default", None) for entry in option.inputs} | {"path": option.key}
        if option.key == "file":
            values |= {"file": str(file), "start": AT_BASE}
        cameras = run(values, views=4)
        assert len(cameras) == 4 and (cameras.centers.diff(dim=0).norm(dim=-1) + cameras.forward.diff(dim=0).norm(dim=-1) > 1e-3).all()


def test_full_circle_of_photographs_stays_level() -> None:
    """A photographer's camera looks down, so its own up leans; the circle must not dive below the ground on the far side."""
    photographs = sample_photographs(random.Random(0), 12, 64)
    cameras = run({**ORBIT, "azimuth_start_deg": 0.0, "azimuth_end_deg": 330.0}, views=12, base=photographs, view=3)
    torch.testing.assert_close(cameras[0].w2c, photographs[3].w2c, atol=1e-5, rtol=0)
    assert cameras.centers[:, 1].std() < 0.04


def test_up_is_found_where_all_look_down_from_one_side() -> None:
    def error_deg(direction: Any) -> float:
        return math.degrees(math.acos(-torch.nn.functional.normalize(torch.as_tensor(direction).double(), dim=0)[1].item()))

    for seed in range(5):
        sweep = sample_sweep(random.Random(seed), 12, 64, "orbit")
        lean = error_deg(-sweep.w2c[:, 1, :3].mean(0))
        assert error_deg(upright_direction(sweep)) < 0.6 * lean
    assert error_deg(upright_direction(sample_photographs(random.Random(0), 24, 64))) < 2
    single = sample_sweep(random.Random(0), 1, 64)
    found = torch.nn.functional.normalize(torch.tensor(upright_direction(single)), dim=0)
    torch.testing.assert_close(found, -single.w2c[0, 1, :3], atol=1e-5, rtol=0)


@pytest.mark.parametrize(("size", "scale"), [((128, 128), 2.0), ((32, 32), 0.5), ((128, 64), 2.0), ((48, 96), 1.5), ((40, 64), 1.0)])
def test_other_picture_sizes_crop_the_field_of_view(size: tuple[int, int], scale: float) -> None:
    """A point seen at some place about the middle is seen `scale` times as far from it; square pixels stay square."""
    base = sample_photographs(random.Random(0), 1, 64)
    fitted = fit_cameras(base, *size)
    points = 0.2 * torch.randn(20, 3, generator=torch.Generator().manual_seed(0))
    before, after = project_points(base, points)[0] - 32, project_points(fitted, points)[0] - torch.tensor(size) / 2
    torch.testing.assert_close(after, scale * before, atol=1e-3, rtol=1e-4)
    assert (fitted.width, fitted.height) == size


def test_base_view_is_picked_and_checked() -> None:
    photographs = sample_photographs(random.Random(0), 6, 64)
    check_same(run({"path": "dolly", "start": 0.0, "end": 0.0}, views=1, base=photographs, view=4), photographs[4])
    with pytest.raises(ValueError, match=r"base_view: wanted one of the 6 base cameras, 0 to 5, got 6"):
        run(ORBIT, base=photographs, view=6)


def test_ease_moves_the_views_along_the_same_path() -> None:
    even, eased = (Node.execute(0, 64, 64, 5, ORBIT, ease=ease).args[0] for ease in ("constant", "ease in and out"))
    assert torch.equal(even.w2c, run(ORBIT).w2c), "what old workflows have"
    angles = [math.degrees(math.acos(min(1.0, float(camera @ even.centers[2])))) for camera in eased.centers]
    assert angles == pytest.approx([15, 15 - 30 * (3 / 16 - 2 / 64), 0, 15 - 30 * (3 / 16 - 2 / 64), 15], abs=1.5)
    check_same(eased[[0, 2, 4]], even[[0, 2, 4]])


def test_keyframes_are_met_and_smooth() -> None:
    path = {"path": "keyframes", "keyframes": '[{"azimuth_deg": -20, "distance": 0.8}, {"azimuth_deg": 20, "elevation_deg": 5}]'}
    cameras, base = run(path, views=9), default_camera()
    check_same(cameras[0], trajectory.orbit(base, 1, (-20, -20), 0, 0.8, up=UP))
    check_same(cameras[8], trajectory.orbit(base, 1, (20, 20), 5, up=UP))
    steps = cameras.centers.diff(dim=0).norm(dim=-1)
    assert steps.max() / steps.min() < 1.2
    moved = '[{}, {"truck": 0.1, "pedestal": 0.2, "dolly": 0.3, "pan_deg": 10, "tilt_deg": -4}]'
    last = run({"path": "keyframes", "keyframes": moved}, views=3)[2]
    shift = base.w2c[0, :3, :3] @ (last.centers - base.centers)[0]
    torch.testing.assert_close(shift, torch.tensor([0.1, -0.2, 0.3]), atol=1e-5, rtol=0)
    sideways, down = (base.w2c[0, :2, :3] @ last.forward[0]).tolist()
    assert sideways > 0.1 and down > 0.04
    assert len(parse_keyframes(KEYFRAMES)) == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[{]", "wanted JSON, got .* line 1, column"),
        ('{"azimuth_deg": 3}', "wanted a list of two or more objects"),
        ("[{}]", "wanted a list of two or more objects"),
        ("[{}, 3]", "wanted a list of two or more objects"),
        ('[{}, {"azimuth": 3}]', "number 1: wanted keys of azimuth_deg, .*, got 'azimuth'"),
        ('[{"truck": "far"}, {}]', "number 0: wanted truck to be a finite number, got 'far'"),
        ('[{"truck": NaN}, {}]', "number 0: wanted truck to be a finite number, got nan"),
        ('[{"truck": true}, {}]', "number 0: wanted truck to be a finite number, got True"),
        ('[{}, {"distance": 0}]', "wanted a positive radius"),
    ],
)
def test_faulty_keyframes_are_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        run({"path": "keyframes", "keyframes": text})


def save_text(folder: Path, cameras_text: str) -> dict[str, Any]:
    (folder / "path.txt").write_text(cameras_text)
    return {"path": "file", "file": str(folder / "path.txt"), "start": AS_WRITTEN, "scale": 1.0}


def test_text_is_a_cameractrl_file_that_comes_back(tmp_path: Path) -> None:
    base = sample_photographs(random.Random(0), 4, 64)
    for size in ((64, 64), (96, 64)):
        cameras, _, text, *_ = Node.execute(2, *size, 5, ORBIT, base).args
        path = save_text(tmp_path, text)
        check_same(read_realestate10k(tmp_path / "path.txt", *size).cameras, cameras)
        check_same(run(path, views=5, size=size), cameras)
        check_same(run(path | {"start": AT_BASE}, views=5, size=size, base=cameras, view=0), cameras)


def test_file_path_is_moved_to_the_base_view_and_scaled(tmp_path: Path) -> None:
    """A truck far away, in units of a half, about a camera that looks elsewhere."""
    path = save_text(tmp_path, Node.execute(0, 64, 64, 5, {"path": "truck", "start": 3.0, "end": 4.0}).args[2])
    base = sample_photographs(random.Random(0), 4, 64)
    cameras = run(path | {"start": AT_BASE, "scale": 0.5}, views=3, base=base, view=1)
    check_same(cameras, trajectory.truck(base[1], 3, (0.0, 0.5)))
    as_written = run(path | {"scale": 0.5}, views=5)
    torch.testing.assert_close(as_written.centers, run({"path": "truck", "start": 3.0, "end": 4.0}).centers * 0.5, atol=1e-5, rtol=0)


def test_file_aspect_follows_from_square_pixels(tmp_path: Path) -> None:
    """RealEstate10K normalises focal lengths by a size that it does not name: 0.5 of 16 and 8/9 of 9 are one length."""
    row = "0 0.5 0.888888888888 0.5 0.5 0 0 1 0 0 0 0 1 0 0 0 0 1 0"
    (tmp_path / "path.txt").write_text(f"https://video\n{row}\n{row}\n")
    cameras = read_camera_path(tmp_path / "path.txt")
    assert (cameras.width, cameras.height) == (1920, 1080)
    torch.testing.assert_close(cameras.K[0, 0, 0], cameras.K[0, 1, 1])
    square = run(save_text(tmp_path, (tmp_path / "path.txt").read_text()), views=2)
    assert float(square.K[0, 0, 0]) / 64 == pytest.approx(8 / 9, abs=1e-4), "the height fills the picture, the sides are cropped"


def test_transforms_json_is_a_path_too(tmp_path: Path) -> None:
    photographs = sample_photographs(random.Random(0), 3, 64)
    paths = tuple(tmp_path / f"{i}.png" for i in range(3))
    for path in paths:
        Image.new("RGB", (64, 64)).save(path)
    write_transforms_json(tmp_path / "transforms.json", PosedFiles(photographs, paths))
    file = {"path": "file", "file": str(tmp_path / "transforms.json"), "start": AS_WRITTEN, "scale": 1.0}
    check_same(run(file, views=3), photographs)
    assert len(run(file, views=7)) == 7


def test_faulty_files_are_refused_by_name(tmp_path: Path) -> None:
    path = save_text(tmp_path, "https://video\n1 2 3\n")
    with pytest.raises(ValueError, match=r"path.txt, line 2: wanted 19 finite numbers, got 3"):
        run(path)
    with pytest.raises(ValueError, match="file: wanted a file, absolute or inside .*, got 'nowhere.txt'"):
        run(path | {"file": "nowhere.txt"})
    (tmp_path / "transforms.json").write_text(json.dumps({"frames": []}))
    with pytest.raises(ValueError, match="wanted a list of frames"):
        run(path | {"file": str(tmp_path / "transforms.json")})


def test_fingerprint_follows_the_file_alone(tmp_path: Path) -> None:
    path = save_text(tmp_path, "words")
    before = Node.fingerprint_inputs(path=path, views=3)
    assert before == Node.fingerprint_inputs(path=path, views=3)
    os.utime(tmp_path / "path.txt", (1, 1))
    assert before != Node.fingerprint_inputs(path=path, views=3)
    assert Node.fingerprint_inputs(path=ORBIT, views=3) is None


def test_plot_shows_the_path_and_the_references() -> None:
    def plot(base: Cameras | None) -> Tensor:
        return Node.execute(0, 64, 64, 5, ORBIT, base).args[1]

    alone, with_base = plot(None), plot(sample_photographs(random.Random(0), 8, 64))
    assert alone.shape[0] == 1 and alone.shape[-1] == 3 and alone.shape == with_base.shape
    assert (alone - with_base).abs().mean() > 1e-3


def test_widgets_arrive_through_comfyui(comfy: Any) -> None:
    """The dotted widget names of a saved workflow, validated and executed by ComfyUI itself."""
    values = {"path.azimuth_start_deg": -30.0, "path.azimuth_end_deg": 30.0, "path.elevation_deg": 5.0}
    inputs = {"base_view": 0, "width": 128, "height": 64, "views": 3, "path": "orbit", **values}
    prompt = {
        "1": {"class_type": "MVCustomRenderDemoSubject", "inputs": {"seed": 1, "views": 4, "size": 64}},
        "2": {"class_type": "MVCustomCameraTrajectory", "inputs": {**inputs, "base_cameras": ["1", 2]}},
        "3": {"class_type": "PreviewImage", "inputs": {"images": ["2", 1]}},
    }
    assert comfy.run(prompt)["2"]["images"], "the plot is shown on the node"
    with pytest.raises(ValueError, match="azimuth_end_deg"):
        bad = {**inputs, "path.azimuth_end_deg": 9999.0}
        comfy.run({"2": {"class_type": "MVCustomCameraTrajectory", "inputs": bad}, "3": prompt["3"]})


def test_node_runs_alone_and_gives_the_sizes_as_numbers(comfy: Any) -> None:
    values = {"path.azimuth_start_deg": -30.0, "path.azimuth_end_deg": 30.0, "path.elevation_deg": 5.0}
    inputs = {"base_view": 0, "width": 128, "height": 64, "views": 3, "path": "orbit", **values}
    shown = comfy.run({"2": {"class_type": "MVCustomCameraTrajectory", "inputs": inputs}})["2"]
    assert shown["images"] and "mvcustom_base_cameras" not in shown
    assert Node.execute(0, 128, 64, 3, ORBIT).args[3:] == (128, 64, 3)


def test_browser_is_told_the_base_cameras_and_sees_the_photographs() -> None:
    photographs = sample_photographs(random.Random(0), 5, 64)
    images = torch.rand(5, 64, 64, 3)
    told = Node.execute(1, 64, 64, 3, ORBIT, photographs, images).ui
    (base,), (sheet,) = told["mvcustom_base_cameras"], told["mvcustom_thumbnails"]
    assert len(base["cameras"]) == 5 and all(len(camera) == 18 for camera in base["cameras"])
    torch.testing.assert_close(torch.tensor(base["cameras"][2][:12]), photographs.w2c[2, :3].flatten(), atol=1e-6, rtol=0)
    assert (sheet["columns"], sheet["rows"], sheet["type"]) == (3, 2, "temp")
    json.dumps(told)


def test_photographs_of_other_cameras_are_refused() -> None:
    photographs = sample_photographs(random.Random(0), 5, 64)
    with pytest.raises(ValueError, match="photographs: wanted one picture for each of the 5 base cameras, got 3; connect the pictures"):
        Node.execute(0, 64, 64, 3, ORBIT, photographs, torch.rand(3, 64, 64, 3))
    with pytest.raises(ValueError, match="photographs: wanted base_cameras with them, got none; connect the cameras"):
        Node.execute(0, 64, 64, 3, ORBIT, None, torch.rand(3, 64, 64, 3))
