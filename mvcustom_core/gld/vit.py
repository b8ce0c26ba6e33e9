"""Depth Anything 3's backbone at any size, with the key names of its authors' files, and linear heads for a small one.

A DINOv2 transformer (arXiv 2304.07193) with layer scale; from its first alternating block on with norms of q and k in each head, rotary
positions of base 100 in two dimensions, and odd blocks that attend over all views (arXiv 2511.10647).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F

from ..shapes import check_shape
from .features import FeatureBackbone, Grid
from .settings import BackboneShape

ROTARY_BASE = 100.0
BLOCK_EPSILON, NORM_EPSILON = 1e-6, 1e-5


def rotate_positions(x: Tensor, positions: Tensor) -> Tensor:
    """Rotary positions in two dimensions.

    Args:
        x: [B, heads, L, d], d divisible by 4.
        positions: [B, L, 2] integer (row, column); the first half of a head turns by the row, the second by the column.
    """
    quarter = x.shape[-1] // 4
    frequencies = ROTARY_BASE ** -(torch.arange(quarter, device=x.device).float() / quarter)  # [d/4]
    angles = (positions[..., None].float() * frequencies)[:, None].to(x)  # [B, 1, L, 2, d/4]
    u, v = rearrange(x, "B n L (two half d) -> half B n L two d", two=2, half=2)
    turned = torch.stack([u * angles.cos() - v * angles.sin(), v * angles.cos() + u * angles.sin()])
    return rearrange(turned, "half B n L two d -> B n L (two half d)")


class Attention(nn.Module):
    """Self-attention, with norms of q and k and rotary positions if it is of an alternating block."""

    def __init__(self, width: int, heads: int, alternating: bool) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)
        self.q_norm = nn.LayerNorm(width // heads, eps=NORM_EPSILON) if alternating else nn.Identity()
        self.k_norm = nn.LayerNorm(width // heads, eps=NORM_EPSILON) if alternating else nn.Identity()

    def forward(self, x: Tensor, positions: Tensor | None) -> Tensor:
        q, k, v = rearrange(self.qkv(x), "B L (three n d) -> three B n L d", three=3, n=self.heads)
        q, k = self.q_norm(q), self.k_norm(k)
        if positions is not None:
            q, k = rotate_positions(q, positions), rotate_positions(k, positions)
        return self.proj(rearrange(F.scaled_dot_product_attention(q, k, v), "B n L d -> B L (n d)"))


class LayerScale(nn.Module):
    """A learned factor of each channel."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gamma


class FeedForward(nn.Module):
    """Two layers with an exact GELU between them."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.gelu(self.fc1(x)))


class Block(nn.Module):
    """A pre-norm transformer block with layer scale."""

    def __init__(self, width: int, heads: int, alternating: bool) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=BLOCK_EPSILON)
        self.attn = Attention(width, heads, alternating)
        self.ls1 = LayerScale(width)
        self.norm2 = nn.LayerNorm(width, eps=BLOCK_EPSILON)
        self.mlp = FeedForward(width)
        self.ls2 = LayerScale(width)

    def forward(self, x: Tensor, positions: Tensor | None) -> Tensor:
        x = x + self.ls1(self.attn(self.norm1(x), positions))
        return x + self.ls2(self.mlp(self.norm2(x)))


class PatchEmbedding(nn.Module):
    """Tokens [V, T, D] of the cells of a picture [V, C, H, W], by a convolution that does not overlap."""

    def __init__(self, channels: int, width: int, patch: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(channels, width, patch, stride=patch)

    def forward(self, picture: Tensor) -> Tensor:
        return rearrange(self.proj(picture), "V D h w -> V (h w) D")


class GeometricBackbone(nn.Module, FeatureBackbone):
    """Depth Anything 3's backbone."""

    def __init__(self, shape: BackboneShape) -> None:
        super().__init__()
        self.shape = shape
        width = shape.width
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.camera_token = nn.Parameter(torch.randn(1, 2, width))
        self.pos_embed = nn.Parameter(torch.randn(1, 1 + shape.table**2, width) * 0.02)
        self.patch_embed = PatchEmbedding(3, width, shape.patch)
        self.blocks = nn.ModuleList(Block(width, shape.heads, index >= shape.first_alternating) for index in range(shape.blocks))
        self.norm = nn.LayerNorm(width, eps=NORM_EPSILON)

    def embed(self, images: Tensor) -> Tensor:
        patches = self.patch_embed(images)  # [V, T, E]
        grid = (images.shape[-2] // self.shape.patch, images.shape[-1] // self.shape.patch)
        tokens = torch.cat([self.cls_token.expand(len(images), -1, -1), patches], dim=1)
        return tokens + self._positions(grid)

    def camera_tokens(self) -> Tensor:
        return self.camera_token[0]

    def run_block(self, index: int, tokens: Tensor, positions: Tensor | None) -> Tensor:
        return self.blocks[index](tokens, positions)

    def final_norm(self, tokens: Tensor) -> Tensor:
        return self.norm(tokens)

    def _positions(self, grid: Grid) -> Tensor:
        """Learned positions [1, 1+T, E] for a grid, resampled from the table."""
        side = self.shape.table
        if grid == (side, side):
            return self.pos_embed
        table = rearrange(self.pos_embed[:, 1:], "1 (h w) E -> 1 E h w", h=side)
        factors = tuple((count + 0.1) / side for count in grid)  # DINOv2's; the cells' places follow from them, not from the grid alone
        table = F.interpolate(table, scale_factor=factors, mode="bicubic")  # [1, E, h, w]
        return torch.cat([self.pos_embed[:, :1], rearrange(table, "1 E h w -> 1 (h w) E")], dim=1)


@dataclass(frozen=True, eq=False)
class Geometry:
    """What a head reads from the features of V views, in a world and a scale of its own.

    Attributes:
        depth, confidence: [V, H, W] z-depth, and its confidence from 1 up.
        rays: [V, a, b, 6] direction of unit z-depth in the world, and origin, of a grid of places over the picture.
        ray_confidence: [V, a, b] from 1 up.
    """

    depth: Tensor  # [V, H, W]
    confidence: Tensor  # [V, H, W]
    rays: Tensor  # [V, a, b, 6]
    ray_confidence: Tensor  # [V, a, b]


class LinearHeads(nn.Module):
    """Heads of the small backbone: depth of each pixel, a ray of each patch, and the colours that level 0 must keep."""

    def __init__(self, shape: BackboneShape) -> None:
        super().__init__()
        self.patch = shape.patch
        self.depth = nn.Linear(shape.channels, 2 * shape.patch**2)
        self.ray = nn.Linear(shape.channels, 7)
        self.colour = nn.Linear(shape.channels, 3 * shape.patch**2)

    def forward(self, levels: list[Tensor], grid: Grid) -> Geometry:
        """Geometry of the decoder forms of levels 0 to 3, [V, T, C] each; the last level tells it."""
        check_shape(levels[-1], "V T C")
        depth, confidence = self._unfold(self.depth(levels[-1]), grid).exp().unbind(1)  # [V, H, W] each
        rays = rearrange(self.ray(levels[-1]), "V (h w) C -> V h w C", h=grid[0])
        return Geometry(depth, 1 + confidence, rays[..., :6], 1 + rays[..., 6].exp())

    def paint(self, lowest: Tensor, grid: Grid) -> Tensor:
        """Pictures [V, 3, H, W] of the decoder form of level 0, [V, T, C]."""
        return self._unfold(self.colour(lowest), grid)

    def _unfold(self, patches: Tensor, grid: Grid) -> Tensor:
        return rearrange(patches, "V (h w) (p q c) -> V c (h p) (w q)", h=grid[0], p=self.patch, q=self.patch)
