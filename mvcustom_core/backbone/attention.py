"""Spatio-temporal attention: one pretrained temporal attention, evaluated over a growing spatial neighbourhood (the paper's STT).

    y_{f,p} = sum over f' and p' in N(p) of softmax(lambda q_{f,p} . k_{f',p'} / sqrt(d)) v_{f',p'}

With N(p) = {p} this is AnimateDiff's attention over frames; with N(p) = the whole grid it is dense. In between, all queries of a tile
share one halo of keys. This needs no mask (masks disable the fast kernels) and stores no score matrix.

If depth and cameras are known, attention over frames can follow the surface instead of the cell: in each frame f' a query attends to the
one place where f' shows the query's surface point. This is not in the paper; it is for modules trained with N(p) = {p}.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from einops import rearrange
from torch import Tensor

from ..shapes import check_shape
from ..surface.correspondence import Correspondence
from .tables import cached_table

Attention = Callable[[Tensor, Tensor, Tensor, int], Tensor]
"""A kernel (q [N, L, C], k [N, M, C], v [N, M, C], heads) -> [N, L, C] that scales by the square root of C / heads."""

MAX_LAUNCH = 65535  # rows times heads; beyond it CUDA kernels answer "invalid configuration argument"
MAX_HALO_ELEMENTS = 2**25  # keys copied per chunk of tiles or of trajectories: 64 MiB in 16 bits
TRAJECTORY = "trajectory"


@dataclass(frozen=True, slots=True)
class Scope:
    """Spatial neighbourhood of the keys of a query. A query always attends to every frame.

    Attributes:
        window: side of the neighbourhood in cells, odd; 1 is AnimateDiff's attention over frames, None is the whole grid.
        trajectory: attend to one place in each frame, as with window 1, but to the place that shows the query's surface point.
    """

    window: int | None = 1
    trajectory: bool = False

    def __post_init__(self) -> None:
        if self.trajectory and self.window != 1:
            raise ValueError(f"scope: wanted a window of 1 along trajectories, got {self.window}")
        if self.window is not None and (self.window < 1 or self.window % 2 == 0):
            raise ValueError(f"scope: wanted an odd window of 1 or more cells, or dense, got {self.window}")

    @classmethod
    def from_text(cls, text: str) -> Scope:
        """Read "dense", "trajectory" or an odd number; the inverse of `str`."""
        text = text.strip().lower()
        if text == TRAJECTORY:
            return cls(1, trajectory=True)
        if text != "dense" and not text.isdigit():
            raise ValueError(f'scope: wanted "dense", "{TRAJECTORY}" or an odd number of cells, got "{text}"')
        return cls(None if text == "dense" else int(text))

    def __str__(self) -> str:
        if self.trajectory:
            return TRAJECTORY
        return "dense" if self.window is None else str(self.window)

    @property
    def tile(self) -> int:
        """Side of a query tile in cells. Small tiles waste fewer keys on narrow windows; large tiles copy less on wide windows."""
        return 4 if self.window is not None and self.window <= 3 else 8


@dataclass(frozen=True, slots=True)
class TokenGrid:
    """The frames and cells that tokens were flattened from, and the correspondence between frames, if known."""

    frames: int
    height: int
    width: int
    correspondence: Correspondence | None = None

    def find_halo(self, scope: Scope) -> tuple[int, int]:
        """Height and width of the neighbourhood of keys that each query attends to under a scope."""
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

    A window w holds at least the w x w cells around a query (those inside the grid) and at most the halo of its tile. Along trajectories
    a grid without a correspondence is one of which no surface is known: every query sees its own cell.

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
    if scope.trajectory and grid.correspondence is not None:
        return attend_trajectories(q, k, v, grid, heads, kernel)
    if scope.window == 1:
        return attend_frames(q, k, v, grid.frames, heads, kernel)
    if grid.find_halo(scope) == (grid.height, grid.width):
        q, k, v = (rearrange(x, "(B F) p C -> B (F p) C", F=grid.frames) for x in (q, k, v))
        o = kernel(q, k, v, heads)  # [B, (F p), C]
        return rearrange(o, "B (F p) C -> (B F) p C", F=grid.frames)
    return attend_tiles(q, k, v, grid, Tiling(scope.tile, scope.window // 2), heads, kernel)


def attend_frames(q: Tensor, k: Tensor, v: Tensor, frames: int, heads: int, attention: Attention) -> Tensor:
    """Let each cell attend to itself in all frames of its clip.

    A clip's frames lie side by side for each cell without a copy; those of several clips would have to be copied, so clips go one by one.

    Args:
        q, k, v: [(B F), p, C].

    Returns:
        [(B F), p, C].
    """
    if len(q) == frames:
        return _attend_rows(*(x.transpose(0, 1) for x in (q, k, v)), heads, attention).transpose(0, 1)
    o = torch.empty_like(q)  # [(B F), p, C]
    for start in range(0, len(q), frames):
        clip = slice(start, start + frames)
        o[clip] = _attend_rows(*(x[clip].transpose(0, 1) for x in (q, k, v)), heads, attention).transpose(0, 1)
    return o


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
    inner, outer = find_tile_cells(grid.height, grid.width, tiling, q.device)  # [(ny nx), (T T)], [(ny nx), (S S)]
    q, k, v = (rearrange(x, "(B F) p C -> B p F C", F=grid.frames) for x in (q, k, v))  # in this order a tile is copied once
    halo_elements = k.shape[0] * outer.shape[1] * grid.frames * k.shape[3]
    parts = []
    for part in split_evenly(len(inner), max(1, MAX_HALO_ELEMENTS // halo_elements)):
        cells = inner[part], outer[part], outer[part]
        rows = (rearrange(x[:, taken], "B n t F C -> (B n) (t F) C") for x, taken in zip((q, k, v), cells, strict=True))
        o = _attend_rows(*rows, heads, attention)  # [(B n), (t F), C]
        parts.append(rearrange(o, "(B n) (t F) C -> B n t F C", n=len(inner[part]), F=grid.frames))
    tiles = torch.cat(parts, dim=1)  # [B, (ny nx), (T T), F, C]
    del parts  # as large as what follows
    rows = -(-grid.height // tiling.side)
    o = rearrange(tiles, "B (ny nx) (ty tx) F C -> (B F) (ny ty) (nx tx) C", ny=rows, ty=tiling.side)
    return rearrange(o[:, : grid.height, : grid.width], "b h w C -> b (h w) C")


def attend_trajectories(q: Tensor, k: Tensor, v: Tensor, grid: TokenGrid, heads: int, attention: Attention) -> Tensor:
    """Let each query attend to one place of every frame: where that frame shows the query's surface point.

    Keys and values are sampled there after their projection, for a few frames of queries at a time.

    Args:
        q, k, v: [(B F), (h w), C].

    Returns:
        [(B F), (h w), C].

    Raises:
        ValueError: if the correspondence is of another grid.
    """
    paths, cells = grid.correspondence, grid.height * grid.width
    if (len(paths.cells), paths.height, paths.width) != (grid.frames, grid.height, grid.width):
        raise ValueError(
            f"trajectory scope: wanted {len(paths.cells)} whole views of {paths.width}x{paths.height} cells in one batch, got "
            f"{grid.frames} of {grid.width}x{grid.height}; sample all views at once, and give no prompt an area of the picture"
        )
    parts = split_evenly(grid.frames, max(1, MAX_HALO_ELEMENTS // (grid.frames * cells * q.shape[-1])))

    def attend_views(clip_q: Tensor, clip_k: Tensor, clip_v: Tensor, views: slice) -> Tensor:
        queries = rearrange(clip_q[views], "N p C -> (N p) 1 C")
        keys, values = (paths.sample(x.flatten(0, 1), views) for x in (clip_k, clip_v))  # [(N p), F, C]
        return rearrange(_attend_rows(queries, keys, values, heads, attention), "(N p) 1 C -> N p C", p=cells)

    clips = zip(*(x.split(grid.frames) for x in (q, k, v)), strict=True)
    return torch.cat([attend_views(*clip, views) for clip in clips for views in parts])


@cached_table
def find_tile_cells(height: int, width: int, tiling: Tiling, device: torch.device) -> tuple[Tensor, Tensor]:
    """The cells that each tile's queries and keys come from, [(ny nx), (T T)] and [(ny nx), (S S)]."""
    inner_y, outer_y = _tile_axis(height, tiling, device)  # [ny, T], [ny, S]
    inner_x, outer_x = _tile_axis(width, tiling, device)  # [nx, T], [nx, S]
    return _pair_axes(inner_y, inner_x, width), _pair_axes(outer_y, outer_x, width)


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


def split_evenly(count: int, most: int) -> list[slice]:
    """As few parts of `count` as hold `most` each, none of them more than one larger than another."""
    parts = max(1, -(-count // most))
    edges = [part * count // parts for part in range(parts + 1)]
    return [slice(start, stop) for start, stop in zip(edges, edges[1:], strict=False)]


def _attend_rows(q: Tensor, k: Tensor, v: Tensor, heads: int, attention: Attention) -> Tensor:
    """The kernel on rows [N, L, C] and keys [N, M, C], in as many launches as it needs, [N, L, C]."""
    parts = split_evenly(len(q), max(1, MAX_LAUNCH // heads))
    if len(parts) == 1:
        return attention(q, k, v, heads)
    o = torch.empty_like(q)
    for part in parts:
        o[part] = attention(q[part], k[part], v[part], heads)
    return o


def _tile_axis(length: int, tiling: Tiling, device: torch.device) -> tuple[Tensor, Tensor]:
    starts = torch.arange(0, length, tiling.side, device=device)[:, None]  # [n, 1]
    halo = min(tiling.side + 2 * tiling.reach, length)
    inner = (starts + torch.arange(tiling.side, device=device)).clamp(max=length - 1)  # [n, T]
    outer = (starts - tiling.reach).clamp(0, length - halo) + torch.arange(halo, device=device)  # [n, S]
    return inner, outer


def _pair_axes(rows: Tensor, columns: Tensor, width: int) -> Tensor:
    cells = rows[:, None, :, None] * width + columns[None, :, None, :]  # [ny, nx, a, b]
    return rearrange(cells, "ny nx a b -> (ny nx) (a b)")
