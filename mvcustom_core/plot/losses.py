"""Loss curves: every step as a thin line, its running mean as a thick one; losses that are measured rarely as dots on a thick line."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor

from .canvas import CATEGORIES, FAINT_INK, GRID, INK, PAPER, Canvas, Point, mix, new_sheet, nice_step

DOT_RADIUS = 3.2
MEAN_THICKNESS = 2.2
LABEL_SHARE = 0.25  # of the sheet's width, for the labels at the ends
SMOOTHING_SHARE = 0.03  # of the steps: the running mean's time constant


@dataclass(frozen=True)
class Axes:
    """The plot's box on the sheet, and the steps and (transformed) values at its edges."""

    left: float
    top: float
    right: float
    bottom: float
    steps: int
    low: float
    high: float
    log_scale: bool

    def place(self, step: float, value: float) -> Point:
        height = math.log10(value) if self.log_scale else value
        x = self.left + (self.right - self.left) * (step - 1) / max(self.steps - 1, 1)
        return x, self.bottom - (self.bottom - self.top) * (height - self.low) / (self.high - self.low)

    def has_place(self, value: float) -> bool:
        return math.isfinite(value) and (value > 0 or not self.log_scale)


def plot_losses(
    curves: dict[str, list[float]], width: int = 1024, height: int = 512, log_scale: bool = True, phase: tuple[int, str] = (0, "")
) -> Tensor:
    """Draw curves over their steps, counted from 1; a label at the end of each gives its name and the thick line's last value.

    Steps where a loss was not measured (NaN) are passed over: the line joins the measurements. Values without a place (infinity, and zero
    or less on a logarithmic scale) leave gaps. A loss that is measured at fewer than half of the steps has no running mean.

    Args:
        phase: the number of steps at the start that differ from the others, and what to call them; 0 marks nothing.

    Returns:
        [3, height, width] in [0, 1].

    Raises:
        ValueError: if there is no curve, or the sheet is too small for text.
    """
    if not curves:
        raise ValueError("plot: wanted at least one loss curve, got none")
    canvas = new_sheet(width, height)
    axes = fit_axes(canvas, curves, log_scale)
    _draw_phase(canvas, axes, phase)
    _draw_grid(canvas, axes)
    colors = [CATEGORIES[index % len(CATEGORIES)] for index in range(len(curves))]
    for values, color in zip(curves.values(), colors, strict=True):
        for run in [] if is_rare(values) else _runs(axes, values):
            canvas.line(run, mix(color, PAPER, 0.65), thickness=1.0)
    for values, color in zip(curves.values(), colors, strict=True):  # above all the thin ones
        for run in _runs(axes, _thick_line(values)):
            canvas.line(run, color, thickness=MEAN_THICKNESS)
            for point in run if is_rare(values) or len(run) == 1 else []:
                canvas.circle(point, DOT_RADIUS, color)
    _label_ends(canvas, axes, curves)
    return canvas.to_tensor()


def smooth_losses(values: list[float]) -> list[float]:
    """The running mean, exponentially weighted and free of start-up bias; values that are not finite pass and do not count."""
    decay = math.exp(-1 / max(SMOOTHING_SHARE * len(values), 1e-3))
    total = weight = 0.0
    smoothed = []
    for value in values:
        if math.isfinite(value):
            total, weight = decay * total + value, decay * weight + 1
        smoothed.append(total / weight if math.isfinite(value) else value)
    return smoothed


def is_rare(values: list[float]) -> bool:
    """Whether a loss is measured at fewer than half of the steps between its first measurement and its last."""
    steps = [step for step, value in enumerate(values) if not math.isnan(value)]
    return len(steps) > 1 and 2 * len(steps) < steps[-1] - steps[0] + 1


def _thick_line(values: list[float]) -> list[float]:
    return values if is_rare(values) else smooth_losses(values)


def fit_axes(canvas: Canvas, curves: dict[str, list[float]], log_scale: bool) -> Axes:
    """The box and the range of a plot, with room at the right for the labels."""
    text = canvas.text_size
    longest = max(canvas.text_width(_name_end(name, values)) for name, values in curves.items()) * _label_size(canvas, curves)
    box = (text * 5, text * 3, canvas.width - longest - text * 1.5, canvas.height - text * 3.2)
    axes = Axes(*box, max(map(len, curves.values())), 0.0, 1.0, log_scale)
    values = [value for curve in curves.values() for value in curve if axes.has_place(value)]
    if not values:
        return axes
    low, high = min(values), max(values)
    if log_scale:
        low, high = math.log10(low), math.log10(high)
    margin = 0.05 * (high - low) or 0.05 * (abs(high) or 1.0)
    return Axes(*box, axes.steps, low - margin, high + margin, log_scale)


def _draw_grid(canvas: Canvas, axes: Axes) -> None:
    text = canvas.text_size
    for value in _value_ticks(axes):
        _, y = axes.place(1, value)
        canvas.line([(axes.left, y), (axes.right, y)], GRID)
        canvas.text((axes.left - text * 0.6, y), f"{value:.4g}", "rm", FAINT_INK)
    step_gap = max(1, round(nice_step(max(axes.steps - 1, 1), max(2, int((axes.right - axes.left) / (text * 8))))))
    for step in sorted({1, *range(step_gap, axes.steps + 1, step_gap)}):
        x, _ = axes.place(step, 1.0)
        if step > 1 and x - axes.left < text * 3:
            continue  # would run into the first label
        canvas.line([(x, axes.bottom), (x, axes.bottom + text * 0.35)], FAINT_INK)
        canvas.text((x, axes.bottom + text * 0.6), str(step), "ma", FAINT_INK)
    canvas.line([(axes.left, axes.top), (axes.left, axes.bottom), (axes.right, axes.bottom)], FAINT_INK)
    canvas.text(((axes.left + axes.right) / 2, axes.bottom + text * 1.9), "step", "ma", FAINT_INK)
    canvas.text((axes.right, text * 1.5), "logarithmic" if axes.log_scale else "linear", "rm", FAINT_INK)


def _value_ticks(axes: Axes) -> list[float]:
    """Round values inside the axes, half a dozen or so."""
    if not axes.log_scale:
        return _even_ticks(axes.low, axes.high)
    decades = axes.high - axes.low
    if decades < 1:
        return [tick for tick in _even_ticks(10**axes.low, 10**axes.high) if tick > 0]
    factors = (1, 2, 5) if decades < 3 else (1,)
    stride = math.ceil(decades / 8)
    powers = range(math.floor(axes.low), math.ceil(axes.high) + 1, stride)
    return [factor * 10.0**power for power in powers for factor in factors if axes.low <= math.log10(factor) + power <= axes.high]


def _even_ticks(low: float, high: float) -> list[float]:
    gap = nice_step(high - low, 6)
    return [index * gap for index in range(math.ceil(low / gap), math.floor(high / gap) + 1)]


def _runs(axes: Axes, values: list[float]) -> list[list[Point]]:
    """The curve's unbroken stretches, as points of the sheet; a step without a measurement (NaN) breaks none."""
    runs: list[list[Point]] = [[]]
    for step, value in enumerate(values, start=1):
        if math.isnan(value):
            continue
        if axes.has_place(value):
            runs[-1].append(axes.place(step, value))
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _draw_phase(canvas: Canvas, axes: Axes, phase: tuple[int, str]) -> None:
    """The first updates on a tinted ground, with what they are called."""
    last, name = phase
    if last < 1:
        return
    right = axes.place(min(last + 0.5, axes.steps), 1.0)[0]
    canvas.rectangle(axes.left, axes.top, right, axes.bottom, mix(GRID, PAPER, 0.4))
    canvas.line([(right, axes.top), (right, axes.bottom)], FAINT_INK, alpha=0.6)
    canvas.text(
        (axes.left + canvas.text_size * 0.4, axes.top - canvas.text_size * 0.9),
        f"{name} until step {min(last, axes.steps)}",
        "lm",
        FAINT_INK,
    )


def _label_ends(canvas: Canvas, axes: Axes, curves: dict[str, list[float]]) -> None:
    """Each curve's name and last value to the right of its end, as near to its height as the others allow."""
    size = _label_size(canvas, curves)
    ends = []  # height of the end, the end, the label, the colour
    for index, (name, values) in enumerate(curves.items()):
        runs = _runs(axes, _thick_line(values))
        end = runs[-1][-1] if runs else (axes.right, axes.bottom)
        ends.append((end[1], end, _name_end(name, values), CATEGORIES[index % len(CATEGORIES)]))
    ends.sort(key=lambda entry: entry[0])
    heights = spread_heights([entry[0] for entry in ends], canvas.text_size * size * 1.3, axes.top, axes.bottom)
    left = axes.right + canvas.text_size
    for (_, end, label, color), y in zip(ends, heights, strict=True):
        canvas.line([end, (axes.right, end[1]), (left - canvas.text_size * 0.3, y)], color, alpha=0.4)
        canvas.text((left, y), label, "lm", mix(color, INK, 0.4), size)


def spread_heights(heights: list[float], gap: float, top: float, bottom: float) -> list[float]:
    """Growing heights moved apart to a gap at least, inside of top and bottom where they all fit."""
    gap = min(gap, (bottom - top) / max(len(heights) - 1, 1))
    spread: list[float] = []
    for height in heights:
        spread.append(max(height, top, spread[-1] + gap if spread else top))
    for index in reversed(range(len(spread))):
        spread[index] = min(spread[index], bottom if index + 1 == len(spread) else spread[index + 1] - gap)
    return spread


def _name_end(name: str, values: list[float]) -> str:
    last = next((value for value in reversed(_thick_line(values)) if math.isfinite(value)), None)
    return name if last is None else f"{name}  {last:.3g}"


def _label_size(canvas: Canvas, curves: dict[str, list[float]]) -> float:
    """Relative size of the labels: smaller letters for a name that would take more than its share of the sheet."""
    widest = max(canvas.text_width(_name_end(name, values)) for name, values in curves.items())
    return min(0.9, LABEL_SHARE * canvas.width / widest)
