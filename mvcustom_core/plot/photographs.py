"""Photographs, in any order, and where they were taken: cameras about the subject, and thumbnails with their numbers and colours."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from ..camera.cameras import Cameras
from ..shapes import check_shape
from .canvas import PAPER, Canvas, new_sheet, ramp_color
from .trajectory import draw_caption, draw_cards

MAX_THUMBNAILS = 12  # of more photographs some are shown, evenly
FADED = 0.75  # how much of the paper covers what a mask leaves out: still to be made out, and plainly not the subject


def plot_photographs(
    cameras: Cameras, images: Tensor, masks: Tensor | None = None, *, subject_radius: float = 0.25, width: int = 1024, height: int = 640
) -> Tensor:
    """Draw the cameras as pyramids about the subject, from above and in perspective, and a row of their photographs below.

    Args:
        images: [V, 3, H, W] in [0, 1], square, one per camera.
        masks: [V, 1, H, W] in [0, 1], 1 on the subject. The rest of each photograph is faded, and the subject's share of its area is
            written below it. None: there are none.
        subject_radius: world units; 0 draws no subject.

    Returns:
        [3, height, width] in [0, 1].

    Raises:
        ValueError: for no camera, another number of images, or a sheet too small for text.
    """
    check_shape(cameras.w2c, "V 4 4", images, "V 3 H W")
    if masks is not None:
        check_shape(images, "V 3 H W", masks, "V 1 H W")
    if not len(cameras):
        raise ValueError("plot: wanted at least one camera, got none")
    canvas = new_sheet(width, height)
    count = len(cameras)
    shown = sorted({round(i * (count - 1) / max(min(count, MAX_THUMBNAILS) - 1, 1)) for i in range(min(count, MAX_THUMBNAILS))})
    text = canvas.text_size
    gap = text * 0.8
    side = (width - gap) / MAX_THUMBNAILS - gap
    top = height - text * 4.2 - side
    draw_cards(canvas, cameras, subject_radius, references=None, bottom=top - gap, ordered=False, labelled=shown)
    shares = ["" if masks is None else f" · {float(masks[i].float().mean()):.0%}" for i in range(count)]
    _draw_thumbnails(canvas, images if masks is None else _fade(images, masks), shares, shown, top, side)
    draw_caption(canvas, cameras, None, height - text * 1.5)
    return canvas.to_tensor()


def _fade(images: Tensor, masks: Tensor) -> Tensor:
    """The photographs [V, 3, H, W] with paper over what is not the subject."""
    paper = images.new_tensor(PAPER)[:, None, None] / 255  # [3, 1, 1]
    return images + FADED * (1 - masks.to(images)) * (paper - images)


def _draw_thumbnails(canvas: Canvas, images: Tensor, notes: Sequence[str], shown: Sequence[int], top: float, side: float) -> None:
    """A row of squares in frames of their cameras' colours, numbered from 0 as the cameras are wherever one is chosen, with a note each."""
    text = canvas.text_size
    gap = text * 0.8
    for place, index in enumerate(shown):
        left = gap + place * (side + gap)
        color = ramp_color(index / max(len(images) - 1, 1))
        canvas.rectangle(left - 2, top - 2, left + side + 2, top + side + 2, color)
        canvas.picture(images[index], left, top, side)
        canvas.text((left + side / 2, top + side + text * 0.9), f"{index}{notes[index]}", "mm", color, size=0.9)
