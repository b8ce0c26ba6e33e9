"""At which shares of the way the views of a path stand: evenly, or slower where the camera starts or stops."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Views = int | Tensor  # a number of views spaced evenly, or the share of the way of each view, [V], 0 at the start and 1 at the end
CONSTANT = "constant"

# Share of the way by share of time. The speed is zero at an eased end; there and back give the same shares.
EASES: dict[str, Callable[[Tensor], Tensor]] = {
    CONSTANT: lambda time: time,
    "ease in": lambda time: time * time,
    "ease out": lambda time: time * (2 - time),
    "ease in and out": lambda time: time * time * (3 - 2 * time),
}


def ease_views(views: int, ease: str) -> Views:
    """The views of a path that starts or stops slowly, as the functions that make paths take them.

    Args:
        ease: one of `EASES`. The first and the last view are the same with all of them; a single view is at the start.
    """
    if ease not in EASES:
        raise ValueError(f"ease: wanted one of {', '.join(EASES)}, got {ease!r}")
    return views if ease == CONSTANT else EASES[ease](walk(views, (0.0, 1.0)))


def walk(views: Views, ends: tuple[float, float]) -> Tensor:
    """Values from start to end, one for each view, float64 [V]."""
    if isinstance(views, Tensor):
        return ends[0] + (ends[1] - ends[0]) * views.double()
    if views < 1:
        raise ValueError(f"trajectory: wanted at least one view, got {views}")
    return torch.linspace(*ends, views, dtype=torch.float64)
