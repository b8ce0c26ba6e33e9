"""COLMAP's binary model, written here from its description: known cameras come back, broken files are refused."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
import torch
from PIL import Image

from mvcustom.mvcustom_core.camera.cameras import Cameras, look_at
from mvcustom.mvcustom_core.camera.lens import Lens
from mvcustom.mvcustom_core.camera.rigid import quaternion_from_rotation
from mvcustom.mvcustom_core.capture.files.posed_files import PosedFiles
from mvcustom.mvcustom_core.capture.formats.colmap import MODELS
from mvcustom.mvcustom_core.capture.formats.colmap_binary import read_colmap_binary
from mvcustom.mvcustom_core.capture.formats.colmap_text import read_colmap_text, write_colmap_text

COUNT, WIDTH, HEIGHT = 4, 8, 6
RATIONAL = Lens((0.1, -0.02, 0.03), (0.003, 0.0004), (0.05, 0.06, 0.07))
LENSES = [None, Lens((0.1, -0.02), (0.003, 0.0004)), Lens((0.1, 0.2, 0.3, 0.4), fisheye=True), RATIONAL]


def make_cameras() -> Cameras:
    generator = torch.Generator().manual_seed(1)
    w2c = look_at(torch.randn(COUNT, 3, generator=generator) * 2, torch.zeros(COUNT, 3), torch.randn(COUNT, 3, generator=generator))
    return Cameras(w2c, torch.tensor([[7.25, 0, 3.9], [0, 7.5, 3.1], [0, 0, 1]]).repeat(COUNT, 1, 1), WIDTH, HEIGHT)


def write_cameras(path: Path, model: int, parameters: list[float]) -> None:
    """One camera with id 3: count, then id and model (4 bytes each), width and height (8), parameters (doubles)."""
    path.write_bytes(struct.pack(f"<QiiQQ{len(parameters)}d", 1, 3, model, WIDTH, HEIGHT, *parameters))


def write_images(path: Path, cameras: Cameras, names: list[str], points: int = 2) -> None:
    """Count, then id, quaternion, translation, camera id, name with its zero, number of points and the points; last image first."""
    parts = [struct.pack("<Q", len(names))]
    for i in reversed(range(len(names))):
        quaternion = quaternion_from_rotation(cameras.w2c[i, :3, :3].double()).tolist()
        parts += [struct.pack("<i7di", i + 1, *quaternion, *cameras.w2c[i, :3, 3].tolist(), 3), names[i].encode() + b"\0"]
        parts += [struct.pack("<Q", points), *(struct.pack("<ddq", 1.5, 2.5, -1) for _ in range(points))]
    path.write_bytes(b"".join(parts))


def write_model(folder: Path, points: int = 2) -> Path:
    names = [f"view {i}.png" for i in range(COUNT)]
    for name in names:
        Image.new("RGB", (WIDTH, HEIGHT)).save(folder / name)
    write_cameras(folder / "cameras.bin", 1, [7.25, 7.5, 3.9, 3.1])
    write_images(folder / "images.bin", make_cameras(), names, points)
    return folder


@pytest.mark.parametrize("points", [0, 2])
def test_known_cameras_come_back(tmp_path: Path, points: int) -> None:
    found, wanted = read_colmap_binary(write_model(tmp_path, points), tmp_path), make_cameras()
    torch.testing.assert_close(found.cameras.w2c, wanted.w2c, atol=2e-6, rtol=0)
    torch.testing.assert_close(found.cameras.K, wanted.K)
    assert (found.cameras.width, found.cameras.height) == (WIDTH, HEIGHT)
    assert found.paths == tuple(tmp_path / f"view {i}.png" for i in range(COUNT)) and found.lenses is None
    assert found.format == "COLMAP binary model" and not found.left_out


NUMBERS = {"SIMPLE_PINHOLE": 0, "PINHOLE": 1, "SIMPLE_RADIAL": 2, "RADIAL": 3, "OPENCV": 4, "OPENCV_FISHEYE": 5, "FULL_OPENCV": 6}


@pytest.mark.parametrize("model", NUMBERS)
def test_binary_and_text_lenses_are_the_same(tmp_path: Path, model: str) -> None:
    write_model(tmp_path)
    parameters = [7.0, *([8.0] if MODELS[model].focals == 2 else []), 4.0, 3.0]
    parameters += [0.01 * (i + 1) for i in range(MODELS[model].count - len(parameters))]
    write_cameras(tmp_path / "cameras.bin", NUMBERS[model], parameters)
    (tmp_path / "cameras.txt").write_text(f"3 {model} {WIDTH} {HEIGHT} {' '.join(map(str, parameters))}\n")
    (tmp_path / "images.txt").write_text("1 1 0 0 0 0 0 0 3 view 0.png\n\n")
    binary, text = read_colmap_binary(tmp_path, tmp_path), read_colmap_text(tmp_path, tmp_path)
    assert torch.equal(binary.cameras.K[0], text.cameras.K[0])
    assert (binary.lenses and binary.lenses[0]) == (text.lenses and text.lenses[0])


@pytest.mark.parametrize("lens", LENSES, ids=lambda lens: lens and lens.model)
def test_an_independent_reader_of_our_text_agrees(tmp_path: Path, lens: Lens | None) -> None:
    """COLMAP's own library turns our text model into a binary one, which reads back as it was."""
    pycolmap = pytest.importorskip("pycolmap")
    (tmp_path / "images").mkdir()
    paths = tuple(tmp_path / "images" / f"{i}.png" for i in range(COUNT))
    for path in paths:
        Image.new("RGB", (WIDTH, HEIGHT)).save(path)
    write_colmap_text(tmp_path, tmp_path / "images", PosedFiles(make_cameras(), paths, None, lens and (lens,) * COUNT))
    binary = tmp_path / "binary"
    binary.mkdir()
    pycolmap.Reconstruction(str(tmp_path)).write_binary(str(binary))
    text, found = read_colmap_text(tmp_path, tmp_path / "images"), read_colmap_binary(binary, tmp_path / "images")
    torch.testing.assert_close(found.cameras.w2c, text.cameras.w2c, atol=2e-6, rtol=0)
    assert torch.equal(found.cameras.K, text.cameras.K) and found.paths == text.paths and found.lenses == text.lenses


@pytest.mark.parametrize("file", ["cameras.bin", "images.bin"])
def test_files_that_are_cut_short_are_refused(tmp_path: Path, file: str) -> None:
    path = write_model(tmp_path) / file
    whole = path.read_bytes()
    for length in range(0, len(whole), 5):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=f"{file}: wanted .* more bytes at .*; export the model again"):
            read_colmap_binary(tmp_path, tmp_path)


def test_unknown_models_and_missing_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="images.bin: wanted a camera file, got no file of that name"):
        read_colmap_binary(tmp_path, tmp_path)
    write_model(tmp_path)
    write_cameras(tmp_path / "cameras.bin", 7, [7.0, 7.0, 4.0, 3.0, 0.9])  # FOV
    with pytest.raises(ValueError, match="cameras.bin: wanted a camera model of .*FULL_OPENCV, got number 7"):
        read_colmap_binary(tmp_path, tmp_path)
    write_cameras(tmp_path / "cameras.bin", 1, [0.0, 7.0, 4.0, 3.0])
    with pytest.raises(ValueError, match="positive focal lengths"):
        read_colmap_binary(tmp_path, tmp_path)
    write_model(tmp_path)
    write_images(tmp_path / "images.bin", make_cameras(), [])
    with pytest.raises(ValueError, match="at least one registered image, got none"):
        read_colmap_binary(tmp_path, tmp_path)


def test_a_camera_listed_twice_is_refused(tmp_path: Path) -> None:
    path = write_model(tmp_path) / "cameras.bin"
    whole = path.read_bytes()
    path.write_bytes(struct.pack("<Q", 2) + 2 * whole[8:])
    with pytest.raises(ValueError, match="cameras.bin: wanted every camera once, got camera 3 again"):
        read_colmap_binary(tmp_path, tmp_path)
