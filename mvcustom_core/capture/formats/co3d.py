"""Sequences of CO3D (Reizenstein et al., 2021, v2): frame_annotations.jgz of a category, beside the folders of its sequences.

A gzipped JSON list with one record per frame. Cameras are PyTorch3D's: row vectors X_cam = X_world R + T, axes x left, y up, z forward,
intrinsics in normalised device coordinates whose origin is the picture's middle: `ndc_isotropic` measures in halves of the shorter side,
`ndc_norm_image_bounds` in halves of each side.
"""

from __future__ import annotations

import gzip
import json
import math
import re
import zlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

import torch
from torch import Tensor

from ..files.posed_files import Frame, PosedFiles, collect_frames

ANNOTATIONS = "frame_annotations.jgz"
BOUNDS, ISOTROPIC = "ndc_norm_image_bounds", "ndc_isotropic"
FLIP = (-1.0, -1.0, 1.0)  # PyTorch3D camera axes to OpenCV ones
CHUNK = 1 << 20  # characters read at a time
BETWEEN = re.compile(r"[\s,]*")  # what stands between records
NAMES_SHOWN = 8


def read_co3d(annotations: Path, sequence: str = "") -> PosedFiles:
    """Read one sequence of a category, in the order of the frame numbers; no other sequence's files are touched.

    Args:
        annotations: frame_annotations.jgz in the category's folder; image paths in it begin with the category's name.
        sequence: its name; empty where the category has one only.

    Raises:
        ValueError: naming the file and what is wrong with it, or the sequences that could be chosen.
    """
    try:
        status = annotations.stat()
        names, records = _scan(annotations, sequence, status.st_mtime_ns, status.st_size)
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{annotations}: wanted CO3D's gzipped JSON, got: {error}; the file may be cut short") from error
    if not records:
        shown = ", ".join(names[:NAMES_SHOWN]) + (f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else "")
        raise ValueError(f"{annotations}: wanted the name of one of its {len(names)} sequences, got {sequence!r}; choose from {shown}")
    name = records[0]["sequence_name"]
    frames = [f"frame {record.get('frame_number')}" for record in records]
    return collect_frames(f"CO3D sequence {name}", frames, lambda i: _read_frame(annotations.parent, records[i]))


@lru_cache(maxsize=2)  # a category's file holds a hundred thousand frames, and ComfyUI asks before every run whether anything changed
def _scan(path: Path, sequence: str, changed: int, size: int) -> tuple[tuple[str, ...], tuple[dict[str, Any], ...]]:
    """The names of all sequences, and the records of the chosen or only one."""
    records: dict[str, list[dict[str, Any]]] = {}
    for record in _walk_records(path):
        name = record.get("sequence_name")
        kept = records.setdefault(name, [])
        if name == sequence or (not sequence and len(records) == 1):
            kept.append(record)
    chosen = sequence or (next(iter(records)) if len(records) == 1 else "")
    return tuple(sorted(map(str, records))), tuple(sorted(records.get(chosen, ()), key=_order))


def _order(record: dict[str, Any]) -> float:
    """By the frame number; records without one come last."""
    number = record.get("frame_number")
    return number if isinstance(number, int | float) and not math.isnan(number) else math.inf


def _walk_records(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a gzipped JSON list, one at a time: the text of a category takes gigabytes once it is parsed."""
    decoder = json.JSONDecoder()
    with gzip.open(path, "rt", encoding="utf-8-sig") as file:
        text = file.read(CHUNK)
        at = BETWEEN.match(text).end()
        if not text.startswith("[", at):
            raise json.JSONDecodeError("wanted a list", text[:80], 0)
        at, ended = at + 1, False
        while True:
            at = BETWEEN.match(text, at).end()
            if text.startswith("]", at):
                return
            try:
                record, at = decoder.raw_decode(text, at)
            except json.JSONDecodeError:  # perhaps the record goes on in the next chunk
                if ended:
                    raise
                more = file.read(CHUNK)
                text, at, ended = text[at:] + more, 0, not more
                continue
            if isinstance(record, dict):
                yield record


def _read_frame(category: Path, record: dict[str, Any]) -> Frame:
    try:
        height, width = record["image"]["size"]
        viewpoint, mask = record["viewpoint"], (record.get("mask") or {}).get("path")
        image, mask = (path and category.joinpath(*PurePosixPath(path).parts[1:]) for path in (record["image"]["path"], mask))
        rotation, translation, focal, middle = (
            torch.tensor(viewpoint[key], dtype=torch.float64) for key in ("R", "T", "focal_length", "principal_point")
        )
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"wanted CO3D's image, size and viewpoint, got a record without ({error!r:.60})") from error
    if (rotation.shape, translation.shape, focal.shape, middle.shape) != ((3, 3), (3,), (2,), (2,)):
        raise ValueError("wanted R of 3x3, T of 3, focal_length and principal_point of 2 numbers, got others")
    half = torch.tensor([width, height], dtype=torch.float64) / 2
    unit = _unit(viewpoint.get("intrinsics_format", BOUNDS), half)
    w2c = torch.eye(4, dtype=torch.float64)
    w2c[:3, :3] = rotation.mT * w2c.new_tensor(FLIP)[:, None]
    w2c[:3, 3] = translation * w2c.new_tensor(FLIP)
    focal_x, focal_y = (focal * unit).tolist()
    x, y = (half - middle * unit).tolist()  # NDC run left and up
    if not (focal_x > 0 and focal_y > 0 and math.isfinite(focal_x + focal_y + x + y)):
        raise ValueError(f"wanted positive focal lengths and a finite principal point, got {focal.tolist()} and {middle.tolist()}")
    return Frame(image, w2c, (focal_x, focal_y), (x, y), (int(width), int(height)), mask=mask)


def _unit(format: str, half: Tensor) -> Tensor:
    """Pixels [2] of one NDC unit along x and y, from half the picture's size [2]."""
    if format.lower() == BOUNDS:
        return half
    if format.lower() == ISOTROPIC:
        return half.min().expand(2)
    raise ValueError(f"wanted an intrinsics_format of {BOUNDS} or {ISOTROPIC}, got {format!r}")
