"""What the camera files of a photographed scene say: cameras, the image file of each, and the frames that cannot be used."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from ...camera.cameras import Cameras, make_intrinsics
from ...camera.lens import Lens
from .image_file import FIRST_ON_ITS_SIDE, Header, Size, list_turns, read_header
from .left_out import LeftOut, check_usable, describe_left_out
from .mask import check_masks, check_own_masks
from .matrix import make_rigid


@dataclass(frozen=True, eq=False)
class PosedFiles:
    """V cameras and their files.

    Attributes:
        cameras: in the file's own world and unit, all for pictures of one size, which most have. An image of another size counts as
            stretched to it; `camera` gives each camera for its image as it is.
        paths: V image files.
        masks: V mask files (black is ignored), or None.
        lenses: V lenses of the images as they are on disk, or None where all are pinholes. `cameras` are the pinhole part alone:
            undistort the images with these before use.
        left_out: what the camera file lists besides and why it is of no use.
        format: which kind of file it was, for people to read.
        sizes: V sizes (width, height) of the images, or None where all have that of `cameras`.
        turned: whether each of the V images is to be turned as its EXIF orientation says; `sizes` are those afterwards. None: none is.
        notes: what else is to be known about the set, in lines for people to read.
    """

    cameras: Cameras
    paths: tuple[Path, ...]
    masks: tuple[Path, ...] | None = None
    lenses: tuple[Lens, ...] | None = None
    left_out: tuple[LeftOut, ...] = ()
    format: str = ""
    sizes: tuple[Size, ...] | None = None
    turned: tuple[bool, ...] | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        count = len(self.cameras)
        for name in ("paths", "masks", "lenses", "sizes", "turned"):
            values = getattr(self, name)
            if values is not None and len(values) != count:
                raise ValueError(f"posed files: wanted one {SINGULAR[name]} per camera, got {len(values)} for {count} cameras")

    def size(self, index: int) -> Size:
        """Width and height of an image."""
        return (self.cameras.width, self.cameras.height) if self.sizes is None else self.sizes[index]

    def camera(self, index: int) -> Cameras:
        """The camera of an image, at the image's own size."""
        return self.cameras[index].resize(*self.size(index))

    def select(self, indices: Sequence[int]) -> PosedFiles:
        """Some of them."""
        fields = {name: getattr(self, name) for name in SINGULAR}
        chosen = {name: tuple(values[i] for i in indices) for name, values in fields.items() if values is not None}
        return replace(self, cameras=self.cameras[list(indices)], **chosen)

    def check_complete(self) -> None:
        """Raises ValueError if any frame was left out."""
        if self.left_out:
            raise ValueError(f"{self.format}: wanted every frame to be usable, got {describe_left_out(self.left_out)}")


TAKEN = "wanted an image of its own, got one that another entry of the camera file names; put the missing image in place"
SINGULAR = {"paths": "image", "masks": "mask", "lenses": "lens", "sizes": "size", "turned": "turn"}


@dataclass(frozen=True, eq=False)
class Frame:
    """One photograph as its camera file has it.

    Attributes:
        path, mask: its files.
        w2c: [4, 4] camera-from-world, OpenCV axes, float64.
        focal, middle: (x, y) in pixels.
        size: (width, height) that the camera is for.
        listed: what the camera file calls the image, where it was found elsewhere or under another spelling; empty otherwise.
        mask_listed: likewise of the mask.
    """

    path: Path
    w2c: Tensor  # [4, 4]
    focal: tuple[float, float]
    middle: tuple[float, float]
    size: Size
    lens: Lens = Lens()
    mask: Path | None = None
    listed: str = ""
    mask_listed: str = ""


@dataclass(frozen=True)
class Placement:
    """How an image meets its camera: whether it is turned as its EXIF orientation says, and its size afterwards."""

    turned: bool
    size: Size


def collect_frames(format: str, names: Sequence[str], read: Callable[[int], Frame]) -> PosedFiles:
    """Read frames one by one, and leave out those that are of no use, with the reason.

    An image at another scale than its camera is for takes a camera that is scaled along.

    Args:
        names: of the frames, for messages.
        read: gives frame i, or raises ValueError with the reason why there is none.

    Raises:
        ValueError: if no frame is usable, or if some of the masks are missing or of another size than their images.
    """
    frames, headers, turns, left_out = {}, {}, {}, []
    for i, name in enumerate(names):
        try:
            frame = read(i)
            frame = replace(frame, w2c=make_rigid(frame.w2c))
            _check_numbers(frame)
            headers[i] = read_header(frame.path)
            turns[i] = list_turns(frame.path, headers[i], frame.size)
            frames[i] = frame
        except ValueError as error:
            left_out.append(LeftOut.because(name, error))
    for i in _list_taken(frames):
        left_out.append(LeftOut(names[i], TAKEN, frames[i].path))
        del frames[i], headers[i], turns[i]
    check_usable(len(frames), left_out, 1, format)
    placements = _place_images(headers, turns)
    return _assemble(format, list(frames.values()), placements, tuple(left_out))


def _list_taken(frames: Mapping[int, Frame]) -> list[int]:
    """The frames whose own image is missing, and whose image found by name is that of a frame which names it as it is."""
    named = {os.path.realpath(frame.path) for frame in frames.values() if not frame.listed}
    return [i for i, frame in frames.items() if frame.listed and os.path.realpath(frame.path) in named]


def _check_numbers(frame: Frame) -> None:
    """Check one frame for itself, so that it does not spoil the set: `Cameras` are in single precision."""
    if min(frame.size) < 1:
        raise ValueError(f"wanted a picture size of at least one pixel, got {frame.size[0]}x{frame.size[1]}; correct the camera file")
    lens = (*frame.lens.radial, *frame.lens.tangential, *frame.lens.divisor)
    numbers = torch.tensor([*frame.w2c.flatten().tolist(), *frame.focal, *frame.middle, *lens], dtype=torch.float64)  # [N]
    if not torch.isfinite(numbers.float()).all():
        largest, most = float(numbers[numbers.abs().argmax()]), torch.finfo(torch.float32).max
        raise ValueError(f"wanted a camera in numbers below {most:.0e}, got {largest:.0e}; correct the camera file")


def _place_images(headers: Mapping[int, Header], turns: Mapping[int, tuple[bool, ...]]) -> list[Placement]:
    """Turn the images that fit their cameras in no other way, and those that fit in both ways as the former tell."""
    told = {ways[0] for i, ways in turns.items() if len(ways) == 1 and headers[i].orientation >= FIRST_ON_ITS_SIDE}
    otherwise = told == {True}  # without a sign the pixels stay as they are stored, as structure from motion takes them
    placements = []
    for i, ways in turns.items():
        turned = ways[0] if len(ways) == 1 else otherwise
        placements.append(Placement(turned, headers[i].turned_size if turned else headers[i].size))
    return placements


def _assemble(format: str, frames: Sequence[Frame], placements: Sequence[Placement], left_out: tuple[LeftOut, ...]) -> PosedFiles:
    sizes = [placement.size for placement in placements]
    common = Counter(sizes).most_common(1)[0][0]  # the first of the most common
    masks = None
    if any(frame.mask for frame in frames):
        check_masks([frame.mask for frame in frames], sizes)
        moved = [frame for frame in frames if frame.mask and frame.mask_listed]
        check_own_masks([frame.mask for frame in moved if frame.mask], [frame.path for frame in moved])
        masks = tuple(frame.mask for frame in frames if frame.mask)
    w2c = torch.stack([frame.w2c for frame in frames])  # [V, 4, 4]
    scales = torch.tensor([[common[0] / frame.size[0], common[1] / frame.size[1]] for frame in frames], dtype=torch.float64)  # [V, 2]
    focal = torch.tensor([frame.focal for frame in frames], dtype=torch.float64)
    middle = torch.tensor([frame.middle for frame in frames], dtype=torch.float64)
    K = make_intrinsics(focal * scales, middle * scales)  # of the pictures resized to the common size
    lenses = None if all(frame.lens.is_pinhole for frame in frames) else tuple(frame.lens for frame in frames)
    return PosedFiles(
        cameras=Cameras.checked(w2c.float(), K.float(), *common),
        paths=tuple(frame.path for frame in frames),
        masks=masks,
        lenses=lenses,
        left_out=left_out,
        format=format,
        sizes=None if set(sizes) == {common} else tuple(sizes),
        turned=tuple(placement.turned for placement in placements) if any(placement.turned for placement in placements) else None,
        notes=(*_describe_moves(frames), *_describe_scales(frames, sizes)),
    )


def _describe_moves(frames: Sequence[Frame]) -> tuple[str, ...]:
    moved = [frame for frame in frames if frame.listed]
    if not moved:
        return ()
    example = f"{moved[0].path} for {moved[0].listed!r}"
    return (f"found by name: {len(moved)} entries of the camera file have their pictures elsewhere, such as {example}",)


def _describe_scales(frames: Sequence[Frame], sizes: Sequence[Size]) -> tuple[str, ...]:
    scales = Counter((frame.size, size) for frame, size in zip(frames, sizes, strict=True) if frame.size != size)
    return tuple(
        f"cameras scaled: {count} entries of the camera file are for {width}x{height}, and their pictures are {found[0]}x{found[1]}"
        for ((width, height), found), count in scales.items()
    )
