"""Anchor Photograph: the node that makes one photograph a view of the trajectory, which the other views follow."""

from __future__ import annotations

from comfy_api.v0_0_2 import io
from torch import Tensor

from ...mvcustom_core.camera.cameras import Cameras
from ..bridge.host.sockets import CamerasSocket
from ..bridge.rendering.photograph import anchor_photograph


class MVCustomAnchorPhotograph(io.ComfyNode):
    """Latents in which the anchor is a photograph and the other views are free."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="MVCustomAnchorPhotograph",
            display_name="Anchor Photograph",
            category="MVCustom/sampling",
            description="Makes one photograph a view of the camera path. Sampling keeps it as it is and draws the other views; with the "
            "Depth-Aware Render Hook they follow it. No concept is needed.",
            search_aliases=[
                *("single photograph", "single photo", "one photograph", "one photo", "photo to 3d", "3d photo"),
                *("novel view", "single image", "image to video", "camera control"),
            ],
            is_experimental=True,
            inputs=[
                io.Image.Input(
                    "photograph",
                    tooltip="One photograph of the cameras' size. Crop and scale it with Upscale Image before its depth is estimated.",
                ),
                io.Vae.Input("vae", tooltip="The VAE of the checkpoint."),
                CamerasSocket.Input("cameras", tooltip="The cameras of the trajectory."),
                io.Int.Input(
                    "anchor",
                    default=0,
                    min=0,
                    max=4096,
                    tooltip="Number of the view that is the photograph, counted from 0. Its camera should be the one that took it: angle 0 "
                    "of an orbit. Give Estimate Anchor Depth the same number.",
                ),
            ],
            outputs=[
                io.Latent.Output(
                    display_name="latent",
                    tooltip="The latents of all views, with a noise mask that keeps the photograph. Connect it to the sampler; denoise 1.",
                ),
                io.Image.Output(
                    display_name="views",
                    tooltip="The photograph, once for each view. Connect it to Estimate Anchor Depth and the Depth-Aware Render Hook.",
                ),
            ],
        )

    @classmethod
    def execute(cls, photograph: Tensor, vae, cameras: Cameras, anchor: int) -> io.NodeOutput:  # noqa: ANN001
        return io.NodeOutput(*anchor_photograph(photograph, vae, cameras, anchor))
