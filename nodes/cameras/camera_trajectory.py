"""Camera Trajectory: the node that makes the cameras of the generated views."""

from __future__ import annotations

from typing import Any

from comfy_api.v0_0_2 import io, ui
from torch import Tensor

from ...mvcustom_core.camera.cameras import Cameras, fit_cameras
from ...mvcustom_core.camera.rigid import upright_direction
from ...mvcustom_core.capture.formats.camera_path import read_camera_path
from ...mvcustom_core.path.keyframes import KEYS, SLIDES, parse_keyframes, place_keyframes
from ...mvcustom_core.path.pace import CONSTANT, EASES, Views, ease_views
from ...mvcustom_core.path.trajectory import (
    UP,
    Vector,
    follow_cameras,
    follow_keyframes,
    front_camera,
    orbit,
    pan,
    spiral,
    tilt,
)
from ...mvcustom_core.plot import plot_trajectory
from ..bridge.cameras.conversion import write_camera_text
from ..bridge.cameras.widget_data import describe_base, make_sheet
from ..bridge.host.folders import locate_input
from ..bridge.host.sockets import CamerasSocket
from ..bridge.host.tensors import check_images, images_to_comfy

KEYFRAMES = '[\n  {"azimuth_deg": -30},\n  {"azimuth_deg": 0, "elevation_deg": 10, "distance": 0.8},\n  {"azimuth_deg": 30}\n]'
AT_BASE, AS_WRITTEN = "at the base view", "where the file says"
UNIT = "World units: 1 is the distance of the farthest training camera from the subject."


def _turn(name: str, default: float, tooltip: str) -> io.Float.Input:
    return io.Float.Input(name, default=default, min=-360.0, max=360.0, step=1.0, tooltip=tooltip)


def _move(name: str, default: float, tooltip: str) -> io.Float.Input:
    return io.Float.Input(name, default=default, min=-10.0, max=10.0, step=0.01, tooltip=tooltip + f" {UNIT}")


def _paths() -> list[io.DynamicCombo.Option]:
    """The choices of the input `path`, each with inputs of its own."""
    orbit_inputs = [
        _turn(
            "azimuth_start_deg",
            -15.0,
            "Angle around the subject at the first view, in degrees. 0 is the base view; positive moves the camera to its right.",
        ),
        _turn(
            "azimuth_end_deg",
            15.0,
            "Angle around the subject at the last view, in degrees. For a full circle of V views write 360 - 360 / V.",
        ),
        io.Float.Input(
            "elevation_deg",
            default=0.0,
            min=-89.0,
            max=89.0,
            tooltip="Elevation of the whole circle above the base view, in degrees. Negative is below.",
        ),
    ]
    spiral_inputs = [
        io.Float.Input(
            "angle_deg",
            default=10.0,
            min=0.0,
            max=80.0,
            tooltip="Angle between the base view and the end of the spiral, in degrees around the subject.",
        ),
        io.Float.Input(
            "turns",
            default=1.0,
            min=0.1,
            max=10.0,
            step=0.1,
            tooltip="Number of turns around the base view. More turns put fewer views on each.",
        ),
    ]
    ways = {"truck": "to the right", "pedestal": "up", "dolly": "forward"}
    slides = [
        (
            name,
            [
                _move("start", first, f"Offset of the first view from the base view. Positive is {way}."),
                _move("end", 0.2, f"Offset of the last view from the base view. Positive is {way}."),
            ],
        )
        for (name, way), first in zip(ways.items(), (-0.2, -0.2, 0.0), strict=True)
    ]
    turns = [
        (
            name,
            [
                _turn("start_deg", -10.0, f"Angle of the first view from the base view, in degrees. Positive turns {way}."),
                _turn("end_deg", 10.0, f"Angle of the last view from the base view, in degrees. Positive turns {way}."),
            ],
        )
        for name, way in (("pan", "right"), ("tilt", "up"))
    ]
    keyframe_tip = (
        f"JSON list of two or more keyframes. Keys: {', '.join(KEYS)}. Angles are degrees from the base view, lengths are world units. "
        "A key that a keyframe lacks is 0, except distance, which is then that of the base view."
    )
    keyframes = [io.String.Input("keyframes", default=KEYFRAMES, multiline=True, tooltip=keyframe_tip)]
    file_tip = (
        "Path of a camera file, absolute or relative to ComfyUI's input folder: RealEstate10K or CameraCtrl text, or a transforms.json "
        "whose pictures are in place."
    )
    start_tip = f"{AT_BASE}: move the path so that it begins at the base view. {AS_WRITTEN}: keep the file's poses and lens."
    file_inputs = [
        io.String.Input("file", default="", tooltip=file_tip),
        io.Combo.Input("start", options=[AT_BASE, AS_WRITTEN], tooltip=start_tip),
        io.Float.Input(
            "scale",
            default=1.0,
            min=0.0001,
            max=10000.0,
            step=0.01,
            tooltip="World units for one unit of length in the file. 2 makes the path twice as long.",
        ),
    ]
    choices = [("orbit", orbit_inputs), *slides, *turns, ("spiral", spiral_inputs), ("keyframes", keyframes), ("file", file_inputs)]
    return [io.DynamicCombo.Option(name, inputs) for name, inputs in choices]


class MVCustomCameraTrajectory(io.ComfyNode):
    """Make cameras along a path from a base camera, with a plot and as text."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        size_tip = "of the views in pixels. If the aspect ratio differs from the base camera's, the field of view is cropped at its centre."
        views_tip = "Number of views along the path, with one at each end; 8 to 16 are usual."
        ease_tip = (
            "Speed along the path. ease in: the camera starts slowly. ease out: it stops slowly. constant: the views are spaced evenly."
        )
        return io.Schema(
            node_id="MVCustomCameraTrajectory",
            display_name="Camera Trajectory",
            category="MVCustom/cameras",
            description="Makes one camera for each generated view, along a path that starts from one of your photographs or from a default "
            "camera in front of the subject.",
            search_aliases=[
                *("camera path", "orbit camera", "turntable", "camera control", "camera motion", "novel view", "3d consistent"),
                *("pan left", "zoom in", "cameractrl", "realestate10k", "keyframes"),
            ],
            inputs=[
                CamerasSocket.Input(
                    "base_cameras",
                    optional=True,
                    tooltip="The cameras of the photographs. Not connected: one camera at distance 1, 18 degrees above the subject, with a "
                    "field of view of 52 degrees along the longer side.",
                ),
                io.Int.Input(
                    "base_view",
                    default=0,
                    min=0,
                    max=9999,
                    tooltip="Number of the camera in base_cameras that the path starts from, counted from 0.",
                ),
                io.Int.Input("width", default=512, min=64, max=4096, step=8, tooltip=f"Width {size_tip}"),
                io.Int.Input("height", default=512, min=64, max=4096, step=8, tooltip=f"Height {size_tip}"),
                io.Int.Input("views", default=8, min=1, max=256, tooltip=views_tip),
                io.DynamicCombo.Input("path", options=_paths(), tooltip="How the camera moves. Each choice shows its own inputs."),
                io.Image.Input(
                    "photographs",
                    optional=True,
                    tooltip="The photographs of base_cameras, one for each camera. The node shows them in small beside the cameras.",
                ),
                io.Combo.Input("ease", options=list(EASES), default=CONSTANT, optional=True, tooltip=ease_tip),
            ],
            outputs=[
                CamerasSocket.Output(display_name="cameras", tooltip="One camera for each view, in the order of the path."),
                io.Image.Output(display_name="plot", tooltip="The path from above and in perspective. The base cameras are grey."),
                io.String.Output(display_name="text", tooltip="The cameras as CameraCtrl text. The path choice 'file' reads it."),
                io.Int.Output(display_name="width", tooltip="Width of the views in pixels."),
                io.Int.Output(display_name="height", tooltip="Height of the views in pixels."),
                io.Int.Output(display_name="views", tooltip="Number of views. Connect it to the batch size of the latents."),
            ],
            is_output_node=True,
        )

    @classmethod
    def fingerprint_inputs(cls, path: dict[str, Any] | None, **others: object) -> object:
        if path is None or path.get("path") != "file" or path["file"] is None:
            return None  # no file, or its name comes from another node, whose own fingerprint counts
        status = locate_input(path["file"], "file").stat()
        return status.st_mtime_ns, status.st_size

    @classmethod
    def execute(
        cls,
        base_view: int,
        width: int,
        height: int,
        views: int,
        path: dict[str, Any],
        base_cameras: Cameras | None = None,
        photographs: Tensor | None = None,
        ease: str = CONSTANT,
    ) -> io.NodeOutput:
        base = _pick_base(base_cameras, base_view, max(width, height))
        up = UP if base_cameras is None else upright_direction(base_cameras)
        cameras = build_path(fit_cameras(base, width, height), ease_views(views, ease), path, up)
        text = write_camera_text(cameras)
        plot = images_to_comfy(plot_trajectory(cameras, references=base_cameras)[None])
        shown = ui.PreviewImage(plot, cls=cls).as_dict() | cls._tell_widget(base_cameras, photographs)
        return io.NodeOutput(cameras, plot, text, width, height, views, ui=shown)

    @classmethod
    def _tell_widget(cls, base_cameras: Cameras | None, photographs: Tensor | None) -> dict[str, Any]:
        """What the widget on the node shows besides the path. ComfyUI wants a list for each name."""
        if base_cameras is None:
            if photographs is not None:
                raise ValueError("photographs: wanted base_cameras with them, got none; connect the cameras of the same photographs")
            return {}
        told = {"mvcustom_base_cameras": [describe_base(base_cameras)]}
        if photographs is None:
            return told
        images = check_images(photographs, "photographs")
        if len(images) != len(base_cameras):
            raise ValueError(
                f"photographs: wanted one picture for each of the {len(base_cameras)} base cameras, got {len(images)}; "
                "connect the pictures of the node that base_cameras comes from"
            )
        sheet, columns, rows = make_sheet(images)
        saved = ui.PreviewImage(sheet, cls=cls).as_dict()["images"][0]
        return told | {"mvcustom_thumbnails": [{**saved, "columns": columns, "rows": rows}]}


def _pick_base(cameras: Cameras | None, view: int, size: int) -> Cameras:
    if cameras is None:
        return front_camera(size)
    if not view < len(cameras):
        raise ValueError(f"base_view: wanted one of the {len(cameras)} base cameras, 0 to {len(cameras) - 1}, got {view}")
    return cameras[view]


def build_path(base: Cameras, views: Views, path: dict[str, Any], up: Vector) -> Cameras:
    """The cameras of the node's input `path`. The widget in the browser makes the same ones."""
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
        return follow_keyframes(place_keyframes(base, parse_keyframes(path["keyframes"]), up), views)
    if kind == "file":
        return follow_cameras(base, views, read_camera_path(locate_input(path["file"], "file")), path["start"] == AT_BASE, path["scale"])
    return SLIDES[kind](base, views, (path["start"], path["end"]))
