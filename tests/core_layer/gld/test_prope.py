"""Item 1 of the acceptance: attention by cameras."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from mvcustom.mvcustom_core.camera.rigid import rotation_from_vector
from mvcustom.mvcustom_core.gld.denoiser import Denoiser
from mvcustom.mvcustom_core.gld.prope import ViewRotation
from mvcustom.tests.core_layer.gld.small import (
    GRID,
    HEIGHT,
    SMALL,
    WIDTH,
    difference,
    make_views,
    random_latents,
    randomise,
    seeded,
)

HEAD, HEADS = 16, 2
EYE = torch.eye(4)[None]
CENTRED = torch.tensor([[[WIDTH, 0.0, WIDTH / 2], [0.0, HEIGHT, HEIGHT / 2], [0.0, 0.0, 1.0]]])


def random_heads(views: int) -> tuple[Tensor, Tensor, Tensor]:
    return tuple(torch.randn(3, HEADS, views, GRID[0] * GRID[1], HEAD, generator=seeded()).unbind(0))


def rotate_by_place(x: Tensor, inverse: bool = False) -> Tensor:
    """The rotary half written with complex numbers: a quarter of a head by the column, a quarter by the row, at 100^(-i/n)."""
    turned = [x[..., : HEAD // 2]]
    columns, rows = torch.arange(GRID[1]).repeat(GRID[0]), torch.arange(GRID[0]).repeat_interleave(GRID[1])
    for start, places in ((HEAD // 2, columns), (3 * HEAD // 4, rows)):
        u, v = x[..., start : start + HEAD // 8], x[..., start + HEAD // 8 : start + HEAD // 4]
        angles = places[:, None] * 100.0 ** -(torch.arange(HEAD // 8) / (HEAD // 8))
        z = torch.complex(u, v) * torch.polar(torch.ones_like(angles), angles if inverse else -angles)
        turned += [z.real, z.imag]
    return torch.cat(turned, dim=-1)


def test_item_1_world_frame_does_not_matter() -> None:
    denoiser, views = randomise(Denoiser(SMALL.upper)), make_views()
    moved = torch.eye(4)
    moved[:3, :3], moved[:3, 3] = rotation_from_vector(torch.tensor([0.4, -1.0, 0.3])), torch.tensor([0.5, -0.3, 0.8])
    latents, noisy, time = random_latents(1), random_latents(2), torch.tensor(0.6)
    velocity = denoiser(latents, noisy, time, views)
    assert difference(denoiser(latents, noisy, time, replace(views, w2c=views.w2c @ moved)), velocity) < 1e-5
    assert difference(denoiser(latents, noisy, time, replace(views, w2c=moved @ views.w2c)), velocity) > 1e-3


def test_item_1_neutral_camera_leaves_rows_and_columns() -> None:
    q, k, v = random_heads(views=1)
    found = ViewRotation(EYE, CENTRED, (WIDTH, HEIGHT), GRID, HEAD).attend(q, k, v)
    scores = rotate_by_place(q)[:, 0] @ rotate_by_place(k)[:, 0].mT / HEAD**0.5
    wanted = rotate_by_place(scores.softmax(-1) @ rotate_by_place(v)[:, 0], inverse=True)
    assert difference(found[:, 0], wanted) < 1e-5


@pytest.mark.parametrize("invert_k", [True, False])
def test_item_1_published_encoding_cancels_a_single_camera_and_glds_does_not(invert_k: bool) -> None:
    """GLD's code multiplies by K~ where PRoPE has its inverse, and its weights learned that: the default must not cancel."""
    q, k, v = random_heads(views=1)
    views = make_views()
    settings = {"invert_k": True} if invert_k else {}
    found = ViewRotation(views.w2c[:1], views.K[:1], (WIDTH, HEIGHT), GRID, HEAD, **settings).attend(q, k, v)
    neutral = ViewRotation(EYE, CENTRED, (WIDTH, HEIGHT), GRID, HEAD).attend(q, k, v)
    assert (difference(found, neutral) < 1e-5) is invert_k


def test_item_1_each_view_has_its_own_matrices() -> None:
    """The camera half written out for each pair of tokens: q^T P_i Q_j k and P_i Q_j v, Q = w2c^-1 K~."""
    views, (q, k, v) = make_views(views=3), random_heads(views=3)
    lifted = torch.eye(4).repeat(3, 1, 1)
    lifted[:, 0, 0], lifted[:, 1, 1] = views.K[:, 0, 0] / WIDTH, views.K[:, 1, 1] / HEIGHT
    lifted[:, 0, 2], lifted[:, 1, 2] = views.K[:, 0, 2] / WIDTH - 0.5, views.K[:, 1, 2] / HEIGHT - 0.5
    pairs = torch.einsum("aij,ajk,bkl,blm->abim", lifted, views.w2c, torch.linalg.inv(views.w2c), lifted)  # [3, 3, 4, 4]
    q, k, v = (torch.cat([x[..., : HEAD // 2], torch.zeros_like(x[..., : HEAD // 2])], dim=-1) for x in (q, k, v))
    fours = [x[..., : HEAD // 2].unflatten(-1, (-1, 4)) for x in (q, k, v)]  # [heads, V, T, n, 4]
    scores = torch.einsum("hatni,abij,hbsnj->hatbs", fours[0], pairs, fours[1]) / HEAD**0.5
    weights = scores.flatten(-2).softmax(-1).unflatten(-1, scores.shape[-2:])
    wanted = torch.einsum("hatbs,abij,hbsnj->hatni", weights, pairs, fours[2]).flatten(-2)
    found = ViewRotation(views.w2c, views.K, (WIDTH, HEIGHT), GRID, HEAD).attend(q, k, v)[..., : HEAD // 2]
    assert difference(found, wanted) < 1e-5
