"""Features that COLMAP has matched, as points of the pictures, and what makes small pictures fit for it."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

ENOUGH = 256  # pixels of the longer side, to which smaller pictures are enlarged
ENLARGEMENTS = (1, 2, 4)


def enlarge_pictures(images: Tensor) -> tuple[Tensor, int]:
    """Pictures [V, 3, H, W] in which SIFT finds something, and by what factor they were enlarged for it."""
    longer = max(images.shape[-2:])
    factor = next((factor for factor in ENLARGEMENTS if factor * longer >= ENOUGH), ENLARGEMENTS[-1])
    if factor > 1:
        images = F.interpolate(images.float(), scale_factor=factor, mode="bicubic", align_corners=False).clamp(0, 1)
    return images, factor


def read_matches(colmap: ModuleType, path: Path, factor: int) -> dict[tuple[int, int], Tensor]:
    """The matches in a database, before any geometric check, as `match_pictures` returns them.

    Args:
        factor: by which the pictures were enlarged.
    """
    with colmap.Database.open(path) as database:
        images = sorted(database.read_all_images(), key=lambda image: image.name)
        points = [database.read_keypoints(image.image_id)[:, :2] / factor for image in images]
        found = {}
        for second, other in enumerate(images):
            for first, image in enumerate(images[:second]):
                if not database.exists_matches(image.image_id, other.image_id):
                    continue
                pairs = database.read_matches(image.image_id, other.image_id)  # [N, 2] feature numbers
                ends = np.concatenate([points[first][pairs[:, 0]], points[second][pairs[:, 1]]], axis=1)  # [N, 4]
                found[first, second] = torch.from_numpy(ends.astype(np.float32))
    return found
