"""Camera paths, keyframe curves and rotations against closed forms."""

from __future__ import annotations

import math

import pytest
import torch

from mvcustom.mvcustom_core.camera.cameras import Cameras, concatenate_cameras, look_at
from mvcustom.mvcustom_core.camera.rays import project_points
from mvcustom.mvcustom_core.camera.rigid import (
    quaternion_from_rotation,
    relative_to,
    rotation_from_quaternion,
    rotation_from_vector,
    vector_from_rotation,
)
from mvcustom.mvcustom_core.path.interpolation import even_times, interpolate_cameras
from mvcustom.mvcustom_core.path.pace import EASES, ease_views, walk
from mvcustom.mvcustom_core.path.trajectory import (
    TRAJECTORIES,
    dolly,
    follow_cameras,
    follow_keyframes,
    orbit,
    pan,
    pedestal,
    spiral,
    tilt,
    truck,
)

K = torch.tensor([[70.0, 0, 30], [0, 70, 34], [0, 0, 1]])
RIGHT, UP, FORWARD = torch.tensor([1.0, 0, 0]), torch.tensor([0.0, -1, 0]), torch.tensor([0.0, 0, 1])


def make_base(distance: float = 2.0) -> Cameras:
    """Looks along +z at the origin, upright: right is +x, up is -y."""
    w2c = torch.eye(4)[None].clone()
    w2c[0, 2, 3] = distance
    return Cameras(w2c, K[None], 64, 64)


def make_tilted_base() -> Cameras:
    w2c = look_at(torch.tensor([[1.0, -1.5, 2.0]]), torch.tensor([[0.3, 0.1, 0.0]]), torch.tensor([[0.1, -1.0, 0.2]]))
    return Cameras(w2c, K[None], 64, 64)


def angle_deg(first: torch.Tensor, second: torch.Tensor) -> float:
    return math.degrees(math.acos(float((first @ second / first.norm() / second.norm()).clamp(-1, 1))))


@pytest.mark.parametrize("name", TRAJECTORIES)
@pytest.mark.parametrize("views", [1, 2, 7])
def test_presets_keep_lens_size_dtype_and_rigidity(name: str, views: int) -> None:
    base = make_tilted_base()
    path = TRAJECTORIES[name](base, views)
    assert (len(path), path.width, path.height, path.w2c.dtype) == (views, 64, 64, torch.float32)
    torch.testing.assert_close(path.K, K.expand(views, 3, 3))
    torch.testing.assert_close(path[0].w2c, TRAJECTORIES[name](base, 5)[0].w2c)  # one view stands at the start


@pytest.mark.parametrize("ease", EASES)
def test_eased_views_begin_and_end_where_even_ones_do_and_rest_where_they_are_eased(ease: str) -> None:
    shares = walk(ease_views(101, ease), (0.0, 1.0))
    steps = 100 * shares.diff()  # speeds, in ways per time
    assert float(shares[0]) == 0 and float(shares[-1]) == 1 and (steps > 0).all()
    rests_first, rests_last = ease in ("ease in", "ease in and out"), ease in ("ease out", "ease in and out")
    assert (float(steps[0]) < 0.05) == rests_first and (float(steps[-1]) < 0.05) == rests_last
    base = make_base()
    for path in (
        lambda views: orbit(base, views, (-40.0, 80.0)),
        lambda views: spiral(base, views, 20.0, 1.5),
        lambda views: follow_keyframes(orbit(base, 3, (0.0, 50.0)), views),
        lambda views: follow_cameras(base, views, orbit(base, 3, (0.0, 50.0)), at_base=False, scale=1.0),
    ):
        eased, even = path(ease_views(5, ease)), path(5)
        torch.testing.assert_close(eased.w2c[[0, -1]], even.w2c[[0, -1]])
        first = (eased.centers[1] - eased.centers[0]).norm() / (even.centers[1] - even.centers[0]).norm()
        assert (first < 0.8) if rests_first else (first > 0.95), "the first step"


def test_single_eased_view_is_at_the_start() -> None:
    torch.testing.assert_close(orbit(make_base(), ease_views(1, "ease out")).w2c, orbit(make_base(), 1).w2c)
    with pytest.raises(ValueError, match="ease: wanted one of constant, ease in, ease out, ease in and out, got 'bounce'"):
        ease_views(3, "bounce")


@pytest.mark.parametrize("name", TRAJECTORIES)
def test_presets_follow_the_world(name: str) -> None:
    """A path about the origin, expressed in a turned world, is the turned path."""
    turn = torch.eye(4)
    turn[:3, :3] = rotation_from_vector(torch.tensor([0.4, -1.1, 0.7]))
    base = make_tilted_base()
    turned_base = Cameras(base.w2c @ turn.T, base.K, 64, 64)
    torch.testing.assert_close(TRAJECTORIES[name](turned_base, 4).w2c, TRAJECTORIES[name](base, 4).w2c @ turn.T, atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", TRAJECTORIES)
def test_presets_refuse_no_views_and_several_bases(name: str) -> None:
    with pytest.raises(ValueError, match="at least one view, got 0"):
        TRAJECTORIES[name](make_base(), 0)
    with pytest.raises(ValueError, match="one base camera to start from, got 2"):
        TRAJECTORIES[name](concatenate_cameras(make_base(), make_base()), 3)


def test_orbit_goes_right_and_keeps_looking_at_the_center() -> None:
    path = orbit(make_base(), 3, (0.0, 90.0))
    half = 2 * math.sqrt(0.5)
    torch.testing.assert_close(path.centers, torch.tensor([[0.0, 0, -2], [half, 0, -half], [2, 0, 0]]), atol=1e-6, rtol=0)
    torch.testing.assert_close(path.forward, -path.centers / 2)


def test_orbit_elevation_rises_and_radius_counts() -> None:
    path = orbit(make_base(), 1, (0.0, 0.0), elevation_deg=30.0, radius=4.0)
    torch.testing.assert_close(path.centers[0], torch.tensor([0.0, -2, -4 * math.cos(math.pi / 6)]))
    assert path.centers[0] @ UP > 0


@pytest.mark.parametrize("center", [(0.0, 0.0, 0.0), (0.3, 0.1, -0.2)])
def test_orbit_keeps_the_center_in_its_pixel(center: tuple[float, float, float]) -> None:
    base = make_tilted_base()
    path = orbit(base, 5, (-50.0, 80.0), elevation_deg=20.0, center=center)
    point = torch.tensor([center])
    torch.testing.assert_close(project_points(path, point)[0], project_points(base, point)[0].expand(5, 1, 2), atol=1e-3, rtol=0)
    torch.testing.assert_close(orbit(base, 1, (0.0, 0.0), center=center).w2c, base.w2c)


def test_orbit_about_a_given_up_keeps_the_height() -> None:
    path = orbit(make_tilted_base(), 6, (0.0, 300.0), up=(0.0, 0.0, 2.0))
    torch.testing.assert_close(path.centers[:, 2], torch.full((6,), 2.0))
    assert angle_deg(path.centers[0, :2], path.centers[1, :2]) == pytest.approx(60.0, abs=1e-3)


def test_spiral_starts_at_the_base_and_winds_to_the_angle() -> None:
    base = make_base()
    path = spiral(base, 40, angle_deg=20.0, turns=1.5)
    torch.testing.assert_close(path[0].w2c, base.w2c)
    torch.testing.assert_close(path.centers.norm(dim=-1), torch.full((40,), 2.0))
    away = [angle_deg(center, base.centers[0]) for center in path.centers]
    assert away == sorted(away) and away[-1] == pytest.approx(20.0, abs=1e-3)
    across, rise = path.centers @ RIGHT, path.centers @ UP
    assert rise[1] > 0 and rise[1] > across[1].abs() / 3  # up at first
    assert (across[1:-1] * rise[2:] - across[2:] * rise[1:-1] < 0).all()  # and on clockwise, as the camera sees it
    steps = path.centers.diff(dim=0).norm(dim=-1)
    assert steps.max() / steps.min() < 1.2


@pytest.mark.parametrize("preset, direction", [(truck, RIGHT), (pedestal, UP), (dolly, FORWARD)])
def test_moves_go_along_the_camera_axes(preset: object, direction: torch.Tensor) -> None:
    path = preset(make_base(), 4, (-0.3, 0.6))
    expected = make_base().centers + torch.tensor([-0.3, 0.0, 0.3, 0.6])[:, None] * direction
    torch.testing.assert_close(path.centers, expected)
    torch.testing.assert_close(path.w2c[:, :3, :3], torch.eye(3).expand(4, 3, 3))


@pytest.mark.parametrize("preset, direction", [(pan, RIGHT), (tilt, UP)])
def test_turns_stay_in_place(preset: object, direction: torch.Tensor) -> None:
    path = preset(make_base(), 3, (0.0, 60.0))
    torch.testing.assert_close(path.centers, make_base().centers.expand(3, 3))
    torch.testing.assert_close(path.forward[2], 0.5 * FORWARD + math.sqrt(0.75) * direction)
    assert angle_deg(path.forward[0], path.forward[1]) == pytest.approx(30.0, abs=1e-3)


def test_pan_about_a_given_up() -> None:
    path = pan(make_tilted_base(), 2, (0.0, 90.0), up=(0.0, -3.0, 0.0))
    torch.testing.assert_close(path.forward[:, 1], path.forward[:1, 1].expand(2))


def test_impossible_swings_are_refused() -> None:
    with pytest.raises(ValueError, match="beside the centre"):
        orbit(make_base(), 2, center=(0.0, 0.0, -2.0))
    with pytest.raises(ValueError, match="on its up axis"):
        orbit(make_base(), 2, up=(0.0, 0.0, 1.0))
    with pytest.raises(ValueError, match="up direction that is not zero"):
        pan(make_base(), 2, up=(0.0, 0.0, 0.0))
    with pytest.raises(ValueError, match="positive radius, got 0"):
        orbit(make_base(), 2, radius=0.0)
    with pytest.raises(ValueError, match="positive number of turns, got 0"):
        spiral(make_base(), 2, turns=0.0)


def test_two_keyframes_give_a_line_and_an_even_turn() -> None:
    keyframes = concatenate_cameras(make_base(2.0), pan(truck(make_base(2.0), 1, (1.0, 1.0)), 1, (120.0, 120.0)))
    path = interpolate_cameras(keyframes, torch.tensor([0.0, 0.25, 1.0]))
    torch.testing.assert_close(path.centers[:, 0], torch.tensor([0.0, 0.25, 1.0]))
    torch.testing.assert_close(path[1].w2c[0, :3, :3], pan(make_base(), 1, (30.0, 30.0)).w2c[0, :3, :3])


def test_the_curve_meets_its_keyframes_without_a_kink() -> None:
    generator = torch.Generator().manual_seed(0)
    w2c = torch.eye(4).repeat(6, 1, 1).double()
    w2c[:, :3, :3] = rotation_from_vector(torch.randn(6, 3, generator=generator).double())
    w2c[:, :3, 3] = torch.randn(6, 3, generator=generator).double()
    keyframes = Cameras(w2c, K.repeat(6, 1, 1), 64, 64)
    torch.testing.assert_close(interpolate_cameras(keyframes, torch.arange(6.0).double()).w2c, w2c)
    step = 1e-5
    for knot in range(1, 5):
        near = interpolate_cameras(keyframes, torch.tensor([knot - step, knot, knot + step]).double())
        assert angle_deg(*near.centers.diff(dim=0)) < 0.05  # directions agree; speeds wait for even_times
        assert angle_deg(*vector_from_rotation(near.w2c[:-1, :3, :3] @ near.w2c[1:, :3, :3].mT)) < 0.05


def test_keyframes_in_the_other_order_give_the_same_path_run_backwards() -> None:
    there = concatenate_cameras(
        *(orbit(make_base(), 1, (azimuth, azimuth), up) for azimuth, up in ((-30.0, 0.0), (0.0, 20.0), (50.0, 0.0)))
    )
    there = there.to(dtype=torch.float64)
    torch.testing.assert_close(
        follow_keyframes(there[[2, 1, 0]], 7).w2c, follow_keyframes(there, 7)[range(6, -1, -1)].w2c, atol=1e-9, rtol=0
    )


def test_keyframes_on_a_circle_stay_near_it() -> None:
    path = follow_keyframes(orbit(make_base(), 7, (0.0, 180.0)), 50)
    torch.testing.assert_close(path.centers.norm(dim=-1), torch.full((50,), 2.0), atol=0.006, rtol=0)
    torch.testing.assert_close(path.forward, -path.centers / 2, atol=0.01, rtol=0)


def test_keyframe_speed_is_even_though_the_gaps_are_not() -> None:
    keyframes = concatenate_cameras(*(orbit(make_base(), 1, (azimuth, azimuth)) for azimuth in (0.0, 10.0, 70.0, 90.0)))
    path = follow_keyframes(keyframes, 30)
    moves = path.centers.diff(dim=0).norm(dim=-1)
    turns = torch.tensor([math.radians(angle_deg(*path.forward[i : i + 2])) for i in range(29)])
    steps = (moves**2 + turns**2).sqrt()
    assert steps.max() / steps.min() < 1.02
    torch.testing.assert_close(path[[0, -1]].w2c, keyframes[[0, -1]].w2c, atol=1e-6, rtol=0)


def test_turns_in_place_take_their_time() -> None:
    """One unit of way, then one radian in place: at subject distance 1 both take half the views, at 3 a quarter and three."""
    there = truck(make_base(), 2, (0.0, 1.0))
    turned = pan(there[1], 1, (math.degrees(1.0), math.degrees(1.0)))
    keyframes = concatenate_cameras(there[0], there[1], there[1], turned)
    for distance, share in ((1.0, 0.5), (3.0, 0.25)):
        times = even_times(keyframes, 401, distance)
        assert (times < 1.5).double().mean() == pytest.approx(share, abs=0.03)


def test_resting_keyframes_and_zooms_work() -> None:
    zoomed = Cameras(make_base().w2c, 2 * make_base().K, 64, 64)
    path = follow_keyframes(concatenate_cameras(make_base(), zoomed), 3)
    torch.testing.assert_close(path.K[:, 0, 0], torch.tensor([70.0, 105.0, 140.0]))
    torch.testing.assert_close(path.w2c, make_base().w2c.expand(3, 4, 4))


def test_one_view_of_keyframes_is_the_first() -> None:
    keyframes = orbit(make_base(), 3)
    torch.testing.assert_close(follow_keyframes(keyframes, 1).w2c, keyframes[0].w2c)


def test_impossible_keyframes_are_refused() -> None:
    with pytest.raises(ValueError, match="at least two cameras to move between, got 1"):
        follow_keyframes(make_base(), 4)
    with pytest.raises(ValueError, match="at least one view, got 0"):
        follow_keyframes(orbit(make_base(), 3), 0)
    with pytest.raises(ValueError, match=r"times in \[0, 2\], got -0.5 to 1.0"):
        interpolate_cameras(orbit(make_base(), 3), torch.tensor([-0.5, 1.0]))


def test_the_curve_does_not_care_for_the_world() -> None:
    keyframes = concatenate_cameras(orbit(make_tilted_base(), 3), dolly(make_tilted_base(), 2)).to(dtype=torch.float64)
    times = torch.linspace(0, 4, 9).double()
    moved = interpolate_cameras(relative_to(keyframes, 1), times)
    still = interpolate_cameras(keyframes, times)
    torch.testing.assert_close(moved.w2c, still.w2c @ keyframes.c2w[1], atol=1e-6, rtol=0)


VECTORS = torch.tensor([[0.0, 0, 0], [1e-9, 0, 0], [0.3, -0.2, 1.0], [math.pi, 0, 0], [0, -math.pi + 1e-7, 0], [1.8, 1.8, 1.8]]).double()


def test_rotation_vectors_and_quaternions_round_trip() -> None:
    rotation = rotation_from_vector(VECTORS)
    torch.testing.assert_close(rotation_from_vector(vector_from_rotation(rotation)), rotation)
    torch.testing.assert_close(rotation_from_quaternion(quaternion_from_rotation(rotation)), rotation)
    torch.testing.assert_close(vector_from_rotation(rotation)[:3], VECTORS[:3], atol=1e-8, rtol=0)


def test_known_quarter_turn() -> None:
    """A quarter turn about z takes x to y."""
    half = math.sqrt(0.5)
    rotation = torch.tensor([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    torch.testing.assert_close(rotation_from_vector(torch.tensor([0, 0, math.pi / 2])), rotation)
    torch.testing.assert_close(rotation_from_quaternion(torch.tensor([2.0, 0, 0, 2.0])), rotation)
    torch.testing.assert_close(quaternion_from_rotation(rotation), torch.tensor([half, 0, 0, half]))
