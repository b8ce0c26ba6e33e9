"""Save Cameras: the node that writes cameras in the formats of other programs."""

from __future__ import annotations

from functools import partial

from comfy_api.v0_0_2 import io, ui
from torch import Tensor

from ...mvcustom_core.camera.cameras import Cameras
from ...mvcustom_core.plot import plot_trajectory
from ..bridge.cameras.saving import (
    CAMERACTRL,
    COLMAP_BINARY,
    COLMAP_TEXT,
    FORMATS,
    TRANSFORMS,
    check_views_given,
    make_metadata,
    save_cameras,
)
from ..bridge.host.advice import NOT_CONNECTED, find_fault
from ..bridge.host.progress import send_text
from ..bridge.host.sockets import CamerasSocket
from ..bridge.host.tensors import images_to_comfy

MEANINGS = {
    TRANSFORMS: "nerfstudio and instant-ngp, with the views beside it",
    COLMAP_TEXT: "COLMAP's model as text in sparse/0, with the views in images/",
    COLMAP_BINARY: "the same as .bin files, which gsplat and nerfstudio train from",
    CAMERACTRL: "one line for each view, for CameraCtrl and Camera Trajectory; needs no views",
}


class MVCustomSaveCameras(io.ComfyNode):
    """Write cameras, and views where they are given, into a new folder of the output folder."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="MVCustomSaveCameras",
            display_name="Save Cameras",
            category="MVCustom/cameras",
            description="Writes cameras in the format of another program into a new folder of ComfyUI's output folder. Existing files are "
            "kept.",
            search_aliases=["export cameras", "colmap", "transforms.json", "nerfstudio", "gsplat", "cameractrl", "camera control"],
            is_output_node=True,
            inputs=[
                CamerasSocket.Input("cameras", tooltip="The cameras to write."),
                io.Combo.Input(
                    "format",
                    options=list(FORMATS),
                    default=TRANSFORMS,
                    tooltip="Which files are written. " + " ".join(f"{name}: {meaning}." for name, meaning in MEANINGS.items()),
                ),
                io.String.Input(
                    "filename_prefix",
                    default="mvcustom/cameras",
                    tooltip="Name of the folder inside ComfyUI's output folder; a number is appended. It may contain folders.",
                ),
                io.Image.Input(
                    "images",
                    optional=True,
                    tooltip="The views, one for each camera and of the cameras' size: IMAGE of VAE Decode, or images of the node that gave "
                    "the cameras. Needed by all formats but CameraCtrl text.",
                ),
            ],
            outputs=[io.String.Output(display_name="folder", tooltip="Path of the new folder. The node shows it, too.")],
            hidden=[io.Hidden.prompt, io.Hidden.extra_pnginfo],
        )

    @classmethod
    def validate_inputs(cls, format: str | None = None, images: object = NOT_CONNECTED) -> bool | str:
        return find_fault(cls, partial(check_views_given, has_images=images is not NOT_CONNECTED), format=format)

    @classmethod
    def execute(cls, cameras: Cameras, format: str, filename_prefix: str, images: Tensor | None = None) -> io.NodeOutput:
        metadata = make_metadata(cls.hidden)
        folder = save_cameras(cameras, format, filename_prefix, images, metadata)
        send_text(f"written to {folder}")
        plot = images_to_comfy(plot_trajectory(cameras)[None])
        return io.NodeOutput(str(folder), ui=ui.PreviewImage(plot, cls=cls))
