"""The data of one evaluation: a set of views, the cameras that were asked for, and optional further knowledge."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ..camera.cameras import Cameras
from ..surface.depth import AnchorDepth


@dataclass(frozen=True, eq=False)
class Case:
    """The data of one evaluation.

    Attributes:
        images: [V, 3, H, W] in 0..1.
        cameras: the V cameras that were asked for, of any size with the same aspect ratio.
        anchors: depth of some of the views, in world units.
        masks: [V, 1, H, W], white on the subject.
        references: [A, 3, h, w] photographs of the subject.
        reference_masks: [A, 1, h, w].
        truth: [V, 3, H, W] the correct views.
    """

    images: Tensor
    cameras: Cameras
    anchors: tuple[AnchorDepth, ...] = ()
    masks: Tensor | None = None
    references: Tensor | None = None
    reference_masks: Tensor | None = None
    truth: Tensor | None = None


def check_case(case: Case) -> Cameras:
    """The cameras at the views' size.

    Raises:
        ValueError: naming what does not fit.
    """
    views, _, height, width = case.images.shape
    if views != len(case.cameras):
        raise ValueError(f"views: wanted {len(case.cameras)}, one for each camera, got {views}")
    if views < 2:
        raise ValueError(f"views: wanted at least 2, got {views}")
    if abs(width * case.cameras.height - height * case.cameras.width) > max(case.cameras.height, case.cameras.width):
        raise ValueError(f"views: wanted the cameras' aspect {case.cameras.width}x{case.cameras.height}, got {width}x{height}")
    unknown = [anchor.view for anchor in case.anchors if anchor.view >= views]
    if unknown:
        raise ValueError(f"depth: wanted anchors among the {views} views, got view {unknown[0]}")
    for name, own, images in (
        ("masks", case.masks, case.images),
        ("true views", case.truth, case.images),
        ("reference masks", case.reference_masks, case.references),
    ):
        _check_pictures(name, own, images)
    return case.cameras.resize(width, height)


def _check_pictures(name: str, own: Tensor | None, images: Tensor | None) -> None:
    if own is None:
        return
    if images is None:
        raise ValueError(f"{name}: wanted references with them, got none")
    if (len(own), own.shape[-2:]) != (len(images), images.shape[-2:]):
        wanted, got = (f"{len(x)} of {x.shape[-1]}x{x.shape[-2]} pixels" for x in (images, own))
        raise ValueError(f"{name}: wanted {wanted}, one for each picture, got {got}")
