"""Likeness of the views' subject to the references, with the references' likeness to one another as the value to compare with.

The references show all sides of the subject, so each view is compared with the reference that it resembles most.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from .case import Case
from .identity import Encoder, compare_colors, compare_embeddings, crop_subjects


@dataclass(frozen=True, eq=False)
class Encoders:
    """Networks that the caller provides; all are optional.

    Attributes:
        images: name -> encoder of pictures of the subject.
        text: function from pictures [N, 3, S, S] to their cosines [N] with the prompt.
    """

    images: Mapping[str, Encoder] = field(default_factory=dict)
    text: Callable[[Tensor], Tensor] | None = None


NO_ENCODERS = Encoders()


@dataclass(frozen=True, eq=False)
class Likeness:
    """One measure of the subject against the references.

    Attributes:
        name: name of the measure.
        views: [V] likeness of each view to its most similar reference.
        ceiling: mean likeness of each reference to its most similar other one; 1 if there is only one reference.
    """

    name: str
    views: Tensor  # [V]
    ceiling: float

    @property
    def mean(self) -> float:
        return float(self.views.mean())


def measure_likenesses(case: Case, encoders: Encoders) -> tuple[Likeness, ...]:
    """Measure likeness by colours, if both kinds of masks are known, and by every encoder. Without references the result is empty."""
    if case.references is None:
        return ()
    likenesses = []
    ours, theirs = (case.images, case.masks), (case.references, case.reference_masks)
    if case.masks is not None and case.reference_masks is not None:
        likenesses.append(_rate("colours", compare_colors(*ours, *theirs), compare_colors(*theirs, *theirs)))
    else:
        ours, theirs = (case.images, None), (case.references, None)  # a subject alone and a whole picture would not compare
    for name, encoder in encoders.images.items():
        views, references = (encoder(crop_subjects(*pictures)) for pictures in (ours, theirs))
        likenesses.append(_rate(name, compare_embeddings(views, references), compare_embeddings(references, references)))
    return tuple(likenesses)


def _rate(name: str, views: Tensor, references: Tensor) -> Likeness:
    """Summarise the likeness of views [V, A] and of references [A, A] to each reference."""
    others = references.clone()
    if len(references) > 1:
        others.fill_diagonal_(-torch.inf)  # itself does not count
    return Likeness(name, views.amax(1), float(others.amax(1).mean()))
