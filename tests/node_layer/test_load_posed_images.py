"""Load Posed Images: pictures, masks and cameras that belong together, and every folder that is refused."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import comfy.model_management
import comfy.utils
import folder_paths
import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from mvcustom.mvcustom_core.geometry.cameras import Cameras, look_at
from mvcustom.mvcustom_core.geometry.formats.colmap_text import write_colmap_text
from mvcustom.mvcustom_core.geometry.formats.posed_files import PosedFiles
from mvcustom.mvcustom_core.geometry.formats.transforms_json import write_transforms_json
from mvcustom.mvcustom_core.geometry.lens import Lens
from mvcustom.mvcustom_core.geometry.normalisation import normalise_scene
from mvcustom.mvcustom_core.scenes.render import Rendering, render_scene
from mvcustom.mvcustom_core.scenes.scene import sample_concept
from mvcustom.mvcustom_core.scenes.sweep import sample_photographs
from mvcustom.nodes.bridge.photographs import with_progress
from mvcustom.nodes.load_posed_images import MVCustomLoadPosedImages as Node

COUNT, WIDTH, HEIGHT = 6, 64, 48
LEFT = 8  # where the square of HEIGHT pixels about the principal point begins
BIT = 1 / 255


def make_cameras(count: int = COUNT) -> Cameras:
    """Landscape cameras around the subject."""
    return sample_photographs(random.Random(0), count, HEIGHT).crop(-LEFT, 0, WIDTH, HEIGHT)


def photograph(cameras: Cameras) -> Rendering:
    return render_scene(sample_concept(1), cameras)


def save_picture(path: Path, pixels: Tensor) -> Path:
    """[C, H, W] in 0..1."""
    path.parent.mkdir(parents=True, exist_ok=True)
    array = (pixels.permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
    Image.fromarray(array.squeeze(-1) if array.shape[-1] == 1 else array).save(path)
    return path


def write_folder(folder: Path, cameras: Cameras, kind: str = "transforms", *, with_masks: bool = False, lens: Lens | None = None) -> Path:
    """`kind` is transforms, or the folder of a COLMAP model."""
    rendering = photograph(cameras)
    paths = tuple(save_picture(folder / "images" / f"{i:02}.png", picture) for i, picture in enumerate(rendering.images))
    masks = None
    if with_masks:
        masks = tuple(save_picture(folder / "masks" / f"{i:02}.png.png", mask) for i, mask in enumerate(rendering.mask))
    files = PosedFiles(cameras, paths, masks if kind == "transforms" else None, lens and (lens,) * len(cameras))
    if kind == "transforms":
        write_transforms_json(folder / "transforms.json", files)
    else:
        write_colmap_text(folder / kind, folder / "images", files)
    return folder


def load(folder: Path, size: int = HEIGHT, limit: int = 0, masks: Tensor | None = None) -> tuple[Tensor, Tensor, Cameras, Tensor, str]:
    return Node.execute(str(folder), size, limit, masks).args


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


def test_given_masks_replace_those_of_the_folder(tmp_path: Path) -> None:
    write_folder(tmp_path, make_cameras(), with_masks=True)
    given = torch.rand(COUNT, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(0))
    masks = load(tmp_path, limit=3, masks=given)[1]
    torch.testing.assert_close(masks, given[[0, 2, 4], :, LEFT : LEFT + HEIGHT])
    with pytest.raises(ValueError, match=r"masks: wanted 6 of 64x48 pixels, one per photograph .* got 6 of 48x48"):
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


def cut_short(folder: Path) -> None:
    path = folder / "images" / "03.png"
    path.write_bytes(path.read_bytes()[:-400])


FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "no frames": (edit_json(lambda document: document.pop("frames")), "wanted a list of frames"),
    "missing image": (lambda folder: (folder / "images" / "03.png").unlink(), "1 of 6 files are missing"),
    "not finite": (edit_json(lambda document: document["frames"][1]["transform_matrix"][0].__setitem__(3, float("nan"))), "frame 1 .*NaN"),
    "not rigid": (edit_json(lambda document: document["frames"][2]["transform_matrix"][0].__setitem__(0, 2.0)), "frame 2 .*rigid"),
    "fisheye": (edit_json(lambda document: document.update(camera_model="OPENCV_FISHEYE")), "wanted a camera model .*OPENCV_FISHEYE"),
    "other size": (lambda folder: save_picture(folder / "images" / "01.png", torch.zeros(3, 9, 9)), "wanted 64x48 pixels .* got 9x9"),
    "no image": (lambda folder: (folder / "images" / "03.png").write_text("words"), "no image reader knows"),
    "cut short": (cut_short, "03.png: wanted an image that can be read"),
    "16 bits": (
        lambda folder: Image.fromarray(np.zeros((HEIGHT, WIDTH), np.uint16)).save(folder / "images" / "00.png"),
        "wanted 8 bits per channel, got Pillow's mode I;16",
    ),
    "some masks": (lambda folder: save_picture(folder / "masks" / "00.png", torch.ones(1, HEIGHT, WIDTH)), "5 of 6 files are missing"),
}


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
    with pytest.raises(ValueError, match="wanted a camera model of .* got FOV"):
        load(tmp_path)


def test_parallel_cameras_are_refused_with_advice_that_can_be_followed(tmp_path: Path) -> None:
    eye = torch.tensor([[0.1 * i, 0.0, -1.0] for i in range(COUNT)])
    w2c = look_at(eye, eye + torch.tensor([0.0, 0.0, 1.0]), torch.tensor([[0.0, -1.0, 0.0]]).repeat(COUNT, 1))
    write_folder(tmp_path, replace(make_cameras(), w2c=w2c))
    with pytest.raises(ValueError, match="got parallel ones; photograph the subject from several sides, aiming at it"):
        load(tmp_path)


def test_folder_is_validated_before_anything_runs(tmp_path: Path) -> None:
    assert "wanted a folder" in Node.validate_inputs(str(tmp_path / "nowhere"))
    assert "found neither" in Node.validate_inputs(str(tmp_path))
    write_folder(tmp_path, make_cameras())
    assert Node.validate_inputs(f' "{tmp_path}" ') is True, "quotes of a copied path"
    assert Node.validate_inputs() is True, "a wired folder is checked when it runs"


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


def test_progress_is_shown_and_interruption_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[tuple[int, int]] = []
    monkeypatch.setattr(comfy.utils, "PROGRESS_BAR_HOOK", lambda value, total, *_, **__: shown.append((value, total)))
    assert list(with_progress("abc")) == ["a", "b", "c"]
    assert shown[0] == (1, 3) and shown[-1] == (3, 3)
    comfy.model_management.interrupt_current_processing(True)
    with pytest.raises(comfy.model_management.InterruptProcessingException):
        list(with_progress("abc"))
