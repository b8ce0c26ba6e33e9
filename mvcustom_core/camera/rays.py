"""Rays through pixel or cell centres, projection and unprojection (pinhole, OpenCV axes)."""

from __future__ import annotations

import torch
from torch import Tensor

from ..shapes import check_shape
from .cameras import Cameras, unit_depth_rays


def cell_centers(height: int, width: int, *, device: torch.device | None = None, dtype: torch.dtype | None = None) -> Tensor:
    """Centres (x, y) of a height x width grid in cells, row-major, [height * width, 2]."""
    y, x = torch.meshgrid(
        torch.arange(height, device=device, dtype=dtype) + 0.5, torch.arange(width, device=device, dtype=dtype) + 0.5, indexing="ij"
    )
    return torch.stack([x, y], dim=-1).reshape(-1, 2)


def surround_points(points: Tensor, width: int, height: int) -> tuple[Tensor, Tensor, Tensor]:
    """Columns, rows and bilinear weights of the four cells around points [..., 2] of a grid, [..., 4] each."""
    corner = (points - 0.5).floor()
    x, y = (points - 0.5 - corner).unbind(-1)
    column, row = corner.long().unbind(-1)
    columns = torch.stack([column, column + 1, column, column + 1], dim=-1).clamp(0, width - 1)
    rows = torch.stack([row, row, row + 1, row + 1], dim=-1).clamp(0, height - 1)
    return columns, rows, torch.stack([(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y], dim=-1)


def pixel_rays(cameras: Cameras, pixels: Tensor) -> tuple[Tensor, Tensor]:
    """World rays through image points.

    Args:
        pixels: [R, 2] or [V, R, 2] image points (x, y) in pixels.

    Returns:
        origins [V, 3], unit directions [V, R, 3].
    """
    return cameras.centers, torch.nn.functional.normalize(cameras.directions(pixels), dim=-1)


def project_points(cameras: Cameras, points: Tensor) -> tuple[Tensor, Tensor]:
    """Project world points into every camera.

    Args:
        points: [N, 3] or [V, N, 3] world points.

    Returns:
        pixels [V, N, 2], meaningful only where the z-depth [V, N] is positive.
    """
    points = points.to(cameras.w2c).expand(len(cameras), -1, 3)
    in_camera = points @ cameras.w2c[:, :3, :3].mT + cameras.w2c[:, None, :3, 3]  # [V, N, 3]
    depth = in_camera[..., 2]
    safe = torch.where(depth.abs() < 1e-12, torch.full_like(depth, 1e-12), depth)
    x = cameras.K[:, None, 0, 0] * in_camera[..., 0] / safe + cameras.K[:, None, 0, 2]
    y = cameras.K[:, None, 1, 1] * in_camera[..., 1] / safe + cameras.K[:, None, 1, 2]
    return torch.stack([x, y], dim=-1), depth


def unproject_depth(cameras: Cameras, depth: Tensor) -> Tensor:
    """World points of z-depth maps.

    Args:
        depth: [V, H, W] z-depth in world units, at the cameras' image size.

    Returns:
        [V, H, W, 3] world points.
    """
    check_shape(depth, "V H W")
    if tuple(depth.shape) != (len(cameras), cameras.height, cameras.width):
        raise ValueError(f"depth: wanted [{len(cameras)}, {cameras.height}, {cameras.width}] as the cameras say, got {list(depth.shape)}")
    pixels = cell_centers(cameras.height, cameras.width, device=depth.device, dtype=cameras.K.dtype)  # [(H W), 2]
    in_camera = unit_depth_rays(cameras.K, pixels) * depth.to(cameras.K.dtype).flatten(1)[..., None]  # [V, (H W), 3]
    in_world = (in_camera - cameras.w2c[:, None, :3, 3]) @ cameras.w2c[:, :3, :3]
    return in_world.unflatten(1, (cameras.height, cameras.width))
