"""Written cameras, read back by our readers and by pycolmap: poses within 1e-6, points and colours as they were."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from mvcustom.mvcustom_core.camera.cameras import Cameras, look_at
from mvcustom.mvcustom_core.capture.files.posed_files import PosedFiles
from mvcustom.mvcustom_core.capture.formats.camera_path import read_camera_path
from mvcustom.mvcustom_core.capture.formats.colmap_binary import read_colmap_binary, write_colmap_binary
from mvcustom.mvcustom_core.capture.formats.colmap_text import read_colmap_text, write_colmap_text
from mvcustom.mvcustom_core.capture.formats.glb import encode_glb
from mvcustom.mvcustom_core.capture.formats.ply import encode_ply
from mvcustom.mvcustom_core.capture.formats.transforms_json import FLIP, read_transforms_json, write_transforms_json

COUNT, WIDTH, HEIGHT = 5, 12, 8
MODELS = {"text": (write_colmap_text, read_colmap_text), "binary": (write_colmap_binary, read_colmap_binary)}


def make_files(folder: Path) -> PosedFiles:
    generator = torch.Generator().manual_seed(5)
    eyes, ups = torch.randn(2, COUNT, 3, generator=generator, dtype=torch.float64)
    w2c = look_at(2 * eyes, torch.zeros(COUNT, 3).double(), ups).float()
    K = torch.tensor([[9.25, 0, 5.9], [0, 9.5, 4.1], [0, 0, 1]]).repeat(COUNT, 1, 1)
    K[-1, 0, 0] = 10.5  # another camera than the others share
    paths = tuple(folder / "images" / f"view_{i}.png" for i in range(COUNT))
    (folder / "images").mkdir()
    for path in paths:
        Image.new("RGB", (WIDTH, HEIGHT)).save(path)
    return PosedFiles(Cameras(w2c, K, WIDTH, HEIGHT), paths)


def make_points() -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(20, 3, generator=torch.Generator().manual_seed(6)), torch.linspace(0, 1, 60).reshape(20, 3)


def check_same(found: Cameras, wanted: Cameras) -> None:
    torch.testing.assert_close(found.w2c.double(), wanted.w2c.double(), atol=1e-6, rtol=0)
    torch.testing.assert_close(found.K, wanted.K, atol=1e-5, rtol=0)
    assert (found.width, found.height) == (wanted.width, wanted.height)


@pytest.mark.parametrize("kind", MODELS)
def test_a_written_model_is_read_back(tmp_path: Path, kind: str) -> None:
    (write, read), files = MODELS[kind], make_files(tmp_path)
    write(tmp_path / "sparse" / "0", tmp_path / "images", files, *make_points())
    found = read(tmp_path / "sparse" / "0", tmp_path / "images")
    check_same(found.cameras, files.cameras)
    assert found.paths == files.paths
    check_same(read_camera_path(tmp_path), files.cameras)


@pytest.mark.parametrize("kind", MODELS)
def test_pycolmap_reads_a_written_model(tmp_path: Path, kind: str) -> None:
    pycolmap: Any = pytest.importorskip("pycolmap", reason="the optional package pycolmap is not installed")
    files, (points, colors) = make_files(tmp_path), make_points()
    MODELS[kind][0](tmp_path / "sparse" / "0", tmp_path / "images", files, points, colors)
    found = pycolmap.Reconstruction(str(tmp_path / "sparse" / "0"))
    images = sorted(found.images.values(), key=lambda image: image.image_id)
    assert [image.name for image in images] == [path.name for path in files.paths]
    for i, image in enumerate(images):
        np.testing.assert_allclose(image.cam_from_world().matrix(), files.cameras.w2c[i, :3].double().numpy(), atol=1e-6)
        K = found.cameras[image.camera_id].calibration_matrix()
        np.testing.assert_allclose(K, files.cameras.K[i].double().numpy(), atol=1e-12)
    assert len(found.cameras) == 2, "equal ones are shared"
    read = [found.points3D[i] for i in sorted(found.points3D)]
    np.testing.assert_allclose([point.xyz for point in read], points.double().numpy())
    np.testing.assert_array_equal([point.color for point in read], (colors * 255).round().numpy())


def test_transforms_json_is_read_back(tmp_path: Path) -> None:
    files = make_files(tmp_path)
    write_transforms_json(tmp_path / "transforms.json", files, tmp_path / "points.ply")
    check_same(read_transforms_json(tmp_path / "transforms.json").cameras, files.cameras)
    document = json.loads((tmp_path / "transforms.json").read_text(encoding="utf-8"))
    assert document["ply_file_path"] == "points.ply"
    c2w = np.array([frame["transform_matrix"] for frame in document["frames"]]) @ np.diag(FLIP)
    np.testing.assert_allclose(np.linalg.inv(c2w), files.cameras.w2c.double().numpy(), atol=1e-6)


def test_points_without_colours_are_grey(tmp_path: Path) -> None:
    write_colmap_binary(tmp_path, tmp_path, make_files(tmp_path), make_points()[0])
    data = (tmp_path / "points3D.bin").read_bytes()
    assert struct.unpack_from("<Q", data)[0] == 20 and len(data) == 8 + 20 * 51
    assert struct.unpack_from("<3B", data, 8 + 8 + 24) == (128, 128, 128)


def test_ply_has_its_points_and_colours() -> None:
    points, colors = make_points()
    header, _, body = encode_ply(points, colors).partition(b"end_header\n")
    assert b"element vertex 20\n" in header and b"binary_little_endian" in header
    table = np.frombuffer(body, np.dtype([("p", "<f4", 3), ("c", "u1", 3)]))
    np.testing.assert_array_equal(table["p"], points.numpy())
    np.testing.assert_array_equal(table["c"], (colors * 255).round().byte().numpy())


def test_glb_has_its_triangle_and_picture() -> None:
    points, faces = torch.tensor([[0.0, 0, 0], [1, 0, 0], [0, 2, -3]]), torch.tensor([[0, 1, 2]])
    data = encode_glb(points, faces, torch.tensor([[0.0, 0], [1, 0], [0, 1]]), torch.rand(3, 5, 4))
    magic, version, length = struct.unpack_from("<4sII", data)
    assert (magic, version, length) == (b"glTF", 2, len(data))
    size, kind = struct.unpack_from("<I4s", data, 12)
    document, binary = json.loads(data[20 : 20 + size]), data[20 + size + 8 :]
    assert kind == b"JSON" and size % 4 == 0 and document["buffers"][0]["byteLength"] == len(binary)
    views = document["bufferViews"]
    parts = [binary[view["byteOffset"] : view["byteOffset"] + view["byteLength"]] for view in views]
    np.testing.assert_array_equal(np.frombuffer(parts[0], "<f4").reshape(-1, 3), points.numpy())
    np.testing.assert_array_equal(np.frombuffer(parts[2], "<u4"), [0, 1, 2])
    assert parts[3].startswith(b"\x89PNG") and all(view["byteOffset"] % 4 == 0 for view in views)
    assert document["accessors"][0]["max"] == [1.0, 2.0, 0.0] and document["accessors"][0]["min"] == [0.0, 0.0, -3.0]
    with pytest.raises(ValueError, match="wanted at least one face"):
        encode_glb(points, faces[:0], torch.zeros(3, 2), torch.rand(3, 5, 4))
