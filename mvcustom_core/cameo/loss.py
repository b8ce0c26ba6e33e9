"""The loss of CAMEO: a query's attention to each other view is held to the cell that shows the same surface point.

    L = mean over queries a and views j of  -log softmax over the cells b of j alone ( s(a, b) )  at b*,

b* the cell of j that shows what a shows. The score s(a, b) comes from the logits q_a . k_b / sqrt(d) of all heads, by a small network over
the head axis that is shared by all pairs, or as their mean. The matrix of all pairs is never formed: a few queries are drawn for each pair
of views, and their rows are computed once more in the backward pass.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from ..backbone.attention import split_evenly
from ..backbone.motion import Observation
from .targets import Draw, Targets, draw_queries

QUERIES = 256  # for each ordered pair of views
EXPANSION = 4  # hidden width of the head for each attention head
MAX_ELEMENTS = 2**25  # of the head's layers, computed at a time


class ScoreHead(nn.Module):
    """Heads' logits [..., H] to one score [...]: H -> 4 H -> 1 with GELU. It is needed while training alone."""

    def __init__(self, heads: int, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.hidden = nn.Linear(heads, EXPANSION * heads)
        self.score = nn.Linear(EXPANSION * heads, 1)
        with torch.no_grad():  # torch's own rule for linear layers, drawn from the given generator
            for layer in (self.hidden, self.score):
                for parameter in layer.parameters():
                    parameter.uniform_(-(layer.in_features**-0.5), layer.in_features**-0.5, generator=generator)

    def forward(self, logits: Tensor) -> Tensor:
        return self.score(F.gelu(self.hidden(logits))).squeeze(-1)


class Recorder:
    """An `Observer` that keeps what it is shown first, which belongs to the result also where layers are computed twice.

    One serves one module in one forward pass; it holds on to the pass's graph.
    """

    def __init__(self) -> None:
        self.seen: Observation | None = None

    def __call__(self, seen: Observation) -> None:
        if self.seen is None:
            self.seen = seen


@dataclass(frozen=True, eq=False)
class Supervision:
    """Result of the loss.

    Attributes:
        loss: [] mean cross entropy; 0 with gradients of 0 where no query counts.
        count: [] how many pairs of a query and a view the mean stands for.
    """

    loss: Tensor  # []
    count: Tensor  # []


def correspondence_loss(
    seen: Observation,
    targets: Targets,
    generator: torch.Generator,
    head: ScoreHead | None = None,
    queries: int = QUERIES,
) -> Supervision:
    """CAMEO's loss of one motion module.

    Queries whose target is unknown, or lies outside of the window that the module's scope gives them, do not count.

    Args:
        seen: the first attention of the module, for B clips.
        targets: of the same clips, on the module's grid and device.
        generator: on the CPU; draws the queries.
        head: None takes the mean of the heads' logits.
        queries: how many are drawn for each ordered pair of views; as many as there are cells takes all.

    Returns:
        float32, with gradients to q, k, the head and what they come from.

    Raises:
        ValueError: if the targets are of other clips or another grid.
    """
    targets.check_fit(seen)
    return supervise(seen, targets, draw_queries(targets.find_reachable(seen.scope), queries, generator), head)


def supervise(seen: Observation, targets: Targets, draw: Draw, head: ScoreHead | None = None) -> Supervision:
    """`correspondence_loss` of queries that are drawn already, among those that the module's scope lets reach their targets.

    Raises:
        ValueError: if the targets are of other clips or another grid.
    """
    targets.check_fit(seen)
    with torch.autocast(seen.q.device.type, enabled=False):
        total = torch.zeros((), device=seen.q.device)
        for rows in walk_rows(seen, targets, draw, head):
            if torch.is_grad_enabled():
                total = total + checkpoint(rows.loss, use_reentrant=False, preserve_rng_state=False)
            else:
                total = total + rows.loss()
    return Supervision(total, draw.count)


@dataclass(frozen=True, eq=False)
class Rows:
    """Some drawn queries before all keys of one view.

    Attributes:
        q: [R, C] queries of several views.
        k: [(h w), C] keys of one view.
        cells: [R] the target's cell in that view.
        points: [R, 2] the target's place (x, y) there in cells.
        weights: [R] as of `Draw`.
        heads: attention heads.
        head: as of `correspondence_loss`.
    """

    q: Tensor  # [R, C]
    k: Tensor  # [(h w), C]
    cells: Tensor  # [R]
    points: Tensor  # [R, 2]
    weights: Tensor  # [R]
    heads: int
    head: ScoreHead | None

    def logits(self) -> Tensor:
        """[H, R, (h w)] float32."""
        q, k = (rearrange(x.float(), "n (H d) -> H n d", H=self.heads) for x in (self.q, self.k))
        return q @ k.mT / math.sqrt(q.shape[-1])

    def scores(self) -> Tensor:
        """[R, (h w)] float32."""
        return combine_heads(self.logits(), self.head)

    def loss(self) -> Tensor:
        """Their part of the mean cross entropy, []."""
        scores = self.scores()
        at_target = scores.gather(1, self.cells[:, None]).squeeze(1)
        return (self.weights * (scores.logsumexp(1) - at_target)).sum()


def combine_heads(logits: Tensor, head: ScoreHead | None) -> Tensor:
    """One score for each pair, [R, (h w)], from the heads' logits [H, R, (h w)]."""
    return logits.mean(0) if head is None else head(logits.movedim(0, -1))


def walk_rows(seen: Observation, targets: Targets, draw: Draw, head: ScoreHead | None) -> Iterator[Rows]:
    """The drawn queries, by clip and view that they look into, few enough at a time for the memory that their scores take."""
    views, cells = seen.grid.frames, seen.grid.height * seen.grid.width
    q, k = (rearrange(x, "(B V) p C -> B V p C", V=views) for x in (seen.q, seen.k))
    most = max(1, MAX_ELEMENTS // (cells * seen.heads * (2 * EXPANSION + 1)))
    for clip in range(len(q)):
        for m in range(views):
            n = torch.arange(views - 1, device=q.device)
            n = n + (n >= m)  # the other views
            asked, weights = draw.cells[clip, n, m], draw.weights[clip, n, m].flatten()  # [V - 1, S], [R]
            view, cell = n[:, None].expand_as(asked).flatten(), asked.flatten()  # [R] both
            for part in split_evenly(len(cell), most):
                place = clip, view[part], cell[part]
                target, point = targets.cells[(*place, m)], targets.points[(*place, m)]
                yield Rows(q[place], k[clip, m], target, point, weights[part], seen.heads, head)
