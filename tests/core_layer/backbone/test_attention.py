"""Spatio-temporal attention against attention written out here with explicit scores and masks."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from mvcustom.mvcustom_core.backbone import attention as rooms
from mvcustom.mvcustom_core.backbone.attention import (
    Scope,
    Tiling,
    TokenGrid,
    attend,
    attend_tiles,
    compute_entropy_scale,
    spatio_temporal_attention,
    split_evenly,
)
from mvcustom.mvcustom_core.backbone.positions import make_cell_positions, make_frame_positions

HEADS, CHANNELS = 2, 8


def make_tokens(grid: TokenGrid, clips: int = 2) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(grid.frames * 100 + grid.height * 10 + grid.width)
    shape = (3, clips * grid.frames, grid.height * grid.width, CHANNELS)
    return torch.randn(shape, generator=generator, dtype=torch.float64).unbind(0)


def attend_masked(q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> Tensor:
    """Softmax attention of [L, C] tokens with explicit scores, head by head; mask [L, L] is true where a query may look."""
    heads = []
    for q_head, k_head, v_head in zip(q.chunk(HEADS, -1), k.chunk(HEADS, -1), v.chunk(HEADS, -1), strict=True):
        scores = q_head @ k_head.T / math.sqrt(q_head.shape[-1])
        heads.append(scores.masked_fill(~mask, -torch.inf).softmax(-1) @ v_head)
    return torch.cat(heads, -1)


def attend_reference(q: Tensor, k: Tensor, v: Tensor, grid: TokenGrid, cells: Tensor) -> Tensor:
    """cells [(h w), (h w)] says which cell sees which; every frame sees every frame."""
    tokens = (grid.frames * grid.height * grid.width, CHANNELS)
    mask = cells.repeat(grid.frames, grid.frames)
    clips = [
        attend_masked(*(x.reshape(tokens) for x in clip), mask)
        for clip in zip(q.split(grid.frames), k.split(grid.frames), v.split(grid.frames), strict=True)
    ]
    return torch.cat(clips).reshape(q.shape)


def see_halo(grid: TokenGrid, tiling: Tiling) -> Tensor:
    """Which cell sees which: a query sees the span of its tile widened by the reach, pushed inside the grid."""

    def see_axis(length: int) -> Tensor:
        sees = torch.zeros(length, length, dtype=torch.bool)
        span = min(tiling.side + 2 * tiling.reach, length)
        for query in range(length):
            first = (query // tiling.side) * tiling.side - tiling.reach
            first = min(max(first, 0), length - span)
            sees[query, first : first + span] = True
        return sees

    rows, columns = see_axis(grid.height), see_axis(grid.width)
    return (rows[:, None, :, None] & columns[None, :, None, :]).reshape(grid.height * grid.width, -1)


@pytest.mark.parametrize("grid", [TokenGrid(5, 3, 4), TokenGrid(1, 2, 3), TokenGrid(33, 2, 2)])
def test_scope_one_is_attention_over_frames(grid: TokenGrid) -> None:
    q, k, v = make_tokens(grid)
    alone = torch.eye(grid.height * grid.width, dtype=torch.bool)
    torch.testing.assert_close(
        spatio_temporal_attention(q, k, v, grid, Scope(1), HEADS), attend_reference(q, k, v, grid, alone), atol=1e-12, rtol=0
    )
    single = [x.float() for x in (q, k, v)]
    error = spatio_temporal_attention(*single, grid, Scope(1), HEADS) - attend_reference(*single, grid, alone)
    assert error.abs().max() <= 1e-6


def test_dense_is_attention_over_everything() -> None:
    grid = TokenGrid(3, 4, 5)
    q, k, v = make_tokens(grid)
    every = torch.ones(20, 20, dtype=torch.bool)
    torch.testing.assert_close(
        spatio_temporal_attention(q, k, v, grid, Scope(None), HEADS), attend_reference(q, k, v, grid, every), atol=1e-12, rtol=0
    )


@pytest.mark.parametrize("grid", [TokenGrid(2, 6, 6), TokenGrid(33, 3, 2), TokenGrid(1, 5, 8), TokenGrid(3, 9, 4)])
def test_full_window_is_dense_exactly(grid: TokenGrid) -> None:
    q, k, v = make_tokens(grid)
    full = Scope(2 * max(grid.height, grid.width) - 1)
    assert torch.equal(spatio_temporal_attention(q, k, v, grid, full, HEADS), spatio_temporal_attention(q, k, v, grid, Scope(None), HEADS))


@pytest.mark.parametrize("side", [4, 8])
@pytest.mark.parametrize("reach", [0, 1, 2, 4])
@pytest.mark.parametrize("grid", [TokenGrid(2, 16, 16), TokenGrid(2, 13, 9), TokenGrid(3, 5, 18), TokenGrid(1, 9, 11)])
def test_tiles_match_a_mask(grid: TokenGrid, reach: int, side: int) -> None:
    q, k, v = (x.float() for x in make_tokens(grid))
    tiling = Tiling(side, reach)
    o = attend_tiles(q, k, v, grid, tiling, HEADS, attend)
    assert (o - attend_reference(q, k, v, grid, see_halo(grid, tiling))).abs().max() <= 1e-6


def test_tiles_of_33_frames_match_a_mask() -> None:
    grid = TokenGrid(33, 9, 5)
    q, k, v = make_tokens(grid, clips=1)
    o = spatio_temporal_attention(q, k, v, grid, Scope(3), HEADS)
    cells = see_halo(grid, Tiling(4, 1))
    assert not cells.all()
    torch.testing.assert_close(o, attend_reference(q, k, v, grid, cells), atol=1e-12, rtol=0)


@pytest.mark.parametrize("window", [3, 5, 9])
def test_window_is_inside_its_halo(window: int) -> None:
    grid, scope = TokenGrid(1, 21, 14), Scope(window)
    sees = see_halo(grid, Tiling(scope.tile, window // 2)).reshape(21, 14, 21, 14)
    for y, x in ((0, 0), (7, 8), (20, 13), (11, 3)):
        top, left = max(0, y - window // 2), max(0, x - window // 2)
        assert sees[y, x, top : y + window // 2 + 1, left : x + window // 2 + 1].all()
    height, width = grid.find_halo(scope)
    assert (sees.sum((2, 3)) == height * width).all()


class Launches:
    """A kernel that remembers how many rows each launch had, and whether it was given copies."""

    def __init__(self, given: Tensor) -> None:
        self.given, self.rows, self.copies = given.untyped_storage().data_ptr(), [], 0

    def __call__(self, q: Tensor, k: Tensor, v: Tensor, heads: int) -> Tensor:
        self.rows.append(len(q))
        self.copies += sum(x.untyped_storage().data_ptr() != self.given for x in (q, k, v))
        return attend(q, k, v, heads)


class JoinedSizes(TorchDispatchMode):
    """The elements of every tensor that is joined from others."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = function(*args, **(kwargs or {}))
        if function is torch.ops.aten.cat.default:
            self.sizes.append(result.numel())
        return result


@pytest.mark.parametrize(
    ("clips", "side", "launches"),
    [
        (2, 64, [4096, 4096]),  # 512 pixels with guidance: 65536 rows times heads, one over the limit
        (1, 64, [4096]),
        (1, 96, [4608, 4608]),
        (2, 96, [4608] * 4),
        (1, 128, [5461, 5461, 5462]),
    ],
)
def test_launches_over_the_limit_are_split_evenly_without_copies(clips: int, side: int, launches: list[int]) -> None:
    grid, heads = TokenGrid(2, side, side), 8
    tokens = torch.randn(3, 2 * clips, side * side, 8, generator=torch.Generator().manual_seed(0))
    kernel = Launches(tokens)
    with JoinedSizes() as joined:
        o = spatio_temporal_attention(*tokens, grid, Scope(1), heads, kernel)
    assert sorted(kernel.rows) == launches and max(launches) * heads <= rooms.MAX_LAUNCH
    assert kernel.copies == 0 and joined.sizes == []
    rows = tokens.unflatten(1, (clips, 2)).transpose(2, 3)  # [3, B, p, F, C]
    wanted = torch.cat([attend(*clip, heads).transpose(0, 1) for clip in rows.unbind(1)])
    assert torch.equal(o, wanted)


def test_parts_are_as_few_and_as_even_as_they_can_be() -> None:
    for count, most, sizes in ((8192, 8191, [4096, 4096]), (9, 4, [3, 3, 3]), (10, 4, [3, 3, 4]), (4, 4, [4]), (3, 4, [3]), (1, 1, [1])):
        parts = split_evenly(count, most)
        assert [part.stop - part.start for part in parts] == sizes
        assert [index for part in parts for index in range(count)[part]] == list(range(count))


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    grid = TokenGrid(2, 13, 9)
    q, k, v = make_tokens(grid)
    whole = [spatio_temporal_attention(q, k, v, grid, scope, HEADS) for scope in (Scope(1), Scope(3))]
    monkeypatch.setattr(rooms, "MAX_LAUNCH", 7)
    monkeypatch.setattr(rooms, "MAX_HALO_ELEMENTS", 3000)
    seen = []

    def count(*args: Tensor | int) -> Tensor:
        seen.append(len(args[0]))
        return attend(*args)

    parts = [spatio_temporal_attention(q, k, v, grid, scope, HEADS, count) for scope in (Scope(1), Scope(3))]
    for one, other in zip(whole, parts, strict=True):
        torch.testing.assert_close(one, other, atol=1e-12, rtol=0)
    assert max(seen) <= 3 and len(seen) > 80


def test_kernel_is_given_by_the_caller() -> None:
    grid = TokenGrid(2, 9, 9)
    q, k, v = make_tokens(grid)
    for scope in (Scope(1), Scope(3), Scope(None)):
        o = spatio_temporal_attention(q, k, v, grid, scope, HEADS, lambda q, k, v, heads: q * heads)
        torch.testing.assert_close(o, q * HEADS)  # tokens come back in their own places


def test_gradients_reach_keys_of_every_tile() -> None:
    grid = TokenGrid(2, 9, 6)
    q, k, v = (x.requires_grad_() for x in make_tokens(grid))
    spatio_temporal_attention(q, k, v, grid, Scope(3), HEADS).square().sum().backward()
    assert all((x.grad.abs().amax(-1) > 0).all() for x in (q, k, v))


def test_entropy_scale() -> None:
    assert compute_entropy_scale(TokenGrid(16, 64, 64), Scope(1)) == 1
    assert compute_entropy_scale(TokenGrid(1, 8, 8), Scope(None)) == 1
    # ln(16 * 64) / ln 16 = 10 / 4
    assert compute_entropy_scale(TokenGrid(16, 8, 8), Scope(None)) == pytest.approx(math.sqrt(2.5))
    # tiles of 4 with reach 1 see 6 x 6 cells; the narrow axis only its 4
    assert compute_entropy_scale(TokenGrid(16, 32, 32), Scope(3)) == pytest.approx(math.sqrt(math.log(16 * 36) / math.log(16)))
    assert compute_entropy_scale(TokenGrid(16, 32, 4), Scope(3)) == pytest.approx(math.sqrt(math.log(16 * 24) / math.log(16)))


def test_entropy_scale_keeps_the_entropy_share() -> None:
    """Gaussian logits of spread s have entropy near ln n - s^2 / 2, so that s^2 in proportion to ln n keeps its share of ln n."""
    grid, scope = TokenGrid(16, 16, 16), Scope(None)
    generator = torch.Generator().manual_seed(0)

    def entropy_share(keys: int, scale: float) -> float:
        p = (0.7 * scale * torch.randn(400, keys, generator=generator)).softmax(-1)
        return float(-(p * p.clamp_min(1e-30).log()).sum(-1).mean() / math.log(keys))

    few, many = entropy_share(16, 1.0), entropy_share(16 * 256, 1.0)
    corrected = entropy_share(16 * 256, compute_entropy_scale(grid, scope))
    assert many - few > 0.03
    assert abs(corrected - few) < 0.25 * (many - few)


def test_scope_text_round_trip() -> None:
    for scope in (Scope(1), Scope(9), Scope(None)):
        assert Scope.from_text(str(scope)) == scope
    assert Scope.from_text(" Dense ") == Scope(None)


@pytest.mark.parametrize("window", [0, -3, 4])
def test_scope_refuses_even_windows(window: int) -> None:
    with pytest.raises(ValueError, match="odd window"):
        Scope(window)


def test_scope_refuses_other_text() -> None:
    with pytest.raises(ValueError, match='wanted "dense"'):
        Scope.from_text("wide")


def test_tokens_must_fit_the_grid() -> None:
    q, k, v = make_tokens(TokenGrid(2, 3, 3))
    for grid in (TokenGrid(3, 3, 3), TokenGrid(2, 3, 4)):
        with pytest.raises(ValueError, match="wanted clips of"):
            spatio_temporal_attention(q, k, v, grid, Scope(1), HEADS)


def test_frame_positions() -> None:
    table = make_frame_positions(16, 64, 32)
    for frame, pair in ((0, 0), (3, 5), (15, 31)):
        angle = frame / 10000 ** (2 * pair / 64)
        assert table[frame, 2 * pair].item() == pytest.approx(math.sin(angle), abs=1e-6)
        assert table[frame, 2 * pair + 1].item() == pytest.approx(math.cos(angle), abs=1e-6)


def test_frame_positions_of_long_clips_stay_in_the_trained_range() -> None:
    long = make_frame_positions(63, 64, 32)
    trained = make_frame_positions(32, 64, 32)
    torch.testing.assert_close(long[::2], trained, atol=2e-6, rtol=0)  # 62 steps squeezed into 31


def test_cell_positions_do_not_depend_on_the_resolution() -> None:
    small = make_cell_positions(3, 5, 32).reshape(3, 5, 32)
    large = make_cell_positions(9, 15, 32).reshape(9, 15, 32)
    torch.testing.assert_close(large[1::3, 1::3], small, atol=2e-4, rtol=0)  # centre cell of each 3 x 3 lies at the same place
    pairs = torch.cdist(small.flatten(0, 1), small.flatten(0, 1)) + torch.eye(15)
    assert pairs.min() > 0.1  # no two cells alike
