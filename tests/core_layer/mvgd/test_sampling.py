"""Views and depth of targets: what the world, the unit and the order of pictures change, the orders of targets, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from mvcustom.mvcustom_core.camera.cameras import Cameras, concatenate_cameras
from mvcustom.mvcustom_core.mvgd.sampling import RenderedViews, SamplingSettings, render_views
from mvcustom.tests.core_layer.mvgd.small import SIZE, draw, make_cameras, make_images, make_model
from mvcustom.tests.core_layer.mvgd.test_gauge import move_world

ORDERS = ("independent", "incremental", "mutual")
CAMERAS, TARGETS = make_cameras(3), make_cameras(3, seed=20)


def render(cameras: Cameras = CAMERAS, targets: Cameras = TARGETS, images: torch.Tensor | None = None, **settings: object) -> RenderedViews:
    images = make_images(len(cameras)) if images is None else images
    return render_views(make_model(), images, cameras, targets, SamplingSettings(**settings), torch.Generator().manual_seed(0))


@pytest.mark.parametrize("order", ORDERS)
def test_views_are_the_same_in_every_world(order: str) -> None:
    rotation = torch.linalg.qr(draw(3, 3, seed=9)).Q
    world = (rotation * torch.linalg.det(rotation), 3 * draw(3, seed=10))
    here, there = render(order=order), render(*(move_world(each, *world) for each in (CAMERAS, TARGETS)), order=order)
    torch.testing.assert_close(there.rgb, here.rgb, rtol=0, atol=1e-10)
    torch.testing.assert_close(there.depth, here.depth, rtol=1e-10, atol=0)
    assert here.rgb.shape == (3, 3, SIZE, SIZE) and float(here.rgb.std()) > 0.01


@pytest.mark.parametrize("factor", [2.0, 1024.0])
def test_depth_is_in_the_cameras_unit_and_nothing_else_changes(factor: float) -> None:
    larger = []
    for cameras in (CAMERAS, TARGETS):
        w2c = cameras.w2c.clone()
        w2c[:, :3, 3] *= factor
        larger.append(replace(cameras, w2c=w2c))
    here, there = render(), render(*larger)
    assert torch.equal(there.rgb, here.rgb) and torch.equal(there.depth / factor, here.depth)
    assert torch.equal(there.scales, factor * here.scales)


def test_the_order_of_pictures_does_not_matter() -> None:
    turned = torch.tensor([2, 0, 1])
    for nearest in (8, 2):
        here, there = render(nearest=nearest), render(CAMERAS[turned], images=make_images(3)[turned], nearest=nearest)
        torch.testing.assert_close((there.rgb, there.depth), (here.rgb, here.depth), rtol=0, atol=1e-6)


def test_orders_agree_on_one_target_and_differ_on_several() -> None:
    single = [render(targets=TARGETS[0], order=order) for order in ORDERS]
    for other in single[1:]:
        torch.testing.assert_close((other.rgb, other.depth), (single[0].rgb, single[0].depth))
    several = [render(order=order).rgb for order in ORDERS]
    assert all(float((a - b).abs().max()) > 1e-4 for a, b in zip(several, several[1:] + several[:1], strict=True))


def test_incremental_starts_nearest_to_a_picture_and_shows_its_view_to_the_next() -> None:
    distances = (TARGETS.centers[:, None] - CAMERAS.centers).norm(dim=-1).amin(1)
    first = int(distances.argmin())
    alone, incremental = render().rgb, render(order="incremental").rgb
    same = [torch.equal(a, b) for a, b in zip(alone, incremental, strict=True)]
    assert same == [k == first for k in range(3)]
    assert torch.equal(render(order="incremental", generated=0).rgb, alone)


def test_colour_alone_needs_no_baseline_and_depth_does() -> None:
    target = TARGETS[0]
    turned = target.w2c.clone()
    turned[:, :3] = torch.linalg.qr(draw(3, 3, seed=9)).Q @ turned[:, :3]
    same_place = replace(target, w2c=turned)
    with pytest.raises(ValueError, match="wanted a picture from another place than target 1's, .* got 1 from the same place; add"):
        render(same_place, concatenate_cameras(TARGETS[1], target))
    views = render(same_place, target, depth=False)
    assert float(views.scales) == 1.0 and not views.valid.any() and float(views.rgb.std()) > 0.01


def test_progress_rises_and_may_stop_the_work() -> None:
    shares: list[float] = []

    def stop(share: float) -> None:
        shares.append(share)
        if share >= 0.5:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        render_views(make_model(), make_images(3), CAMERAS, TARGETS, SamplingSettings(order="mutual"), torch.Generator(), stop)
    assert shares == sorted(shares) and 2 < len(shares) < 9


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="got 2 images, 3 cameras, 3 targets"):
        render(images=make_images(2))
    with pytest.raises(ValueError, match=r"one size for images, cameras and targets, got \[\(8, 8\), \(16, 16\)\]"):
        render(targets=TARGETS.resize(16, 16))
    with pytest.raises(ValueError, match="wanted one of independent, incremental, mutual, got 'joint'"):
        SamplingSettings(order="joint")
