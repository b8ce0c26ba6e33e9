"""Save Cameras and Save Views for 3D: what is written is read back, nothing is written over, and nothing half-written stays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from mvcustom.mvcustom_core.camera.cameras import Cameras
from mvcustom.mvcustom_core.capture.formats.camera_path import read_camera_path
from mvcustom.mvcustom_core.capture.formats.folder import read_folder
from mvcustom.nodes.bridge.cameras import saving
from mvcustom.nodes.bridge.cameras.saving import CAMERACTRL, COLMAP_BINARY, COLMAP_TEXT, FORMATS, TRANSFORMS
from mvcustom.nodes.cameras import save_cameras, save_views_for_3d
from mvcustom.nodes.cameras.ping_pong_views import MVCustomPingPongViews
from mvcustom.nodes.cameras.save_cameras import MVCustomSaveCameras
from mvcustom.nodes.cameras.save_views_for_3d import MVCustomSaveViewsFor3D
from mvcustom.nodes.depth.views_to_geometry import MVCustomViewsToGeometry
from mvcustom.tests.host.embedded import SIZE, VIEWS, make_cameras, make_depth
from mvcustom.tests.host.in_process import ComfyInProcess

FILES = {
    TRANSFORMS: ["transforms.json"],
    COLMAP_TEXT: ["sparse/0/cameras.txt", "sparse/0/images.txt", "sparse/0/points3D.txt"],
    COLMAP_BINARY: ["sparse/0/cameras.bin", "sparse/0/images.bin", "sparse/0/points3D.bin"],
    CAMERACTRL: ["camera_path.txt"],
}


@pytest.fixture
def output(comfy: ComfyInProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty output folder of ComfyUI."""
    monkeypatch.setattr(comfy.folder_paths, "output_directory", str(tmp_path))
    return tmp_path


def draw_views(count: int = VIEWS) -> torch.Tensor:
    return torch.rand(count, SIZE, SIZE, 3, generator=torch.Generator().manual_seed(0))


def save(format: str, prefix: str = "mvcustom/path", **changes: Any) -> Path:
    inputs = {"cameras": make_cameras(), "images": draw_views(), **changes}
    return Path(MVCustomSaveCameras.execute(format=format, filename_prefix=prefix, **inputs).result[0])


def save_scene(**changes: Any) -> Path:
    inputs = {"cameras": make_cameras(), "images": draw_views(), "depth": make_depth(), "filename_prefix": "scene", "points": 500}
    return Path(MVCustomSaveViewsFor3D.execute(**{**inputs, **changes}).result[0])


def check_same(found: Cameras, wanted: Cameras) -> None:
    torch.testing.assert_close(found.w2c, wanted.w2c, atol=1e-6, rtol=0)
    torch.testing.assert_close(found.K / SIZE, wanted.K / SIZE, atol=1e-6, rtol=0)


def list_files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("format", FORMATS)
def test_cameras_and_views_are_read_back(output: Path, format: str) -> None:
    folder = save(format)
    assert folder == output / "mvcustom" / "path_00001_"
    pictures = [f"images/view_{i:04}.png" for i in range(VIEWS)]
    assert list_files(folder) == sorted(pictures + FILES[format])
    found = read_camera_path(folder / "camera_path.txt").resize(SIZE, SIZE) if format == CAMERACTRL else read_folder(folder).cameras
    check_same(found, make_cameras())
    view = np.asarray(Image.open(folder / pictures[1]))
    np.testing.assert_array_equal(view, (draw_views()[1] * 255).round().byte().numpy())


def test_a_second_run_leaves_the_first_as_it_was(output: Path) -> None:
    first, second = save(TRANSFORMS), save(TRANSFORMS)
    assert [first.name, second.name] == ["path_00001_", "path_00002_"]
    (output / "mvcustom" / "path_00003_").write_text("a file of the user's")
    assert save(CAMERACTRL, images=None).name == "path_00004_"


def test_a_scene_has_all_that_training_needs(output: Path) -> None:
    folder = save_scene()
    pictures = [f"images/view_{i:04}.png" for i in range(VIEWS)]
    assert list_files(folder) == sorted([*pictures, *FILES[COLMAP_BINARY], "points.ply", "transforms.json"])
    for place in (folder / "transforms.json", folder / "sparse" / "0" / "images.bin"):
        check_same(read_folder(place).cameras, make_cameras())
    header, _, body = (folder / "points.ply").read_bytes().partition(b"end_header\n")
    count = int(header.split(b"element vertex ")[1].split()[0])
    assert 50 < count <= 500 and len(body) == 15 * count
    assert int.from_bytes((folder / "sparse" / "0" / "points3D.bin").read_bytes()[:8], "little") == count


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=["full disk", "cancelled"])
def test_nothing_half_written_stays(output: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(saving, "write_colmap_binary", fail)
    with pytest.raises(type(error), match="nothing is left of it: .*No space.*free disk space" if isinstance(error, OSError) else ""):
        save_scene()
    assert not list(output.rglob("*")), "neither pictures nor a folder"


@pytest.mark.parametrize("prefix", ["../outside", "/tmp/outside", "", ".", "a/.."])
def test_nothing_is_written_outside_the_output_folder(output: Path, prefix: str) -> None:
    with pytest.raises(ValueError, match="filename_prefix: wanted a name inside the output folder, got"):
        save(TRANSFORMS, prefix)
    assert not list(output.rglob("*"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"images": None}, "images: wanted the views, because transforms.json names a picture for every camera, got none; connect IMAGE"),
        ({"images": draw_views(2)}, "images: wanted 3, one for each camera, got 2; connect all views of these cameras"),
        ({"images": draw_views()[:, ::2]}, "images: wanted the cameras' size 64x64, got 64x32"),
    ],
)
def test_views_that_do_not_fit_are_refused(output: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        save(TRANSFORMS, **changes)
    assert not list(output.rglob("*"))


def test_the_node_shows_the_folder(output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(save_cameras, "send_text", said.append)
    monkeypatch.setattr(save_views_for_3d, "send_text", said.append)
    folders = save(CAMERACTRL, images=None), save_scene()
    assert said == [f"written to {folder}" for folder in folders]


def test_saved_pictures_open_their_workflow(output: Path, comfy: ComfyInProcess) -> None:
    prompt = {
        "1": {"class_type": "MVCustomRenderDemoSubject", "inputs": {"seed": 1, "views": 4, "size": 64}},
        "2": {
            "class_type": "MVCustomSaveCameras",
            "inputs": {"cameras": ["1", 2], "images": ["1", 0], "format": COLMAP_TEXT, "filename_prefix": "run"},
        },
    }
    assert len(comfy.run(prompt)["2"]["images"]) == 1, "the plot is shown on the node"
    assert "MVCustomSaveCameras" in Image.open(output / "run_00001_" / "images" / "view_0000.png").info["prompt"]


def test_geometry_is_what_cores_3d_nodes_take(output: Path) -> None:
    inputs = {"cameras": make_cameras(), "images": draw_views(), "depth": make_depth(), "points": 500}
    mesh, model, cloud, preview = MVCustomViewsToGeometry.execute(**inputs).result
    assert (model.format, cloud.format) == ("glb", "ply")
    assert model.get_bytes()[:4] == b"glTF" and cloud.get_bytes()[:3] == b"ply"
    assert mesh.vertices.shape[0] == mesh.faces.shape[0] == 1 and mesh.uvs.shape[1] == mesh.vertices.shape[1]
    assert mesh.texture.shape == (1, SIZE, SIZE, 3) and preview.shape == (1, 320, 960, 3)


def test_ping_pong_goes_forth_and_back() -> None:
    views = torch.arange(4).reshape(4, 1, 1, 1).expand(4, 2, 2, 3) / 4
    played = MVCustomPingPongViews.execute(views).result[0]
    assert (4 * played[:, 0, 0, 0]).int().tolist() == [0, 1, 2, 3, 2, 1]
    assert len(MVCustomPingPongViews.execute(views[:2]).result[0]) == 2 and len(MVCustomPingPongViews.execute(views[:1]).result[0]) == 1
