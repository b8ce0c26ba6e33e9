"""The figures of the MVGD benchmark: what the truth itself gets, and what stands in for a network."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from mvcustom.benchmarks.kit.sector import absolute_relative, draw_scene, locate, mean_log_depth, psnr, warp_truly
from mvcustom.benchmarks.mvgd import compare, mean_rows, measure_baselines
from mvcustom.mvcustom_core.mvgd.sampling import RenderedViews

SCENE = draw_scene(0)


def test_the_truth_agrees_with_itself_and_a_wrong_scale_does_not() -> None:
    truth = RenderedViews(SCENE.images[:2], SCENE.depth[:2], torch.ones_like(SCENE.depth[:2]).bool(), torch.ones(2))
    row = compare("", SCENE, truth, (0, 1), SCENE.given(3))
    assert row["seen depth"] == 0.0 and row["seen disagreement"] < 1e-6 and row["seen error"] == 100.0
    assert row["seen agreement"] > 18  # 32 pixels, fetched between them
    scaled = replace(truth, depth=truth.depth * torch.tensor([1.0, 2.0])[:, None, None])
    assert compare("", SCENE, scaled, (0, 1), SCENE.given(3))["seen disagreement"] == pytest.approx(0.6931, abs=1e-3)


def test_a_view_shows_all_of_itself() -> None:
    _, shown = locate(SCENE, 3, 3)
    assert shown.all()
    torch.testing.assert_close(warp_truly(SCENE, 3, [3]), SCENE.images[3], rtol=0, atol=1e-3)


def test_more_views_make_the_true_warp_better_and_the_nearest_view_worse_than_it() -> None:
    rows = [measure_baselines(scene, 0, scene.given(3), scene.depth[0]) for scene in map(draw_scene, range(6))]
    means = mean_rows(rows)
    assert means["true-depth warp of all: dB"] > means["true-depth warp of the nearest: dB"] > means["nearest view: dB"] + 2
    assert means["mean depth map: AbsRel"] == 0.0 < means["median depth: AbsRel"]


def test_the_mean_depth_map_leaves_its_own_scene_out() -> None:
    near, far = (replace(SCENE, depth=torch.full_like(SCENE.depth, value)) for value in (1.0, 4.0))
    torch.testing.assert_close(mean_log_depth([near, far, far], 0), torch.full((32, 32), 4.0))
    torch.testing.assert_close(mean_log_depth([near, far, SCENE], 2), torch.full((32, 32), 2.0))


def test_figures_without_a_pixel_are_left_out() -> None:
    nothing = torch.zeros(32, 32, dtype=torch.bool)
    assert psnr(SCENE.images[0], SCENE.images[1], nothing) is None and absolute_relative(SCENE.depth[0], SCENE.depth[1], nothing) is None
    assert mean_rows([{"a": 1.0, "b": None}, {"a": 3.0}]) == {"a": 2.0, "b": None}
