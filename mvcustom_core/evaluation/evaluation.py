"""Runs all measures that the data of a case allow. Notes say what was not measured and why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from ..camera.cameras import Cameras
from ..capture.solution import MIN_VIEWS
from ..capture.solving import import_pycolmap
from ..progress import Progress
from .alignment import PathErrors, measure_extent, measure_path
from .anchoring import AnchorAccuracy, locate_views
from .case import Case, check_case
from .epipolar import EpipolarConsistency, measure_epipolar
from .fidelity import Fidelity, measure_fidelity, measure_sharpness
from .identity import crop_subjects
from .likeness import NO_ENCODERS, Encoders, Likeness, measure_likenesses
from .pose import PoseAccuracy, measure_poses
from .structure import Structure, Triangulation, find_structure, triangulate_views
from .warping import WarpConsistency, measure_warps

STRUCTURE, WARPS = 0.6, 0.9  # what share of the work is done after each part


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The results of an evaluation. A measure that was not made is None or empty; `notes` say why.

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
def evaluate_views(case: Case, folder: Path, progress: Progress, encoders: Encoders = NO_ENCODERS) -> Evaluation:
    """Measure everything that can be.

    Args:
        folder: empty, for temporary files, which the caller removes.
        progress: is called with the share that is done, and may raise to stop.

    Raises:
        ValueError: if the parts of the case do not fit together.
    """
    cameras = check_case(case)
    progress(0.0)
    start = Evaluation(len(case.images), measure_sharpness(case.images), _measure_wanted_sharpness(case), notes=_list_missing(case))
    evaluation = _measure_structure(start, case, cameras, folder, lambda share: progress(STRUCTURE * share))
    warps = None
    if case.anchors:
        span = WARPS - STRUCTURE
        warps = measure_warps(case.images, cameras, case.anchors, case.masks, lambda share: progress(STRUCTURE + span * share))
    progress(WARPS)
    evaluation = replace(
        evaluation,
        warps=warps,
        fidelity=None if case.truth is None else measure_fidelity(case.images, case.truth, case.masks),
        likenesses=measure_likenesses(case, encoders),
        text=None if encoders.text is None else encoders.text(crop_subjects(case.images, None)),
    )
    progress(1.0)
    return evaluation


def _measure_structure(evaluation: Evaluation, case: Case, cameras: Cameras, folder: Path, progress: Progress) -> Evaluation:
    """Add the measures that need pycolmap to an evaluation, or a note that says why they are missing."""
    try:
        import_pycolmap()
    except ValueError as missing:
        return _note(evaluation, f"camera, points and epipolar distance: not measured; {missing}")
    if len(case.images) < MIN_VIEWS:
        return _note(
            evaluation, f"camera, points and epipolar distance: not measured; they need at least {MIN_VIEWS} views, got {len(case.images)}"
        )
    structure = find_structure(case.images, cameras, folder, progress)
    located = locate_views(structure.matches, case.anchors, cameras) if case.anchors else None
    evaluation = _measure_epipolar(replace(evaluation, structure=structure, located=located), cameras)
    if measure_extent(cameras) == 0:
        reason = "the trajectory stands at one place, where structure from motion finds no cameras"
        return _note(evaluation, f"camera pose accuracy and points: not measured; {reason}")
    model = structure.model
    found, indices = (None, ()) if model is None else (model.cameras, model.indices)
    return replace(
        evaluation,
        poses=measure_poses(found, indices, cameras),
        path=None if found is None else measure_path(found, cameras, indices),
        triangulation=triangulate_views(structure, cameras),
    )


def _measure_epipolar(evaluation: Evaluation, cameras: Cameras) -> Evaluation:
    """Add the measure that needs kornia, or a note that says why it is missing."""
    try:
        return replace(evaluation, epipolar=measure_epipolar(evaluation.structure.matches, cameras))
    except ValueError as missing:
        return _note(evaluation, f"epipolar distance: not measured; {missing}")


def _note(evaluation: Evaluation, note: str) -> Evaluation:
    return replace(evaluation, notes=(note, *evaluation.notes))


def _measure_wanted_sharpness(case: Case) -> float | None:
    if case.truth is not None:
        return float(measure_sharpness(case.truth).mean())
    if case.references is None:
        return None
    size = case.images.shape[-2:]
    return float(measure_sharpness(F.interpolate(case.references, size, mode="bilinear", antialias=True)).mean())


def _list_missing(case: Case) -> tuple[str, ...]:
    missing = []
    if not case.anchors:
        missing.append("background by depth: not measured; it needs depth of this trajectory")
    if case.references is None and case.truth is None:
        missing.append("subject: not measured; it needs references, or true views with masks")
    elif case.masks is None or (case.references is not None and case.reference_masks is None):
        missing.append("subject: not looked at alone; that needs masks of the views and of the references")
    return tuple(missing)
