"""The views' subject against the references, by every measure that there is, with the references' likeness to one another as the scale.

A view counts by the reference that it resembles most, as references show all sides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from .case import Case
from .identity import Encoder, compare_colors, compare_embeddings, crop_subjects


@dataclass(frozen=True, eq=False)
class Judges:
    """Networks of the caller's, all of them optional.

    Attributes:
        encoders: by name, of the subject's picture.
        text: how well pictures [N, 3, S, S] agree with the prompt, cosines [N].
    """

    encoders: Mapping[str, Encoder] = field(default_factory=dict)
    text: Callable[[Tensor], Tensor] | None = None


NO_JUDGES = Judges()


@dataclass(frozen=True, eq=False)
class Likeness:
    """One measure of the subject against the references.

    Attributes:
        name: of the measure.
        views: [V] likeness of each view to the nearest reference.
        ceiling: the same of the references to one another, on average; 1 with a single one.
    """

    name: str
    views: Tensor  # [V]
    ceiling: float

    @property
    def mean(self) -> float:
        return float(self.views.mean())


def measure_likenesses(case: Case, judges: Judges) -> tuple[Likeness, ...]:
    """Colours where all masks are known, and every encoder, of the subject alone where they are; nothing without references."""
    if case.references is None:
        return ()
    likenesses = []
    ours, theirs = (case.images, case.masks), (case.references, case.reference_masks)
    if case.masks is not None and case.reference_masks is not None:
        likenesses.append(_rate("colours", compare_colors(*ours, *theirs), compare_colors(*theirs, *theirs)))
    else:
        ours, theirs = (case.images, None), (case.references, None)  # a subject alone and a whole picture would not compare
    for name, encoder in judges.encoders.items():
        views, references = (encoder(crop_subjects(*pictures)) for pictures in (ours, theirs))
        likenesses.append(_rate(name, compare_embeddings(views, references), compare_embeddings(references, references)))
    return tuple(likenesses)


def _rate(name: str, views: Tensor, references: Tensor) -> Likeness:
    """From the likeness of the views [V, A] and of the references [A, A] to each reference."""
    others = references.clone()
    if len(references) > 1:
        others.fill_diagonal_(-torch.inf)  # itself does not count
    return Likeness(name, views.amax(1), float(others.amax(1).mean()))
