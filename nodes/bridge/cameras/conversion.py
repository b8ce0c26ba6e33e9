"""Reads cameras from whichever source a user connects, and describes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import torch

from ....mvcustom_core.camera.cameras import Cameras, fit_cameras
from ....mvcustom_core.camera.viewer import cameras_from_viewer, describe_viewer_loss
from ....mvcustom_core.camera.wan import embed_for_wan
from ....mvcustom_core.capture.formats.camera_path import is_camera_text, read_camera_path
from ....mvcustom_core.capture.formats.realestate10k import (
    CameraPath,
    cameras_from_rows,
    format_realestate10k,
    parse_camera_text,
    shape_square,
)
from ....mvcustom_core.path.interpolation import interpolate_cameras
from ..host.folders import locate_photographs
from ..photographs.source import fingerprint_folder
from .estimated import read_da3_cameras, read_moge_camera

URL_LINE = "MVCustom cameras"  # the format's first line is a video's URL
FITTED = "square pixels, fitted to the size asked for"


@dataclass(frozen=True, eq=False)
class CameraSources:
    """What may be connected or written; exactly one is.

    Attributes:
        cameras: this pack's own.
        camera_info: ComfyUI's cameras of 3D viewers, in order.
        cameractrl_poses: rows of 19 numbers, as AnimateDiff-Evolved passes them.
        da3_geometry, moge_geometry: outputs of core's depth nodes.
        text: CameraCtrl text.
        file: path of a camera file or its folder.
    """

    cameras: Cameras | None = None
    camera_info: Sequence[Mapping[str, Any]] | None = None
    cameractrl_poses: Sequence[Sequence[float]] | None = None
    da3_geometry: dict[str, Any] | None = None
    moge_geometry: dict[str, Any] | None = None
    text: str = ""
    file: str = ""

    @property
    def given(self) -> list[str]:
        """The names of those that are given."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return [name for name, value in values.items() if (value.strip() if isinstance(value, str) else value is not None)]


def check_one_source(given: Sequence[str]) -> None:
    """Check that there is one source of cameras.

    Args:
        given: names of the fields of `CameraSources` that are connected or written.

    Raises:
        ValueError: if there is none, or several.
    """
    if len(given) != 1:
        names = ", ".join(field.name for field in fields(CameraSources))
        raise ValueError(f"cameras: wanted one source, got {' and '.join(given) or 'none'}; connect or fill in exactly one of {names}")


def read_sources(sources: CameraSources, width: int, height: int) -> tuple[Cameras, str]:
    """The cameras of the one source that is given, and a line about them. Sources that know no picture size take width x height.

    Raises:
        ValueError: if none or several are given, or the one cannot be read.
    """
    check_one_source(sources.given)
    if sources.cameras is not None:
        return sources.cameras, "as connected"
    if sources.camera_info is not None:
        return cameras_from_viewer(sources.camera_info, width, height), "from a 3D viewer: y up there, y down here"
    if sources.cameractrl_poses is not None:
        return fit_cameras(_read_rows(sources.cameractrl_poses), width, height), f"CameraCtrl poses: {FITTED}"
    if sources.da3_geometry is not None:
        return read_da3_cameras(sources.da3_geometry)
    if sources.moge_geometry is not None:
        return read_moge_camera(sources.moge_geometry)
    if sources.text.strip():
        return fit_cameras(parse_camera_text(sources.text.strip(), "text"), width, height), f"CameraCtrl text: {FITTED}"
    place = locate_photographs(sources.file)
    cameras = read_camera_path(place)
    return (fit_cameras(cameras, width, height), f"{place.name}: {FITTED}") if is_camera_text(place) else (cameras, place.name)


def stamp_source(file: str) -> object:
    """What changes when a camera file, or a file that it names, changes."""
    place = locate_photographs(file)
    if is_camera_text(place):
        status = place.stat()
        return status.st_mtime_ns, status.st_size
    return fingerprint_folder(place)


def describe_cameras(cameras: Cameras, source: str) -> str:
    """Number, size, field of view and source of cameras, and what core's 3D viewers cannot show of them."""
    across = torch.rad2deg(2 * (cameras.width / 2 / cameras.K[:, 0, 0].double().cpu()).atan())
    lines = [
        f"{len(cameras)} cameras for pictures of {cameras.width}x{cameras.height}; {source}",
        f"field of view: {float(across.min()):.1f} to {float(across.max()):.1f} degrees across",
    ]
    loss = describe_viewer_loss(cameras)
    return "\n".join(lines + ([f"camera_info leaves out: {loss}"] if loss else []))


def write_camera_text(cameras: Cameras) -> str:
    """CameraCtrl text of the cameras."""
    return format_realestate10k(CameraPath(cameras, URL_LINE, tuple(range(len(cameras)))))


def make_wan_embedding(cameras: Cameras, width: int, height: int, length: int, scale: float) -> torch.Tensor:
    """WAN_CAMERA_EMBEDDING [1, 24, (length + 3) / 4, height, width] of a path resampled to `length` frames.

    Args:
        scale: Wan's units of length for one world unit.

    Raises:
        ValueError: for a length that is not 1 + 4k.
    """
    if len(cameras) > 1:
        frames = interpolate_cameras(cameras, torch.linspace(0, len(cameras) - 1, length, dtype=torch.float64))
    else:
        frames = cameras[[0] * length]
    frames = frames.transform(torch.eye(3), torch.zeros(3), scale)
    return embed_for_wan(fit_cameras(frames, width, height))


def _read_rows(rows: Sequence[Sequence[float]]) -> Cameras:
    """Rows of a socket, in the aspect of the size that AnimateDiff-Evolved keeps in the sixth and seventh numbers, or of square pixels."""
    cameras = cameras_from_rows(rows, 1, 1)
    width, height = int(rows[0][5]), int(rows[0][6])
    return cameras.resize(width, height) if min(width, height) > 1 else shape_square(cameras)
