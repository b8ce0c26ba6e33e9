"""Stage 4: the depth head, on pictures as the autoencoder gives them back, since it will see decoded ones."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from .data import load_field
from .engine.stage import Example, Losses, Stage


class DepthPictures:
    """Single frames and their depth."""

    def __init__(self, data: Path) -> None:
        self.images = load_field(data, "images", held_out=False).flatten(0, 1)  # [N, 3, H, W] uint8
        self.depth = load_field(data, "depth", held_out=False).flatten(0, 1)  # [N, H, W]

    def __len__(self) -> int:
        return len(self.images)

    def draw(self, index: int, generator: torch.Generator) -> Example:
        x, target = soften(self.images[index].float() / 255, generator), self.depth[index].float().log()
        if torch.rand(1, generator=generator) < 0.5:
            x, target = x.flip(-1), target.flip(-1)
        return {"x": x, "log_depth": target}


class DepthStage(Stage):
    """L1 on log depth and on its differences."""

    name = "depth"

    def __init__(self, head: nn.Module, data: Path) -> None:
        super().__init__()
        self.trained, self.data, self.examples = head.train(), data, DepthPictures(data)

    def forward(self, batch: Example) -> Losses:
        error = self.trained(batch["x"]).log() - batch["log_depth"]  # [B, H, W]
        level, edge = error.abs().mean(), error.diff(dim=-1).abs().mean() + error.diff(dim=-2).abs().mean()
        return level + edge, {"level": level.detach(), "edge": edge.detach()}

    def held_out(self) -> dict[str, float]:
        images = load_field(self.data, "images", held_out=True)[:, ::4].flatten(0, 1).float() / 255
        depth = load_field(self.data, "depth", held_out=True)[:, ::4].flatten(0, 1).float()
        parts = zip(images.to(self.device).split(8), depth.to(self.device).split(8), strict=True)
        error = torch.cat([(self.trained(part).log() - d.log()).abs().mean((1, 2)) for part, d in parts])
        return {"absolute_log_error": float(error.mean())}


def soften(
    x: Tensor,  # [3, H, W]
    generator: torch.Generator,
) -> Tensor:
    """Blur and noise of random strength, as decoded pictures have them, [3, H, W]."""
    if torch.rand(1, generator=generator) < 0.6:
        x = torch.nn.functional.avg_pool2d(torch.nn.functional.pad(x, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    return x + 0.03 * float(torch.rand(1, generator=generator)) * torch.randn(x.shape, generator=generator)
