"""Solve cameras of a textured table that is rendered here: both mappers find them, and what cannot be trusted is refused."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import Tensor

from mvcustom.mvcustom_core.camera.cameras import Cameras
from mvcustom.mvcustom_core.camera.rigid import rotation_from_vector, turn_upright, upright_direction
from mvcustom.mvcustom_core.capture import solving
from mvcustom.mvcustom_core.capture.solution import Attempt, Model, choose_model, describe_model, largest_difference_deg
from mvcustom.mvcustom_core.capture.solving import import_pycolmap, solve_cameras
from mvcustom.tests.core_layer.capture.table_scene import FOCAL, SIZE, VIEWS, align_errors, make_arc, photograph


def solve(images: Tensor, folder: Path, masks: Tensor | None = None, focal: float | None = FOCAL) -> Attempt:
    folder.mkdir()
    return solve_cameras(images, folder, lambda share: None, masks=masks, focal=focal)


@pytest.fixture(scope="module")
def colmap() -> object:
    return pytest.importorskip("pycolmap", reason="the optional package pycolmap is not installed")


@pytest.fixture(scope="module")
def pictures() -> tuple[Tensor, Tensor]:
    return photograph(make_arc())


@pytest.fixture(scope="module")
def known(colmap: object, pictures: tuple[Tensor, Tensor], tmp_path_factory: pytest.TempPathFactory) -> Attempt:
    return solve(pictures[0], tmp_path_factory.mktemp("known") / "work")


@pytest.mark.parametrize("mapper", ["incremental", "global"])
def test_both_mappers_find_the_cameras(known: Attempt, mapper: str) -> None:
    (model,) = (model for model in known.models if model.mapper == mapper)
    assert model.indices == tuple(range(VIEWS)) and (model.cameras.width, model.cameras.height) == (SIZE, SIZE)
    rotation_deg, center = align_errors(model.cameras, make_arc()[list(model.indices)])
    assert rotation_deg < 1.0 and center < 0.02
    assert model.reprojection_px < 0.5 and model.points > 200 and model.angle_deg > 10
    assert model.cameras.K[0, 0, 0] == FOCAL and model.cameras.K[0, 0, 2] == SIZE / 2, "a known focal length is kept"


def test_unknown_focal_length_is_found(colmap: object, pictures: tuple[Tensor, Tensor], tmp_path: Path) -> None:
    attempt = solve(pictures[0], tmp_path / "work", focal=None)
    assert {model.mapper for model in attempt.models} == {"incremental", "global"}
    model = choose_model(attempt)
    assert model.cameras.K[:, 0, 0].tolist() == pytest.approx([FOCAL] * VIEWS, rel=0.03)
    rotation_deg, center = align_errors(model.cameras, make_arc()[list(model.indices)])
    assert rotation_deg < 1.5 and center < 0.02


def test_solving_is_deterministic_and_says_how_far_it_is(known: Attempt, pictures: tuple[Tensor, Tensor], tmp_path: Path) -> None:
    shares: list[float] = []
    again = solve_cameras(pictures[0], tmp_path, shares.append, focal=FOCAL)
    for model, other in zip(again.models, known.models, strict=True):
        assert torch.equal(model.cameras.w2c, other.cameras.w2c) and model.observations == other.observations
    assert shares == sorted(shares) and shares[0] == 0 and shares[-1] == 1 and len(shares) > 2 * VIEWS


@pytest.mark.parametrize("after", [0.0, 0.3, 0.72, 0.86])
def test_every_stage_can_be_stopped(colmap: object, pictures: tuple[Tensor, Tensor], tmp_path: Path, after: float) -> None:
    """Whatever `progress` raises comes out unchanged."""

    class Stopped(Exception):
        pass

    def stop(share: float) -> None:
        if share >= after:
            raise Stopped

    with pytest.raises(Stopped):
        solve_cameras(pictures[0][:6], tmp_path, stop, focal=FOCAL)


def test_masks_keep_features_on_the_subject(colmap: object, pictures: tuple[Tensor, Tensor], tmp_path: Path) -> None:
    """A turntable: the box turns, the ground stands still before the camera. On the box alone, the turn is found."""
    images, masks = pictures
    still = images[:1].where(masks[:1] == 0, 0.5)
    attempt = solve(images.where(masks == 1, still), tmp_path / "work", masks)
    model = choose_model(attempt)
    rotation_deg, center = align_errors(model.cameras, make_arc()[list(model.indices)])
    assert len(model.indices) >= 8 and rotation_deg < 1.5 and center < 0.05


def turn_on_the_spot() -> Tensor:
    cameras = make_arc(5)
    turns = rotation_from_vector(torch.tensor([[0.0, math.radians(4 * i), 0.0] for i in range(5)]))
    w2c = cameras.w2c[:1].repeat(5, 1, 1)
    w2c[:, :3] = turns @ w2c[:, :3]
    return photograph(replace(cameras, w2c=w2c))[0]


STILL = "wanted photographs from different places|hardly moved"
REFUSALS: dict[str, tuple[Callable[[], Tensor], str]] = {
    "identical": (lambda: photograph(make_arc(1))[0].repeat(5, 1, 1, 1), STILL),
    "turned on the spot": (turn_on_the_spot, STILL),
    "noise": (lambda: torch.rand(6, 3, 96, 96, generator=torch.Generator().manual_seed(0)), "wanted photographs that overlap"),
    "blank": (lambda: torch.full((6, 3, 96, 96), 0.5), r"wanted photographs that overlap .* \(0 features"),
}


@pytest.mark.parametrize(("name", "focal"), [(name, FOCAL) for name in REFUSALS] + [("noise", None)])
def test_photographs_that_show_no_cameras_are_refused(colmap: object, tmp_path: Path, name: str, focal: float | None) -> None:
    make, message = REFUSALS[name]
    with pytest.raises(ValueError, match=message):
        choose_model(solve(make(), tmp_path / "work", focal=focal))


def test_two_photographs_are_too_few(colmap: object, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="wanted at least 3, better 20 to 60, got 2$"):
        solve(torch.zeros(2, 3, 64, 64), tmp_path / "work")


@pytest.mark.parametrize("error", [ImportError("No module named 'pycolmap'"), RuntimeError("Cannot import the C++ backend")])
def test_missing_package_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: Exception) -> None:
    def fail(name: str) -> None:
        raise error

    monkeypatch.setattr(solving, "importlib", SimpleNamespace(import_module=fail))
    with pytest.raises(ValueError, match=r"wanted this optional package .*python.*\" -m pip install --upgrade pycolmap\) and restart"):
        solve(torch.zeros(4, 3, 64, 64), tmp_path / "work")


@pytest.mark.parametrize("version", ["3.12.5", "4.1.0"])
def test_old_package_is_refused(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setattr(solving, "importlib", SimpleNamespace(import_module=lambda name: SimpleNamespace(__version__=version)))
    with pytest.raises(ValueError, match=rf"wanted version 4\.2 or newer, got {version}; install"):
        import_pycolmap()


# Judging models, without the package


def make_model(count: int = VIEWS, mapper: str = "incremental", **changes: object) -> Model:
    sound = Model(mapper, tuple(range(count)), make_arc(VIEWS)[:count], 500, 400 * count, 0.5, 20.0)
    return replace(sound, **changes)


def judge(*models: Model, focal_given: bool = False) -> Model:
    return choose_model(Attempt(VIEWS, 900.0, 45, focal_given, models))


def test_more_views_win_and_then_more_observations() -> None:
    most = make_model(9, observations=1000, reprojection_px=1.5)
    assert judge(make_model(8), most) is most
    explains = make_model(mapper="global", observations=4500, reprojection_px=0.9)
    assert judge(make_model(), explains, most) is explains


def with_focal(scale: float) -> Cameras:
    cameras = make_arc()
    return replace(cameras, K=cameras.K * torch.tensor([[scale], [scale], [1.0]]))


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (make_model(4), "wanted cameras for at least 5 of the 10 photographs, found them for 4"),
        (make_model(reprojection_px=2.5), "error of at most 2 pixels, got 2.50"),
        (make_model(angle_deg=1.2), "at least 2 degrees apart, got 1.20; the camera hardly moved"),
        (make_model(cameras=with_focal(0.2)), "wanted a focal length of 0.35 to 6 times the longer side of 192 pixels, found 40"),
        (make_model(cameras=with_focal(9.0)), "found 1800; choose a known field of view"),
    ],
)
def test_models_that_cannot_be_trusted_are_refused(model: Model, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        judge(model)


def test_given_focal_length_is_not_judged() -> None:
    model = make_model(cameras=with_focal(9.0))
    assert judge(model, focal_given=True) is model


def test_model_is_described() -> None:
    lines = describe_model(Attempt(VIEWS, 900.0, 45, False, (make_model(8),)), make_model(8))
    assert lines == [
        "views: 8 of 10 placed",
        "not placed: 8, 9 (counted from 0)",
        "mapper: incremental",
        "reprojection error: 0.50 pixels on average",
        "points: 500, seen in 6.4 views on average, from directions 20 degrees apart (median)",
        f"focal length: 200.0 pixels, {2 * math.degrees(math.atan(96 / 200)):.1f} degrees across, found",
    ]


def test_disagreement_of_the_mappers_is_measured_and_said() -> None:
    """A model in another world agrees; one view turned by 12 degrees differs by 12 degrees."""
    model = make_model()
    world = torch.eye(4)
    world[:3, :3] = rotation_from_vector(torch.tensor([0.4, -1.1, 0.3]))
    same = make_model(mapper="global", cameras=replace(model.cameras, w2c=model.cameras.w2c @ world))
    w2c = same.cameras.w2c.clone()
    w2c[3, :3] = rotation_from_vector(torch.tensor([math.radians(12), 0, 0])) @ w2c[3, :3]
    turned = replace(same, cameras=replace(same.cameras, w2c=w2c))
    assert largest_difference_deg(model, same) < 0.1
    assert largest_difference_deg(model, turned) == pytest.approx(12, abs=0.1)
    assert largest_difference_deg(model, replace(same, indices=tuple(range(20, 30)))) is None
    for other, words in ((same, "it agrees within 0"), (turned, "note: it differs by up to 12 degrees")):
        assert words in describe_model(Attempt(VIEWS, 900.0, 45, False, (model, other)), model)[-1]


def test_world_is_turned_upright() -> None:
    cameras = make_arc()
    world = torch.eye(4)
    world[:3, :3] = rotation_from_vector(torch.tensor([0.7, 0.9, -1.3]))
    leaning = replace(cameras, w2c=cameras.w2c @ world)
    upright = turn_upright(leaning)
    up = np.array(upright_direction(upright))
    assert up / np.linalg.norm(up) == pytest.approx([0, -1, 0], abs=1e-5)
    first_right = upright.w2c[0, 0, :3]
    assert first_right[0] > 0.99 and abs(first_right[2]) < 1e-5
    torch.testing.assert_close(upright.w2c @ upright.c2w[:1], leaning.w2c @ leaning.c2w[:1], atol=1e-5, rtol=0)
