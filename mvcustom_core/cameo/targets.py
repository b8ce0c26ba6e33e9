"""Which cell each query should attend to in every other view, and the draw of a few queries that stand for all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..backbone.attention import Scope
from ..backbone.motion import Observation
from ..surface.correspondence import Correspondence


@dataclass(frozen=True, eq=False)
class Targets:
    """For B clips of V views, every view n, cell p and other view m: the cell of m that shows what n shows in p.

    Attributes:
        cells: [B, V, (h w), V] int64, counted within m.
        points: [B, V, (h w), V, 2] the same place (x, y) in cells, finer than a cell where the source is.
        known: [B, V, (h w), V] bool; false for m = n.
        height, width: of the grid.
    """

    cells: Tensor  # [B, V, (h w), V]
    points: Tensor  # [B, V, (h w), V, 2]
    known: Tensor  # [B, V, (h w), V]
    height: int
    width: int

    @classmethod
    def stack(cls, clips: Sequence[Correspondence]) -> Targets:
        """The targets of several clips of as many views on one grid.

        Raises:
            ValueError: if the clips differ in views or grid.
        """
        sizes = {(len(each.cells), each.height, each.width) for each in clips}
        if len(sizes) != 1:
            raise ValueError(f"targets: wanted clips of one number of views and one grid, got (views, h, w) {sorted(sizes)}")
        ((views, height, width),) = sizes
        others = ~torch.eye(views, dtype=torch.bool, device=clips[0].known.device)[:, None]  # [V, 1, V]
        parts = ([each.nearest for each in clips], [each.points for each in clips], [each.known & others for each in clips])
        return cls(*(torch.stack(part) for part in parts), height, width)

    def to(self, device: torch.device | str) -> Targets:
        """The same on a device."""
        return replace(self, cells=self.cells.to(device), points=self.points.to(device), known=self.known.to(device))

    def find_reachable(self, scope: Scope) -> Tensor:
        """Whether a target is known and lies in the window of its query under a scope, [B, V, (h w), V] bool."""
        if scope.window is None:
            return self.known
        own = torch.arange(self.height * self.width, device=self.cells.device)[:, None]  # [(h w), 1]
        (row, column), (own_row, own_column) = ((x.div(self.width, rounding_mode="floor"), x % self.width) for x in (self.cells, own))
        rows, columns = (row - own_row).abs(), (column - own_column).abs()
        return self.known & (torch.maximum(rows, columns) <= scope.window // 2)

    def check_fit(self, seen: Observation) -> None:
        """Check that these are the targets of an observation.

        Raises:
            ValueError: if they are of other clips or another grid.
        """
        grid, clips = seen.grid, len(seen.q) // seen.grid.frames
        wanted = (clips, grid.frames, grid.height, grid.width)
        got = (*self.known.shape[:2], self.height, self.width)
        if wanted != got:
            raise ValueError(f"targets: wanted (clips, views, h, w) {wanted} as the attention has, got {got}")


@dataclass(frozen=True, eq=False)
class Draw:
    """A few queries for every ordered pair of views.

    Attributes:
        cells: [B, V, V, S] the query's cell in n, by n and m.
        weights: [B, V, V, S] float32; a weighted sum over the draw is an unbiased estimate of the mean over all that may be drawn. What
            only pads a pair with few has weight 0.
        count: [] how many may be drawn in all.
    """

    cells: Tensor  # [B, V, V, S]
    weights: Tensor  # [B, V, V, S]
    count: Tensor  # []


def draw_queries(admitted: Tensor, most: int, generator: torch.Generator) -> Draw:
    """Draw up to `most` queries for every ordered pair of views, without repetition and without waiting for the device.

    Args:
        admitted: [B, V, (h w), V] which queries may be drawn.
        generator: on the CPU.
    """
    return pick_queries(admitted, most, draw_order(admitted, generator).to(admitted.device, non_blocking=True))


def draw_order(
    admitted: Tensor,  # [B, V, (h w), V]
    generator: torch.Generator,
) -> Tensor:
    """Random numbers for `pick_queries`, [B, V, V, (h w)] on the CPU, as the generator is."""
    return torch.rand(admitted.transpose(2, 3).shape, generator=generator)


def pick_queries(admitted: Tensor, most: int, order: Tensor) -> Draw:
    """The draw of `draw_queries` by random numbers that are there already.

    Args:
        order: [B, V, V, (h w)] in 0..1; of each pair of views the highest are drawn.
    """
    admitted = admitted.transpose(2, 3)  # [B, V, V, (h w)]
    picked, cells = torch.where(admitted, order, -1.0).topk(min(most, admitted.shape[-1]), dim=-1)
    drawn = picked >= 0
    every, some = admitted.sum(-1, keepdim=True), drawn.sum(-1, keepdim=True)  # [B, V, V, 1]
    return Draw(cells, drawn * (every / (some.clamp(min=1) * every.sum().clamp(min=1))).float(), every.sum())
