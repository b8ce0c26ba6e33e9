"""Photographs that a camera file lists more than once."""

from __future__ import annotations

import os
from dataclasses import replace

from torch import Tensor

from ...camera.cameras import Cameras
from .left_out import LeftOut, check_usable, name_files
from .posed_files import PosedFiles

SAME = 1e-3  # of the scene's extent, of the rotation's entries and of the focal length: what rounding in files makes of one camera


def leave_out_repeats(posed: PosedFiles) -> PosedFiles:
    """Each photograph once. Where its cameras differ, nothing tells which is right, and it is left out.

    Raises:
        ValueError: if none is left.
    """
    places: dict[str, list[int]] = {}
    for i, path in enumerate(posed.paths):
        places.setdefault(os.path.realpath(path), []).append(i)
    if len(places) == len(posed.paths):
        return posed
    centers = posed.cameras.centers
    extent = (centers - centers.mean(0)).norm(dim=-1).max()
    kept, left_out, names = [], list(posed.left_out), name_files(posed.paths)
    for indices in places.values():
        agree = all(_is_same_camera(posed.cameras, indices[0], i, extent) for i in indices[1:])
        kept += indices[:1] if agree else []
        for i in indices[1:] if agree else indices:
            reason = "is listed again with the same camera; it is loaded once"
            if not agree:
                reason = f"is listed {len(indices)} times with different cameras; keep the entry that is right"
            left_out.append(LeftOut(names[i], reason))
    check_usable(len(kept), left_out, 1, posed.format)
    return replace(posed.select(sorted(kept)), left_out=tuple(left_out))


def _is_same_camera(
    cameras: Cameras,
    i: int,
    j: int,
    extent: Tensor,  # []
) -> bool:
    if (cameras.centers[i] - cameras.centers[j]).norm() > SAME * extent:
        return False
    turn, focal = (cameras.w2c[i, :3, :3] - cameras.w2c[j, :3, :3]).abs().max(), cameras.K[i, 0, 0]
    return bool(turn <= SAME) and bool((cameras.K[i] - cameras.K[j]).abs().max() <= SAME * focal)
