"""Convert Cameras: the node that brings cameras in from other nodes and files, and hands them on to other nodes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from comfy_api.v0_0_2 import io, ui

from ...mvcustom_core.camera.viewer import cameras_to_viewer
from ...mvcustom_core.capture.formats.realestate10k import rows_from_cameras
from ...mvcustom_core.plot import plot_trajectory
from ..bridge.cameras.conversion import (
    CameraSources,
    check_one_source,
    describe_cameras,
    read_sources,
    stamp_source,
    write_camera_text,
)
from ..bridge.host.advice import NOT_CONNECTED, find_fault
from ..bridge.host.sockets import CameraCtrlSocket, CamerasSocket
from ..bridge.host.tensors import images_to_comfy


class MVCustomConvertCameras(io.ComfyNode):
    """Convert cameras between this pack's type, core's LOAD3D_CAMERA, CameraCtrl, and files. All inputs come as lists."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        size_tip = "of the pictures in pixels, for sources that do not know it: camera_info and CameraCtrl. Others keep their own."
        return io.Schema(
            node_id="MVCustomConvertCameras",
            display_name="Convert Cameras",
            category="MVCustom/cameras",
            description="Reads cameras from one source, another node or a file, and gives them as this pack's cameras, as core's 3D "
            "cameras and as CameraCtrl poses. Connect or fill in exactly one source.",
            search_aliases=["import cameras", "load cameras", "camera control", "cameractrl", "colmap", "transforms.json", "load3d camera"],
            is_input_list=True,
            inputs=[
                CamerasSocket.Input("cameras", optional=True, tooltip="Source: cameras of this pack, to hand them on to other nodes."),
                io.Load3DCamera.Input(
                    "camera_info",
                    optional=True,
                    tooltip="Source: one camera of core's 3D nodes, or a list of them, which becomes one camera for each view.",
                ),
                CameraCtrlSocket.Input(
                    "cameractrl_poses", optional=True, tooltip="Source: camera poses of AnimateDiff-Evolved or of a node that copies it."
                ),
                io.Custom("DA3_GEOMETRY").Input(
                    "da3_geometry",
                    optional=True,
                    tooltip="Source: the geometry of core's Run Depth Anything 3 in multiview mode, one camera for each picture. Its unit "
                    "of length is not known: connect the cameras to Pose Images, which brings the scene to unit size.",
                ),
                io.Custom("MOGE_GEOMETRY").Input(
                    "moge_geometry",
                    optional=True,
                    tooltip="Source: the geometry of core's Run MoGe Inference, of one photograph. Gives its field of view; the camera "
                    "stands where Camera Trajectory's own first camera stands.",
                ),
                io.String.Input(
                    "text",
                    default="",
                    multiline=True,
                    optional=True,
                    tooltip="Source: CameraCtrl or RealEstate10K text, pasted. A line of any text, then 19 numbers for each view.",
                ),
                io.String.Input(
                    "file",
                    default="",
                    optional=True,
                    tooltip="Source: path of a transforms.json, a COLMAP model or its folder, or a CameraCtrl text; absolute or relative "
                    "to ComfyUI's input folder. The pictures that the first two name have to be in place.",
                ),
                io.Int.Input("width", default=512, min=1, max=16384, optional=True, tooltip=f"Width {size_tip}"),
                io.Int.Input("height", default=512, min=1, max=16384, optional=True, tooltip=f"Height {size_tip}"),
            ],
            outputs=[
                CamerasSocket.Output(display_name="cameras", tooltip="The cameras in this pack's own type."),
                io.Load3DCamera.Output(
                    display_name="camera_info",
                    is_output_list=True,
                    tooltip="The cameras for core's 3D nodes, as a list: the next node runs once for each. Their world has y up.",
                ),
                CameraCtrlSocket.Output(display_name="cameractrl_poses", tooltip="The cameras for AnimateDiff-Evolved's CameraCtrl nodes."),
                io.String.Output(display_name="text", tooltip="The cameras as CameraCtrl text."),
                io.String.Output(display_name="report", tooltip="Number, picture size, field of view and source of the cameras."),
            ],
        )

    @classmethod
    def fingerprint_inputs(cls, file: Sequence[str | None] = ("",), **others: object) -> object:
        return stamp_source(file[0]) if file[0] and file[0].strip() else None  # None where it comes from another node

    @classmethod
    def validate_inputs(  # noqa: PLR0913
        cls,
        cameras: object = NOT_CONNECTED,
        camera_info: object = NOT_CONNECTED,
        cameractrl_poses: object = NOT_CONNECTED,
        da3_geometry: object = NOT_CONNECTED,
        moge_geometry: object = NOT_CONNECTED,
        text: Sequence[str | None] = ("",),
        file: Sequence[str | None] = ("",),
    ) -> bool | str:
        sockets = {
            "cameras": cameras,
            "camera_info": camera_info,
            "cameractrl_poses": cameractrl_poses,
            "da3_geometry": da3_geometry,
            "moge_geometry": moge_geometry,
        }
        connected = [name for name, source in sockets.items() if source is not NOT_CONNECTED]

        def check(**written: str) -> None:
            check_one_source([*connected, *(name for name, words in written.items() if words.strip())])

        return find_fault(cls, check, text=text[0], file=file[0])

    @classmethod
    def execute(
        cls,
        camera_info: Sequence[Any] | None = None,
        text: Sequence[str] = ("",),
        file: Sequence[str] = ("",),
        width: Sequence[int] = (512,),
        height: Sequence[int] = (512,),
        **connected: Sequence[Any],
    ) -> io.NodeOutput:
        singles = {name: _take_single(values, name) for name, values in connected.items()}
        entries = None if camera_info is None else _flatten(camera_info)
        sources = CameraSources(camera_info=entries, text=_take_single(text, "text"), file=_take_single(file, "file"), **singles)
        cameras, source = read_sources(sources, width[0], height[0])
        plot = images_to_comfy(plot_trajectory(cameras)[None])
        rows, told = rows_from_cameras(cameras), describe_cameras(cameras, source)
        shown = ui.PreviewImage(plot, cls=cls)
        return io.NodeOutput(cameras, cameras_to_viewer(cameras), rows, write_camera_text(cameras), told, ui=shown)


def _take_single(values: Sequence[Any], name: str) -> Any:
    if len(values) != 1:
        raise ValueError(f"{name}: wanted one value, got a list of {len(values)}; only camera_info takes a list")
    return values[0]


def _flatten(values: Any) -> list[Any]:
    """Cameras of lists in lists, in order: core gives lists of cameras as several outputs, or as one."""
    return [entry for value in values for entry in (_flatten(value) if isinstance(value, list | tuple) else [value])]
