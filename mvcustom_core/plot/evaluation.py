"""Plots of an evaluation: the found cameras beside those asked for, the errors of all pairs, and bars for the views."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..camera.cameras import Cameras
from ..evaluation.alignment import MIN_CAMERAS, align_cameras, measure_extent
from ..evaluation.evaluation import Evaluation
from ..evaluation.pose import THRESHOLD_DEG, PoseAccuracy
from .canvas import CARD, CATEGORIES, FAINT_INK, GRID, INK, Canvas, Color, mix, new_sheet
from .trajectory import plot_trajectory

GOOD, BAD = CATEGORIES[2], CATEGORIES[1]
WORST_DEG = 2 * THRESHOLD_DEG  # errors from here on have the same colour


def plot_evaluation(evaluation: Evaluation, targets: Cameras, width: int = 1024, height: int = 512) -> Tensor:
    """Draw the figures. If three or more cameras were found, a first plot shows them (coloured) beside the targets (grey).

    Returns:
        [1 or 2, 3, height, width] in [0, 1].
    """
    sheets = [_plot_figures(evaluation, width, height)]
    model = evaluation.structure and evaluation.structure.model
    if model is not None and len(model.indices) >= MIN_CAMERAS and measure_extent(model.cameras) > 0:
        found = align_cameras(model.cameras, targets[list(model.indices)]).apply_cameras(model.cameras)
        sheets.insert(0, plot_trajectory(found, references=targets, reference_name="target", width=width, height=height))
    return torch.stack(sheets)


def _plot_figures(evaluation: Evaluation, width: int, height: int) -> Tensor:
    """Draw the errors of all pairs of views at the left, and bars for the views at the right."""
    sheet = new_sheet(width, height)
    gap = round(sheet.text_size * 0.8)
    side = (height - 2 * gap, width - height - gap)
    if evaluation.poses is not None:
        sheet.paste(_draw_pairs(evaluation.poses, side[0], sheet.text_size), gap, gap)
    bars = _draw_views(_list_bars(evaluation), side[1], side[0], sheet.text_size)
    sheet.paste(bars, height, gap)
    return sheet.to_tensor()


def _draw_pairs(poses: PoseAccuracy, side: int, text: float) -> Canvas:
    """Draw a square for every pair: rotation error above the diagonal, translation error below it."""
    card = Canvas(side, side, text, CARD)
    left, top = text * 2.5, text * 3.8
    cell = (side - max(left, top) - text) / poses.views
    card.text((text, text * 0.8), "Camera errors of pairs", size=1.15)
    card.text(
        (text, text * 2.3), f"above: rotation, below: translation; grey {THRESHOLD_DEG}°, full {WORST_DEG}° or more", "la", FAINT_INK, 0.8
    )
    errors = torch.triu(poses.rotation_deg, 1) + torch.tril(poses.translation_deg, -1)
    for row in range(poses.views):
        for column in range(poses.views):
            if row != column:
                x, y = left + column * cell, top + row * cell
                card.rectangle(x + 0.5, y + 0.5, x + cell - 0.5, y + cell - 0.5, _error_color(float(errors[row, column])))
        if cell > text * 0.8:
            card.text((left - text * 0.5, top + (row + 0.5) * cell), str(row), "rm", FAINT_INK, 0.8)
    return card


def _error_color(degrees: float) -> Color:
    """The colour of an error: from good, through grey at the threshold, to bad."""
    if degrees < THRESHOLD_DEG:
        return mix(GOOD, GRID, degrees / THRESHOLD_DEG)
    return mix(GRID, BAD, min((degrees - THRESHOLD_DEG) / (WORST_DEG - THRESHOLD_DEG), 1.0))


def _list_bars(evaluation: Evaluation) -> dict[str, list[float]]:
    """Title -> values of all figures that exist for every view."""
    bars = {f"likeness by {likeness.name}": likeness.views.tolist() for likeness in evaluation.likenesses}
    if evaluation.fidelity is not None:
        bars["PSNR, dB"] = evaluation.fidelity.psnr.tolist()
    if evaluation.warps is not None:
        bars["warp PSNR, dB"] = [_average_warp(evaluation, view) for view in range(evaluation.views)]
    if evaluation.text is not None:
        bars["text cosine"] = evaluation.text.tolist()
    scale = evaluation.wanted_sharpness or 1.0
    title = "sharpness, share of what is wanted" if evaluation.wanted_sharpness else "sharpness"
    return bars | {title: (evaluation.sharpness / scale).tolist()}


def _average_warp(evaluation: Evaluation, view: int) -> float:
    """Mean PSNR of the warps into a view; 0 if there is none, as for the only anchor."""
    values = [warp.psnr for warp in evaluation.warps.warps if warp.view == view and warp.psnr is not None] if evaluation.warps else []
    return sum(values) / len(values) if values else 0.0


def _draw_views(bars: dict[str, list[float]], width: int, height: int, text: float) -> Canvas:
    """Draw one strip of bars for each figure."""
    card = Canvas(width, height, text, CARD)
    card.text((text, text * 0.8), "Views", size=1.15)
    top, strip = text * 2.6, (height - text * 4.2) / len(bars)
    for place, (title, values) in enumerate(bars.items()):
        _draw_strip(card, title, values, top + place * strip, top + (place + 1) * strip - text, CATEGORIES[place % len(CATEGORIES)])
    step = (width - 2 * text) / len(next(iter(bars.values())))
    for view in range(len(next(iter(bars.values())))):
        if step > text * 1.2 or view % 4 == 0:
            card.text((text + (view + 0.5) * step, height - text), str(view), "mm", FAINT_INK, 0.8)
    return card


def _draw_strip(card: Canvas, title: str, values: Sequence[float], top: float, bottom: float, color: Color) -> None:
    text = card.text_size
    base, highest = top + text * 1.4, max(max(values), 1e-9)
    step = (card.width - 2 * text) / len(values)
    card.text((text, top), f"{title}: {min(values):.3g} to {max(values):.3g}", "la", INK, 0.85)
    card.line([(text, bottom), (card.width - text, bottom)], GRID)
    for view, value in enumerate(values):
        x, y = text + view * step, bottom - (bottom - base) * max(value, 0.0) / highest
        card.rectangle(x + step * 0.15, y, x + step * 0.85, bottom, color)
