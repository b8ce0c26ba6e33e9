"""Held-out scenes from cameras far apart, with true pictures and depth: what needs no network knows about a view, and what views share."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from ...mvcustom_core.camera.cameras import Cameras
from ...mvcustom_core.camera.rays import project_points, unproject_depth
from ...training.mvgd.data import render_sector

FIRST_SEED = 2_000_000  # of no training stage
TARGETS = 2  # the first views of a scene; all others may condition them
SAME_DEPTH = 0.05  # relative: at 32 pixels a neighbour on one slanted surface is as far off


@dataclass(frozen=True, eq=False)
class SectorScene:
    """One scene: images [V, 3, H, W] in 0..1, z-depth [V, H, W] in world units, the subject's mask [V, H, W] and cameras."""

    images: Tensor
    depth: Tensor
    mask: Tensor
    cameras: Cameras

    def given(self, count: int) -> Tensor:
        """The numbers of the views that condition the targets."""
        return torch.arange(TARGETS, TARGETS + count)


def draw_scene(number: int) -> SectorScene:
    views = render_sector(FIRST_SEED + number)
    size = views["images"].shape[-1]
    cameras = Cameras(views["w2c"], views["K"], size, size)
    return SectorScene(views["images"] / 255.0, views["depth"], views["mask"], cameras)


def find_nearest(scene: SectorScene, target: int, given: Tensor) -> int:
    """The view whose camera stands nearest to the target's."""
    distances = (scene.cameras.centers[given] - scene.cameras.centers[target]).norm(dim=-1)
    return int(given[distances.argmin()])


def locate(scene: SectorScene, source: int, view: int) -> tuple[Tensor, Tensor]:
    """Where another view shows the points that a view shows, as a grid [H, W, 2] in -1..1, and whether it does so [H, W]."""
    size = scene.cameras.width
    points = unproject_depth(scene.cameras[source], scene.depth[[source]]).flatten(0, 2)
    pixels, z = (x[0].unflatten(0, (size, size)) for x in project_points(scene.cameras[view], points))
    grid = 2 * pixels / size - 1
    front = sample(scene.depth[view][None], grid, "nearest")[0]
    shown = (grid.abs() < 1).all(-1) & (z > 0) & ((front / z - 1).abs() < SAME_DEPTH)
    return grid, shown


def sample(values: Tensor, grid: Tensor, mode: str = "bilinear") -> Tensor:
    """Values [C, H, W] at the places of a grid [H, W, 2]."""
    return F.grid_sample(values[None], grid[None], mode=mode, padding_mode="border", align_corners=False)[0]


def warp_truly(scene: SectorScene, target: int, given: list[int]) -> Tensor:
    """The target's colours, fetched by its true depth from the first given view that shows them, else from where the first would be."""
    found, missing = None, None
    for view in given:
        grid, shown = locate(scene, target, view)
        fetched = sample(scene.images[view], grid)
        found = fetched if found is None else torch.where(missing & shown, fetched, found)
        missing = ~shown if missing is None else missing & ~shown
    return found


def mean_log_depth(scenes: list[SectorScene], but: int) -> Tensor:
    """What all other scenes look like on average, [H, W] in world units."""
    return torch.cat([scene.depth.log() for number, scene in enumerate(scenes) if number != but]).mean(0).exp()


def psnr(given: Tensor, true: Tensor, mask: Tensor | None = None) -> float | None:
    """dB of colours [3, H, W] over a mask [H, W]; None if it is empty."""
    error = (given - true).square().mean(0)
    error = error if mask is None else error[mask]
    return float(-10 * error.mean().clamp_min(1e-10).log10()) if len(error) else None


def absolute_relative(given: Tensor, true: Tensor, mask: Tensor | None = None) -> float | None:
    """Mean of |D - D*| / D* over a mask; None if it is empty."""
    error = ((given - true).abs() / true).flatten() if mask is None else ((given - true).abs() / true)[mask]
    return float(error.mean()) if len(error) else None
