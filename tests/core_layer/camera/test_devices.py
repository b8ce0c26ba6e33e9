"""Cameras on a device: nothing is read where nothing is needed, and nothing there is ever float64."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from mvcustom.mvcustom_core.camera.cameras import Cameras, concatenate_cameras, fit_cameras
from mvcustom.mvcustom_core.camera.framing import check_subject_seen, measure_room, measure_subject
from mvcustom.mvcustom_core.camera.normalisation import SceneNormalisation, normalise_scene
from mvcustom.mvcustom_core.camera.rays import cell_centers, pixel_rays, project_points, unproject_depth
from mvcustom.mvcustom_core.camera.reading import find_other_reading
from mvcustom.mvcustom_core.camera.rigid import relative_to, turn_upright, upright_direction
from mvcustom.mvcustom_core.capture.formats.realestate10k import rows_from_cameras
from mvcustom.mvcustom_core.evaluation.alignment import align_cameras, align_centers, measure_extent, measure_path
from mvcustom.mvcustom_core.evaluation.epipolar import epipolar_distances, measure_epipolar
from mvcustom.mvcustom_core.evaluation.pose import measure_poses
from mvcustom.mvcustom_core.path.interpolation import even_times, interpolate_cameras
from mvcustom.mvcustom_core.path.keyframes import place_keyframes
from mvcustom.mvcustom_core.path.trajectory import TRAJECTORIES, UP, follow_cameras, follow_keyframes, front_camera, orbit
from mvcustom.mvcustom_core.plot import plot_photographs, plot_trajectory
from mvcustom.tests.core_layer.emulated_device import DEVICE, EmulatedDevice

SIZE = 8
MATCHES = {(i, i + 1): torch.rand(12, 4, generator=torch.Generator().manual_seed(i)) * SIZE for i in range(3)}


def make_cameras() -> Cameras:
    return orbit(front_camera(SIZE), 4, (-30.0, 40.0), elevation_deg=7.0)


def place(device: EmulatedDevice, cameras: Cameras) -> Cameras:
    return replace(cameras, w2c=device.put(cameras.w2c), K=device.put(cameras.K))


def bring_back(found: Any) -> Any:
    """What a function gave, on the CPU."""
    if isinstance(found, Cameras):
        return found.w2c.cpu(), found.K.cpu(), found.width, found.height
    if isinstance(found, tuple | list):
        return [bring_back(each) for each in found]
    return found.cpu() if isinstance(found, Tensor) else found


def check_equal(found: Any, wanted: Any) -> None:
    if isinstance(wanted, tuple | list):
        for one, other in zip(found, wanted, strict=True):
            check_equal(one, other)
    elif isinstance(wanted, Tensor):
        assert torch.equal(found, wanted)
    else:
        assert found == wanted


CHEAP: dict[str, Callable[[Cameras], Any]] = {
    "one": lambda cameras: cameras[-1],
    "a slice": lambda cameras: cameras[1:3],
    "a list": lambda cameras: cameras[[2, 0]],
    "a tensor": lambda cameras: cameras[torch.tensor([3, 3, 1])],
    "resize": lambda cameras: cameras.resize(16, 4),
    "crop": lambda cameras: cameras.crop(1, -2, 6, 9),
    "fit": lambda cameras: fit_cameras(cameras, 6, 4),
    "to": lambda cameras: cameras.to(DEVICE if cameras.w2c.device == DEVICE else "cpu", torch.float32),
    "to bfloat16": lambda cameras: cameras.to(dtype=torch.bfloat16),
    "concatenate": lambda cameras: concatenate_cameras(cameras, cameras[0], cameras),
    "centres": lambda cameras: (cameras.centers, cameras.forward, cameras.c2w, len(cameras)),
    "directions": lambda cameras: cameras.directions(torch.tensor([[1.0, 2.0]])),
    "rays": lambda cameras: pixel_rays(cameras, cell_centers(SIZE, SIZE)),
}


@pytest.mark.parametrize("name", CHEAP)
def test_derived_cameras_make_the_host_wait_for_nothing(name: str) -> None:
    wanted = bring_back(CHEAP[name](make_cameras()))
    with EmulatedDevice() as device:
        found = CHEAP[name](place(device, make_cameras()))
        assert device.reads == []
        check_equal(bring_back(found), wanted)


WHOLE: dict[str, Callable[[Cameras], Any]] = {
    "checked": lambda cameras: Cameras.checked(cameras.w2c, cameras.K, SIZE, SIZE),
    "in float64": lambda cameras: cameras.to("cpu", torch.float64),
    "project": lambda cameras: project_points(cameras, torch.tensor([[0.1, 0.2, 0.0]])),
    "unproject": lambda cameras: unproject_depth(cameras, torch.ones(4, SIZE, SIZE).to(cameras.K)),
    "transform": lambda cameras: cameras.transform(cameras.w2c[0, :3, :3], cameras.w2c[0, :3, 3], 2.0),
    "relative": lambda cameras: relative_to(cameras, 2),
    "up": upright_direction,
    "upright": turn_upright,
    "normalise": lambda cameras: normalise_scene(cameras)[0],
    "normalise by hand": lambda cameras: normalise_scene(cameras, cameras.w2c[0, :3, 3], 2.0)[0],
    "apply": lambda cameras: SceneNormalisation(torch.zeros(3), 2.0).apply(cameras),
    "seen": check_subject_seen,
    "subject": lambda cameras: measure_subject(cameras, torch.ones(4, 1, SIZE, SIZE).to(cameras.K)),
    "room": measure_room,
    "other reading": find_other_reading,
    "interpolate": lambda cameras: interpolate_cameras(cameras, torch.tensor([0.0, 1.5]).to(cameras.K)),
    "times": lambda cameras: even_times(cameras, 5),
    "keyframes": lambda cameras: follow_keyframes(cameras, 5),
    "placed keyframes": lambda cameras: place_keyframes(cameras[0], [{"truck": 0.1, "pan_deg": 3.0}, {"azimuth_deg": 5.0}], UP),
    "follow at base": lambda cameras: follow_cameras(cameras[0], 5, cameras, True, 2.0),
    "follow as written": lambda cameras: follow_cameras(cameras[0], 5, cameras, False, 2.0),
    "rows": rows_from_cameras,
    "extent": measure_extent,
    "align": lambda cameras: align_cameras(cameras, cameras.resize(4, 4)).apply_cameras(cameras),
    "centres": lambda cameras: align_centers(cameras.centers, cameras.centers).apply(cameras.centers),
    "path": lambda cameras: measure_path(cameras[[0, 1, 3]], cameras, (0, 1, 3)),
    "poses": lambda cameras: measure_poses(cameras[[0, 1, 3]], (0, 1, 3), cameras).auc,
    "epipolar": lambda cameras: measure_epipolar(MATCHES, cameras),
    "distances": lambda cameras: epipolar_distances(MATCHES[0, 1].to(cameras.K), cameras[0], cameras[1]),
    "plot": lambda cameras: plot_trajectory(cameras, references=cameras[1:], width=200, height=200),
    "photographs": lambda cameras: plot_photographs(cameras, torch.ones(4, 3, 4, 4).to(cameras.K), width=200, height=200),
    **{name: lambda cameras, preset=preset: preset(cameras[0], 3) for name, preset in TRAJECTORIES.items()},
}


@pytest.mark.parametrize("name", WHOLE)
def test_no_camera_is_float64_on_a_device(name: str) -> None:
    wanted = bring_back(WHOLE[name](make_cameras()))
    with EmulatedDevice() as device:
        found = WHOLE[name](place(device, make_cameras()))
        if isinstance(found, Cameras) and name != "in float64":
            assert found.w2c.device == found.K.device == DEVICE
        check_equal(bring_back(found), wanted)
