"""Save Views for 3D: the node that writes what Gaussian splatting and radiance fields are trained from."""

from __future__ import annotations

from comfy_api.v0_0_2 import io, ui
from torch import Tensor

from ...mvcustom_core.camera.cameras import Cameras
from ...mvcustom_core.plot.cloud import plot_cloud
from ..bridge.cameras.geometry import build_geometry, give_ply
from ..bridge.cameras.saving import check_fit, make_metadata, save_scene
from ..bridge.host.progress import send_text
from ..bridge.host.sockets import CamerasSocket, DepthSocket
from ..bridge.host.tensors import images_to_comfy

POINTS_TIP = "Maximum number of points: the fused cloud is thinned to it. 100000 is usual as the start of Gaussian splatting."


class MVCustomSaveViewsFor3D(io.ComfyNode):
    """Write views, cameras and a fused point cloud into a new folder of the output folder."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="MVCustomSaveViewsFor3D",
            display_name="Save Views for 3D",
            category="MVCustom/cameras",
            description="Writes the views, their cameras and a coloured point cloud into one new folder of ComfyUI's output folder, from "
            "which gsplat, nerfstudio and others train a 3D scene: images/, transforms.json, a COLMAP model in sparse/0, and points.ply.",
            search_aliases=["export dataset", "gaussian splatting", "gsplat", "nerfstudio", "colmap", "3dgs", "nerf", "point cloud"],
            is_output_node=True,
            inputs=[
                io.Image.Input("images", tooltip="The final views, one for each camera and of the cameras' size."),
                CamerasSocket.Input("cameras", tooltip="The cameras of the views."),
                DepthSocket.Input("depth", tooltip="The anchors' depth from Estimate Anchor Depth. The point cloud is made with it."),
                io.String.Input(
                    "filename_prefix",
                    default="mvcustom/scene",
                    tooltip="Name of the folder inside ComfyUI's output folder; a number is appended. It may contain folders.",
                ),
                io.Int.Input("points", default=100000, min=100, max=10000000, step=1000, tooltip=POINTS_TIP),
            ],
            outputs=[
                io.String.Output(display_name="folder", tooltip="Path of the new folder. The node shows it, too."),
                io.File3DPLY.Output(display_name="point_cloud", tooltip="The point cloud. Connect it to core's Preview Point Cloud."),
            ],
            hidden=[io.Hidden.prompt, io.Hidden.extra_pnginfo],
        )

    @classmethod
    def execute(cls, images: Tensor, cameras: Cameras, depth, filename_prefix: str, points: int) -> io.NodeOutput:  # noqa: ANN001
        pictures = check_fit(images, cameras)
        _, cloud = build_geometry(pictures, cameras, depth, points)
        folder = save_scene(cameras, pictures, cloud, filename_prefix, make_metadata(cls.hidden))
        send_text(f"written to {folder}")
        plot = images_to_comfy(plot_cloud(cloud, cameras)[None])
        return io.NodeOutput(str(folder), give_ply(cloud), ui=ui.PreviewImage(plot, cls=cls))
