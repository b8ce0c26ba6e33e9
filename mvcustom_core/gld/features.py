"""Features of Depth Anything 3 as a latent space (GLD, arXiv 2603.22275, section 3).

A *raw* level [V, 1+T, 2 E] is [tokens of an even block, within each view | tokens of the next block, over all views], before the
final norm; token 0 is the camera's. Its *decoder form* [V, T, 2 E] has no token 0 and the final norm on the second half. A *latent*
[V, 2 E, h, w] is the raw level, patches only, normalised by channel.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from einops import rearrange
from torch import Tensor

from ..shapes import check_shape
from .settings import UPPER_LEVEL, BackboneShape

EPSILON = 1e-5
IMAGE_MEAN, IMAGE_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet's

Grid = tuple[int, int]
"""Rows h and columns w of patches."""


@dataclass(frozen=True, eq=False)
class Statistics:
    """Mean and variance of the channels of a raw level, [C] each."""

    mean: Tensor  # [C]
    var: Tensor  # [C]

    def __post_init__(self) -> None:
        check_shape(self.mean, "C", self.var, "C")

    def normalise(self, features: Tensor) -> Tensor:
        """Latents of raw features [V, C, h, w]; in float32, since means reach hundreds of standard deviations."""
        mean, deviation = self._spread(features)
        return (features.float() - mean) / deviation

    def restore(self, latents: Tensor) -> Tensor:
        """Raw features of latents [V, C, h, w]: the inverse of `normalise`."""
        mean, deviation = self._spread(latents)
        return latents.float() * deviation + mean

    def _spread(self, like: Tensor) -> tuple[Tensor, Tensor]:
        check_shape(like, "V C h w", self.mean, "C")
        mean, var = (values.to(like.device, torch.float32)[:, None, None] for values in (self.mean, self.var))  # [C, 1, 1]
        return mean, (var + EPSILON).sqrt()


class FeatureBackbone(ABC):
    """Depth Anything 3's transformer, whoever implements its parts. Views come in the order given; the first one is the reference.

    An implementation gives `shape` and the parts; the way through the blocks, which extraction and propagation share, is here.
    """

    shape: BackboneShape

    @abstractmethod
    def embed(self, images: Tensor) -> Tensor:
        """Tokens [V, 1+T, E] of normalised pictures [V, 3, H, W], learned positions added."""

    @abstractmethod
    def camera_tokens(self) -> Tensor:
        """The learned tokens of the reference view and of any other view, [2, E]."""

    @abstractmethod
    def run_block(self, index: int, tokens: Tensor, positions: Tensor | None) -> Tensor:
        """Tokens [B, L, E] after block `index`, at integer places (row, column) [B, L, 2]; None before the first alternating block."""

    @abstractmethod
    def final_norm(self, tokens: Tensor) -> Tensor:
        """The norm [..., E] after the last block."""

    def extract(self, images: Tensor, levels: Sequence[int]) -> dict[int, Tensor]:
        """Raw feature levels of views seen together.

        Args:
            images: [V, 3, H, W] in 0..1, sides divisible by the patch.
            levels: numbers from 0 to 3.

        Returns:
            level -> [V, 1+T, 2 E].

        Raises:
            ValueError: if a side is not divisible by the patch.
        """
        sizes = check_shape(images, "V 3 H W")
        patch = self.shape.patch
        if sizes["H"] % patch or sizes["W"] % patch:
            raise ValueError(f"images: wanted sides divisible by {patch}, got {sizes['W']}x{sizes['H']}; crop or resize the pictures")
        mean, std = (images.new_tensor(values)[:, None, None] for values in (IMAGE_MEAN, IMAGE_STD))
        tokens = self.embed((images - mean) / std)
        return self._run(tokens, 0, (sizes["H"] // patch, sizes["W"] // patch), levels)

    def propagate(
        self,
        raw: Tensor,  # [V, T, 2 E]
        token: Tensor,  # [2 E] or [V, 2 E]
        grid: Grid,
    ) -> dict[int, Tensor]:
        """Levels 1, 2 and 3 of views of which level 1 is known, by the remaining blocks.

        The second half of level 1 is what the next block takes in; its first half is of that level alone.

        Args:
            raw: patches of the raw level 1.
            token: token 0 of the raw level 1: one for all views, such as that of the first source seen alone, or one for each view.
            grid: rows and columns of the patches.

        Returns:
            level -> decoder form [V, T, 2 E].

        Raises:
            ValueError: if the patches do not fit the grid.
        """
        sizes = check_shape(raw, "V T C", token, "... C")
        if sizes["T"] != grid[0] * grid[1] or sizes["C"] != self.shape.channels:
            raise ValueError(f"features: wanted [V, {grid[0]} * {grid[1]}, {self.shape.channels}], got {list(raw.shape)}")
        tokens = torch.cat([token.to(raw).expand(sizes["V"], -1)[:, None], raw], dim=1)  # [V, 1+T, 2 E]
        second = tokens[..., self.shape.width :]  # [V, 1+T, E]
        above = range(UPPER_LEVEL + 1, len(self.shape.levels))
        levels = {UPPER_LEVEL: tokens} | self._run(second, self.shape.levels[UPPER_LEVEL] + 1, grid, above)
        return {level: self.to_decoder_form(features[:, 1:]) for level, features in levels.items()}

    def to_decoder_form(self, raw: Tensor) -> Tensor:
        """The decoder form of raw patches [V, T, 2 E]: the final norm on the second half."""
        first, second = raw.split(self.shape.width, dim=-1)
        return torch.cat([first, self.final_norm(second)], dim=-1)

    def _run(self, tokens: Tensor, start: int, grid: Grid, levels: Sequence[int]) -> dict[int, Tensor]:
        """Raw levels of tokens [V, 1+T, E] that come to block `start`."""
        views, shape = len(tokens), self.shape
        within, across = make_positions(grid, tokens.device)  # [1+T, 2] each
        ends = {shape.levels[level]: level for level in levels}
        found: dict[int, Tensor] = {}
        local = tokens
        for index in range(start, max(ends) + 1):
            alternating = index >= shape.first_alternating
            if index == shape.first_alternating:
                tokens = torch.cat([self._view_tokens(views, tokens), tokens[:, 1:]], dim=1)
            if alternating and index % 2:
                joint = rearrange(tokens, "V L E -> 1 (V L) E")
                joint = self.run_block(index, joint, across.repeat(views, 1)[None])
                tokens = rearrange(joint, "1 (V L) E -> V L E", V=views)
            else:
                tokens = local = self.run_block(index, tokens, within.expand(views, -1, -1) if alternating else None)
            if index in ends:
                found[ends[index]] = torch.cat([local, tokens], dim=-1)
        return found

    def _view_tokens(self, views: int, like: Tensor) -> Tensor:
        """Token 0 of each view, [V, 1, E]."""
        rows = [0] + [1] * (views - 1)
        return self.camera_tokens().to(like)[rows][:, None]


def make_positions(grid: Grid, device: torch.device | None = None) -> tuple[Tensor, Tensor]:
    """Integer places (row, column) [1+T, 2] for attention within a view, from (1, 1), and over views, all (1, 1). Token 0 is at (0, 0)."""
    rows, columns = (torch.arange(1, count + 1, device=device) for count in grid)
    patches = torch.cartesian_prod(rows, columns)  # [T, 2]
    camera = torch.zeros(1, 2, dtype=patches.dtype, device=device)
    return torch.cat([camera, patches]), torch.cat([camera, torch.ones_like(patches)])


def patches_to_map(patches: Tensor, grid: Grid) -> Tensor:
    """[V, C, h, w] of patches [V, T, C] in raster order."""
    return rearrange(patches, "V (h w) C -> V C h w", h=grid[0], w=grid[1])


def map_to_patches(features: Tensor) -> Tensor:
    """[V, T, C] of [V, C, h, w]: the inverse of `patches_to_map`."""
    return rearrange(features, "V C h w -> V (h w) C")


def pad_targets(sources: Tensor, views: int) -> Tensor:
    """Latents [V, C, h, w] of N sources [N, C, h, w], zero for the targets that follow."""
    return torch.cat([sources, sources.new_zeros(views - len(sources), *sources.shape[1:])])
