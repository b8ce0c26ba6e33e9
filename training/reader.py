"""Reads a picture's caption back: the ruler for what the denoiser has learned of its words. Never used by the product."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..mvcustom_core.embedded.scenes.grammar import VOCABULARY
from .data import load_field
from .depth import soften
from .engine.stage import Example, Losses, Stage

WIDTHS = (3, 24, 48, 64, 96)


class Reader(nn.Module):
    """Convolutions over a picture, one classifier for each attribute."""

    def __init__(self) -> None:
        super().__init__()
        self.halvings = nn.ModuleList(nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in zip(WIDTHS, WIDTHS[1:], strict=False))
        self.layers = nn.ModuleList(
            nn.Sequential(nn.GroupNorm(8, width), nn.ReLU(), nn.Conv2d(width, width, 3, padding=1)) for width in WIDTHS[1:]
        )
        self.heads = nn.ModuleList(nn.Linear(2 * WIDTHS[-1], len(options)) for options in VOCABULARY.values())

    def forward(self, images: Tensor) -> list[Tensor]:
        """Logits [N, words] of every attribute for images [N, 3, H, W] in [0, 1]."""
        x = images * 2 - 1
        for halve, layer in zip(self.halvings, self.layers, strict=True):
            x = F.relu(halve(x))
            x = x + layer(x)
        pooled = torch.cat([x.mean((2, 3)), x.amax((2, 3))], dim=1)
        return [head(pooled) for head in self.heads]


class Captioned:
    """Softened renders and the words of their captions."""

    def __init__(self, data: Path) -> None:
        self.images = load_field(data, "images", held_out=False)  # [N, V, 3, H, W] uint8
        self.words = load_field(data, "words", held_out=False)  # [N, 5]

    def __len__(self) -> int:
        return self.images.shape[0] * self.images.shape[1]

    def draw(self, index: int, generator: torch.Generator) -> Example:
        scene, view = divmod(index, self.images.shape[1])
        image = self.images[scene, view].float() / 255
        if torch.rand(1, generator=generator) < 0.5:
            image = image.flip(-1)  # no word of the grammar tells left from right
        return {"x": soften(image, generator), "words": self.words[scene]}


class ReaderStage(Stage):
    """Cross entropy on softened renders."""

    name = "reader"

    def __init__(self, data: Path) -> None:
        super().__init__()
        self.trained, self.data, self.examples = Reader(), data, Captioned(data)

    def forward(self, batch: Example) -> Losses:
        logits = self.trained(batch["x"])
        loss = sum(F.cross_entropy(row, batch["words"][:, index]) for index, row in enumerate(logits))
        return loss, {"loss": loss.detach()}

    def held_out(self) -> dict[str, float]:
        images = load_field(self.data, "images", held_out=True)
        words = load_field(self.data, "words", held_out=True).repeat_interleave(images.shape[1], dim=0)
        return read_accuracy(self.trained, images.flatten(0, 1).to(self.device).float() / 255, words)


@torch.no_grad()
def read_accuracy(reader: Reader, images: Tensor, words: Tensor) -> dict[str, float]:
    """Share of pictures [N, 3, H, W] whose attribute is read as in `words` [N, 5], by attribute."""
    parts = [torch.stack([row.argmax(1) for row in reader(part)], dim=1) for part in images.split(64)]
    return dict(zip(VOCABULARY, (torch.cat(parts).cpu() == words).float().mean(0).tolist(), strict=True))
