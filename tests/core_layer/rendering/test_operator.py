"""The sparse operator against the dense chain it stands for, and against closed forms."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch.nn.functional import avg_pool2d, grid_sample

from mvcustom.mvcustom_core.camera.cameras import Cameras, concatenate_cameras
from mvcustom.mvcustom_core.rendering.bilinear import compress_taps, weigh_cells
from mvcustom.mvcustom_core.rendering.operator import OperatorSettings, build_render_operator, build_render_operators, warp_images
from mvcustom.mvcustom_core.surface.depth import AnchorDepth, DepthMap
from mvcustom.mvcustom_core.surface.raster import rasterize_depth
from mvcustom.mvcustom_core.surface.surface import build_surfaces

F64 = torch.float64
DENSE = OperatorSettings(supersample=4, depth_tolerance=0.0, min_weight=0.0)


def make_camera(size=32, x=0.0, z=0.0, yaw=0.0):
    yaw = torch.tensor(yaw, dtype=F64)
    w2c = torch.eye(4, dtype=F64)[None].clone()
    w2c[0, 0, 0] = w2c[0, 2, 2] = yaw.cos()
    w2c[0, 0, 2], w2c[0, 2, 0] = -yaw.sin(), yaw.sin()
    w2c[0, :3, 3] = -w2c[0, :3, :3] @ torch.tensor([x, 0.0, z], dtype=F64)
    return Cameras(w2c, torch.tensor([[[size, 0, size / 2], [0, size, size / 2], [0, 0, 1]]], dtype=F64), size, size)


def make_map(depth):
    return DepthMap(depth, torch.ones_like(depth, dtype=torch.bool), "test", 1.0, "")


def build(depth_map, anchor, targets, size, settings=None):
    """The operator to the targets alone; the anchor is the view after them."""
    views = concatenate_cameras(targets, anchor)
    operator = build_render_operator([AnchorDepth(len(targets), depth_map)], views, size, settings or OperatorSettings())
    assert (operator.mask[-1] == 1).all()
    parts = {name: getattr(operator, name)[:-1] for name in ("cells", "weights", "known", "mask")}
    return replace(operator, **parts)


def make_steps(size=32):
    depth = torch.full((size, size), 4.0, dtype=F64)
    depth[6:20, 9:21] = 2.0
    return depth + 0.01 * torch.arange(size, dtype=F64)


def make_features(channels=5, size=8, dtype=F64):
    return torch.randn(1, channels, size, size, generator=torch.Generator().manual_seed(0), dtype=dtype)


def sample_dense(features, hits, depth, tolerance):
    """Joint bilateral upsampling of [1, C, 8, 8] at every hit [V, C, 32, 32], by dense weights over all cells."""
    points = (hits.anchor_xy / 4).clamp(0.5, 7.5)[..., None, None, :]  # [V, 32, 32, 1, 1, 2] in cells, constant beyond the outer centres
    centers = torch.arange(8, dtype=F64) + 0.5
    tent_x, tent_y = (1 - (points[..., 0] - centers).abs()).clamp(min=0), (1 - (points[..., 1] - centers[:, None]).abs()).clamp(min=0)
    z = hits.anchor_depth[..., None, None]
    alike = (-(depth[2::4, 2::4] - z).abs() / (tolerance * z.clamp(min=1e-9))).exp() if tolerance else torch.ones(8, 8, dtype=F64)
    weights = tent_x * tent_y * (alike + 1e-4)
    return torch.einsum("vijhw,chw->vcij", weights / weights.sum(dim=(-2, -1), keepdim=True), features[0])


def apply_direct_chain(depth_map, anchor, targets, features, tolerance):
    """Upsample, rasterise the mesh, supersample, average: what the operator stands for; features, coverage and what is seen of them."""
    hits = rasterize_depth(depth_map, anchor, targets, 32, 32)
    seen = (hits.visible * (2 - hits.stretch / 3).clamp(0, 1))[:, None]
    if tolerance:
        sampled = sample_dense(features, hits, depth_map.depth, tolerance)
    else:
        grid = hits.anchor_xy / 32 * 2 - 1
        repeated = features.expand(len(targets), -1, -1, -1)
        sampled = grid_sample(repeated, grid, mode="bilinear", padding_mode="border", align_corners=False)
    coverage = avg_pool2d(seen, 4)
    return avg_pool2d(sampled * seen, 4) / coverage.clamp(min=1e-9), coverage


TARGETS = concatenate_cameras(make_camera(x=0.4), make_camera(x=-0.9, yaw=0.25), make_camera(z=0.8))


@pytest.mark.parametrize("tolerance", [0.0, 0.03])
def test_equals_the_dense_chain(tolerance):
    depth_map, anchor, features = make_map(make_steps()), make_camera(), make_features()
    operator = build(depth_map, anchor, TARGETS, (8, 8), replace(DENSE, depth_tolerance=tolerance))
    expected, coverage = apply_direct_chain(depth_map, anchor, TARGETS, features, tolerance)
    assert (operator.apply(features) - expected)[(coverage > 0).expand_as(expected)].abs().max() < 1e-5
    share = ((coverage - 0.3) / 0.4).clamp(0, 1)
    assert (operator.mask - (3 * share**2 - 2 * share**3)).abs().max() < 1e-6
    assert 0.05 < float((operator.mask == 0).float().mean()) < 0.5 < float((operator.mask == 1).float().mean())
    totals = operator.weights.sum(-1)
    assert torch.allclose(totals[coverage.flatten(1) > 0], torch.ones(()), atol=1e-6)
    assert (totals[coverage.flatten(1) == 0] == 0).all()


@pytest.mark.parametrize("tolerance", [0.0, 0.03])
def test_dropped_weights_stay_below_a_hundredth_of_the_features_deviation(tolerance):
    depth_map, anchor, features = make_map(make_steps()), make_camera(), make_features(64)
    operator = build(depth_map, anchor, TARGETS, (8, 8), OperatorSettings(supersample=4, depth_tolerance=tolerance))
    expected, coverage = apply_direct_chain(depth_map, anchor, TARGETS, features, tolerance)
    difference = (operator.apply(features) - expected)[(coverage > 0).expand_as(expected)]
    assert difference.abs().max() <= 1e-2 * features.std()


def test_small_weights_hardly_matter():
    args = make_map(make_steps()), make_camera(), make_camera(x=-0.7, yaw=0.2), (8, 8)
    whole = build(*args, DENSE)
    pruned = build(*args, OperatorSettings(supersample=4, depth_tolerance=0.0, min_weight=1e-2))
    assert (pruned.weights > 0).sum() < (whole.weights > 0).sum()
    assert not ((pruned.weights > 0) & (pruned.weights < 1e-2)).any()
    assert (whole.apply(make_features()) - pruned.apply(make_features())).abs().max() < 0.1
    assert torch.equal(whole.mask, pruned.mask)


def test_anchor_view_is_the_identity():
    views = concatenate_cameras(make_camera(x=0.3), make_camera())
    operator = build_render_operator([AnchorDepth(1, make_map(make_steps()))], views, (8, 8))
    features = make_features()
    assert torch.equal(operator.apply(features)[1:], features)
    assert (operator.mask[1] == 1).all() and (operator.mask[0] < 1).any()
    assert torch.equal(operator.nearest[1], torch.arange(64).view(8, 8))


def test_sizes_that_share_a_raster_get_what_they_get_alone():
    views = concatenate_cameras(make_camera(x=0.3), make_camera())
    anchors = [AnchorDepth(1, make_map(make_steps()))]
    together = build_render_operators(build_surfaces(anchors, views), [(8, 8), (4, 4), (8, 8)])
    assert list(together) == [(8, 8), (4, 4)]
    for size, operator in together.items():
        alone = build_render_operator(anchors, views, size)
        assert torch.equal(operator.cells, alone.cells) and torch.equal(operator.weights, alone.weights)
        assert torch.equal(operator.mask, alone.mask)


def test_slide_before_a_wall_moves_whole_cells():
    wall, features = make_map(torch.full((32, 32), 4.0, dtype=F64)), make_features()
    operator = build(wall, make_camera(), make_camera(x=2 * 4 * 4 / 32), (8, 8))  # two cells of four pixels
    assert torch.equal(operator.mask[0, 0], torch.tensor([1.0] * 6 + [0.0] * 2).expand(8, 8))
    # Supersampling spreads each cell over its neighbours, as the depth map's own pose would: compare with the unmoved wall.
    still = build(wall, make_camera(), make_camera(x=1e-5), (8, 8)).apply(features)
    assert (operator.apply(features)[0, :, :, 1:5] - still[0, :, :, 3:7]).abs().max() < 1e-3
    single = OperatorSettings(supersample=1)
    exact = build(wall, make_camera(), make_camera(x=4.0 / 4), (8, 8), single)
    assert (exact.apply(features)[..., :6] - features[..., 2:]).abs().max() < 1e-6


def test_half_a_cell_is_the_mean_of_two():
    wall, features = make_map(torch.full((32, 32), 4.0, dtype=F64)), make_features()
    operator = build(wall, make_camera(), make_camera(x=0.25), (8, 8), OperatorSettings(supersample=1))
    assert (operator.apply(features)[..., :7] - (features[..., :7] + features[..., 1:]) / 2).abs().max() < 1e-6


def test_objects_do_not_bleed_over_their_outline():
    depth = torch.full((32, 32), 4.0, dtype=F64)
    depth[:, :16] = 2.0
    features = torch.zeros(1, 1, 8, 8, dtype=F64)
    features[..., :4] = 1.0  # the near half
    args = make_map(depth), make_camera(), make_camera(x=-0.05), (8, 8)
    aware, plain = (build(*args, OperatorSettings(depth_tolerance=t)).apply(features) for t in (0.03, 0.0))
    far = slice(5, 8)  # cells that show the wall alone
    assert plain[0, 0, :, 4].min() > 0.03
    assert (aware[0, 0, :, far]).abs().max() < 1e-6
    on_wall = (plain - aware)[0, 0].abs()
    assert on_wall[:, 4].min() > 0.02


def test_grazing_and_magnified_surface_fades():
    wall = make_map(torch.full((32, 32), 4.0, dtype=F64))
    for distance, expected in ((2.0, 1.0), (0.9, (2 - 4 / 0.9 / 3)), (0.5, 0.0)):
        operator = build(wall, make_camera(), make_camera(z=4 - distance), (8, 8), OperatorSettings(coverage=(0.0, 1.0)))
        expected = 3 * expected**2 - 2 * expected**3
        assert (operator.mask - expected).abs().max() < 1e-5


def test_batches_and_dtypes():
    operator = build(make_map(make_steps()), make_camera(), concatenate_cameras(make_camera(x=0.4), make_camera()), (8, 8))
    features = make_features(dtype=torch.float32)
    single = operator.apply(features)
    assert single.shape == (2, 5, 8, 8)
    batch = operator.apply(torch.stack([features, 2 * features]))
    assert batch.shape == (2, 2, 5, 8, 8)
    assert torch.allclose(batch[1], 2 * single, atol=1e-6)
    for dtype, tolerance in ((torch.float16, 4e-3), (torch.bfloat16, 3e-2)):
        assert operator.apply(features.to(dtype)).dtype == dtype
        assert (operator.apply(features.to(dtype)).float() - single).abs().max() < tolerance
    assert operator.to("cpu").cells.dtype == torch.int32


def test_rows_keep_their_sum_in_half_precision():
    """Rounding each weight alone would let constant features drift."""
    operator = build(make_map(make_steps()), make_camera(), make_camera(x=-0.7, yaw=0.2), (8, 8))
    seen = (operator.mask[0, 0] > 0)[None]
    for dtype in (torch.float16, torch.bfloat16):
        ones = torch.ones(1, 3, 8, 8, dtype=dtype)
        assert (operator.apply(ones)[0][seen.expand(3, -1, -1)].float() - 1).abs().max() <= torch.finfo(dtype).eps


def test_the_same_bits_again_and_on_two_threads():
    threads = torch.get_num_threads()
    results = []
    try:
        for count in (1, 2, 2):
            torch.set_num_threads(count)
            operator = build(make_map(make_steps(64)), make_camera(64), make_camera(64, x=-0.7, yaw=0.2), (32, 32))
            features = make_features(40, 32, torch.float32).requires_grad_()
            rendered = operator.apply(features)
            rendered.square().sum().backward()
            results.append((operator.cells, operator.weights, operator.mask, rendered.detach(), features.grad))
    finally:
        torch.set_num_threads(threads)
    for other in results[1:]:
        assert all(torch.equal(one, two) for one, two in zip(results[0], other, strict=True))


def test_unknown_depth_takes_from_the_mask_and_never_invents():
    """A hole in the depth: the cells in it are not rendered, and no row reads a feature from inside it."""
    valid = torch.ones(32, 32, dtype=torch.bool)
    valid[8:20, 8:20] = False  # cells 2 to 4
    wall = torch.full((32, 32), 4.0, dtype=F64)
    args = make_camera(), make_camera(x=0.02), (8, 8)
    whole = build(make_map(wall), *args)
    for left in (torch.nan, -1.0, 1e-3):
        operator = build(DepthMap(torch.where(valid, wall, left), valid, "", 1.0, ""), *args)
        assert (operator.mask <= whole.mask + 1e-6).all()
        assert (operator.mask[0, 0, 2:5, 2:5] == 0).all() and (operator.mask[0, 0, 6:] == whole.mask[0, 0, 6:]).all()
        inside = torch.zeros(1, 1, 8, 8, dtype=F64)
        inside[..., 2:5, 2:5] = 1
        taken = operator.apply(inside)[0, 0]
        assert (taken[operator.mask[0, 0] > 0] == 0).all()
        assert torch.isfinite(operator.weights).all() and torch.isfinite(operator.mask).all()


def test_confidence_takes_from_the_mask_and_gives_way_to_sure_pixels():
    wall, confidence = torch.full((32, 32), 4.0, dtype=F64), torch.ones(32, 32)
    confidence[:, :16], confidence[:, 16:18] = 0.5, 0.0  # half trusted on the left, and half of cell 4 not at all
    args = make_camera(), make_camera(x=1e-5), (8, 8)
    whole = build(make_map(wall), *args)
    operator = build(replace(make_map(wall), confidence=confidence), *args)
    assert (operator.mask[0, 0, :, :5] - 0.5).abs().max() < 1e-4  # smoothstep of a half is a half
    assert torch.equal(operator.mask[..., 5:], whole.mask[..., 5:])
    ramp = torch.arange(8, dtype=F64).expand(1, 1, 8, 8)
    assert (operator.apply(ramp)[..., 4] > whole.apply(ramp)[..., 4] + 0.1).all()


@pytest.mark.parametrize("scale", [0.5, 0.9, 1.1, 2.0])
def test_wrong_depth_gives_finite_weights(scale):
    noise = 0.2 * torch.randn(32, 32, generator=torch.Generator().manual_seed(5), dtype=F64)
    operator = build(make_map(make_steps() * scale * noise.exp()), make_camera(), TARGETS, (8, 8))
    assert torch.isfinite(operator.weights).all() and ((operator.mask >= 0) & (operator.mask <= 1)).all()
    assert torch.isfinite(operator.apply(make_features())).all()


def test_built_in_inference_mode_it_serves_outside_and_keeps_its_weights():
    with torch.inference_mode():
        operator = build(make_map(make_steps()), make_camera(), make_camera(x=0.3), (8, 8))
    before = operator.weights.clone()
    for dtype in (torch.float32, torch.float16, torch.float32):
        assert torch.isfinite(operator.apply(make_features(dtype=dtype))).all()
    assert torch.equal(operator.weights, before)


def test_gradients_of_the_features():
    operator = build(make_map(make_steps(24)), make_camera(24), make_camera(24, x=0.3), (3, 3))
    features = make_features(2, 3)
    for given in (features, features[None, :, :1]):
        assert torch.autograd.gradcheck(operator.apply, (given.clone().requires_grad_(),))


def test_not_square_grids():
    depth = torch.full((16, 32), 4.0, dtype=F64)
    K = torch.tensor([[[32.0, 0, 16], [0, 32, 8], [0, 0, 1]]], dtype=F64)
    anchor, target = (Cameras(camera.w2c, K, 32, 16) for camera in (make_camera(), make_camera(x=0.5)))
    operator = build(make_map(depth), anchor, target, (4, 8), OperatorSettings(supersample=1))
    features = torch.arange(32.0).reshape(1, 1, 4, 8)
    assert torch.allclose(operator.apply(features)[..., :7], features[..., 1:])


def test_picture_is_warped():
    image = torch.rand(3, 32, 32, generator=torch.Generator().manual_seed(2))
    anchor = AnchorDepth(1, make_map(torch.full((32, 32), 4.0)))
    warped, mask = warp_images(image[None], build_surfaces([anchor], concatenate_cameras(make_camera(x=0.5), make_camera())))
    assert warped.shape == (2, 3, 32, 32) and mask.shape == (2, 1, 32, 32)
    assert torch.equal(warped[1], image) and (mask[1] == 1).all()
    assert torch.allclose(warped[0, :, :, :28], image[:, :, 4:], atol=1e-5)
    assert (mask[0, ..., :28] == 1).all() and (mask[0, ..., 28:] == 0).all()


def test_taps_merge_sort_and_pad():
    cells = torch.tensor([[3, 1, 3, 0], [2, 2, 2, 2], [0, 0, 0, 0]])
    weights = torch.tensor([[1, 6, 3, 0.04], [1, 1, 1, 1], [0, 0, 0, 0]], dtype=F64)
    indices, merged = compress_taps(cells, weights, 0.01)
    assert indices.tolist() == [[1, 3], [2, 2], [0, 0]]
    assert merged.flatten().tolist() == pytest.approx([0.6, 0.4, 1, 0, 0, 0])
    empty, none = compress_taps(cells, weights * 0, 0.01)
    assert empty.tolist() == [[0]] * 3 and none.tolist() == [[0]] * 3


def test_cell_weights_are_bilinear_then_bilateral():
    points, depth = torch.tensor([[1.75, 1.5], [0.1, 3.9]], dtype=F64), torch.tensor([2.0, 2.0], dtype=F64)
    cell_depth = torch.full((4, 4), 2.0, dtype=F64)
    cells, weights = weigh_cells(points, depth, cell_depth, 0.0)
    assert cells.tolist() == [[5, 6, 9, 10], [12, 12, 12, 12]]
    assert weights[0].tolist() == [0.75, 0.25, 0, 0]
    assert weights[1].sum() == 1
    cell_depth[1, 2] = 2.06  # one tolerance away
    weights = weigh_cells(points, depth, cell_depth, 0.03)[1]
    assert weights[0, 1] / weights[0, 0] == pytest.approx(torch.tensor(-1.0).exp().item() / 3, rel=1e-3)
    cell_depth[:] = torch.inf
    assert torch.allclose(weigh_cells(points, depth, cell_depth, 0.03)[1][0, :2], torch.tensor([0.75, 0.25], dtype=F64))


def test_errors():
    depth_map, camera = make_map(make_steps()), make_camera()
    with pytest.raises(ValueError, match="positive grid size"):
        build(depth_map, camera, camera, (0, 8))
    with pytest.raises(ValueError, match="each of another view, got those of views \\[0, 0\\]"):
        build_render_operator([AnchorDepth(0, depth_map)] * 2, camera, (8, 8))
    with pytest.raises(ValueError, match="got those of views \\[\\]"):
        build_render_operator([], camera, (8, 8))
    with pytest.raises(ValueError, match="wanted a view from 0 to 0, got 1"):
        build_render_operator([AnchorDepth(1, depth_map)], camera, (8, 8))
    operator = build(depth_map, camera, camera, (8, 8))
    for shape in ((1, 5, 4, 4), (5, 8, 8), (2, 5, 8, 8), (2, 2, 5, 8, 8)):
        with pytest.raises(ValueError, match=r"wanted \[1, C, 8, 8\]"):
            operator.apply(torch.zeros(shape))
    for wrong in ({"supersample": 0}, {"depth_tolerance": -1.0}, {"coverage": (0.7, 0.3)}, {"max_stretch": 0.0}, {"min_weight": 1.0}):
        with pytest.raises(ValueError, match="operator settings"):
            OperatorSettings(**wrong)
