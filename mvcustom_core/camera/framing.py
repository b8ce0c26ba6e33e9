"""Checks whether photographs show the subject at the origin of a normalised scene, and measures its size."""

from __future__ import annotations

import torch
from torch import Tensor

from ..shapes import check_shape
from .cameras import Cameras
from .crop import SUBJECT_LEVEL, find_box
from .rays import project_points


def find_views_of(point: Tensor, cameras: Cameras) -> Tensor:
    """Which of V pictures show a world point [3], [V] bool."""
    pixels, depth = (values.squeeze(1) for values in project_points(cameras, point[None]))  # [V, 2], [V]
    return (pixels >= 0).all(-1) & (pixels <= pixels.new_tensor([cameras.width, cameras.height])).all(-1) & (depth > 0)


def check_subject_seen(cameras: Cameras) -> None:
    """Check that the origin lies in at least half of the pictures.

    Raises:
        ValueError: with the number of pictures that show it.
    """
    inside = find_views_of(torch.zeros(3), cameras.to("cpu"))
    if 2 * int(inside.sum()) < len(inside):
        raise ValueError(
            f"subject: wanted its centre inside most photographs, got {int(inside.sum())} of {len(cameras)} that show it; "
            "give the subject's centre by hand"
        )


def measure_subject(cameras: Cameras, masks: Tensor) -> float | None:
    """Radius about the origin of the subject that the masks show: half the longer side of its box, median over the views.

    Args:
        masks: [V, 1, H, W] in 0..1.

    Returns:
        World units; None if all masks are empty.
    """
    check_shape(cameras.w2c, "V 4 4", masks, "V 1 H W")
    focal = cameras.K.diagonal(dim1=1, dim2=2)[:, :2]  # [V, 2]
    distance = cameras.w2c[:, 2, 3].cpu()  # [V] of the origin along the line of sight
    radii = []
    for (focal_x, focal_y), along, mask in zip(focal.cpu(), distance, masks.cpu(), strict=True):
        box = find_box(mask[0] > SUBJECT_LEVEL)
        if box is not None:
            left, top, right, bottom = box
            radii.append(max((right - left) / focal_x, (bottom - top) / focal_y) / 2 * along)
    return float(torch.stack(radii).median()) if radii else None


def measure_room(cameras: Cameras) -> float:
    """Radius of the largest ball about the origin that a picture holds whole, median over the views; 0 where it holds none."""
    exact = cameras.to("cpu", torch.float64)
    origin = exact.w2c[:, :3, 3]  # [V, 3] in camera axes
    sides = []
    for axis, extent in ((0, cameras.width), (1, cameras.height)):
        focal, middle = exact.K[:, axis, axis], exact.K[:, axis, 2]
        for edge, inward in ((0.0, 1.0), (float(extent), -1.0)):
            slope = (edge - middle) / focal  # [V] of the picture's side, a plane through the camera
            sides.append(inward * (origin[:, axis] - slope * origin[:, 2]) / (1 + slope**2).sqrt())
    return float(torch.stack(sides).amin(0).clamp_min(0).median())
