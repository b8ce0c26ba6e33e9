"""Depth alignment on a synthetic subject whose true depth is known."""

from __future__ import annotations

import math

import pytest
import torch

from mvcustom.mvcustom_core.anchor.alignment import align_depth
from mvcustom.mvcustom_core.camera.cameras import Cameras
from mvcustom.mvcustom_core.surface.depth import RenderedDepth
from mvcustom.tests.core_layer.emulated_device import EmulatedDevice

F64 = torch.float64
SIZE, FOCAL, DISTANCE, RADIUS = 96, 110.0, 0.9, 0.3
ALL = torch.ones(SIZE, SIZE, dtype=torch.bool)


def make_anchor(shift=0.0, distance=DISTANCE):
    w2c = torch.eye(4, dtype=F64)[None].clone()
    w2c[0, :3, 3] = torch.tensor([shift, 0.0, distance], dtype=F64)  # the origin, where the subject is, in the camera
    K = torch.tensor([[[FOCAL, 0, SIZE / 2], [0, FOCAL, SIZE / 2], [0, 0, 1]]], dtype=F64)
    return Cameras(w2c, K, SIZE, SIZE)


def make_sphere(size):
    """True z-depth of a sphere at the origin before a wall at 2, its mask and 1 / cos of each ray, on a size x size grid."""
    steps = (torch.arange(size, dtype=F64) + 0.5) * SIZE / size - SIZE / 2
    y, x = torch.meshgrid(steps / FOCAL, steps / FOCAL, indexing="ij")
    length = (x**2 + y**2 + 1).sqrt()
    along = DISTANCE / length  # closest approach along the unit ray
    missed = DISTANCE**2 - along**2
    mask = missed < RADIUS**2
    distance = along - (RADIUS**2 - missed).clamp(min=0).sqrt()
    return torch.where(mask, distance / length, 2.0), mask, length


def make_rays(size=32, noise=0.0, outliers=0.0):
    depth, mask, length = make_sphere(size)
    generator = torch.Generator().manual_seed(0)
    distance = depth * length * (1 + noise * torch.randn(size, size, generator=generator, dtype=F64))
    distance = torch.where(torch.rand(size, size, generator=generator) < outliers, 3.0 * distance, distance)
    return RenderedDepth(distance, mask.to(F64))


def worst(depth_map, where):
    truth = make_sphere(SIZE)[0]
    return float((depth_map.depth / truth - 1).abs()[where & depth_map.valid].max())


def test_metric_depth_takes_the_median_ratio():
    truth, mask, _ = make_sphere(SIZE)
    result = align_depth(truth * 7.3, ALL, "metric", make_anchor(), ray_depth=make_rays(noise=0.02))
    assert result.source == "FeatureNeRF"
    assert result.scale == pytest.approx(1 / 7.3, rel=0.01)
    assert worst(result, mask) < 0.01
    assert f"scale {result.scale:.4g}" in result.report and "inliers" in result.report and "metric" in result.report


def test_ray_distance_is_not_taken_for_z_depth():
    """A wide view where both differ by up to 40 %: the subject fills the picture as a wall at z = 0.9."""
    anchor = Cameras(make_anchor().w2c, torch.tensor([[[48.0, 0, 48], [0, 48, 48], [0, 0, 1]]], dtype=F64), SIZE, SIZE)
    steps = (torch.arange(32, dtype=F64) + 0.5) * 3 - 48
    length = ((steps[:, None] / 48) ** 2 + (steps[None] / 48) ** 2 + 1).sqrt()
    rays = RenderedDepth(0.9 * length, torch.ones(32, 32, dtype=F64))
    result = align_depth(torch.full((SIZE, SIZE), 3.0, dtype=F64), ALL, "metric", anchor, ray_depth=rays)
    assert result.scale == pytest.approx(0.3)


def test_outliers_do_not_move_the_scale():
    truth, mask, _ = make_sphere(SIZE)
    result = align_depth(truth * 2, ALL, "metric", make_anchor(), ray_depth=make_rays(noise=0.02, outliers=0.2))
    assert result.scale == pytest.approx(0.5, rel=0.02)
    assert worst(result, mask) < 0.02


@pytest.mark.parametrize("meaning", ["disparity", "relative depth"])
@pytest.mark.parametrize("outliers", [0.0, 0.1])
def test_affine_fit_recovers_scale_and_offset(meaning, outliers):
    truth, mask, _ = make_sphere(SIZE)
    disparity = (truth.reciprocal() + 0.4) * 3.0  # 1/z = disparity / 3 - 0.4
    given = disparity if meaning == "disparity" else disparity.reciprocal()
    result = align_depth(given, ALL, meaning, make_anchor(), ray_depth=make_rays(noise=0.003, outliers=outliers))
    assert result.source == "FeatureNeRF" and "offset" in result.report
    assert result.scale == pytest.approx(3.0, rel=0.1)
    assert worst(result, mask) < 0.03
    assert worst(result, ~mask) < 0.2  # the wall is extrapolated from the subject's relief


def test_rendered_depth_counts_only_inside_the_subject():
    truth, mask, length = make_sphere(SIZE)
    small = make_rays()
    opacity = torch.ones_like(small.opacity)
    distance = torch.where(small.opacity > 0.5, small.distance, 0.3)  # wrong wherever the mask is not
    given = align_depth(truth * 4, ALL, "metric", make_anchor(), ray_depth=RenderedDepth(distance, opacity), subject_mask=mask)
    assert given.scale == pytest.approx(0.25, rel=0.02)
    clear = RenderedDepth(distance, small.opacity * 0.9)
    assert align_depth(truth * 4, ALL, "metric", make_anchor(), ray_depth=clear).scale == pytest.approx(0.25, rel=0.02)


@pytest.mark.parametrize("meaning", ["metric", "scaled depth"])
def test_mask_uses_the_known_distance_of_the_origin(meaning):
    """A ball is what the estimator takes the subject to be, so its centre, not its front, comes to the known distance."""
    truth, mask, _ = make_sphere(SIZE)
    result = align_depth(truth * 5, ALL, meaning, make_anchor(), subject_mask=mask.float())
    assert result.source == "the subject mask" and "there is no concept" in result.report
    assert result.scale == pytest.approx(0.2, rel=0.08)


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_a_factor_is_undone_by_every_estimator(factor):
    truth, mask, _ = make_sphere(SIZE)
    for given in ({"ray_depth": make_rays()}, {"subject_mask": mask}, {}):
        plain, scaled = (align_depth(depth, ALL, "metric", make_anchor(), **given) for depth in (truth, truth * factor))
        assert torch.allclose(plain.depth, scaled.depth)


def test_without_mask_what_is_near_in_the_centre_stands_for_the_subject():
    depth = torch.full((SIZE, SIZE), 20.0)
    depth[24:72, 24:72] = 6.0
    result = align_depth(depth, ALL, "metric", make_anchor())
    assert result.source == "the picture's centre"
    sine = math.sqrt(1 / (1 + math.pi * FOCAL**2 / 48**2))  # of the ball with the square's area
    assert result.scale == pytest.approx(DISTANCE / 6 * (1 - sine / math.sqrt(2)), rel=0.001)
    assert result.depth.dtype == torch.float32


@pytest.mark.parametrize("meaning", ["relative depth", "disparity"])
def test_an_offset_is_not_guessed(meaning):
    truth, mask, _ = make_sphere(SIZE)
    with pytest.raises(ValueError, match=f"the offset of a {meaning} cannot be told, as there is no concept$"):
        align_depth(truth, ALL, meaning, make_anchor(), subject_mask=mask)


def test_an_offset_is_not_taken_from_a_flat_subject_or_from_noise():
    truth, mask, length = make_sphere(SIZE)
    wall = torch.where(mask, 0.9, 2.0).double()
    small = RenderedDepth(torch.full_like(make_sphere(32)[0], 0.9) * make_sphere(32)[2], make_sphere(32)[1].double())
    with pytest.raises(ValueError, match="as the subject is too flat here"):
        align_depth(wall.reciprocal(), ALL, "disparity", make_anchor(), ray_depth=small)
    with pytest.raises(ValueError, match="as FeatureNeRF leaves the background uncertain by .* of the subject's parallax"):
        align_depth(truth.reciprocal(), ALL, "disparity", make_anchor(), ray_depth=make_rays(noise=0.15))


def test_concept_that_cannot_be_compared_still_gives_its_outline():
    truth, mask, _ = make_sphere(SIZE)
    rays = make_rays()
    noise = torch.rand(32, 32, generator=torch.Generator().manual_seed(4), dtype=F64)
    result = align_depth(truth, ALL, "metric", make_anchor(), ray_depth=RenderedDepth(0.1 + 3 * noise, rays.opacity))
    assert result.source == "the concept's outline" and "disagree on the subject's shape" in result.report
    assert result.scale == pytest.approx(1.0, rel=0.1)


@pytest.mark.parametrize("masked", [True, False])
def test_surroundings_are_not_nearer_than_the_subject(masked):
    truth, mask, _ = make_sphere(SIZE)
    with pytest.raises(ValueError, match="would be nearer than it, so near and far are exchanged"):
        align_depth(truth.reciprocal(), ALL, "metric", make_anchor(), subject_mask=mask if masked else None)


def test_sky_is_at_infinity_and_holes_stay_holes():
    truth, mask, _ = make_sphere(SIZE)
    sky, hole = torch.zeros_like(mask), torch.zeros_like(mask)
    sky[:10], hole[20:30, 20:30] = True, True
    given = torch.where(sky, 1e-9, truth * 3)  # what a network says of the sky counts for nothing
    given[hole] = torch.nan
    result = align_depth(given, ~sky & ~hole, "metric", make_anchor(), ray_depth=make_rays(), sky=sky)
    assert result.valid[sky].all() and not result.valid[hole].any() and torch.isfinite(result.depth).all()
    assert torch.equal(result.sky, sky)
    distance = result.depth * make_sphere(SIZE)[2]
    assert torch.allclose(distance[sky], torch.tensor(1e6, dtype=F64))  # alike in every direction, so two anchors agree on it
    assert "sky, 10% of the view, put at infinity" in result.report


def test_too_few_points_fall_to_the_next_estimator():
    truth, mask, _ = make_sphere(SIZE)
    thin = RenderedDepth(torch.ones(32, 32), torch.zeros(32, 32))
    assert align_depth(truth, ALL, "metric", make_anchor(), ray_depth=thin, subject_mask=mask).source == "the subject mask"


def test_contradictory_rendering_is_not_trusted():
    truth, mask, _ = make_sphere(SIZE)
    rays = make_rays()
    noise = torch.rand(32, 32, generator=torch.Generator().manual_seed(4), dtype=F64)
    wild = RenderedDepth(0.1 + 3 * noise, rays.opacity)
    assert align_depth(truth, ALL, "metric", make_anchor(), ray_depth=wild, subject_mask=mask).source == "the subject mask"


@pytest.mark.parametrize(("meaning", "other"), [("relative depth", "disparity"), ("disparity", "relative depth")])
def test_exchanged_meaning_is_named(meaning, other):
    truth, _, _ = make_sphere(SIZE)
    given = truth if meaning == "disparity" else truth.reciprocal()
    with pytest.raises(ValueError, match=f"no {meaning}; set its meaning to {other}"):
        align_depth(given, ALL, meaning, make_anchor(), ray_depth=make_rays())


def test_depth_is_clamped_at_a_thousand_and_the_report_says_how_much():
    depth = torch.full((SIZE, SIZE), 1.0, dtype=F64)
    depth[0, :40] = 1e6  # 0.4 % of the view
    depth[1:9] = 3.0
    depth[95, 0] = 1e-6
    result = align_depth(depth, ALL, "metric", make_anchor())
    assert result.depth[0, 0] == 1000 and result.depth[95, 0] == pytest.approx(0.05) and not result.sky.any()
    assert "0.44% of the view clamped to depths from 0.05 to 1000" in result.report  # 41 of 9216 pixels
    depth[1:40], depth[0], depth[95, 0] = 100.0, 900.0, 1.0
    result = align_depth(depth, ALL, "metric", make_anchor())
    assert result.depth[20, 0] == pytest.approx(100 * result.scale) and result.depth[0, 0] == pytest.approx(900 * result.scale)
    assert "clamped" not in result.report


def test_depth_of_half_precision_keeps_its_sky():
    truth, mask, _ = make_sphere(SIZE)
    sky = torch.zeros_like(mask)
    sky[:10] = True
    result = align_depth(truth.half(), ~sky, "metric", make_anchor(), subject_mask=mask, sky=sky)
    assert result.depth.dtype == torch.float32 and torch.equal(result.sky, sky)


def test_pixels_without_depth_are_left_out_and_counted():
    depth, valid = torch.full((SIZE, SIZE), 2.0), ALL.clone()
    depth[0, :7], depth[1, 0], valid[1, 0] = 0.0, torch.nan, False
    result = align_depth(depth, valid, "metric", make_anchor())
    assert "7 pixels without depth" in result.report
    assert int((~result.valid).sum()) == 8 and torch.isfinite(result.depth).all()


def test_no_disparity_is_far_and_not_a_hole():
    truth, mask, _ = make_sphere(SIZE)
    disparity = truth.reciprocal() - 0.5  # zero at the wall
    result = align_depth(disparity, ALL, "disparity", make_anchor(), ray_depth=make_rays(noise=0.003))
    assert result.valid.all() and worst(result, ~mask) < 0.2


def test_errors():
    depth, camera = torch.full((SIZE, SIZE), 2.0), make_anchor()
    with pytest.raises(ValueError, match="metric, scaled depth, relative depth, disparity, got 'inverse'"):
        align_depth(depth, ALL, "inverse", camera)
    with pytest.raises(ValueError, match=r"\[H W\]"):
        align_depth(depth, ALL[:5], "metric", camera)
    with pytest.raises(ValueError, match=r"\[H W\]"):
        align_depth(depth, ALL, "metric", camera, subject_mask=ALL[:5])
    with pytest.raises(ValueError, match="at least one valid pixel"):
        align_depth(depth, ~ALL, "metric", camera)
    with pytest.raises(ValueError, match="none above zero"):
        align_depth(depth * 0, ALL, "metric", camera)
    with pytest.raises(ValueError, match="finite values where valid"):
        align_depth(depth * math.nan, ALL, "metric", camera)
    with pytest.raises(ValueError, match="exactly one camera"):
        align_depth(depth, ALL, "metric", Cameras(camera.w2c.repeat(2, 1, 1), camera.K.repeat(2, 1, 1), SIZE, SIZE))
    with pytest.raises(ValueError, match="choose another anchor"):
        align_depth(depth, ALL, "metric", make_anchor(distance=-0.5))
    with pytest.raises(ValueError, match="the subject is not in the middle of the picture, and there is no mask of it"):
        align_depth(depth, ALL, "metric", make_anchor(shift=0.4))
    with pytest.raises(ValueError, match="the subject mask holds no pixel"):
        align_depth(depth, ALL, "metric", camera, subject_mask=~ALL)


def test_depth_on_a_device_without_float64_is_aligned_on_the_cpu():
    truth, mask, _ = make_sphere(SIZE)
    anchor, rays, sky = make_anchor().to(dtype=torch.float32), make_rays(noise=0.02), ~mask & (torch.arange(SIZE) < 4)
    wanted = align_depth(truth.float() * 7.3, ALL, "metric", anchor, ray_depth=rays, subject_mask=mask, sky=sky)
    with EmulatedDevice() as device:
        placed = Cameras(device.put(anchor.w2c), device.put(anchor.K), SIZE, SIZE)
        distance, opacity = (device.put(values.float()) for values in (rays.distance, rays.opacity))
        given = (device.put(truth.float() * 7.3), device.put(ALL))
        found = align_depth(
            *given, "metric", placed, ray_depth=RenderedDepth(distance, opacity), subject_mask=device.put(mask), sky=device.put(sky)
        )
    assert found.depth.device.type == "cpu" and found.report == wanted.report
    torch.testing.assert_close(found.depth, wanted.depth)
