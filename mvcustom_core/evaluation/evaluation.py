"""All measures of one set of views, as far as what is given allows; what could not be measured is said."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from ..geometry.cameras import Cameras
from ..geometry.mapping import Progress
from ..geometry.solution import MIN_VIEWS
from ..geometry.solving import import_pycolmap
from .alignment import PathErrors, measure_extent, measure_path
from .anchoring import AnchorAccuracy, locate_views
from .case import Case, check_case
from .epipolar import EpipolarConsistency, measure_epipolar
from .fidelity import Fidelity, measure_fidelity, measure_sharpness
from .identity import crop_subjects
from .likeness import NO_JUDGES, Judges, Likeness, measure_likenesses
from .pose import PoseAccuracy, measure_poses
from .structure import Structure, Triangulation, find_structure, triangulate_views
from .warping import WarpConsistency, measure_warps

STRUCTURE, WARPS, ENCODERS = 0.6, 0.9, 1.0  # what share of the work is done after each part


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What was measured; None or empty where it was not, and `notes` say why.

    Attributes:
        views: number of views.
        structure: what pycolmap found.
        sharpness: [V]; `wanted_sharpness` is the mean of the true views, or else of the references at the views' size.
        text: [V] cosine with the prompt.
    """

    views: int
    sharpness: Tensor  # [V]
    wanted_sharpness: float | None = None
    structure: Structure | None = None
    poses: PoseAccuracy | None = None
    path: PathErrors | None = None
    triangulation: Triangulation | None = None
    epipolar: EpipolarConsistency | None = None
    located: AnchorAccuracy | None = None
    warps: WarpConsistency | None = None
    fidelity: Fidelity | None = None
    likenesses: tuple[Likeness, ...] = ()
    text: Tensor | None = None
    notes: tuple[str, ...] = ()


@torch.no_grad()
def evaluate_views(case: Case, folder: Path, progress: Progress, judges: Judges = NO_JUDGES) -> Evaluation:
    """Measure everything that can be.

    Args:
        folder: empty, for temporary files, which the caller removes.
        progress: is called with the share that is done, and may raise to stop.

    Raises:
        ValueError: if the parts of the case do not fit together.
    """
    cameras = check_case(case)
    progress(0.0)
    found, notes = _measure_structure(case, cameras, folder, lambda share: progress(STRUCTURE * share))
    warps = None
    if case.anchors:
        warps = measure_warps(
            case.images, cameras, case.anchors, case.masks, lambda share: progress(STRUCTURE + (WARPS - STRUCTURE) * share)
        )
    progress(WARPS)
    fidelity = None if case.truth is None else measure_fidelity(case.images, case.truth, case.masks)
    likenesses = measure_likenesses(case, judges)
    text = None if judges.text is None else judges.text(crop_subjects(case.images, None))
    progress(ENCODERS)
    return Evaluation(
        len(case.images),
        measure_sharpness(case.images),
        _measure_wanted_sharpness(case),
        warps=warps,
        fidelity=fidelity,
        likenesses=likenesses,
        text=text,
        notes=(*notes, *_list_missing(case)),
        **found,
    )


def _measure_structure(case: Case, cameras: Cameras, folder: Path, progress: Progress) -> tuple[dict[str, object], tuple[str, ...]]:
    """The fields that pycolmap's features give, and why they are missing."""
    try:
        import_pycolmap()
    except ValueError as missing:
        return {}, (f"camera, points and epipolar distance: not measured; {missing}",)
    if len(case.images) < MIN_VIEWS:
        return {}, (f"camera, points and epipolar distance: not measured; they need at least {MIN_VIEWS} views, got {len(case.images)}",)
    structure = find_structure(case.images, cameras, folder, progress)
    found: dict[str, object] = {"structure": structure, "epipolar": measure_epipolar(structure.matches, cameras)}
    if case.anchors:
        found["located"] = locate_views(structure.matches, case.anchors, cameras)
    if measure_extent(cameras) == 0:
        return found, ("camera and points: not measured; the trajectory stands at one place, where structure from motion finds no cameras",)
    model = structure.model
    placed, indices = (None, ()) if model is None else (model.cameras, model.indices)
    found["poses"] = measure_poses(placed, indices, cameras)
    found["path"] = None if placed is None else measure_path(placed, cameras, indices)
    found["triangulation"] = triangulate_views(structure, cameras)
    return found, ()


def _measure_wanted_sharpness(case: Case) -> float | None:
    if case.truth is not None:
        return float(measure_sharpness(case.truth).mean())
    if case.references is None:
        return None
    size = case.images.shape[-2:]
    return float(measure_sharpness(F.interpolate(case.references, size, mode="bilinear", antialias=True)).mean())


def _list_missing(case: Case) -> list[str]:
    missing = []
    if not case.anchors:
        missing.append("background by depth: not measured; connect depth of this trajectory")
    if case.references is None and case.truth is None:
        missing.append("subject: not measured; connect references, or true views with masks")
    elif case.masks is None or (case.references is not None and case.reference_masks is None):
        missing.append("subject: connect masks of the views and of the references to look at it alone")
    return missing
