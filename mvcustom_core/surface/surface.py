"""The anchors' surfaces as all views see them: the mesh and the faces that each view shows are found once, for whoever asks.

All is computed in float64, on the depth map's device if that has float64, else on the CPU.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ..camera.cameras import Cameras
from ..progress import Progress, ignore_progress
from .depth import AnchorDepth
from .mesh import DepthMesh, build_depth_mesh
from .raster import RasterHits, RasterSettings, shade_faces
from .zbuffer import find_nearest_faces, place_mesh

DOUBLES = ("cpu", "cuda")  # types of devices that have float64
DEFAULTS = RasterSettings()


@dataclass(frozen=True, eq=False)
class Surface:
    """One anchor's surface.

    Attributes:
        cameras: all V views, float64 on the mesh's device.
        found: the faces [H, W] that were found so far, int32, by view and size.
    """

    anchor: AnchorDepth
    cameras: Cameras
    mesh: DepthMesh
    settings: RasterSettings
    found: dict[tuple[int, int, int], Tensor] = field(default_factory=dict, repr=False)

    def samples_per_cell(self, size: tuple[int, int]) -> int:
        """Samples per cell and axis of a grid (h, w) that make a raster half as fine as the depth map, between 2 and 16."""
        return min(max(math.ceil(self.mesh.width / size[1] / 2), 2), 16)

    def find_faces(self, view: int, size: tuple[int, int]) -> Tensor:
        """The face that each pixel of a view shows on a raster of `size` (H, W), -1 where there is none, [H, W] int64."""
        key = view, *size
        if key not in self.found:
            placed = place_mesh(self.mesh, self.cameras[view].resize(size[1], size[0]))
            nearest = find_nearest_faces(placed, self.settings.near, self.settings.chunk)  # [(H W)]
            self.found[key] = nearest.unflatten(0, size).int()  # half the room, as they are kept
        return self.found[key].long()

    def release(self, view: int) -> None:
        """Forget the faces that were found for a view, whatever the size."""
        for key in [key for key in self.found if key[0] == view]:
            del self.found[key]

    def look(self, view: int, size: tuple[int, int]) -> RasterHits:
        """What one view sees of the surface on a raster of `size` (H, W), with its view axis."""
        return shade_faces(self.mesh, self.cameras[view].resize(size[1], size[0]), self.find_faces(view, size))


def build_surfaces(
    anchors: Sequence[AnchorDepth], cameras: Cameras, settings: RasterSettings = DEFAULTS, progress: Progress = ignore_progress
) -> tuple[Surface, ...]:
    """Triangulate the depth of one or several anchors.

    Args:
        cameras: all V views, the anchors' among them.
        progress: is called before each anchor.

    Raises:
        ValueError: if there is no anchor, or one is no view.
    """
    named = [anchor.view for anchor in anchors]
    if not named:
        raise ValueError("anchors: wanted the depth of one view or of several, got those of views []")
    if max(named) >= len(cameras):
        raise ValueError(f"anchor: wanted a view from 0 to {len(cameras) - 1}, got {max(named)}; choose one of the trajectory's views")
    surfaces = []
    for done, anchor in enumerate(anchors):
        progress(done / len(anchors))
        surfaces.append(_build_surface(anchor, cameras, settings))
    return tuple(surfaces)


def _build_surface(anchor: AnchorDepth, cameras: Cameras, settings: RasterSettings) -> Surface:
    device = anchor.depth.depth.device if anchor.depth.depth.device.type in DOUBLES else torch.device("cpu")
    depth = anchor.depth.to(device)
    exact = cameras.to(device, torch.float64)
    mesh = build_depth_mesh(depth, exact[anchor.view], max_angle_deg=settings.max_angle_deg, block_cuts=settings.block_cuts)
    return Surface(AnchorDepth(anchor.view, depth), exact, mesh, settings)
