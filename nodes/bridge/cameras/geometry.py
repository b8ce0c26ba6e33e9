"""Geometry of a run for other tools: the anchors' surface and the fused views, in the form of core's 3D nodes."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

from comfy_api.v0_0_2 import Types
from torch import Tensor

from ....mvcustom_core.camera.cameras import Cameras
from ....mvcustom_core.camera.viewer import to_viewer
from ....mvcustom_core.capture.formats.glb import encode_glb
from ....mvcustom_core.capture.formats.ply import encode_ply
from ....mvcustom_core.progress import span_progress
from ....mvcustom_core.surface.depth import AnchorDepth
from ....mvcustom_core.surface.geometry import PointCloud, TexturedMesh, fuse_views, join_surfaces, thin_cloud
from ..depth.anchor_depth import check_views
from ..host.progress import watch_progress
from ..rendering.session import build_near_device


def build_geometry(pictures: Tensor, cameras: Cameras, anchors: Sequence[AnchorDepth], most_points: int) -> tuple[TexturedMesh, PointCloud]:
    """The anchors' surface, and at most `most_points` points of all views; both in the cameras' world.

    Args:
        pictures: [V, 3, H, W] of all views.

    Raises:
        ValueError: if an anchor is not one of the views, or nothing but sky is seen.
    """
    check_views(pictures, cameras, max((anchor.view for anchor in anchors), default=0))
    progress = watch_progress()
    surfaces = build_near_device(anchors, cameras, span_progress(progress, 0.0, 0.1))
    cloud = thin_cloud(fuse_views(surfaces, pictures, span_progress(progress, 0.1, 1.0)), most_points)
    return join_surfaces(surfaces, pictures), cloud


def give_mesh(mesh: TexturedMesh) -> Types.MESH:
    """The mesh as core's MESH, in its world with y up."""
    texture = mesh.texture.movedim(0, -1)[None].float()  # [1, H, W, 3]
    return Types.MESH(to_viewer(mesh.points)[None], mesh.faces[None], uvs=mesh.places[None], texture=texture)


def give_glb(mesh: TexturedMesh) -> Types.File3D:
    """The mesh as a file in memory, in glTF's world with y up."""
    return Types.File3D(BytesIO(encode_glb(to_viewer(mesh.points), mesh.faces, mesh.places, mesh.texture)), "glb")


def give_ply(cloud: PointCloud) -> Types.File3D:
    """The point cloud as a file in memory, in the world of core's 3D previews, with y up."""
    return Types.File3D(BytesIO(encode_ply(to_viewer(cloud.points), cloud.colors)), "ply")
