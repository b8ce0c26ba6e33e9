"""Whether a motion module's attention knows geometry: how often the strongest key of another view is where it should be."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ..backbone.motion import Observation
from ..camera.rays import cell_centers
from .loss import QUERIES, ScoreHead, combine_heads, walk_rows
from .targets import Targets, draw_queries

NEAR = 1.5  # cells: within it a key counts as the right one (arXiv 2512.03045)


@dataclass(frozen=True, slots=True)
class Precision:
    """Share of queries whose strongest key in another view is near the true place, 0 to 1.

    Attributes:
        mean: with the mean of the heads' logits.
        heads: with each head alone.
        learned: with the head that a supervised training has learned; None without.
        chance: of a key that is drawn blindly.
        count: pairs of a query and a view that have a true place; with 0 all else is not a number.
    """

    mean: float
    heads: tuple[float, ...]
    learned: float | None
    chance: float
    count: int

    @property
    def best(self) -> int:
        """The head that is right most often."""
        return max(range(len(self.heads)), key=lambda head: self.heads[head])


@torch.no_grad()
def measure_precision(
    seen: Observation,
    targets: Targets,
    generator: torch.Generator,
    head: ScoreHead | None = None,
    queries: int = QUERIES,
) -> Precision:
    """Judge one module's first attention; arguments as of `correspondence_loss`.

    All cells of a view compete, also those outside of the module's scope, which its kernel would not look at.

    Raises:
        ValueError: if the targets are of other clips or another grid.
    """
    targets.check_fit(seen)
    draw = draw_queries(targets.known, queries, generator)
    centers = cell_centers(targets.height, targets.width, device=seen.q.device)  # [(h w), 2]
    total = torch.zeros(seen.heads + (2 if head is None else 3), device=seen.q.device)  # every head, their mean, the learned, chance
    with torch.autocast(seen.q.device.type, enabled=False):
        for rows in walk_rows(seen, targets, draw, head):
            near = (centers - rows.points[:, None]).norm(dim=-1) <= NEAR  # [R, (h w)]
            logits = rows.logits()
            scores = [*logits, logits.mean(0), *([] if head is None else [combine_heads(logits, head)])]
            right = [near.gather(1, each.argmax(1, keepdim=True)).squeeze(1).float() for each in scores]
            total += torch.stack([(rows.weights * each).sum() for each in (*right, near.float().mean(1))])
    count = int(draw.count)
    shares = total.tolist() if count else [math.nan] * len(total)
    return Precision(shares[seen.heads], tuple(shares[: seen.heads]), None if head is None else shares[-2], shares[-1], count)


@torch.no_grad()
def attend_query(seen: Observation, view: int, cell: int) -> Tensor:
    """What one query of the first clip looks at: for every view a softmax over its cells.

    Returns:
        [H + 1, V, (h w)]: with each head alone, and with the mean of their logits.
    """
    keys = seen.k[: seen.grid.frames].float().unflatten(-1, (seen.heads, -1))  # [V, (h w), H, d]
    query = seen.q[view, cell].float().unflatten(-1, (seen.heads, -1))  # [H, d]
    logits = ((keys * query).sum(-1) / math.sqrt(query.shape[-1])).movedim(-1, 0)  # [H, V, (h w)]
    return torch.cat([logits, logits.mean(0, keepdim=True)]).softmax(-1)
