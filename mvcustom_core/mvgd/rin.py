"""The recurrent interface network (arXiv 2212.11972): a few latents read many tokens, think, and write back to the pixel tokens.

Scene tokens are only read. Their keys and values do not change while a target is sampled, so they are computed once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .settings import HEAD_WIDTH, MVGDSettings

MAX_TOKENS = 2**14  # pixel tokens at a time without gradients; every pixel token is computed by itself, so parts change nothing

Keys = tuple[Tensor, Tensor]
"""Keys and values of tokens, [B, heads, N, HEAD_WIDTH] each."""


@dataclass(frozen=True, eq=False)
class SceneKeys:
    """What a block sees of the scene: what latents read, and what pixel tokens look up themselves (None: nothing)."""

    read: Keys
    direct: Keys | None


class Attention(nn.Module):
    """Residual branch by which tokens [B, T, width] take from a context [B, N, context_width]; the narrower width is that of the heads."""

    def __init__(self, width: int, context_width: int) -> None:
        super().__init__()
        inner = min(width, context_width)
        self.norm_q, self.norm_c = nn.LayerNorm(width, bias=False), nn.LayerNorm(context_width, bias=False)
        self.q = nn.Linear(width, inner, bias=False)
        self.kv = nn.Linear(context_width, 2 * inner, bias=False)
        self.out = nn.Linear(inner, width, bias=False)

    def keys(self, context: Tensor) -> Keys:
        """Keys and values of context tokens."""
        key, value = self.kv(self.norm_c(context)).unflatten(-1, (2, -1, HEAD_WIDTH)).transpose(1, 3).unbind(2)  # [B, heads, N, 32]
        return key, value

    def forward(self, x: Tensor, *keys: Keys) -> Tensor:
        query = self.q(self.norm_q(x)).unflatten(-1, (-1, HEAD_WIDTH)).transpose(1, 2)  # [B, heads, T, 32]
        key, value = keys[0] if len(keys) == 1 else (torch.cat(parts, dim=2) for parts in zip(*keys, strict=True))
        return self.out(F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2))


class FeedForward(nn.Module):
    """Residual branch of each token by itself."""

    def __init__(self, width: int, ratio: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, bias=False)
        self.up, self.down = nn.Linear(width, ratio * width), nn.Linear(ratio * width, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.down(F.gelu(self.up(self.norm(x))))


class Process(nn.Module):
    """One step of the latents among themselves."""

    def __init__(self, width: int, ratio: int) -> None:
        super().__init__()
        self.attention, self.ff = Attention(width, width), FeedForward(width, ratio)

    def forward(self, z: Tensor) -> Tensor:
        z = z + self.attention(z, self.attention.keys(z))
        return z + self.ff(z)


class Block(nn.Module):
    """Pixel tokens look at the scene, latents read both and process, pixel tokens take from the latents."""

    def __init__(self, settings: MVGDSettings) -> None:
        super().__init__()
        pixel, latent = settings.pixel_width, settings.latent_width
        self.direct = Attention(pixel, pixel) if settings.direct else None
        self.read, self.read_ff = Attention(latent, pixel), FeedForward(latent, settings.latent_hidden)
        self.process = nn.ModuleList(Process(latent, settings.latent_hidden) for _ in range(settings.process))
        self.write, self.write_ff = Attention(pixel, latent), FeedForward(pixel, settings.pixel_hidden)

    def read_scene(self, scene: Tensor, near: Tensor) -> SceneKeys:
        """Keys of the scene tokens [B, S, D]; pixel tokens look at the near ones [B, S', D] alone."""
        return SceneKeys(self.read.keys(scene), None if self.direct is None else self.direct.keys(near))

    def forward(self, x: Tensor, z: Tensor, scene: SceneKeys) -> tuple[Tensor, Tensor]:
        """Pixel tokens [B, T, D] and latents [B, L, Dz], changed."""
        if self.direct is not None:
            x = _in_parts(lambda part: part + self.direct(part, scene.direct), x)
        z = z + self.read(z, self.read.keys(x), scene.read)
        z = z + self.read_ff(z)
        for process in self.process:
            z = process(z)
        latent_keys = self.write.keys(z)
        return _in_parts(lambda part: self._write(part, latent_keys), x), z

    def _write(self, x: Tensor, latent_keys: Keys) -> Tensor:
        x = x + self.write(x, latent_keys)
        return x + self.write_ff(x)


def _in_parts(change: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Change tokens [B, T, D], each by itself, some at a time."""
    if torch.is_grad_enabled() or x.shape[1] <= MAX_TOKENS:
        return change(x)
    return torch.cat([change(part) for part in x.split(MAX_TOKENS, dim=1)], dim=1)
