"""Stage 4: the depth head, on pictures as the autoencoder gives them back, since it will see decoded ones."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from .data import load_field
from .loop import training_device


class DepthStage:
    """L1 on log depth and on its differences."""

    name = "depth"

    def __init__(self, head: nn.Module, data: Path, batch: int) -> None:
        self.module, self.batch, self.data = head.train(), batch, data
        self.images = load_field(data, "images", held_out=False).flatten(0, 1)
        self.depth = load_field(data, "depth", held_out=False).flatten(0, 1)

    def loss(self, generator: torch.Generator) -> tuple[Tensor, dict[str, float]]:
        picks = torch.randint(len(self.images), (self.batch,), generator=generator)
        x, target = (
            soften(self.images[picks].to(training_device()).float() / 255, generator),
            self.depth[picks].to(training_device()).float().log(),
        )
        if torch.rand(1, generator=generator) < 0.5:
            x, target = x.flip(-1), target.flip(-1)
        error = self.module(x).log() - target
        level, edge = error.abs().mean(), error.diff(dim=-1).abs().mean() + error.diff(dim=-2).abs().mean()
        return level + edge, {"level": float(level.detach()), "edge": float(edge.detach())}

    @torch.no_grad()
    def held_out(self) -> dict[str, float]:
        images = load_field(self.data, "images", held_out=True)[:, ::4].flatten(0, 1).float() / 255
        depth = load_field(self.data, "depth", held_out=True)[:, ::4].flatten(0, 1).float()
        parts = zip(images.to(training_device()).split(8), depth.to(training_device()).split(8), strict=True)
        error = torch.cat([(self.module(part).log() - d.log()).abs().mean((1, 2)) for part, d in parts])
        return {"absolute_log_error": float(error.mean())}


def soften(x: Tensor, generator: torch.Generator) -> Tensor:
    """Blur and noise of random strength, as decoded pictures have them."""
    if torch.rand(1, generator=generator) < 0.6:
        x = torch.nn.functional.avg_pool2d(torch.nn.functional.pad(x, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    return x + 0.03 * float(torch.rand(1, generator=generator)) * torch.randn(x.shape, generator=generator).to(x)
