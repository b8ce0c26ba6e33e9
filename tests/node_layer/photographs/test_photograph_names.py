"""Files that share a name, or that differ in its spelling alone: each photograph keeps its own, and what is unclear is told by name."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from mvcustom.mvcustom_core.capture.files.left_out import name_files
from mvcustom.mvcustom_core.capture.formats.folder import read_folder
from mvcustom.nodes.photographs import photograph_choices
from mvcustom.tests.node_layer.photographs.posed_folders import COUNT, edit_json, load, make_cameras, picture_of, write_folder


@pytest.fixture(autouse=True)
def no_plot(monkeypatch: pytest.MonkeyPatch) -> None:
    """The picture of the cameras takes half of the node's time and has tests of its own."""
    monkeypatch.setattr(photograph_choices, "plot_photographs", lambda *others, **more: torch.zeros(3, 4, 4))


def move_to_sides(folder: Path) -> None:
    """left/00.png, right/00.png, left/01.png, ... beside transforms.json."""

    def edit(document: dict) -> None:
        for i, frame in enumerate(document["frames"]):
            frame["file_path"] = f"{'left' if i % 2 else 'right'}/{i // 2:02}.png"
            (folder / frame["file_path"]).parent.mkdir(exist_ok=True)
            picture_of(folder, i).rename(folder / frame["file_path"])

    edit_json(folder, edit)


def test_a_photograph_in_its_place_stays_beside_a_missing_one_of_its_name(tmp_path: Path) -> None:
    """The missing one is found by its name as the file of the other, which the camera file names as it is."""
    write_folder(tmp_path, make_cameras())
    images = load(tmp_path)[0]
    edit_json(tmp_path, lambda document: document["frames"][4].update(file_path="lost/01.png"))
    found, *_, report = load(tmp_path)
    assert torch.equal(found, images[[0, 1, 2, 3, 5]])
    assert "found by name" not in report and "left out: 1\n" in report
    reason = "wanted an image of its own, got one that another entry of the camera file names; put the missing image in place"
    assert f"(lost/01.png): {picture_of(tmp_path, 1)}: {reason}" in report


def test_a_report_tells_photographs_of_one_name_apart(tmp_path: Path) -> None:
    write_folder(tmp_path, make_cameras())
    move_to_sides(tmp_path)
    (tmp_path / "right" / "01.png").write_bytes((tmp_path / "right" / "01.png").read_bytes()[:200])
    report = load(tmp_path)[4]
    assert f"photographs: {COUNT - 1} of {COUNT}" in report and "  right/01.png: " in report


def test_a_photograph_listed_twice_is_told_apart_from_one_of_its_name(tmp_path: Path) -> None:
    write_folder(tmp_path, make_cameras())
    move_to_sides(tmp_path)
    edit_json(tmp_path, lambda document: document["frames"].append(document["frames"][3]))
    assert "  left/01.png: is listed again with the same camera; it is loaded once" in load(tmp_path)[4]


def test_names_are_as_long_as_they_must_be() -> None:
    paths = [Path(path) for path in ("/a/x/1.png", "/b/x/1.png", "/b/2.png", "/a/x/1.png", "/b/3.png")]
    assert name_files(paths) == ("a/x/1.png", "b/x/1.png", "2.png", "a/x/1.png", "3.png")


def test_one_mask_for_two_photographs_is_refused(tmp_path: Path) -> None:
    """Photographs of two folders, and masks in one without folders."""
    write_folder(tmp_path, make_cameras(), with_masks=True)
    elsewhere = tmp_path.parent / f"{tmp_path.name} beside"

    def edit(document: dict) -> None:
        for i, frame in enumerate(document["frames"]):
            del frame["mask_path"]
            side = elsewhere / ("left" if i % 2 else "right")
            side.mkdir(parents=True, exist_ok=True)
            frame["file_path"] = str(shutil.move(picture_of(tmp_path, i), side / f"{i // 2:02}.png"))

    edit_json(tmp_path, edit)
    with pytest.raises(
        ValueError, match="wanted one of its own for every photograph, got .*masks/00.png.png for both right/00.png and left/"
    ):
        read_folder(tmp_path)


def test_masks_named_by_a_path_of_another_machine_are_not_shared_either(tmp_path: Path) -> None:
    write_folder(tmp_path, make_cameras(), with_masks=True)

    def edit(document: dict, folder: str) -> None:
        for i, frame in enumerate(document["frames"]):
            frame["mask_path"] = f"{folder}/{'left' if i % 2 else 'right'}/{i // 2:02}.png.png"

    edit_json(tmp_path, lambda document: edit(document, "/somewhere"))
    with pytest.raises(ValueError, match=r"got .*masks/00.png.png for both 00.png and 01.png; put the masks into folders of the same"):
        read_folder(tmp_path)


def test_one_mask_that_the_camera_file_names_for_all_is_that_of_all(tmp_path: Path) -> None:
    """As for a subject on a turntable that fills the same part of every picture."""
    write_folder(tmp_path, make_cameras(), with_masks=True)
    edit_json(tmp_path, lambda document: [frame.update(mask_path="masks/00.png.png") for frame in document["frames"]])
    assert set(read_folder(tmp_path).masks) == {tmp_path / "masks" / "00.png.png"}


def test_files_that_differ_in_case_alone_are_both_named(tmp_path: Path) -> None:
    write_folder(tmp_path, make_cameras())
    shutil.copy(picture_of(tmp_path, 1), tmp_path / "images" / "01.PNG")
    if (tmp_path / "images" / "01.Png").exists():
        pytest.skip("this file system does not tell upper from lower case")
    edit_json(tmp_path, lambda document: document["frames"][1].update(file_path="images/01.Png"))
    report = load(tmp_path)[4]
    assert "wanted one file of that name, got 01.PNG and 01.png, which differ in upper and lower case" in report
    assert f"photographs: {COUNT - 1} of {COUNT}" in report


def test_an_empty_folder_of_masks_is_named_with_what_to_do(tmp_path: Path) -> None:
    write_folder(tmp_path, make_cameras())
    (tmp_path / "masks").mkdir()
    with pytest.raises(ValueError, match="wanted one for every photograph in .*/masks, got an empty folder; put them there, or delete it"):
        load(tmp_path)


def test_a_folder_of_masks_with_other_names_is_told_how_to_call_them(tmp_path: Path) -> None:
    write_folder(tmp_path, make_cameras(), with_masks=True)
    edit_json(tmp_path, lambda document: [frame.pop("mask_path") for frame in document["frames"]])
    for i in range(COUNT):
        (tmp_path / "masks" / f"{i:02}.png.png").rename(tmp_path / "masks" / f"mask_{i}.png")
    with pytest.raises(ValueError, match="such as 00.png.png or 00.png, got 6 files of other names, the first is mask_0.png; rename them"):
        load(tmp_path)
