"""The MVGD network: scene tokens of posed pictures and noisy pixel tokens of a target go in, v of each pixel comes out.

Departures from the paper, all measured: colour and depth of a target are denoised together, as two groups of pixel tokens that share the
latents; pixel tokens also look at the scene tokens directly (`MVGDSettings.direct`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from ..shapes import check_shape
from .codes import code_rays
from .encoder import build_encoder, encode_pictures
from .rin import Block, FeedForward, SceneKeys
from .settings import MVGDSettings

Task = Literal["rgb", "depth"]
CHANNELS: dict[str, int] = {"rgb": 3, "depth": 1}
TIME_OCTAVES = 8  # of half a turn and up over u in 0..1
INITIAL_DEVIATION = 0.02


@dataclass(frozen=True, eq=False)
class Group:
    """Pixels of one target for one task.

    Attributes:
        values: [B, n, c] noisy codes, c = 3 for "rgb" and 1 for "depth".
        rays: [B, n, 6] of the pixels, in the target's axes.
    """

    task: Task
    values: Tensor  # [B, n, c]
    rays: Tensor  # [B, n, 6]


class Head(nn.Module):
    """From pixel tokens to values; starts at zero, so that an untrained network predicts v = 0."""

    def __init__(self, width: int, channels: int) -> None:
        super().__init__()
        self.norm, self.linear = nn.LayerNorm(width, bias=False), nn.Linear(width, channels)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(self.norm(x))


class Previous(nn.Module):
    """Self-conditioning (arXiv 2208.04202): what the latents of an earlier pass add to the learned ones; at first nothing."""

    def __init__(self, width: int, ratio: int) -> None:
        super().__init__()
        self.ff, self.norm = FeedForward(width, ratio), nn.LayerNorm(width, bias=False)
        nn.init.zeros_(self.norm.weight)

    def forward(self, z: Tensor) -> Tensor:
        return self.norm(self.ff(z))


class MVGD(nn.Module):
    """The network. Weights are drawn from torch's global generator, as torch's own modules do."""

    def __init__(self, settings: MVGDSettings) -> None:
        super().__init__()
        self.settings = settings
        width, latent = settings.pixel_width, settings.latent_width
        self.encoder = build_encoder(settings)
        self.scene_in, self.scene_norm = nn.Linear(self.encoder.width + settings.ray_width, width), nn.LayerNorm(width, bias=False)
        self.task = nn.ParameterDict({task: INITIAL_DEVIATION * torch.randn(settings.task_width) for task in CHANNELS})
        inside = settings.ray_width + settings.task_width
        self.pixel_in = nn.ModuleDict({task: nn.Linear(channels + inside, width) for task, channels in CHANNELS.items()})
        self.pixel_norm = nn.ModuleDict({task: nn.LayerNorm(width, bias=False) for task in CHANNELS})
        self.pixel_out = nn.ModuleDict({task: Head(width, channels) for task, channels in CHANNELS.items()})
        self.latents = nn.Parameter(INITIAL_DEVIATION * torch.randn(settings.latents, latent))
        self.time = nn.Sequential(nn.Linear(1 + 2 * TIME_OCTAVES, latent), nn.GELU(), nn.Linear(latent, latent))
        self.previous = Previous(latent, settings.latent_hidden)
        self.blocks = nn.ModuleList(Block(settings) for _ in range(settings.blocks))

    def encode(self, images: Tensor) -> Tensor:
        """Features [V, (h w), C] of pictures [V, 3, H, W] in 0..1; they serve every target."""
        return encode_pictures(self.encoder, images)

    def embed_scene(
        self,
        features: Tensor,  # [B, S, C]
        rays: Tensor,  # [B, S, 6]
    ) -> Tensor:
        """Scene tokens [B, S, D] of picture features and the rays of their cells, in the target's axes."""
        check_shape(features, "B S C", rays, "B S 6")
        codes = code_rays(rays, self.settings).to(features.dtype)
        return self.scene_norm(self.scene_in(torch.cat([features, codes], dim=-1)))

    def read_scene(self, scene: Tensor, near: Tensor | None = None) -> list[SceneKeys]:
        """What the blocks see of scene tokens [B, S, D], once per target.

        Args:
            near: [B, S', D] those that pixel tokens look at directly; by default all.
        """
        near = scene if near is None else near
        check_shape(scene, "B S D", near, "B N D")
        return [block.read_scene(scene, near) for block in self.blocks]

    def forward(
        self,
        groups: Sequence[Group],
        u: Tensor,  # [B]
        scene: Sequence[SceneKeys],
        previous: Tensor | None = None,  # [B, L, Dz]
        has_previous: Tensor | None = None,  # [B] bool
    ) -> tuple[list[Tensor], Tensor]:
        """Predict v of every group.

        Args:
            u: noise levels, 0 to 1.
            scene: of `read_scene`.
            previous: latents that an earlier pass returned.
            has_previous: the samples that `previous` counts for; by default all.

        Returns:
            v [B, n, c] of each group, and the latents [B, L, Dz] with their time rows.

        Raises:
            ValueError: for no group, or a shape that does not fit.
        """
        if not groups:
            raise ValueError("groups: wanted at least one group of pixels, got none")
        for group in groups:
            check_shape(group.values, f"B n {CHANNELS[group.task]}", group.rays, "B n 6", u, "B")
        x = torch.cat([self._embed_pixels(group) for group in groups], dim=1)  # [B, T, D]
        z = self._start_latents(u.to(x.dtype), previous, has_previous)
        for block, keys in zip(self.blocks, scene, strict=True):
            x, z = block(x, z, keys)
        parts = x.split([group.values.shape[1] for group in groups], dim=1)
        return [self.pixel_out[group.task](part) for group, part in zip(groups, parts, strict=True)], z

    def _embed_pixels(self, group: Group) -> Tensor:
        task = self.task[group.task].expand(*group.values.shape[:2], -1)  # [B, n, task_width]
        codes = code_rays(group.rays, self.settings).to(group.values.dtype)
        tokens = self.pixel_in[group.task](torch.cat([group.values, codes, task], dim=-1))
        return self.pixel_norm[group.task](tokens)

    def _start_latents(self, u: Tensor, previous: Tensor | None, has_previous: Tensor | None) -> Tensor:
        """Learned latents and time rows, [B, L, Dz]."""
        rows = self.time(code_time(u))[:, None].expand(-1, self.settings.time_rows, -1)
        z = torch.cat([self.latents.expand(len(u), -1, -1), rows], dim=1)
        if previous is None:
            return z
        added = self.previous(previous)
        return z + (added if has_previous is None else added * has_previous[:, None, None])


def code_time(u: Tensor) -> Tensor:
    """u, and its sines and cosines in octaves, [B] -> [B, 17]."""
    angles = math.pi * u[:, None] * 2.0 ** torch.arange(-1, TIME_OCTAVES - 1, device=u.device, dtype=u.dtype)
    return torch.cat([u[:, None], angles.sin(), angles.cos()], dim=-1)
