"""Shared noise is white in every view of every preset, however many of its cells look at one and the same source.

Sharing is linear in the noise, so a basis of unit noise gives its matrix, and the matrix each view's exact covariance: no statistics.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from mvcustom.mvcustom_core.camera.cameras import Cameras, square_intrinsics
from mvcustom.mvcustom_core.embedded.scenes.render import render_scene
from mvcustom.mvcustom_core.embedded.scenes.scene import sample_scene
from mvcustom.mvcustom_core.path.trajectory import TRAJECTORIES, dolly, front_camera, orbit
from mvcustom.mvcustom_core.rendering.noise import find_noise_sources, share_noise_at_infinity
from mvcustom.mvcustom_core.rendering.operator import RenderOperator, build_render_operator
from mvcustom.mvcustom_core.rendering.rendering import share_noise
from mvcustom.mvcustom_core.surface.depth import AnchorDepth, DepthMap

SIDE = 16
VIEWS = 4
CAMERA = front_camera(64)
PATHS = {
    **{name: preset(CAMERA, VIEWS) for name, preset in TRAJECTORIES.items()},
    "dolly by 0.1": dolly(CAMERA, VIEWS, (0.0, 0.1)),
    "dolly by 0.6": dolly(CAMERA, VIEWS, (0.0, 0.6)),
    "dolly back": dolly(CAMERA, VIEWS, (0.0, -0.4)),
    "orbit by 60": orbit(CAMERA, VIEWS, (0.0, 60.0)),
    "zoom": replace(CAMERA, w2c=CAMERA.w2c.repeat(3, 1, 1), K=torch.cat([square_intrinsics(1, 64, fov) for fov in (60, 40, 25)])),
}


def make_operator(cameras: Cameras, anchors: tuple[int, ...] = (0,)) -> RenderOperator:
    depth = render_scene(sample_scene(5), cameras, supersample=1).depth
    known = [AnchorDepth(view, DepthMap(depth[view], torch.ones_like(depth[view], dtype=torch.bool), "true", 1.0, "")) for view in anchors]
    return build_render_operator(known, cameras, (SIDE, SIDE))


def make_basis(views: int, side: int = SIDE) -> Tensor:
    """Unit noise [V, C, h, w] whose every cell is a dimension of its own."""
    cells = views * side * side
    return torch.eye(cells).reshape(cells, views, side, side).movedim(0, 1)


def measure_covariance(shared: Tensor) -> Tensor:
    """Of each view's cells, [V, (h w), (h w)]."""
    matrix = shared.flatten(2).mT  # [V, (h w), C]
    return matrix @ matrix.mT


def neighbour_correlation(view: Tensor) -> tuple[float, float]:
    """Across and down, of a view [C, h, w]."""
    variance = view.square().mean()
    return float((view[..., 1:] * view[..., :-1]).mean() / variance), float((view[..., 1:, :] * view[..., :-1, :]).mean() / variance)


def low_frequency_energy(view: Tensor) -> float:
    """Energy of waves at least eight cells long, over white noise's, of a view [C, h, w]."""
    spectrum = torch.fft.fft2(view, norm="ortho").abs().square().mean(dim=0)
    slow = torch.fft.fftfreq(view.shape[-1]).abs() <= 1 / 8
    return float(spectrum[slow][:, slow].mean())


@pytest.mark.parametrize("anchors", [(0,), (2,), (0, 3)])
@pytest.mark.parametrize("path", PATHS)
def test_noise_that_moves_with_the_surface_is_white(path: str, anchors: tuple[int, ...]):
    cameras = PATHS[path]
    anchors = tuple(anchor for anchor in anchors if anchor < len(cameras))
    covariance = measure_covariance(share_noise(make_basis(len(cameras)), make_operator(cameras, anchors)))
    assert (covariance - torch.eye(SIDE * SIDE)).abs().max() < 1e-5


@pytest.mark.parametrize("path", PATHS)
def test_noise_shared_at_infinity_is_white(path: str):
    cameras = PATHS[path]
    shared = share_noise_at_infinity(make_basis(len(cameras)), find_noise_sources(cameras, (SIDE, SIDE)))
    assert (measure_covariance(shared) - torch.eye(SIDE * SIDE)).abs().max() < 1e-5


@pytest.mark.parametrize("path", PATHS)
def test_cells_of_one_source_divide_its_energy(path: str):
    """Where all k cells that take a source are seen whole, each correlates with it by 1 / sqrt(k); a cell of its own by 1, as a copy."""
    cameras = PATHS[path]
    operator = make_operator(cameras)
    matrix = share_noise(make_basis(len(cameras)), operator).flatten(2).mT  # [V, (h w), C]
    mask, nearest = operator.mask[1:, 0].flatten(1), operator.nearest[1:].flatten(1).long()  # [V - 1, (h w)]
    found = matrix[1:].gather(2, nearest[..., None])[..., 0]  # the anchor is view 0, so its cells are the first dimensions
    for view in range(len(mask)):
        takers = (mask[view] > 0)[:, None] & (mask[view] > 0) & (nearest[view][:, None] == nearest[view])  # [(h w), (h w)]
        whole = (mask[view] == 1) & (takers <= (mask[view] == 1)).all(dim=1)
        assert whole.any()
        assert torch.allclose(found[view][whole], takers.sum(dim=1)[whole].float().rsqrt(), atol=1e-5)


@pytest.mark.parametrize("distance", [0.1, 0.3])
def test_a_dolly_shows_neither_equal_neighbours_nor_blotches(distance: float):
    """As a user samples it, 64 x 64 cells of the default path's last view; 256 channels leave an error of 0.001."""
    side = 64
    cameras = dolly(front_camera(128), VIEWS, (0.0, distance))[[0, -1]]
    depth = render_scene(sample_scene(5), cameras[0], supersample=1).depth[0]
    anchor = AnchorDepth(0, DepthMap(depth, torch.ones_like(depth, dtype=torch.bool), "true", 1.0, ""))
    noise = torch.randn(2, 256, side, side, generator=torch.Generator().manual_seed(0))
    for shared in (
        share_noise(noise, build_render_operator([anchor], cameras, (side, side)))[1],
        share_noise_at_infinity(noise, find_noise_sources(cameras, (side, side)))[1],
    ):
        assert max(abs(correlation) for correlation in neighbour_correlation(shared)) < 0.005
        assert abs(low_frequency_energy(shared) - 1) < 0.03
        assert abs(float(shared.var()) - 1) < 0.01
        assert float((shared[:, :, 1:] == shared[:, :, :-1]).float().mean()) < 0.001


def test_the_same_noise_gives_the_same_again_whatever_was_drawn_between():
    cameras = PATHS["dolly"]
    operator, sources = make_operator(cameras), find_noise_sources(cameras, (SIDE, SIDE))
    noise = torch.randn(VIEWS, 4, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    first = share_noise(noise, operator), share_noise_at_infinity(noise, sources)
    torch.randn(7)
    again = share_noise(noise, operator), share_noise_at_infinity(noise, sources)
    assert all(torch.equal(one, other) for one, other in zip(first, again, strict=True))
