"""Folders of posed photographs: found, read, freed of lens distortion, cropped square about the principal point, and resized.

Pixels are taken as they are stored. Structure from motion ignores the EXIF orientation, so the cameras are those of the stored pixels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import comfy.model_management
import comfy.utils
import folder_paths
import numpy as np
import torch
from einops import rearrange
from PIL import Image
from torch import Tensor
from torch.nn.functional import grid_sample, interpolate

from ...mvcustom_core.concept.concept import choose_references
from ...mvcustom_core.geometry.cameras import Cameras
from ...mvcustom_core.geometry.formats.colmap_text import read_colmap_text
from ...mvcustom_core.geometry.formats.posed_files import PosedFiles, check_images
from ...mvcustom_core.geometry.formats.transforms_json import read_transforms_json
from ...mvcustom_core.geometry.rays import cell_centers

T = TypeVar("T")

TRANSFORMS = "transforms.json"
MODELS = ("", "sparse/0", "sparse")  # where a COLMAP model may lie in the folder
EXIF_ORIENTATION = 0x0112
NO_MASKS = (
    "masks: none found, so the masks output is white all over and does not show the subject; leave it unconnected, or make masks with a "
    "background remover"
)


@dataclass(frozen=True, eq=False)
class LoadedPhotographs:
    """N square photographs.

    Attributes:
        images: [N, 3, size, size] in 0..1.
        masks: [N, 1, size, size] in 0..1, one on the subject; None if nothing says where it is.
        cameras: N cameras of the images' size, in the world they were given in.
        notes: what was done to the photographs, for people to read.
    """

    images: Tensor
    masks: Tensor | None
    cameras: Cameras
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Square:
    """A square of an image in pixels, and the size that it is resampled to."""

    left: int
    top: int
    side: int
    size: int

    def resample(self, picture: Tensor) -> Tensor:
        """[C, H, W] of the whole image, or [C, side, side] of the square, to [C, size, size]."""
        if picture.shape[-2:] != (self.side, self.side):
            picture = picture[:, self.top : self.top + self.side, self.left : self.left + self.side]
        return interpolate(picture[None], (self.size, self.size), mode="bilinear", antialias=True)[0].clamp(0, 1)


def locate_input(name: str, kind: str = "folder") -> Path:
    """The folder or file that a user wrote: absolute, or relative to ComfyUI's input folder.

    Raises:
        ValueError: if there is none of that kind.
    """
    path = Path(folder_paths.get_input_directory(), name.strip().strip('"'))  # an absolute path replaces the input folder
    if not (path.is_dir() if kind == "folder" else path.is_file()):
        raise ValueError(f"{kind}: wanted a {kind}, absolute or inside {folder_paths.get_input_directory()}, got {name!r}")
    return path


def locate_camera_files(folder: Path) -> tuple[Path, ...]:
    """The files that hold the cameras of a folder's photographs: one transforms.json, or cameras and images of a COLMAP model.

    Raises:
        ValueError: if the folder has neither.
    """
    if (folder / TRANSFORMS).is_file():
        return (folder / TRANSFORMS,)
    for model in (folder / name for name in MODELS):
        if any((model / name).is_file() for name in ("images.txt", "cameras.txt", "images.bin")):
            return model / "cameras.txt", model / "images.txt"
    raise ValueError(f"folder: wanted {TRANSFORMS}, or cameras.txt and images.txt (also in sparse/0), in {folder}, found neither")


def read_folder(folder: Path) -> PosedFiles:
    """Cameras, image files and mask files of a folder, without decoding pictures.

    A folder `masks` beside the cameras is looked through where the camera file names no masks: image.jpg.png (as COLMAP writes it) or
    image.png belongs to image.jpg.

    Raises:
        ValueError: naming the file and what is wrong with it.
    """
    camera_files = locate_camera_files(folder)
    images = folder / "images" if (folder / "images").is_dir() else folder
    posed = read_transforms_json(camera_files[0]) if len(camera_files) == 1 else read_colmap_text(camera_files[0].parent, images)
    if posed.masks is None and (folder / "masks").is_dir():
        posed = replace(posed, masks=_find_masks(posed, images, folder / "masks"))
    return posed


def fingerprint_folder(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Name, time and size of every file that the folder's photographs are made of: it differs where they may."""
    posed = read_folder(folder)
    files = (*locate_camera_files(folder), *posed.paths, *(posed.masks or ()))
    return tuple((str(file), file.stat().st_mtime_ns, file.stat().st_size) for file in files)


def load_photographs(posed: PosedFiles, size: int, limit: int = 0, masks: Tensor | None = None) -> LoadedPhotographs:
    """Decode photographs into squares.

    Args:
        size: side of the squares in pixels.
        limit: number of photographs, taken at equal spacing; 0 takes all.
        masks: [V, H, W] masks of all the files, at their size, instead of the files' own.

    Raises:
        ValueError: for an image that cannot be read, or masks that do not fit the files.
    """
    width, height = posed.cameras.width, posed.cameras.height
    if masks is not None and tuple(masks.shape) != (len(posed.paths), height, width):
        raise ValueError(
            f"masks: wanted {len(posed.paths)} of {width}x{height} pixels, one per photograph of the folder in its order, got "
            f"{len(masks)} of {masks.shape[-1]}x{masks.shape[-2]}; take them from the original photographs"
        )
    chosen = choose_references(posed.paths, limit) if limit else list(range(len(posed.paths)))
    square = _square_about_principal_point(posed.cameras, size)
    pictures = [_load_picture(posed, i, square, masks) for i in with_progress(chosen)]
    colors, found, notes = zip(*pictures, strict=True)
    stack = None if any(mask is None for mask in found) else torch.stack(found)
    if masks is None and posed.masks is None and stack is not None and stack.min() == 1:
        stack = None  # an alpha channel that is opaque everywhere shows nothing
    cameras = posed.cameras[chosen].crop(square.left, square.top, square.side, square.side).resize(size, size)
    return LoadedPhotographs(torch.stack(colors), stack, cameras, (*_describe(posed, square, chosen), *_count(notes)))


def with_progress(items: Sequence[T]) -> Iterator[T]:
    """Go through items, moving ComfyUI's progress bar and stopping where the user interrupts."""
    bar = comfy.utils.ProgressBar(len(items))
    for item in items:
        comfy.model_management.throw_exception_if_processing_interrupted()
        yield item
        bar.update(1)


def _square_about_principal_point(cameras: Cameras, size: int) -> _Square:
    """The largest square within the images that is as central about the mean principal point as the border allows."""
    side = min(cameras.width, cameras.height)
    x, y = cameras.K[:, :2, 2].mean(0).tolist()
    left, top = (min(max(round(at - side / 2), 0), extent - side) for at, extent in ((x, cameras.width), (y, cameras.height)))
    return _Square(left, top, side, size)


def _load_picture(posed: PosedFiles, index: int, square: _Square, masks: Tensor | None) -> tuple[Tensor, Tensor | None, list[str]]:
    """Colours [3, size, size], mask [1, size, size] or None, and notes of one photograph."""
    color, mask, notes = _decode(posed.paths[index])
    if masks is not None:
        mask = masks[index, None].float().cpu()
    elif posed.masks is not None:
        mask = _decode_mask(posed.masks[index])
    if posed.distortion is not None:
        grid = _distorted_grid(posed.cameras.K[index], posed.distortion[index], square, color.shape[-2:])  # [1, side, side, 2]
        color = grid_sample(color[None], grid, padding_mode="border", align_corners=False)[0]
        mask = None if mask is None else grid_sample(mask[None], grid, padding_mode="zeros", align_corners=False)[0]
        if grid.abs().max() > 1:
            notes.append("reach beyond the photograph after the lens was corrected; their border is repeated there")
    return square.resample(color), None if mask is None else square.resample(mask), notes


def _decode(path: Path) -> tuple[Tensor, Tensor | None, list[str]]:
    """Colours [3, H, W] on white, alpha [1, H, W] where the file has one, and notes."""
    image = _open(path)
    notes = []
    if image.getexif().get(EXIF_ORIENTATION, 1) != 1:
        notes.append("have an EXIF orientation, which is ignored, as structure from motion ignores it: they may lie on their side")
    if not image.has_transparency_data:
        return _pixels(image.convert("RGB")), None, notes
    color, alpha = _pixels(image.convert("RGBA")).split([3, 1])
    notes.append("are transparent in part; they are laid on white")
    return color * alpha + (1 - alpha), alpha, notes


def _decode_mask(path: Path) -> Tensor:
    """[1, H, W] in 0..1."""
    return _pixels(_open(path).convert("L"))


def _open(path: Path) -> Image.Image:
    try:
        with Image.open(path) as image:
            image.load()
    except (OSError, SyntaxError) as error:  # Pillow's decoders raise SyntaxError for some broken files
        raise ValueError(f"{path}: wanted an image that can be read, got: {error}; replace the file") from error
    if image.mode.startswith(("I", "F")):
        raise ValueError(f"{path}: wanted 8 bits per channel, got Pillow's mode {image.mode}; convert the image")
    return image


def _pixels(image: Image.Image) -> Tensor:
    """[C, H, W] in 0..1."""
    return rearrange(torch.from_numpy(np.atleast_3d(np.array(image))), "H W C -> C H W").float() / 255


def _distorted_grid(K: Tensor, distortion: Tensor, square: _Square, extent: Sequence[int]) -> Tensor:
    """Where in the image on disk the pixels of the undistorted square lie, for `grid_sample`: [1, side, side, 2].

    OpenCV's model of radial (k1, k2) and tangential (p1, p2) distortion of normalised image points.
    """
    focal, middle = torch.stack([K[0, 0], K[1, 1]]), K[:2, 2]
    pixels = cell_centers(square.side, square.side, dtype=K.dtype) + K.new_tensor([square.left, square.top])
    x, y = ((pixels - middle) / focal).unbind(-1)
    k1, k2, p1, p2 = distortion
    r2 = x * x + y * y
    radial = 1 + k1 * r2 + k2 * r2 * r2
    bent = torch.stack([x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x), y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y], dim=-1)
    height, width = extent
    grid = (bent * focal + middle) * 2 / K.new_tensor([width, height]) - 1
    return grid.reshape(1, square.side, square.side, 2)


def _find_masks(posed: PosedFiles, image_folder: Path, mask_folder: Path) -> tuple[Path, ...]:
    """The mask file of every image."""
    found = []
    for path in posed.paths:
        name = path.relative_to(image_folder) if path.is_relative_to(image_folder) else Path(path.name)
        candidates = [mask_folder / name.with_name(name.name + ".png"), mask_folder / name.with_suffix(".png"), mask_folder / name]
        found.append(next((candidate for candidate in candidates if candidate.is_file()), candidates[0]))
    check_images(found, (posed.cameras.width, posed.cameras.height))
    return tuple(found)


def _describe(posed: PosedFiles, square: _Square, chosen: Sequence[int]) -> list[str]:
    """What was done to all photographs alike."""
    width, height = posed.cameras.width, posed.cameras.height
    verb = "enlarged to" if square.size > square.side else "reduced to" if square.size < square.side else "kept at"
    crop = f"{square.side}x{square.side} at ({square.left}, {square.top})"
    lines = [f"photographs: {len(chosen)} of {len(posed.paths)}", f"size: {width}x{height}, cropped to {crop}, {verb} {square.size}"]
    if posed.distortion is not None:
        lines.append("lens: distortion corrected")
    return lines


def _count(notes: Sequence[list[str]]) -> list[str]:
    """Each different note once, with the number of photographs that it holds for."""
    every = [note for one in notes for note in one]
    return [f"note: {every.count(note)} photographs {note}" for note in dict.fromkeys(every)]
