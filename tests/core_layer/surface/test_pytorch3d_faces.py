"""The optional backend: against the z-buffer where PyTorch3D is installed, else against a stand-in with its documented coordinates."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType, SimpleNamespace

import pytest
import torch

from mvcustom.mvcustom_core.surface.raster import RasterSettings, rasterize_depth
from mvcustom.tests.core_layer.surface.ray_casting import F64, cast_rays, make_bumps, make_camera, make_map, make_orbit

THEIRS, OURS = RasterSettings(max_angle_deg=89.9, backend="pytorch3d"), RasterSettings(max_angle_deg=89.9)
INSTALLED = importlib.util.find_spec("pytorch3d") is not None
CASES = {
    "orbit": (make_camera(), make_orbit(25), (12, 12)),
    "wide": (
        make_camera(10, 7, (9.0, 8.0), center=(4.6, 3.1)),
        make_camera(12, 6, (10.0, 7.5), (0.4, 0.1, 0), -9, center=(6.3, 2.8)),
        (9, 14),
    ),
    "tall": (make_camera(), make_camera(6, 10, 9.0, (0.2, -0.3, 0.2), 8), (15, 9)),
}


def rasterize_by_hand(mesh, image_size, blur_radius, z_clip_value, **settings):
    """x leftward and y upward, -1 to 1 along the shorter side; the nearest face whose widened edges hold the pixel centre."""
    assert settings == {"faces_per_pixel": 1, "perspective_correct": True, "clip_barycentric_coords": True, "cull_backfaces": False}
    assert 0 < blur_radius < 1e-6 and mesh.verts[0].dtype == torch.float32
    height, width = image_size
    a, b, c = mesh.verts[0].double()[mesh.faces[0]].unbind(1)  # [F, 3]
    found = torch.full((1, height, width, 1), -1)
    for i in range(height):
        for j in range(width):
            x = (width - 1 - 2 * j) / min(height, width)
            y = (height - 1 - 2 * i) / min(height, width)

            def area(p, q, x=x, y=y):
                return (p[:, 0] - x) * (q[:, 1] - y) - (p[:, 1] - y) * (q[:, 0] - x)

            weights = torch.stack([area(b, c), area(c, a), area(a, b)], dim=1)
            weights = weights / weights.sum(1, keepdim=True)
            z = 1 / (weights / torch.stack([a[:, 2], b[:, 2], c[:, 2]], dim=1)).sum(1)
            z = torch.where((weights >= -1e-6).all(1) & (z >= z_clip_value), z, torch.inf)
            if torch.isfinite(z).any():
                found[0, i, j, 0] = int(z.argmin())
    return found, None, None, None


@pytest.fixture
def stand_in(monkeypatch):
    def make_module(name, **members):
        module = ModuleType(name)
        vars(module).update(members)
        monkeypatch.setitem(sys.modules, name, module)

    for name in ("pytorch3d", "pytorch3d.renderer", "pytorch3d.renderer.mesh"):
        make_module(name, __path__=[])
    make_module("pytorch3d.renderer.mesh.rasterize_meshes", rasterize_meshes=rasterize_by_hand)
    make_module("pytorch3d.structures", Meshes=SimpleNamespace)


def check_parity(case):
    anchor, target, (height, width) = CASES[case]
    depth = make_bumps(anchor.height, anchor.width)
    *_, sure = cast_rays(depth, anchor, target, height, width, OURS.near)
    ours, theirs = (rasterize_depth(make_map(depth), anchor, target, height, width, settings) for settings in (OURS, THEIRS))
    assert sure.float().mean() > 0.5 and (ours.face[0][sure] >= 0).any()
    assert torch.equal(ours.face[0][sure], theirs.face[0][sure])
    assert torch.equal(ours.visible[0][sure], theirs.visible[0][sure])
    assert (ours.anchor_xy - theirs.anchor_xy)[0][sure].abs().max() < 1e-4


@pytest.mark.parametrize("case", CASES)
def test_coordinates_are_the_documented_ones(case, stand_in):
    check_parity(case)


def test_the_whole_picture_is_covered_at_the_anchors_own_pose(stand_in):
    depth, camera = torch.full((6, 8), 2.0, dtype=F64), make_camera(8, 6)
    assert rasterize_depth(make_map(depth), camera, camera, 6, 8, THEIRS).visible.all()


@pytest.mark.skipif(not INSTALLED, reason="needs PyTorch3D")
@pytest.mark.parametrize("case", CASES)
def test_parity(case):
    check_parity(case)


@pytest.mark.skipif(not INSTALLED, reason="needs PyTorch3D")
@pytest.mark.parametrize(
    "target", [make_camera(), make_camera(eye=(0.3, 0.05, 1.9), yaw_deg=35), make_camera(eye=(0.1, 0.0, 2.05), yaw_deg=80)]
)
def test_parity_on_edges_and_through_the_near_plane(target):
    depth, anchor = make_bumps(8, 8), make_camera()
    *_, sure = cast_rays(depth, anchor, target, 12, 12, OURS.near)
    ours, theirs = (rasterize_depth(make_map(depth), anchor, target, 12, 12, settings) for settings in (OURS, THEIRS))
    assert torch.equal(ours.visible[0][sure], theirs.visible[0][sure])
    assert (ours.visible == theirs.visible).float().mean() > 0.97


@pytest.mark.skipif(INSTALLED, reason="PyTorch3D is installed")
def test_without_it_the_error_says_what_to_do():
    with pytest.raises(ValueError, match="wanted the backend pytorch3d, but it is not installed; install it, or set the backend to torch"):
        rasterize_depth(make_map(torch.ones(4, 4)), make_camera(4, 4), make_camera(4, 4), 4, 4, THEIRS)
