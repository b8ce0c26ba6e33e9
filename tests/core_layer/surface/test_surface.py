"""Surfaces: what is found once serves all, whoever asks first, and finding it can be watched and stopped."""

from __future__ import annotations

import time

import pytest
import torch

from mvcustom.mvcustom_core.camera.cameras import Cameras
from mvcustom.mvcustom_core.progress import Progress
from mvcustom.mvcustom_core.rendering.operator import OperatorSettings, build_render_operators, warp_images
from mvcustom.mvcustom_core.surface.correspondence import find_correspondences
from mvcustom.mvcustom_core.surface.depth import AnchorDepth, DepthMap
from mvcustom.mvcustom_core.surface.raster import RasterSettings, rasterize_depth
from mvcustom.mvcustom_core.surface.surface import Surface, build_surfaces
from mvcustom.tests.core_layer.surface.ray_casting import make_map, make_steps
from mvcustom.tests.core_layer.surface.test_correspondence import make_row

VIEWS, SIZES = 4, [(16, 16), (8, 8)]
WORK = {
    "operators": lambda surfaces, progress: build_render_operators(surfaces, SIZES, progress=progress),
    "correspondences": lambda surfaces, progress: find_correspondences(surfaces, SIZES, progress),
    "warps": lambda surfaces, progress: warp_images(torch.zeros(2, 3, 32, 32), surfaces, progress=progress),
}


def make_cameras(size: int = 32) -> Cameras:
    return make_row([0.1 * view for view in range(VIEWS)], size)


def make_surfaces(size: int = 32, views: tuple[int, ...] = (1, 2), block_cuts: bool = False) -> tuple[Surface, ...]:
    anchors = [AnchorDepth(view, make_map(make_steps(size, size))) for view in views]
    return build_surfaces(anchors, make_cameras(size), RasterSettings(block_cuts=block_cuts))


def list_found(surface: Surface) -> list[tuple[int, int, int]]:
    return sorted(surface.found)


@pytest.mark.parametrize("block_cuts", [False, True])
def test_a_view_sees_what_the_rasteriser_says(block_cuts: bool) -> None:
    settings = RasterSettings(block_cuts=block_cuts)
    (surface,), cameras = make_surfaces(views=(1,), block_cuts=block_cuts), make_cameras()
    for _ in range(2):  # found now, and found before
        hits = surface.look(3, (24, 40))
        expected = rasterize_depth(surface.anchor.depth, cameras[1], cameras[3], 24, 40, settings)
        assert all(torch.equal(getattr(hits, name), getattr(expected, name)) for name in vars(expected))


def test_operators_and_correspondences_look_at_one_raster() -> None:
    """At the size of Stable Diffusion 1.5's pictures nothing is rasterised twice, nor finer than half the depth map."""
    (surface,), sizes = make_surfaces(512, views=(1,)), [(64, 64), (32, 32), (16, 16)]
    build_render_operators([surface], sizes)
    others = [(view, 256, 256) for view in range(VIEWS) if view != 1]
    assert list_found(surface) == others
    faces = {key: surface.found[key] for key in others}
    find_correspondences([surface], sizes)
    assert list_found(surface) == sorted([*others, (1, 256, 256)])
    assert all(surface.found[key] is face for key, face in faces.items())


def test_who_asks_first_makes_no_difference() -> None:
    one, other = make_surfaces(), make_surfaces()
    operators, paths = build_render_operators(one, SIZES), find_correspondences(one, SIZES)
    paths_first = find_correspondences(other, SIZES)
    operators_then = build_render_operators(other, SIZES)
    for size in SIZES:
        for name in ("cells", "weights", "known"):
            assert torch.equal(getattr(operators[size], name), getattr(operators_then[size], name))
            assert torch.equal(getattr(paths[size], name), getattr(paths_first[size], name))


@pytest.mark.parametrize("work", WORK)
def test_progress_grows_and_stops_the_work_where_it_raises(work: str) -> None:
    shares: list[float] = []
    WORK[work](make_surfaces(), shares.append)
    assert shares[0] == 0 and shares == sorted(shares) and shares[-1] < 1 and len(set(shares)) >= 4
    surfaces, calls = make_surfaces(), []

    def stop(share: float) -> None:
        calls.append(share)
        if len(calls) == 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        WORK[work](surfaces, stop)
    looks = {(surface.anchor.view, view) for surface in surfaces for view, *_ in surface.found}
    assert len(looks) == (0 if work == "warps" else 2) and len(calls) == 3  # warps keep nothing of a view that is done


def test_warps_are_the_last_to_look_and_leave_nothing() -> None:
    """At the size of Stable Diffusion 1.5's pictures, 16 views would hold 16 MB for each anchor. Before, they use what is there."""
    surfaces = make_surfaces()
    build_render_operators(surfaces, [(16, 16)])
    assert all(list_found(surface) for surface in surfaces)
    images = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    warped, seen = warp_images(images, surfaces)
    assert not any(list_found(surface) for surface in surfaces)
    operator = build_render_operators(make_surfaces(), [(32, 32)], OperatorSettings(supersample=1, depth_tolerance=0.0))[32, 32]
    assert torch.equal(warped, operator.apply(images)) and torch.equal(seen, operator.mask)


def test_surfaces_are_built_one_after_the_other() -> None:
    shares: list[float] = []
    anchors = [AnchorDepth(view, make_map(make_steps(16, 16))) for view in (0, 3)]
    build_surfaces(anchors, make_cameras(), progress=shares.append)
    assert shares == [0.0, 0.5]


def watch_gaps(gaps: list[float]) -> Progress:
    last = time.process_time()

    def watch(share: float) -> None:
        nonlocal last
        gaps.append(time.process_time() - last)
        last = time.process_time()

    return watch


@pytest.mark.parametrize("work", WORK)
def test_a_cancelled_run_ends_within_a_second(work: str) -> None:
    """Of processor time, at the size of Stable Diffusion 1.5's pictures."""
    surfaces, gaps = make_surfaces(512), []
    WORK[work](surfaces, watch_gaps(gaps))
    assert max(gaps) < 1.0, gaps


def test_a_depth_map_without_a_triangle_shows_no_view_anything() -> None:
    """One lone valid pixel is a depth map, but no surface: every other view keeps its own cells."""
    valid = torch.zeros(32, 32, dtype=torch.bool)
    valid[10, 12] = True
    surfaces = build_surfaces([AnchorDepth(1, DepthMap(torch.ones(32, 32), valid, "test", 1.0, ""))], make_cameras())
    assert len(surfaces[0].mesh.faces) == 0
    operator = build_render_operators(surfaces, [(8, 8)])[8, 8]
    assert operator.mask.mean((1, 2, 3)).tolist() == [0, 1, 0, 0]
    assert not find_correspondences(surfaces, [(8, 8)])[8, 8].known.any()
