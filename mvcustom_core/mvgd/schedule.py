"""The noise level of MVGD: u from 0 (clean) to 1 (noise), on a sigmoid schedule (arXiv 2301.10972) that ends in pure noise.

Noise preserves the variance and the network predicts v (arXiv 2202.00512), so x_0 is defined at u = 1, too: there it is -v.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..diffusion import prediction

REACH = 3.0  # of the sigmoid: it is cut at plus and minus this


def signal(u: Tensor) -> Tensor:
    """alpha_bar [...], the share of signal in the variance, of noise levels u [...]."""
    ends = torch.sigmoid(torch.tensor([-REACH, REACH], dtype=u.dtype, device=u.device))
    return ((ends[1] - torch.sigmoid(REACH * (2 * u - 1))) / (ends[1] - ends[0])).clamp(0, 1)


def add_noise(
    x0: Tensor,  # [B, n, c]
    noise: Tensor,  # [B, n, c]
    u: Tensor,  # [B]
) -> Tensor:
    """Noisy values [B, n, c] at the noise level of each sample."""
    return prediction.add_noise(x0[:, None], noise[:, None], *_scales(u))[:, 0]


def target_v(
    x0: Tensor,  # [B, n, c]
    noise: Tensor,  # [B, n, c]
    u: Tensor,  # [B]
) -> Tensor:
    """What the network is to predict, [B, n, c]."""
    return prediction.prediction_target("v", x0[:, None], noise[:, None], *_scales(u))[:, 0]


def to_x0(
    noisy: Tensor,  # [B, n, c]
    v: Tensor,  # [B, n, c]
    u: Tensor,  # [B]
) -> Tensor:
    """The clean values [B, n, c] that follow from a predicted v."""
    return prediction.recover_clean("v", noisy[:, None], v[:, None], *_scales(u))[:, 0]


def step(
    noisy: Tensor,  # [B, n, c]
    x0: Tensor,  # [B, n, c]
    u: Tensor,  # [B]
    following: Tensor,  # [B]
) -> Tensor:
    """One DDIM step (arXiv 2010.02502, eta 0) from level u to a lower one, [B, n, c]. The noise is what x0 leaves of the noisy values."""
    scale, noise_scale = (value[:, None, None] for value in _scales(u))
    return add_noise(x0, (noisy - scale * x0) / noise_scale, following)


def _scales(u: Tensor) -> tuple[Tensor, Tensor]:
    return prediction.scale_signal("v", signal(u))
