"""Photographs of several sizes by one lens, such as portrait beside landscape, on canvases of one size.

They are taken for whole pictures by one lens at one zoom: reduced to the same longer side they have the same focal length in pixels, and in
the middle of a canvas each keeps its principal point in the middle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from ..shapes import check_shape


@dataclass(frozen=True, eq=False)
class Canvas:
    """Photographs of one size.

    Attributes:
        images: [V, 3, H, W]; beyond a photograph's border its last pixels are repeated.
        inside: [V, 1, H, W], one where the photograph is.
        masks: [V, 1, H, W], zero beyond the border; None if there are none.
        scales: size on the canvas over the size that came, of each photograph.
        left, top, width, height: the largest box that every photograph fills, a square where the sizes differ.
    """

    images: Tensor  # [V, 3, H, W]
    inside: Tensor  # [V, 1, H, W]
    masks: Tensor | None  # [V, 1, H, W]
    scales: tuple[float, ...]
    left: int
    top: int
    width: int
    height: int

    def cut(self, pictures: Tensor) -> Tensor:
        """The box [V, C, height, width] that all photographs fill, of pictures of the canvas's size [V, C, H, W]."""
        return pictures[..., self.top : self.top + self.height, self.left : self.left + self.width]


def share_canvas(photographs: Sequence[Tensor], masks: Sequence[Tensor] | None) -> Canvas:
    """Lay photographs out on canvases of one size; those of one size already stay as they are.

    Args:
        photographs: [3, H, W] in 0..1 each.
        masks: [1, H, W] each, of its photograph's size, or None.

    Raises:
        ValueError: if there is no photograph, or a mask has another size than its photograph.
    """
    if not photographs:
        raise ValueError("photographs: wanted at least one, got none")
    for photograph, mask in zip(photographs, masks or photographs, strict=True):
        check_shape(photograph, "3 H W", mask, "C H W")
    longer = min(max(photograph.shape[1:]) for photograph in photographs)
    scales = tuple(longer / max(photograph.shape[1:]) for photograph in photographs)
    sizes = [tuple(round(extent * scale) for extent in each.shape[1:]) for each, scale in zip(photographs, scales, strict=True)]
    height, width = (max(extents) for extents in zip(*sizes, strict=True))
    low, narrow = (min(extents) for extents in zip(*sizes, strict=True))
    if (low, narrow) != (height, width):
        low = narrow = min(low, narrow)
    images = torch.stack([_lay(each, size, (height, width), "replicate") for each, size in zip(photographs, sizes, strict=True)])
    inside = torch.stack([_lay(each.new_ones(1, *size), size, (height, width)) for each, size in zip(photographs, sizes, strict=True)])
    laid = None if masks is None else torch.stack([_lay(*pair, (height, width)) for pair in zip(masks, sizes, strict=True)])
    return Canvas(images, inside, laid, scales, (width - narrow) // 2, (height - low) // 2, narrow, low)


def _lay(picture: Tensor, size: tuple[int, int], canvas: tuple[int, int], border: str = "constant") -> Tensor:
    """A picture [C, H, W] at a size in the middle of a canvas [C, *canvas]."""
    if tuple(picture.shape[1:]) != size:
        picture = F.interpolate(picture[None].float(), size, mode="bilinear", antialias=True)[0]
    down, across = (whole - part for whole, part in zip(canvas, size, strict=True))
    if down == across == 0:
        return picture
    return F.pad(picture[None], (across // 2, across - across // 2, down // 2, down - down // 2), mode=border)[0]
