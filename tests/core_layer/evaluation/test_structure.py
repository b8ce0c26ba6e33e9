"""Camera and points by pycolmap on procedural scenes: clean views reach the ceilings, and what is wrong by construction is told.

The scenes' own textures are smooth and give SIFT little to hold on to; a fine solid grain that never repeats is laid over them here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from mvcustom.mvcustom_core.camera.cameras import Cameras, look_at, square_intrinsics
from mvcustom.mvcustom_core.camera.rays import unproject_depth
from mvcustom.mvcustom_core.camera.rigid import rotation_from_vector
from mvcustom.mvcustom_core.embedded.scenes.render import render_scene
from mvcustom.mvcustom_core.embedded.scenes.scene import sample_concept
from mvcustom.mvcustom_core.evaluation.case import Case
from mvcustom.mvcustom_core.evaluation.epipolar import EpipolarConsistency, measure_epipolar
from mvcustom.mvcustom_core.evaluation.evaluation import Evaluation, evaluate_views
from mvcustom.mvcustom_core.evaluation.fidelity import measure_sharpness
from mvcustom.mvcustom_core.evaluation.pose import PoseAccuracy, measure_poses
from mvcustom.mvcustom_core.evaluation.report import describe_evaluation, tabulate_evaluation
from mvcustom.mvcustom_core.evaluation.structure import Structure, Triangulation, find_structure, triangulate_views
from mvcustom.mvcustom_core.evaluation.warping import measure_warps
from mvcustom.mvcustom_core.plot.evaluation import plot_evaluation
from mvcustom.mvcustom_core.surface.depth import AnchorDepth, DepthMap

VIEWS, SIZE = 8, 256
ANCHOR = 3
MIDDLE = [2, 3, 4, 5, 6]  # views enough for what is not a ceiling
FREQUENCIES = (20.0, 40.0)  # of the grain, radians per unit

pytest.importorskip("pycolmap", reason="the optional package pycolmap is not installed")


def make_orbit(span_deg: float = 90.0) -> Cameras:
    azimuth, elevation = torch.linspace(-0.5, 0.5, VIEWS) * math.radians(span_deg), math.radians(25)
    level = math.cos(elevation)
    eye = torch.stack([azimuth.sin() * level, torch.full((VIEWS,), -math.sin(elevation)), azimuth.cos() * level], dim=-1)
    w2c = look_at(eye, torch.zeros(VIEWS, 3), torch.tensor([[0.0, -1, 0]]).repeat(VIEWS, 1))
    return Cameras(w2c, square_intrinsics(VIEWS, SIZE, 52.0), SIZE, SIZE)


def make_grain(points: Tensor, seed: int) -> Tensor:
    """Solid noise in 0..1 at world points [..., 3]: plane waves in random directions."""
    rng = torch.Generator().manual_seed(seed)
    total = torch.zeros(points.shape[:-1])
    for frequency in FREQUENCIES:
        vectors, phases = torch.randn(24, 3, generator=rng) * frequency / math.sqrt(3), 2 * math.pi * torch.rand(24, generator=rng)
        total += torch.sin(points @ vectors.T + phases).sum(-1) / math.sqrt(24)
    return torch.sigmoid(1.5 * total)


def render(seed: int, cameras: Cameras) -> tuple[Tensor, Tensor, Tensor]:
    """Images [V, 3, H, W], depth [V, H, W] and subject masks [V, 1, H, W]."""
    parts = [render_scene(sample_concept(seed), cameras[view], supersample=1) for view in range(len(cameras))]
    images, depth, masks = (torch.cat([getattr(part, name) for part in parts]) for name in ("images", "depth", "mask"))
    return images * (0.3 + 0.7 * make_grain(unproject_depth(cameras, depth), seed)[:, None]), depth, masks


@pytest.fixture(scope="module")
def clean() -> tuple[Tensor, Tensor, Tensor]:
    return render(3, make_orbit())


@pytest.fixture(scope="module")
def evaluation(clean: tuple[Tensor, Tensor, Tensor], tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    images, depth, masks = clean
    anchor = AnchorDepth(ANCHOR, DepthMap(depth[ANCHOR], torch.ones(SIZE, SIZE, dtype=torch.bool), "true", 1.0, ""))
    case = Case(images, make_orbit(), (anchor,), masks, images[::3], masks[::3])
    return evaluate_views(case, tmp_path_factory.mktemp("clean"), lambda share: None)


@pytest.fixture(scope="module")
def structure(evaluation: Evaluation) -> Structure:
    return evaluation.structure


def judge(structure: Structure, targets: Cameras) -> tuple[PoseAccuracy, Triangulation, EpipolarConsistency]:
    """The measures that the target poses have a part in."""
    model = structure.model
    poses = measure_poses(model and model.cameras, model.indices if model else (), targets)
    return poses, triangulate_views(structure, targets), measure_epipolar(structure.matches, targets)


def find(images: Tensor, folder: Path, cameras: Cameras) -> Structure:
    return find_structure(images, cameras, folder, lambda share: None)


# Ceilings


def test_clean_views_reach_the_ceilings(evaluation: Evaluation) -> None:
    poses, points = evaluation.poses, evaluation.triangulation
    assert poses.registered == tuple(range(VIEWS)) and poses.accuracy == poses.rra == poses.rta == 1 and poses.auc > 0.95
    assert evaluation.path.ate < 0.01 and evaluation.path.rpe_rotation_deg < 0.5 and evaluation.path.rpe_translation < 0.01
    assert points.points > 200 and points.reprojection_px < 0.5 and points.track_length > 2.5
    assert evaluation.epipolar.tsed == 1 and evaluation.epipolar.distance_px < 0.3
    near = [each for each in evaluation.located.locations if abs(each.view - ANCHOR) <= 2]
    assert all(each.rotation_deg < 1 and each.center < 0.02 for each in near) and evaluation.located.accuracy > 0.8


def test_all_views_warp_to_the_ceiling(evaluation: Evaluation) -> None:
    assert len(evaluation.warps.warps) == VIEWS - 1
    for warp in evaluation.warps.warps:
        assert warp.psnr > 30 and warp.background_psnr > 30
        assert warp.share > (0.5 if abs(warp.view - ANCHOR) <= 2 else 0.1)


def test_report_of_clean_views(evaluation: Evaluation) -> None:
    lines = describe_evaluation(evaluation).splitlines()
    assert lines[0].startswith("Does the camera obey? yes: pose accuracy 1.00, 8 of 8 views registered by the ")
    assert lines[1].startswith("Does the subject stay itself? yes: likeness") and lines[2].startswith("Does the background hold? yes: warp")
    table = tabulate_evaluation(evaluation)
    assert len(table["pairs"]) == 28 and all(row["registered"] for row in table["views"])
    assert plot_evaluation(evaluation, make_orbit()).shape == (2, 3, 512, 1024)


# What is wrong by construction


def turn_all(cameras: Cameras, degrees: float) -> Cameras:
    """Every camera turned on the spot about a diagonal of its picture, to and fro."""
    signs = torch.tensor([1.0, -1.0]).repeat(VIEWS // 2)
    turns = rotation_from_vector(torch.tensor([0.7071, 0.7071, 0.0]) * signs[:, None] * math.radians(degrees))
    w2c = cameras.w2c.clone()
    w2c[:, :3] = turns @ w2c[:, :3]
    return replace(cameras, w2c=w2c)


def test_five_degrees_are_caught_by_points_and_epipolar_lines(structure: Structure, evaluation: Evaluation) -> None:
    """They stay within the pose accuracy's threshold of 15 degrees."""
    poses, points, epipolar = judge(structure, turn_all(make_orbit(), 5))
    assert poses.rra == 1 and poses.rotation_deg.max() == pytest.approx(10, abs=1)
    assert epipolar.tsed == 0 and epipolar.distance_px > 4
    assert points.reprojection_px > 5 * evaluation.triangulation.reprojection_px
    assert points.track_length < 2.5 < 3 < evaluation.triangulation.track_length, "no third view agrees with two"


def test_ten_degrees_are_caught_by_the_pose_accuracy(structure: Structure) -> None:
    assert judge(structure, turn_all(make_orbit(), 10))[0].accuracy < 0.6


def test_camera_that_moves_half_as_far(structure: Structure) -> None:
    poses, points, epipolar = judge(structure, make_orbit(180))
    assert poses.registered_share == 1 and poses.accuracy < 0.5
    assert epipolar.distance_px > 0.5 and points.reprojection_px > 0.5, "they notice, but the lines lie almost as they should"


def spoil_last(images: Tensor) -> Tensor:
    spoiled = images.clone()
    spoiled[4] = render(11, make_orbit()[[0]])[0][0]
    return spoiled


def mix_scenes(images: Tensor) -> Tensor:
    return torch.cat([render(20 + view, make_orbit()[[view]])[0] for view in range(len(images))])


FAULTS: dict[str, tuple[Callable[[Tensor], Tensor], float, float]] = {
    # what is done to five views, and what pose accuracy and TSED must then be
    "frozen camera": (lambda images: images[:1].repeat(5, 1, 1, 1), 0, 0),
    "different scenes": (mix_scenes, 0, 0),
    "noise": (lambda images: torch.rand(images.shape, generator=torch.Generator().manual_seed(0)), 0, 0),
    "last view of another scene": (spoil_last, 6 / 10, 3 / 4),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_score_as_they_should(fault: str, clean: tuple[Tensor, Tensor, Tensor], tmp_path: Path) -> None:
    change, accuracy, tsed = FAULTS[fault]
    poses, points, epipolar = judge(find(change(clean[0][MIDDLE]), tmp_path, make_orbit()[MIDDLE]), make_orbit()[MIDDLE])
    assert poses.accuracy == pytest.approx(accuracy) and epipolar.tsed == pytest.approx(tsed)
    if fault in ("different scenes", "noise"):
        assert points.points == 0 and points.reprojection_px is None


def test_blur_raises_the_warp_and_lowers_sharpness(clean: tuple[Tensor, Tensor, Tensor]) -> None:
    """Why the two are read together."""
    images, depth, _ = (part[3:5] for part in clean)
    blurred = F.avg_pool2d(F.pad(images, (3, 3, 3, 3), mode="replicate"), 7, 1)
    anchor = AnchorDepth(0, DepthMap(depth[0], torch.ones(SIZE, SIZE, dtype=torch.bool), "true", 1.0, ""))
    sharp, soft = (measure_warps(each, make_orbit()[3:5], [anchor], None, lambda share: None).psnr for each in (images, blurred))
    assert soft > sharp + 0.5 and measure_sharpness(blurred).mean() < 0.3 * measure_sharpness(images).mean()


# Sizes and lenses


def test_small_views_are_enlarged(clean: tuple[Tensor, Tensor, Tensor], tmp_path: Path) -> None:
    targets = make_orbit()[MIDDLE[:4]].resize(96, 96)
    structure = find(F.interpolate(clean[0][MIDDLE[:4]], size=(96, 96), mode="area"), tmp_path, targets)
    poses, points, epipolar = judge(structure, targets)
    assert structure.enlargement == 4 and poses.accuracy == 1 and epipolar.tsed == 1
    assert epipolar.distance_px < 0.3 and points.reprojection_px < 0.3, "in pixels of the small views"


def test_every_view_may_have_its_own_lens(clean: tuple[Tensor, Tensor, Tensor], tmp_path: Path) -> None:
    """Crops off the middle, from alternate sides."""
    cameras, side, crops, lenses = make_orbit(), 208, [], []
    for view in MIDDLE[:4]:
        left, top = (0, 48) if view % 2 else (48, 0)
        crops.append(clean[0][view, :, top : top + side, left : left + side])
        lenses.append(cameras[view].crop(left, top, side, side).K)
    targets = replace(cameras[MIDDLE[:4]], K=torch.cat(lenses), width=side, height=side)
    poses, points, _ = judge(find(torch.stack(crops), tmp_path, targets), targets)
    assert poses.accuracy == 1 and poses.auc > 0.95 and points.reprojection_px < 0.5


def test_search_can_be_stopped(clean: tuple[Tensor, Tensor, Tensor], tmp_path: Path) -> None:
    class Stopped(Exception):
        pass

    def stop(share: float) -> None:
        if share > 0.1:
            raise Stopped

    with pytest.raises(Stopped):
        evaluate_views(Case(clean[0], make_orbit()), tmp_path, stop)
