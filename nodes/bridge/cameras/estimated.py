"""Cameras that core's depth nodes estimate: all views' by Depth Anything 3 together, and the lens of one photograph by MoGe."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from ....mvcustom_core.camera.cameras import Cameras
from ....mvcustom_core.camera.rigid import quaternion_from_rotation, rotation_from_quaternion
from ....mvcustom_core.path.trajectory import front_camera

PATCH = 14  # pixels: the pictures that Depth Anything 3 sees have sides of whole patches
ROUNDED = 0.02  # of a rotation matrix in half precision; more is another fault
SCALE = "the unit of length is the network's own and not known; Pose Images brings the scene to unit size"

PLACED = "the photograph's lens, on a camera that looks at the origin from distance 1"


def read_da3_cameras(geometry: dict[str, Any]) -> tuple[Cameras, str]:
    """The cameras of all views that Depth Anything 3 saw together, at the size of the views, and a line for the report.

    Raises:
        ValueError: if the geometry holds none, or numbers that are none of cameras.
    """
    w2c, K, images = (geometry.get(key) for key in ("extrinsics", "intrinsics", "image"))
    if not all(isinstance(values, Tensor) for values in (w2c, K, images)):
        raise ValueError(
            f"da3_geometry: wanted one with cameras, got one of mode {geometry.get('mode')!r} without; set mode to multiview in Run Depth "
            "Anything 3, with the Small or Base model"
        )
    count, height, width = images.shape[:3]
    if tuple(w2c.shape[:2]) != (1, count) or tuple(K.shape) != (1, count, 3, 3):
        raise ValueError(f"da3_geometry: wanted {count} cameras, one for each picture, got {list(w2c.shape)} and {list(K.shape)}")
    K = K[0].double()
    if not (K[:, 0, 0] > 1).all():  # core fills in unit matrices where the network gave none
        raise ValueError("da3_geometry: wanted estimated cameras, got none for these pictures; connect two or more pictures of one scene")
    rotation, error = _straighten(w2c[0, :, :3, :3].double())
    matrices = torch.eye(4, dtype=torch.float64).repeat(count, 1, 1)
    matrices[:, :3] = torch.cat([rotation, w2c[0, :, :3, 3:].double()], dim=2)
    seen = (2 * K[:, :2, 2].mean(dim=0) / PATCH).round() * PATCH  # (x, y) size of the pictures that the network saw
    K[:, :2] *= (K.new_tensor([width, height]) / seen)[:, None]
    K[:, 0, 1] = 0
    note = f"; rotations rounded by up to {error:.1g} were made exact" if error > 1e-6 else ""
    return Cameras.checked(matrices.float(), K.float(), width, height), f"Depth Anything 3: {SCALE}{note}"


def read_moge_camera(geometry: dict[str, Any]) -> tuple[Cameras, str]:
    """A camera with the lens that MoGe estimates for one photograph, where Camera Trajectory's own first camera stands.

    Raises:
        ValueError: for a panorama, or for several photographs, which MoGe does not relate.
    """
    K, images = geometry.get("intrinsics"), geometry.get("image")
    if not (isinstance(K, Tensor) and isinstance(images, Tensor)):
        raise ValueError("moge_geometry: wanted a perspective picture's, got a panorama's; use core's Run MoGe Inference")
    if len(K) != 1:
        raise ValueError(f"moge_geometry: wanted one photograph, got {len(K)}; for several connect Depth Anything 3 in multiview mode")
    height, width = images.shape[1:3]
    K = K.double().cpu() * torch.tensor([[width], [height], [1.0]], dtype=torch.float64)  # [1, 3, 3], from shares of the picture
    camera = replace(front_camera(max(width, height)), K=K.float(), width=width, height=height)
    return Cameras.checked(camera.w2c, camera.K, width, height), f"MoGe: {PLACED}"


def _straighten(rotation: Tensor) -> tuple[Tensor, float]:
    """The nearest rotations [V, 3, 3], and the largest error of an element.

    Raises:
        ValueError: if the matrices are no rotations but for the rounding of half precision.
    """
    if torch.isfinite(rotation).all() and (torch.linalg.det(rotation) > 0).all():
        exact = rotation_from_quaternion(quaternion_from_rotation(rotation))
        error = float((exact - rotation).abs().max())
        if error <= ROUNDED:
            return exact, error
    raise ValueError("da3_geometry: wanted rotations, got matrices that are none; try the other pose_method in Run Depth Anything 3")
