"""Prepares posed photographs: selects, reads and crops them, and moves the subject to the origin of the world."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import comfy.model_management
import comfy.utils
import torch
from torch import Tensor

from ....mvcustom_core.camera.cameras import Cameras, concatenate_cameras
from ....mvcustom_core.camera.crop import Square, central_square, square_about_mask, whole_square
from ....mvcustom_core.camera.framing import check_subject_seen
from ....mvcustom_core.camera.normalisation import SceneNormalisation, normalise_scene
from ....mvcustom_core.camera.reading import AS_READ, find_other_reading
from ....mvcustom_core.capture.files.image_file import Size
from ....mvcustom_core.capture.files.left_out import LeftOut, check_usable
from ....mvcustom_core.capture.files.mask import check_subject_shown
from ....mvcustom_core.capture.files.pictures import Picture
from ....mvcustom_core.concept.concept import choose_references
from .source import PhotographSource

T = TypeVar("T")

FEWEST = 3  # photographs that fix where the subject is
CENTRAL, WHOLE, SUBJECT = "largest square", "whole photograph", "subject"
OPAQUE = 0.5 / 255  # a mask that is less than this below one is one but for rounding
UNUSED = "have transparency that is not taken for masks, because other photographs have none; make masks for all, or for none"
BY_HAND = "photograph the subject from several sides, aiming at it, or give subject_center and scene_radius"


@dataclass(frozen=True)
class PhotographSettings:
    """The choices that a user makes for photographs.

    Attributes:
        size: side of the squares in pixels.
        skip: number of photographs to skip after each one that is used.
        limit: maximum number of photographs, at equal spacing among the remaining ones; 0 uses all.
        crop: CENTRAL, WHOLE or SUBJECT.
        center: centre of the subject in the world of the given cameras; None: the point nearest to all optical axes.
        radius: length in that world that becomes 1; None: the distance of the farthest camera from the centre.
    """

    size: int
    skip: int = 0
    limit: int = 0
    crop: str = CENTRAL
    center: tuple[float, float, float] | None = None
    radius: float | None = None

    def choose(self, count: int) -> list[int]:
        chosen = range(0, count, self.skip + 1)
        return [chosen[i] for i in choose_references(chosen, self.limit)] if self.limit else list(chosen)


@dataclass(frozen=True, eq=False)
class PreparedPhotographs:
    """N square photographs.

    Attributes:
        images: [N, 3, size, size] in 0..1.
        masks: [N, 1, size, size] in 0..1, one on the subject; None if nothing says where it is.
        cameras: of the squares, subject at the origin.
        world: how the world came about.
        sizes: (width, height) of the N photographs.
        squares: where the pictures were cut out of the photographs.
        left_out: what is not among them although it was chosen or listed, each with the reason.
        notes: of each photograph.
    """

    images: Tensor  # [N, 3, size, size]
    masks: Tensor | None  # [N, 1, size, size]
    cameras: Cameras
    world: SceneNormalisation
    sizes: tuple[Size, ...]
    squares: tuple[Square, ...]
    left_out: tuple[LeftOut, ...]
    notes: tuple[tuple[str, ...], ...]


def prepare_photographs(source: PhotographSource, settings: PhotographSettings) -> PreparedPhotographs:
    """Normalise the world from all cameras, and read the selected photographs as square crops.

    Raises:
        ValueError: if there are too few, if the cameras do not say where the subject is, or if most photographs do not show it.
    """
    check_usable(len(source.names), source.left_out, FEWEST, source.origin[0])
    cameras, world = _settle_world(source, settings)
    chosen = settings.choose(len(source.names))
    source = replace(source, cameras=cameras)
    central = _place_central_squares(source)
    pictures, squares, used, shown, left_out = [], [], [], [], list(source.left_out)
    for i in with_progress(chosen):
        try:
            picture = source.read(i)
            if picture.mask is not None:
                check_subject_shown(picture.mask)
            square = _place_square(picture, settings.crop, central[source.sizes[i]])
        except ValueError as error:
            left_out.append(LeftOut.because(source.names[i], error))
            continue
        pictures.append(_cut(picture, square, settings.size))
        shown.append(_is_shown(picture))
        squares.append(square)
        used.append(i)
    check_usable(len(used), left_out, min(FEWEST, len(chosen)), source.origin[0])
    masks = _join_masks(pictures) if source.masks_from is not None or any(shown) else None
    return PreparedPhotographs(
        images=torch.stack([picture.color for picture in pictures]),
        masks=masks,
        cameras=concatenate_cameras(*(square.cut_camera(source.camera(i), settings.size) for i, square in zip(used, squares, strict=True))),
        world=world,
        sizes=tuple(source.sizes[i] for i in used),
        squares=tuple(squares),
        left_out=tuple(left_out),
        notes=tuple(each.notes + ((UNUSED,) if masks is None and said else ()) for each, said in zip(pictures, shown, strict=True)),
    )


def parse_center(text: str) -> tuple[float, float, float] | None:
    """Parse a point that a user wrote as three numbers. An empty text gives None.

    Raises:
        ValueError: if the text is not three finite numbers.
    """
    words = text.replace(",", " ").split()
    if not words:
        return None
    try:
        x, y, z = map(float, words)
    except ValueError as error:
        raise ValueError(f"subject_center: wanted three numbers such as 0.5, 0, -1.2, or nothing, got {text!r}") from error
    if not all(map(math.isfinite, (x, y, z))):
        raise ValueError(f"subject_center: wanted finite numbers, got {text!r}")
    return x, y, z


def with_progress(items: Sequence[T]) -> Iterator[T]:
    """Iterate over items with ComfyUI's progress bar, and stop if the user cancels."""
    bar = comfy.utils.ProgressBar(len(items))
    for item in items:
        comfy.model_management.throw_exception_if_processing_interrupted()
        yield item
        bar.update(1)


def _settle_world(source: PhotographSource, settings: PhotographSettings) -> tuple[Cameras, SceneNormalisation]:
    center = None if settings.center is None else torch.tensor(settings.center, dtype=torch.float64)
    try:
        cameras, world = normalise_scene(source.cameras, center, settings.radius)
        check_subject_seen(cameras)
    except ValueError as error:
        reason = str(error).partition(";")[0]  # its advice knows no widgets
        raise ValueError(f"{source.origin[0]}: {reason}; {_advise(source)}") from error
    return cameras, world


def _advise(source: PhotographSource) -> str:
    """What to do about cameras that do not look at one subject: they may be of another convention than their file should have."""
    reading = find_other_reading(source.cameras)
    if reading is None:
        return BY_HAND
    opengl = any(line.startswith("format: ") and line.endswith(".json") for line in source.origin)
    return f"the cameras seem to be {reading.describe(opengl)}, wanted {AS_READ.describe(opengl)}; convert them"


def _place_central_squares(source: PhotographSource) -> dict[Size, Square]:
    """For photographs of one size one square, which their cameras place together."""
    members: dict[Size, list[int]] = {}
    for i, size in enumerate(source.sizes):
        members.setdefault(size, []).append(i)
    return {size: central_square(source.cameras[indices].resize(*size)) for size, indices in members.items()}


def _place_square(picture: Picture, crop: str, central: Square) -> Square:
    if crop == WHOLE:
        return whole_square(picture.color.shape[-1], picture.color.shape[-2])
    if crop != SUBJECT:
        return central
    if picture.mask is None:
        raise ValueError("wanted a mask to cut about the subject, got none; choose another crop, or connect masks")
    return square_about_mask(picture.mask)


def _join_masks(pictures: Sequence[Picture]) -> Tensor | None:
    """[N, 1, size, size], or None if not every picture has one."""
    masks = [picture.mask for picture in pictures if picture.mask is not None]
    return torch.stack(masks) if len(masks) == len(pictures) else None


def _is_shown(picture: Picture) -> bool:
    """Whether the mask of a whole photograph leaves out something that the lens saw; an opaque alpha channel does not."""
    if picture.mask is None:
        return False
    seen = torch.ones_like(picture.mask) if picture.seen is None else picture.seen
    return bool((picture.mask < seen - OPAQUE).any())


def _cut(picture: Picture, square: Square, size: int) -> Picture:
    """Crop the square of a photograph to a new picture, [C, size, size]."""
    notes = picture.notes
    if picture.seen is not None and square.cut(1 - picture.seen, square.side).max() > 0:
        notes += ("reach beyond the photograph after the lens was corrected; their border is repeated there",)
    return Picture(square.cut(picture.color, size), None if picture.mask is None else square.cut(picture.mask, size), None, notes)
