"""Plain photographs in a graph: their cameras found, the unplaced photographs left out, with progress and cancelling."""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass
from pathlib import Path

import comfy.model_management
import comfy.utils
import folder_paths
import torch
from torch import Tensor

from ....mvcustom_core.camera.cameras import Cameras
from ....mvcustom_core.camera.normalisation import normalise_scene
from ....mvcustom_core.camera.rigid import turn_upright
from ....mvcustom_core.capture.solution import WALK, choose_model, describe_model
from ....mvcustom_core.capture.solving import solve_cameras
from ..host.tensors import images_from_comfy, masks_from_comfy
from .report import NO_MASKS

STEPS = 1000  # of the progress bar


@dataclass(frozen=True, eq=False)
class SolvedPhotographs:
    """The photographs that have been placed.

    Attributes:
        images: IMAGE [N, H, W, 3].
        masks: MASK [N, H, W], white all over if none were given.
        cameras: one for each, upright, the subject at the origin and the farthest camera at distance 1.
        notes: what was found, for people to read.
    """

    images: Tensor
    masks: Tensor
    cameras: Cameras
    notes: tuple[str, ...]


def solve_photographs(image: Tensor, mask: Tensor | None, focal: float | None, on_subject: bool) -> SolvedPhotographs:
    """Find the cameras of photographs.

    Args:
        image: IMAGE [V, H, W, C].
        mask: MASK [V, H, W], white on the subject, or None.
        focal: focal length in pixels; None finds it.
        on_subject: look for features where the masks are white only.

    Raises:
        ValueError: if pycolmap is missing, the inputs do not fit, or the photographs do not give cameras to be trusted.
    """
    _check_masks(image, mask, on_subject)
    bar = comfy.utils.ProgressBar(STEPS)

    def report(share: float) -> None:
        comfy.model_management.throw_exception_if_processing_interrupted()
        bar.update_absolute(round(STEPS * share))

    shown = masks_from_comfy(mask) if on_subject and mask is not None else None
    temporary = Path(folder_paths.get_temp_directory())
    temporary.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="mvcustom_solve_", dir=temporary) as folder:
        attempt = solve_cameras(images_from_comfy(image), Path(folder), report, masks=shown, focal=focal)
    model = choose_model(attempt)
    try:
        cameras, _ = normalise_scene(turn_upright(model.cameras))
    except ValueError as error:
        reason = str(error).partition(";")[0]  # its advice is for callers who can give the numbers
        raise ValueError(f"{reason}; {WALK}, aiming at it") from error
    placed = list(model.indices)
    masks = torch.ones(image.shape[:3]) if mask is None else mask
    notes = (*describe_model(attempt, model), *([NO_MASKS] if mask is None else []))
    return SolvedPhotographs(image[placed, ..., :3], masks[placed], cameras, notes)


def focal_from_field(width: int, field_deg: float) -> float:
    """Focal length in pixels of pictures of a width that show a field of view from left to right."""
    return width / 2 / math.tan(math.radians(field_deg) / 2)


def _check_masks(image: Tensor, mask: Tensor | None, on_subject: bool) -> None:
    if mask is None:
        if on_subject:
            raise ValueError("masks: wanted masks to look for features on the subject, got none; connect them or choose 'everywhere'")
        return
    if mask.shape != image.shape[:3]:
        wanted, got = (f"{len(x)} of {x.shape[2]}x{x.shape[1]} pixels" for x in (image, mask))
        raise ValueError(f"masks: wanted {wanted}, one for each image, got {got}; make them from these images")
