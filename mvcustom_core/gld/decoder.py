"""The transformer that decodes four feature levels to pictures (GLD, arXiv 2603.22275, section 3.2), each view on its own.

A masked autoencoder's decoder (arXiv 2111.06377) with the key names of the published file.
"""

from __future__ import annotations

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F

from ..shapes import check_shape
from .features import IMAGE_MEAN, IMAGE_STD, Grid
from .settings import LEVELS, DecoderSettings

LAYER_EPSILON = 1e-12


class SelfAttention(nn.Module):
    """Queries, keys and values as three layers."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (rearrange(layer(x), "V L (n d) -> V n L d", n=self.heads) for layer in (self.query, self.key, self.value))
        return rearrange(F.scaled_dot_product_attention(q, k, v), "V n L d -> V L (n d)")


class Dense(nn.Module):
    """A linear layer under the name `dense`."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.dense = nn.Linear(before, after)

    def forward(self, x: Tensor) -> Tensor:
        return self.dense(x)


class DecoderLayer(nn.Module):
    """A pre-norm transformer layer with an exact GELU."""

    def __init__(self, settings: DecoderSettings) -> None:
        super().__init__()
        width = settings.width
        self.layernorm_before = nn.LayerNorm(width, eps=LAYER_EPSILON)
        self.attention = nn.ModuleDict({"attention": SelfAttention(width, settings.heads), "output": Dense(width, width)})
        self.layernorm_after = nn.LayerNorm(width, eps=LAYER_EPSILON)
        self.intermediate = Dense(width, settings.inner)
        self.output = Dense(settings.inner, width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention["output"](self.attention["attention"](self.layernorm_before(x)))
        return x + self.output(F.gelu(self.intermediate(self.layernorm_after(x))))


class RgbDecoder(nn.Module):
    """Decodes the decoder forms of levels 0 to 3 to pictures."""

    def __init__(self, settings: DecoderSettings) -> None:
        super().__init__()
        self.settings = settings
        width = settings.width
        self.decoder_embed = nn.Linear(LEVELS * settings.channels, width)
        self.trainable_cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.decoder_pos_embed = nn.Parameter(torch.randn(1, 1 + settings.table**2, width) * 0.02)
        self.decoder_layers = nn.ModuleList(DecoderLayer(settings) for _ in range(settings.layers))
        self.decoder_norm = nn.LayerNorm(width, eps=LAYER_EPSILON)
        self.decoder_pred = nn.Linear(width, 3 * settings.patch**2)

    def forward(self, levels: list[Tensor], grid: Grid) -> Tensor:
        """Pictures [V, 3, H, W] in 0..1.

        Args:
            levels: decoder forms of levels 0, 1, 2, 3 in this order, [V, T, C] each.
            grid: rows and columns of the patches.
        """
        return self.paint(levels, grid).clamp(0, 1)

    def paint(self, levels: list[Tensor], grid: Grid) -> Tensor:
        """Pictures [V, 3, H, W] that may leave 0..1, which a loss can still pull back.

        Raises:
            ValueError: for another number of levels, or levels that do not fit the grid.
        """
        if len(levels) != LEVELS:
            raise ValueError(f"decoder: wanted {LEVELS} feature levels, got {len(levels)}")
        sizes = check_shape(*(part for level in levels for part in (level, "V T C")))
        if sizes["T"] != grid[0] * grid[1] or sizes["C"] != self.settings.channels:
            raise ValueError(f"decoder: wanted levels [V, {grid[0]} * {grid[1]}, {self.settings.channels}], got {list(levels[0].shape)}")
        tokens = self.decoder_embed(torch.cat(levels, dim=-1))  # [V, T, D]
        tokens = torch.cat([self.trainable_cls_token.expand(len(tokens), -1, -1), tokens], dim=1)
        tokens = tokens + self._positions(grid)
        for layer in self.decoder_layers:
            tokens = layer(tokens)
        pixels = self.decoder_pred(self.decoder_norm(tokens))[:, 1:]  # [V, T, (p q c)]
        patch = self.settings.patch
        picture = rearrange(pixels, "V (h w) (p q c) -> V c (h p) (w q)", h=grid[0], p=patch, q=patch)
        mean, std = (picture.new_tensor(values)[:, None, None] for values in (IMAGE_MEAN, IMAGE_STD))
        return picture * std + mean

    def _positions(self, grid: Grid) -> Tensor:
        """Learned positions [1, 1+T, D] for a grid, resampled from the table."""
        side = self.settings.table
        if grid == (side, side):
            return self.decoder_pos_embed
        table = rearrange(self.decoder_pos_embed[:, 1:], "1 (h w) D -> 1 D h w", h=side)
        table = F.interpolate(table, size=grid, mode="bicubic", align_corners=False)
        return torch.cat([self.decoder_pos_embed[:, :1], rearrange(table, "1 D h w -> 1 (h w) D")], dim=1)


def drop_levels(levels: list[Tensor], probability: float, generator: torch.Generator) -> list[Tensor]:
    """Feature levels with whole levels set to zero at random, for training; where all would be, one of them stays.

    Args:
        levels: [V, T, C] each.
        probability: of each level, on its own.
        generator: on the CPU.
    """
    draws = torch.rand(len(levels), generator=generator)
    kept = (draws >= probability).tolist()
    if not any(kept):
        kept[int(draws.argmax())] = True  # each with the same chance, given that all would go
    return [level if keep else torch.zeros_like(level) for level, keep in zip(levels, kept, strict=True)]
