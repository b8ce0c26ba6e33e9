"""Views to 3D Geometry: the node that gives the anchors' surface and the fused views to core's 3D nodes."""

from __future__ import annotations

from comfy_api.v0_0_2 import io, ui
from torch import Tensor

from ...mvcustom_core.camera.cameras import Cameras
from ...mvcustom_core.plot.cloud import plot_cloud
from ..bridge.cameras.geometry import build_geometry, give_glb, give_mesh, give_ply
from ..bridge.host.sockets import CamerasSocket, DepthSocket
from ..bridge.host.tensors import images_to_comfy, read_images


class MVCustomViewsToGeometry(io.ComfyNode):
    """Give the anchors' surface as a textured mesh, and all views as one thinned point cloud."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="MVCustomViewsToGeometry",
            display_name="Views to 3D Geometry",
            category="MVCustom/depth",
            description="Gives the surface that the anchors' depth describes as a textured mesh, and the pixels of all views on it as one "
            "coloured point cloud, for core's 3D previews, savers and mesh nodes. What no anchor shows is in neither.",
            search_aliases=["mesh", "point cloud", "glb", "ply", "3d export", "depth to mesh", "views to mesh"],
            inputs=[
                io.Image.Input("images", tooltip="The final views, one for each camera."),
                CamerasSocket.Input("cameras", tooltip="The cameras of the views."),
                DepthSocket.Input("depth", tooltip="The anchors' depth from Estimate Anchor Depth."),
                io.Int.Input(
                    "points",
                    default=100000,
                    min=100,
                    max=10000000,
                    step=1000,
                    tooltip="Maximum number of points in the cloud. It is thinned to a grid whose cells grow with the distance.",
                ),
            ],
            outputs=[
                io.Mesh.Output(display_name="mesh", tooltip="The anchors' surface with its picture, for core's mesh nodes."),
                io.File3DGLB.Output(
                    display_name="model_3d", tooltip="The same as a .glb file. Connect it to core's Preview 3D or Save 3D Model."
                ),
                io.File3DPLY.Output(
                    display_name="point_cloud",
                    tooltip="All views as coloured points, a .ply file. Connect it to core's Preview Point Cloud or Save Point Cloud.",
                ),
                io.Image.Output(
                    display_name="preview", tooltip="The point cloud as the middle view's camera sees it, from the side and from above."
                ),
            ],
        )

    @classmethod
    def execute(cls, images: Tensor, cameras: Cameras, depth, points: int) -> io.NodeOutput:  # noqa: ANN001
        mesh, cloud = build_geometry(read_images(images, "images"), cameras, depth, points)
        preview = images_to_comfy(plot_cloud(cloud, cameras)[None])
        return io.NodeOutput(give_mesh(mesh), give_glb(mesh), give_ply(cloud), preview, ui=ui.PreviewImage(preview, cls=cls))
