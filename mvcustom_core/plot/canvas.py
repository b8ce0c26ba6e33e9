"""A canvas for plots. Lengths are in pixels of the result; it draws larger and reduces, so that edges are smooth."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

Color = tuple[int, int, int]
Point = tuple[float, float]

OVERSAMPLING = 3
MIN_SIZE = 192  # smaller sheets hold no legible text

PAPER: Color = (255, 255, 255)
INK: Color = (38, 42, 51)
BLACK: Color = (0, 0, 0)
FAINT_INK: Color = (112, 118, 130)
GRID: Color = (228, 231, 237)
CARD: Color = (249, 250, 252)
REFERENCE: Color = (150, 156, 167)
SUBJECT: Color = (226, 210, 178)
AXES: tuple[Color, ...] = ((196, 62, 62), (62, 148, 82), (62, 98, 190))  # x y z
CATEGORIES: tuple[Color, ...] = (  # told apart under every colour blindness (Okabe and Ito)
    (0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167), (230, 159, 0), (86, 180, 233), (0, 0, 0),
)  # fmt: skip
RAMP: tuple[Color, ...] = (  # indigo to orange, lightness rising evenly
    (28, 16, 120), (95, 10, 150), (150, 25, 145), (196, 60, 115), (228, 105, 80), (246, 158, 54),
)  # fmt: skip


def ramp_color(position: float) -> Color:
    """The colour at a position in [0, 1] of the colour ramp, from first to last."""
    place = min(max(position, 0.0), 1.0) * (len(RAMP) - 1)
    index = min(int(place), len(RAMP) - 2)
    return mix(RAMP[index], RAMP[index + 1], place - index)


def mix(first: Color, second: Color, share: float) -> Color:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def nice_step(span: float, count: int) -> float:
    """The smallest step of 1, 2 or 5 times a power of ten that divides a span into at most `count` parts."""
    power = 10.0 ** math.floor(math.log10(span / count))
    return next(factor * power for factor in (1.0, 2.0, 5.0, 10.0) if factor * power * count >= span * (1 - 1e-9))


def new_sheet(width: int, height: int) -> Canvas:
    """A white canvas with a text size that suits its size.

    Raises:
        ValueError: if the canvas is too small for legible text.
    """
    if min(width, height) < MIN_SIZE:
        raise ValueError(f"plot: wanted at least {MIN_SIZE} pixels each way, got {width}x{height}")
    return Canvas(width, height, text_size=min(16.0, max(10.0, min(height / 36, width / 64))), background=PAPER)


class Canvas:
    """A canvas of width x height pixels with y pointing down. `alpha` in [0, 1] is opacity."""

    def __init__(self, width: int, height: int, text_size: float, background: Color) -> None:
        self.width, self.height, self.text_size = width, height, text_size
        self._image = Image.new("RGB", (width * OVERSAMPLING, height * OVERSAMPLING), background)
        self._draw = ImageDraw.Draw(self._image, "RGBA")  # RGBA ink on an RGB sheet blends

    def line(self, points: Sequence[Point], color: Color, thickness: float = 1.0, alpha: float = 1.0) -> None:
        self._draw.line(_enlarge(points), fill=_ink(color, alpha), width=max(1, round(thickness * OVERSAMPLING)), joint="curve")

    def polygon(self, points: Sequence[Point], color: Color, alpha: float = 1.0) -> None:
        self._draw.polygon(_enlarge(points), fill=_ink(color, alpha))

    def rectangle(self, left: float, top: float, right: float, bottom: float, color: Color) -> None:
        self.polygon([(left, top), (right, top), (right, bottom), (left, bottom)], color)

    def circle(self, center: Point, radius: float, color: Color, alpha: float = 1.0) -> None:
        ((x, y),) = _enlarge([center])
        reach = radius * OVERSAMPLING
        self._draw.ellipse((x - reach, y - reach, x + reach, y + reach), fill=_ink(color, alpha))

    def text(self, position: Point, text: str, anchor: str = "la", color: Color = INK, size: float = 1.0) -> None:
        """Write text. `anchor` is Pillow's (l m r, then a m s d); `size` is relative to the canvas' text size."""
        self._draw.text(_enlarge([position])[0], text, fill=color, font=self._font(size), anchor=anchor)

    def paste(self, part: Canvas, left: int, top: int) -> None:
        self._image.paste(part._image, (left * OVERSAMPLING, top * OVERSAMPLING))

    def picture(self, pixels: Tensor, left: float, top: float, width: float, height: float | None = None) -> None:
        """Draw a picture [3, H, W] in [0, 1], stretched to width x height; height None: a square."""
        array = (pixels * 255).round().clamp(0, 255).byte().permute(1, 2, 0).cpu().numpy()
        image = Image.fromarray(array).resize((round(width * OVERSAMPLING), round((height or width) * OVERSAMPLING)), Image.Resampling.BOX)
        self._image.paste(image, (round(left * OVERSAMPLING), round(top * OVERSAMPLING)))

    def text_width(self, text: str, size: float = 1.0) -> float:
        return self._font(size).getlength(text) / OVERSAMPLING

    def to_tensor(self) -> Tensor:
        """[3, height, width] in [0, 1]."""
        small = self._image.resize((self.width, self.height), Image.Resampling.BOX)
        return torch.from_numpy(np.array(small)).permute(2, 0, 1).float() / 255

    def _font(self, size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
        return ImageFont.load_default(self.text_size * size * OVERSAMPLING)


def write_on(picture: Tensor, words: str) -> Tensor:
    """A picture [3, H, W] in [0, 1] with words on a dark strip in its lower left corner, as large as they fit up to 14 pixels."""
    height, width = picture.shape[-2:]
    canvas = Canvas(width, height, 14.0, PAPER)
    size = min(1.0, 0.96 * width / canvas.text_width(words))
    canvas.picture(picture, 0, 0, width, height)
    tall, wide = 1.4 * 14 * size, canvas.text_width(words, size) + 8 * size
    canvas.polygon([(0, height - tall), (wide, height - tall), (wide, height), (0, height)], BLACK, alpha=0.75)
    canvas.text((4 * size, height - tall / 2), words, "lm", PAPER, size)
    written = canvas.to_tensor().to(picture)
    written[:, : height - math.ceil(tall)] = picture[:, : height - math.ceil(tall)]  # above the strip not a bit is changed
    return written


def _enlarge(points: Sequence[Point]) -> list[Point]:
    return [(x * OVERSAMPLING, y * OVERSAMPLING) for x, y in points]


def _ink(color: Color, alpha: float) -> tuple[int, int, int, int]:
    return (*color, round(255 * alpha))
