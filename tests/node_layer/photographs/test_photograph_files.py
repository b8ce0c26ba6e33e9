"""Folders as people have them: which camera file is taken, and how the pictures are found that it names."""

from __future__ import annotations

import codecs
import json
import math
import shutil
import struct
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from mvcustom.mvcustom_core.capture.formats.folder import read_folder
from mvcustom.nodes.photographs import photograph_choices
from mvcustom.tests.node_layer.photographs.posed_folders import (
    COUNT,
    HEIGHT,
    Node,
    edit_json,
    load,
    make_cameras,
    photograph,
    picture_of,
    save_picture,
    write_binary_model,
    write_folder,
)

NAMES = [f"{i:02}.png" for i in range(COUNT)]


@pytest.fixture(autouse=True)
def no_plot(monkeypatch: pytest.MonkeyPatch) -> None:
    """The picture of the cameras takes half of the node's time and has tests of its own."""
    monkeypatch.setattr(photograph_choices, "plot_photographs", lambda *others, **more: torch.zeros(3, 4, 4))


def check_whole(place: Path, pictures: torch.Tensor, *words: str) -> str:
    """All photographs come out as they did from a tidy folder, and the report says the words."""
    assert Node.validate_inputs(str(place)) is True
    images, *_, report = load(place)
    assert torch.equal(images, pictures)
    assert f"photographs: {len(pictures)} of {len(pictures)}" in report
    for word in words:
        assert word in report, word
    return report


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> torch.Tensor:
    return load(write_folder(tmp_path_factory.mktemp("tidy"), make_cameras()))[0]


# Blender


def write_blender(folder: Path) -> Path:
    """A scene as NeRF's authors publish them: three lists, an angle for all, names without endings, transparency for masks."""
    write_folder(folder, make_cameras())
    document = json.loads((folder / "transforms.json").read_text())
    (folder / "transforms.json").unlink()
    shutil.rmtree(folder / "images")
    rendering = photograph(make_cameras())
    angle = 2 * math.atan(make_cameras().width / 2 / float(make_cameras().K[0, 0, 0]))
    for part, indices in {"train": (0, 1, 2), "val": (3, 4, 5), "test": (1, 3, 5, 0)}.items():
        frames = []
        for number, i in enumerate(indices):
            save_picture(folder / part / f"r_{number}.png", torch.cat([rendering.images[i], rendering.mask[i]]))
            matrix = document["frames"][i]["transform_matrix"]
            frames.append({"file_path": f"./{part}/r_{number}", "rotation": 0.01, "transform_matrix": matrix})
        (folder / f"transforms_{part}.json").write_text(json.dumps({"camera_angle_x": angle, "frames": frames}))
    return folder


def test_published_blender_scenes_are_read_the_training_part_by_default(tmp_path: Path) -> None:
    write_blender(tmp_path)
    assert Node.validate_inputs(str(tmp_path)) is True
    images, masks, cameras, _, report = load(tmp_path)
    assert len(images) == 3 and 0 < masks.mean() < 1
    torch.testing.assert_close(read_folder(tmp_path).cameras.K, make_cameras().K[:3], atol=1e-4, rtol=0)
    assert "format: transforms_train.json\n" in report
    assert "transforms_train.json is taken, which comes first; there are also transforms_val.json; transforms_test.json" in report


def test_naming_a_file_chooses_another_part(tmp_path: Path) -> None:
    write_blender(tmp_path)
    place = tmp_path / "transforms_test.json"
    assert Node.validate_inputs(str(place)) is True
    images, *_, report = load(place)
    assert len(images) == 4 and "format: transforms_test.json\nphotographs: 4 of 4" in report
    assert str(place) in Node.fingerprint_inputs(folder=str(place))[0][0]
    assert "wanted a folder or a camera file" in Node.validate_inputs(str(tmp_path / "test" / "r_0.png"))


# COLMAP


def write_models(folder: Path, counts: dict[str, int]) -> Path:
    """Pictures, and binary models with so many of them."""
    write_folder(folder, make_cameras())
    (folder / "transforms.json").unlink()
    for place, count in counts.items():
        write_binary_model(folder / place, make_cameras(), NAMES[:count])
    return folder


def test_the_largest_model_is_taken_and_said(tmp_path: Path, pictures: torch.Tensor) -> None:
    write_models(tmp_path, {"sparse/0": 3, "sparse/1": 6, "sparse/10": 4})
    report = check_whole(tmp_path, pictures)
    line = "model: sparse/1 (binary) with 6 photographs is taken, the one with most photographs; there are also sparse/0 (binary) with 3; "
    assert line + "sparse/10 (binary) with 4; name the folder of one to take it" in report


def test_a_model_is_chosen_by_its_folder(tmp_path: Path, pictures: torch.Tensor) -> None:
    write_models(tmp_path, {"sparse/0": 6, "sparse/1": 3})
    check_whole(tmp_path / "sparse" / "1", pictures[:3])
    check_whole(tmp_path / "sparse" / "1" / "cameras.bin", pictures[:3])
    check_whole(tmp_path / "sparse", pictures, "model: 0 (binary) with 6 photographs is taken")


def test_a_broken_model_loses_to_a_whole_one(tmp_path: Path, pictures: torch.Tensor) -> None:
    write_models(tmp_path, {"sparse/0": 6, "sparse/1": 6})
    (tmp_path / "sparse" / "0" / "images.bin").write_bytes(b"")
    check_whole(tmp_path, pictures, "sparse/0 (binary), which cannot be read: ", "sparse/1 (binary) with 6 photographs is taken")


PLACES = ["colmap/sparse/0", "dense/sparse", "distorted/sparse/0", "colmap_text", "colmap", "sparse/3", "0"]


@pytest.mark.parametrize("place", PLACES)
def test_models_are_found_where_tools_put_them(tmp_path: Path, pictures: torch.Tensor, place: str) -> None:
    check_whole(write_models(tmp_path, {place: 6}), pictures, "format: COLMAP binary model")


def test_text_models_are_found_in_the_same_places(tmp_path: Path, pictures: torch.Tensor) -> None:
    check_whole(write_folder(tmp_path, make_cameras(), "colmap_text"), pictures, "format: COLMAP text model")


def test_undistorted_and_raw_models_go_with_their_own_pictures(tmp_path: Path, pictures: torch.Tensor) -> None:
    """dense/images belong to dense/sparse, and input/ to distorted/sparse, as converters leave them; images of the same names lie about."""
    write_models(tmp_path, {"dense/sparse": 6})
    shutil.copytree(tmp_path / "images", tmp_path / "dense" / "images")
    for i in range(COUNT):
        save_picture(picture_of(tmp_path, i), torch.zeros(3, 48, 64))
    check_whole(tmp_path, pictures)
    (tmp_path / "dense").rename(tmp_path / "distorted")
    (tmp_path / "distorted" / "images").rename(tmp_path / "input")
    check_whole(tmp_path, pictures)


def test_two_kinds_of_camera_files_are_told(tmp_path: Path, pictures: torch.Tensor) -> None:
    write_folder(tmp_path, make_cameras())
    write_binary_model(tmp_path / "sparse" / "0", make_cameras(), NAMES[:3])
    words = "transforms.json is taken, which comes first; there are also the COLMAP model sparse/0 (binary); name one of these to take it"
    check_whole(tmp_path, pictures, words)
    check_whole(tmp_path / "sparse" / "0", pictures[:3])
    (tmp_path / "transforms.json").unlink()
    write_folder(tmp_path, make_cameras(), "sparse/0")
    check_whole(tmp_path, pictures, "sparse/0 (text) with 6 photographs is taken, the one with most", "sparse/0 (binary) with 3")


# Matrices


def test_a_last_row_that_is_rounded_is_one_of_a_rigid_motion(tmp_path: Path, pictures: torch.Tensor) -> None:
    write_folder(tmp_path, make_cameras())
    wanted = read_folder(tmp_path).cameras
    rounded = [1e-5, -2e-6, 3e-7, 1.00001]
    edit_json(tmp_path, lambda document: [frame["transform_matrix"].__setitem__(3, rounded) for frame in document["frames"]])
    check_whole(tmp_path, pictures)
    found = read_folder(tmp_path).cameras
    torch.testing.assert_close(found.w2c, wanted.w2c, atol=1e-6, rtol=0)
    assert torch.equal(found.w2c[:, 3], wanted.w2c[:, 3])
    edit_json(tmp_path, lambda document: document["frames"][2]["transform_matrix"].__setitem__(3, [0, 0, 0.01, 1]))
    assert "a last row other than 0 0 0 1" in load(tmp_path)[4]


# Names


def rename_frames(change: Callable[[str], str]) -> Callable[[dict[str, Any]], None]:
    def edit(document: dict[str, Any]) -> None:
        for frame in document["frames"]:
            frame["file_path"] = change(frame["file_path"])

    return edit


LISTED: dict[str, Callable[[str], str]] = {
    "another machine": lambda name: f"/home/someone/cup/{name}",
    "another system": lambda name: "C:\\Users\\someone\\cup\\" + name.replace("/", "\\"),
    "another folder": lambda name: name.replace("images/", "pictures/"),
    "no folder": lambda name: name.removeprefix("images/"),
    "other case": lambda name: name.replace(".png", ".PNG"),
    "other case of the folder": lambda name: name.replace("images", "Images"),
}


@pytest.mark.parametrize("listed", LISTED)
def test_pictures_are_found_by_their_names_and_that_is_said(tmp_path: Path, pictures: torch.Tensor, listed: str) -> None:
    edit_json(write_folder(tmp_path, make_cameras()), rename_frames(LISTED[listed]))
    where = f"found by name: 6 entries of the camera file have their pictures elsewhere, such as {picture_of(tmp_path, 0)} for "
    check_whole(tmp_path, pictures, where + repr(LISTED[listed]("images/00.png")))


def test_masks_are_found_by_their_names_and_photographs_are_none(tmp_path: Path) -> None:
    write_folder(tmp_path, make_cameras(), with_masks=True)
    wanted = load(tmp_path)[1]
    for folder in ("masks", "shapes"):
        if folder != "masks":
            (tmp_path / "masks").rename(tmp_path / folder)

        def edit(document: dict[str, Any], folder: str = folder) -> None:
            for i, frame in enumerate(document["frames"]):
                frame["mask_path"] = f"/home/someone/cup/{folder}/{i:02}.png.png"

        assert torch.equal(load(edit_json(tmp_path, edit))[1], wanted)
    for i in range(COUNT):  # masks of the photographs' own names, and gone
        (tmp_path / "shapes" / f"{i:02}.png.png").unlink()
    edit_json(tmp_path, lambda document: [frame.update(mask_path=f"shapes/{i:02}.png") for i, frame in enumerate(document["frames"])])
    with pytest.raises(ValueError, match="6 of 6 files are missing, the first is .*shapes/00.png"):
        load(tmp_path)


@pytest.mark.parametrize("ending", [".JPG", ".webp", ".Png", ".jpeg"])
def test_names_without_an_ending_are_found_with_any(tmp_path: Path, ending: str) -> None:
    edit_json(write_folder(tmp_path, make_cameras()), rename_frames(lambda name: name.removesuffix(".png")))
    for i in range(COUNT):
        with Image.open(picture_of(tmp_path, i)) as image:
            image.save(picture_of(tmp_path, i).with_suffix(ending), quality=95)
        picture_of(tmp_path, i).unlink()
    report = load(tmp_path)[4]
    assert f"photographs: {COUNT} of {COUNT}" in report


@pytest.mark.parametrize("change", [lambda name: f"images/{name}", lambda name: f"images\\{name}", lambda name: f"D:\\cup\\images\\{name}"])
def test_names_of_colmap_may_be_paths_of_another_system(tmp_path: Path, pictures: torch.Tensor, change: Callable[[str], str]) -> None:
    write_models(tmp_path, {})
    write_binary_model(tmp_path / "sparse" / "0", make_cameras(), [change(name) for name in NAMES])
    check_whole(tmp_path, pictures, "found by name: 6 entries of the camera file", repr(change("00.png")))


def test_folders_below_the_pictures_are_kept_apart(tmp_path: Path) -> None:
    """left/00.png and right/00.png are two photographs, also where the path above them is another machine's."""
    write_models(tmp_path, {})
    names = []
    for i in range(COUNT):
        side = "left" if i % 2 else "right"
        names.append(f"/somewhere/{side}/{i // 2:02}.png")
        (tmp_path / "images" / side).mkdir(exist_ok=True)
        picture_of(tmp_path, i).rename(tmp_path / "images" / side / f"{i // 2:02}.png")
    write_binary_model(tmp_path / "sparse" / "0", make_cameras(), names)
    paths = read_folder(tmp_path).paths
    assert [path.relative_to(tmp_path / "images").as_posix() for path in paths] == [name.removeprefix("/somewhere/") for name in names]


def test_a_mask_beside_a_missing_photograph_is_not_taken_for_it(tmp_path: Path) -> None:
    """00.png.png is how COLMAP calls the mask of 00.png."""
    write_folder(tmp_path, make_cameras())
    picture = picture_of(tmp_path, 0)
    picture.rename(picture.with_name("00.png.png"))
    report = load(tmp_path)[4]
    assert f"photographs: {COUNT - 1} of {COUNT}" in report and f"{picture}: wanted an image file, got nothing there" in report


def test_accents_may_be_written_in_either_way(tmp_path: Path, pictures: torch.Tensor) -> None:
    """Unicode has two forms of them, and macOS writes another one than most camera files hold."""
    write_folder(tmp_path, make_cameras())
    composed, taken_apart = (unicodedata.normalize(form, "Käfer 1.png") for form in ("NFC", "NFD"))
    picture_of(tmp_path, 1).rename(tmp_path / "images" / taken_apart)
    edit_json(tmp_path, lambda document: document["frames"][1].update(file_path=f"images/{composed}"))
    check_whole(tmp_path, pictures, "found by name: 1 entries")


def test_a_name_too_long_for_the_system_is_a_missing_file(tmp_path: Path) -> None:
    write_folder(tmp_path, make_cameras())
    edit_json(tmp_path, lambda document: document["frames"][1].update(file_path=f"images/{'x' * 999}.png"))
    report = load(tmp_path)[4]
    assert f"photographs: {COUNT - 1} of {COUNT}" in report and ".png: wanted an image file, got nothing there" in report


def test_reduced_copies_are_taken_where_the_pictures_are_gone(tmp_path: Path) -> None:
    write_folder(tmp_path, make_cameras())
    (tmp_path / "images").rename(tmp_path / "images_4")
    for path in (tmp_path / "images_4").iterdir():
        with Image.open(path) as image:
            small = image.resize((16, 12))
        small.save(path)
    report = load(tmp_path)[4]
    assert f"photographs: {COUNT} of {COUNT}" in report and "images_4/00.png for 'images/00.png'" in report
    assert "cameras scaled: 6 entries of the camera file are for 64x48, and their pictures are 16x12" in report


# Text


@pytest.mark.parametrize(
    ("mark", "encoding"), [(codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")]
)
@pytest.mark.parametrize("kind", ["transforms", "sparse/0"])
def test_byte_order_marks_are_no_part_of_the_text(tmp_path: Path, pictures: torch.Tensor, kind: str, mark: bytes, encoding: str) -> None:
    write_folder(tmp_path, make_cameras(), kind)
    files = [tmp_path / "transforms.json"] if kind == "transforms" else list((tmp_path / kind).glob("*.txt"))
    for file in files:
        file.write_bytes(mark + file.read_text().encode(encoding))
    check_whole(tmp_path, pictures)


# What is listed


def test_a_frame_listed_twice_is_loaded_once_and_said(tmp_path: Path, pictures: torch.Tensor) -> None:
    write_folder(tmp_path, make_cameras())
    edit_json(tmp_path, lambda document: document["frames"].insert(3, document["frames"][1] | {"file_path": "./images/01.png"}))
    images, *_, report = load(tmp_path)
    assert torch.equal(images, pictures)
    assert "photographs: 6 of 7\nleft out: 1\n  01.png: is listed again with the same camera; it is loaded once" in report


def test_a_photograph_with_two_cameras_is_left_out(tmp_path: Path, pictures: torch.Tensor) -> None:
    """Two frames of one name in two folders of another machine also come to this: nobody knows which is which."""
    write_folder(tmp_path, make_cameras())
    edit_json(tmp_path, lambda document: document["frames"][4].update(file_path="images/01.png"))
    images, *_, report = load(tmp_path)
    assert torch.equal(images, pictures[[0, 2, 3, 5]])
    assert "01.png: is listed 2 times with different cameras; keep the entry that is right (2 photographs for this reason" in report


def test_images_without_their_second_lines_are_refused_whatever_their_names(tmp_path: Path) -> None:
    """A name of three words makes a line of twelve, which three divides as it does the numbers of points."""
    write_models(tmp_path, {})
    names = [f"my cup {i}.png" for i in range(COUNT)]
    for i, name in enumerate(names):
        picture_of(tmp_path, i).rename(tmp_path / "images" / name)
    write_folder(tmp_path / "other", make_cameras(), "sparse/0")
    shutil.move(tmp_path / "other" / "sparse", tmp_path / "sparse")
    path = tmp_path / "sparse" / "0" / "images.txt"
    lines = [line for line in path.read_text().splitlines() if line]
    path.write_text("\n".join(line.replace(f"{i - 1:02}.png", f"my cup {i - 1}.png") for i, line in enumerate(lines)) + "\n")
    with pytest.raises(ValueError, match="images.txt, line 3: wanted the points of my cup 0.png .*every image has two lines"):
        load(tmp_path)


@pytest.mark.parametrize("line", ["9 FOV 64 48 7 7 4 3 0", "9 PINHOLE 64 48 0 7 4 3", "9 PINHOLE 64 48 7"])
def test_a_camera_that_took_nothing_may_be_of_any_kind(tmp_path: Path, pictures: torch.Tensor, line: str) -> None:
    write_folder(tmp_path, make_cameras(), "sparse/0")
    path = tmp_path / "sparse" / "0" / "cameras.txt"
    path.write_text(path.read_text() + line + "\n")
    check_whole(tmp_path, pictures)


@pytest.mark.parametrize(("number", "count"), [(7, 5), (8, 4), (9, 5), (10, 12)])
def test_a_binary_camera_that_took_nothing_may_be_of_any_kind(tmp_path: Path, pictures: torch.Tensor, number: int, count: int) -> None:
    write_models(tmp_path, {"sparse/0": 6})
    path = tmp_path / "sparse" / "0" / "cameras.bin"
    data = path.read_bytes()
    unknown = struct.pack(f"<iiQQ{count}d", 9, number, 64, 48, *[0.5] * count)
    path.write_bytes(struct.pack("<Q", 2) + unknown + data[8:])
    check_whole(tmp_path, pictures)


def test_every_reason_of_a_refusal_stands_once_with_its_count(tmp_path: Path) -> None:
    write_folder(tmp_path, make_cameras())
    for i in (0, 1, 4):
        save_picture(picture_of(tmp_path, i), torch.zeros(3, 9 + i, 9))
    picture_of(tmp_path, 2).unlink()
    with pytest.raises(ValueError, match="wanted at least 3 usable photographs, got 2 of 6") as refusal:
        load(tmp_path)
    text = str(refusal.value)
    assert text.count("which is no scaling of it") == 1 and "(3 photographs for this reason, also " in text
    assert text.count("got nothing there") == 1 and "got 9x9" in text


def test_a_report_names_every_photograph_that_is_left_out(tmp_path: Path) -> None:
    write_folder(tmp_path, make_cameras())
    for i in (0, 1, 4):
        picture_of(tmp_path, i).unlink()
    report = load(tmp_path)[4]
    assert report.count("got nothing there") == 1 and all(f"images/{i:02}.png" in report for i in (0, 1, 4))


# Many at once


def test_a_folder_with_many_faults_is_read_as_far_as_it_goes_and_all_is_said(tmp_path: Path) -> None:
    """From a Windows machine, with a byte order mark, half-size pictures, one of another shape, one twice, one gone, one too large, one
    turned by EXIF, masks of labels, palettes, colours and nothing, and a model beside."""
    cameras = make_cameras()
    write_folder(tmp_path, cameras, with_masks=True)
    write_binary_model(tmp_path / "sparse" / "0", cameras, NAMES[:4])
    document = json.loads((tmp_path / "transforms.json").read_text())
    frames = document["frames"]
    for frame in frames:
        del frame["mask_path"]
        frame["file_path"] = "C:\\cup\\" + frame["file_path"].replace("/", "\\").upper()
    spare = dict(frames[5], file_path="C:\\cup\\IMAGES\\06.PNG")
    document["frames"] = [*frames, frames[0], spare, dict(frames[1], file_path="gone/07.png")]
    (tmp_path / "transforms.json").write_bytes(codecs.BOM_UTF8 + json.dumps(document).encode())
    for i in range(COUNT):
        with Image.open(picture_of(tmp_path, i)) as image:
            small = image.resize((32, 24))
        small.save(picture_of(tmp_path, i))
    with Image.open(picture_of(tmp_path, 2)) as image:
        turned = image.transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6
    turned.save(picture_of(tmp_path, 2), exif=exif)
    save_picture(picture_of(tmp_path, 6), torch.zeros(3, 30, 30))
    labels = np.array(Image.open(tmp_path / "masks" / "01.png.png")) // 255
    Image.fromarray(labels).save(tmp_path / "masks" / "01.png.png")
    Image.new("L", (64, 48), 3).save(tmp_path / "masks" / "04.png.png")
    images, masks, _, _, report = load(tmp_path)
    assert len(images) == 5 and (masks > 0.5).flatten(1).any(1).all()
    for words in (
        "camera file: transforms.json is taken, which comes first; there are also the COLMAP model sparse/0 (binary)",
        "found by name: 7 entries of the camera file have their pictures elsewhere, such as",
        "cameras scaled: 7 entries of the camera file are for 64x48, and their pictures are 32x24",
        "photographs: 5 of 9\nleft out: 4\n",
        "which is no scaling of it; use the original",
        "gone/07.png: wanted an image file, got nothing there",
        "00.png: is listed again with the same camera; it is loaded once",
        "04.png.png: wanted the subject in the mask, got one that nowhere passes 0.5 (at most 0.012); paint the subject white on black",
        "note: 1 photographs were turned as their EXIF orientation says",
        "note: 1 photographs have masks read by labels: what is not 0 is the subject",
        f"enlarged to {HEIGHT}",
    ):
        assert words in report, words
