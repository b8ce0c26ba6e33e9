"""Depth-Aware Render Hook."""

from __future__ import annotations

from comfy_api.latest import io

from ...mvcustom_core.rendering.operator import warp_images
from ..bridge.depth.anchor_depth import check_views
from ..bridge.host.sockets import CamerasSocket, DepthSocket
from ..bridge.host.tensors import images_from_comfy, images_to_comfy, masks_to_comfy
from ..bridge.rendering.hook import apply_rendering, report_rendering
from .hook_choices import place_inputs, read_options, strength_inputs


class MVCustomDepthRenderHook(io.ComfyNode):
    """The anchor view's features, rendered into all other views while sampling."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="MVCustomDepthRenderHook",
            display_name="Depth-Aware Render Hook",
            category="MVCustom",
            description="While the second pass samples, every view shows what the anchor view sees: its features are "
            "rendered through the depth as a mesh.",
            search_aliases=["feature warping", "depth warp", "multi-view consistency"],
            inputs=[
                io.Model.Input("model", tooltip="The model of the first pass, with or without a concept."),
                DepthSocket.Input(
                    "depth", tooltip="Of one anchor view or several, from Estimate Anchor Depth; all other views follow them."
                ),
                CamerasSocket.Input("cameras", tooltip="The trajectory of both passes."),
                io.Image.Input("views", tooltip="The first pass, decoded: shows what will be copied."),
                *strength_inputs(),
                io.Boolean.Input(
                    "shared_noise",
                    default=True,
                    tooltip="Let the start noise move with the anchor's surface, too. On the embedded backbone features alone hold little.",
                ),
                *place_inputs(),
            ],
            outputs=[
                io.Model.Output(display_name="model", tooltip="For the second pass, with the same noise as the first."),
                io.Mask.Output(
                    display_name="masks", tooltip="White where the anchor sees the view; the rest is for the Latent Completion Sampler."
                ),
                io.Image.Output(display_name="warped_anchor", tooltip="The anchor's picture as each view sees it."),
                io.String.Output(
                    display_name="report", tooltip="How much of each view is rendered, left to completion, and free for the concept."
                ),
            ],
        )

    @classmethod
    def execute(cls, model, depth, cameras, views, **choices) -> io.NodeOutput:  # noqa: ANN001, ANN003
        pictures = images_from_comfy(views)
        check_views(pictures, cameras, max(anchor.view for anchor in depth))
        patched, _ = apply_rendering(model, depth, cameras, read_options(**choices))
        warped, seen = warp_images(pictures[[anchor.view for anchor in depth]].cpu(), depth, cameras)
        return io.NodeOutput(patched, masks_to_comfy(seen), images_to_comfy(warped * seen), report_rendering(patched))
