"""Estimate Anchor Depth."""

from __future__ import annotations

from comfy_api.latest import io

from ...mvcustom_core.plot.depth import plot_anchor
from ..bridge.depth.anchor_depth import DepthSources, add_anchor, estimate_anchor, select_anchor
from ..bridge.depth.model import list_depth_models
from ..bridge.host.sockets import CamerasSocket, DepthSocket
from ..bridge.host.tensors import images_from_comfy, images_to_comfy, masks_from_comfy


class MVCustomEstimateAnchorDepth(io.ComfyNode):
    """The anchor view's depth in the cameras' own unit."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="MVCustomEstimateAnchorDepth",
            display_name="Estimate Anchor Depth",
            category="MVCustom",
            description="Depth of one view of the first pass, aligned with the cameras' world. Without a connected source "
            "depth_model says what estimates it.",
            search_aliases=["depth", "zoedepth", "depth anything", "moge", "scale alignment"],
            inputs=[
                io.Image.Input("views", tooltip="The first pass, decoded, all views."),
                CamerasSocket.Input("cameras", tooltip="The trajectory, one camera for each view."),
                io.Int.Input(
                    "anchor", default=0, min=0, max=4096, tooltip="The view that all others will follow, if anchor_choice is index."
                ),
                io.Model.Input(
                    "model",
                    optional=True,
                    tooltip="From Apply Concept: the concept's own geometry then fixes the scale, which is the best way.",
                ),
                io.Custom("DA3_GEOMETRY").Input(
                    "da3_geometry",
                    optional=True,
                    tooltip="From core's Run Depth Anything 3, of the anchor or of all views, in either mode.",
                ),
                io.Custom("MOGE_GEOMETRY").Input(
                    "moge_geometry", optional=True, tooltip="From core's Run MoGe Inference, of the anchor or of all views."
                ),
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
                io.Combo.Input(
                    "anchor_choice",
                    options=["index", "max coverage"],
                    default="index",
                    optional=True,
                    tooltip="Index: the view in anchor. Max coverage: the view that shows most of all others, by a ball in its place.",
                ),
                io.Combo.Input(
                    "depth_model",
                    options=list_depth_models(),
                    optional=True,
                    tooltip="Used where no depth is connected: the small network of the embedded backbone, which knows its own scenes "
                    "only, or a folder in models/mvcustom_depth with ZoeDepth or Depth Anything.",
                ),
                io.Float.Input(
                    "near",
                    default=0.0,
                    min=0.0,
                    max=1e6,
                    step=0.01,
                    optional=True,
                    advanced=True,
                    tooltip="Depth of the nearest value of a depth_image in 0..1, in any unit; 0 with far 0: not known.",
                ),
                io.Float.Input(
                    "far",
                    default=0.0,
                    min=0.0,
                    max=1e6,
                    step=0.01,
                    optional=True,
                    advanced=True,
                    tooltip="Depth of its farthest value, in the unit of near.",
                ),
                io.Float.Input(
                    "min_confidence",
                    default=0.1,
                    min=0.0,
                    max=1.0,
                    step=0.01,
                    optional=True,
                    advanced=True,
                    tooltip="Depth Anything 3 Small and Base: pixels less certain than this, between its least certain (0) and its most "
                    "certain (1), get no depth; up to twice as certain they count in part. 0 trusts all alike.",
                ),
                DepthSocket.Input("depth", optional=True, tooltip="Anchors from another Estimate Anchor Depth; this one is added to them."),
            ],
            outputs=[
                DepthSocket.Output(display_name="depth", tooltip="One anchor or several, for the Depth-Aware Render Hook."),
                io.Image.Output(
                    display_name="picture",
                    tooltip="The depth, near is bright; the view with pixels without depth in red; the surface from the side.",
                ),
                io.String.Output(display_name="report", tooltip="Which view, where its depth comes from and how the scale was found."),
                io.Int.Output(display_name="anchor", tooltip="The view that was chosen."),
            ],
        )

    @classmethod
    def execute(  # noqa: PLR0913
        cls,
        views,  # noqa: ANN001
        cameras,  # noqa: ANN001
        anchor: int,
        depth_image_meaning: str,
        anchor_choice: str = "index",
        depth_model: str = "embedded depth head",
        near: float = 0.0,
        far: float = 0.0,
        min_confidence: float = 0.1,
        model=None,  # noqa: ANN001
        da3_geometry=None,  # noqa: ANN001
        moge_geometry=None,  # noqa: ANN001
        depth_image=None,  # noqa: ANN001
        subject_mask=None,  # noqa: ANN001
        depth=(),  # noqa: ANN001
    ) -> io.NodeOutput:
        pictures = images_from_comfy(views)
        masks = None if subject_mask is None else masks_from_comfy(subject_mask)[:, 0]
        sources = DepthSources(da3_geometry, moge_geometry, depth_image, depth_image_meaning, near, far, min_confidence, depth_model)
        view, reason = select_anchor(anchor_choice, anchor, cameras)
        added = estimate_anchor(pictures, cameras, view, sources, model=model, subject_masks=masks)
        sheet = plot_anchor(added.depth, pictures[view], cameras[view], view=view)
        return io.NodeOutput(add_anchor(depth, added, cameras), images_to_comfy(sheet[None]), f"{reason}; {added.depth.report}", view)
