"""What is brought to a device, on the host itself: the same values, the same bits."""

from __future__ import annotations

import torch

from mvcustom.mvcustom_core.concept.transfer import lock_pages, make_constant, read_numbers, send, send_rows

CPU = torch.device("cpu")


def test_values_arrive_as_they_are():
    kept = torch.randn(5, 2, 3, generator=torch.Generator().manual_seed(0))
    assert torch.equal(send_rows(kept, [3, 0, 3], CPU), kept[[3, 0, 3]])
    assert send(kept, CPU) is kept and lock_pages(kept, CPU) is kept
    constant = make_constant([1, -2.5], kept.double())
    assert constant.dtype == torch.float64 and constant.tolist() == [1, -2.5]
    assert read_numbers([torch.tensor(1.5), torch.tensor(2.0)]) == [1.5, 2.0]
