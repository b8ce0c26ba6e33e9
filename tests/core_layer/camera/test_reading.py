"""The convention that a file has, told from what its cameras look at when it is read as another."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import Tensor

from mvcustom.mvcustom_core.camera.cameras import Cameras
from mvcustom.mvcustom_core.camera.reading import AS_READ, Reading, find_other_reading
from mvcustom.mvcustom_core.camera.rigid import rotation_from_vector
from mvcustom.mvcustom_core.capture.formats.realestate10k import cameras_from_rows, rows_from_cameras
from mvcustom.mvcustom_core.capture.formats.transforms_json import read_transforms_json
from mvcustom.mvcustom_core.embedded.scenes.sweep import sample_photographs

SIZE = 32
OPENCV, OPENGL = "OpenCV axes (y down, looking along z)", "OpenGL axes (y up, looking along -z)"
FLIP = torch.diag(torch.tensor([1.0, -1, -1, 1])).double()


def make_cameras() -> Cameras:
    """Photographs all around a subject somewhere in a turned world."""
    turn = rotation_from_vector(torch.tensor([0.3, -0.8, 0.5]))
    return sample_photographs(random.Random(1), 10, SIZE).transform(turn, torch.tensor([1.0, -2.0, 0.5]), 1.7)


def write_matrices(cameras: Cameras, matrices: str, axes: str) -> Tensor:
    """What somebody writes into a file, [V, 4, 4]."""
    w2c = FLIP @ cameras.w2c.double() if axes == OPENGL else cameras.w2c.double()
    return w2c if matrices == "camera-from-world" else torch.linalg.inv(w2c)


WAYS = [(matrices, axes) for matrices in ("camera-from-world", "world-from-camera") for axes in (OPENCV, OPENGL)]


@pytest.mark.parametrize(("matrices", "axes"), WAYS)
def test_camera_paths_tell_their_convention(matrices: str, axes: str) -> None:
    cameras = make_cameras()
    written = replace(cameras, w2c=write_matrices(cameras, matrices, axes))
    found = find_other_reading(cameras_from_rows(rows_from_cameras(written), SIZE, SIZE))
    assert (found is None) == ((matrices, axes) == ("camera-from-world", OPENCV))
    assert (found or AS_READ).describe(opengl=False) == f"{matrices} matrices with {axes}"


@pytest.mark.parametrize(("matrices", "axes"), WAYS)
def test_transforms_json_tells_its_convention(tmp_path: Path, matrices: str, axes: str) -> None:
    cameras = make_cameras()
    frames = []
    for i, rows in enumerate(write_matrices(cameras, matrices, axes).tolist()):
        Image.new("RGB", (SIZE, SIZE)).save(tmp_path / f"{i}.png")
        frames.append({"file_path": f"{i}.png", "transform_matrix": rows, "fl_x": float(cameras.K[0, 0, 0])})
    (tmp_path / "transforms.json").write_text(json.dumps({"w": SIZE, "h": SIZE, "cx": SIZE / 2, "cy": SIZE / 2, "frames": frames}))
    found = find_other_reading(read_transforms_json(tmp_path / "transforms.json").cameras)
    assert (found is None) == ((matrices, axes) == ("world-from-camera", OPENGL))
    assert (found or AS_READ).describe(opengl=True) == f"{matrices} matrices with {axes}"


def test_a_reading_gives_the_cameras_back() -> None:
    cameras = make_cameras().to(dtype=torch.float64)
    for reading in (AS_READ, Reading(flipped=True), Reading(inverted=True)):
        torch.testing.assert_close(reading.apply(reading.apply(cameras)).w2c, cameras.w2c, atol=1e-5, rtol=0)


def test_no_reading_mends_what_has_no_common_subject() -> None:
    cameras = make_cameras()
    generator = torch.Generator().manual_seed(0)
    anywhere = rotation_from_vector(torch.randn(10, 3, generator=generator))
    lost = Cameras.from_centers(anywhere, torch.randn(10, 3, generator=generator), cameras.K, SIZE, SIZE)
    one_place = Cameras.from_centers(anywhere, torch.tensor([[1.0, 2, 3]]).expand(10, 3), cameras.K, SIZE, SIZE)
    half = replace(cameras, w2c=torch.cat([cameras.w2c[:5], Reading(flipped=True).apply(cameras).w2c[5:]]))
    assert [find_other_reading(each) for each in (lost, one_place, half)] == [None] * 3
