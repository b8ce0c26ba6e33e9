"""Motion-compensated PSNR knows a picture that moved from another picture."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from mvcustom.training.agreement import REACH, compensated_psnr


def smooth_picture(seed: int) -> torch.Tensor:
    coarse = torch.rand(1, 3, 24, 24, generator=torch.Generator().manual_seed(seed))
    return F.interpolate(coarse, size=96, mode="bicubic").clamp(0, 1)


@pytest.mark.parametrize("shift", [(0, 5), (-7, 3), (REACH, -REACH)])
def test_a_picture_that_moved_is_found_again(shift: tuple[int, int]):
    picture = smooth_picture(0)
    first, second = picture[..., 16:80, 16:80], picture[..., 16 + shift[0] : 80 + shift[0], 16 + shift[1] : 80 + shift[1]]
    still = float(-10 * (first - second).square().mean().log10())
    assert compensated_psnr(torch.cat([first, second])) > still + 5


def test_frozen_views_agree_wholly_and_different_ones_do_not():
    first, second = (smooth_picture(seed)[..., :64, :64] for seed in (0, 1))
    assert compensated_psnr(torch.cat([first, first])) > 100
    assert compensated_psnr(torch.cat([first, second])) < 20
