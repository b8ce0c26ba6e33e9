"""How well a concept renders photographs that it was not learned from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from ...psnr import measure_psnr
from ...shapes import check_shape
from .losses import resize_area


@dataclass(frozen=True, slots=True)
class ViewFigures:
    """One view's figures.

    Attributes:
        iou: intersection over union of opacity above a half and the mask; None where no mask is known.
        psnr: of the colour inside the mask, or everywhere where none is known, dB.
    """

    iou: float | None
    psnr: float


def measure_views(rgb: Tensor, opacity: Tensor, images: Tensor, masks: Tensor | None, cells: tuple[int, int]) -> list[ViewFigures]:
    """Compare rendered views with photographs.

    Outlines are compared as finely as the views are rendered; colours on a block's own cells, where the U-Net gets them.

    Args:
        rgb: [V, 3, h, w] in 0..1, premultiplied by opacity.
        opacity: [V, 1, h, w] in 0..1.
        images: [V, 3, H, W] in 0..1.
        masks: [V, 1, H, W] in 0..1.
        cells: the block's (height, width).
    """
    sizes = check_shape(rgb, "V 3 h w", opacity, "V 1 h w", images, "V 3 H W", *(() if masks is None else (masks, "V 1 H W")))
    if masks is None:
        levels = measure_psnr(resize_area(rgb, *cells), resize_area(images, *cells))
        return [ViewFigures(None, float(level)) for level in levels]
    small = resize_area(masks, sizes["h"], sizes["w"])
    found, true = opacity > 0.5, small > 0.5
    overlaps = (found & true).sum((1, 2, 3)) / (found | true).sum((1, 2, 3)).clamp(min=1)
    levels = measure_psnr(average_inside(rgb, small, cells), average_inside(images, masks, cells), resize_area(masks, *cells))
    return [ViewFigures(float(overlap), float(level)) for overlap, level in zip(overlaps, levels, strict=True)]


def average_inside(images: Tensor, masks: Tensor, cells: tuple[int, int]) -> Tensor:
    """Mean colour on h x w cells of what images [V, 3, H, W] show through masks [V, 1, H, W], [V, 3, h, w]; black where nothing."""
    return resize_area(images * masks, *cells) / resize_area(masks, *cells).clamp(min=1e-6)


def describe_figures(names: Sequence[str], figures: Sequence[ViewFigures]) -> str:
    """A line for each view, and one for their mean if there are several."""
    rows = list(zip(names, figures, strict=True))
    if len(rows) > 1:
        overlaps = [figure.iou for figure in figures if figure.iou is not None]
        mean = ViewFigures(sum(overlaps) / len(overlaps) if overlaps else None, sum(figure.psnr for figure in figures) / len(figures))
        rows.append(("mean", mean))
    return "\n".join(
        f"{name}: " + (f"outline IoU {figure.iou:.3f}, " if figure.iou is not None else "") + f"colour {figure.psnr:.1f} dB"
        for name, figure in rows
    )
