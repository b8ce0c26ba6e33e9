"""Photographs of several sizes, at other scales than their cameras, and turned by EXIF: right pixels under right cameras, or a reason."""

from __future__ import annotations

import math
import random
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image, ImageOps
from torch import Tensor

from mvcustom.mvcustom_core.camera.cameras import Cameras
from mvcustom.mvcustom_core.capture.formats.folder import read_folder
from mvcustom.mvcustom_core.embedded.scenes.sweep import sample_photographs
from mvcustom.nodes.photographs import photograph_choices
from mvcustom.tests.node_layer.photographs.posed_folders import (
    BIT,
    COUNT,
    HEIGHT,
    LEFT,
    WIDTH,
    edit_json,
    load,
    make_cameras,
    photograph,
    picture_of,
    resave,
    save_picture,
    write_folder,
    write_model,
)


@pytest.fixture(autouse=True)
def no_plot(monkeypatch: pytest.MonkeyPatch) -> None:
    """The picture of the cameras takes half of the node's time and has tests of its own."""
    monkeypatch.setattr(photograph_choices, "plot_photographs", lambda *others, **more: torch.zeros(3, 4, 4))


def make_squares() -> Cameras:
    return sample_photographs(random.Random(0), COUNT, HEIGHT)


def write_cut(folder: Path, boxes: list[tuple[int, int, int, int]]) -> list[Cameras]:
    """A COLMAP folder whose photographs are cut out of the scene by (left, top, width, height) about the square that all of them see."""
    squares, cut = make_squares(), []
    for i, box in enumerate(boxes):
        cut.append(squares[i].crop(*box))
        save_picture(picture_of(folder, i), photograph(cut[-1]).images[0])
    write_model(folder / "sparse" / "0", cut, [f"{i:02}.png" for i in range(len(boxes))])
    return cut


WIDE, UPRIGHT = (-LEFT, 0, WIDTH, HEIGHT), (0, -LEFT, HEIGHT, WIDTH)


def test_upright_and_wide_photographs_are_loaded_together(tmp_path: Path) -> None:
    write_cut(tmp_path, [WIDE, UPRIGHT, WIDE, UPRIGHT, WIDE, WIDE])
    images, _, cameras, _, report = load(tmp_path)
    torch.testing.assert_close(cameras.K, make_squares().K, atol=1e-4, rtol=0)
    assert (images.permute(0, 3, 1, 2) - photograph(make_squares()).images).abs().max() < 0.51 * BIT + 1e-3
    assert f"photographs: {COUNT} of {COUNT}\nleft out: none\nsize: 4 of 64x48, cropped to 48x48 at (8, 0), kept at 48\n" in report
    assert "\nsize: 2 of 48x64, cropped to 48x48 at (0, 8), kept at 48\n" in report
    assert "\ncrop: only the middle square is used, which cuts off up to 25% of a photograph; set crop to 'whole photograph'" in report


def test_every_photograph_may_have_a_size_of_its_own(tmp_path: Path) -> None:
    """As COLMAP's undistorter leaves them: every picture is cut by a few pixels of its own, and fills the same square."""
    boxes = [(-LEFT + i, i // 2, WIDTH - 2 * i, HEIGHT - i) for i in range(COUNT)]
    cut = write_cut(tmp_path, boxes)
    images, _, cameras, _, report = load(tmp_path, size=96)
    assert f"photographs: {COUNT} of {COUNT}" in report
    for i, camera in enumerate(cut):
        side = min(camera.width, camera.height)
        assert cameras.K[i, 0, 0].item() == pytest.approx(camera.K[0, 0, 0].item() * 96 / side, rel=1e-5)
    wanted = photograph(replace(make_squares(), K=cameras.K, width=96, height=96)).images
    differences = [(images.roll(pixels, 2).permute(0, 3, 1, 2) - wanted).abs().mean() for pixels in (0, 4)]
    assert differences[0] < 0.04 and differences[1] > 1.5 * differences[0], "edges differ by no more than resizing blurs"


@pytest.mark.parametrize("crop", ["whole photograph", "subject"])
def test_mixed_sizes_are_cut_in_every_way(tmp_path: Path, crop: str) -> None:
    cut = write_cut(tmp_path, [WIDE, UPRIGHT, WIDE, UPRIGHT, WIDE, WIDE])
    for i, camera in enumerate(cut):
        save_picture(tmp_path / "masks" / f"{i:02}.png", photograph(camera).mask[0])
    images, _, cameras, _, report = load(tmp_path, 96, crop=crop)
    assert f"photographs: {COUNT} of {COUNT}" in report
    wanted = photograph(replace(make_squares(), K=cameras.K, width=96, height=96)).images
    inside = images.amax(-1) > 0  # the demo's pictures are never black
    assert (images.permute(0, 3, 1, 2) - wanted).abs().amax(1)[inside].mean() < 0.04


def test_lenses_of_mixed_sizes_are_corrected_at_each_size(tmp_path: Path) -> None:
    """Wide and upright photographs together come out as among their like; k1 bends much."""

    def bend(folder: Path) -> Path:
        path = folder / "sparse" / "0" / "cameras.txt"
        lines = [line.split() for line in path.read_text().splitlines()[1:]]
        path.write_text("".join(" ".join([*words[:1], "OPENCV", *words[2:], "-0.3 0 0 0"]) + "\n" for words in lines))
        return folder

    mixed = [WIDE, UPRIGHT, WIDE, UPRIGHT, WIDE, UPRIGHT]
    found = {}
    for name, boxes in {"mixed": mixed, "wide": [WIDE] * COUNT, "upright": [UPRIGHT] * COUNT}.items():
        write_cut(tmp_path / name, boxes)
        found[name] = load(bend(tmp_path / name))[0]
    for i, box in enumerate(mixed):
        torch.testing.assert_close(found["mixed"][i], found["wide" if box == WIDE else "upright"][i], atol=1e-4, rtol=0)


def test_masks_as_one_batch_need_photographs_of_one_size(tmp_path: Path) -> None:
    write_cut(tmp_path, [WIDE, UPRIGHT, WIDE, UPRIGHT, WIDE, WIDE])
    with pytest.raises(ValueError, match="masks: wanted photographs of one size .* got photographs of 48x64, 64x48; disconnect them"):
        load(tmp_path, masks=torch.ones(COUNT, HEIGHT, WIDTH))


def shrink(folder: Path, size: tuple[int, int]) -> None:
    for i in range(COUNT):
        resave(picture_of(folder, i), lambda image: image.resize(size, Image.Resampling.BOX))


@pytest.mark.parametrize("kind", ["transforms", "sparse/0"])
def test_cameras_follow_pictures_at_another_scale(tmp_path: Path, kind: str) -> None:
    write_folder(tmp_path, make_cameras(), kind)
    full = load(tmp_path, size=HEIGHT // 2)
    shrink(tmp_path, (WIDTH // 2, HEIGHT // 2))
    images, _, cameras, _, report = load(tmp_path, size=HEIGHT // 2)
    torch.testing.assert_close(cameras.K, full[2].K)
    torch.testing.assert_close(cameras.w2c, full[2].w2c)
    assert (images - full[0]).abs().mean() < 0.02
    assert "cameras scaled: 6 entries of the camera file are for 64x48, and their pictures are 32x24" in report
    assert "cameras scaled" not in full[4]


def test_a_size_that_was_rounded_is_the_same_picture(tmp_path: Path) -> None:
    """A third of 64x48 is 21.3x16."""
    write_folder(tmp_path, make_cameras())
    shrink(tmp_path, (21, 16))
    cameras = read_folder(tmp_path).cameras
    torch.testing.assert_close(cameras.K[:, 0, 0], make_cameras().K[:, 0, 0] * 21 / 64)
    torch.testing.assert_close(cameras.K[:, 1, 1], make_cameras().K[:, 1, 1] * 16 / 48)


@pytest.mark.parametrize("size", [(64, 40), (60, 48), (48, 48), (32, 30), (48, 64)])
def test_pictures_of_another_shape_are_no_scaling(tmp_path: Path, size: tuple[int, int]) -> None:
    write_folder(tmp_path, make_cameras())
    resave(picture_of(tmp_path, 2), lambda image: image.resize(size))
    report = load(tmp_path)[4]
    assert f"wanted 64x48 pixels as its camera says, got {size[0]}x{size[1]}, which is no scaling of it" in report


def test_masks_at_another_scale_follow_their_photographs(tmp_path: Path) -> None:
    write_folder(tmp_path, make_cameras(), with_masks=True)
    full = load(tmp_path, size=HEIGHT // 2)
    shrink(tmp_path, (WIDTH // 2, HEIGHT // 2))
    _, masks, *_, report = load(tmp_path, size=HEIGHT // 2)
    torch.testing.assert_close(masks, full[1], atol=0.02, rtol=0)
    assert "note: 6 photographs have masks of another size, which were scaled to them" in report


def drop_size(folder: Path, keep: tuple[str, ...] = (), **more: Any) -> Path:
    """Leave only fl_x, what is kept, and what is added."""

    def change(document: dict[str, Any]) -> None:
        del document["w"], document["h"]
        for frame in document["frames"]:
            for key in {"fl_y", "cx", "cy"} - set(keep):
                del frame[key]
            frame |= more

    return edit_json(folder, change)


def test_a_focal_length_in_pixels_alone_is_refused_with_what_is_missing(tmp_path: Path) -> None:
    drop_size(write_folder(tmp_path, make_cameras()))
    with pytest.raises(ValueError, match="wanted w and h, the size of the pictures .* got fl_x .* alone; add them"):
        load(tmp_path)


def test_a_middle_that_is_not_the_pictures_is_refused(tmp_path: Path) -> None:
    drop_size(write_folder(tmp_path, make_cameras()), keep=("cx", "cy"))
    whole = read_folder(tmp_path).cameras
    torch.testing.assert_close(whole.K, make_cameras().K)
    shrink(tmp_path, (WIDTH // 2, HEIGHT // 2))
    with pytest.raises(ValueError, match="wanted w and h, .* got fl_x .*, cx 32.0, cy 24.0 alone"):
        load(tmp_path)


def test_an_angle_beside_a_focal_length_tells_the_size(tmp_path: Path) -> None:
    """instant-ngp writes both: the width is 2 fl_x tan(angle / 2)."""
    focal = float(make_cameras().K[0, 0, 0])
    drop_size(write_folder(tmp_path, make_cameras()), camera_angle_x=2 * math.atan(WIDTH / 2 / focal))
    torch.testing.assert_close(read_folder(tmp_path).cameras.K, make_cameras().K)
    shrink(tmp_path, (WIDTH // 2, HEIGHT // 2))
    torch.testing.assert_close(read_folder(tmp_path).cameras.K[:, :2], make_cameras().K[:, :2] / 2)


def test_a_picture_that_is_turned_has_the_size_of_both_angles(tmp_path: Path) -> None:
    """The width alone does not tell how a turned picture lies: 64 of 64x48, or 64 of 48x64 at another scale."""
    focal = float(make_cameras().K[0, 0, 0])
    angles = {f"camera_angle_{axis}": 2 * math.atan(side / 2 / focal) for axis, side in (("x", WIDTH), ("y", HEIGHT))}
    drop_size(write_folder(tmp_path, make_cameras()), **angles)
    upright = load(tmp_path)[0]
    store_turned(picture_of(tmp_path, 0), 6)
    assert torch.equal(load(tmp_path)[0], upright)
    edit_json(tmp_path, lambda document: [frame.pop("camera_angle_y") for frame in document["frames"]])
    report = load(tmp_path)[4]
    assert "photographs: 5 of 6" in report and "frame 0 (images/00.png): wanted w and h" in report


def store_turned(path: Path, orientation: int) -> None:
    """Store a picture as a phone does that is held so that `orientation` turns it upright."""
    ways = {
        3: Image.Transpose.ROTATE_180,
        6: Image.Transpose.ROTATE_90,
        8: Image.Transpose.ROTATE_270,
    }
    resave(path, lambda image: image.transpose(ways[orientation]), orientation)
    with Image.open(path) as image:
        assert ImageOps.exif_transpose(image).size == (WIDTH, HEIGHT)


def load_after(folder: Path, orientations: dict[int, int]) -> tuple[Tensor, Tensor, str]:
    """The images as they are upright, those of the folder after some were stored turned, and the report."""
    upright = load(write_folder(folder, make_cameras()))[0]
    for i, orientation in orientations.items():
        store_turned(picture_of(folder, i), orientation)
    images, *_, report = load(folder)
    return upright, images, report


def test_pictures_that_fit_their_cameras_only_once_turned_are_turned(tmp_path: Path) -> None:
    upright, images, report = load_after(tmp_path, {0: 6, 1: 8, 2: 6})
    assert torch.equal(images, upright)
    assert "note: 3 photographs were turned as their EXIF orientation says, because the cameras fit the turned pictures alone" in report


def test_half_turns_follow_the_quarter_turns_of_their_set(tmp_path: Path) -> None:
    upright, images, report = load_after(tmp_path, {0: 6, 1: 3})
    assert torch.equal(images, upright) and "note: 2 photographs were turned" in report


def test_half_turns_without_a_sign_stay_as_they_are_stored(tmp_path: Path) -> None:
    upright, images, report = load_after(tmp_path, {1: 3})
    assert torch.equal(images[1], upright[1].flip(0, 1)) and torch.equal(images[[0, 2]], upright[[0, 2]])
    assert "note: 1 photographs have an EXIF orientation, which is ignored" in report


def test_an_orientation_that_does_not_help_is_named(tmp_path: Path) -> None:
    write_folder(tmp_path, make_cameras())
    resave(picture_of(tmp_path, 3), lambda image: image.resize((48, 50)), 6)
    report = load(tmp_path)[4]
    assert "wanted 64x48 pixels as its camera says, got 48x50 (EXIF orientation 6: 50x48 once turned), which is no scaling" in report


def test_masks_turn_with_their_photographs(tmp_path: Path) -> None:
    write_folder(tmp_path, make_cameras(), with_masks=True)
    wanted = load(tmp_path)[1]
    store_turned(picture_of(tmp_path, 0), 6)
    assert torch.equal(load(tmp_path)[1], wanted), "a mask of the turned picture"
    store_turned(tmp_path / "masks" / "00.png.png", 6)
    assert torch.equal(load(tmp_path)[1], wanted), "a mask that is turned itself"


def test_pictures_beyond_the_readers_limit_are_left_out_with_a_reason(tmp_path: Path) -> None:
    """20000x10000 in a header whose pixels are never read."""
    write_folder(tmp_path, make_cameras())
    data = bytearray(picture_of(tmp_path, 3).read_bytes())
    data[16:24] = (20_000).to_bytes(4, "big") + (10_000).to_bytes(4, "big")
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    picture_of(tmp_path, 3).write_bytes(data)
    images, *_, report = load(tmp_path)
    assert len(images) == COUNT - 1
    assert "wanted at most 179 million pixels, Pillow's limit, got more; make the picture smaller, its camera is scaled along" in report
