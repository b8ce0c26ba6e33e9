"""Render Views (MVGD): the node that renders colour and depth at target cameras from posed pictures."""

from __future__ import annotations

from comfy_api.v0_0_2 import io, ui

from ...mvcustom_core.mvgd.sampling import SamplingSettings
from ..bridge.host.sockets import CamerasSocket, DepthSocket, MVGDSocket
from ..bridge.host.tensors import read_images
from ..bridge.views.rendering import render_targets


class MVCustomRenderViews(io.ComfyNode):
    """Render views of target cameras with an MVGD network."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="MVCustomRenderViews",
            display_name="Render Views (MVGD)",
            category="MVCustom/views",
            description="Renders colour and depth at target cameras from a few posed pictures, without a text prompt. The depth is in the "
            "cameras' own unit, so that no scale has to be found.",
            search_aliases=["novel view synthesis", "multi-view geometric diffusion", "mvgd", "depth"],
            inputs=[
                MVGDSocket.Input("mvgd", tooltip="The network of Load MVGD."),
                io.Image.Input("images", tooltip="Posed pictures of the scene, one or more."),
                CamerasSocket.Input("cameras", tooltip="The cameras of the pictures, one for each."),
                CamerasSocket.Input("targets", tooltip="The cameras to render, in the same world as the cameras of the pictures."),
                io.Int.Input(
                    "steps",
                    default=2,
                    min=1,
                    max=50,
                    tooltip="Number of denoising steps for each view. Two to four are usual; more give more detail and larger errors.",
                ),
                io.Int.Input(
                    "seed",
                    default=0,
                    min=0,
                    max=0xFFFFFFFFFFFFFFFF,
                    control_after_generate=True,
                    tooltip="Seed of the start noise. Views differ from seed to seed where no picture shows what they need.",
                ),
                io.Combo.Input(
                    "order",
                    options=["independent", "incremental", "mutual"],
                    default="independent",
                    tooltip="independent: each view by itself. incremental: one after the other, and each view that was rendered is a "
                    "picture for the next. mutual: all views together, each with the present state of the others as pictures, so that they "
                    "agree on what no picture shows.",
                ),
                io.Int.Input(
                    "nearest",
                    default=8,
                    min=1,
                    max=256,
                    optional=True,
                    advanced=True,
                    tooltip="Number of pictures, from the nearest cameras, that each pixel looks at directly. The others count through the "
                    "latents alone.",
                ),
                io.Boolean.Input(
                    "with_depth",
                    default=True,
                    optional=True,
                    advanced=True,
                    tooltip="Renders depth with the colour. It needs a picture from another place than each target's. Off: colour alone; "
                    "the depth output is then empty.",
                ),
            ],
            outputs=[
                io.Image.Output(display_name="views", tooltip="The views, one for each target camera, at the targets' size."),
                DepthSocket.Output(
                    display_name="depth",
                    tooltip="The depth of every view. Connect it to Views to 3D Geometry for a mesh and a point cloud, or to the "
                    "Depth-Aware Render Hook.",
                ),
                io.Image.Output(
                    display_name="picture", tooltip="Views at the network's own size and below them their depth: near is bright."
                ),
                io.String.Output(
                    display_name="report",
                    tooltip="How many views and pictures there were, the unit of the depth, and how much of it is out of range.",
                ),
            ],
        )

    @classmethod
    def execute(  # noqa: PLR0913
        cls,
        mvgd,  # noqa: ANN001
        images,  # noqa: ANN001
        cameras,  # noqa: ANN001
        targets,  # noqa: ANN001
        steps: int,
        seed: int,
        order: str,
        nearest: int = 8,
        with_depth: bool = True,
    ) -> io.NodeOutput:
        settings = SamplingSettings(steps, order, nearest, depth=with_depth)
        rendered = render_targets(mvgd, read_images(images, "images"), cameras, targets, settings, seed)
        preview = ui.PreviewImage(rendered.sheet, cls=cls)
        return io.NodeOutput(rendered.views, rendered.depth, rendered.sheet, rendered.report, ui=preview)
