"""Pictures and cameras at the size that a network works at, its views at the size that was asked for, and the memory that takes."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from ..camera.cameras import Cameras
from ..shapes import check_shape
from .encoder import STRIDE
from .model import MVGD
from .sampling import RenderedViews
from .settings import MVGDSettings

SAME_ASPECT = 0.02  # relative: rounding to whole pixels makes as much at small sizes
BYTES = 4  # of a number
TRAINED_VIEWS = 4  # times the views that a network is trained with: more have not been seen to work


@dataclass(frozen=True, eq=False)
class Prepared:
    """Pictures [N, 3, H, W], their cameras and the targets, all of one size."""

    images: Tensor
    cameras: Cameras
    targets: Cameras


def prepare_views(model: MVGD, images: Tensor, cameras: Cameras, targets: Cameras) -> Prepared:
    """Resize pictures and cameras for a network: its size is the longest side.

    Args:
        images: [N, 3, H, W] in 0..1 of any size with the cameras' aspect.

    Raises:
        ValueError: for counts or aspects that differ.
    """
    sizes = check_shape(images, "N 3 H W")
    if sizes["N"] != len(cameras):
        raise ValueError(f"images: wanted one for each of the {len(cameras)} cameras, got {sizes['N']}; take both from the same place")
    given = {"images": (sizes["W"], sizes["H"]), "cameras": (cameras.width, cameras.height), "targets": (targets.width, targets.height)}
    wanted = targets.width / targets.height
    for name, (width, height) in given.items():
        if abs(width / height / wanted - 1) > SAME_ASPECT:
            raise ValueError(
                f"{name}: wanted the aspect of the targets, {targets.width}x{targets.height}, got {width}x{height}; crop the pictures with "
                "their cameras, or choose targets of that aspect"
            )
    multiple, longest = model.encoder.multiple, max(targets.width, targets.height)
    width, height = (max(1, round(side / longest * model.settings.size / multiple)) * multiple for side in (targets.width, targets.height))
    resized = F.interpolate(images.float(), (height, width), mode="bilinear", antialias=True)
    return Prepared(resized.clamp(0, 1), cameras.resize(width, height), targets.resize(width, height))


def enlarge_views(views: RenderedViews, width: int, height: int) -> RenderedViews:
    """Views at another size: colours between pixels, depth of the nearest, so that none lies between surfaces."""
    depth, valid = (F.interpolate(x[:, None].float(), (height, width), mode="nearest-exact")[:, 0] for x in (views.depth, views.valid))
    return RenderedViews(F.interpolate(views.rgb, (height, width), mode="bilinear"), depth.to(views.depth), valid > 0.5, views.scales)


def estimate_memory(settings: MVGDSettings, pictures: int, targets: int, size: tuple[int, int]) -> int:
    """Bytes that sampling takes at most beside the weights.

    Args:
        pictures: that condition a target, generated ones among them.
        targets: that are sampled at the same time.
        size: (height, width) in pixels.
    """
    pixels = size[0] * size[1]
    scene, tokens = pictures * pixels // STRIDE**2, 2 * pixels
    keys = targets * settings.blocks * (2 + 2 * settings.direct) * scene * settings.pixel_width
    working = (scene + tokens) * (settings.ray_width + settings.pixel_width * (6 + settings.pixel_hidden))
    return BYTES * (keys + working)


def find_clamped(views: RenderedViews) -> float:
    """Share of the pixels whose depth is out of the network's range."""
    return float((~views.valid).to(torch.float32).mean())
