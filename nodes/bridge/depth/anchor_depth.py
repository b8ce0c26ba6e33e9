"""Estimates the depth of an anchor view from the connected or chosen source, checks it against the views and aligns it with the world."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from comfy.model_patcher import ModelPatcher
from torch import Tensor

from ....mvcustom_core.anchor.alignment import align_depth
from ....mvcustom_core.anchor.choice import choose_anchor
from ....mvcustom_core.anchor.estimate import DepthEstimate, DepthMeaning, check_range, read_depth_picture
from ....mvcustom_core.camera.cameras import Cameras
from ....mvcustom_core.surface.depth import AnchorDepth, RenderedDepth
from ..concept.application import find_applied_concept, render_depth
from ..host.advice import advise
from ..host.tensors import check_axes
from .geometry import differ_in_aspect, read_da3, read_moge, select_map
from .model import EMBEDDED, check_embedded_head, estimate_depth

AnchorRule = Literal["index", "max coverage"]

CHECK = "check the depth node before"
NORMALISED = "set near and far (their ratio counts, not their unit), or take the depth node's raw output"
ADVICE = {
    "depth_image: wanted finite depth": CHECK,
    "depth_image: wanted depth, got none": CHECK,
    "depth_image: wanted relative depth": NORMALISED,
    "depth_image: wanted metric": NORMALISED,
    "depth: the offset": "connect a model with a concept, set near and far (their ratio counts, not their unit), or use a depth node "
    "that gives metric depth",
    "anchor: the subject is not in the middle": "connect a subject mask or choose another anchor",
}


@dataclass(frozen=True, eq=False)
class DepthSources:
    """The possible sources of depth. At most one of the first three is given; if none is, the named model is used.

    Attributes:
        da3_geometry, moge_geometry: outputs of core's depth nodes.
        depth_image: IMAGE [B, H, W, C], of which the first channel is read.
        meaning: what the values of `depth_image` mean.
        near, far: depth of the nearest and farthest value of a `depth_image` in 0..1, in any unit; both 0 if unknown.
        min_confidence: confidence below which a pixel is left out, 0 (least certain pixel) to 1 (most certain pixel).
        model: the embedded depth head, or the name of a folder in models/mvcustom_depth.
    """

    da3_geometry: dict[str, Any] | None = None
    moge_geometry: dict[str, Any] | None = None
    depth_image: Tensor | None = None
    meaning: DepthMeaning = "disparity"
    near: float = 0.0
    far: float = 0.0
    min_confidence: float = 0.1
    model: str = EMBEDDED

    @property
    def connected(self) -> list[str]:
        """The names of the inputs that bring depth."""
        named = {"da3_geometry": self.da3_geometry, "moge_geometry": self.moge_geometry, "depth_image": self.depth_image}
        return [name for name, source in named.items() if source is not None]


def select_anchor(rule: AnchorRule, index: int, cameras: Cameras) -> tuple[int, str]:
    """Choose the anchor view by a rule; returns its number and a text that says why.

    Raises:
        ValueError: if coverage is asked for and no camera looks towards the origin.
    """
    if rule == "index":
        return index, f"view {index}"
    choice = choose_anchor(cameras)
    return choice.view, choice.text


def estimate_anchor(
    views: Tensor,
    cameras: Cameras,
    anchor: int,
    sources: DepthSources,
    *,
    model: ModelPatcher | None = None,
    subject_masks: Tensor | None = None,
) -> AnchorDepth:
    """Estimate the depth of one view and align it with the cameras' world.

    Args:
        views: [V, 3, H, W] in [0, 1], the decoded first pass.
        cameras: the V cameras.
        anchor: number of the view.
        sources: where depth comes from.
        model: the MODEL that made the views; the concept that it may carry fixes the scale.
        subject_masks: MASK [B, H, W], white on the subject, of the anchor or of all views.

    Raises:
        ValueError: if sources, views and cameras do not fit together, the embedded depth head is to judge views of another backbone, or
            the depth cannot be aligned.
    """
    check_views(views, cameras, anchor)
    if sources.model == EMBEDDED and not sources.connected:
        check_embedded_head(model, (views.shape[-2], views.shape[-1]))
    estimate = choose_estimate(views, anchor, sources)
    rendered = render_depth(model, cameras, anchor) if model is not None and find_applied_concept(model) is not None else None
    mask = None if subject_masks is None else select_subject_mask(subject_masks, views, anchor, estimate)
    return align_estimate(estimate, cameras, anchor, rendered, mask)


def align_estimate(
    estimate: DepthEstimate, cameras: Cameras, anchor: int, rendered: RenderedDepth | None = None, subject_mask: Tensor | None = None
) -> AnchorDepth:
    """Align one view's depth estimate with the cameras' world; see `align_depth`.

    Raises:
        ValueError: if the estimate cannot be aligned.
    """
    values, valid, camera = estimate.values, estimate.valid, cameras[anchor]
    with advise(ADVICE):
        depth = align_depth(values, valid, estimate.meaning, camera, ray_depth=rendered, subject_mask=subject_mask, sky=estimate.sky)
    return AnchorDepth(anchor, replace(depth, confidence=estimate.confidence, report=f"{estimate.origin}; {depth.report}"))


def add_anchor(others: Sequence[AnchorDepth], anchor: AnchorDepth, cameras: Cameras) -> tuple[AnchorDepth, ...]:
    """Append an anchor to others.

    Raises:
        ValueError: if its view is an anchor already, or the others belong to another trajectory.
    """
    known = [other.view for other in others]
    if anchor.view in known:
        raise ValueError(f"anchor: wanted a view that is no anchor yet, got view {anchor.view} again; name another by its index")
    if any(view >= len(cameras) for view in known):
        raise ValueError(f"depth: wanted anchors of this trajectory of {len(cameras)} views, got view {max(known)}; connect one trajectory")
    return (*others, anchor)


def check_sources(connected: Sequence[str], near: float, far: float) -> None:
    """Check which inputs bring depth, and what is said of a depth picture's range.

    Args:
        connected: names of the connected ones of da3_geometry, moge_geometry and depth_image.

    Raises:
        ValueError: if more than one is connected, or near and far belong to none or cannot be.
    """
    if len(connected) > 1:
        raise ValueError(f"depth: wanted one source, got {' and '.join(connected)}; disconnect all but one")
    if not near and not far:
        return
    if "depth_image" not in connected:
        raise ValueError("near and far: they belong to a depth_image, got none; connect one, or set both to 0")
    check_range(near, far)


def choose_estimate(views: Tensor, anchor: int, sources: DepthSources) -> DepthEstimate:
    """Estimate the depth of one view by the connected source or, if none is connected, by the depth model.

    Args:
        views: [V, 3, H, W] the decoded first pass.
        anchor: number of the view.
        sources: where depth comes from.

    Raises:
        ValueError: if more than one source is given, or the source does not fit the views.
    """
    connected = sources.connected
    check_sources(connected, sources.near, sources.far)
    if connected and sources.model != EMBEDDED:
        raise ValueError(
            f"depth: wanted one source, got {connected[0]} and the depth model {sources.model!r}; "
            f"disconnect {connected[0]}, or set depth_model to {EMBEDDED!r}, which counts only where nothing is connected"
        )
    if sources.depth_image is not None:
        check_axes(sources.depth_image, "depth_image", "IMAGE of [pictures, height, width, channels]", axes=4)
        values = select_map(sources.depth_image[..., 0], views, anchor, "depth_image")
        with advise(ADVICE):
            return read_depth_picture(values, sources.meaning, sources.near, sources.far)
    if sources.da3_geometry is not None:
        return read_da3(sources.da3_geometry, views, anchor, sources.min_confidence)
    if sources.moge_geometry is not None:
        return read_moge(sources.moge_geometry, views, anchor)
    return estimate_depth(sources.model, views[anchor])


def check_views(views: Tensor, cameras: Cameras, anchor: int) -> None:
    """Check that pictures [V, 3, H, W] can be the views of the cameras, and that the anchor is one of them.

    Raises:
        ValueError: if their number or aspect ratio differs, or there is no such view.
    """
    count, _, height, width = views.shape
    if count != len(cameras):
        raise ValueError(f"views: wanted {len(cameras)}, one for each camera, got {count}; connect all views of this trajectory")
    if anchor >= count:
        raise ValueError(f"anchor: wanted a view from 0 to {count - 1}, got {anchor}; choose one of the trajectory's views")
    if differ_in_aspect((height, width), (cameras.height, cameras.width)):
        raise ValueError(
            f"views: wanted the cameras' aspect {cameras.width}x{cameras.height}, got {width}x{height}; connect this trajectory's views"
        )


def select_subject_mask(masks: Tensor, views: Tensor, anchor: int, estimate: DepthEstimate) -> Tensor:
    """Select the anchor's subject mask [H, W] from MASK [B, H, W].

    Raises:
        ValueError: if there is neither one mask nor one for each view, or its size differs from the depth's.
    """
    mask = select_map(masks, views, anchor, "subject_mask")
    if mask.shape != estimate.values.shape:
        (height, width), (h, w) = estimate.values.shape, mask.shape
        raise ValueError(f"subject_mask: wanted the depth's size {width}x{height}, got {w}x{h}; resize the mask")
    return mask
