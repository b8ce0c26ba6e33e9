"""PSNR: known errors, weights, and what has no number."""

from __future__ import annotations

import math

import pytest
import torch

from mvcustom.mvcustom_core.psnr import measure_psnr


def test_known_errors_in_db() -> None:
    truth = torch.full((3, 3, 4, 4), 0.5)
    images = truth.clone()
    images[0] += 0.1
    images[1, :, :2] += 0.01
    assert measure_psnr(images, truth).tolist() == pytest.approx([20, 40 + 10 * math.log10(2), 100], abs=1e-3)


def test_pixels_count_by_their_weight() -> None:
    images = torch.tensor([0.1, 7.0]).expand(1, 3, 1, 2)
    assert measure_psnr(images, torch.zeros(1, 3, 1, 2), torch.tensor([[[[1.0, 0.0]]]])).item() == pytest.approx(20, abs=1e-4)
    shared = measure_psnr(torch.tensor([0.1, 0.2]).expand(1, 3, 1, 2), torch.zeros(1, 3, 1, 2), torch.tensor([[[[3.0, 1.0]]]]))
    assert shared.item() == pytest.approx(-10 * math.log10((3 * 0.01 + 0.04) / 4), abs=1e-4)


def test_no_weight_gives_no_number() -> None:
    assert measure_psnr(torch.rand(1, 3, 4, 4), torch.rand(1, 3, 4, 4), torch.zeros(1, 1, 4, 4)).isnan().all()


def test_pictures_of_different_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \[V C H W\] with V=1, C=3, H=4, W=4, got \[1, 3, 4, 5\]"):
        measure_psnr(torch.rand(1, 3, 4, 4), torch.rand(1, 3, 4, 5))
