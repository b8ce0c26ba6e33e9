"""A picture of what one query of a motion module looks at in the other views."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from ..shapes import check_shape
from .canvas import CATEGORIES, FAINT_INK, PAPER, Canvas, new_sheet, ramp_color

MAX_VIEWS = 8  # side by side
TRUE, QUERY = CATEGORIES[2], CATEGORIES[1]
SHARE = 0.65  # of the heat's colour over the picture
STEPS = 64  # of the colour ramp


@dataclass(frozen=True, eq=False)
class QueryMaps:
    """One query, in shares of the picture: (0, 0) is the upper left corner, (1, 1) the lower right one.

    Attributes:
        view, point: where the query is; the point is (x, y).
        places: [V, 2] (x, y) where the other views show the same surface point.
        known: [V] bool, whether they do.
        rows: title and heat [V, h, w] of every row of the picture.
    """

    view: int
    point: tuple[float, float]
    places: Tensor  # [V, 2]
    known: Tensor  # [V]
    rows: Sequence[tuple[str, Tensor]]


def plot_query(pictures: Tensor, maps: QueryMaps, title: str, width: int = 1024) -> Tensor:
    """Draw the views with the query and the places that show its point, and below them where the query looks.

    The heat of each view is drawn from nothing to the view's own maximum, whose share of the view is written below it.

    Args:
        pictures: [V, 3, H, W] in [0, 1].
        width: of the sheet, pixels.

    Returns:
        [3, height, width] in [0, 1].
    """
    sizes = check_shape(pictures, "V 3 H W", maps.places, "V 2", maps.known, "V")
    views = choose_views(sizes["V"], maps.view)
    text, gap = min(16.0, max(10.0, width / 64)), 6.0
    side = (width - gap * (len(views) + 1)) / len(views)
    tall = side * sizes["H"] / sizes["W"]
    block = tall + 3.2 * text
    sheet = new_sheet(width, max(round(2 * text + block * (1 + len(maps.rows))), 192))
    sheet.text((gap, text), title, "lm")
    for row, (name, heat) in enumerate([("", None), *maps.rows]):
        top = 2 * text + row * block
        sheet.text((gap, top + text * 0.8), name or f"the query (ring) in view {maps.view}; dots: the same surface point", "lm", FAINT_INK)
        for column, view in enumerate(views):
            left = gap + column * (side + gap)
            picture = pictures[view].float().cpu()
            sheet.picture(picture if heat is None else blend_heat(picture, heat[view]), left, top + 1.6 * text, side, tall)
            _mark(sheet, maps, view, (left, top + 1.6 * text), (side, tall))
            peak = "" if heat is None else f"peak {float(heat[view].max()):.0%}"
            sheet.text((left, top + 1.6 * text + tall + 0.8 * text), f"view {view}" if heat is None else peak, "lm", FAINT_INK, size=0.9)
    return sheet.to_tensor()


def choose_views(count: int, query: int) -> list[int]:
    """Up to `MAX_VIEWS` views at equal spacing, the query's among them."""
    if count <= MAX_VIEWS:
        return list(range(count))
    spaced = [round(index * (count - 1) / (MAX_VIEWS - 1)) for index in range(MAX_VIEWS)]
    nearest = min(range(MAX_VIEWS), key=lambda index: abs(spaced[index] - query))
    return [*spaced[:nearest], query, *spaced[nearest + 1 :]]


def blend_heat(picture: Tensor, heat: Tensor) -> Tensor:
    """A picture [3, H, W] in grey under the colours of a heat map [h, w], each cell as large as what it stands for."""
    ramp = torch.tensor([ramp_color(step / (STEPS - 1)) for step in range(STEPS)]) / 255  # [STEPS, 3]
    strength = heat.float().cpu() / heat.max().cpu().clamp_min(1e-12)
    strength = F.interpolate(strength[None, None], size=picture.shape[-2:], mode="nearest-exact")[0, 0]
    colors = ramp[(strength * (STEPS - 1)).round().long()].movedim(-1, 0)  # [3, H, W]
    return (1 - SHARE) * picture.mean(0, keepdim=True) + SHARE * colors


def _mark(sheet: Canvas, maps: QueryMaps, view: int, corner: tuple[float, float], size: tuple[float, float]) -> None:
    """The query as a ring in its own view, the true place as a dot in another one that shows it."""
    if view != maps.view and not bool(maps.known[view]):
        return
    x, y = maps.point if view == maps.view else maps.places[view].tolist()
    center = corner[0] + x * size[0], corner[1] + y * size[1]
    radius = max(3.0, 0.035 * size[0])
    if view == maps.view:
        ring = [(center[0] + radius * 1.6 * dx, center[1] + radius * 1.6 * dy) for dx, dy in _circle()]
        sheet.line(ring, PAPER, thickness=4.0)
        sheet.line(ring, QUERY, thickness=2.2)
    else:
        sheet.circle(center, radius, PAPER)
        sheet.circle(center, radius * 0.7, TRUE)


def _circle() -> list[tuple[float, float]]:
    turns = torch.linspace(0, 2 * torch.pi, 33)
    return list(zip(turns.cos().tolist(), turns.sin().tolist(), strict=True))
