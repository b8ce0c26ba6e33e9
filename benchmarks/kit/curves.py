"""Panels of curves over updates, as one picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from ...mvcustom_core.plot.canvas import CATEGORIES, FAINT_INK, GRID, Canvas, Point, new_sheet, nice_step

WIDTH, HEIGHT, HEAD = 380, 260, 34  # pixels of a panel, and of the line of names above all
LEFT, RIGHT, TOP, BOTTOM = 62, 16, 34, 40  # around a panel's box
TICKS = 5

Curve = Sequence[Point]  # (update, value), by rising update


@dataclass(frozen=True, slots=True)
class Panel:
    """One plot.

    Attributes:
        title: above it.
        curves: name -> points. A name has the same colour in all panels.
    """

    title: str
    curves: Mapping[str, Curve]


@dataclass(frozen=True, slots=True)
class _Box:
    """Where a panel's values lie on the sheet."""

    left: float
    top: float
    last: float
    low: float
    high: float

    def place(self, point: Point) -> Point:
        update, value = point
        x = self.left + (WIDTH - LEFT - RIGHT) * update / max(self.last, 1)
        return x, self.top + (HEIGHT - TOP - BOTTOM) * (self.high - value) / (self.high - self.low)


def draw_panels(rows: Sequence[Sequence[Panel]]) -> Tensor:
    """The panels in rows, [3, H, W] in 0..1, under a line that names the curves."""
    canvas = new_sheet(WIDTH * max(map(len, rows)), HEAD + HEIGHT * len(rows))
    names = list(dict.fromkeys(name for row in rows for panel in row for name in panel.curves))
    colors = {name: CATEGORIES[index % len(CATEGORIES)] for index, name in enumerate(names)}
    x = float(LEFT)
    for name, color in colors.items():
        canvas.line([(x, HEAD / 2), (x + 22, HEAD / 2)], color, thickness=3)
        canvas.text((x + 28, HEAD / 2), name, "lm")
        x += 28 + canvas.text_width(name) + 26
    for number, row in enumerate(rows):
        for column, panel in enumerate(row):
            _draw_panel(canvas, panel, (WIDTH * column, HEAD + HEIGHT * number), colors)
    return canvas.to_tensor()


def _draw_panel(canvas: Canvas, panel: Panel, corner: Point, colors: Mapping[str, tuple[int, int, int]]) -> None:
    points = [point for curve in panel.curves.values() for point in curve]
    values = [value for _, value in points]
    margin = 0.08 * (max(values) - min(values)) or 0.1
    last = max(update for update, _ in points)
    box = _Box(corner[0] + LEFT, corner[1] + TOP, last, min(values) - margin, max(values) + margin)
    canvas.text((box.left, corner[1] + TOP / 2), panel.title, "lm")
    gap = nice_step(box.high - box.low, TICKS)
    for number in range(round(box.low / gap), round(box.high / gap) + 1):
        if box.low <= number * gap <= box.high:
            (left, y), (right, _) = box.place((0, number * gap)), box.place((last, number * gap))
            canvas.line([(left, y), (right, y)], GRID)
            canvas.text((left - 6, y), f"{number * gap:.4g}", "rm", FAINT_INK)
    step = max(1, round(nice_step(max(last, 1), TICKS)))
    for update in range(0, int(last) + 1, step):
        x, y = box.place((update, box.low))
        canvas.text((x, y + 6), str(update), "ma", FAINT_INK)
    for name, curve in panel.curves.items():
        placed = [box.place(point) for point in curve]
        canvas.line(placed, colors[name], thickness=2.2)
        for point in placed:
            canvas.circle(point, 3.0, colors[name])
