"""Point clouds in the Stanford polygon format (.ply), binary and little-endian: x, y, z as float32; red, green, blue as bytes."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from ...shapes import check_shape

RECORD = np.dtype([("position", "<f4", 3), ("color", "u1", 3)])
PROPERTIES = [*(f"property float {name}" for name in "xyz"), *(f"property uchar {name}" for name in ("red", "green", "blue"))]


def encode_ply(
    points: Tensor,  # [N, 3]
    colors: Tensor,  # [N, 3] in 0..1
) -> bytes:
    """The file's bytes.

    Raises:
        ValueError: if the shapes do not fit.
    """
    check_shape(points, "N 3", colors, "N 3")
    table = np.zeros(len(points), RECORD)
    table["position"] = points.float().cpu().numpy()
    table["color"] = (colors * 255).round().clamp(0, 255).byte().cpu().numpy()
    header = ["ply", "format binary_little_endian 1.0", f"element vertex {len(points)}", *PROPERTIES, "end_header"]
    return ("\n".join(header) + "\n").encode("ascii") + table.tobytes()
