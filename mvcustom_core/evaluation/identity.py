"""Identity of the subject: its colours and its encoder features, compared with reference photographs.

Colours are compared without a network: by the Bhattacharyya coefficient of colour histograms inside the masks. An encoder is any function
from square pictures to vectors, which the caller provides.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from einops import rearrange
from torch import Tensor
from torch.nn import functional as F

from ..camera.crop import find_box
from ..shapes import check_shape

Encoder = Callable[[Tensor], Tensor]  # pictures [N, 3, S, S] in 0..1 to vectors [N, D]

BINS = 6  # of each colour channel
CROP_SIDE = 224  # pixels, what most encoders see
MARGIN = 0.1  # of the subject's longer side, left free around it
EMPTY = 0.5  # grey around the subject


def compare_colors(images: Tensor, masks: Tensor, references: Tensor, reference_masks: Tensor) -> Tensor:
    """Similarity [V, A] in 0..1 between the subject's colours in each view and in each reference.

    Args:
        images: [V, 3, H, W] in 0..1.
        masks: [V, 1, H, W], above one half on the subject.
        references: [A, 3, h, w] in 0..1.
        reference_masks: [A, 1, h, w].
    """
    check_shape(images, "V 3 H W", masks, "V 1 H W", references, "A 3 h w", reference_masks, "A 1 h w")
    ours = torch.stack([_count_colors(*pair) for pair in zip(images, masks, strict=True)])  # [V, bins]
    theirs = torch.stack([_count_colors(*pair) for pair in zip(references, reference_masks, strict=True)])  # [A, bins]
    return ours.sqrt() @ theirs.sqrt().mT


def compare_embeddings(views: Tensor, references: Tensor) -> Tensor:
    """Cosine similarity [V, A] between the views' vectors [V, D] and the references' vectors [A, D]."""
    check_shape(views, "V D", references, "A D")
    return F.normalize(views.float(), dim=1) @ F.normalize(references.float(), dim=1).mT


def crop_subjects(images: Tensor, masks: Tensor | None, side: int = CROP_SIDE) -> Tensor:
    """Pictures for an encoder, [V, 3, side, side]: the subject on grey in a square around it, or the whole picture without a mask.

    Args:
        images: [V, 3, H, W] in 0..1.
        masks: [V, 1, H, W], above 0.5 on the subject. A view whose mask is empty gives the whole picture. None: all views do.
    """
    check_shape(images, "V 3 H W", *(() if masks is None else (masks, "V 1 H W")))
    if masks is None:
        return torch.cat([_fit_square(image, side) for image in images])
    shown = torch.where(masks > 0.5, images, EMPTY)
    boxes = [_frame_subject(mask[0] > 0.5) for mask in masks]
    return torch.cat(
        [_fit_square(image if box is None else _cut(own, *box), side) for image, own, box in zip(images, shown, boxes, strict=True)]
    )


def _count_colors(image: Tensor, mask: Tensor) -> Tensor:
    """Histogram [BINS^3] of the colours inside the mask, with sum 1; all zero for an empty mask."""
    levels = (image * BINS).long().clamp(0, BINS - 1)  # [3, H, W]
    bins = (levels[0] * BINS + levels[1]) * BINS + levels[2]
    counts = torch.bincount(bins[mask[0] > 0.5], minlength=BINS**3).float()
    return counts / counts.sum().clamp(min=1)


def _frame_subject(inside: Tensor) -> tuple[int, int, int, int] | None:
    """Left, top, right and bottom of the subject with a margin; may reach outside of the picture."""
    box = find_box(inside)
    if box is None:
        return None
    left, top, right, bottom = box
    half = round((0.5 + MARGIN) * max(bottom - top, right - left))
    y, x = (top + bottom) // 2, (left + right) // 2
    return x - half, y - half, x + half, y + half


def _cut(image: Tensor, left: int, top: int, right: int, bottom: int) -> Tensor:
    """A box of a picture [3, H, W]; grey where it reaches outside."""
    height, width = image.shape[-2:]
    inside = image[:, max(top, 0) : min(bottom, height), max(left, 0) : min(right, width)]
    return F.pad(inside, (max(-left, 0), max(right - width, 0), max(-top, 0), max(bottom - height, 0)), value=EMPTY)


def _fit_square(image: Tensor, side: int) -> Tensor:
    """A picture [3, H, W] on a grey square, [1, 3, side, side]."""
    height, width = image.shape[-2:]
    across, down = max(height - width, 0), max(width - height, 0)
    square = F.pad(image, (across // 2, across - across // 2, down // 2, down - down // 2), value=EMPTY)
    return F.interpolate(rearrange(square, "C H W -> 1 C H W").float(), (side, side), mode="bilinear", antialias=True)
