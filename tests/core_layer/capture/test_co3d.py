"""CO3D sequences, written here from the format's description: known cameras come back in both conventions of its coordinates."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from mvcustom.mvcustom_core.camera.cameras import Cameras, look_at
from mvcustom.mvcustom_core.camera.rays import project_points
from mvcustom.mvcustom_core.capture.formats import co3d
from mvcustom.mvcustom_core.capture.formats.co3d import ANNOTATIONS, BOUNDS, ISOTROPIC, read_co3d

COUNT, WIDTH, HEIGHT = 4, 12, 18
CHOSEN, OTHER = "110_13051_23361", "12_90_489"


def make_cameras() -> Cameras:
    generator = torch.Generator().manual_seed(2)
    w2c = look_at(torch.randn(COUNT, 3, generator=generator) * 2, torch.zeros(COUNT, 3), torch.randn(COUNT, 3, generator=generator))
    return Cameras(w2c, torch.tensor([[15.0, 0, 5.5], [0, 16.0, 8.25], [0, 0, 1]]).repeat(COUNT, 1, 1), WIDTH, HEIGHT)


def make_record(cameras: Cameras, i: int, sequence: str, convention: str | None) -> dict[str, Any]:
    """PyTorch3D's row vectors: X R + T with x to the left and y up, so R is the transpose of ours with two columns negated."""
    flip = torch.diag(torch.tensor([-1.0, -1, 1]))
    unit = [min(WIDTH, HEIGHT) / 2] * 2 if convention == ISOTROPIC else [WIDTH / 2, HEIGHT / 2]
    K = cameras.K[i]
    viewpoint = {
        "R": (cameras.w2c[i, :3, :3].T @ flip).tolist(),
        "T": (flip @ cameras.w2c[i, :3, 3]).tolist(),
        "focal_length": [float(K[0, 0]) / unit[0], float(K[1, 1]) / unit[1]],
        "principal_point": [(WIDTH / 2 - float(K[0, 2])) / unit[0], (HEIGHT / 2 - float(K[1, 2])) / unit[1]],
    }
    return {
        "sequence_name": sequence,
        "frame_number": i,
        "image": {"path": f"apple/{sequence}/images/frame{i:06}.jpg", "size": [HEIGHT, WIDTH]},
        "mask": {"path": f"apple/{sequence}/masks/frame{i:06}.png", "mass": 10.0},
        "viewpoint": viewpoint | ({"intrinsics_format": convention} if convention else {}),
    }


def write_category(
    folder: Path, convention: str | None = ISOTROPIC, change: Callable[[list[dict[str, Any]]], object] = lambda records: None
) -> Path:
    """Two sequences whose frames alternate, the chosen one's in reverse; only the chosen one has files."""
    cameras = make_cameras()
    chosen = [make_record(cameras, i, CHOSEN, convention) for i in reversed(range(COUNT))]
    others = [make_record(cameras, i, OTHER, convention) for i in range(COUNT)]
    records = [record for pair in zip(chosen, others, strict=True) for record in pair]
    change(records)
    for i in range(COUNT):
        for kind, mode, ending in (("images", "RGB", "jpg"), ("masks", "L", "png")):
            path = folder / CHOSEN / kind / f"frame{i:06}.{ending}"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new(mode, (WIDTH, HEIGHT), 255 if mode == "L" else None).save(path)
    with gzip.open(folder / ANNOTATIONS, "wt", encoding="utf-8") as file:
        json.dump(records, file)
    return folder / ANNOTATIONS


@pytest.mark.parametrize("convention", [ISOTROPIC, BOUNDS, None])
def test_known_cameras_come_back(tmp_path: Path, convention: str | None) -> None:
    found, wanted = read_co3d(write_category(tmp_path, convention), CHOSEN), make_cameras()
    torch.testing.assert_close(found.cameras.w2c, wanted.w2c, atol=2e-6, rtol=0)
    torch.testing.assert_close(found.cameras.K, wanted.K)
    points = torch.randn(5, 3, generator=torch.Generator().manual_seed(0)) * 0.1
    torch.testing.assert_close(project_points(found.cameras, points)[0], project_points(wanted, points)[0], atol=1e-4, rtol=1e-4)
    assert found.paths == tuple(tmp_path / CHOSEN / "images" / f"frame{i:06}.jpg" for i in range(COUNT)), "by number"
    assert found.masks == tuple(tmp_path / CHOSEN / "masks" / f"frame{i:06}.png" for i in range(COUNT))
    assert found.lenses is None and found.format == f"CO3D sequence {CHOSEN}"


def test_a_point_up_and_left_has_positive_ndc(tmp_path: Path) -> None:
    """The convention itself, without our conversion: identity R looks along +z, NDC x is to the left and y up."""

    def change(records: list[dict[str, Any]]) -> None:
        for record in records:
            viewpoint = {"R": torch.eye(3).tolist(), "T": [0, 0, 2.0], "focal_length": [2.0, 2.0], "principal_point": [0.0, 0.0]}
            record["viewpoint"] = viewpoint | {"intrinsics_format": ISOTROPIC}

    cameras = read_co3d(write_category(tmp_path, change=change), CHOSEN).cameras
    pixels, depth = project_points(cameras, torch.tensor([[0.5, 0.25, 0.0]]))  # NDC (0.5, 0.25) at depth 2
    torch.testing.assert_close(pixels[0, 0], torch.tensor([WIDTH / 2 - 0.5 * WIDTH / 2, HEIGHT / 2 - 0.25 * WIDTH / 2]))
    assert depth[0, 0] == 2


@pytest.mark.parametrize("chunk", [1, 7, 100, 1 << 20])
def test_the_file_is_read_in_pieces_of_any_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    monkeypatch.setattr(co3d, "CHUNK", chunk)
    assert len(read_co3d(write_category(tmp_path), CHOSEN).paths) == COUNT


def test_the_sequence_is_asked_for_where_there_are_several(tmp_path: Path) -> None:
    annotations = write_category(tmp_path)
    for wrong in ("", "nowhere"):
        with pytest.raises(ValueError, match=rf"one of its 2 sequences, got '{wrong}'; choose from {CHOSEN}, {OTHER}"):
            read_co3d(annotations, wrong)
    only = write_category(tmp_path / "one", change=lambda records: records.__delitem__(slice(1, None, 2)))
    assert len(read_co3d(only).paths) == COUNT


def spoil(key: str, value: Any) -> Callable[[list[dict[str, Any]]], None]:
    """Spoils the chosen sequence's frame 3, the first in the file."""
    return lambda records: records[0].update({key: value})


def spoil_viewpoint(key: str, value: Any) -> Callable[[list[dict[str, Any]]], None]:
    return lambda records: records[0]["viewpoint"].update({key: value})


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (spoil("viewpoint", None), "a record without"),
        (spoil("image", {"path": "apple/x/images/none.jpg", "size": [HEIGHT, WIDTH]}), "got nothing there"),
        (spoil("image", {"path": f"apple/{CHOSEN}/images/frame000003.jpg", "size": [HEIGHT, WIDTH + 1]}), "wanted 13x18 pixels"),
        (spoil_viewpoint("R", torch.zeros(3, 3).tolist()), "rigid"),
        (spoil_viewpoint("R", [[1, 0], [0, 1]]), "wanted R of 3x3"),
        (spoil_viewpoint("T", [0, 0, float("nan")]), "NaN"),
        (spoil_viewpoint("focal_length", [0.0, 1.0]), "positive focal lengths"),
        (spoil_viewpoint("intrinsics_format", "pixels"), "got 'pixels'"),
    ],
)
def test_frames_of_no_use_are_left_out_with_the_reason(tmp_path: Path, change: Any, wanted: str) -> None:
    found = read_co3d(write_category(tmp_path, change=change), CHOSEN)
    assert len(found.paths) == COUNT - 1
    assert len(found.left_out) == 1 and found.left_out[0].name == "frame 3" and wanted in found.left_out[0].reason


def test_masks_for_some_frames_only_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="masks: wanted one for every photograph or for none, 1 of 4 files are missing"):
        read_co3d(write_category(tmp_path, change=spoil("mask", None)), CHOSEN)


def test_files_that_are_no_annotations_are_refused(tmp_path: Path) -> None:
    annotations = write_category(tmp_path)
    whole = annotations.read_bytes()
    texts = [gzip.compress(text.encode()) for text in ('{"a": 1}', '[{"sequence_name": ', "[", "", '[{"sequence_name": "a"} oops')]
    for content in (whole[: len(whole) // 2], b"no gzip", *texts):
        annotations.write_bytes(content)
        with pytest.raises(ValueError, match="wanted CO3D's gzipped JSON, got: .*; the file may be cut short"):
            read_co3d(annotations, CHOSEN)
    annotations.write_bytes(gzip.compress(b"[]"))
    with pytest.raises(ValueError, match="one of its 0 sequences"):
        read_co3d(annotations, CHOSEN)


@pytest.mark.parametrize("number", [None, "two", float("nan")])
def test_a_frame_without_a_number_comes_last(tmp_path: Path, number: object) -> None:
    def change(records: list[dict[str, Any]]) -> None:
        next(record for record in records if record["sequence_name"] == CHOSEN and record["frame_number"] == 1)["frame_number"] = number

    posed = read_co3d(write_category(tmp_path, change=change), CHOSEN)
    assert [path.stem for path in posed.paths] == ["frame000000", "frame000002", "frame000003", "frame000001"]
