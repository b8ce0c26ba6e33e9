"""Measures of views against closed forms; those that need pycolmap's features are in test_structure."""

from __future__ import annotations

import json
import math
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from mvcustom.benchmarks.ablation.bootstrap import bootstrap_difference, bootstrap_mean, summarise_rows
from mvcustom.benchmarks.ablation.rows import compare_rows
from mvcustom.mvcustom_core.camera.cameras import Cameras, look_at, square_intrinsics
from mvcustom.mvcustom_core.camera.rays import project_points, unproject_depth
from mvcustom.mvcustom_core.camera.rigid import rotation_from_vector
from mvcustom.mvcustom_core.capture import solving
from mvcustom.mvcustom_core.capture.solution import Attempt
from mvcustom.mvcustom_core.evaluation import evaluation as evaluation_module
from mvcustom.mvcustom_core.evaluation.alignment import align_cameras, align_centers, measure_extent, measure_path
from mvcustom.mvcustom_core.evaluation.anchoring import AnchorAccuracy, locate_views
from mvcustom.mvcustom_core.evaluation.case import Case, check_case
from mvcustom.mvcustom_core.evaluation.epipolar import epipolar_distances, measure_epipolar
from mvcustom.mvcustom_core.evaluation.evaluation import Evaluation, evaluate_views
from mvcustom.mvcustom_core.evaluation.fidelity import measure_fidelity, measure_sharpness, measure_ssim
from mvcustom.mvcustom_core.evaluation.identity import compare_colors, compare_embeddings, crop_subjects
from mvcustom.mvcustom_core.evaluation.likeness import Encoders, measure_likenesses
from mvcustom.mvcustom_core.evaluation.pose import measure_poses
from mvcustom.mvcustom_core.evaluation.report import describe_evaluation, tabulate_evaluation
from mvcustom.mvcustom_core.evaluation.structure import Structure
from mvcustom.mvcustom_core.evaluation.warping import measure_warps
from mvcustom.mvcustom_core.plot.evaluation import plot_evaluation
from mvcustom.mvcustom_core.surface.depth import AnchorDepth, DepthMap

VIEWS, SIZE = 6, 32


def make_arc(views: int = VIEWS, span_deg: float = 60.0) -> Cameras:
    azimuth = torch.linspace(-0.5, 0.5, views, dtype=torch.float64) * math.radians(span_deg)
    eye = torch.stack([azimuth.sin(), torch.full_like(azimuth, -0.4), azimuth.cos()], dim=-1)
    up = torch.tensor([[0.0, -1, 0]], dtype=torch.float64).repeat(views, 1)
    return Cameras(look_at(eye, torch.zeros_like(eye), up), square_intrinsics(views, SIZE, 50.0).double(), SIZE, SIZE)


def make_truck(views: int = 3, step: float = 0.1) -> Cameras:
    """Side by side before the wall z = 2, looking at it straight."""
    w2c = torch.eye(4, dtype=torch.float64).repeat(views, 1, 1)
    w2c[:, 0, 3] = -step * torch.arange(views)
    return Cameras(w2c, square_intrinsics(views, SIZE, 50.0).double(), SIZE, SIZE)


def move_world(cameras: Cameras, scale: float = 2.5) -> Cameras:
    """The same cameras in another world."""
    turn = rotation_from_vector(torch.tensor([0.4, -1.1, 0.3], dtype=torch.float64))
    w2c = cameras.w2c.clone()
    w2c[:, :3, :3] = w2c[:, :3, :3] @ turn.mT
    w2c[:, :3, 3] = scale * cameras.w2c[:, :3, 3] - w2c[:, :3, :3] @ torch.tensor([3.0, -1.0, 0.5], dtype=torch.float64)
    return replace(cameras, w2c=w2c)


def turn_view(cameras: Cameras, view: int, degrees: float, axis: int = 1) -> Cameras:
    """One camera turned on the spot."""
    vector = torch.zeros(3, dtype=torch.float64)
    vector[axis] = math.radians(degrees)
    w2c = cameras.w2c.clone()
    w2c[view, :3] = rotation_from_vector(vector) @ w2c[view, :3]
    return replace(cameras, w2c=w2c)


def paint_wall(cameras: Cameras) -> Tensor:
    """Views [V, 3, H, W] of the wall, whose colours are linear in its points: bilinear sampling of them is exact."""
    points = unproject_depth(cameras, torch.full((len(cameras), SIZE, SIZE), 2.0, dtype=torch.float64))
    x, y = points[..., 0], points[..., 1]
    return torch.stack([0.5 + 0.1 * x, 0.5 + 0.1 * y, 0.5 + 0.05 * (x - y)], dim=1).float()


def make_anchor(view: int = 0) -> AnchorDepth:
    return AnchorDepth(view, DepthMap(torch.full((SIZE, SIZE), 2.0), torch.ones(SIZE, SIZE, dtype=torch.bool), "wall", 1.0, ""))


# Camera poses


def test_cameras_of_another_world_agree() -> None:
    poses = measure_poses(move_world(make_arc()), tuple(range(VIEWS)), make_arc())
    assert poses.accuracy == poses.auc == poses.rra == poses.rta == poses.registered_share == 1
    assert poses.rotation_deg.max() < 1e-4 and poses.translation_deg.max() < 1e-4


def test_pairs_of_a_turned_view_are_wrong() -> None:
    poses = measure_poses(turn_view(make_arc(), 2, 20), tuple(range(VIEWS)), make_arc())
    others = [view for view in range(VIEWS) if view != 2]
    assert poses.rotation_deg[2, others].tolist() == pytest.approx([20] * len(others))
    assert poses.accuracy == pytest.approx(10 / 15), "5 of 15 pairs hold that view"
    assert poses.translation_deg[3, 2] == pytest.approx(20, abs=1), "the later views lie 20 degrees aside of where it looks"
    assert poses.translation_deg[0, 2] == pytest.approx(0, abs=1e-4), "from the earlier views it stands where it should"


def test_pairs_of_unregistered_views_are_wrong() -> None:
    found = make_arc()[[0, 1, 3, 4]]
    poses = measure_poses(found, (0, 1, 3, 4), make_arc())
    assert poses.accuracy == pytest.approx(6 / 15) == poses.auc and poses.registered_share == pytest.approx(4 / 6)
    assert (poses.rotation_deg[2, [0, 1, 3, 4, 5]] == 180).all() and poses.rotation_deg.diagonal().sum() == 0
    nothing = measure_poses(None, (), make_arc())
    assert nothing.accuracy == nothing.auc == nothing.registered_share == 0


def test_auc_is_the_mean_over_thirty_thresholds() -> None:
    poses = measure_poses(turn_view(make_arc(2), 1, 7.5), (0, 1), make_arc(2))
    assert poses.rotation_deg[0, 1] == pytest.approx(7.5) and poses.auc == pytest.approx(23 / 30)  # right from 8 degrees on


@pytest.mark.parametrize("step", [1e-5, 2e-5, 4e-5, 1e-3])
def test_a_path_is_measured_wherever_it_has_an_extent(step: float) -> None:
    """Cameras a little farther from each other than what counts as one place, at distance 1 from the origin."""
    moved = make_truck(8, step)
    moved.w2c[:, 2, 3] = 1.0
    errors = measure_path(moved, make_truck(8), tuple(range(8)))
    if measure_extent(moved) == 0:
        assert errors is None
    else:
        assert errors.ate < 1e-6


def test_cameras_at_one_place_have_no_directions() -> None:
    still = make_arc()[[0] * 4]
    with pytest.raises(ValueError, match="wanted cameras that move, got a trajectory that stands at one place"):
        measure_poses(None, (), still)
    with pytest.raises(ValueError, match="wanted at least 2 views to compare, got 1"):
        measure_poses(None, (), make_arc(1))


def test_similarity_is_recovered() -> None:
    source = torch.randn(7, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    rotation = rotation_from_vector(torch.tensor([0.3, -2.0, 1.0], dtype=torch.float64))
    shift = torch.tensor([1.0, 2, 3], dtype=torch.float64)
    similarity = align_centers(source, 0.3 * source @ rotation.mT + shift)
    assert similarity.scale == pytest.approx(0.3)
    torch.testing.assert_close(similarity.rotation, rotation)
    torch.testing.assert_close(similarity.translation, shift)
    with pytest.raises(ValueError, match="wanted at least 3 cameras, in different places, got 2"):
        align_centers(source[:2], source[:2])


@pytest.mark.parametrize("targets", [make_arc(), make_truck()])
def test_cameras_are_brought_back(targets: Cameras) -> None:
    """Also from a line, about which centres alone would leave them free to roll."""
    found = move_world(targets)
    torch.testing.assert_close(align_cameras(found, targets).apply_cameras(found).w2c, targets.w2c)


def test_path_errors() -> None:
    everywhere = tuple(range(VIEWS))
    exact = measure_path(move_world(make_arc()), make_arc(), everywhere)
    assert exact.ate < 1e-6 and exact.rpe_rotation_deg < 1e-4 and exact.rpe_translation < 1e-6
    turned = make_arc()
    for view in range(VIEWS):
        turned = turn_view(turned, view, 3.0 * view)
    assert measure_path(turned, make_arc(), everywhere).rpe_rotation_deg == pytest.approx(3, abs=0.2)
    assert measure_path(make_arc()[[0, 2, 4]], make_arc(), (0, 2, 4)).rpe_rotation_deg is None, "no two neighbours"
    assert measure_path(make_arc()[:2], make_arc(), (0, 1)) is None


def test_path_error_is_a_share_of_the_extent() -> None:
    """One of four corners of a square of side 1 lifted by h: the plane tilts, and a least-squares fit leaves h/4 at every corner."""
    corners = torch.tensor([[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], dtype=torch.float64)
    lifted = corners.clone()
    lifted[0, 2] = 0.01
    cameras = [replace(make_truck(4), w2c=torch.eye(4, dtype=torch.float64).repeat(4, 1, 1)) for _ in range(2)]
    for each, centers in zip(cameras, (corners, lifted), strict=True):
        each.w2c[:, :3, 3] = -centers
    assert measure_path(cameras[1], cameras[0], (0, 1, 2, 3)).ate == pytest.approx(0.0025 / math.sqrt(2), rel=0.01)


# Epipolar distance


def match_points(cameras: Cameras, count: int = 40) -> dict[tuple[int, int], Tensor]:
    points = torch.rand(count, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * 0.4 - 0.2
    pixels, _ = project_points(cameras, points)
    return {(i, i + 1): torch.cat([pixels[i], pixels[i + 1]], dim=-1) for i in range(len(cameras) - 1)}


def test_matches_of_the_target_cameras_are_consistent() -> None:
    result = measure_epipolar(match_points(make_arc()), make_arc())
    assert result.tsed == 1 and result.distance_px < 1e-6 and len(result.pairs) == VIEWS - 1


def test_distance_from_horizontal_lines_is_the_vertical_offset() -> None:
    cameras = make_truck(2)
    points = torch.rand(20, 4, generator=torch.Generator().manual_seed(2)) * SIZE
    points[:, 3] = points[:, 1] + 1.5
    assert epipolar_distances(points, cameras[0], cameras[1]).tolist() == pytest.approx([1.5] * 20)


def test_pairs_need_matches_that_fit() -> None:
    limit = 2 / 256 * SIZE
    for offset, count, consistent in ((0.9 * limit, 10, 1), (1.1 * limit, 10, 0), (0.0, 9, 0), (0.0, 0, 0)):
        points = torch.rand(count, 4) * SIZE
        points[:, 3] = points[:, 1] + offset
        result = measure_epipolar({(0, 1): points}, make_truck(2))
        assert result.tsed == consistent and (count > 0 or result.distance_px == math.inf)


def test_cameras_at_one_place_have_no_epipolar_lines() -> None:
    assert measure_epipolar({}, make_arc()[[0, 0, 0]]) is None


# Warping by depth


def test_wall_warps_exactly_and_an_offset_shows() -> None:
    cameras = make_truck()
    images = paint_wall(cameras)
    exact = measure_warps(images, cameras, [make_anchor()], None, lambda share: None)
    assert exact.psnr > 60 and exact.background_psnr is None and [warp.view for warp in exact.warps] == [1, 2]
    step = 0.1 * float(cameras.K[0, 0, 0]) / 2  # pixels that the wall moves from view to view
    assert exact.warps[1].share == pytest.approx(1 - 2 * step / SIZE, abs=2 / SIZE)
    images[1] += 0.1
    assert measure_warps(images, cameras, [make_anchor()], None, lambda share: None).warps[0].psnr == pytest.approx(20, abs=0.01)


def test_background_is_what_no_mask_covers() -> None:
    cameras = make_truck()
    images, masks = paint_wall(cameras), torch.zeros(3, 1, SIZE, SIZE)
    images[1, :, 8:16, 8:16] += 0.3
    masks[1, :, 8:16, 8:16] = 1
    (warp, _) = measure_warps(images, cameras, [make_anchor()], masks, lambda share: None).warps
    assert warp.psnr < 25 and warp.background_psnr > 60


def test_views_that_share_nothing_are_not_compared() -> None:
    away = turn_view(make_truck(2), 1, 180)
    (warp,) = measure_warps(paint_wall(make_truck(2)), away, [make_anchor()], None, lambda share: None).warps
    assert warp.share == 0 and warp.psnr is None


# Pictures against true ones


def test_psnr_of_a_known_offset() -> None:
    truth = torch.full((2, 3, 16, 16), 0.5)
    images, masks = truth.clone(), torch.zeros(2, 1, 16, 16)
    images[0] += 0.1
    images[1, :, :8] += 0.01
    masks[1, :, :8] = 1
    result = measure_fidelity(images, truth, masks)
    assert result.psnr.tolist() == pytest.approx([20, 40 + 10 * math.log10(2)], abs=1e-3)
    assert result.subject_psnr[0].isnan() and result.subject_psnr[1].item() == pytest.approx(40, abs=1e-3)
    assert result.background_psnr.tolist() == pytest.approx([20, 100], abs=1e-3)


def test_ssim_is_the_textbook_formula() -> None:
    """Against the definition, window by window."""
    rng = torch.Generator().manual_seed(0)
    truth = torch.rand(1, 3, 14, 13, generator=rng)
    image = (truth + 0.2 * torch.randn(truth.shape, generator=rng)).clamp(0, 1)
    offsets = torch.arange(11) - 5.0
    window = torch.exp(-(offsets[:, None] ** 2 + offsets**2) / (2 * 1.5**2))
    window /= window.sum()
    values = []
    for y in range(4):
        for x in range(3):
            a, b = (each[0, :, y : y + 11, x : x + 11] for each in (image, truth))
            mean_a, mean_b = (a * window).sum((1, 2)), (b * window).sum((1, 2))
            variance_a, variance_b = ((p * p * window).sum((1, 2)) - m * m for p, m in ((a, mean_a), (b, mean_b)))
            covariance = (a * b * window).sum((1, 2)) - mean_a * mean_b
            luminance = (2 * mean_a * mean_b + 1e-4) / (mean_a**2 + mean_b**2 + 1e-4)
            values.append(luminance * (2 * covariance + 9e-4) / (variance_a + variance_b + 9e-4))
    assert measure_ssim(image, truth).item() == pytest.approx(float(torch.stack(values).mean()), abs=1e-5)
    assert measure_ssim(truth, truth).item() == pytest.approx(1)
    with pytest.raises(ValueError, match="wanted pictures of at least 11 pixels, got 8x10"):
        measure_ssim(truth[..., :10, :8], truth[..., :10, :8])


def test_missing_kornia_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kornia.metrics", None)
    with pytest.raises(ValueError, match="SSIM: wanted the package kornia, got: .*; install it"):
        measure_ssim(torch.rand(1, 3, 16, 16), torch.rand(1, 3, 16, 16))
    monkeypatch.setitem(sys.modules, "kornia.geometry.epipolar", None)
    with pytest.raises(ValueError, match="epipolar consistency: wanted the package kornia, got: .*; install it"):
        epipolar_distances(torch.rand(3, 4), make_truck(2)[0], make_truck(2)[1])


def test_sharpness_of_a_chessboard_and_of_its_blur() -> None:
    board = ((torch.arange(16)[:, None] + torch.arange(16)) % 2).float().expand(1, 3, -1, -1)
    assert measure_sharpness(board).item() == pytest.approx(16, rel=0.02)  # the Laplacian is 4 or -4
    assert measure_sharpness(F.avg_pool2d(board, 3, 1)).item() < 1
    assert measure_sharpness(torch.full((1, 3, 8, 8), 0.4)).item() == pytest.approx(0, abs=1e-10)


# The subject


def make_subjects(colors: list[tuple[float, float, float]], size: int = 20) -> tuple[Tensor, Tensor]:
    """A square of each colour in the middle of a black picture, and its mask."""
    images, masks = torch.zeros(len(colors), 3, size, size), torch.zeros(len(colors), 1, size, size)
    images[:, :, 5:15, 5:15] = torch.tensor(colors)[:, :, None, None]
    masks[:, :, 5:15, 5:15] = 1
    return images, masks


RED, GREEN, BLUE = (0.9, 0.1, 0.1), (0.1, 0.9, 0.1), (0.1, 0.1, 0.9)


def test_colors_inside_the_masks() -> None:
    likeness = compare_colors(*make_subjects([RED, BLUE]), *make_subjects([GREEN, RED], 24))
    torch.testing.assert_close(likeness, torch.tensor([[0.0, 1], [0, 0]]))
    half = make_subjects([RED])
    half[0][:, :, 5:10, 5:15] = torch.tensor(BLUE)[:, None, None]
    assert compare_colors(*half, *make_subjects([RED])).item() == pytest.approx(math.sqrt(0.5)), "sqrt(1/2 * 1)"


def test_cosines() -> None:
    axes = torch.eye(4)
    views = torch.stack([axes[0] + 0.1 * axes[1], axes[2], axes[3]])
    expected = torch.tensor([[1.0, 0.1], [0, 0], [0, 0]]) / math.sqrt(1.01)
    torch.testing.assert_close(compare_embeddings(views, axes[:2]), expected)


def test_crop_is_the_subject_on_grey() -> None:
    images, masks = make_subjects([RED, RED])
    masks[1] = 0
    crop, whole = crop_subjects(images, masks, side=12)  # the box of 10 pixels and 1 on each side
    assert crop[:, 1:11, 1:11].flatten(1).mean(1).tolist() == pytest.approx(RED) and crop[0, 0, 0] == 0.5
    assert whole[:, 0, 0].tolist() == [0, 0, 0], "a view without subject is seen whole"
    wide = crop_subjects(torch.zeros(1, 3, 10, 20), None, side=20)
    assert wide[0, 0, 10, 10] == 0 and wide[0, 0, 1, 10] == 0.5


# Cameras from the anchor


def match_wall(cameras: Cameras) -> dict[tuple[int, int], Tensor]:
    """Exact matches of points of the wall."""
    spread = torch.rand(40, 2, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    wall = torch.cat([spread * 1.2 - 0.4, torch.full((40, 1), 2.0, dtype=torch.float64)], dim=-1)
    pixels, _ = project_points(cameras, wall)
    views = range(len(cameras))
    return {(i, j): torch.cat([pixels[i], pixels[j]], dim=-1) for i in views for j in views if i < j}


def locate(cameras: Cameras, targets: Cameras, anchor: int = 0) -> AnchorAccuracy:
    """The cameras as the wall's matches show them, judged by the targets."""
    pytest.importorskip("pycolmap", reason="the optional package pycolmap is not installed")
    return locate_views(match_wall(cameras), [make_anchor(anchor)], targets)


@pytest.mark.parametrize("anchor", [0, 2])
def test_views_are_located_from_the_anchor(anchor: int) -> None:
    result = locate(make_truck(), make_truck(), anchor)
    assert [each.view for each in result.locations] == [view for view in range(3) if view != anchor]
    assert result.accuracy == 1 and result.rotation_deg < 1e-3 and result.center < 1e-3


def test_turned_view_is_located_where_it_is() -> None:
    result = locate(turn_view(make_truck(), 2, 8), make_truck())
    assert result.locations[1].rotation_deg == pytest.approx(8, abs=1e-3) and result.locations[1].center < 1e-3
    assert result.accuracy == 0.5 and result.rotation_deg == pytest.approx(4, abs=1e-3)


def test_camera_that_only_turns_is_located() -> None:
    pan = turn_view(make_truck(3, step=0.0), 1, 6)
    result = locate(pan, pan)
    assert result.accuracy == 1 and result.center is None


def test_too_few_matches_locate_nothing() -> None:
    pytest.importorskip("pycolmap", reason="the optional package pycolmap is not installed")
    result = locate_views({(0, 1): torch.rand(11, 4) * SIZE}, [make_anchor()], make_truck())
    assert result.accuracy == 0 and result.rotation_deg is None and [each.inliers for each in result.locations] == [0, 0]
    assert locate_views({}, [make_anchor(view) for view in range(3)], make_truck()) is None


# Cases


def test_interval_of_a_mean() -> None:
    rng = torch.Generator().manual_seed(0)
    values = torch.randn(200, generator=rng).tolist()
    interval = bootstrap_mean(values, rng)
    error = 1.96 * float(torch.tensor(values).std()) / math.sqrt(200)
    assert interval.mean == pytest.approx(sum(values) / 200) and interval.cases == 200
    assert interval.high - interval.low == pytest.approx(2 * error, rel=0.1) and interval.low < interval.mean < interval.high
    constant = bootstrap_mean([0.3] * 5, rng)
    assert constant.low == constant.high == pytest.approx(0.3) and str(constant) == "0.3 [0.3, 0.3] n=5"
    with pytest.raises(ValueError, match="wanted finite values of at least one case"):
        bootstrap_mean([], rng)


def test_difference_is_paired() -> None:
    first = [0.1, 0.5, 0.9, None]
    interval = bootstrap_difference(first, [0.3, 0.7, 1.1, 0.5], torch.Generator().manual_seed(0))
    assert interval.low == pytest.approx(0.2) and interval.high == pytest.approx(0.2) and interval.cases == 3


def test_rows_are_summarised_where_they_have_values() -> None:
    rows = [{"a": 1.0, "b": None}, {"a": 3.0, "b": 4.0}, {"a": 2.0}]
    summary = summarise_rows(rows, torch.Generator().manual_seed(0))
    assert list(summary) == ["a", "b"] and summary["a"].mean == 2 and summary["b"].cases == 1
    assert summarise_rows([{"a": None}], torch.Generator()) == {}


def test_gain_on_the_same_cases() -> None:
    """Two cases of equal gain; a figure that only one method has is not compared."""
    first = {"a": {"PSNR dB": 100.0, "camera pose accuracy": None}, "b": {"PSNR dB": 60.0, "camera pose accuracy": 0.5}}
    second = {"a": {"PSNR dB": 60.0, "camera pose accuracy": 0.5}, "b": {"PSNR dB": 20.0, "camera pose accuracy": None}}
    gain = compare_rows(first, second, torch.Generator().manual_seed(0))
    assert gain["PSNR dB"].mean == pytest.approx(-40) and gain["PSNR dB"].cases == 2 and gain["PSNR dB"].high == pytest.approx(-40)
    assert "camera pose accuracy" not in gain
    with pytest.raises(ValueError, match=r"wanted the same cases of both, got \['b'\] of one alone"):
        compare_rows({"a": first["a"]}, second, torch.Generator())


# All together


@pytest.fixture
def no_colmap(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str) -> None:
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(solving, "importlib", SimpleNamespace(import_module=fail))


def make_case() -> Case:
    cameras = make_truck(4)
    images = paint_wall(cameras)
    _, masks = make_subjects([RED] * 4, SIZE)
    return Case(images, cameras, (make_anchor(),), masks, images[:2], masks[:2], images)


def evaluate(case: Case, folder: Path, judges: Encoders | None = None) -> Evaluation:
    return evaluate_views(case, folder, lambda share: None, judges or Encoders())


def test_without_the_package_the_rest_is_measured(no_colmap: None, tmp_path: Path) -> None:
    shares: list[float] = []
    judges = Encoders({"mean": lambda pictures: pictures.mean((2, 3))}, lambda pictures: pictures.mean((1, 2, 3)))
    evaluation = evaluate_views(make_case(), tmp_path, shares.append, judges)
    assert shares == sorted(shares) and shares[0] == 0 and shares[-1] == 1
    lines = describe_evaluation(evaluation).splitlines()
    assert lines[0] == "Does the camera obey? not measured"
    assert lines[1].startswith("Does the subject stay itself? yes: 100.0 dB") and lines[2].startswith("Does the background hold? yes: 100")
    assert "No module named 'pycolmap'; install it in this Python" in lines[-1] and lines[-2] == ""
    table = tabulate_evaluation(evaluation)
    assert table["summary"]["camera pose accuracy"] is None and table["summary"]["subject likeness by mean"] == pytest.approx(1, abs=1e-4)
    assert table["summary"]["text cosine"] == pytest.approx(0.5, abs=0.1) and len(table["views"]) == 4 and len(table["warps"]) == 3
    json.dumps(table, allow_nan=False)
    plots = plot_evaluation(evaluation, make_case().cameras)
    assert plots.shape == (1, 3, 512, 1024) and plots.std() > 0.05


def test_two_views_are_too_few_for_structure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(evaluation_module, "import_pycolmap", lambda: None)
    report = describe_evaluation(evaluate(Case(make_case().images[:2], make_truck(2)), tmp_path))
    assert "not measured; they need at least 3 views, got 2" in report


def test_camera_that_only_turns_is_judged_from_the_anchor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """There structure from motion finds nothing, which must not count as disobedience."""
    pytest.importorskip("pycolmap", reason="the optional package pycolmap is not installed")
    pan = turn_view(turn_view(make_truck(3, step=0.0), 1, 4), 2, 8)
    structure = Structure(Attempt(3, 100.0, 3, True, ()), None, match_wall(pan), 1, tmp_path)
    monkeypatch.setattr(evaluation_module, "find_structure", lambda *_: structure)
    result = evaluate(Case(make_case().images[:3], pan, (make_anchor(),)), tmp_path)
    assert result.poses is None and result.triangulation is None and result.epipolar is None
    report = describe_evaluation(result)
    assert report.startswith("Does the camera obey? yes: 100% of views turned as asked, by the anchor's depth")
    assert "camera pose accuracy and points: not measured; the trajectory stands at one place" in report


def test_without_kornia_all_but_the_epipolar_distance_is_measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("pycolmap", reason="the optional package pycolmap is not installed")
    structure = Structure(Attempt(3, 100.0, 3, True, ()), None, match_wall(make_truck(3)), 1, tmp_path)
    monkeypatch.setattr(evaluation_module, "find_structure", lambda *_: structure)
    monkeypatch.setattr(evaluation_module, "triangulate_views", lambda *_: None)
    monkeypatch.setitem(sys.modules, "kornia.geometry.epipolar", None)
    result = evaluate(Case(make_case().images[:3], make_truck(3), (make_anchor(),)), tmp_path)
    assert result.epipolar is None and result.poses is not None and result.located.accuracy == 1 and result.warps.psnr > 22
    assert any("epipolar distance: not measured; epipolar consistency: wanted the package kornia" in note for note in result.notes)


def test_bare_views_say_what_is_missing(no_colmap: None, tmp_path: Path) -> None:
    report = describe_evaluation(evaluate(Case(make_case().images, make_truck(4)), tmp_path))
    assert report.count("? not measured") == 3
    assert "it needs depth of this trajectory" in report and "it needs references, or true views with masks" in report


def test_views_count_by_the_nearest_reference_and_references_by_one_another() -> None:
    views, masks = make_subjects([RED, BLUE])
    references, theirs = make_subjects([RED, RED, GREEN])
    case = Case(views, make_truck(2), (), masks, references, theirs)
    (colors, encoded) = measure_likenesses(case, Encoders({"middle": lambda pictures: pictures[:, :, 112, 112] - 0.5}))
    assert colors.views.tolist() == pytest.approx([1, 0]) and colors.ceiling == pytest.approx(2 / 3)
    assert encoded.views[0] == pytest.approx(1) and encoded.mean < 1
    (whole,) = measure_likenesses(replace(case, masks=None), Encoders({"corner": lambda pictures: pictures[:, :, 0, 0] + 1}))
    assert whole.views.tolist() == pytest.approx([1, 1]), "without all masks whole pictures are compared"
    (alone,) = measure_likenesses(replace(case, references=references[:1], reference_masks=theirs[:1]), Encoders())
    assert alone.ceiling == pytest.approx(1)


def test_other_subject_and_broken_background_are_told(no_colmap: None, tmp_path: Path) -> None:
    images, masks = make_subjects([RED] * 4, SIZE)
    references, theirs = make_subjects([BLUE, BLUE])
    noise = torch.rand(images.shape, generator=torch.Generator().manual_seed(0))
    case = Case(torch.where(masks > 0, images, noise), make_truck(4), (make_anchor(),), masks, references, theirs)
    lines = describe_evaluation(evaluate(case, tmp_path)).splitlines()
    assert lines[1].startswith("Does the subject stay itself? no: likeness 0.00 by colours; the references to one another 1.00")
    assert lines[2].startswith("Does the background hold? no: warp by depth")


def test_blur_is_told(no_colmap: None, tmp_path: Path) -> None:
    case = make_case()
    grain = 0.05 * torch.rand(case.images.shape, generator=torch.Generator().manual_seed(0))
    lines = describe_evaluation(evaluate(replace(case, truth=case.images + grain), tmp_path)).splitlines()
    assert "yes" in lines[1] and "but blurred, sharpness" in lines[1] and "but blurred" in lines[2]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cameras": make_truck(5)}, "views: wanted 5, one for each camera, got 4$"),
        ({"cameras": replace(make_truck(4), width=48)}, "views: wanted the cameras' aspect 48x32, got 32x32"),
        ({"masks": torch.ones(3, 1, SIZE, SIZE)}, "masks: wanted 4 of 32x32 pixels, one for each picture, got 3 of 32x32"),
        ({"truth": torch.rand(4, 3, 16, 16)}, "true views: wanted 4 of 32x32 pixels, one for each picture, got 4 of 16x16"),
        ({"anchors": (make_anchor(7),)}, "depth: wanted anchors among the 4 views, got view 7$"),
        ({"references": None}, "reference masks: wanted references with them, got none"),
    ],
)
def test_parts_that_do_not_fit(changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_case(replace(make_case(), **changes))


def test_one_view_is_no_trajectory() -> None:
    with pytest.raises(ValueError, match="views: wanted at least 2, got 1"):
        check_case(Case(make_case().images[:1], make_truck(1)))


def test_views_of_another_size_get_fitting_cameras() -> None:
    large = make_truck(4).resize(64, 64)
    torch.testing.assert_close(check_case(replace(make_case(), cameras=large)).K, make_truck(4).K)
