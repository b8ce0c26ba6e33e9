"""Depth-Aware Render Hook: the node that renders anchor features into the other views."""

from __future__ import annotations

from comfy_api.v0_0_2 import io

from ..bridge.depth.anchor_depth import check_views
from ..bridge.host.sockets import CamerasSocket, DepthSocket
from ..bridge.host.tensors import images_to_comfy, masks_to_comfy, read_images
from ..bridge.rendering.hook import render_anchors, report_rendering
from .hook_choices import place_inputs, read_options, strength_inputs


class MVCustomDepthRenderHook(io.ComfyNode):
    """Add feature rendering from given anchor depth to a MODEL."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="MVCustomDepthRenderHook",
            display_name="Depth-Aware Render Hook",
            category="MVCustom/sampling",
            description="Makes the views of the second pass consistent. While it samples, the U-Net features of the anchor views are "
            "rendered into the other views, through a mesh made from the anchors' depth.",
            search_aliases=[
                "feature warping",
                "depth warp",
                "multi-view consistency",
                "3d consistent",
                "3d consistent views",
                "novel view",
            ],
            inputs=[
                io.Model.Input("model", tooltip="The model that sampled the first pass, with or without a concept."),
                DepthSocket.Input(
                    "depth",
                    tooltip="The depth of one anchor view or of several, from Estimate Anchor Depth. All other views follow these anchors.",
                ),
                CamerasSocket.Input("cameras", tooltip="The cameras of the trajectory, the same in both passes."),
                io.Image.Input("views", tooltip="All decoded views of the first pass. They are used only for the output warped_anchor."),
                *strength_inputs(),
                io.Boolean.Input(
                    "shared_noise",
                    default=True,
                    tooltip="On: the initial noise of the other views is warped from the anchors along their surface. Off: every view "
                    "keeps its own noise, as in the paper. With the embedded backbone the views agree little without it.",
                ),
                *place_inputs(),
            ],
            outputs=[
                io.Model.Output(
                    display_name="model",
                    tooltip="The model for the second pass. Sample with the same seed, prompt and empty latents as in the first.",
                ),
                io.Mask.Output(
                    display_name="masks",
                    tooltip="White where an anchor shows what the view sees. Connect them to the Latent Completion Sampler, which "
                    "completes the rest.",
                ),
                io.Image.Output(
                    display_name="warped_anchor",
                    tooltip="The anchors' pictures warped into each view, black where no anchor shows anything. Use it to check the depth.",
                ),
                io.String.Output(
                    display_name="report",
                    tooltip="Share of each view that is rendered, that is left to completion, and that is left to the concept.",
                ),
            ],
        )

    @classmethod
    def execute(cls, model, depth, cameras, views, **choices) -> io.NodeOutput:  # noqa: ANN001, ANN003
        pictures = read_images(views, "views")
        check_views(pictures, cameras, max(anchor.view for anchor in depth))
        patched, warped, seen = render_anchors(model, pictures, depth, cameras, read_options(**choices))
        return io.NodeOutput(patched, masks_to_comfy(seen), images_to_comfy(warped * seen), report_rendering(patched))
