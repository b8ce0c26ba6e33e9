"""What the camera path widget is told after a run: the base cameras, and a sheet of small pictures of the photographs."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from ....mvcustom_core.camera.cameras import Cameras
from ....mvcustom_core.camera.rigid import upright_direction

CELL = 64  # pixels


def describe_base(cameras: Cameras) -> dict[str, Any]:
    """The cameras as numbers for JSON, with the up direction of their scene.

    Each camera has 18: camera-from-world without its last row, row by row, then fx, fy, cx, cy, width and height in pixels.
    """
    exact = cameras.to("cpu", torch.float64)
    lenses = exact.K[:, (0, 1, 0, 1), (0, 1, 2, 2)]  # [V, 4]
    sizes = lenses.new_tensor([[cameras.width, cameras.height]]).expand(len(cameras), 2)
    rows = torch.cat([exact.w2c[:, :3].flatten(1), lenses, sizes], dim=1)  # [V, 18]
    return {"cameras": rows.tolist(), "up": list(upright_direction(cameras))}


def make_sheet(
    images: Tensor,  # IMAGE [V, H, W, 3]
) -> tuple[Tensor, int, int]:
    """One picture of all photographs, each in a square cell that it fills, row by row.

    Returns:
        IMAGE [1, rows * CELL, columns * CELL, 3], columns and rows.
    """
    columns = math.ceil(math.sqrt(len(images)))
    rows = math.ceil(len(images) / columns)
    sheet = torch.zeros(rows * columns, CELL, CELL, 3)
    for cell, image in zip(sheet, images, strict=False):  # one by one: a batch of large photographs is large
        small = interpolate(image[None].movedim(-1, 1).float(), (CELL, CELL), mode="area")  # [1, 3, CELL, CELL]
        cell.copy_(small[0].movedim(0, -1))
    return sheet.unflatten(0, (rows, columns)).transpose(1, 2).reshape(1, rows * CELL, columns * CELL, 3), columns, rows
