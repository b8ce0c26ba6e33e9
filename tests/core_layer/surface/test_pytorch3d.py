"""The z-buffer against PyTorch3D, where it is installed.

Its coordinates are normalised: x to the left and y upward, -1 to 1 along the shorter side of the image. Its edges are exclusive, so faces
are taken as a hair wider than they are.
"""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from mvcustom.mvcustom_core.camera.cameras import Cameras
from mvcustom.mvcustom_core.surface.mesh import DepthMesh, build_depth_mesh
from mvcustom.mvcustom_core.surface.zbuffer import find_nearest_faces, place_mesh
from mvcustom.tests.core_layer.surface.ray_casting import cast_rays, make_bumps, make_camera, make_map, make_orbit

pytorch3d = pytest.importorskip("pytorch3d")
from pytorch3d.renderer.mesh.rasterize_meshes import rasterize_meshes  # noqa: E402
from pytorch3d.structures import Meshes  # noqa: E402

NEAR, CHUNK, STEEPEST_DEG = 0.01, 1 << 20, 89.9
WIDENING = 1e-9  # squared distance to a face, normalised units, within which a pixel centre counts as inside
CASES = {
    "orbit": (make_camera(), make_orbit(25), (12, 12)),
    "wide": (
        make_camera(10, 7, (9.0, 8.0), center=(4.6, 3.1)),
        make_camera(12, 6, (10.0, 7.5), (0.4, 0.1, 0), -9, center=(6.3, 2.8)),
        (9, 14),
    ),
    "tall": (make_camera(), make_camera(6, 10, 9.0, (0.2, -0.3, 0.2), 8), (15, 9)),
}


def find_their_faces(mesh: DepthMesh, camera: Cameras) -> Tensor:
    """The nearest face of every pixel [H, W], -1 where there is none."""
    points = place_mesh(mesh, camera).points
    z = points[:, 2:]
    safe = torch.where(z.abs() < NEAR / 100, NEAR / 100, z)  # PyTorch3D cuts faces at the near plane after the division
    pixels = points[:, :2] / safe * camera.K[0].diagonal()[:2] + camera.K[0, :2, 2]
    middle = pixels.new_tensor([camera.width / 2, camera.height / 2])
    normalised = (middle - pixels) * (2 / min(camera.width, camera.height))
    faces, *_ = rasterize_meshes(
        Meshes(verts=[torch.cat([normalised, safe], dim=1).float()], faces=[mesh.faces]),
        image_size=(camera.height, camera.width),
        blur_radius=WIDENING,
        faces_per_pixel=1,
        perspective_correct=True,
        clip_barycentric_coords=True,
        cull_backfaces=False,
        z_clip_value=NEAR,
    )
    return faces[0, :, :, 0]


def find_both(anchor: Cameras, target: Cameras, height: int, width: int) -> tuple[Tensor, Tensor, Tensor]:
    """Our faces and theirs [H, W], and where they are sure [H, W]."""
    depth = make_bumps(anchor.height, anchor.width)
    *_, sure = cast_rays(depth, anchor, target, height, width, NEAR)
    mesh, camera = build_depth_mesh(make_map(depth), anchor, max_angle_deg=STEEPEST_DEG), target.resize(width, height)
    ours = find_nearest_faces(place_mesh(mesh, camera), NEAR, CHUNK).reshape(height, width)
    return ours, find_their_faces(mesh, camera), sure


@pytest.mark.parametrize("case", CASES)
def test_parity(case: str) -> None:
    anchor, target, (height, width) = CASES[case]
    ours, theirs, sure = find_both(anchor, target, height, width)
    assert sure.float().mean() > 0.5 and (ours[sure] >= 0).any()
    assert torch.equal(ours[sure], theirs[sure])


@pytest.mark.parametrize(
    "target", [make_camera(), make_camera(eye=(0.3, 0.05, 1.9), yaw_deg=35), make_camera(eye=(0.1, 0.0, 2.05), yaw_deg=80)]
)
def test_parity_on_edges_and_through_the_near_plane(target: Cameras) -> None:
    ours, theirs, sure = find_both(make_camera(), target, 12, 12)
    assert torch.equal((ours >= 0)[sure], (theirs >= 0)[sure])
    assert ((ours >= 0) == (theirs >= 0)).float().mean() > 0.97
