"""Load MVGD and Render Views (MVGD) as nodes, with the embedded network on procedural scenes."""

from __future__ import annotations

import random
from typing import Any

import comfy.model_management
import pytest
import torch

from mvcustom.mvcustom_core.camera.cameras import Cameras
from mvcustom.mvcustom_core.embedded.scenes.render import render_scene
from mvcustom.mvcustom_core.embedded.scenes.scene import sample_scene
from mvcustom.mvcustom_core.embedded.scenes.sweep import sample_sector
from mvcustom.nodes.bridge.views.model import EMBEDDED
from mvcustom.nodes.views.load_mvgd import MVCustomLoadMVGD
from mvcustom.nodes.views.render_views import MVCustomRenderViews

pytestmark = pytest.mark.usefixtures("comfy")  # which knows the pack's folders
CAMERAS = sample_sector(random.Random("nodes"), 5, 64)
SCENE = render_scene(sample_scene(2_500_000), CAMERAS)


@pytest.fixture(scope="module")
def mvgd() -> Any:
    return MVCustomLoadMVGD.execute(EMBEDDED).result[0]


def render(mvgd: Any, **changes: Any) -> tuple[Any, ...]:
    given = {"images": SCENE.images[2:].movedim(1, -1), "cameras": CAMERAS[2:], "targets": CAMERAS[:2], "steps": 2, "seed": 1}
    return MVCustomRenderViews.execute(mvgd, **{**given, "order": "independent", **changes}).result


def test_the_embedded_network_says_what_it_is() -> None:
    _, report = MVCustomLoadMVGD.execute(EMBEDDED).result
    assert "2.1 M weights, 32 pixels" in report and "updates: " in report and "held-out: psnr" in report
    assert MVCustomLoadMVGD.fingerprint_inputs(EMBEDDED) == MVCustomLoadMVGD.fingerprint_inputs(EMBEDDED)


def test_views_and_depth_are_nearer_to_the_truth_than_flat_ones(mvgd: Any) -> None:
    views, depth, sheet, report = render(mvgd)
    assert views.shape == (2, 64, 64, 3) and sheet.shape[0] == 1 and [anchor.view for anchor in depth] == [0, 1]
    true = SCENE.images[:2].movedim(1, -1)
    assert (views - true).square().mean() < 0.5 * (true - true.mean((1, 2), keepdim=True)).square().mean()
    for anchor in depth:
        true_depth = torch.nn.functional.interpolate(SCENE.depth[None, [anchor.view]], (32, 32), mode="area")[0, 0]
        assert ((anchor.depth.depth / true_depth).log().abs()).mean() < 0.7 * ((true_depth.median() / true_depth).log().abs()).mean()
    assert report.startswith("2 views from 3 pictures at 32x32 pixels, 2 steps, independent, by embedded")
    assert "views of photographs are guesses" in report


def test_depth_follows_the_cameras_unit(mvgd: Any) -> None:
    w2c = CAMERAS.w2c.clone()
    w2c[:, :3, 3] *= 4
    larger = Cameras(w2c, CAMERAS.K, CAMERAS.width, CAMERAS.height)
    here, there = render(mvgd), render(mvgd, cameras=larger[2:], targets=larger[:2])
    assert torch.equal(here[0], there[0])
    torch.testing.assert_close(there[1][0].depth.depth, 4 * here[1][0].depth.depth)


def test_orders_seeds_and_colour_alone(mvgd: Any) -> None:
    first, again, other = render(mvgd)[0], render(mvgd)[0], render(mvgd, seed=2)[0]
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert not torch.equal(render(mvgd, order="mutual")[0], first)
    views, depth, _, report = render(mvgd, with_depth=False)
    assert depth == () and views.shape == first.shape and "depth out of range" not in report


def test_what_a_user_can_get_wrong_is_said(mvgd: Any) -> None:
    with pytest.raises(ValueError, match="images: wanted one for each of the 3 cameras, got 2"):
        render(mvgd, images=SCENE.images[3:].movedim(1, -1))
    with pytest.raises(ValueError, match="wanted a picture from another place than target 0's"):
        render(mvgd, images=SCENE.images[:1].movedim(1, -1), cameras=CAMERAS[:1], targets=CAMERAS[:1])


def test_more_views_than_memory_holds_are_refused_with_numbers(mvgd: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comfy.model_management, "get_total_memory", lambda *_: 2**20)
    with pytest.raises(ValueError, match=r"got 3 pictures and 2 targets, which take 0.0 GiB of 0.0; connect fewer"):
        render(mvgd)


def test_the_choices_of_the_node_are_those_of_the_core() -> None:
    inputs = {item.id: item for item in MVCustomRenderViews.define_schema().inputs}
    assert inputs["order"].options == ["independent", "incremental", "mutual"]
    assert (inputs["steps"].default, inputs["nearest"].default, inputs["with_depth"].default) == (2, 8, True)
