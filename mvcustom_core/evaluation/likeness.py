"""The views' subject against the references, by every measure that there is, with the references' likeness to one another as the scale."""

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
    """Colours where all masks are known, and every encoder; nothing without references."""
    if case.references is None:
        return ()
    likenesses = []
    if case.masks is not None and case.reference_masks is not None:
        theirs = case.references, case.reference_masks
        alone = [compare_colors(*_pick(theirs, [i]), *_leave_out(theirs, i)) for i in range(len(case.references))]
        likenesses.append(Likeness("colours", compare_colors(case.images, case.masks, *theirs), _average(alone)))
    ours, theirs = crop_subjects(case.images, case.masks), crop_subjects(case.references, case.reference_masks)
    for name, encoder in judges.encoders.items():
        vectors = encoder(theirs)
        alone = [compare_embeddings(vectors[[i]], vectors[_others(len(vectors), i)]) for i in range(len(vectors))]
        likenesses.append(Likeness(name, compare_embeddings(encoder(ours), vectors), _average(alone)))
    return tuple(likenesses)


def _pick(pictures: tuple[Tensor, Tensor], indices: list[int]) -> tuple[Tensor, Tensor]:
    return pictures[0][indices], pictures[1][indices]


def _leave_out(pictures: tuple[Tensor, Tensor], index: int) -> tuple[Tensor, Tensor]:
    return _pick(pictures, _others(len(pictures[0]), index))


def _others(count: int, index: int) -> list[int]:
    """All but one; that one where it is alone."""
    return [other for other in range(count) if other != index] or [index]


def _average(parts: list[Tensor]) -> float:
    return float(torch.cat(parts).mean())
