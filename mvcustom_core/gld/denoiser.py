"""The denoisers of GLD: a diffusion transformer with a wide velocity decoder (RAE's, arXiv 2510.11690), over all tokens of all views.

The encoder sees the source features, the noisy ones (the cascade: level 1 of all views in their place) and the camera picture, and is
modulated by the time. Its tokens modulate the decoder, which sees the source features and the noisy ones. The key names are those of the
published files.
"""

from __future__ import annotations

import math

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F

from ..shapes import check_shape
from .cameras import PosedViews
from .features import Grid, patches_to_map
from .prope import ViewRotation
from .settings import DenoiserSettings
from .vit import PatchEmbedding

NORM_EPSILON = 1e-6
CAMERA_CHANNELS = 7


class RMSNorm(nn.Module):
    """x / root mean square(x), with a weight, in float32."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x.float(), self.weight.shape, self.weight.float(), NORM_EPSILON).to(x)


class TimeEmbedding(nn.Module):
    """Fourier features of the time at random frequencies, which are stored with the weights, and two layers."""

    def __init__(self, frequencies: int, width: int) -> None:
        super().__init__()
        self.register_buffer("W", torch.randn(frequencies))
        self.mlp = nn.Sequential(nn.Linear(2 * frequencies, width), nn.SiLU(), nn.Linear(width, width))

    def forward(self, time: Tensor) -> Tensor:
        """[D] of a time [] in 0..1."""
        angles = 2 * math.pi * time.float() * self.W.float()
        return self.mlp(torch.cat([angles.sin(), angles.cos()]).to(self.mlp[0].weight))


class Attention(nn.Module):
    """Attention of all tokens of all views, by their cameras and places."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor, rotation: ViewRotation) -> Tensor:
        q, k, v = rearrange(self.qkv(x), "V T (three n d) -> three n V T d", three=3, n=self.heads)
        return self.proj(rearrange(rotation.attend(q, k, v), "n V T d -> V T (n d)"))


class GatedFeedForward(nn.Module):
    """SwiGLU (arXiv 2002.05202), two thirds of four times the width within."""

    def __init__(self, width: int) -> None:
        super().__init__()
        inner = int(2 / 3 * 4 * width)
        self.w12 = nn.Linear(width, 2 * inner)
        self.w3 = nn.Linear(inner, width)

    def forward(self, x: Tensor) -> Tensor:
        gate, value = self.w12(x).chunk(2, dim=-1)
        return self.w3(F.silu(gate) * value)


class Block(nn.Module):
    """A block whose norms are shifted and scaled, and whose branches are gated, by a modulation [D] or [V, T, D]."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = RMSNorm(width), RMSNorm(width)
        self.attn = Attention(width, heads)
        self.mlp = GatedFeedForward(width)
        self.adaLN_modulation = _zero_modulation(width, 6)

    def forward(self, x: Tensor, modulation: Tensor, rotation: ViewRotation) -> Tensor:
        shift1, scale1, gate1, shift2, scale2, gate2 = self.adaLN_modulation(modulation).chunk(6, dim=-1)
        x = x + gate1 * self.attn(self.norm1(x) * (1 + scale1) + shift1, rotation)
        return x + gate2 * self.mlp(self.norm2(x) * (1 + scale2) + shift2)


class FinalLayer(nn.Module):
    """A modulated norm and a linear layer, which starts at zero."""

    def __init__(self, width: int, channels: int) -> None:
        super().__init__()
        self.norm_final = RMSNorm(width)
        self.linear = _zero(nn.Linear(width, channels))
        self.adaLN_modulation = _zero_modulation(width, 2)

    def forward(self, x: Tensor, modulation: Tensor) -> Tensor:
        shift, scale = self.adaLN_modulation(modulation).chunk(2, dim=-1)
        return self.linear(self.norm_final(x) * (1 + scale) + shift)


class Denoiser(nn.Module):
    """Predicts the velocity of a feature level of all views, sources included."""

    def __init__(self, settings: DenoiserSettings) -> None:
        super().__init__()
        self.settings = settings
        width, wide, channels = settings.encoder_width, settings.decoder_width, 2 * settings.channels
        for kind in ("",) if settings.cascade else ("_ref", "_tgt"):
            self.add_module(f"s_embedder{kind}", PatchEmbedding(channels, width, 1))
            self.add_module(f"x_embedder{kind}", PatchEmbedding(channels, wide, 1))
        self.camera_embedder = PatchEmbedding(CAMERA_CHANNELS, width, settings.patch)
        self.t_embedder = TimeEmbedding(settings.frequencies, width)
        encoder = [Block(width, settings.encoder_heads) for _ in range(settings.encoder_blocks)]
        decoder = [Block(wide, settings.decoder_heads) for _ in range(settings.decoder_blocks)]
        self.blocks = nn.ModuleList(encoder + decoder)
        self.s_projector = nn.Linear(width, wide)
        self.final_layer = FinalLayer(wide, settings.channels)

    def forward(
        self,
        condition: Tensor,  # [V, C, h, w]
        noisy: Tensor,  # [V, C, h, w]
        time: Tensor,  # []
        views: PosedViews,
        upper: Tensor | None = None,  # [V, C, h, w]
    ) -> Tensor:
        """Predict eps - x_0.

        Args:
            condition: latents of the sources seen without the targets; zero for the targets.
            noisy: (1 - t) x_0 + t eps.
            time: t from 0 to 1.
            views: cameras; their picture has `patch` pixels for a cell.
            upper: clean latents of level 1 of all views, for the cascade alone.

        Returns:
            velocity [V, C, h, w].

        Raises:
            ValueError: for shapes that do not fit, or `upper` missing or unasked for.
        """
        grid = self._check(condition, noisy, views, upper)
        settings, encoder_input = self.settings, noisy if upper is None else upper
        embedding = self.t_embedder(time)  # [D]
        tokens = self._embed("s_embedder", torch.cat([condition, encoder_input], dim=1), views.sources)  # [V, T, D]
        tokens = tokens + self.camera_embedder(views.picture.to(tokens))
        rotation = self._rotate(views, grid, settings.encoder_width // settings.encoder_heads)
        modulation = F.silu(embedding)  # each block applies a SiLU of its own on top
        for block in self.blocks[: settings.encoder_blocks]:
            tokens = block(tokens, modulation, rotation)
        modulation = self.s_projector(F.silu(embedding + tokens))  # [V, T, wide]
        tokens = self._embed("x_embedder", torch.cat([condition, noisy], dim=1), views.sources)  # [V, T, wide]
        rotation = self._rotate(views, grid, settings.decoder_width // settings.decoder_heads)
        for block in self.blocks[settings.encoder_blocks :]:
            tokens = block(tokens, modulation, rotation)
        return patches_to_map(self.final_layer(tokens, modulation), grid)

    def set_precision(self, dtype: torch.dtype) -> Denoiser:
        """The denoiser in another precision, with the frequencies of the time left as they are: rounded, they turn by other angles."""
        frequencies = self.t_embedder.W
        self.to(dtype)
        self.t_embedder.W = frequencies
        return self

    def _check(self, condition: Tensor, noisy: Tensor, views: PosedViews, upper: Tensor | None) -> Grid:
        if (upper is not None) != self.settings.cascade:
            wanted = "level 1 of all views for the cascade" if self.settings.cascade else "no other level for the denoiser of level 1"
            raise ValueError(f"denoiser: wanted {wanted}, got {'none' if upper is None else 'one'}")
        pairs = (condition, "V C h w", noisy, "V C h w", views.w2c, "V 4 4")
        sizes = check_shape(*pairs, *(() if upper is None else (upper, "V C h w")))
        grid, patch = (sizes["h"], sizes["w"]), self.settings.patch
        if sizes["C"] != self.settings.channels:
            raise ValueError(f"denoiser: wanted features of {self.settings.channels} channels, got {sizes['C']}")
        if views.size != (grid[1] * patch, grid[0] * patch):
            width, height = views.size
            raise ValueError(f"denoiser: wanted cameras of pictures of {grid[1] * patch}x{grid[0] * patch}, got {width}x{height}")
        return grid

    def _embed(self, name: str, features: Tensor, sources: int) -> Tensor:
        """Tokens [V, T, D] of features [V, 2 C, h, w]; level 1 has embeddings of their own for sources and targets."""
        if self.settings.cascade:
            return self.get_submodule(name)(features)
        own = self.get_submodule(f"{name}_ref")(features[:sources])
        return torch.cat([own, self.get_submodule(f"{name}_tgt")(features[sources:])])

    def _rotate(self, views: PosedViews, grid: Grid, head_dim: int) -> ViewRotation:
        return ViewRotation(views.w2c, views.K, self.settings.rotation_size or views.size, grid, head_dim)


def _zero(layer: nn.Linear) -> nn.Linear:
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def _zero_modulation(width: int, parts: int) -> nn.Sequential:
    return nn.Sequential(nn.SiLU(), _zero(nn.Linear(width, parts * width)))
