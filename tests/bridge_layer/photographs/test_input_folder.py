"""What the browser is shown of ComfyUI's input folder, small pictures, and the removal of a photograph."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from PIL import Image

from mvcustom.nodes.bridge.photographs.source import SOLVE
from mvcustom.nodes.photographs.load_posed_images import MVCustomLoadPosedImages
from mvcustom.tests.bridge_layer.photographs.browser_upload import call, make_picture, send


@pytest.fixture(autouse=True)
def filled(home: Path) -> None:
    """One folder of photographs that have no cameras; beside the input folder a photograph that is nobody's business."""
    send("cup", {"b.png": make_picture(), "a.png": make_picture(), "masks/a.png": make_picture()})
    (home.parent / "secret.png").write_bytes(make_picture())


def test_photographs_without_cameras_are_listed_with_what_to_connect(home: Path) -> None:
    status, answer = call("GET", folder='"cup"')
    assert status == 200 and answer["folders"] == ["cup"]
    shown = answer["described"]
    assert (shown["folder"], shown["photographs"], shown["count"], shown["solve"]) == ("cup", ["a.png", "b.png"], 2, SOLVE)
    assert shown["problem"].endswith(SOLVE) and "Solve Cameras" in SOLVE
    assert MVCustomLoadPosedImages.validate_inputs(folder="cup") == shown["problem"], "the node says the same"


def test_folder_with_cameras_has_no_problem(home: Path) -> None:
    send("cup", {"transforms.json": b"{}"})
    for name in ("cup", "cup/", "cup/transforms.json", str(home / "cup")):
        shown = call("GET", folder=name)[1]["described"]
        assert (shown["folder"], shown["problem"], shown["solve"], shown["count"]) == ("cup", None, None, 2), name


@pytest.mark.parametrize("name", ["none", "..", "../input", "/", "cup/..", "."])
def test_folders_elsewhere_show_no_photographs(home: Path, name: str) -> None:
    shown = call("GET", folder=name)[1]["described"]
    assert (shown["folder"], shown["photographs"], shown["solve"]) == (None, [], None) and shown["problem"]


def test_thumbnail_is_small_and_upright(home: Path) -> None:
    wide = Image.new("RGB", (600, 300), "white")
    exif = Image.Exif()
    exif[0x0112] = 6
    wide.save(home / "cup" / "turned.jpg", exif=exif)
    status, body = call("GET", "/thumbnail", folder="cup", path="turned.jpg")
    assert status == 200 and Image.open(io.BytesIO(body)).size == (48, 96)
    (home / "cup" / "broken.png").write_bytes(b"<script>")
    status, answer = call("GET", "/thumbnail", folder="cup", path="broken.png")
    assert status == 415 and "wanted a picture" in answer["error"]


OUTSIDE = [
    ("cup", "../../secret.png"),
    ("..", "secret.png"),
    ("", "secret.png"),
    (".", "cup/a.png"),
    ("cup", "link.png"),
    ("cup", "a\0.png"),
]


@pytest.mark.parametrize(
    ("folder", "path"), [*OUTSIDE, ("cup", "none.png"), ("cup", "transforms.json"), ("cup", ""), ("cup", "folder.png")]
)
@pytest.mark.parametrize(("method", "address"), [("GET", "/thumbnail"), ("DELETE", "")])
def test_nothing_but_a_photograph_inside_is_shown_or_removed(home: Path, method: str, address: str, folder: str, path: str) -> None:
    (home / "cup" / "link.png").symlink_to(home.parent / "secret.png")
    (home / "cup" / "transforms.json").write_text("{}")
    (home / "cup" / "folder.png").mkdir()
    before = sorted(home.parent.rglob("*"))
    status, answer = call(method, address, folder=folder, path=path)
    assert status in (400, 403, 404) and "wanted" in answer["error"]
    assert sorted(home.parent.rglob("*")) == before


def test_one_photograph_is_removed(home: Path) -> None:
    assert call("DELETE", folder="cup", path="a.png") == (200, {})
    assert sorted(os.listdir(home / "cup")) == ["b.png", "masks"] and os.listdir(home / "cup" / "masks") == ["a.png"]
