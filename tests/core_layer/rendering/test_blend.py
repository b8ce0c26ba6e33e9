"""Several anchors before a wall that each of them sees in part: who gives which cell is known in closed form."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from mvcustom.mvcustom_core.camera.cameras import concatenate_cameras
from mvcustom.mvcustom_core.rendering.blend import TargetRows, blend_anchors, share_cells
from mvcustom.mvcustom_core.rendering.operator import build_render_operator, warp_images
from mvcustom.mvcustom_core.rendering.rendering import find_shares, replace_features, share_noise
from mvcustom.mvcustom_core.surface.depth import AnchorDepth
from mvcustom.mvcustom_core.surface.surface import build_surfaces
from mvcustom.tests.core_layer.surface.ray_casting import F64, make_camera, make_map, make_orbit

WALL = make_map(torch.full((32, 32), 4.0, dtype=F64))
WHICH = torch.arange(2.0, dtype=F64)[:, None, None, None].expand(2, 1, 8, 8)  # features that name their anchor


def slide(*places):
    """Cameras before the wall; a cell of 8 is half a unit wide on it, a picture four units."""
    return concatenate_cameras(*(make_camera(32, 32, 32.0, eye=(x, 0.0, 0.0)) for x in places))


def build(places, views=(0, 1), depth_map=WALL):
    return build_render_operator([AnchorDepth(view, depth_map) for view in views], slide(*places), (8, 8))


def test_each_side_comes_from_its_anchor_and_the_seam_is_two_cells_wide():
    operator = build((-1.0, 1.0, 0.0))
    expected = torch.tensor([0, 0, 0, 0, 1 / 3, 2 / 3, 1, 1], dtype=F64)  # the first sees cells 0 to 5, the second 2 to 7
    assert (operator.apply(WHICH)[2] - expected).abs().max() < 1e-5
    assert (operator.mask == 1).all()
    assert torch.allclose(operator.weights.sum(-1), torch.ones(()), atol=1e-6)


def test_two_anchors_see_more_than_either():
    both = build((-1.0, 1.0, 0.0)).mask[2]
    alone = [build((-1.0, 1.0, 0.0), views=(view,)).mask[2] for view in (0, 1)]
    assert torch.equal(both, torch.maximum(*alone))
    assert all((mask < both).any() for mask in alone)


def test_what_is_carried_over_is_the_same_surface_point():
    """Features that are a function of the place on the wall come out as that function, seam or not."""
    operator = build((-1.0, 1.0, 0.25))
    ramp = torch.arange(8, dtype=F64) * 0.5 - 1.75
    features = (torch.tensor([-1.0, 1.0], dtype=F64)[:, None] + ramp)[:, None, None, :].expand(2, 1, 8, 8)
    inner = slice(1, 7)  # half a cell at the anchors' borders has no neighbour to blend with
    assert (operator.apply(features)[2, 0, :, inner] - (0.25 + ramp[inner])).abs().max() < 1e-3


def test_the_nearer_anchor_keeps_a_surface_that_both_see_whole():
    """Both turn about a point of the wall, so both see its middle; the second in the list is the nearer and the less oblique."""
    views = concatenate_cameras(*(make_orbit(angle, 4.0, 32, 32, 32.0) for angle in (0, 35, 4)))
    x = torch.tan(torch.tensor(35.0).deg2rad())
    columns = (torch.arange(32, dtype=F64) + 0.5) / 32 - 0.5
    oblique = make_map((4.0 / (1 + columns * x)).expand(32, 32).contiguous())  # the wall as the turned camera sees it
    operator = build_render_operator([AnchorDepth(1, oblique), AnchorDepth(0, WALL)], views, (8, 8))
    which = operator.apply(WHICH)[2, 0]
    assert (which[:, 1:7] > 0.999).all()


def test_own_views_are_the_identity_and_stay():
    operator = build((-1.0, 1.0, 0.0), views=(1, 0))
    features = torch.randn(2, 3, 5, 8, 8, generator=torch.Generator().manual_seed(0), dtype=F64)
    picked = features[:, [1, 0]]
    rendered = operator.apply(picked)
    assert torch.equal(rendered[:, 1], features[:, 1]) and torch.equal(rendered[:, 0], features[:, 0])
    assert (operator.mask[:2] == 1).all()
    replaced = replace_features(features.flatten(0, 1), operator, find_shares(operator)).unflatten(0, (2, 3))
    assert torch.equal(replaced[:, :2], features[:, :2])
    assert torch.allclose(replaced[:, 2], rendered[:, 2])
    noise = torch.randn(3, 4, 8, 8, generator=torch.Generator().manual_seed(1))
    shared = share_noise(noise, operator)
    assert torch.equal(shared[:2], noise[:2])
    sources = noise[:2].flatten()
    assert torch.isin(shared[2], sources).all()  # every cell is taken whole from one anchor


def test_a_hole_in_one_depth_is_filled_by_the_other():
    valid = torch.ones(32, 32, dtype=torch.bool)
    valid[8:20, 12:28] = False
    holed = make_map(torch.full((32, 32), 4.0, dtype=F64), valid)
    views = slide(-0.5, 0.5, 0.0)
    alone = build_render_operator([AnchorDepth(0, holed)], views, (8, 8))
    both = build_render_operator([AnchorDepth(0, holed), AnchorDepth(1, WALL)], views, (8, 8))
    hole = alone.mask[2, 0, :, 1:6] == 0  # columns that the second anchor sees whole
    assert hole.any()
    assert (both.mask[2, 0, :, 1:] == 1).all()
    assert (both.apply(WHICH)[2, 0, :, 1:6][hole] == 1).all()


def test_pictures_of_several_anchors():
    images = torch.stack([torch.zeros(3, 32, 32), torch.ones(3, 32, 32)])
    warped, mask = warp_images(images, build_surfaces([AnchorDepth(0, WALL), AnchorDepth(1, WALL)], slide(-1.0, 1.0, 0.0)))
    assert (mask == 1).all()
    assert (warped[2, :, :, :12] == 0).all() and (warped[2, :, :, 20:] == 1).all()
    with pytest.raises(ValueError, match=r"\[2 C H W\]"):
        warp_images(images[:1], build_surfaces([AnchorDepth(0, WALL), AnchorDepth(1, WALL)], slide(-1.0, 1.0, 0.0)))


def test_shares_sum_to_one_where_anything_is_seen():
    generator = torch.Generator().manual_seed(0)
    masks, scores = torch.rand(3, 9, 7, generator=generator), torch.rand(3, 9, 7, generator=generator)
    scores[:, :2], masks[:, :2] = 0, 0
    scores[0, 4], masks[0, 4] = 0, 0
    shares = share_cells(masks, scores)
    assert torch.allclose(shares.sum(0)[2:], torch.ones(7, 7)) and (shares[:, :2] == 0).all()
    assert (shares[0, 4] == 0).all()


def test_one_anchor_is_left_alone_and_equal_rows_keep_their_sum():
    rows = TargetRows(torch.tensor([[3, 1], [2, 2]]), torch.tensor([[0.7, 0.3], [1.0, 0.0]]), torch.tensor([[1.0, 0.4]]), torch.ones(1, 2))
    assert blend_anchors([rows]) is rows
    both = blend_anchors([rows, replace(rows, indices=rows.indices + 4)])
    assert torch.allclose(both.weights.sum(1), torch.ones(2)) and torch.allclose(both.mask, rows.mask)
    assert (both.weights.diff(dim=1) <= 0).all()
