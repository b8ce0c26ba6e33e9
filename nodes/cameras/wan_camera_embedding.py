"""Cameras to Wan Embedding: the node that makes Wan's camera control of a camera path."""

from __future__ import annotations

from comfy_api.v0_0_2 import io

from ...mvcustom_core.camera.cameras import Cameras
from ..bridge.cameras.conversion import make_wan_embedding
from ..bridge.host.sockets import CamerasSocket


class MVCustomWanCameraEmbedding(io.ComfyNode):
    """Resample a path and give it as WAN_CAMERA_EMBEDDING [1, 24, (length + 3) / 4, height, width]."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="MVCustomWanCameraEmbedding",
            display_name="Cameras to Wan Embedding",
            category="MVCustom/cameras",
            description="Makes the camera control of core's Wan camera models from a camera path of your own, in place of core's nine "
            "fixed moves. The path is resampled to the video's frames. It cannot be turned back into cameras.",
            search_aliases=["wan camera embedding", "camera control", "wan fun camera", "pluecker", "plucker", "video camera path"],
            is_experimental=True,
            inputs=[
                CamerasSocket.Input("cameras", tooltip="The camera path, of Camera Trajectory or Convert Cameras."),
                io.Int.Input("width", default=832, min=16, max=16384, step=16, tooltip="Width of the video in pixels."),
                io.Int.Input("height", default=480, min=16, max=16384, step=16, tooltip="Height of the video in pixels."),
                io.Int.Input("length", default=81, min=1, max=16384, step=4, tooltip="Number of frames of the video, 1 + 4k; 81 is usual."),
                io.Float.Input(
                    "scale",
                    default=1.0,
                    min=0.001,
                    max=1000.0,
                    step=0.01,
                    tooltip="Wan's units of length for one world unit. Larger moves the camera farther; core's moves are 1.5 to 3 long.",
                ),
            ],
            outputs=[
                io.WanCameraEmbedding.Output(display_name="camera_embedding", tooltip="Connect it to core's WanCameraImageToVideo."),
                io.Int.Output(display_name="width", tooltip="Width of the video in pixels."),
                io.Int.Output(display_name="height", tooltip="Height of the video in pixels."),
                io.Int.Output(display_name="length", tooltip="Number of frames."),
            ],
        )

    @classmethod
    def execute(cls, cameras: Cameras, width: int, height: int, length: int, scale: float) -> io.NodeOutput:
        return io.NodeOutput(make_wan_embedding(cameras, width, height, length, scale), width, height, length)
