"""The workflows as templates: what a user finds in each before anything runs. How they look is tested in the browser."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from PIL import Image

from mvcustom.nodes.photographs.load_posed_images import MVCustomLoadPosedImages
from mvcustom.tests.host.in_process import ComfyInProcess
from mvcustom.tests.node_layer.test_sd15_workflows import WORKFLOWS, read_workflow

NAMES = sorted(file.stem for file in WORKFLOWS.glob("*.json"))
WITH_VIEWS = [name for name in NAMES if name != "mvcustom_sd15_learn_photographs"]
THUMBNAIL_BYTES, THUMBNAIL_SIDE = 200_000, 1200  # pixels


def nodes_of(name: str, kind: str) -> list[dict[str, Any]]:
    return [node for node in read_workflow(name)["nodes"] if node["type"] == kind]


def origin_of(name: str, kind: str, slot: str, title: str | None = None) -> tuple[str, str] | None:
    """Type and output of the node that is connected to an input of the one node of a type, or of a type and a title."""
    workflow = read_workflow(name)
    nodes = {node["id"]: node for node in workflow["nodes"]}
    (node,) = (node for node in nodes.values() if node["type"] == kind and title in (None, node.get("title")))
    link = next(entry["link"] for entry in node["inputs"] if entry["name"] == slot)
    return next(((nodes[a]["type"], nodes[a]["outputs"][i]["name"]) for key, a, i, *_ in workflow["links"] if key == link), None)


def test_every_template_has_an_id_of_its_own() -> None:
    ids = [uuid.UUID(read_workflow(name)["id"]) for name in NAMES]
    assert len(NAMES) == 6 and len(set(ids)) == 6 and all(each.int for each in ids)


@pytest.mark.parametrize("name", NAMES)
def test_every_template_has_a_small_picture(name: str) -> None:
    file = WORKFLOWS / f"{name}.jpg"
    assert file.stat().st_size < THUMBNAIL_BYTES
    with Image.open(file) as picture:
        assert picture.format == "JPEG" and max(picture.size) <= THUMBNAIL_SIDE


@pytest.mark.parametrize("name", NAMES)
def test_notes_say_what_to_change_and_how_long_it_takes(name: str) -> None:
    notes = "\n".join(node["widgets_values"][0] for node in nodes_of(name, "MarkdownNote"))
    assert "What to change first" in notes and "How long it takes" in notes


@pytest.mark.parametrize("name", NAMES)
def test_groups_are_titled_by_step(name: str) -> None:
    titles = [group["title"] for group in read_workflow(name)["groups"]]
    numbers = [int(title[0]) for title in titles[1:]]
    assert titles[0] == "Read first" and numbers == sorted(numbers) and set(numbers) == set(range(1, numbers[-1] + 1))
    assert all(re.match(r"\d \w", title) for title in titles[1:])


@pytest.mark.parametrize("name", WITH_VIEWS)
def test_size_and_number_of_the_views_are_written_once(name: str) -> None:
    if name == "mvcustom_still_single_photograph":  # the photograph's size is known before the path
        assert [origin_of(name, "MVCustomCameraTrajectory", side) for side in ("width", "height")] == [
            ("GetImageSize", "width"),
            ("GetImageSize", "height"),
        ]
        return
    sources = [origin_of(name, "EmptyLatentImage", slot) for slot in ("width", "height", "batch_size")]
    assert sources == [("MVCustomCameraTrajectory", output) for output in ("width", "height", "views")]


@pytest.mark.parametrize("name", WITH_VIEWS)
def test_path_shows_the_photographs(name: str) -> None:
    cameras, photographs = (origin_of(name, "MVCustomCameraTrajectory", slot) for slot in ("base_cameras", "photographs"))
    assert photographs is not None and (name == "mvcustom_still_single_photograph" or cameras is not None and cameras[0] == photographs[0])


@pytest.mark.parametrize("name", WITH_VIEWS)
def test_views_become_a_video_that_goes_forth_and_back(name: str) -> None:
    assert origin_of(name, "SaveVideo", "video") == ("CreateVideo", "VIDEO")
    assert origin_of(name, "CreateVideo", "images") == ("MVCustomPingPongViews", "images")


@pytest.mark.parametrize("name", WITH_VIEWS)
def test_cameras_are_saved_with_their_views_and_the_folder_is_shown(name: str) -> None:
    cameras, images = (origin_of(name, "MVCustomSaveCameras", slot, "Save Cameras") for slot in ("cameras", "images"))
    assert cameras == ("MVCustomCameraTrajectory", "cameras") and images == ("VAEDecode", "IMAGE")
    assert images == origin_of(name, "SaveImage", "images", "Views")
    assert origin_of(name, "PreviewAny", "source", "Folder of the cameras") == ("MVCustomSaveCameras", "folder")


def test_found_cameras_are_saved_with_their_photographs() -> None:
    found = [
        origin_of("mvcustom_solve_photographs", "MVCustomSaveCameras", slot, "Save the found cameras") for slot in ("cameras", "images")
    ]
    assert found == [("MVCustomSolveCameras", "cameras"), ("MVCustomSolveCameras", "images")]


@pytest.mark.parametrize("name", NAMES)
def test_titles_begin_with_a_capital(name: str) -> None:
    assert all(node.get("title", "A")[0].isupper() for node in read_workflow(name)["nodes"])


@pytest.mark.parametrize("name", NAMES)
def test_no_template_names_a_folder_that_a_user_may_not_have(name: str) -> None:
    for kind in ("MVCustomLoadPosedImages", "LoadImageDataSetFromFolder"):
        assert all(node["widgets_values"][0] == "" for node in nodes_of(name, kind))


@pytest.mark.parametrize("folder", ["", "  ", '""'])
def test_folder_that_is_not_chosen_is_asked_for(comfy: ComfyInProcess, folder: str) -> None:
    answer = MVCustomLoadPosedImages.validate_inputs(folder)
    assert answer == (
        "folder: wanted the folder of the photographs and their cameras, got none; choose it with the buttons on the node, "
        "drop it there, or write its path"
    )
