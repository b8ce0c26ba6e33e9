"""Matches features of posed photographs or views, and keeps what their cameras allow."""

from __future__ import annotations

import tempfile
from pathlib import Path

import folder_paths
from torch import Tensor

from ....mvcustom_core.camera.cameras import Cameras
from ....mvcustom_core.camera.matches import verify_matches
from ....mvcustom_core.capture.solving import match_pictures
from ....mvcustom_core.progress import Progress


def find_matches(images: Tensor, cameras: Cameras, progress: Progress, masks: Tensor | None = None) -> dict[tuple[int, int], Tensor]:
    """Matched features of pictures [V, 3, H, W] of the cameras' size: for pairs i < j [N, 4], x and y in i and in j, in pixels.

    Args:
        masks: [V, 1, H, W]; features are looked for where they exceed one half.

    Raises:
        ValueError: if pycolmap is missing.
    """
    temporary = Path(folder_paths.get_temp_directory())
    temporary.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="mvcustom_match_", dir=temporary) as folder:
        matches = match_pictures(images.cpu(), Path(folder), progress, None if masks is None else masks.cpu())
    return verify_matches(matches, cameras)
