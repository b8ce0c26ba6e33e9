"""Plots: what is drawn lies where the numbers say."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from mvcustom.mvcustom_core.camera.cameras import Cameras
from mvcustom.mvcustom_core.camera.rigid import rotation_from_vector
from mvcustom.mvcustom_core.embedded.scenes.sweep import sample_photographs
from mvcustom.mvcustom_core.path.trajectory import front_camera, orbit, truck
from mvcustom.mvcustom_core.plot import plot_losses, plot_photographs, plot_trajectory
from mvcustom.mvcustom_core.plot.canvas import CATEGORIES, RAMP, REFERENCE, SUBJECT, new_sheet, nice_step, ramp_color, write_on
from mvcustom.mvcustom_core.plot.depth import INVALID, plot_anchor, plot_depth
from mvcustom.mvcustom_core.plot.losses import fit_axes, smooth_losses, spread_heights
from mvcustom.mvcustom_core.plot.scene import View, build_scene
from mvcustom.mvcustom_core.plot.trajectory import draw_cards, picture_axes
from mvcustom.mvcustom_core.surface.depth import SKY_DISTANCE, DepthMap


def make_base() -> Cameras:
    w2c = torch.eye(4)[None].clone()
    w2c[0, 2, 3] = 1.0
    return Cameras(w2c, torch.tensor([[[600.0, 0, 256], [0, 600, 256], [0, 0, 1]]]), 512, 512)


def find_color(picture: Tensor, color: tuple[int, int, int], tolerance: float = 0.03) -> Tensor:
    """Pixels [N, 2] as (x, y) of about one colour."""
    wanted = torch.tensor(color).float()[:, None, None] / 255
    return (picture - wanted).abs().amax(0).lt(tolerance).nonzero().flip(-1)


@pytest.mark.parametrize("views, width, height", [(1, 1024, 512), (2, 640, 320), (100, 300, 700), (5, 192, 192)])
def test_trajectory_plot_has_its_size_and_range(views: int, width: int, height: int) -> None:
    picture = plot_trajectory(orbit(make_base(), views), references=make_base(), width=width, height=height)
    assert picture.shape == (3, height, width) and picture.dtype == torch.float32
    assert picture.min() >= 0 and picture.max() <= 1 and picture.std() > 0.02


def test_path_runs_from_first_to_last_color_in_the_top_view() -> None:
    """A truck to the right: the first camera's ink lies left of the last one's, at one height, the subject beyond them."""
    picture = plot_trajectory(truck(make_base(), 9, (-0.8, 0.8)), width=900, height=450)[:, 40:400, :440]
    first, last = find_color(picture, RAMP[0]).float().mean(0), find_color(picture, RAMP[-1]).float().mean(0)
    assert first[0] + 150 < last[0] and abs(first[1] - last[1]) < 15


def test_subject_and_references_are_drawn_only_when_asked() -> None:
    plain = plot_trajectory(make_base(), subject_radius=0.0)
    full = plot_trajectory(make_base(), subject_radius=0.3, references=orbit(make_base(), 6, (0, 300)))
    ball = (torch.tensor(SUBJECT) * 0.55 + 250 * 0.45).int().tolist()  # 0.55 opaque on the card
    assert len(find_color(full, ball)) > 2000 > len(find_color(plain, ball)) + 1900
    assert len(find_color(full, REFERENCE)) > len(find_color(plain, REFERENCE)) + 100


def test_inputs_on_one_spot_still_make_a_picture() -> None:
    there = Cameras(torch.eye(4)[None], make_base().K, 512, 512)
    assert torch.isfinite(plot_trajectory(there, subject_radius=0.0)).all()


def test_impossible_trajectory_plots_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one camera"):
        plot_trajectory(make_base()[[]])
    for radius in (-1.0, math.nan, math.inf):
        with pytest.raises(ValueError, match="subject radius of 0 or more"):
            plot_trajectory(make_base(), subject_radius=radius)
    with pytest.raises(ValueError, match="at least 192 pixels each way, got 1024x100"):
        plot_trajectory(make_base(), height=100)


def make_images(views: int) -> Tensor:
    """One flat colour per photograph, [V, 3, 8, 8], as `image_color` says."""
    return torch.stack([(torch.tensor(image_color(i)).float() / 255)[:, None, None].expand(3, 8, 8) for i in range(views)])


def image_color(index: int) -> tuple[int, int, int]:
    return 20 + 4 * index, 250 - 4 * index, 128


@pytest.mark.parametrize(
    ("views", "shown"), [(1, [0]), (3, [0, 1, 2]), (12, list(range(12))), (45, [0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44])]
)
def test_thumbnails_stand_in_a_row_in_their_cameras_colors(views: int, shown: list[int]) -> None:
    picture = plot_photographs(orbit(make_base(), views, (0, 300)), make_images(views))
    assert picture.shape == (3, 640, 1024) and 0 <= picture.min() and picture.max() <= 1
    lefts = []
    for index in range(views):
        found = find_color(picture, image_color(index), 0.001)
        assert (len(found) > 4000) == (index in shown)
        if index in shown:
            (left, top), (right, bottom) = found.amin(0).tolist(), found.amax(0).tolist()
            assert abs((right - left) - (bottom - top)) <= 1 and top > 480
            lefts.append(left)
            frame = torch.tensor(ramp_color(index / max(views - 1, 1))) / 255
            assert (picture[:, (top + bottom) // 2, left - 2] - frame).abs().max() < 0.15
    assert lefts == sorted(lefts) and len(lefts) == len(shown)


def test_thumbnails_and_cameras_carry_the_same_numbers() -> None:
    """Without numbers the cameras would be drawn alike."""
    cameras = orbit(make_base(), 45, (0, 300))
    canvas = new_sheet(600, 300)
    plain, labelled = new_sheet(600, 300), canvas
    draw_cards(plain, cameras, 0.2, references=None, bottom=290, ordered=True)
    draw_cards(labelled, cameras, 0.2, references=None, bottom=290, ordered=True, labelled=[0, 20, 44])
    assert 0.0005 < (plain.to_tensor() - labelled.to_tensor()).abs().amax(0).gt(0.1).float().mean() < 0.02


def test_numbers_of_cameras_are_those_by_which_one_is_chosen() -> None:
    """Counted from 0, as base_view and the anchors are."""
    cameras = orbit(make_base(), 3, (0, 300))
    right, forward, _ = picture_axes(cameras)
    assert [frustum.label for frustum in build_scene(cameras, None, 0.2, np.stack([right, forward]), [0, 2]).frusta] == ["0", "", "2"]


def test_masks_fade_what_is_not_the_subject() -> None:
    """The left half of the one thumbnail keeps its colour, the right half is three quarters paper, and the label says 50 %."""
    masks = torch.zeros(1, 1, 8, 8)
    masks[..., :4] = 1
    cameras, images = orbit(make_base(), 1), torch.full((1, 3, 8, 8), 0.2)
    faded, plain = plot_photographs(cameras, images, masks), plot_photographs(cameras, images)
    subject, rest = (find_color(faded, (level, level, level), 0.003) for level in (51, 204))  # 0.2, and 0.2 + 0.75 * 0.8
    (left, top), (right, bottom) = subject.amin(0).tolist(), subject.amax(0).tolist()
    assert len(subject) > 2000 and rest[:, 0].amin() > right - 2 and rest[:, 0].amax() - left > 1.9 * (right - left)
    below = (faded - plain).abs().amax(0)[bottom + 4 :]
    assert below.max() > 0.3, "the share is not written"
    assert not (faded - plain)[:, : top - 4].any()


def test_impossible_photograph_plots_are_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \[V 3 H W\] with V=2"):
        plot_photographs(orbit(make_base(), 2), make_images(3))
    with pytest.raises(ValueError, match="at least one camera, got none"):
        plot_photographs(make_base()[[]], torch.zeros(0, 3, 4, 4))


def test_up_and_forward_follow_the_cameras() -> None:
    right, forward, up = picture_axes(make_base())
    assert (right.tolist(), forward.tolist(), up.tolist()) == ([1, 0, 0], [0, 0, 1], [0, -1, 0])
    z_up = torch.tensor([[1.0, 0, 0, 0], [0, 0, -1, 0], [0, 1, 0, 3], [0, 0, 0, 1]])  # looks along +y
    right, forward, up = picture_axes(Cameras(z_up[None], make_base().K, 512, 512))
    assert (right.tolist(), forward.tolist(), up.tolist()) == ([1, 0, 0], [0, 1, 0], [0, 0, 1])
    around = orbit(make_base(), 4, (0.0, 270.0))  # forward directions cancel: any horizontal frame will do
    frame = np.stack(picture_axes(around))
    np.testing.assert_allclose(frame @ frame.T, np.eye(3))


def make_photographs(tilt: tuple[float, float, float]) -> tuple[Cameras, np.ndarray]:
    """Photographs all around, held level to 1.5 degrees but for one on its side, in a world turned by a rotation vector, and its up."""
    level = sample_photographs(random.Random(3), 12, 64).to(dtype=torch.float64)
    rolls = torch.randn(12, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * math.radians(1.5)
    rolls[4] += math.pi / 2
    w2c = level.w2c.clone()
    w2c[:, :3] = rotation_from_vector(torch.nn.functional.pad(rolls[:, None], (2, 0))) @ w2c[:, :3]
    turn = rotation_from_vector(torch.tensor(tilt, dtype=torch.float64))
    return replace(level, w2c=w2c).transform(turn, torch.zeros(3)), (-turn[:, 1]).numpy()


@pytest.mark.parametrize("tilt", [(0.0, 0.0, 0.0), (0.25, 0.0, 0.0), (0.0, 0.3, -0.6), (-0.5, 1.0, 0.2), (1.5, 0.4, 0.0)])
def test_up_is_the_photographers_whatever_the_axes_of_the_world(tilt: tuple[float, float, float]) -> None:
    cameras, wanted = make_photographs(tilt)
    right, forward, up = picture_axes(cameras)
    assert up @ wanted > math.cos(math.radians(3))
    np.testing.assert_allclose(np.stack([right, forward, up]) @ np.stack([right, forward, up]).T, np.eye(3), atol=1e-12)
    assert np.linalg.det(np.stack([right, forward, up])) == pytest.approx(1)


def test_the_path_is_seen_as_its_references_are() -> None:
    """One camera looks down on a world whose other cameras tell what is level."""
    cameras, wanted = make_photographs((0.4, 0.0, 0.3))
    down = cameras[0]
    down = replace(down, w2c=torch.eye(4, dtype=torch.float64)[None]).transform(look_down(wanted), torch.tensor(wanted))
    _, _, up = picture_axes(down, cameras)
    assert up @ wanted > math.cos(math.radians(3))


def look_down(up: np.ndarray) -> Tensor:
    """World-from-camera of a camera that looks against a direction."""
    forward = -torch.tensor(up)
    right = torch.nn.functional.normalize(torch.linalg.cross(forward, torch.tensor([0.3, 0.5, 0.8], dtype=torch.float64)), dim=0)
    return torch.stack([right, torch.linalg.cross(forward, right), forward], dim=1)


def test_worlds_that_were_made_upright_keep_their_axis() -> None:
    """A truck from 18 degrees above, whose own up leans back."""
    _, _, up = picture_axes(truck(front_camera(64), 5))
    assert up.tolist() == [0, -1, 0]


def test_only_paths_are_joined_by_lines() -> None:
    """The line between two cameras has a colour of its own."""
    pair, between = orbit(make_base(), 2, (0, 120)), ramp_color(0.5)
    assert len(find_color(plot_trajectory(pair, height=640)[:, :470], between)) > 100
    assert not len(find_color(plot_trajectory(pair, height=640, ordered=False)[:, :470], between))
    assert not len(find_color(plot_photographs(pair, make_images(2))[:, :470], between))


@pytest.mark.parametrize("distance", [math.inf, 8.0])
def test_fitted_points_fill_the_box(distance: float) -> None:
    points = np.random.default_rng(0).normal(size=(50, 3))
    view = View(points.mean(0), np.eye(3), distance).fit(points, 10, 20, 110, 80)
    pixels = np.array(view.project(points))
    low, high = pixels.min(0), pixels.max(0)
    np.testing.assert_allclose((low + high) / 2, [60, 50])
    assert np.isclose(high - low, [100, 60]).any() and (high - low <= [100 + 1e-9, 60 + 1e-9]).all()


def test_perspective_makes_far_things_small() -> None:
    view = View(np.zeros(3), np.eye(3), distance=2.0, scale=10.0)
    assert view.project(np.array([[1.0, 0, 0], [1.0, 0, 2.0]])) == [(10.0, 0.0), (5.0, 0.0)]


def test_colors_and_steps() -> None:
    assert ramp_color(0.0) == RAMP[0] and ramp_color(1.0) == RAMP[-1] and ramp_color(2.0) == RAMP[-1]
    lightness = [0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in (ramp_color(i / 20) for i in range(21))]
    assert lightness == sorted(lightness)
    assert [nice_step(span, 5) for span in (10.0, 9.0, 0.03, 26.0)] == pytest.approx([2.0, 2.0, 0.01, 10.0])


def test_text_is_dark_ink_on_white() -> None:
    sheet = new_sheet(200, 200)
    sheet.text((100, 100), "first", anchor="mm")
    ink = (1 - sheet.to_tensor().mean(0)).gt(0.5).nonzero()
    assert len(ink) > 20 and abs(ink.float().mean(0) - 100).max() < 6
    assert sheet.text_width("first first") > 1.8 * sheet.text_width("first")


@pytest.mark.parametrize("width", [64, 768])
def test_words_on_a_picture_are_legible_and_leave_the_rest_as_it_is(width: int) -> None:
    picture = torch.rand(3, 96, width, generator=torch.Generator().manual_seed(0))
    written = write_on(picture, "IoU 0.91")
    changed = (picture - written).abs().amax(0).amax(1).gt(0).nonzero()[:, 0].tolist()
    assert 4 < 96 - changed[0] <= 20 and changed[-1] == 95, "a strip at the foot"
    strip = written[:, changed[0] + 2 :].mean(0)
    assert (strip[:, :50] < 0.3).float().mean() > 0.4 and (strip[:, :50] > 0.75).float().mean() > 0.05, "light letters on a dark ground"


def test_loss_curves_fall_across_the_sheet() -> None:
    """A straight line on a logarithmic scale: its ink runs from the upper left to the lower right at even slope."""
    values = [10 ** (-3 * i / 199) for i in range(200)]
    picture = plot_losses({"loss": values}, 800, 400)
    ink = find_color(picture[:, 50:340, 100:], CATEGORIES[0], 0.1).double()
    slope, _ = np.polyfit(ink[:, 0].numpy(), ink[:, 1].numpy(), 1)
    residual = ink[:, 1] - slope * ink[:, 0]
    assert slope > 0.3 and residual.std() < 2.5


def measure_every(stride: int, steps: int = 200) -> list[float]:
    """A loss that falls from 1 to 0.001 and is known at every stride-th step."""
    return [10 ** (-3 * step / steps) if (step + 1) % stride == 0 else math.nan for step in range(steps)]


@pytest.mark.parametrize("stride", [2, 3, 25])
def test_a_loss_that_is_measured_rarely_is_drawn_joined_with_dots(stride: int) -> None:
    """From its first measurement to its last there is ink in every column, on the straight line, and more of it at the dots."""
    values = measure_every(stride)
    curves = {"often": [1.0, 0.001] * 100, "rare": values}
    picture, axes = plot_losses(curves, 800, 400), fit_axes(new_sheet(800, 400), curves, True)
    ink = find_color(picture[:, 50:], CATEGORIES[1], 0.1)
    columns = [round(axes.place(step + 1, 1.0)[0]) for step in range(200) if not math.isnan(values[step])]
    drawn = set(ink[:, 0].tolist())
    assert set(range(columns[0], columns[-1])) <= drawn
    if stride == 25:
        heights = {column: int((ink[:, 0] == column).sum()) for column in drawn}
        at_dots = [max(heights[column + move] for move in (-1, 0, 1)) for column in columns]
        between = [heights[(one + other) // 2] for one, other in zip(columns, columns[1:], strict=False)]
        assert min(at_dots) > 1.5 * max(between)


def test_a_single_measurement_is_a_dot() -> None:
    for values in ([math.nan] * 9 + [0.1] + [math.nan] * 10, [math.inf] * 9 + [0.1] + [math.inf] * 10):
        picture = plot_losses({"often": [1.0, 0.01] * 10, "once": values}, 800, 400)
        x, y = find_color(picture[:, 50:], CATEGORIES[1], 0.1).double().mean(0).tolist()
        assert len(find_color(picture[:, 50:], CATEGORIES[1], 0.1)) > 20
        assert x == pytest.approx(400, abs=40) and y + 50 == pytest.approx(200, abs=40)


def test_values_without_a_place_leave_gaps() -> None:
    values = [0.1] * 80 + [math.inf] * 40 + [0.1] * 80
    ink = find_color(plot_losses({"loss": values, "other": [1.0, 0.01]}, 800, 400)[:, 50:], CATEGORIES[0], 0.1)
    assert not set(range(370, 460)) & set(ink[:, 0].tolist()) and len(set(ink[:, 0].tolist())) > 400


def test_labels_stand_at_the_ends_of_their_curves() -> None:
    curves = {"high": [1.0, 0.9], "low": [1.0, 0.1], "as low": [0.9, 0.1]}
    picture, axes = plot_losses(curves, 800, 400), fit_axes(new_sheet(800, 400), curves, True)
    beside = (1 - picture[:, :, round(axes.right) + 14 :]).amax(0).gt(0.4)  # ink of the labels
    rows = beside.any(1).nonzero()[:, 0].tolist()
    blocks = [rows[0], *(row for before, row in zip(rows, rows[1:], strict=False) if row > before + 1)]
    assert len(blocks) == 3, "three labels, none over another"
    for start, wanted in zip(blocks[:2], (0.9, 0.1), strict=True):
        assert start + 5 == pytest.approx(axes.place(2, wanted)[1], abs=12)
    assert not beside[:, -4:].any(), "they end before the edge of the sheet"


def test_heights_of_labels_are_moved_apart_and_stay_inside() -> None:
    assert spread_heights([10.0, 50.0], 12.0, 0.0, 100.0) == [10.0, 50.0]
    assert spread_heights([50.0, 51.0, 99.0, 99.0], 12.0, 0.0, 100.0) == [50.0, 62.0, 88.0, 100.0]
    assert spread_heights([5.0] * 11, 12.0, 0.0, 100.0) == pytest.approx([10.0 * i for i in range(11)]), "too many for the gap"


def test_first_phase_is_marked_on_the_ground_and_named() -> None:
    curves = {"loss": [1.0 - 0.009 * step for step in range(100)]}
    plain, marked = plot_losses(curves, 800, 400), plot_losses(curves, 800, 400, phase=(40, "without the U-Net"))
    axes = fit_axes(new_sheet(800, 400), curves, True)
    (first, boundary), low = (round(axes.place(step, 1.0)[0]) for step in (1, 40.5)), round(axes.bottom) - 4
    changed = (plain - marked).abs().amax(0).gt(0.02)
    assert changed[low, first + 2 : boundary - 2].all() and not changed[low, boundary + 3 :].any()
    assert changed[: round(axes.top), first:].any(), "its name"
    assert torch.equal(plain, plot_losses(curves, 800, 400, phase=(0, "without the U-Net")))


def test_linear_and_logarithmic_plots_differ() -> None:
    curves = {"loss": [1.0, 0.5, 0.1, 0.01]}
    assert (plot_losses(curves, log_scale=True) - plot_losses(curves, log_scale=False)).abs().mean() > 0.001


@pytest.mark.parametrize("values", [[], [0.3], [0.0, 0.0], [math.nan, math.inf], [0.2] * 30, [0.1, math.nan, 0.0, -1.0, 0.2, 1e-30]])
@pytest.mark.parametrize("log_scale", [True, False])
def test_odd_losses_still_make_a_picture(values: list[float], log_scale: bool) -> None:
    picture = plot_losses({"loss": values, "a much longer name than any sheet can hold": [1.0, 0.9]}, 300, 200, log_scale)
    assert picture.shape == (3, 200, 300) and torch.isfinite(picture).all()


def test_no_curves_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one loss curve"):
        plot_losses({})


def test_running_mean_has_no_start_up_bias_and_skips_nan() -> None:
    assert smooth_losses([2.0] * 50) == pytest.approx([2.0] * 50)
    steps = [0.0] * 100 + [1.0] * 100
    decay = math.exp(-1 / (0.03 * 200))
    weight = (1 - decay**10) / (1 - decay**110)  # of the last 10 among 110 steps
    assert smooth_losses(steps)[109] == pytest.approx(weight)
    with_gap = smooth_losses([1.0, math.nan, 1.0])
    assert with_gap[0] == with_gap[2] == 1.0 and math.isnan(with_gap[1])


def make_depth_map(size: int = 64) -> DepthMap:
    """A disc at 1 before a wall at 2, with a hole in the upper left corner."""
    axis = (torch.arange(size) + 0.5) / size - 0.5
    valid = torch.ones(size, size, dtype=torch.bool)
    valid[:8, :8] = False
    depth = torch.where((axis[:, None].square() + axis.square()).sqrt() < 0.2, 1.0, 2.0)
    return DepthMap(torch.where(valid, depth, torch.nan), valid, "", 1.0, "")


def test_depth_is_bright_where_near_and_red_where_unknown() -> None:
    picture = plot_depth(make_depth_map())
    assert picture[:, 32, 32].tolist() == [1, 1, 1] and picture[:, 60, 60].tolist() == [0, 0, 0]
    assert picture[:, 0, 0].tolist() == pytest.approx(INVALID) and torch.isfinite(picture).all()


def test_anchor_sheet_shows_depth_validity_and_the_side() -> None:
    """The disc is green, the wall blue: from the side both show, apart, with paper between and the camera's lines."""
    depth = make_depth_map()
    picture = torch.zeros(3, 128, 128)
    picture[2] = 1
    picture[:, 40:88, 40:88] = torch.tensor([0.0, 1.0, 0.0])[:, None, None]
    sheet = plot_anchor(depth, picture, make_base(), width=768)
    assert sheet.shape[0] == 3 and sheet.shape[2] == 768 and torch.isfinite(sheet).all() and sheet.min() >= 0 and sheet.max() <= 1
    red = tuple(round(255 * part) for part in INVALID)
    left, middle, right = sheet.split(256, dim=2)
    assert len(find_color(left, red)) > 100 and len(find_color(middle, red)) > 100 and not len(find_color(right, red))
    green, blue = find_color(right, (0, 255, 0)).float(), find_color(right, (0, 0, 255)).float()
    assert len(green) > 100 and len(blue) > 100
    assert green[:, 0].mean() > blue[:, 0].mean()  # looked at from the left, what is near lies to the right
    assert len(find_color(right, CATEGORIES[1], 0.1)) > 20


def test_the_side_view_shows_the_cameras_of_all_views() -> None:
    """A truck to the right: seen from behind on the left and above, the other cameras lie beyond the anchor's, to the right and higher."""
    depth, picture = make_depth_map(), torch.full((3, 64, 64), 0.5)
    alone, others = (plot_anchor(depth, picture, truck(make_base(), views, (0, 0.6)), width=768).split(256, dim=2)[2] for views in (1, 3))
    blue, orange = find_color(others, CATEGORIES[0], 0.1).float(), find_color(others, CATEGORIES[1], 0.1).float()
    assert len(blue) > 10 and not len(find_color(alone, CATEGORIES[0], 0.1))
    assert blue[:, 0].mean() > orange[:, 0].mean() + 20 and blue[:, 1].mean() < orange[:, 1].mean() - 3


def make_landscape() -> DepthMap:
    """The disc before a hill at 40 units and, above it, the sky."""
    depth = make_depth_map()
    values = torch.where(depth.depth == 2, 40.0, depth.depth.nan_to_num(1.0))
    values[:20] = torch.where(values[:20] > 2, SKY_DISTANCE, values[:20])
    return DepthMap(values, torch.ones_like(depth.valid), "", 1.0, "")


def test_a_far_hill_is_told_from_the_sky_and_from_what_is_near() -> None:
    near, hill, sky = (float(plot_depth(make_landscape())[0, row, column]) for row, column in ((32, 32), (60, 32), (2, 60)))
    assert near == 1 and sky == 0 and 0.1 < hill < 0.3


def test_the_side_view_frames_what_is_near_before_a_hill_and_sky() -> None:
    """With hill and sky behind it the disc is drawn as large as without them."""
    near, picture = make_depth_map(), torch.zeros(3, 128, 128)
    picture[2] = 1
    picture[:, 40:88, 40:88] = torch.tensor([0.0, 1.0, 0.0])[:, None, None]
    sheets = [plot_anchor(depth, picture, make_base(), width=768).split(256, dim=2)[2] for depth in (near, make_landscape())]
    alone, before_hill = (len(find_color(sheet, (0, 255, 0))) for sheet in sheets)
    assert before_hill > 0.7 * alone > 70
    assert len(find_color(sheets[1], CATEGORIES[1], 0.1)) > 20  # the camera


def test_anchor_sheet_of_a_large_or_sparse_map() -> None:
    valid = torch.zeros(300, 200, dtype=torch.bool)
    valid[::7, ::7] = True
    depth = DepthMap(torch.full((300, 200), 1.5), valid, "", 1.0, "")
    camera = make_base().resize(200, 300)
    assert torch.isfinite(plot_anchor(depth, torch.rand(3, 300, 200), camera)).all()
