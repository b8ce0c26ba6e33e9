"""Solves the cameras of plain photographs inside a workflow, with a progress bar and cancellation; drops those without a camera."""

from __future__ import annotations

import math
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import comfy.model_management
import comfy.utils
import folder_paths
from torch import Tensor

from ....mvcustom_core.camera.cameras import Cameras
from ....mvcustom_core.camera.normalisation import normalise_scene
from ....mvcustom_core.camera.rigid import turn_upright
from ....mvcustom_core.capture.canvas import Canvas, share_canvas
from ....mvcustom_core.capture.solution import WALK, Attempt, choose_model, describe_model
from ....mvcustom_core.capture.solving import solve_cameras
from ..host.advice import advise
from ..host.tensors import images_to_comfy, masks_to_comfy, read_images, read_masks
from .report import NO_MASKS

STEPS = 1000  # of the progress bar
ADVICE = {"photographs:": "connect all of them as one batch or one list"}


@dataclass(frozen=True, eq=False)
class SolvedPhotographs:
    """The photographs whose cameras were found.

    Attributes:
        images: IMAGE [N, H, W, 3].
        masks: MASK [N, H, W]; white everywhere if none were given.
        cameras: the N cameras; the world is upright, with the subject at the origin and the farthest camera at distance 1.
        notes: lines of the report.
    """

    images: Tensor
    masks: Tensor
    cameras: Cameras
    notes: tuple[str, ...]


@dataclass(frozen=True)
class KnownLens:
    """What the user knows of the lens: at most one of the two. If photographs have several sizes, it is that of the first one.

    Attributes:
        focal: focal length in pixels.
        field_deg: horizontal field of view in degrees.
    """

    focal: float | None = None
    field_deg: float | None = None

    def measure(self, width: int) -> float | None:
        """The focal length in pixels for pictures of this width; None if it is unknown."""
        return self.focal if self.field_deg is None else width / 2 / math.tan(math.radians(self.field_deg) / 2)


def solve_photographs(images: Sequence[Tensor], masks: Sequence[Tensor] | None, lens: KnownLens, on_subject: bool) -> SolvedPhotographs:
    """Find the cameras of photographs. If they have several sizes, the placed ones are returned as central squares.

    Args:
        images: batches IMAGE [V, H, W, C].
        masks: batches MASK [V, H, W], white on the subject, or None.
        lens: what the user knows of the lens.
        on_subject: look for features only where the masks are white.

    Raises:
        ValueError: if pycolmap is missing, the inputs do not fit, or the photographs give no reliable cameras.
    """
    if on_subject and masks is None:
        raise ValueError("masks: wanted masks to look for features on the subject, got none; connect them or choose 'everywhere'")
    photographs = [picture for batch in images for picture in read_images(batch, "images").cpu()]
    shown = None if masks is None else [mask for batch in masks for mask in read_masks(batch, "masks").cpu()]
    if shown is not None:
        _check_masks(photographs, shown)
    with advise(ADVICE):
        canvas = share_canvas(photographs, shown)
        focal = lens.measure(photographs[0].shape[2])
        attempt = _solve(canvas, None if focal is None else focal * canvas.scales[0], on_subject)
    model = choose_model(attempt)
    try:
        cameras, _ = normalise_scene(turn_upright(model.cameras))
    except ValueError as error:
        reason = str(error).partition(";")[0]  # its advice is for callers who can give the numbers
        raise ValueError(f"{reason}; {WALK}, aiming at it") from error
    placed = list(model.indices)
    white = canvas.inside if canvas.masks is None else canvas.masks
    notes = (*describe_model(attempt, model), *_describe_sizes(photographs, canvas), *([NO_MASKS] if masks is None else []))
    return SolvedPhotographs(
        images_to_comfy(canvas.cut(canvas.images[placed])),
        masks_to_comfy(canvas.cut(white[placed])),
        cameras.crop(canvas.left, canvas.top, canvas.width, canvas.height),
        notes,
    )


def _solve(canvas: Canvas, focal: float | None, on_subject: bool) -> Attempt:
    """Run structure from motion in a temporary folder, with progress and cancellation."""
    bar = comfy.utils.ProgressBar(STEPS)

    def report(share: float) -> None:
        comfy.model_management.throw_exception_if_processing_interrupted()
        bar.update_absolute(round(STEPS * share))

    looked_at = canvas.masks if on_subject else None if canvas.inside.all() else canvas.inside
    temporary = Path(folder_paths.get_temp_directory())
    temporary.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="mvcustom_solve_", dir=temporary) as folder:
        return solve_cameras(canvas.images, Path(folder), report, masks=looked_at, focal=focal)


def _check_masks(photographs: Sequence[Tensor], masks: Sequence[Tensor]) -> None:
    wanted, got = ([tuple(picture.shape[1:]) for picture in pictures] for pictures in (photographs, masks))
    if wanted != got:
        raise ValueError(f"masks: wanted {_count_sizes(wanted)}, one for each image, got {_count_sizes(got)}; make them from these images")


def _count_sizes(sizes: Sequence[tuple[int, ...]]) -> str:
    return " and ".join(f"{count} of {width}x{height}" for (height, width), count in Counter(sizes).items()) + " pixels"


def _describe_sizes(photographs: Sequence[Tensor], canvas: Canvas) -> Iterator[str]:
    sizes = [tuple(picture.shape[1:]) for picture in photographs]
    if len(set(sizes)) > 1:
        longer = max(canvas.images.shape[-2:])
        yield (
            f"sizes: {_count_sizes(sizes)}; taken for whole pictures by one lens, with a longer side of {longer} pixels each; the "
            f"outputs are their central squares of {canvas.width} pixels"
        )
