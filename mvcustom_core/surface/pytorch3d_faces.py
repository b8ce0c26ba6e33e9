"""Which face of a mesh each pixel sees, by PyTorch3D where a user has it: an optional stand-in for the z-buffer of this package.

Its coordinates are normalised: x to the left and y upward, -1 to 1 along the shorter side of the image. Its edges are exclusive, which
leaves a depth grid full of holes, so faces are taken as a hair wider than they are. It computes in float32, and on a GPU breaks ties in
no fixed order: use the z-buffer where results have to repeat.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .zbuffer import PlacedMesh

WIDENING = 1e-9  # squared distance to a face, normalised units, within which a pixel centre counts as inside


def find_faces_pytorch3d(view: PlacedMesh, near: float) -> Tensor:
    """The nearest face of every pixel, back faces included, [(H W)] int64, -1 where there is none.

    Raises:
        ValueError: if PyTorch3D is not installed.
    """
    try:
        from pytorch3d.renderer.mesh.rasterize_meshes import rasterize_meshes
        from pytorch3d.structures import Meshes
    except ImportError as error:
        raise ValueError(
            "raster: wanted the backend pytorch3d, but it is not installed; install it, or set the backend to torch"
        ) from error

    z = view.points[:, 2:]
    safe = torch.where(z.abs() < near / 100, near / 100, z)  # PyTorch3D cuts faces at the near plane after the division
    pixels = view.points[:, :2] / safe * view.K.diagonal()[:2] + view.K[:2, 2]
    middle = pixels.new_tensor([view.width / 2, view.height / 2])
    normalised = (middle - pixels) * (2 / min(view.width, view.height))
    mesh = Meshes(verts=[torch.cat([normalised, safe], dim=1).float()], faces=[view.faces])
    faces, *_ = rasterize_meshes(
        mesh,
        image_size=(view.height, view.width),
        blur_radius=WIDENING,
        faces_per_pixel=1,
        perspective_correct=True,
        clip_barycentric_coords=True,
        cull_backfaces=False,
        z_clip_value=near,
    )
    return faces[0, :, :, 0].flatten()
