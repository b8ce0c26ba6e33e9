"""Spatio-temporal attention: one pretrained temporal attention, evaluated over a growing spatial neighbourhood (the paper's STT).

    y_{f,p} = sum over f' and p' in N(p) of softmax(lambda q_{f,p} . k_{f',p'} / sqrt(d)) v_{f',p'}

With N(p) = {p} this is AnimateDiff's attention over frames; with N(p) = the whole grid it is dense. In between, a tile of queries
shares one halo of keys, so that no mask is needed (masks switch the fast kernels off) and no score matrix is ever stored.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from einops import rearrange
from torch import Tensor

from ..shapes import check_shape

Attention = Callable[[Tensor, Tensor, Tensor, int], Tensor]
"""A kernel (q [N, L, C], k [N, M, C], v [N, M, C], heads) -> [N, L, C] that scales by the square root of C / heads."""

MAX_LAUNCH = 65535  # rows times heads; beyond it CUDA kernels answer "invalid configuration argument"
MAX_HALO_ELEMENTS = 2**25  # keys copied per chunk of tiles: 64 MiB in 16 bits
SPATIAL_BANDS = 64  # half wavelengths of the 2-D position go down to 1/64 of the image: one latent cell at 512 pixels


@dataclass(frozen=True, slots=True)
class Scope:
    """How far a query looks in space; it always looks at every frame.

    Attributes:
        window: side of the neighbourhood in cells, odd; 1 is AnimateDiff's attention over frames, None the whole grid.
    """

    window: int | None = 1

    def __post_init__(self) -> None:
        if self.window is not None and (self.window < 1 or self.window % 2 == 0):
            raise ValueError(f"scope: wanted an odd window of 1 or more cells, or dense, got {self.window}")

    @classmethod
    def from_text(cls, text: str) -> Scope:
        """Read "dense" or an odd number; the inverse of `str`."""
        text = text.strip().lower()
        if text != "dense" and not text.isdigit():
            raise ValueError(f'scope: wanted "dense" or an odd number of cells, got "{text}"')
        return cls(None if text == "dense" else int(text))

    def __str__(self) -> str:
        return "dense" if self.window is None else str(self.window)

    @property
    def tile(self) -> int:
        """Side of a query tile: small tiles waste few keys on narrow windows, large ones copy less on wide windows."""
        return 4 if self.window is not None and self.window <= 3 else 8


@dataclass(frozen=True, slots=True)
class TokenGrid:
    """The frames and cells that a sequence of tokens was flattened from."""

    frames: int
    height: int
    width: int

    def find_halo(self, scope: Scope) -> tuple[int, int]:
        """Height and width of the neighbourhood that each query really sees under a scope."""
        if scope.window == 1:
            return 1, 1
        if scope.window is None:
            return self.height, self.width
        halo = scope.tile + scope.window - 1
        return min(halo, self.height), min(halo, self.width)


def spatio_temporal_attention(
    q: Tensor,  # [(B F), (h w), C]
    k: Tensor,  # [(B F), (h w), C]
    v: Tensor,  # [(B F), (h w), C]
    grid: TokenGrid,
    scope: Scope,
    heads: int,
    attention: Attention | None = None,
) -> Tensor:
    """Attend over all frames and a spatial neighbourhood.

    A window w holds at least the w x w cells around a query (those inside the grid) and at most the halo of its tile.

    Args:
        q, k, v: frame-major tokens of B clips; cells in raster order.
        grid: frames F, height h and width w of one clip.
        attention: the kernel; torch's scaled dot product attention if None.

    Returns:
        [(B F), (h w), C].

    Raises:
        ValueError: if the tokens do not fit the grid.
    """
    rows = check_shape(q, "B L C", k, "B L C", v, "B L C")
    if rows["B"] % grid.frames or rows["L"] != grid.height * grid.width:
        raise ValueError(
            f"attention: wanted clips of {grid.frames} frames of {grid.height}x{grid.width} cells, got tokens of shape {list(q.shape)}"
        )
    kernel = attention or attend
    if scope.window == 1:
        q, k, v = (rearrange(x, "(B F) p C -> (B p) F C", F=grid.frames) for x in (q, k, v))
        o = _attend_rows(q, k, v, heads, kernel)  # [(B p), F, C]
        return rearrange(o, "(B p) F C -> (B F) p C", p=rows["L"])
    if grid.find_halo(scope) == (grid.height, grid.width):
        q, k, v = (rearrange(x, "(B F) p C -> B (F p) C", F=grid.frames) for x in (q, k, v))
        o = kernel(q, k, v, heads)  # [B, (F p), C]
        return rearrange(o, "B (F p) C -> (B F) p C", F=grid.frames)
    return attend_tiles(q, k, v, grid, Tiling(scope.tile, scope.window // 2), heads, kernel)


@dataclass(frozen=True, slots=True)
class Tiling:
    """Square query tiles and how many cells their keys reach beyond them; reach 0 gives separate windows."""

    side: int
    reach: int


def attend_tiles(
    q: Tensor,  # [(B F), (h w), C]
    k: Tensor,  # [(B F), (h w), C]
    v: Tensor,  # [(B F), (h w), C]
    grid: TokenGrid,
    tiling: Tiling,
    heads: int,
    attention: Attention,
) -> Tensor:
    """Let each tile of queries attend to its tile widened by the reach, over all frames, without a mask.

    At a border the halo moves inward instead of shrinking, so that every tile has the same number of keys. A last tile that
    leaves the grid repeats its border queries, and the repeats are cut away.

    Returns:
        [(B F), (h w), C].
    """
    inner_y, outer_y = _tile_axis(grid.height, tiling, q.device)  # [ny, T], [ny, S]
    inner_x, outer_x = _tile_axis(grid.width, tiling, q.device)  # [nx, T], [nx, S]
    inner = _pair_axes(inner_y, inner_x, grid.width)  # [(ny nx), (T T)] cell of each query
    outer = _pair_axes(outer_y, outer_x, grid.width)  # [(ny nx), (S S)] cell of each key
    q, k, v = (rearrange(x, "(B F) p C -> B F p C", F=grid.frames) for x in (q, k, v))
    halo_elements = k.shape[0] * grid.frames * outer.shape[1] * k.shape[3]
    step = max(1, MAX_HALO_ELEMENTS // halo_elements)
    parts = []
    for queries, keys in zip(inner.split(step), outer.split(step), strict=True):
        tile_q, tile_k, tile_v = (
            rearrange(x[:, :, cells], "B F n t C -> (B n) (F t) C") for x, cells in ((q, queries), (k, keys), (v, keys))
        )
        o = _attend_rows(tile_q, tile_k, tile_v, heads, attention)  # [(B n), (F t), C]
        parts.append(rearrange(o, "(B n) (F t) C -> (B F) n t C", n=len(queries), F=grid.frames))
    tiles = torch.cat(parts, dim=1)  # [(B F), (ny nx), (T T), C]
    o = rearrange(tiles, "b (ny nx) (ty tx) C -> b (ny ty) (nx tx) C", ny=len(inner_y), ty=tiling.side)
    return rearrange(o[:, : grid.height, : grid.width], "b h w C -> b (h w) C")


def compute_entropy_scale(grid: TokenGrid, scope: Scope) -> float:
    """The factor lambda on the logits that keeps the softmax as peaked over F n keys as it was over F.

    lambda = sqrt(ln(F n) / ln F), n the cells that each query sees; 1 for one frame, where there was no choice to keep.
    """
    height, width = grid.find_halo(scope)
    if grid.frames == 1:
        return 1.0
    return math.sqrt(math.log(grid.frames * height * width) / math.log(grid.frames))


def attend(q: Tensor, k: Tensor, v: Tensor, heads: int) -> Tensor:
    """The default kernel: torch's scaled dot product attention, [N, L, C] x [N, M, C] -> [N, L, C]."""
    q, k, v = (rearrange(x, "N L (H d) -> N H L d", H=heads) for x in (q, k, v))
    o = torch.nn.functional.scaled_dot_product_attention(q, k, v)
    return rearrange(o, "N H L d -> N L (H d)")


def make_frame_positions(frames: int, channels: int, max_frames: int, device: torch.device | str | None = None) -> Tensor:
    """AnimateDiff's sinusoidal frame positions; clips longer than trained with are squeezed into the trained range.

    Returns:
        [F, C] float32.
    """
    index = torch.arange(frames, device=device, dtype=torch.float32)
    if frames > max_frames:
        index = index * ((max_frames - 1) / (frames - 1))
    rate = torch.exp(torch.arange(0, channels, 2, device=device, dtype=torch.float32) * (-math.log(10000.0) / channels))
    angle = index[:, None] * rate  # [F, C / 2]
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1)


def make_cell_positions(height: int, width: int, channels: int, device: torch.device | str | None = None) -> Tensor:
    """Sinusoidal 2-D positions on coordinates normalised to 0..1, so that they do not depend on the resolution.

    Returns:
        [(h w), C] float32, C divisible by 4: sines and cosines of y, then of x.
    """
    rate = math.pi * SPATIAL_BANDS ** torch.linspace(0, 1, channels // 4, device=device)  # [C / 4]
    y, x = (((torch.arange(size, device=device) + 0.5) / size)[:, None] * rate for size in (height, width))  # [size, C / 4]
    y, x = torch.cat([y.sin(), y.cos()], dim=1), torch.cat([x.sin(), x.cos()], dim=1)  # [size, C / 2]
    return torch.cat([y[:, None].expand(-1, width, -1), x[None].expand(height, -1, -1)], dim=-1).flatten(0, 1)


def _attend_rows(q: Tensor, k: Tensor, v: Tensor, heads: int, attention: Attention) -> Tensor:
    step = max(1, MAX_LAUNCH // heads)
    if len(q) <= step:
        return attention(q, k, v, heads)
    return torch.cat([attention(*rows, heads) for rows in zip(q.split(step), k.split(step), v.split(step), strict=True)])


def _tile_axis(length: int, tiling: Tiling, device: torch.device) -> tuple[Tensor, Tensor]:
    starts = torch.arange(0, length, tiling.side, device=device)[:, None]  # [n, 1]
    halo = min(tiling.side + 2 * tiling.reach, length)
    inner = (starts + torch.arange(tiling.side, device=device)).clamp(max=length - 1)  # [n, T]
    outer = (starts - tiling.reach).clamp(0, length - halo) + torch.arange(halo, device=device)  # [n, S]
    return inner, outer


def _pair_axes(rows: Tensor, columns: Tensor, width: int) -> Tensor:
    cells = rows[:, None, :, None] * width + columns[None, :, None, :]  # [ny, nx, a, b]
    return rearrange(cells, "ny nx a b -> (ny nx) (a b)")
