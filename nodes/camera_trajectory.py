"""Camera Trajectory: the cameras that the subject will be seen from."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from comfy_api.latest import io, ui

from ..mvcustom_core.geometry.cameras import Cameras, concatenate_cameras, look_at
from ..mvcustom_core.geometry.formats.realestate10k import read_realestate10k, rows_from_cameras
from ..mvcustom_core.geometry.formats.transforms_json import read_transforms_json
from ..mvcustom_core.geometry.interpolation import interpolate_cameras
from ..mvcustom_core.geometry.normalisation import SceneNormalisation
from ..mvcustom_core.geometry.rigid import relative_to, upright_direction
from ..mvcustom_core.geometry.trajectory import Vector, dolly, follow_keyframes, orbit, pan, pedestal, spiral, tilt, truck
from ..mvcustom_core.plot import plot_trajectory
from ..mvcustom_core.scenes.sweep import square_intrinsics
from .bridge.photographs import locate_input
from .bridge.sockets import CamerasSocket
from .bridge.tensors import images_to_comfy

DEFAULT_ELEVATION_DEG, DEFAULT_FOV_DEG = 18.0, 52.0
DEFAULT_UP: Vector = (0.0, -1.0, 0.0)
SLIDES = {"truck": truck, "pedestal": pedestal, "dolly": dolly}
KEYS = ("azimuth_deg", "elevation_deg", "distance", *SLIDES, "pan_deg", "tilt_deg")
KEYFRAMES = '[\n  {"azimuth_deg": -30},\n  {"azimuth_deg": 0, "elevation_deg": 10, "distance": 0.8},\n  {"azimuth_deg": 30}\n]'
AT_BASE, AS_WRITTEN = "at the base view", "where the file says"
URL_LINE = "MVCustom camera trajectory"  # the format's first line is a video's URL


def _turn(name: str, default: float, tooltip: str) -> io.Float.Input:
    return io.Float.Input(name, default=default, min=-360.0, max=360.0, step=1.0, tooltip=tooltip)


def _move(name: str, default: float, tooltip: str) -> io.Float.Input:
    return io.Float.Input(name, default=default, min=-10.0, max=10.0, step=0.01, tooltip=tooltip + " 1 is the farthest camera's distance.")


def _paths() -> list[io.DynamicCombo.Option]:
    """The choices of the path widget, each with its own widgets."""
    orbit_inputs = [
        _turn("azimuth_start_deg", -15.0, "First angle about the subject, from the base view. Positive is to the camera's right."),
        _turn("azimuth_end_deg", 15.0, "Last angle about the subject. A full circle of V views ends at 360 - 360 / V."),
        io.Float.Input("elevation_deg", default=0.0, min=-89.0, max=89.0, tooltip="Height of the circle above the base view, in degrees."),
    ]
    spiral_inputs = [
        io.Float.Input("angle_deg", default=10.0, min=0.0, max=80.0, tooltip="How far from the base view the spiral ends, in degrees."),
        io.Float.Input("turns", default=1.0, min=0.1, max=10.0, step=0.1, tooltip="Turns around the base view."),
    ]
    ways = {"truck": "to the right", "pedestal": "upward", "dolly": "toward what it looks at"}
    slides = [
        (name, [_move("start", first, f"Where the camera starts: so far {way}."), _move("end", 0.2, f"Where it ends: so far {way}.")])
        for (name, way), first in zip(ways.items(), (-0.2, -0.2, 0.0), strict=True)
    ]
    turns = [
        (name, [_turn("start_deg", -10.0, f"First angle, {way} positive."), _turn("end_deg", 10.0, f"Last angle, {way} positive.")])
        for name, way in (("pan", "to the right"), ("tilt", "upward"))
    ]
    keyframe_tip = "JSON list of cameras to fly through, each with any of: " + ", ".join(KEYS) + ". Angles count from the base view."
    keyframes = [io.String.Input("keyframes", default=KEYFRAMES, multiline=True, tooltip=keyframe_tip)]
    file_tip = "Camera file, absolute or in ComfyUI's input folder: RealEstate10K / CameraCtrl text, or transforms.json with its pictures."
    file_inputs = [
        io.String.Input("file", default="", tooltip=file_tip),
        io.Combo.Input("start", options=[AT_BASE, AS_WRITTEN], tooltip="Move the path to the base view, or take its poses as they are."),
        io.Float.Input("scale", default=1.0, min=0.0001, max=10000.0, step=0.01, tooltip="Length in this scene of one unit of the file."),
    ]
    choices = [("orbit", orbit_inputs), *slides, *turns, ("spiral", spiral_inputs), ("keyframes", keyframes), ("file", file_inputs)]
    return [io.DynamicCombo.Option(name, inputs) for name, inputs in choices]


class MVCustomCameraTrajectory(io.ComfyNode):
    """Base camera, path => cameras, their plot, their text."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        size_tip = "of the pictures in pixels. If the aspect is not the base camera's, its field of view is cropped about the middle."
        return io.Schema(
            node_id="MVCustomCameraTrajectory",
            display_name="Camera Trajectory",
            category="MVCustom",
            description="Makes the cameras that the subject will be seen from: a path that starts from one of your photographs, or from a "
            "camera in front of the subject.",
            search_aliases=["camera path", "orbit", "camera motion", "pan left", "zoom in", "cameractrl", "realestate10k", "keyframes"],
            inputs=[
                CamerasSocket.Input(
                    "base_cameras",
                    optional=True,
                    tooltip="The photographs' cameras. Without them: a camera at distance 1, 18 degrees up, 52 degrees wide.",
                ),
                io.Int.Input("base_view", default=0, min=0, max=9999, tooltip="The base camera that the path starts from; 0 is the first."),
                io.Int.Input("width", default=512, min=64, max=4096, step=8, tooltip=f"Width {size_tip}"),
                io.Int.Input("height", default=512, min=64, max=4096, step=8, tooltip=f"Height {size_tip}"),
                io.Int.Input("views", default=8, min=1, max=256, tooltip="Number of cameras, evenly along the path with both ends."),
                io.DynamicCombo.Input("path", options=_paths(), tooltip="How the camera moves."),
            ],
            outputs=[
                CamerasSocket.Output(display_name="cameras", tooltip="The cameras along the path, in order."),
                io.Image.Output(display_name="plot", tooltip="The cameras from above and in perspective; the base cameras in grey."),
                io.String.Output(display_name="text", tooltip="The cameras as CameraCtrl text, which the path 'file' reads again."),
            ],
        )

    @classmethod
    def fingerprint_inputs(cls, path: dict[str, Any], **others: object) -> object:
        if path["path"] != "file":
            return None
        status = locate_input(path["file"], "file").stat()
        return status.st_mtime_ns, status.st_size

    @classmethod
    def execute(
        cls, base_view: int, width: int, height: int, views: int, path: dict[str, Any], base_cameras: Cameras | None = None
    ) -> io.NodeOutput:
        base = _pick_base(base_cameras, base_view, max(width, height))
        up = DEFAULT_UP if base_cameras is None else upright_direction(base_cameras)
        cameras = _build_path(fit_cameras(base, width, height), views, path, up)
        rows = rows_from_cameras(cameras)
        text = "\n".join([URL_LINE, *(" ".join([str(int(row[0])), *map(repr, row[1:])]) for row in rows)]) + "\n"
        plot = images_to_comfy(plot_trajectory(cameras, references=base_cameras)[None])
        return io.NodeOutput(cameras, plot, text, ui=ui.PreviewImage(plot, cls=cls))


def fit_cameras(cameras: Cameras, width: int, height: int) -> Cameras:
    """The cameras for pictures of another size with square pixels kept: as much of the field of view as the new aspect holds, centred."""
    scale = max(width / cameras.width, height / cameras.height)
    K = cameras.K.clone()
    K[:, :2] *= scale
    K[:, 0, 2] -= (cameras.width * scale - width) / 2
    K[:, 1, 2] -= (cameras.height * scale - height) / 2
    return replace(cameras, K=K, width=width, height=height)


def _pick_base(cameras: Cameras | None, view: int, size: int) -> Cameras:
    if cameras is None:
        elevation = math.radians(DEFAULT_ELEVATION_DEG)
        eye, target = torch.tensor([[0.0, -math.sin(elevation), math.cos(elevation)]]), torch.zeros(1, 3)
        return Cameras(look_at(eye, target, torch.tensor([DEFAULT_UP])), square_intrinsics(1, size, DEFAULT_FOV_DEG), size, size)
    if not view < len(cameras):
        raise ValueError(f"base_view: wanted one of the {len(cameras)} base cameras, 0 to {len(cameras) - 1}, got {view}")
    return cameras[view]


def _build_path(base: Cameras, views: int, path: dict[str, Any], up: Vector) -> Cameras:
    kind = path["path"]
    if kind == "orbit":
        return orbit(base, views, (path["azimuth_start_deg"], path["azimuth_end_deg"]), path["elevation_deg"], up=up)
    if kind == "spiral":
        return spiral(base, views, path["angle_deg"], path["turns"], up=up)
    if kind == "pan":
        return pan(base, views, (path["start_deg"], path["end_deg"]), up)
    if kind == "tilt":
        return tilt(base, views, (path["start_deg"], path["end_deg"]))
    if kind == "keyframes":
        keyframes = [_place_keyframe(base, keyframe, up) for keyframe in parse_keyframes(path["keyframes"])]
        return follow_keyframes(concatenate_cameras(*keyframes), views)
    if kind == "file":
        return _follow_file(base, views, read_cameras(locate_input(path["file"], "file")), path["start"] == AT_BASE, path["scale"])
    return SLIDES[kind](base, views, (path["start"], path["end"]))


def parse_keyframes(text: str) -> list[dict[str, float]]:
    """The keyframes of a JSON text.

    Raises:
        ValueError: naming the keyframe and the key that is wrong.
    """
    try:
        keyframes = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"keyframes: wanted JSON, got {error.msg} in line {error.lineno}, column {error.colno}") from error
    if not isinstance(keyframes, list) or len(keyframes) < 2 or not all(isinstance(keyframe, dict) for keyframe in keyframes):
        raise ValueError(f'keyframes: wanted a list of two or more objects such as {{"azimuth_deg": 10}}, got {text!r:.60}')
    for i, keyframe in enumerate(keyframes):
        for key, value in keyframe.items():
            if key not in KEYS:
                raise ValueError(f"keyframes, number {i}: wanted keys of {', '.join(KEYS)}, got {key!r}")
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
                raise ValueError(f"keyframes, number {i}: wanted {key} to be a finite number, got {value!r}")
    return keyframes


def _place_keyframe(base: Cameras, keyframe: dict[str, float], up: Vector) -> Cameras:
    """The base camera swung about the subject, then moved along its own axes, then turned."""

    def ends(key: str) -> tuple[float, float]:
        return (keyframe.get(key, 0.0),) * 2

    camera = orbit(base, 1, ends("azimuth_deg"), keyframe.get("elevation_deg", 0.0), keyframe.get("distance"), up=up)
    for name, move in SLIDES.items():
        camera = move(camera, 1, ends(name))
    return tilt(pan(camera, 1, ends("pan_deg"), up), 1, ends("tilt_deg"))


def read_cameras(path: Path) -> Cameras:
    """The cameras of transforms.json or of a RealEstate10K text.

    That text has no image size. Pixels are square, so its focal lengths, one in widths and one in heights, tell the aspect.

    Raises:
        ValueError: as the readers do.
    """
    if path.suffix == ".json":
        return read_transforms_json(path).cameras
    K = read_realestate10k(path, 1, 1).cameras.K[0]
    height = 1080  # any will do: the cameras are fitted to the pictures afterwards
    return read_realestate10k(path, max(1, round(height * float(K[1, 1] / K[0, 0]))), height).cameras


def _follow_file(base: Cameras, views: int, cameras: Cameras, at_base: bool, scale: float) -> Cameras:
    """A file's path at even times: from the base camera on and with its lens, or as it is written."""
    scaled = SceneNormalisation(torch.zeros(3), 1 / scale).apply(cameras.to(dtype=torch.float64))
    path = interpolate_cameras(scaled, torch.linspace(0, len(cameras) - 1, views, dtype=torch.float64))
    if not at_base:
        return fit_cameras(path, base.width, base.height).to(dtype=base.w2c.dtype)
    w2c = relative_to(path, 0).w2c @ base.w2c.double()
    return replace(base, w2c=w2c.to(base.w2c), K=base.K.repeat(views, 1, 1))
