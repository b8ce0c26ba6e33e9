"""Several anchors for one target: each cell takes the anchor that sees it best, with a narrow feathered seam between two of them.

The score of an anchor at a cell is the share of the cell that it sees, weighed by incidence: how far its picture of the surface would
have to be stretched there. A little of the anchor's mean score over the whole view goes in as well, so that where two see a surface
equally well the nearer one keeps it whole, and the seam runs along a line instead of through scattered cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

SMOOTHING = 6  # the scores are averaged this part of the grid's width to each side before they compete, so all grids place a seam alike
FEATHER = 1  # cells to each side over which the choice is averaged, so a straight seam is two cells wide
STANDING = 0.2  # weight of the mean score over the view
UNSEEN = 1e-6  # what a mask of 0 counts as, so that barely seen cells keep a row


@dataclass(frozen=True, eq=False)
class TargetRows:
    """What one target sees of one anchor, or of several after `blend_anchors`.

    Attributes:
        indices: [(h w), T] anchor cells, heaviest first.
        weights: [(h w), T] each row sums to 1, or to 0 where nothing is seen.
        mask: [h, w] in [0, 1].
        score: [h, w] how well the anchor sees the cell, at least 0.
    """

    indices: Tensor  # [(h w), T]
    weights: Tensor  # [(h w), T]
    mask: Tensor  # [h, w]
    score: Tensor  # [h, w]


def blend_anchors(rows: Sequence[TargetRows]) -> TargetRows:
    """Join what one target sees of A anchors; their indices must already tell the anchors apart."""
    if len(rows) == 1:
        return rows[0]
    masks = torch.stack([anchor.mask for anchor in rows])  # [A, h, w]
    scores = torch.stack([anchor.score for anchor in rows])
    shares = share_cells(masks, scores)
    weights = torch.cat([anchor.weights * share.flatten()[:, None] for anchor, share in zip(rows, shares, strict=True)], dim=1)
    weights, order = weights.sort(dim=1, descending=True, stable=True)
    taps = max(int((weights > 0).sum(dim=1).max()), 1)
    indices = torch.cat([anchor.indices for anchor in rows], dim=1).gather(1, order)
    return TargetRows(indices[:, :taps], weights[:, :taps], (shares * masks).sum(dim=0), (shares * scores).sum(dim=0))


def share_cells(masks: Tensor, scores: Tensor) -> Tensor:
    """How much of each cell every anchor gives.

    Args:
        masks, scores: [A, h, w].

    Returns:
        [A, h, w], summing to 1 where any anchor has a score and to 0 elsewhere.
    """
    rank = _average(scores, max(round(scores.shape[-1] / SMOOTHING), 1)) + STANDING * scores.mean(dim=(1, 2), keepdim=True)
    rank = torch.where(scores > 0, rank, -1.0)
    winner = torch.nn.functional.one_hot(rank.argmax(dim=0), len(scores)).movedim(-1, 0).to(scores)
    share = _average(winner, FEATHER) * (masks + UNSEEN) * (scores > 0)
    return share / share.sum(dim=0, keepdim=True).clamp(min=torch.finfo(share.dtype).tiny)


def _average(values: Tensor, reach: int) -> Tensor:
    """The mean over the square of cells within reach, inside the grid."""
    for shape, padding in (((1, 2 * reach + 1), (0, reach)), ((2 * reach + 1, 1), (reach, 0))):
        values = torch.nn.functional.avg_pool2d(values, shape, stride=1, padding=padding, count_include_pad=False)
    return values
