"""The sparse gather against the dense matrix that it stands for."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from mvcustom.mvcustom_core.surface.gather import SparseGather

BLOCKS, ROWS, TAPS, TABLE = 3, 5, 4, 7


def make_gather(share: float) -> SparseGather:
    """Rows of which a share of the taps is in use, the heaviest first; the last row of the last block takes nothing."""
    generator = torch.Generator().manual_seed(0)
    cells = torch.stack([torch.randperm(TABLE, generator=generator)[:TAPS] for _ in range(BLOCKS * ROWS)])
    weights = torch.rand(BLOCKS * ROWS, TAPS, generator=generator).sort(-1, descending=True).values
    weights[:, max(round(share * TAPS), 1) :] = 0
    weights = weights / weights.sum(-1, keepdim=True)
    weights[-1] = 0
    shape = BLOCKS, ROWS, TAPS
    return SparseGather(cells.int().reshape(shape), weights.reshape(shape), (weights.sum(-1) > 0).reshape(shape[:-1]))


def make_matrix(gather: SparseGather) -> Tensor:
    matrix = torch.zeros(BLOCKS, ROWS, TABLE).scatter_add(-1, gather.cells.long(), gather.weights)
    return matrix.flatten(0, 1)


def make_table(dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(TABLE, 6, generator=torch.Generator().manual_seed(1)).to(dtype)


@pytest.mark.parametrize("share", [0.25, 1.0])
def test_it_is_the_dense_matrix(share: float) -> None:
    gather, table = make_gather(share), make_table()
    expected = make_matrix(gather) @ table
    torch.testing.assert_close(gather.gather(table), expected)
    for part in (slice(1), slice(1, 3), slice(2, 3), slice(1, None)):
        torch.testing.assert_close(gather.gather(table, part), expected.unflatten(0, (BLOCKS, ROWS))[part].flatten(0, 1))


@pytest.mark.parametrize("share", [0.25, 1.0])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_rows_keep_their_sum_in_half_precision(share: float, dtype: torch.dtype) -> None:
    gather = make_gather(share)
    sums = gather.gather(torch.ones(TABLE, 1, dtype=dtype))[:, 0]
    assert sums.dtype == dtype and (sums[:-1].float() - 1).abs().max() <= torch.finfo(dtype).eps and sums[-1] == 0


@pytest.mark.parametrize("share", [0.25, 0.5, 1.0])
@pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
def test_infinity_reaches_only_the_rows_that_take_it(share: float, dtype: torch.dtype) -> None:
    """What weighs nothing is not read: neither the taps that pad a row, nor any of a row that takes nothing."""
    gather = make_gather(share)
    for cell in range(TABLE):
        table = make_table(dtype)
        table[cell] = torch.inf
        taken = ((gather.cells == cell) & (gather.weights > 0)).any(dim=-1).flatten()
        found = gather.gather(table)
        assert found[~taken].isfinite().all() and (found[taken] == torch.inf).all()
        assert (found[-1] == 0).all()


@pytest.mark.parametrize("share", [0.25, 1.0])
def test_gradients_of_the_table(share: float) -> None:
    gather = make_gather(share)
    assert torch.autograd.gradcheck(gather.gather, (make_table(torch.float64).requires_grad_(),))


def test_all_of_it_moves() -> None:
    moved = make_gather(1.0).to("meta")
    assert {part.device.type for part in (moved.cells, moved.weights, moved.known)} == {"meta"}
