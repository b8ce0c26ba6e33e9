"""Reads a picture's caption back: the ruler for what the denoiser has learned of its words. Never used by the product."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..mvcustom_core.scenes.grammar import VOCABULARY
from .data import load_field
from .depth import soften
from .loop import training_device


class Reader(nn.Module):
    """Convolutions over a picture, one classifier for each attribute."""

    def __init__(self) -> None:
        super().__init__()
        widths = (3, 24, 48, 64, 96)
        self.layers = nn.ModuleList(nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in zip(widths, widths[1:], strict=False))
        self.heads = nn.ModuleList(nn.Linear(2 * widths[-1], len(options)) for options in VOCABULARY.values())

    def forward(self, images: Tensor) -> list[Tensor]:
        """Logits [N, words] of every attribute for images [N, 3, H, W] in [0, 1]."""
        x = images * 2 - 1
        for layer in self.layers:
            x = F.relu(layer(x))
        pooled = torch.cat([x.mean((2, 3)), x.amax((2, 3))], dim=1)
        return [head(pooled) for head in self.heads]


class ReaderStage:
    """Cross entropy on softened renders."""

    name = "reader"

    def __init__(self, data: Path, batch: int) -> None:
        self.module, self.data, self.batch = Reader(), data, batch
        self.images = load_field(data, "images", held_out=False)  # [N, V, 3, H, W]
        self.words = load_field(data, "words", held_out=False)

    def loss(self, generator: torch.Generator) -> tuple[Tensor, dict[str, float]]:
        scenes = torch.randint(len(self.images), (self.batch,), generator=generator)
        views = torch.randint(self.images.shape[1], (self.batch,), generator=generator)
        logits = self.module(soften(self.images[scenes, views].to(training_device()).float() / 255, generator))
        loss = sum(F.cross_entropy(row, self.words[scenes, index].to(row.device)) for index, row in enumerate(logits))
        return loss, {"loss": float(loss.detach())}

    def held_out(self) -> dict[str, float]:
        images = load_field(self.data, "images", held_out=True)
        words = load_field(self.data, "words", held_out=True).repeat_interleave(images.shape[1], dim=0)
        return read_accuracy(self.module, images.flatten(0, 1).to(training_device()).float() / 255, words)


@torch.no_grad()
def read_accuracy(reader: Reader, images: Tensor, words: Tensor) -> dict[str, float]:
    """Share of pictures [N, 3, H, W] whose attribute is read as in `words` [N, 5], by attribute."""
    parts = [torch.stack([row.argmax(1) for row in reader(part)], dim=1) for part in images.split(64)]
    return dict(zip(VOCABULARY, (torch.cat(parts).cpu() == words).float().mean(0).tolist(), strict=True))
