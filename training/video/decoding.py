"""Reads the frames of an entry, as square pictures of one size, every so many of the video's."""

from __future__ import annotations

import io
from dataclasses import dataclass

import av
import torch
from safetensors import safe_open
from torch import Tensor
from torch.nn.functional import interpolate

from ...mvcustom_core.camera.cameras import fit_cameras
from ...mvcustom_core.capture.formats.realestate10k import read_realestate10k
from ...nodes.bridge.photographs.preparation import PhotographSettings, prepare_photographs
from ...nodes.bridge.photographs.source import open_folder
from .sources import PICTURE_SUFFIXES, Entry

UNREADABLE = (av.FFmpegError, OSError, ValueError, IndexError, RuntimeError)  # by what a file shows that it cannot be read


@dataclass(frozen=True, slots=True)
class Cut:
    """How frames are taken.

    Attributes:
        size: side of a frame in pixels; the middle square of a picture is taken.
        frames: fewest that an entry must have.
        stride: of a video every so many frames count, of a posed sequence all.
        most: frames that are taken of an entry.
    """

    size: int
    frames: int
    stride: int
    most: int


def read_frames(entry: Entry, cut: Cut) -> dict[str, Tensor]:
    """The frames [N, 3, size, size] of an entry in 0..1, and what else is known of them: see `EXTRAS`.

    Raises:
        ValueError: if it cannot be decoded or is too short; the message says which and names nothing.
    """
    try:
        read = _READERS[entry.kind](entry, cut)
    except UNREADABLE as error:
        raise ValueError(str(error).splitlines()[0] if str(error) else type(error).__name__) from error
    count = len(read["frames"])
    if count < cut.frames:
        stride = f" at a stride of {cut.stride}" if entry.kind == "video" else ""
        raise ValueError(f"wanted {cut.frames} frames{stride}, got {count}")
    return {name: tensor[: cut.most] for name, tensor in read.items()}


def _read_video(entry: Entry, cut: Cut) -> dict[str, Tensor]:
    with entry.path.open("rb") as file:
        file.seek(entry.offset)
        content = io.BytesIO(file.read(entry.size))
    frames = []
    with av.open(content) as container:
        if not container.streams.video:
            raise ValueError("no video stream")
        container.streams.video[0].thread_type = "AUTO"
        for index, frame in enumerate(container.decode(video=0)):
            if index % cut.stride == 0:
                frames.append(_fit(frame.to_ndarray(format="rgb24"), cut.size))
            if len(frames) == cut.most:
                break
    return {"frames": torch.stack(frames) if frames else torch.empty(0)}


def _read_photographs(entry: Entry, cut: Cut) -> dict[str, Tensor]:
    prepared = prepare_photographs(open_folder(entry.path), PhotographSettings(size=cut.size))
    return {"frames": prepared.images, "w2c": prepared.cameras.w2c, "K": prepared.cameras.K}


def _read_realestate10k(entry: Entry, cut: Cut) -> dict[str, Tensor]:
    pictures = sorted(path for path in entry.path.iterdir() if path.suffix.lower() in PICTURE_SUFFIXES)
    images = []
    for path in pictures:
        with av.open(str(path)) as container:
            images.append(next(container.decode(video=0)).to_ndarray(format="rgb24"))
    height, width = images[0].shape[:2]
    cameras = read_realestate10k(entry.path.with_suffix(".txt"), width, height).cameras
    if len(cameras) != len(images):
        raise ValueError(f"wanted a picture for each of {len(cameras)} rows of the text, got {len(images)}")
    fitted = fit_cameras(cameras, cut.size, cut.size)
    return {"frames": torch.stack([_fit(image, cut.size) for image in images]), "w2c": fitted.w2c, "K": fitted.K}


def _read_scene(entry: Entry, cut: Cut) -> dict[str, Tensor]:
    with safe_open(entry.path, "pt") as file:
        read = {name: file.get_slice(name)[entry.offset] for name in ("images", "w2c", "K", "depth")}
    if read["images"].shape[-1] != cut.size:
        raise ValueError(f"wanted pictures of {cut.size} pixels, got {read['images'].shape[-1]}")
    return {"frames": read.pop("images").float() / 255} | {name: tensor.float() for name, tensor in read.items()}


def _fit(image: object, size: int) -> Tensor:
    """The middle square of a picture [H, W, 3] uint8, as [3, size, size] in 0..1."""
    x = torch.from_numpy(image).movedim(-1, 0)[None].float() / 255  # [1, 3, H, W]
    scale = size / min(x.shape[-2:])
    height, width = (max(size, round(side * scale)) for side in x.shape[-2:])
    x = interpolate(x, (height, width), mode="bilinear", antialias=True, align_corners=False).clamp(0, 1)
    top, left = (height - size) // 2, (width - size) // 2
    return x[0, :, top : top + size, left : left + size]


_READERS = {"video": _read_video, "photographs": _read_photographs, "realestate10k": _read_realestate10k, "scene": _read_scene}
