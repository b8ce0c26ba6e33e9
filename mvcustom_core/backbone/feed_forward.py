"""The feed-forward of a motion module: a GEGLU with four times the channels, run for some tokens at a time."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from .attention import split_evenly

MAX_HIDDEN_ELEMENTS = 2**26  # of the feed-forward's hidden layer at a time: 128 MiB in 16 bits
MAX_HIDDEN_ELEMENTS_CPU = 2**22  # 16 MiB in 32 bits: measured to be fastest, because the hidden layer then stays in the cache


class GatedLinear(nn.Module):
    """GEGLU: values in the first half of the projection, gates in the second."""

    def __init__(self, channels: int, hidden: int, operations: Any, **factory: Any) -> None:
        super().__init__()
        self.proj = operations.Linear(channels, 2 * hidden, **factory)

    def forward(self, x: Tensor) -> Tensor:
        value, gate = self.proj(x).chunk(2, dim=-1)
        gate = nn.functional.gelu(gate)
        return value * gate if torch.is_grad_enabled() else gate.mul_(value)


class FeedForward(nn.Module):
    def __init__(self, channels: int, operations: Any, **factory: Any) -> None:
        super().__init__()
        hidden = 4 * channels
        # the middle entry holds the place of AnimateDiff's dropout, so that the keys are its own
        self.net = nn.Sequential(
            GatedLinear(channels, hidden, operations, **factory), nn.Identity(), operations.Linear(hidden, channels, **factory)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)


def add_feed_forward(x: Tensor, norm: nn.Module, feed_forward: nn.Module) -> Tensor:
    """Norm, feed-forward and residual of tokens, as many at a time as suit the device, [N, C] -> [N, C]."""
    parts = split_evenly(len(x), count_hidden_tokens(x.shape[-1], x.device.type))
    if len(parts) == 1 or torch.is_grad_enabled():
        changed = [feed_forward(norm(x[part])) + x[part] for part in parts]
        return changed[0] if len(parts) == 1 else torch.cat(changed)
    changed = torch.empty_like(x)
    for part in parts:  # each sum is written to its place, which saves a pass over all tokens
        torch.add(feed_forward(norm(x[part])), x[part], out=changed[part])
    return changed


def count_hidden_tokens(channels: int, device_type: str) -> int:
    """Number of tokens that the feed-forward processes at a time. Its hidden layer is a module's largest tensor."""
    most = min(MAX_HIDDEN_ELEMENTS, MAX_HIDDEN_ELEMENTS_CPU) if device_type == "cpu" else MAX_HIDDEN_ELEMENTS
    return max(1, most // (8 * channels))
