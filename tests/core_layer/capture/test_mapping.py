"""What is kept of a mapper's reconstruction: views with too few observations of their own have arbitrary cameras and are dropped.

The reconstructions are made by hand: a row of cameras before a wall of points, and which view sees which point.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pytest

from mvcustom.mvcustom_core.capture.mapping import read_model
from mvcustom.mvcustom_core.capture.solution import MIN_SEEN, Attempt, Model, choose_model, describe_model, find_best

pycolmap = pytest.importorskip("pycolmap", reason="the optional package pycolmap is not installed")

WIDTH, HEIGHT, FOCAL = 100, 80, 90.0
ALL = range(60)  # points


def reconstruct(sights: Sequence[Iterable[int]]) -> Any:
    """A reconstruction whose views, in a row and one unit apart, see these of the points."""
    rng = np.random.default_rng(0)
    wall = rng.uniform([0, -2, 9], [len(sights), 2, 11], (len(ALL), 3))
    reconstruction = pycolmap.Reconstruction()
    lens = pycolmap.Camera(model="SIMPLE_PINHOLE", width=WIDTH, height=HEIGHT, params=[FOCAL, WIDTH / 2, HEIGHT / 2], camera_id=1)
    reconstruction.add_camera_with_trivial_rig(lens)
    tracks: dict[int, Any] = {}
    for view, points in enumerate(map(list, sights)):
        pose = pycolmap.Rigid3d(pycolmap.Rotation3d(np.eye(3)), np.array([-float(view), 0.0, 0.0]))
        seen = (wall[points] - [view, 0, 0]) if points else np.empty((0, 3))
        pixels = FOCAL * seen[:, :2] / seen[:, 2:] + [WIDTH / 2, HEIGHT / 2]
        image = pycolmap.Image(name=f"{view:05}.png", camera_id=1, image_id=view + 1, keypoints=pixels)
        reconstruction.add_image_with_trivial_frame(image, pose)
        for number, point in enumerate(points):
            tracks.setdefault(point, pycolmap.Track()).add_element(view + 1, number)
    for point, track in tracks.items():
        reconstruction.add_point3D(wall[point], track, np.zeros(3, np.uint8))
    return reconstruction


def attempt(*models: Model, views: int = 6) -> Attempt:
    return Attempt(views, 900.0, 15, False, models)


def test_views_with_few_observations_are_dropped() -> None:
    """Of the six, one has a single observation less than enough, one four, and one none."""
    model = read_model("global", reconstruct([ALL, ALL[:4], ALL, ALL[: MIN_SEEN - 1], ALL[:MIN_SEEN], []]))
    assert model.indices == (0, 2, 4) and model.dropped == (1, 3, 5)
    assert model.cameras.centers[:, 0].tolist() == pytest.approx([0, 2, 4])
    assert model.points == len(ALL) and model.observations == 2 * len(ALL) + MIN_SEEN
    assert describe_model(attempt(model), model)[1] == "not placed: 1, 3, 5 (counted from 0); fewer than 30 points each in 1, 3, 5"


def test_weak_views_stay_where_cameras_are_only_measured() -> None:
    model = read_model("global", reconstruct([ALL, ALL[:4], ALL, ALL[: MIN_SEEN - 1], ALL[:MIN_SEEN], []]), min_seen=0)
    assert model.indices == (0, 1, 2, 3, 4, 5) and model.dropped == ()


def test_views_that_stood_on_the_dropped_ones_are_dropped_too() -> None:
    """The fourth view shares ten of its 35 points with the weak fifth alone; without it those are no points, and 25 are too few."""
    model = read_model("global", reconstruct([ALL[:50], ALL[:50], ALL[:50], ALL[25:], ALL[50:]]))
    assert model.indices == (0, 1, 2) and model.dropped == (3, 4)
    assert model.points == 50


def test_sound_model_beats_one_with_more_but_weak_views() -> None:
    """The case that was taken for good: a global model of all views, most of them with hardly a point."""
    sound = read_model("incremental", reconstruct([ALL, ALL, ALL, ALL, ALL, []]))
    weak = read_model("global", reconstruct([ALL, ALL, ALL, ALL[:1], ALL[:4], []]))
    assert choose_model(attempt(weak, sound)) is sound and len(sound.indices) == 5
    line = describe_model(attempt(weak, sound), sound)[-1]
    assert line.startswith("other model: global, 3 views (3 more with fewer than 30 points each), reprojection error")


def test_model_of_weak_views_alone_is_refused() -> None:
    nothing = read_model("global", reconstruct([ALL[:20]] * 6))
    assert nothing.indices == () and len(nothing.cameras) == 0 and find_best(attempt(nothing)) is None
    with pytest.raises(ValueError, match=r"wanted at least 30 points in a view, found fewer in 6 of 6 .*; use larger pictures"):
        choose_model(attempt(nothing))


def test_refusal_of_few_views_counts_the_weak_ones() -> None:
    few = read_model("global", reconstruct([ALL, ALL, ALL, ALL[:9], ALL[:9], []]))
    message = r"at least 5 of the 10 photographs, found them for 3 \(3 more with fewer than 30 points each\)"
    with pytest.raises(ValueError, match=message):
        choose_model(attempt(few, views=10))


@pytest.mark.parametrize(("views", "said"), [(3, "be seen; 3 photographs are few: take 20 to 60$"), (20, "be seen$")])
def test_few_photographs_are_said_to_be_few(views: int, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        choose_model(Attempt(views, 900.0, 0, False, ()))
