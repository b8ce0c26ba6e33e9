"""Where the same surface lies in other views, against closed forms, and attention that follows it, against a loop over the definition."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from mvcustom.mvcustom_core.backbone import attention as rooms
from mvcustom.mvcustom_core.backbone import motion
from mvcustom.mvcustom_core.backbone.attention import Scope, TokenGrid, spatio_temporal_attention
from mvcustom.mvcustom_core.backbone.motion import MotionModule, MotionSettings
from mvcustom.mvcustom_core.camera.cameras import Cameras, square_intrinsics
from mvcustom.mvcustom_core.embedded.scenes.render import render_scene
from mvcustom.mvcustom_core.embedded.scenes.scene import sample_scene
from mvcustom.mvcustom_core.embedded.scenes.sweep import sample_sweep
from mvcustom.mvcustom_core.surface.correspondence import Correspondence, find_correspondences
from mvcustom.mvcustom_core.surface.depth import AnchorDepth, DepthMap
from mvcustom.mvcustom_core.surface.surface import build_surfaces

SIZE, HEADS = 16, 2
ALONG = Scope(1, trajectory=True)


def make_row(centers: list[float], size: int = SIZE) -> Cameras:
    """Cameras side by side that look along z; the focal length is the picture's width, so that a step of z / size is one pixel."""
    w2c = torch.eye(4).repeat(len(centers), 1, 1)
    w2c[:, 0, 3] = -torch.tensor(centers)
    return Cameras(w2c, square_intrinsics(len(centers), size, math.degrees(2 * math.atan(0.5))), size, size)


def make_anchor(depth: Tensor, view: int = 0) -> AnchorDepth:
    return AnchorDepth(view, DepthMap(depth, torch.isfinite(depth), "test", 1.0, ""))


def find(anchors: list[AnchorDepth], cameras: Cameras, sizes: list[tuple[int, int]]) -> dict[tuple[int, int], Correspondence]:
    return find_correspondences(build_surfaces(anchors, cameras), sizes)


def locate(found: Correspondence) -> Tensor:
    """The point [V, (h w), V, 2] (x, y) in cells, as the taps blend it: a view's own coordinates, sampled."""
    y, x = torch.meshgrid(torch.arange(found.height) + 0.5, torch.arange(found.width) + 0.5, indexing="ij")
    coordinates = torch.stack([x, y], -1).reshape(1, -1, 2).repeat(len(found.cells), 1, 1)
    rows = found.sample(coordinates.flatten(0, 1), slice(None))
    return rows.unflatten(0, found.cells.shape[:2])


def of_itself(found: Correspondence) -> Tensor:
    """Whether [V, (h w), V] the taps fall on the query's own cell."""
    own = torch.arange(found.height * found.width)[:, None] + found.height * found.width * torch.arange(len(found.cells))
    return (found.cells[..., 0] == own) & (found.weights[..., 0] == 1)


def make_tokens(grid: TokenGrid, clips: int, channels: int = 8, dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor, Tensor]:
    shape = (3, clips * grid.frames, grid.height * grid.width, channels)
    return torch.randn(shape, generator=torch.Generator().manual_seed(1), dtype=dtype).unbind(0)


@pytest.mark.parametrize("size", [(16, 16), (8, 8), (5, 3), (2, 2)])
def test_coinciding_cameras_see_everything_in_its_place(size: tuple[int, int]) -> None:
    depth = 1.5 + 0.3 * torch.rand(32, 32, generator=torch.Generator().manual_seed(2))
    cameras = make_row([0.0] * 3)
    found = find([make_anchor(depth, view=1)], cameras, [(16, 16), size])[size]
    height, width = size
    own = torch.stack(torch.meshgrid(torch.arange(width) + 0.5, torch.arange(height) + 0.5, indexing="xy"), -1).reshape(1, -1, 1, 2)
    assert (locate(found) - own).abs().max() <= 1e-5
    grid = TokenGrid(3, height, width, found)
    tokens = make_tokens(grid, clips=2)
    along = spatio_temporal_attention(*tokens, grid, ALONG, HEADS)
    assert (along - spatio_temporal_attention(*tokens, grid, Scope(1), HEADS)).abs().max() <= 1e-6


def test_a_wall_moves_by_its_disparity() -> None:
    """Two units away and 16 pixels of focal length, a step of 0.1875 to the right moves the wall 1.5 pixels to the left."""
    cameras = make_row([0.0, 0.1875, -0.125])
    for size in (16, 8):
        found = find([make_anchor(torch.full((32, 32), 2.0))], cameras, [(16, 16), (size, size)])[size, size]
        points, cell = locate(found), 16 / size
        x, y = torch.meshgrid(torch.arange(size) + 0.5, torch.arange(size) + 0.5, indexing="xy")
        for n, m, pixels in ((0, 1, -1.5), (1, 0, 1.5), (0, 2, 1.0), (1, 2, 2.5)):
            expected = x + pixels / cell
            # where both views see what the anchor saw, away from half cells at the border that have no neighbour to blend with
            inner = (expected > 0.5) & (expected < size - 0.5) & (x + min(0, pixels, (1.5, 0, -1)[n]) / cell > 0.5)
            inner &= x + (0.0, 1.5, -1.0)[n] / cell < size - 0.5
            assert inner.sum() > size
            here = points[n, :, m].reshape(size, size, 2)
            torch.testing.assert_close(here[..., 0][inner], expected[inner], atol=1e-5, rtol=0)
            torch.testing.assert_close(here[..., 1][inner], y[inner], atol=1e-5, rtol=0)


def test_what_leaves_the_picture_stays_in_its_place() -> None:
    found = find([make_anchor(torch.full((32, 32), 2.0))], make_row([0.0, 0.5]), [(16, 16)])[16, 16]
    alone = of_itself(found).reshape(2, 16, 16, 2)
    assert alone[0, :, :4, 1].all() and not alone[0, :, 4:, 1].any()  # 4 pixels to the left, and out
    assert alone[1, :, 12:, 0].all() and not alone[1, :, :12, 0].any()  # and what the anchor never saw
    assert alone[0, :, :, 0].all() and alone[1, :, :, 1].all()  # a view sees itself where it is


def test_a_point_in_its_own_cell_is_known_and_one_that_is_not_followed_is_unknown() -> None:
    """All views coincide, so all that the depth tells lies where it was; of the upper half it tells nothing."""
    depth = torch.full((32, 32), 2.0)
    depth[:16] = torch.inf
    found = find([make_anchor(depth, view=1)], make_row([0.0] * 3), [(8, 8)])[8, 8]
    assert of_itself(found).all()
    others = ~torch.eye(3, dtype=torch.bool)[:, None]  # [V, 1, V]: nobody has to find a view's own cells
    assert torch.equal(found.known, others & (torch.arange(64) >= 32)[:, None])


def make_board() -> Tensor:
    """A board at depth 1, four pixels wide, before a wall at depth 2."""
    depth = torch.full((SIZE, SIZE), 2.0)
    depth[:, 6:10] = 1.0
    return depth


def test_hidden_points_are_not_followed() -> None:
    """A step of 0.25 moves the board by 4 pixels and the wall by 2: columns 6 to 7 of the second view show what the anchor could not
    see, and the board there, in columns 2 to 5, hides the wall of the anchor's columns 4 and 5."""
    found = find([make_anchor(make_board())], make_row([0.0, 0.25]), [(SIZE, SIZE)])[SIZE, SIZE]
    alone, points = of_itself(found).reshape(2, SIZE, SIZE, 2), locate(found).reshape(2, SIZE, SIZE, 2, 2)
    hidden = torch.tensor([column in (0, 1, 4, 5) for column in range(SIZE)])  # 0 and 1 leave the picture
    assert torch.equal(alone[0, ..., 1], hidden.expand(SIZE, -1))
    expected = [None, None, 0.5, 1.5, None, None, 2.5, 3.5, 4.5, 5.5, 8.5, 9.5, 10.5, 11.5, 12.5, 13.5]
    for column, x in enumerate(expected):
        assert x is None or torch.allclose(points[0, :, column, 1, 0], torch.tensor(x), atol=1e-5)
    unseen = torch.tensor([column in (6, 7, 14, 15) for column in range(SIZE)])
    assert torch.equal(alone[1, ..., 0], unseen.expand(SIZE, -1))


def test_a_second_anchor_tells_what_the_first_does_not() -> None:
    half = torch.full((SIZE, SIZE), 2.0)
    half[:, SIZE // 2 :] = torch.inf
    first, second = make_anchor(half), make_anchor(torch.full((SIZE, SIZE), 2.0))
    cameras = make_row([0.0, 0.125])
    one, both, whole = (find(anchors, cameras, [(SIZE, SIZE)])[SIZE, SIZE] for anchors in ([first], [first, second], [second]))
    assert of_itself(one)[0, :, 1].sum() > of_itself(both)[0, :, 1].sum()
    assert torch.equal(both.cells, whole.cells) and torch.equal(both.weights, whole.weights)


def test_true_scenes_are_met_better_than_in_the_same_cell() -> None:
    """Every view's picture, sampled where it shows what another view shows: bilinear before nearest before the same cell."""
    errors = {"bilinear": 0.0, "nearest": 0.0, "same cell": 0.0}
    for seed in range(4):
        cameras = sample_sweep(random.Random(f"sweep {seed}"), 4, 64)
        truth = render_scene(sample_scene(seed), cameras, supersample=1)
        near = truth.depth[1] < 20  # the sky is farther
        anchor = AnchorDepth(1, DepthMap(truth.depth[1].where(near, 20.0), near, "test", 1.0, ""))
        found = find([anchor], cameras, [(16, 16)])[16, 16]
        pictures = torch.nn.functional.interpolate(truth.images, (16, 16), mode="area").flatten(2).mT  # [V, (h w), 3]
        first = torch.zeros_like(found.weights).scatter(-1, found.weights.argmax(-1, keepdim=True), 1.0)
        shown = {"bilinear": found, "nearest": replace(found, weights=first)}
        shown = {name: taps.sample(pictures.flatten(0, 1), slice(None)).unflatten(0, (4, 256)) for name, taps in shown.items()}
        shown["same cell"] = pictures.transpose(0, 1).expand(4, -1, -1, -1)  # [n, p, m, 3]
        for name, colors in shown.items():
            errors[name] += float((colors - pictures[:, :, None])[~of_itself(found)].square().sum())
    assert errors["bilinear"] < 0.9 * errors["nearest"] and errors["nearest"] < 0.7 * errors["same cell"], errors


def make_some(grid: TokenGrid) -> TokenGrid:
    cameras = make_row([0.0, 0.1, 0.25], size=SIZE)
    found = find([make_anchor(make_board())], cameras, [(grid.height, grid.width)])[grid.height, grid.width]
    return TokenGrid(3, grid.height, grid.width, found)


@pytest.mark.parametrize("chunk", [1, 2**25])
def test_attention_follows_the_surface(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Against one query at a time: keys and values of each view are blended at the point, after their projection."""
    monkeypatch.setattr(rooms, "MAX_HALO_ELEMENTS", chunk)
    grid = make_some(TokenGrid(3, 8, 8))
    q, k, v = make_tokens(grid, clips=2, dtype=torch.float64)
    found, expected = grid.correspondence, torch.empty_like(q)
    for clip in range(2):
        rows = slice(3 * clip, 3 * clip + 3)
        keys, values = k[rows].flatten(0, 1), v[rows].flatten(0, 1)
        for n in range(3):
            for p in range(64):
                weights = found.weights[n, p].double()[..., None]
                at_k, at_v = ((table[found.cells[n, p].long()] * weights).sum(1) for table in (keys, values))  # [V, C]
                heads = []
                for query, key, value in zip(q[3 * clip + n, p].chunk(HEADS), at_k.chunk(HEADS, -1), at_v.chunk(HEADS, -1), strict=True):
                    heads.append(((key @ query) / math.sqrt(len(query))).softmax(0) @ value)
                expected[3 * clip + n, p] = torch.cat(heads)
    torch.testing.assert_close(spatio_temporal_attention(q, k, v, grid, ALONG, HEADS), expected, atol=1e-6, rtol=0)
    assert (expected - spatio_temporal_attention(q, k, v, grid, Scope(1), HEADS)).abs().max() > 0.1


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_stays_half(dtype: torch.dtype) -> None:
    grid = make_some(TokenGrid(3, 8, 8))
    tokens = make_tokens(grid, clips=2)
    exact = spatio_temporal_attention(*tokens, grid, ALONG, HEADS)
    half = spatio_temporal_attention(*(x.to(dtype) for x in tokens), grid, ALONG, HEADS)
    assert half.dtype == dtype and (half.float() - exact).norm() < 0.01 * exact.norm()


def test_gradients_reach_what_is_sampled() -> None:
    grid = make_some(TokenGrid(3, 4, 4))
    q, k, v = (x.requires_grad_() for x in make_tokens(grid, clips=1, channels=4, dtype=torch.float64))
    assert torch.autograd.gradcheck(lambda *x: spatio_temporal_attention(*x, grid, ALONG, HEADS), (q, k, v), fast_mode=True)


def test_without_a_correspondence_every_query_stays_in_its_cell() -> None:
    grid = TokenGrid(3, 4, 4)
    tokens = make_tokens(grid, clips=1)
    assert torch.equal(spatio_temporal_attention(*tokens, grid, ALONG, HEADS), spatio_temporal_attention(*tokens, grid, Scope(1), HEADS))


def test_another_grid_is_refused() -> None:
    found = make_some(TokenGrid(3, 8, 8)).correspondence
    grid = TokenGrid(3, 4, 16, found)
    with pytest.raises(ValueError, match=r"wanted 3 whole views of 8x8 cells in one batch, got 3 of 16x4; sample all views"):
        spatio_temporal_attention(*make_tokens(grid, clips=1), grid, ALONG, HEADS)


def test_scope_as_text() -> None:
    assert Scope.from_text(" Trajectory ") == ALONG and str(ALONG) == "trajectory"
    with pytest.raises(ValueError, match='wanted "dense", "trajectory" or an odd number of cells, got "surface"'):
        Scope.from_text("surface")
    with pytest.raises(ValueError, match="wanted a window of 1 along trajectories, got 3"):
        Scope(3, trajectory=True)


@pytest.mark.parametrize(("scope", "follows"), [(ALONG, True), (Scope(None), True), (Scope(1), False)], ids=str)
def test_a_module_moves_with_the_features(scope: Scope, follows: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The paper's figure 5b in one motion module: a view with the anchor's features, moved by 4 cells, becomes the anchor's result, moved.

    Frames are made indistinguishable for it. Attention over the same cell of every frame mixes in what the others show elsewhere.
    """
    monkeypatch.setattr(motion, "make_frame_positions", lambda frames, channels, *_: torch.zeros(frames, channels))
    module = MotionModule(MotionSettings(channels=(64,), heads=4, scopes=(scope,)), level=0)
    generator = torch.Generator().manual_seed(3)
    for parameter in module.parameters():
        parameter.data = parameter[0].numel() ** -0.5 * torch.randn(parameter.shape, generator=generator)
    x = torch.randn(1, 64, SIZE, SIZE, generator=generator).repeat(3, 1, 1, 1)
    x[1] = x[0].roll(-4, dims=-1)
    found = find([make_anchor(torch.full((32, 32), 2.0))], make_row([0.0, 0.5, 0.0]), [(SIZE, SIZE)])[SIZE, SIZE]
    with torch.no_grad():
        change = module(x, frames=3, correspondence=found) - x
    moved, anchor = change[1, ..., : SIZE - 4], change[0, ..., 4:]
    error = float((moved - anchor).norm() / anchor.norm())
    assert error < 1e-5 if follows else error > 0.2
