"""Which pixels of the true views the anchor shows, and which the moving camera reveals."""

from __future__ import annotations

from torch import Tensor

from ...mvcustom_core.camera.cameras import Cameras
from ...mvcustom_core.camera.rays import project_points, surround_points, unproject_depth

SAME_DEPTH = 0.04  # relative; on the ground near the horizon the depth changes by as much from one pixel to the next
FAR = 5.0  # world units; beyond, it changes by more than that


def find_seen(cameras: Cameras, depth: Tensor, anchor: int) -> Tensor:
    """Pixels [V, 1, H, W], bool, whose surface the anchor sees too: one of the four pixels around it there has its depth.

    Far away the plane through the four may have it instead, on which inverse depth is linear.

    Args:
        depth: [V, H, W] true z-depth of every view.
    """
    height, width = depth.shape[-2:]
    points = unproject_depth(cameras, depth).flatten(0, 2)  # [(V H W), 3]
    (pixels,), (distance,) = project_points(cameras[anchor], points)
    columns, rows, weights = surround_points(pixels, width, height)  # [(V H W), 4]
    there = depth[anchor][rows, columns]
    shown = ((there - distance[:, None]).abs() < SAME_DEPTH * distance[:, None]).any(1)
    shown |= (distance > FAR) & (((weights / there).sum(1) * distance - 1).abs() < SAME_DEPTH)
    inside = ((pixels > 0) & (pixels < pixels.new_tensor([width, height]))).all(1) & (distance > 0)
    seen = (shown & inside).view(len(cameras), 1, height, width)
    seen[anchor] = True
    return seen


def pool_psnr(views: Tensor, truth: Tensor, mask: Tensor) -> float | None:
    """dB over all pixels of a mask [V, 1, H, W] together, 100 where nothing differs; None where the mask is empty."""
    error = (views - truth).square().mean(1, keepdim=True)[mask]
    return float(-10 * error.mean().clamp(min=1e-10).log10()) if len(error) else None
