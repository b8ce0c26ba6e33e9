"""Plots as inline SVG, coloured by the page's style sheet: the mean with its interval, the cases as small points behind it."""

from __future__ import annotations

import math
from collections.abc import Iterable

from markupsafe import Markup

from .bootstrap import Interval
from .catalogue import SHOWN, Figure, ShownRung
from .reading import Results
from .table import explain_absence, summarise, write_interval, write_number

WIDTH, LABELS, RIGHT, ROW, TOP, AXIS = 420, 152, 18, 28, 6, 26  # pixels
BAR_WIDTH, BAR_HEIGHT = 170, 14
TICKS = 4


def draw_figure(results: Results, figure: Figure, rungs: Iterable[str]) -> Markup:
    """One line a rung; the horizontal axis holds every value."""
    values = {
        rung: {name: value for name, row in results.rows(rung).items() if (value := row.get(figure.key)) is not None} for rung in rungs
    }
    means = {rung: summarise(results.rows(rung), [figure]).get(figure.key) for rung in values}
    ticks = find_ticks([value for cases in values.values() for value in cases.values()])
    height = TOP + ROW * len(values) + AXIS
    scale = _Scale(ticks[0], ticks[-1])
    marks = [_draw_axis(ticks, scale, height - AXIS)]
    for line, (rung, cases) in enumerate(values.items()):
        y = TOP + ROW * (line + 0.5)
        marks.append(Markup('<text class="label" x="{}" y="{}">{}</text>').format(LABELS - 10, y + 4, SHOWN[rung].short))
        marks += [_draw_case(scale(value), y, number, name, value, figure) for number, (name, value) in enumerate(cases.items())]
        marks.append(_draw_mean(means[rung], SHOWN[rung], figure, scale, y))
    spoken = "; ".join(f"{SHOWN[rung].title} {_speak(mean, SHOWN[rung], figure)}" for rung, mean in means.items())
    return Markup('<svg class="plot" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        WIDTH, height, f"{figure.title}, mean and 95 % interval: {spoken}", Markup("").join(marks)
    )


def draw_bar(mean: Interval | None, group: str) -> Markup:
    """A share between 0 and 1 beside its number in a table; the number is spoken, this is not."""
    if mean is None:
        return Markup("")
    middle, (x, low, high) = BAR_HEIGHT / 2, (4 + (BAR_WIDTH - 8) * value for value in (mean.mean, mean.low, mean.high))
    rail = Markup('<path class="rail" d="M4 {}H{}"/>').format(middle, BAR_WIDTH - 4)
    range_ = Markup('<path class="range" d="M{:.1f} {}H{:.1f}"/>').format(low, middle, high)
    return Markup('<svg class="bar" viewBox="0 0 {} {}" aria-hidden="true"><g class="{}">{}{}{}</g></svg>').format(
        BAR_WIDTH, BAR_HEIGHT, group, rail, range_, _draw_marker(x, middle, group)
    )


def find_ticks(values: list[float]) -> list[float]:
    """Round numbers at even steps, from one at or below every value to one at or above."""
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    rough = (high - low or abs(high) or 1.0) / TICKS
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [step * number for number in range(first, max(last, first + 1) + 1)]


class _Scale:
    """From values to pixels."""

    def __init__(self, low: float, high: float) -> None:
        self._low, self._stretch = low, (WIDTH - LABELS - RIGHT) / (high - low)

    def __call__(self, value: float) -> float:
        return round(LABELS + (value - self._low) * self._stretch, 1)


def _draw_axis(ticks: list[float], scale: _Scale, bottom: int) -> Markup:
    line = Markup('<path class="grid" d="M{0} {1}V{2}"/><text class="tick" x="{0}" y="{3}">{4}</text>')
    return Markup("").join(line.format(scale(tick), TOP, bottom, bottom + 17, f"{tick:g}".replace("-", "\N{MINUS SIGN}")) for tick in ticks)


def _draw_case(x: float, y: float, number: int, name: str, value: float, figure: Figure) -> Markup:
    """Cases lie apart from one another by the golden ratio, which spreads them evenly whatever their number."""
    offset = (number * 0.618 % 1 - 0.5) * ROW * 0.6
    told = f"{name}: {write_number(value, figure.digits)}"
    return Markup('<circle class="case" cx="{}" cy="{:.1f}" r="2"><title>{}</title></circle>').format(x, y + offset, told)


def _draw_mean(mean: Interval | None, about: ShownRung, figure: Figure, scale: _Scale, y: float) -> Markup:
    if mean is None:
        return Markup('<text class="absent" x="{}" y="{}">{}</text>').format(LABELS + 8, y + 4, explain_absence(about, figure))
    range_ = Markup('<path class="range" d="M{} {y}H{}"/>').format(scale(mean.low), scale(mean.high), y=y)
    return Markup('<g class="{}">{}{}</g>').format(about.group, range_, _draw_marker(scale(mean.mean), y, about.group))


def _draw_marker(x: float, y: float, group: str) -> Markup:
    """Each group has a shape of its own as well as a colour."""
    shapes = {
        "ceiling": "M{0} {1}m-4 -4h8v8h-8z",
        "baseline": "M{0} {1}m0 -5l5 9h-10z",
        "variant": "M{0} {1}m0 -5.5l5 5.5l-5 5.5l-5 -5.5z",
        "method": "M{0} {1}m-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0 -9 0z",
    }
    return Markup('<path class="mean" d="{}"/>').format(shapes[group].format(round(x, 1), y))


def _speak(mean: Interval | None, about: ShownRung, figure: Figure) -> str:
    if mean is None:
        return explain_absence(about, figure)
    return f"{write_number(mean.mean, figure.digits)} {write_interval(mean, figure.digits)}".strip()
