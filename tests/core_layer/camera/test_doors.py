"""Numbers from outside are checked where they come in, once: every reader refuses a focal length that float32 holds as infinity."""

from __future__ import annotations

import gzip
import json
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image

from mvcustom.mvcustom_core.camera.cameras import Cameras
from mvcustom.mvcustom_core.capture.files.posed_files import PosedFiles
from mvcustom.mvcustom_core.capture.formats.camera_path import read_camera_path
from mvcustom.mvcustom_core.capture.formats.co3d import ANNOTATIONS, read_co3d
from mvcustom.mvcustom_core.capture.formats.colmap_binary import read_colmap_binary
from mvcustom.mvcustom_core.capture.formats.colmap_text import read_colmap_text, write_colmap_text
from mvcustom.mvcustom_core.capture.formats.realestate10k import CameraPath, cameras_from_rows, rows_from_cameras, write_realestate10k
from mvcustom.mvcustom_core.capture.formats.transforms_json import read_transforms_json, write_transforms_json
from mvcustom.mvcustom_core.concept.concept import Concept, load_concept, save_concept
from mvcustom.mvcustom_core.concept.feature_nerf import NerfSettings
from mvcustom.mvcustom_core.concept.pose_block import PoseBlocks, PoseLayout, PoseSite
from mvcustom.mvcustom_core.concept.storage import read_tensors, write_tensors

SIZE = 8
HUGE = 1e300


def make_files(folder: Path) -> PosedFiles:
    """One camera of the size of its one picture, with a focal length of HUGE pixels."""
    Image.new("RGB", (SIZE, SIZE)).save(folder / "a.png")
    K = torch.tensor([[[HUGE, 0, 4], [0, HUGE, 4], [0, 0, 1]]], dtype=torch.float64)
    return PosedFiles(Cameras(torch.eye(4, dtype=torch.float64)[None], K, SIZE, SIZE), (folder / "a.png",))


def read_json(folder: Path) -> object:
    write_transforms_json(folder / "transforms.json", make_files(folder))
    return read_transforms_json(folder / "transforms.json")


def read_text_model(folder: Path) -> object:
    write_colmap_text(folder, folder, make_files(folder))
    return read_colmap_text(folder, folder)


def read_binary_model(folder: Path) -> object:
    make_files(folder)
    (folder / "cameras.bin").write_bytes(struct.pack("<QiiQQ4d", 1, 1, 1, SIZE, SIZE, HUGE, HUGE, 4.0, 4.0))
    image = struct.pack("<Qi7di", 1, 1, 1.0, 0, 0, 0, 0, 0, 0, 1) + b"a.png\0" + struct.pack("<Q", 0)
    (folder / "images.bin").write_bytes(image)
    return read_colmap_binary(folder, folder)


def read_annotations(folder: Path) -> object:
    (folder / "sequence").mkdir()
    make_files(folder / "sequence")
    viewpoint = {"R": torch.eye(3).tolist(), "T": [0, 0, 1], "focal_length": [HUGE, HUGE], "principal_point": [0, 0]}
    record = {"sequence_name": "sequence", "image": {"path": "apple/sequence/a.png", "size": [SIZE, SIZE]}, "viewpoint": viewpoint}
    with gzip.open(folder / ANNOTATIONS, "wt", encoding="utf-8") as file:
        json.dump([record], file)
    return read_co3d(folder / ANNOTATIONS, "sequence")


def read_rows(folder: Path) -> object:
    return cameras_from_rows(rows_from_cameras(make_files(folder).cameras), SIZE, SIZE)


def read_path(folder: Path) -> object:
    cameras = make_files(folder).cameras
    write_realestate10k(folder / "path.txt", CameraPath(replace(cameras, K=cameras.K * cameras.K.new_tensor([1e-290, 1, 1])), "url", (0,)))
    return read_camera_path(folder / "path.txt")


def read_concept(folder: Path) -> object:
    layout = PoseLayout(sites=(PoseSite(2, 8, 1),), text_width=16)
    settings = NerfSettings(samples=6, far=1.5)
    pose = PoseBlocks(layout, settings, torch.Generator().manual_seed(0)).state_dict()
    cameras = Cameras(torch.eye(4)[None], torch.eye(3)[None], SIZE, SIZE)
    concept = Concept(pose, torch.zeros(1, 16), "<v*>", "bear", "a bear", torch.zeros(1, 4, 1, 1), cameras, layout, settings, {}, "")
    save_concept(folder / "bear.safetensors", concept)
    tensors, facts = read_tensors(folder / "bear.safetensors", "mvcustom-concept")
    tensors["cameras.K"] = torch.full((1, 3, 3), torch.inf)
    write_tensors(folder / "bear.safetensors", tensors, "mvcustom-concept", facts)
    return load_concept(folder / "bear.safetensors")


OF_A_FRAME = r"wanted at least 1 usable photograph, got 0 of 1; left out: .*wanted a camera in numbers below 3e\+38"
OF_ALL = "cameras: wanted finite matrices, got NaN or infinity"
READERS = {
    read_json: OF_A_FRAME,
    read_text_model: OF_A_FRAME,
    read_binary_model: OF_A_FRAME,
    read_annotations: OF_A_FRAME,
    read_rows: OF_ALL,
    read_path: OF_ALL,
    read_concept: OF_ALL,
}


@pytest.mark.parametrize("read", READERS)
def test_readers_refuse_matrices_that_are_not_finite(tmp_path: Path, read: Callable[[Path], object]) -> None:
    with pytest.raises(ValueError, match=READERS[read]):
        read(tmp_path)
