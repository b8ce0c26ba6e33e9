"""Load Posed Images: pictures, masks and cameras that belong together, and every folder that is refused."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import comfy.model_management
import comfy.utils
import folder_paths
import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from mvcustom.mvcustom_core.camera.cameras import Cameras, look_at
from mvcustom.mvcustom_core.camera.lens import Lens
from mvcustom.mvcustom_core.camera.normalisation import normalise_scene
from mvcustom.nodes.bridge.photographs.preparation import with_progress
from mvcustom.nodes.photographs import photograph_choices
from mvcustom.nodes.photographs.load_posed_images import MVCustomLoadPosedImages as Node
from mvcustom.nodes.photographs.pose_images import MVCustomPoseImages as Pose
from mvcustom.tests.node_layer.photographs.posed_folders import (
    BIT,
    COUNT,
    HEIGHT,
    LEFT,
    WIDTH,
    Outputs,
    load,
    make_cameras,
    photograph,
    save_picture,
    write_folder,
)


@pytest.fixture(autouse=True)
def no_plot(monkeypatch: pytest.MonkeyPatch) -> None:
    """The picture of the cameras takes half of the node's time and has tests of its own."""
    monkeypatch.setattr(photograph_choices, "plot_photographs", lambda *others, **more: torch.zeros(3, 4, 4))


@pytest.mark.parametrize("kind", ["transforms", "sparse/0", "sparse", "."])
def test_pictures_and_cameras_belong_together(tmp_path: Path, kind: str) -> None:
    """What the loaded cameras see, taken back to the file's world, is what was loaded."""
    cameras = make_cameras()
    images, masks, loaded, preview, report = load(write_folder(tmp_path, cameras, kind, with_masks=True))
    assert images.shape == (COUNT, HEIGHT, HEIGHT, 3) and masks.shape == (COUNT, HEIGHT, HEIGHT) and preview.shape[-1] == 3
    assert loaded.centers.norm(dim=-1).max().item() == pytest.approx(1.0, abs=1e-5)
    normalised, _ = normalise_scene(cameras)
    torch.testing.assert_close(loaded.w2c, normalised.w2c, atol=1e-5, rtol=0)
    wanted = photograph(replace(cameras, K=loaded.K, width=loaded.width, height=loaded.height))
    assert (images.permute(0, 3, 1, 2) - wanted.images).abs().max() < 0.51 * BIT + 1e-3
    assert (masks - wanted.mask[:, 0]).abs().mean() < 1e-3
    for words in (f"photographs: {COUNT} of {COUNT}", "64x48, cropped to 48x48 at (8, 0), kept at 48", f"masks: {COUNT}", "world: "):
        assert words in report


def test_resizing_takes_the_intrinsics_along(tmp_path: Path) -> None:
    write_folder(tmp_path, make_cameras())
    full, half = load(tmp_path), load(tmp_path, size=HEIGHT // 2)
    torch.testing.assert_close(half[2].K[:, :2], full[2].K[:, :2] / 2)
    assert (half[2].width, half[2].height) == (HEIGHT // 2, HEIGHT // 2) and torch.equal(half[2].w2c, full[2].w2c)
    blocks = full[0].unflatten(2, (-1, 2)).unflatten(1, (-1, 2)).mean((2, 4))
    assert (half[0] - blocks).abs().mean() < 0.02
    assert "reduced to 24" in half[4] and "enlarged to 96" in load(tmp_path, size=96)[4]


@pytest.mark.parametrize(("shift", "left"), [(3, LEFT + 3), (-3, LEFT - 3), (30, WIDTH - HEIGHT), (-30, 0)])
def test_square_is_cut_about_the_principal_point(tmp_path: Path, shift: int, left: int) -> None:
    cameras = make_cameras().crop(-shift, 0, WIDTH, HEIGHT)  # the optical axis moves right in the picture
    images, _, loaded, _, report = load(write_folder(tmp_path, cameras))
    assert f"at ({left}, 0)" in report
    assert loaded.K[0, 0, 2].item() == pytest.approx(cameras.K[0, 0, 2].item() - left, abs=1e-4)
    on_disk = np.array(Image.open(tmp_path / "images" / "00.png"))[:, left : left + HEIGHT]
    torch.testing.assert_close(images[0], torch.from_numpy(on_disk).float() / 255, atol=1e-6, rtol=0)


@pytest.mark.parametrize(("limit", "names"), [(0, [0, 1, 2, 3, 4, 5]), (3, [0, 2, 4]), (2, [0, 3]), (1, [0]), (50, [0, 1, 2, 3, 4, 5])])
def test_limit_takes_photographs_at_equal_spacing(tmp_path: Path, limit: int, names: list[int]) -> None:
    write_folder(tmp_path, make_cameras())
    images, _, loaded, _, report = load(tmp_path, limit=limit)
    every, _, all_cameras, _, _ = load(tmp_path)
    assert torch.equal(images, every[names])
    assert torch.equal(loaded.w2c, all_cameras.w2c[names]), "the world depends on the limit"
    assert f"photographs: {len(names)} of {COUNT}" in report


@pytest.mark.parametrize(
    ("skip", "limit", "names"), [(1, 0, [0, 2, 4]), (2, 0, [0, 3]), (9, 0, [0]), (1, 2, [0, 2]), (0, 0, [0, 1, 2, 3, 4, 5])]
)
def test_skip_passes_photographs_over_before_the_limit(tmp_path: Path, skip: int, limit: int, names: list[int]) -> None:
    write_folder(tmp_path, make_cameras())
    images, _, cameras, _, report = load(tmp_path, skip=skip, limit=limit)
    every, _, all_cameras, _, _ = load(tmp_path)
    assert torch.equal(images, every[names]) and torch.equal(cameras.w2c, all_cameras.w2c[names])
    assert f"photographs: {len(names)} of {COUNT}" in report and (f"{skip} passed over" in report) == (skip > 0)


@pytest.mark.parametrize(
    ("crop", "words"), [("whole photograph", "padded with black to 64x64"), ("subject", "cropped about the subject to squares of")]
)
def test_crops_take_the_cameras_along(tmp_path: Path, crop: str, words: str) -> None:
    """What the loaded cameras see is what was loaded, but for the black beyond the photographs."""
    cameras = make_cameras()
    write_folder(tmp_path, cameras, with_masks=True)
    images, masks, loaded, _, report = load(tmp_path, 96, crop=crop)
    assert words in report
    wanted = photograph(loaded_in_file_world(loaded, cameras))
    inside = images.amax(-1) > 0  # the demo's pictures are never black
    assert inside.float().mean() > 0.7
    differences = [(images.roll(pixels, 2).permute(0, 3, 1, 2) - wanted.images).abs().amax(1)[inside].mean() for pixels in (0, 4)]
    assert differences[0] < 0.04 and differences[1] > 2 * differences[0], "edges differ by no more than resizing blurs"
    if crop == "subject":
        box = (masks > 0.5).any(1), (masks > 0.5).any(2)
        extent = torch.stack([line.sum(1) for line in box]).amax(0)
        assert (extent >= 90).all(), "the longer side of the subject fills the square"
        assert (masks - wanted.mask[:, 0]).abs().mean() < 0.04
    else:
        assert masks[:, :11].max() == 0 and inside[:, 13:83].float().mean() > 0.999


def loaded_in_file_world(loaded: Cameras, cameras: Cameras) -> Cameras:
    return replace(loaded, w2c=cameras.w2c)


def test_the_subject_crop_needs_masks(tmp_path: Path) -> None:
    write_folder(tmp_path, make_cameras())
    with pytest.raises(ValueError, match="got 0 of 6; left out: 00.png: wanted a mask to cut about the subject, got none; choose another"):
        load(tmp_path, crop="subject")
    masks = torch.ones(COUNT, HEIGHT, WIDTH)
    masks[2] = 0
    report = load(tmp_path, crop="subject", masks=masks)[4]
    assert "02.png: wanted the subject in the mask" in report and "photographs: 5 of 6" in report


def test_center_and_radius_by_hand_are_in_the_files_world(tmp_path: Path) -> None:
    cameras = make_cameras()
    write_folder(tmp_path, cameras)
    *_, loaded, _, report = load(tmp_path, subject_center="0.1, -0.05 0.02", scene_radius=4.0)
    torch.testing.assert_close(loaded.centers, (cameras.centers - torch.tensor([0.1, -0.05, 0.02])) / 4, atol=1e-5, rtol=0)
    assert "subject: centre (0.1, -0.05, 0.02), given by hand" in report and "1 unit is 4 of the given cameras' (given by hand)" in report
    only_center = load(tmp_path, subject_center="0.1 0 0")[2]
    assert only_center.centers.norm(dim=-1).max().item() == pytest.approx(1.0, abs=1e-5)
    for wrong in ("1, 2", "a b c", "1 2 nan", "1 2 3 4"):
        with pytest.raises(ValueError, match="subject_center: wanted"):
            load(tmp_path, subject_center=wrong)


def test_a_subject_outside_most_photographs_is_refused(tmp_path: Path) -> None:
    write_folder(tmp_path, make_cameras())
    with pytest.raises(ValueError, match="centre inside most photographs, got 0 of 6 that show it; .* or give subject_center"):
        load(tmp_path, subject_center="0 -30 0")


def test_the_report_states_the_subject_and_the_picture_shows_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    cameras = make_cameras()
    *_, preview, report = load(write_folder(tmp_path, cameras, with_masks=True))
    _, world = normalise_scene(cameras)
    center = ", ".join(f"{x:.4g}" for x in world.center.tolist())
    assert f"subject: centre ({center}), where the optical axes meet; radius " in report
    assert f"format: transforms.json\nphotographs: {COUNT} of {COUNT}\nleft out: none" in report
    assert "lens: no distortion" in report and "intrinsics: pinhole, fx 49.2, fy 49.2, cx 24.0, cy 24.0 pixels" in report
    assert preview.shape == (1, 640, 1024, 3)


@pytest.mark.parametrize(
    "coefficients", [(-0.3, 0, 0, 0), (0.2, 0, 0, 0), (0, 0.5, 0, 0), (0, 0, 0.1, 0), (0, 0, 0, -0.1), (-0.2, 0.1, 0.02, 0.03)]
)
def test_lens_distortion_is_removed(tmp_path: Path, coefficients: tuple[float, ...]) -> None:
    """Pictures on disk are ramps of their own pixel coordinates, so that what is loaded says where it was taken from."""
    cameras = make_cameras()
    write_folder(tmp_path, cameras, "sparse/0", lens=Lens(coefficients[:2], coefficients[2:]))
    x, y = torch.meshgrid((torch.arange(WIDTH) + 0.5) / WIDTH, (torch.arange(HEIGHT) + 0.5) / HEIGHT, indexing="xy")
    for i in range(COUNT):
        save_picture(tmp_path / "images" / f"{i:02}.png", torch.stack([x, y, torch.zeros_like(x)]))
    images, *_, report = load(tmp_path)
    assert "lens: distortion corrected" in report
    focal, (k1, k2, p1, p2) = float(cameras.K[0, 0, 0]), coefficients
    for column, row in ((4, 6), (24, 24), (40, 10), (20, 44)):
        a, b = (LEFT + column + 0.5 - WIDTH / 2) / focal, (row + 0.5 - HEIGHT / 2) / focal
        r2 = a**2 + b**2
        bent_a = a * (1 + k1 * r2 + k2 * r2**2) + 2 * p1 * a * b + p2 * (r2 + 2 * a**2)
        bent_b = b * (1 + k1 * r2 + k2 * r2**2) + p1 * (r2 + 2 * b**2) + 2 * p2 * a * b
        wanted = torch.tensor([bent_a * focal / WIDTH + 0.5, bent_b * focal / HEIGHT + 0.5])
        assert (images[0, row, column, :2] - wanted).abs().max() < 1.5 * BIT


def test_area_beyond_the_lens_is_said_and_masked(tmp_path: Path) -> None:
    cameras = make_cameras()
    write_folder(tmp_path, cameras, "sparse/0", with_masks=True, lens=Lens((0.8,)))
    for i in range(COUNT):
        save_picture(tmp_path / "masks" / f"{i:02}.png.png", torch.ones(1, HEIGHT, WIDTH))
    _, masks, _, _, report = load(tmp_path)
    assert masks[0, 0, 0] == 0 and masks[0, HEIGHT // 2, HEIGHT // 2] == 1
    assert f"note: {COUNT} photographs reach beyond" in report


def test_masks_are_found_by_name_and_by_transparency(tmp_path: Path) -> None:
    cameras = make_cameras()
    wanted = photograph(cameras).mask[:, 0, :, LEFT : LEFT + HEIGHT]
    colmap = write_folder(tmp_path / "colmap", cameras, "sparse/0", with_masks=True)
    assert torch.equal(load(colmap)[1], wanted)
    for file in (colmap / "masks").iterdir():
        file.rename(file.with_name(file.name.removesuffix(".png")))  # 00.png.png to 00.png
    assert torch.equal(load(colmap)[1], wanted)
    clear = write_folder(tmp_path / "clear", cameras)
    rendering = photograph(cameras)
    for i in range(COUNT):
        save_picture(clear / "images" / f"{i:02}.png", torch.cat([rendering.images[i], rendering.mask[i]]))
    images, masks, *_, report = load(clear)
    assert torch.equal(masks, wanted) and (images[wanted == 0] == 1).all(), "the transparent part is white"
    assert f"note: {COUNT} photographs are transparent in part" in report


def test_missing_masks_are_said(tmp_path: Path) -> None:
    write_folder(tmp_path, make_cameras())
    _, masks, *_, report = load(tmp_path)
    assert (masks == 1).all() and "masks: none found" in report
    opaque = photograph(make_cameras()).images[0]
    for i in range(COUNT):
        save_picture(tmp_path / "images" / f"{i:02}.png", torch.cat([opaque, torch.ones(1, HEIGHT, WIDTH)]))
    assert "masks: none found" in load(tmp_path)[4], "an opaque alpha channel shows nothing"


@pytest.mark.parametrize(("lens", "choices"), [(None, {"crop": "whole photograph"}), (Lens((0.05,)), {})], ids=["whole", "lens"])
def test_an_opaque_alpha_channel_shows_nothing_whatever_is_done_to_it(tmp_path: Path, lens: Lens | None, choices: dict[str, Any]) -> None:
    write_folder(tmp_path, make_cameras(), lens=lens)
    for i, picture in enumerate(photograph(make_cameras()).images):
        save_picture(tmp_path / "images" / f"{i:02}.png", torch.cat([picture, torch.ones(1, HEIGHT, WIDTH)]))
    _, masks, *_, report = load(tmp_path, **choices)
    assert (masks == 1).all() and "masks: none found" in report and "not taken for masks" not in report


def test_transparency_of_some_photographs_only_is_said_to_be_no_mask(tmp_path: Path) -> None:
    write_folder(tmp_path, make_cameras())
    rendering = photograph(make_cameras())
    for i in range(1, COUNT):
        save_picture(tmp_path / "images" / f"{i:02}.png", torch.cat([rendering.images[i], rendering.mask[i]]))
    _, masks, *_, report = load(tmp_path)
    assert (masks == 1).all()
    assert f"note: {COUNT - 1} photographs have transparency that is not taken for masks, because other photographs have none" in report


def test_given_masks_replace_those_of_the_folder(tmp_path: Path) -> None:
    write_folder(tmp_path, make_cameras(), with_masks=True)
    given = torch.rand(COUNT, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(0))
    masks = load(tmp_path, limit=3, masks=given)[1]
    torch.testing.assert_close(masks, given[[0, 2, 4], :, LEFT : LEFT + HEIGHT])
    with pytest.raises(ValueError, match=r"masks: wanted 6 of 64x48 pixels, one per usable photograph .* got 6 of 48x48"):
        load(tmp_path, masks=given[:, :, :HEIGHT])


def test_exif_orientation_is_ignored_and_said(tmp_path: Path) -> None:
    write_folder(tmp_path, make_cameras())
    plain = load(tmp_path)[0]
    path = tmp_path / "images" / "02.png"
    with Image.open(path) as image:
        exif = image.getexif()
        exif[0x0112] = 6
        image.save(path, exif=exif)
    images, *_, report = load(tmp_path)
    assert torch.equal(images, plain) and "note: 1 photographs have an EXIF orientation, which is ignored" in report


def edit_json(change: Callable[[dict], None]) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        path = folder / "transforms.json"
        document = json.loads(path.read_text())
        change(document)
        path.write_text(json.dumps(document))

    return edit


STILL = [[1.0, 0, 0, 5], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]


def image_of(folder: Path, i: int) -> Path:
    return folder / "images" / f"{i:02}.png"


def cut_short(folder: Path, i: int) -> None:
    path = image_of(folder, i)
    path.write_bytes(path.read_bytes()[:-400])


def save_masks(folder: Path, height: int) -> None:
    for i in range(COUNT):
        save_picture(folder / "masks" / f"{i:02}.png.png", torch.ones(1, height, WIDTH))


FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "no frames": (edit_json(lambda document: document.pop("frames")), "wanted a list of frames"),
    "unknown lens": (edit_json(lambda document: document.update(camera_model="FOV")), "got 0 of 6; left out: .*frame 0 .*got FOV"),
    "no images": (
        lambda folder: shutil.rmtree(folder / "images"),
        r"got 0 of 6; left out: .*frame 0 .*got nothing there; put it back in place \(6 photographs for this reason, also .* and 2 more\)$",
    ),
    "few frames": (edit_json(lambda document: document["frames"].__delitem__(slice(2, None))), "wanted at least 3 usable .* got 2 of 2"),
    "few images": (
        lambda folder: [(folder / "images" / f"{i:02}.png").unlink() for i in range(4)],
        "wanted at least 3 .* got 2 of 6; left out",
    ),
    "few pictures": (
        lambda folder: [cut_short(folder, i) for i in range(4)],
        "wanted at least 3 .* got 2 of 6; left out: 00.png: .* can be read",
    ),
    "some masks": (lambda folder: save_picture(folder / "masks" / "00.png", torch.ones(1, HEIGHT, WIDTH)), "5 of 6 files are missing"),
    "mask size": (lambda folder: save_masks(folder, HEIGHT - 1), "00.png.png: wanted a mask of 64x48 pixels .* got 64x47"),
    "one place": (
        edit_json(lambda document: [f["transform_matrix"].__setitem__(slice(None), STILL) for f in document["frames"]]),
        "one point",
    ),
}

LEFT_OUT: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing image": (lambda folder: (folder / "images" / "03.png").unlink(), "frame 3 (images/03.png): .*got nothing there"),
    "not finite": (edit_json(lambda document: document["frames"][3]["transform_matrix"][0].__setitem__(3, float("nan"))), "frame 3 .*NaN"),
    "not rigid": (edit_json(lambda document: document["frames"][3]["transform_matrix"][0].__setitem__(0, 2.0)), "frame 3 .*rigid"),
    "singular": (edit_json(lambda document: document["frames"][3]["transform_matrix"].__setitem__(0, [0] * 4)), "frame 3 .*singular"),
    "other size": (lambda folder: save_picture(folder / "images" / "03.png", torch.zeros(3, 9, 9)), "wanted 64x48 pixels .* got 9x9"),
    "no image": (lambda folder: (folder / "images" / "03.png").write_text("words"), "no image reader knows"),
    "cut short": (lambda folder: cut_short(folder, 3), "03.png: wanted an image that can be read"),
    "16 bits": (
        lambda folder: Image.fromarray(np.zeros((HEIGHT, WIDTH), np.uint16)).save(folder / "images" / "03.png"),
        "wanted 8 bits per channel, got Pillow's mode I;16",
    ),
}


@pytest.mark.parametrize("fault", LEFT_OUT)
def test_photographs_of_no_use_are_left_out_and_reported(tmp_path: Path, fault: str) -> None:
    write_folder(tmp_path, make_cameras())
    every = load(tmp_path)[0]
    break_it, reason = LEFT_OUT[fault]
    break_it(tmp_path)
    images, masks, cameras, _, report = load(tmp_path)
    kept = [0, 1, 2, 4, 5]
    assert torch.equal(images, every[kept]) and len(masks) == len(cameras) == len(kept)
    assert "photographs: 5 of 6" in report and "left out: 1\n" in report
    assert re.search(reason.replace("(", r"\(").replace(")", r"\)"), report)


@pytest.mark.parametrize("fault", FAULTS)
def test_faulty_folders_are_refused_by_name(tmp_path: Path, fault: str) -> None:
    write_folder(tmp_path, make_cameras())
    break_it, message = FAULTS[fault]
    break_it(tmp_path)
    with pytest.raises(ValueError, match=message):
        load(tmp_path)


def test_unknown_colmap_lens_is_refused(tmp_path: Path) -> None:
    write_folder(tmp_path, make_cameras(), "sparse/0")
    path = tmp_path / "sparse" / "0" / "cameras.txt"
    path.write_text(path.read_text().replace("PINHOLE", "FOV"))
    with pytest.raises(ValueError, match="wanted a camera model of .* got FOV; run colmap image_undistorter"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("kind", "found", "wanted"),
    [
        ("transforms", "world-from-camera matrices with OpenCV axes", "world-from-camera matrices with OpenGL axes"),
        ("sparse/0", "camera-from-world matrices with OpenGL axes", "camera-from-world matrices with OpenCV axes"),
    ],
)
def test_cameras_that_all_look_away_are_named_by_their_convention(tmp_path: Path, kind: str, found: str, wanted: str) -> None:
    """Their y and z axes have the other signs; "photograph the subject from several sides" would mislead."""
    cameras = make_cameras()
    flipped = replace(cameras, w2c=torch.tensor([1.0, -1, -1, 1])[:, None] * cameras.w2c)
    write_folder(tmp_path, flipped, kind)
    message = rf"got 6 of 6 that look away .*; the cameras seem to be {found} \(.*\), wanted {wanted} \(.*\); convert them$"
    with pytest.raises(ValueError, match=message):
        load(tmp_path)


def test_parallel_cameras_are_refused_with_advice_that_can_be_followed(tmp_path: Path) -> None:
    eye = torch.tensor([[0.1 * i, 0.0, -1.0] for i in range(COUNT)])
    w2c = look_at(eye, eye + torch.tensor([0.0, 0.0, 1.0]), torch.tensor([[0.0, -1.0, 0.0]]).repeat(COUNT, 1))
    write_folder(tmp_path, replace(make_cameras(), w2c=w2c))
    with pytest.raises(ValueError, match="got parallel ones; photograph the subject from several sides, .* or give subject_center"):
        load(tmp_path)


def test_colmap_binary_and_co3d_folders_are_told_apart(tmp_path: Path) -> None:
    """The formats themselves are checked in the core; here the folder finds its reader."""
    cameras = make_cameras()
    write_folder(tmp_path / "apple" / "7_8_9", cameras)
    (tmp_path / "apple" / "7_8_9" / "transforms.json").unlink()
    records = [make_record(cameras, i) for i in range(COUNT)]
    (tmp_path / "apple" / "frame_annotations.jgz").write_bytes(gzip.compress(json.dumps(records).encode()))
    normalised, _ = normalise_scene(cameras)
    for folder, sequence in ((tmp_path / "apple", "7_8_9"), (tmp_path / "apple", ""), (tmp_path / "apple" / "7_8_9", "")):
        images, _, loaded, _, report = load(folder, sequence=sequence)
        torch.testing.assert_close(loaded.w2c, normalised.w2c, atol=1e-5, rtol=0)
        assert "format: CO3D sequence 7_8_9" in report
        assert Node.validate_inputs(str(folder)) is True
        assert len(Node.fingerprint_inputs(folder=str(folder), sequence=sequence)) == 1 + COUNT
    with pytest.raises(ValueError, match="one of its 1 sequences, got 'other'; choose from 7_8_9"):
        load(tmp_path / "apple", sequence="other")
    with pytest.raises(ValueError, match="sequence: wanted none, because transforms.json holds one scene, got '7_8_9'"):
        load(write_folder(tmp_path / "plain", cameras), sequence="7_8_9")
    binary = tmp_path / "binary"
    write_folder(binary, cameras)
    (binary / "transforms.json").unlink()
    (binary / "sparse").mkdir()
    (binary / "sparse" / "cameras.bin").write_bytes(b"")
    with pytest.raises(ValueError, match="images.bin: wanted a camera file, got no file of that name"):
        load(binary)


def make_record(cameras: Cameras, i: int) -> dict[str, Any]:
    """A CO3D frame: row vectors, x to the left, y up."""
    flip = torch.diag(torch.tensor([-1.0, -1, 1]))
    viewpoint = {
        "R": (cameras.w2c[i, :3, :3].T @ flip).tolist(),
        "T": (flip @ cameras.w2c[i, :3, 3]).tolist(),
        "focal_length": [float(cameras.K[i, 0, 0]) / (HEIGHT / 2)] * 2,
        "principal_point": [0.0, 0.0],
        "intrinsics_format": "ndc_isotropic",
    }
    image = {"path": f"apple/7_8_9/images/{i:02}.png", "size": [HEIGHT, WIDTH]}
    return {"sequence_name": "7_8_9", "frame_number": i, "image": image, "viewpoint": viewpoint}


def test_folders_without_rights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests may run as root, whom no rights stop: the system's answers are stood in for."""
    write_folder(tmp_path, make_cameras())
    with monkeypatch.context() as patch:
        patch.setattr(os, "access", lambda path, mode: False)
        assert "wanted a folder that may be read, got " in Node.validate_inputs(str(tmp_path))

    def refuse(*others: object, **more: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", refuse)
        with pytest.raises(ValueError, match="transforms.json: wanted a file that can be read, got: .*denied; change its rights"):
            load(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "is_dir", refuse)
        assert "change the rights of the folder that holds it" in Node.validate_inputs(str(tmp_path))


def pose(cameras: Cameras, images: Tensor, masks: Tensor | None = None, **others: Any) -> Outputs:
    return Pose.execute(images, cameras, HEIGHT, 0, masks, **others).args


def test_pictures_of_other_nodes_come_out_as_those_of_a_folder(tmp_path: Path) -> None:
    cameras = make_cameras()
    folder = load(write_folder(tmp_path, cameras, with_masks=True), skip=1)
    rendering = photograph(cameras)
    images = rendering.images.mul(255).round().div(255).permute(0, 2, 3, 1)
    posed = pose(cameras, images, rendering.mask[:, 0], skip=1)
    for found, wanted in zip(posed[:2] + (posed[2].w2c, posed[2].K), folder[:2] + (folder[2].w2c, folder[2].K), strict=True):
        torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-5)
    assert f"pictures: {COUNT} from the images input, 64x48\nphotographs: 3 of {COUNT}" in posed[4]
    assert "masks: 3 from the masks input" in posed[4]
    assert "masks: none found" in pose(cameras, images)[4]
    scaled = pose(cameras.resize(2 * WIDTH, 2 * HEIGHT), images)
    torch.testing.assert_close(scaled[2].K, pose(cameras, images)[2].K)
    assert "the cameras were for 128x96 and were scaled" in scaled[4]


def test_pictures_that_do_not_fit_their_cameras_are_refused() -> None:
    cameras, images = make_cameras(), torch.rand(COUNT, HEIGHT, WIDTH, 3)
    with pytest.raises(ValueError, match="cameras: wanted one per picture, got 6 for 4 pictures"):
        pose(cameras, images[:4])
    with pytest.raises(ValueError, match="cameras: wanted those of pictures of 48x48, got 64x48, another aspect"):
        pose(cameras, images[:, :, :HEIGHT])
    with pytest.raises(ValueError, match="masks: wanted 6 of 64x48 pixels, one per usable photograph in their order, got 6 of 64x47"):
        pose(cameras, images, torch.ones(COUNT, HEIGHT - 1, WIDTH))
    with pytest.raises(ValueError, match="wanted at least 3 usable photographs, got 2 of 2; photograph the subject from more sides"):
        pose(cameras[[0, 1]], images[:2])
    with pytest.raises(ValueError, match="cameras in different places, got 3 at one point; .* or give subject_center"):
        pose(cameras[[0, 0, 0]], images[:3])
    assert "subject_center: wanted" in Pose.validate_inputs("1 2") and Pose.validate_inputs() is True


def test_folder_is_validated_before_anything_runs(tmp_path: Path) -> None:
    assert "wanted a folder" in Node.validate_inputs(str(tmp_path / "nowhere"))
    assert "found none of them" in Node.validate_inputs(str(tmp_path))
    write_folder(tmp_path, make_cameras())
    assert Node.validate_inputs(f' "{tmp_path}" ') is True, "quotes of a copied path"
    assert Node.validate_inputs() is True, "a wired folder is checked when it runs"


def test_a_workflow_saved_before_the_later_inputs_still_runs(tmp_path: Path, comfy: Any) -> None:
    """Executed by ComfyUI itself: the first three widgets alone, and Pose Images behind them with nothing more."""
    write_folder(tmp_path, make_cameras())
    prompt = {
        "1": {"class_type": "MVCustomLoadPosedImages", "inputs": {"folder": str(tmp_path), "size": 64, "limit": 0}},
        "2": {"class_type": "MVCustomPoseImages", "inputs": {"images": ["1", 0], "cameras": ["1", 2], "size": 64, "limit": 4}},
        "3": {"class_type": "PreviewImage", "inputs": {"images": ["2", 0]}},
    }
    outputs = comfy.run(prompt)
    assert outputs["1"]["images"] and len(outputs["3"]["images"]) == 4
    prompt["2"]["inputs"]["subject_center"] = "1 2"
    with pytest.raises(ValueError, match="subject_center: wanted three numbers"):
        comfy.run(prompt)


def test_relative_folders_lie_in_the_input_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_paths, "input_directory", str(tmp_path))
    write_folder(tmp_path / "my cup", make_cameras())
    assert Node.validate_inputs("my cup") is True
    assert len(load(Path("my cup"))[0]) == COUNT


def test_fingerprint_follows_the_files(tmp_path: Path) -> None:
    write_folder(tmp_path, make_cameras())
    before = Node.fingerprint_inputs(folder=str(tmp_path), size=64, limit=0)
    assert before == Node.fingerprint_inputs(folder=str(tmp_path), size=64, limit=0)
    os.utime(tmp_path / "images" / "04.png", (1, 1))
    assert before != Node.fingerprint_inputs(folder=str(tmp_path), size=64, limit=0)


def test_a_folder_from_another_node_has_a_constant_fingerprint() -> None:
    """ComfyUI asks before the other node has run, with None."""
    assert Node.fingerprint_inputs(folder=None) is None
    assert Node.fingerprint_inputs(folder="cup", sequence=None) is None


def test_progress_is_shown_and_interruption_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[tuple[int, int]] = []
    monkeypatch.setattr(comfy.utils, "PROGRESS_BAR_HOOK", lambda value, total, *_, **__: shown.append((value, total)))
    assert list(with_progress("abc")) == ["a", "b", "c"]
    assert shown[0] == (1, 3) and shown[-1] == (3, 3)
    comfy.model_management.interrupt_current_processing(True)
    with pytest.raises(comfy.model_management.InterruptProcessingException):
        list(with_progress("abc"))
