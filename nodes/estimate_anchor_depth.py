"""Estimate Anchor Depth."""

from __future__ import annotations

from comfy_api.latest import io

from ..mvcustom_core.geometry.depth import AnchorDepth
from ..mvcustom_core.plot.depth import plot_depth
from ..mvcustom_core.sampling.anchors import align_depth
from .bridge.concept import render_depth, session_of
from .bridge.depth import check_views, choose_estimate, select_subject_mask
from .bridge.sockets import CamerasSocket, DepthSocket
from .bridge.tensors import images_from_comfy, images_to_comfy, masks_from_comfy


class MVCustomEstimateAnchorDepth(io.ComfyNode):
    """The anchor view's depth in the cameras' own unit."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="MVCustomEstimateAnchorDepth",
            display_name="Estimate Anchor Depth",
            category="MVCustom",
            description="Depth of one view of the first pass, aligned with the cameras' world. Without a connected source "
            "the embedded depth head is used.",
            search_aliases=["depth", "zoedepth", "depth anything", "moge", "scale alignment"],
            inputs=[
                io.Image.Input("views", tooltip="The first pass, decoded, all views."),
                CamerasSocket.Input("cameras", tooltip="The trajectory, one camera for each view."),
                io.Int.Input("anchor", default=0, min=0, max=4096, tooltip="The view that all others will follow."),
                io.Model.Input(
                    "model",
                    optional=True,
                    tooltip="From Apply Concept: the concept's own geometry then fixes the scale, which is the best way.",
                ),
                io.Custom("DA3_GEOMETRY").Input("da3_geometry", optional=True, tooltip="From core's Depth Anything 3 inference."),
                io.Custom("MOGE_GEOMETRY").Input("moge_geometry", optional=True, tooltip="From core's MoGe inference."),
                io.Image.Input("depth_image", optional=True, tooltip="Depth as a picture; say below what it means."),
                io.Combo.Input(
                    "depth_image_meaning",
                    options=["disparity", "relative depth", "metric"],
                    default="disparity",
                    tooltip="Disparity: near is white, as most depth nodes draw it. Relative depth and metric: far is white.",
                ),
                io.Mask.Input(
                    "subject_mask", optional=True, tooltip="The subject in the anchor view; helps where no concept is connected."
                ),
            ],
            outputs=[
                DepthSocket.Output(display_name="depth", tooltip="For the Depth-Aware Render Hook."),
                io.Image.Output(display_name="picture", tooltip="Near is bright; pixels without depth are red."),
                io.String.Output(display_name="report", tooltip="How the scale was found."),
            ],
        )

    @classmethod
    def execute(  # noqa: PLR0913
        cls,
        views,  # noqa: ANN001
        cameras,  # noqa: ANN001
        anchor: int,
        depth_image_meaning: str,
        model=None,  # noqa: ANN001
        da3_geometry=None,  # noqa: ANN001
        moge_geometry=None,  # noqa: ANN001
        depth_image=None,  # noqa: ANN001
        subject_mask=None,  # noqa: ANN001
    ) -> io.NodeOutput:
        pictures = images_from_comfy(views)
        check_views(pictures, cameras, anchor)
        estimate = choose_estimate(pictures, anchor, da3_geometry, moge_geometry, depth_image, depth_image_meaning)
        rendered = render_depth(model, cameras, anchor) if model is not None and session_of(model) is not None else None
        mask = None if subject_mask is None else select_subject_mask(masks_from_comfy(subject_mask)[:, 0], pictures, anchor, estimate)
        depth = align_depth(estimate.values, estimate.valid, estimate.meaning, cameras[anchor], ray_depth=rendered, subject_mask=mask)
        return io.NodeOutput((AnchorDepth(anchor, depth),), images_to_comfy(plot_depth(depth)[None]), depth.report)
