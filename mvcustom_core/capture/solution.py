"""What structure from motion found, whether to trust it, and in words: no part of this needs the package that found it.

Several models of the same photographs are ranked by the views that they place and then by the observations that they explain. A view
counts only where it has enough observations of its own: the global mapper also keeps views with hardly any, and their cameras are
arbitrary. The reprojection error does not rank models: one that is wrong between two groups of views drops the matches between them and
fits the rest better than the right one does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from ..camera.cameras import Cameras

MIN_VIEWS = 3
USUAL = (20, 60)  # photographs
MIN_SHARE = 0.5  # of the photographs
MIN_SEEN = 30  # observations in a view: as many as COLMAP asks for to place one
MAX_REPROJECTION = 2.0  # pixels; sound models of sharp photographs stay below 1
MIN_ANGLE_DEG = 2.0  # between the rays to a point; COLMAP itself drops points below 1.5
FOCAL_RANGE = (0.35, 6.0)  # of the longer side: fields of view of 110 and 9.5 degrees
SAME_DEG = 5.0  # two models that agree differ by less between any two views

WALK = "walk around the subject in steps of 5 to 20 degrees, keep it sharp and in the picture, and let the surroundings be seen"


@dataclass(frozen=True, eq=False)
class Model:
    """One reconstruction.

    Attributes:
        mapper: the method that made it.
        indices: the photographs that it places, ascending.
        cameras: one for each of them, in a world of arbitrary place, heading and scale.
        points: number of scene points.
        observations: number of features that they explain.
        reprojection_px: mean distance between a feature and its point's image.
        angle_deg: median over the points of the widest angle between two rays to it.
        dropped: the photographs that the mapper placed with too few observations, ascending; the model is without them.
    """

    mapper: str
    indices: tuple[int, ...]
    cameras: Cameras
    points: int
    observations: int
    reprojection_px: float
    angle_deg: float
    dropped: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Attempt:
    """All that was found.

    Attributes:
        views: number of photographs.
        features: mean number of features of a photograph.
        linked_pairs: number of pairs of photographs with matches that fit some camera motion.
        focal_given: whether the focal length was known.
        models: the reconstructions, of all mappers.
    """

    views: int
    features: float
    linked_pairs: int
    focal_given: bool
    models: tuple[Model, ...]


def choose_model(attempt: Attempt) -> Model:
    """The best model.

    Raises:
        ValueError: if there is none, or it cannot be trusted: why, and what to do.
    """
    best = find_best(attempt)
    if best is None:
        raise ValueError(_explain_failure(attempt) + _say_few(attempt))
    wanted = max(MIN_VIEWS, math.ceil(MIN_SHARE * attempt.views))
    if len(best.indices) < wanted:
        raise ValueError(
            f"solve: wanted cameras for at least {wanted} of the {attempt.views} photographs, found them for {len(best.indices)}"
            f"{_count_dropped(best)}; take away photographs that do not overlap with the others, or add some between them: {WALK}"
            f"{_say_few(attempt)}"
        )
    if best.reprojection_px > MAX_REPROJECTION:
        raise ValueError(
            f"solve: wanted a mean reprojection error of at most {MAX_REPROJECTION:g} pixels, got {best.reprojection_px:.2f}; use sharp "
            "photographs of a scene that does not move, all taken with one lens at one zoom and cropped alike"
        )
    if best.angle_deg < MIN_ANGLE_DEG:
        raise ValueError(
            f"solve: wanted points seen from directions at least {MIN_ANGLE_DEG:g} degrees apart, got {best.angle_deg:.2f}; the camera "
            f"hardly moved: {WALK}"
        )
    longer, focal = max(best.cameras.width, best.cameras.height), float(best.cameras.K[0, 0, 0])
    if not attempt.focal_given and not FOCAL_RANGE[0] < focal / longer < FOCAL_RANGE[1]:
        raise ValueError(
            f"solve: wanted a focal length of {FOCAL_RANGE[0]:g} to {FOCAL_RANGE[1]:g} times the longer side of {longer} pixels, found "
            f"{focal:.0f}; choose a known field of view or focal length, or photograph from more sides"
        )
    return best


def find_best(attempt: Attempt) -> Model | None:
    """The model with most views, and of equals the one with most observations; None if none has MIN_VIEWS. It need not be trustworthy."""
    candidates = [model for model in attempt.models if len(model.indices) >= MIN_VIEWS]
    return max(candidates, key=lambda model: (len(model.indices), model.observations), default=None)


def describe_model(attempt: Attempt, model: Model) -> list[str]:
    """The model in words, one line for each finding."""
    missing = sorted(set(range(attempt.views)) - set(model.indices))
    dropped = f"; fewer than {MIN_SEEN} points each in {_list(model.dropped)}" if model.dropped else ""
    focal = float(model.cameras.K[0, 0, 0])
    field = 2 * math.degrees(math.atan(model.cameras.width / 2 / focal))
    lines = [
        f"views: {len(model.indices)} of {attempt.views} placed",
        f"not placed: {_list(missing)} (counted from 0){dropped}" if missing else "not placed: none",
        f"mapper: {model.mapper}",
        f"reprojection error: {model.reprojection_px:.2f} pixels on average",
        f"points: {model.points}, seen in {model.observations / max(model.points, 1):.1f} views on average, "
        f"from directions {model.angle_deg:.0f} degrees apart (median)",
        f"focal length: {focal:.1f} pixels, {field:.1f} degrees across, {'as given' if attempt.focal_given else 'found'}",
    ]
    others = [other for other in attempt.models if other.mapper != model.mapper]
    return lines + [_compare(model, other) for other in others]


def largest_difference_deg(model: Model, other: Model) -> float | None:
    """By how much two models differ at most in the rotation from one view to another; None if they share no two views."""
    common = sorted(set(model.indices) & set(other.indices))
    if len(common) < 2:
        return None
    ours, theirs = (_rotations(each, common) for each in (model, other))  # [V, 3, 3]
    offset = ours.mT @ theirs  # [V, 3, 3] the same for all views where the models agree
    trace = torch.einsum("iab,jab->ij", offset, offset)
    return math.degrees(float(torch.acos(((trace - 1) / 2).clamp(-1, 1)).max()))


def _list(photographs: Sequence[int]) -> str:
    return ", ".join(map(str, photographs))


def _count_dropped(model: Model) -> str:
    return f" ({len(model.dropped)} more with fewer than {MIN_SEEN} points each)" if model.dropped else ""


def _rotations(model: Model, indices: Sequence[int]) -> torch.Tensor:
    return model.cameras.w2c[[model.indices.index(i) for i in indices], :3, :3].double()


def _compare(model: Model, other: Model) -> str:
    count, difference = len(other.indices), largest_difference_deg(model, other)
    line = f"other model: {other.mapper}, {count} views{_count_dropped(other)}, reprojection error {other.reprojection_px:.2f}"
    if difference is None:
        return line
    if difference < SAME_DEG:
        return f"{line}; it agrees within {difference:.1f} degrees"
    return f"{line}; note: it differs by up to {difference:.0f} degrees; see in the preview whether the cameras stand where you stood"


def _say_few(attempt: Attempt) -> str:
    fewest, most = USUAL
    return f"; {attempt.views} photographs are few: take {fewest} to {most}" if attempt.views < fewest else ""


def _explain_failure(attempt: Attempt) -> str:
    pairs = attempt.views * (attempt.views - 1) // 2
    found = f"{attempt.features:.0f} features in a photograph, matches in {attempt.linked_pairs} of {pairs} pairs"
    weak = max((len(model.dropped) for model in attempt.models), default=0)
    if weak >= MIN_VIEWS:
        return (
            f"solve: wanted at least {MIN_SEEN} points in a view, found fewer in {weak} of {attempt.views} ({found}); use larger pictures "
            f"with more texture, and {WALK}"
        )
    if attempt.linked_pairs < attempt.views - 1:
        return f"solve: wanted photographs that overlap and have texture, found no cameras ({found}); use larger pictures, and {WALK}"
    return f"solve: wanted photographs from different places, found no cameras ({found}); do not only turn the camera: {WALK}"
