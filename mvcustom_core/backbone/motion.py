"""AnimateDiff motion modules, whose attention over frames can be widened to frames and space (the paper's STT).

The state dict has the layout of AnimateDiff's files, so every published Stable Diffusion 1.5 module loads. With scope 1, no entropy
correction and no spatial position, a module computes exactly what AnimateDiff computes:

* one transformer block with two self-attentions over the same scope and a GEGLU feed-forward, 8 heads;
* sinusoidal frame positions, added after each LayerNorm, that enter queries, keys and values;
* optionally a 2-D position g * PE(y, x) in queries and keys only, whose gate g starts at zero;
* a residual around everything, whose output projection starts at zero.

Frames are folded into the batch, frame-major: [(B F), C, h, w].
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

import torch
from einops import rearrange
from torch import Tensor, nn

from ..diffusion.schedule import BetaSchedule
from ..shapes import check_shape
from ..surface.correspondence import Correspondence
from .attention import (
    Attention,
    Scope,
    TokenGrid,
    compute_entropy_scale,
    spatio_temporal_attention,
)
from .feed_forward import FeedForward, add_feed_forward
from .positions import make_cell_positions, make_frame_positions

NormMode = Literal["per_frame", "cross_frame"]

NORM_GROUPS = 32
DOWN_LAYERS, UP_LAYERS = 2, 3  # modules per level of Stable Diffusion 1.5's U-Net


@dataclass(frozen=True, slots=True)
class MotionSettings:
    """The layout of a set of motion modules and how it computes. Stored together with its weights.

    Attributes:
        channels: width of each U-Net level, outermost first.
        mid_block: whether the middle block has a module (AnimateDiff v2 only).
        heads: attention heads of every module.
        max_frames: frames trained with; the position table is interpolated for longer clips.
        norm_mode: statistics of the entry norm: per_frame (AnimateDiff) or cross_frame (diffusers).
        scopes: spatial reach of each level, outermost first; the middle block takes the last.
        entropy_correction: sharpen the logits as the number of keys grows.
        spatial_position: whether the attentions carry the gated 2-D position.
        beta_schedule: noise schedule trained with, diffusers' name.
        image_norm_mode: statistics of the norms of the U-Net's residual blocks and output: per_frame, or cross_frame (AnimateDiff v1,
            https://github.com/guoyww/AnimateDiff, use_inflated_groupnorm: false).
    """

    channels: tuple[int, ...] = (320, 640, 1280, 1280)
    mid_block: bool = False
    heads: int = 8
    max_frames: int = 32
    norm_mode: NormMode = "per_frame"
    scopes: tuple[Scope, ...] = (Scope(1), Scope(1), Scope(1), Scope(1))
    entropy_correction: bool = False
    spatial_position: bool = False
    beta_schedule: BetaSchedule = "linear"
    image_norm_mode: NormMode = "per_frame"

    def __post_init__(self) -> None:
        for width in self.channels:
            if width % NORM_GROUPS or width % self.heads:
                raise ValueError(f"motion modules: wanted channels divisible by {NORM_GROUPS} and by {self.heads} heads, got {width}")
        if not self.channels or len(self.scopes) != len(self.channels):
            raise ValueError(f"motion modules: wanted one scope per level, got {len(self.scopes)} for {len(self.channels)} levels")
        if self.max_frames < 1:
            raise ValueError(f"motion modules: wanted 1 trained frame or more, got {self.max_frames}")
        modes = get_args(NormMode)
        for value, choices in ((self.norm_mode, modes), (self.image_norm_mode, modes), (self.beta_schedule, get_args(BetaSchedule))):
            if value not in choices:
                raise ValueError(f"motion modules: wanted one of {', '.join(choices)}, got {value!r}")

    @property
    def layout(self) -> tuple[Any, ...]:
        """The settings that decide which weights exist. All others may change from run to run."""
        return self.channels, self.mid_block, self.heads, self.spatial_position


@dataclass(frozen=True, eq=False)
class Observation:
    """Queries and keys of a module's first attention, projected and with their positions, as the kernel receives them.

    Attributes:
        q, k: [(B F), (h w), C] of B clips, frame-major; the entropy correction is in q. Heads lie side by side in C.
        grid: the frames and cells of one clip.
        scope: which of the keys a query attends to.
        heads: attention heads; logits are q k^T / sqrt(C / heads).
    """

    q: Tensor  # [(B F), (h w), C]
    k: Tensor  # [(B F), (h w), C]
    grid: TokenGrid
    scope: Scope
    heads: int


Observer = Callable[[Observation], None]
"""Is shown the first attention of a module in each forward pass, gradients included. Where the pass is computed again for its gradients
(checkpointing), it is shown again: the first observation is the one that belongs to the result. It must not write to the tensors."""


@dataclass(frozen=True, slots=True)
class Clip:
    """What the layers of one module are told of the clips in their batch.

    Attributes:
        grid: the frames and cells of one clip.
        scope: which cells a query attends to at this level.
        settings: of all modules.
        kernel: of attention; None is torch's.
        observer: is shown queries and keys of the first attention.
    """

    grid: TokenGrid
    scope: Scope
    settings: MotionSettings
    kernel: Attention | None
    observer: Observer | None = None


class TemporalAttention(nn.Module):
    """Self-attention over frames and a spatial neighbourhood; `g` is the gate of the 2-D position."""

    def __init__(self, channels: int, settings: MotionSettings, operations: Any, **factory: Any) -> None:
        super().__init__()
        self.to_q = operations.Linear(channels, channels, bias=False, **factory)
        self.to_k = operations.Linear(channels, channels, bias=False, **factory)
        self.to_v = operations.Linear(channels, channels, bias=False, **factory)
        self.to_out = nn.ModuleList([operations.Linear(channels, channels, **factory)])
        if settings.spatial_position:
            self.g = nn.Parameter(torch.zeros(channels, **factory))

    def forward(self, x: Tensor, norm: nn.Module, clip: Clip, observer: Observer | None = None) -> Tensor:
        # nothing but queries, keys and values outlives the projection: attention is where memory peaks
        return self.to_out[0](
            spatio_temporal_attention(*self._project(norm(x), clip, observer), clip.grid, clip.scope, clip.settings.heads, clip.kernel)
        )

    def _project(self, x: Tensor, clip: Clip, observer: Observer | None) -> tuple[Tensor, Tensor, Tensor]:
        channels, grid, settings = x.shape[-1], clip.grid, clip.settings
        frame = make_frame_positions(grid.frames, channels, settings.max_frames, x.device).to(x.dtype)  # [F, C]
        x.unflatten(0, (-1, grid.frames)).add_(frame[:, None])  # in place: x is the norm's own result
        placed = x
        if settings.spatial_position:
            cell = make_cell_positions(grid.height, grid.width, channels, x.device)  # [(h w), C]
            placed = x + (self.g.to(cell) * cell).to(x.dtype)
        scale = compute_entropy_scale(grid, clip.scope) if settings.entropy_correction else 1.0
        q = self.to_q(placed)
        q, k = q if scale == 1 else q.mul_(scale), self.to_k(placed)
        if observer is not None:
            observer(Observation(q, k, grid, clip.scope, settings.heads))
        return q, k, self.to_v(x)


class TemporalBlock(nn.Module):
    """Two attentions and a feed-forward, each with its LayerNorm and residual."""

    def __init__(self, channels: int, settings: MotionSettings, operations: Any, **factory: Any) -> None:
        super().__init__()
        self.attention_blocks = nn.ModuleList([TemporalAttention(channels, settings, operations, **factory) for _ in range(2)])
        self.norms = nn.ModuleList([operations.LayerNorm(channels, **factory) for _ in range(2)])
        self.ff = FeedForward(channels, operations, **factory)
        self.ff_norm = operations.LayerNorm(channels, **factory)

    def forward(self, x: Tensor, clip: Clip) -> Tensor:
        for observer, norm, block in zip((clip.observer, None), self.norms, self.attention_blocks, strict=True):
            x = block(x, norm, clip, observer) + x
        return add_feed_forward(x.flatten(0, 1), self.ff_norm, self.ff).unflatten(0, x.shape[:2])


class TemporalTransformer(nn.Module):
    """Group norm, projections and residual around the block; converts between feature maps and tokens."""

    def __init__(self, channels: int, settings: MotionSettings, operations: Any, **factory: Any) -> None:
        super().__init__()
        self.norm = operations.GroupNorm(NORM_GROUPS, channels, eps=1e-6, **factory)
        self.proj_in = operations.Linear(channels, channels, **factory)
        self.transformer_blocks = nn.ModuleList([TemporalBlock(channels, settings, operations, **factory)])
        self.proj_out = operations.Linear(channels, channels, **factory)

    def forward(self, x: Tensor, clip: Clip) -> Tensor:
        tokens = self.proj_in(self._norm_tokens(x, clip))
        for block in self.transformer_blocks:
            tokens = block(tokens, clip)
        change = rearrange(self.proj_out(tokens), "b (h w) C -> b C h w", h=clip.grid.height)
        return x + change  # in this order the sum keeps x's memory layout, which the convolutions that follow were tuned for

    def _norm_tokens(self, x: Tensor, clip: Clip) -> Tensor:
        across = clip.settings.norm_mode == "cross_frame"
        normed = normalize_across_frames(self.norm, x, clip.grid.frames) if across else self.norm(x)
        return rearrange(normed, "b C h w -> b (h w) C")


def normalize_across_frames(norm: nn.Module, x: Tensor, frames: int) -> Tensor:
    """Apply a group norm whose statistics are those of a whole clip, [(B F), C, h, w] -> [(B F), C, h, w]."""
    normed = norm(rearrange(x, "(B F) C h w -> B C (F h) w", F=frames))
    return rearrange(normed, "B C (F h) w -> (B F) C h w", F=frames)


class MotionModule(nn.Module):
    """One motion module, at one level of the U-Net.

    Args:
        operations: the layer classes: torch.nn, or a ComfyUI operations class whose layers cast their weights at use.
        factory: device and dtype of the weights.
    """

    def __init__(self, settings: MotionSettings, level: int, operations: Any = nn, **factory: Any) -> None:
        super().__init__()
        self.settings, self.level = settings, level
        self.temporal_transformer = TemporalTransformer(settings.channels[level], settings, operations, **factory)
        if operations is nn:  # other operations leave their weights for a file to fill, or have none yet
            nn.init.zeros_(self.temporal_transformer.proj_out.weight)
            nn.init.zeros_(self.temporal_transformer.proj_out.bias)

    def forward(
        self,
        x: Tensor,  # [(B F), C, h, w]
        frames: int,
        settings: MotionSettings | None = None,
        attention: Attention | None = None,
        correspondence: Correspondence | None = None,
        observer: Observer | None = None,
    ) -> Tensor:
        """Let the frames of each clip exchange information; one frame passes unchanged.

        Args:
            settings: how to compute, of the same layout as the weights; by default as constructed.
            attention: the kernel, by default torch's scaled dot product attention.
            correspondence: where the frames show the same surface, for a trajectory scope.
            observer: is shown queries and keys of the first attention; a single frame has none.

        Returns:
            [(B F), C, h, w].

        Raises:
            ValueError: if the batch is no whole number of clips or the channels are another level's.
        """
        settings = settings or self.settings
        width = settings.channels[self.level]
        rows = check_shape(x, f"B {width} h w")["B"]
        if frames < 1 or rows % frames:
            raise ValueError(f"motion module: wanted clips of {frames} frames, got a batch of {rows}")
        if frames == 1:
            return x
        grid = TokenGrid(frames, *x.shape[-2:], correspondence)
        return self.temporal_transformer(x, Clip(grid, settings.scopes[self.level], settings, attention, observer))


class MotionBlock(nn.Module):
    """The motion modules of one U-Net level. The attribute has AnimateDiff's name."""

    def __init__(self, settings: MotionSettings, level: int, count: int, operations: Any, **factory: Any) -> None:
        super().__init__()
        self.motion_modules = nn.ModuleList([MotionModule(settings, level, operations, **factory) for _ in range(count)])


class MotionModules(nn.Module):
    """All motion modules of a U-Net; the state dict has the layout of AnimateDiff's files."""

    def __init__(self, settings: MotionSettings, operations: Any = nn, **factory: Any) -> None:
        super().__init__()
        self.settings = settings
        levels = range(len(settings.channels))
        self.down_blocks = nn.ModuleList([MotionBlock(settings, level, DOWN_LAYERS, operations, **factory) for level in levels])
        self.up_blocks = nn.ModuleList([MotionBlock(settings, level, UP_LAYERS, operations, **factory) for level in reversed(levels)])
        if settings.mid_block:
            self.mid_block = MotionBlock(settings, levels[-1], 1, operations, **factory)

    def at(self, block: tuple[str, int]) -> MotionModule | None:
        """The module of a U-Net block; None if the block has none. `block` is ComfyUI's key, such as ("input", 1) or ("middle", 0).

        It runs after the block's spatial transformer, or after its residual block if there is none, and before any resampling.
        """
        side, index = block
        if side == "middle":
            return self.mid_block.motion_modules[0] if self.settings.mid_block else None
        # input block 0 is the first convolution; a downsampler closes each further group of three
        group, layer = divmod(index - 1, DOWN_LAYERS + 1) if side == "input" else divmod(index, UP_LAYERS)
        levels = self.down_blocks if side == "input" else self.up_blocks
        if not 0 <= group < len(levels) or layer >= len(levels[group].motion_modules):
            return None
        return levels[group].motion_modules[layer]
