"""Estimate Anchor Depth: the node that gives one view a depth in world units."""

from __future__ import annotations

from functools import partial

from comfy_api.v0_0_2 import io

from ...mvcustom_core.plot.depth import plot_anchor
from ..bridge.depth.anchor_depth import DepthSources, add_anchor, check_sources, estimate_anchor, select_anchor
from ..bridge.depth.model import list_depth_models
from ..bridge.host.advice import NOT_CONNECTED, find_fault
from ..bridge.host.sockets import CamerasSocket, DepthSocket
from ..bridge.host.tensors import check_masks, images_to_comfy, read_images


class MVCustomEstimateAnchorDepth(io.ComfyNode):
    """Estimate the depth of one view, the anchor, and scale it to world units."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="MVCustomEstimateAnchorDepth",
            display_name="Estimate Anchor Depth",
            category="MVCustom/depth",
            description="Estimates the depth of one view of the first pass, the anchor, and scales it to the world units of the cameras. "
            "The depth comes from a connected depth node or, if none is connected, from depth_model.",
            search_aliases=["depth", "zoedepth", "depth anything", "moge", "scale alignment"],
            inputs=[
                io.Image.Input("views", tooltip="All decoded views of the first pass."),
                CamerasSocket.Input("cameras", tooltip="The cameras of the trajectory, one for each view."),
                io.Int.Input(
                    "anchor",
                    default=0,
                    min=0,
                    max=4096,
                    tooltip="Number of the anchor view, counted from 0; the other views will follow it. A view in the middle of the "
                    "trajectory is usual. Used only if anchor_choice is index.",
                ),
                io.Model.Input(
                    "model",
                    optional=True,
                    tooltip="Optional: the model of Apply Concept. Its learned geometry then fixes the scale of the depth, which is the "
                    "most accurate way. Not connected: the scale comes from subject_mask or from the middle of the picture.",
                ),
                io.Custom("DA3_GEOMETRY").Input(
                    "da3_geometry",
                    optional=True,
                    tooltip="Optional: the geometry of core's Run Depth Anything 3, of the anchor view or of all views, in either mode.",
                ),
                io.Custom("MOGE_GEOMETRY").Input(
                    "moge_geometry",
                    optional=True,
                    tooltip="Optional: the geometry of core's Run MoGe Inference, of the anchor view or of all views.",
                ),
                io.Image.Input(
                    "depth_image",
                    optional=True,
                    tooltip="Optional: the anchor's depth as a picture from any other depth node. Its first channel is read as "
                    "depth_image_meaning says.",
                ),
                io.Combo.Input(
                    "depth_image_meaning",
                    options=["disparity", "relative depth", "metric"],
                    default="disparity",
                    tooltip="What the values of depth_image mean. disparity: near is white, as most depth nodes draw it. relative depth: "
                    "far is white, scale and offset are unknown. metric: far is white, and the value is proportional to the depth; a "
                    "picture that was normalised to 0..1 needs near and far.",
                ),
                io.Mask.Input(
                    "subject_mask",
                    optional=True,
                    tooltip="Optional: white on the subject in the anchor view, at the size of the depth. It helps to find the scale "
                    "where no concept is connected.",
                ),
                io.Combo.Input(
                    "anchor_choice",
                    options=["index", "max coverage"],
                    default="index",
                    optional=True,
                    tooltip="How the anchor view is chosen. index: the view whose number is in anchor. max coverage: the view whose "
                    "surface covers the largest share of the other views, computed from the cameras alone with a ball in front of a plane "
                    "in place of the scene.",
                ),
                io.Combo.Input(
                    "depth_model",
                    options=list_depth_models(),
                    optional=True,
                    tooltip="The network that estimates depth if no depth is connected: a folder in models/mvcustom_depth with ZoeDepth or "
                    "Depth Anything, or the embedded depth head, which knows only the procedural scenes of the embedded backbone. It is "
                    "refused for views of other models: if the connected model is another backbone or, without a model, if the views are "
                    "larger than 128 pixels.",
                ),
                io.Float.Input(
                    "near",
                    default=0.0,
                    min=0.0,
                    max=1e6,
                    step=0.01,
                    optional=True,
                    advanced=True,
                    tooltip="For a depth_image that was normalised to 0..1: the depth of its nearest value, in the same unit as far. Only "
                    "the ratio of the two counts. Leave both at 0 if they are not known.",
                ),
                io.Float.Input(
                    "far",
                    default=0.0,
                    min=0.0,
                    max=1e6,
                    step=0.01,
                    optional=True,
                    advanced=True,
                    tooltip="For a depth_image that was normalised to 0..1: the depth of its farthest value, in the same unit as near.",
                ),
                io.Float.Input(
                    "min_confidence",
                    default=0.1,
                    min=0.0,
                    max=1.0,
                    step=0.01,
                    optional=True,
                    advanced=True,
                    tooltip="For Depth Anything 3 Small and Base, which report a confidence; 0 is the least and 1 the most certain pixel "
                    "of the picture. Pixels below this value get no depth, pixels up to twice this value count in part. 0 trusts all "
                    "pixels alike.",
                ),
                DepthSocket.Input(
                    "depth",
                    optional=True,
                    tooltip="Optional: the output of another Estimate Anchor Depth. The anchor of this node is added to its anchors.",
                ),
            ],
            outputs=[
                DepthSocket.Output(
                    display_name="depth", tooltip="The depth of one anchor view or of several. Connect it to the Depth-Aware Render Hook."
                ),
                io.Image.Output(
                    display_name="picture",
                    tooltip="Three pictures to check the depth by: the depth (near is bright), the view with pixels without depth in red, "
                    "and the surface with all cameras from the side.",
                ),
                io.String.Output(
                    display_name="report", tooltip="Which view is the anchor, where its depth comes from, and how its scale was found."
                ),
                io.Int.Output(display_name="anchor", tooltip="Number of the anchor view, counted from 0."),
            ],
        )

    @classmethod
    def validate_inputs(
        cls,
        near: float | None = 0.0,
        far: float | None = 0.0,
        da3_geometry: object = NOT_CONNECTED,
        moge_geometry: object = NOT_CONNECTED,
        depth_image: object = NOT_CONNECTED,
    ) -> bool | str:
        sources = {"da3_geometry": da3_geometry, "moge_geometry": moge_geometry, "depth_image": depth_image}
        connected = [name for name, source in sources.items() if source is not NOT_CONNECTED]
        return find_fault(cls, partial(check_sources, connected), near=near, far=far)

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
        pictures = read_images(views, "views")
        masks = None if subject_mask is None else check_masks(subject_mask, "subject_mask")
        sources = DepthSources(da3_geometry, moge_geometry, depth_image, depth_image_meaning, near, far, min_confidence, depth_model)
        view, reason = select_anchor(anchor_choice, anchor, cameras)
        added = estimate_anchor(pictures, cameras, view, sources, model=model, subject_masks=masks)
        sheet = plot_anchor(added.depth, pictures[view], cameras, view=view)
        return io.NodeOutput(add_anchor(depth, added, cameras), images_to_comfy(sheet[None]), f"{reason}; {added.depth.report}", view)
