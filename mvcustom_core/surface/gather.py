"""Rows of a table, blended: the sparse matrix behind rendered features and behind what other views show of a point."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import TypeVar

import torch
from torch import Tensor

Gather = TypeVar("Gather", bound="SparseGather")


@dataclass(frozen=True, eq=False)
class SparseGather:
    """Weighted sums of a few rows of a table.

    Attributes:
        cells: [R, ..., T] int32 rows of the table that are taken, the heaviest first.
        weights: [R, ..., T] float32, of sum 1 or all zero; what has weight 0 pads a row.
        known: [R, ...] bool, false where the surface does not tell what to take; the cells there stand in for it, if they weigh anything.
    """

    cells: Tensor  # [R, ..., T]
    weights: Tensor  # [R, ..., T]
    known: Tensor  # [R, ...]

    def to(self: Gather, device: torch.device | str) -> Gather:
        tensors = {field.name: value for field in fields(self) if isinstance(value := getattr(self, field.name), Tensor)}
        return replace(self, **{name: tensor.to(device) for name, tensor in tensors.items()})

    def gather(self, table: Tensor, part: slice = slice(None)) -> Tensor:
        """Blend a table's rows.

        Differentiable in the table. The sum over cells runs in a fixed order, and the backward pass of a summing `embedding_bag` sorts
        by index instead of adding atomically, so both are deterministic.

        Args:
            table: [N, C].
            part: the blocks along the first axis that are wanted.

        Returns:
            [(R ...), C] in the table's dtype.
        """
        bags = self._bags
        if table.dtype not in bags.weights:
            bags.weights[table.dtype] = self._cast_weights(table.dtype)
        first, last, _ = part.indices(len(self.cells))
        start, stop = bags.bounds[first], bags.bounds[last]
        starts = bags.starts[first * bags.rows : last * bags.rows]
        starts = starts - start if start else starts
        weights = bags.weights[table.dtype][start:stop]
        return torch.nn.functional.embedding_bag(bags.cells[start:stop], table, starts, mode="sum", per_sample_weights=weights)

    @cached_property
    def _bags(self) -> _Bags:
        """The taps that weigh something; 0 times infinity would be no number. A row without any is an empty bag."""
        cells, used = self.cells.flatten(0, -2), self.weights.flatten(0, -2) > 0  # [(R ...), T]
        lengths = used.sum(dim=1)
        ends = lengths.cumsum(0)
        bounds = [0, *ends.unflatten(0, (len(self.cells), -1))[:, -1].tolist()]
        return _Bags(self._compact(cells), (ends - lengths).int(), bounds, len(cells) // len(self.cells), {})

    @cached_property
    def _is_full(self) -> bool:
        """Whether every tap weighs something, so that nothing needs a copy."""
        return bool((self.weights > 0).all())

    def _compact(self, values: Tensor) -> Tensor:
        """What of [(R ...), T] is used, [U]."""
        return values.flatten() if self._is_full else values[self.weights.flatten(0, -2) > 0]

    def _cast_weights(self, dtype: torch.dtype) -> Tensor:
        """The weights [U] in another dtype; what rounding took from a row's sum goes to its heaviest weight, so no row fades."""
        weights = self.weights.flatten(0, -2)  # [(R ...), T]
        if dtype == weights.dtype:
            return self._compact(weights)
        rounded = weights.to(dtype)
        lost = weights.sum(dim=1) - rounded.to(weights.dtype).sum(dim=1)
        heaviest = (rounded[:, 0].to(weights.dtype) + lost).to(dtype)
        return self._compact(torch.cat([heaviest[:, None], rounded[:, 1:]], dim=1))


@dataclass(frozen=True, eq=False)
class _Bags:
    """The rows as `embedding_bag` takes them.

    Attributes:
        cells: [U] of all rows.
        starts: [(R ...)] int32 where each row starts among them.
        bounds: where each block along the first axis starts, and the end.
        rows: in each block.
        weights: [U] in every dtype asked for so far.
    """

    cells: Tensor  # [U]
    starts: Tensor  # [(R ...)]
    bounds: list[int]
    rows: int
    weights: dict[torch.dtype, Tensor]
