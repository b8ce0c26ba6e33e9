"""Sizes of pictures and cameras, and what memory is asked for."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from mvcustom.mvcustom_core.mvgd.preparation import enlarge_views, estimate_memory, find_clamped, prepare_views
from mvcustom.mvcustom_core.mvgd.sampling import RenderedViews
from mvcustom.tests.core_layer.mvgd.small import SETTINGS, make_cameras, make_model


def test_pictures_and_cameras_come_to_the_networks_size_with_their_aspect() -> None:
    wide = make_cameras(3).resize(64, 32)
    prepared = prepare_views(make_model(), torch.rand(2, 3, 40, 80), wide[:2], wide[2].resize(96, 48))
    assert prepared.images.shape == (2, 3, 4, 8)
    for cameras in (prepared.cameras, prepared.targets):
        assert (cameras.width, cameras.height) == (8, 4)
        torch.testing.assert_close(cameras.K[:, 0], wide.K[: len(cameras), 0] / 8)


def test_pictures_that_do_not_fit_their_cameras_are_refused() -> None:
    cameras = make_cameras(3)
    with pytest.raises(ValueError, match="wanted one for each of the 3 cameras, got 2"):
        prepare_views(make_model(), torch.rand(2, 3, 8, 8), cameras, cameras)
    with pytest.raises(ValueError, match="images: wanted the aspect of the targets, 8x8, got 16x8; crop"):
        prepare_views(make_model(), torch.rand(3, 3, 8, 16), cameras, cameras)
    with pytest.raises(ValueError, match="cameras: wanted the aspect of the targets, 8x8, got 8x16"):
        prepare_views(make_model(), torch.rand(3, 3, 8, 8), cameras.resize(8, 16), cameras)


def test_enlarged_depth_has_no_value_of_its_own() -> None:
    depth = torch.tensor([[[1.0, 9.0], [2.0, 3.0]]])
    views = RenderedViews(torch.rand(1, 3, 2, 2), depth, depth < 9, torch.ones(1))
    large = enlarge_views(views, 6, 4)
    assert large.rgb.shape == (1, 3, 4, 6) and large.depth.shape == large.valid.shape == (1, 4, 6)
    assert set(large.depth.unique().tolist()) == {1.0, 2.0, 3.0, 9.0}
    assert torch.equal(large.valid, large.depth < 9)
    assert find_clamped(views) == 0.25


def test_memory_grows_with_pictures_and_with_targets_at_once() -> None:
    one, more = (estimate_memory(SETTINGS, pictures, 1, (8, 8)) for pictures in (1, 9))
    assert more > one
    together = estimate_memory(SETTINGS, 9, 4, (8, 8))
    keys = 4 * SETTINGS.blocks * 4 * (9 * 4) * SETTINGS.pixel_width  # bytes x blocks x (read and direct, keys and values) x cells x width
    assert together - more == 3 * keys
    assert estimate_memory(replace(SETTINGS, direct=False), 9, 1, (8, 8)) == more - keys // 2
