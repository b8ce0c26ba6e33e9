"""A camera path in its scene: from above, and in perspective from behind and above.

Up is where the cameras were held upright: an axis of the world if all are level about it, as in worlds that were made upright, and else
what their horizons agree on. The cameras' mean forward direction points away in the picture.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ..camera.cameras import Cameras
from ..camera.rigid import LEVEL, upright_direction
from .canvas import CARD, FAINT_INK, INK, REFERENCE, Canvas, new_sheet, ramp_color
from .scene import View, build_scene, draw_scene

VIEWER_AZIMUTH, VIEWER_ELEVATION = math.radians(-30.0), math.radians(30.0)
VIEWER_DISTANCE = 4.0  # of the scene's radius
LEAST_FORWARD = 0.1  # length of a mean of unit vectors; shorter ones are what is left where cameras look all ways


def plot_trajectory(
    cameras: Cameras,
    *,
    subject_radius: float = 0.25,
    references: Cameras | None = None,
    reference_name: str = "reference",
    ordered: bool = True,
    width: int = 1024,
    height: int = 512,
) -> Tensor:
    """Draw the cameras as pyramids coloured from first to last, their path, and the subject as a ball about the origin.

    Args:
        subject_radius: world units; 0 draws no subject.
        references: more cameras, drawn in grey; their up is the picture's.
        reference_name: what the caption calls one of them.
        ordered: draw the path; photographs in no order have none.

    Returns:
        [3, height, width] in [0, 1].

    Raises:
        ValueError: for no camera, a negative radius, or a sheet too small for text.
    """
    if len(cameras) < 1:
        raise ValueError("plot: wanted at least one camera, got none")
    if not 0 <= subject_radius < math.inf:
        raise ValueError(f"plot: wanted a subject radius of 0 or more, got {subject_radius}")
    canvas = new_sheet(width, height)
    text = canvas.text_size
    draw_cards(canvas, cameras, subject_radius, references=references, bottom=height - text * 3, ordered=ordered)
    draw_caption(canvas, cameras, references, height - text * 1.5, reference_name)
    return canvas.to_tensor()


def draw_cards(
    canvas: Canvas,
    cameras: Cameras,
    subject_radius: float,
    *,
    references: Cameras | None,
    bottom: float,
    ordered: bool,
    labelled: Sequence[int] = (),
) -> None:
    """The two views of the scene side by side, from the top of the sheet down to `bottom`; the path only if there is an order."""
    right, forward, up = picture_axes(cameras, references)
    scene = build_scene(cameras, references, subject_radius, np.stack([right, forward]), labelled)
    above = View(scene.middle, np.stack([right, -forward, -up]), math.inf)
    behind = View(scene.middle, _viewer_axes(right, forward, up), VIEWER_DISTANCE * scene.radius)
    text = canvas.text_size
    gap = round(text * 0.8)
    card_width, card_height = (canvas.width - 3 * gap) // 2, round(bottom) - gap
    for column, (title, view) in enumerate((("Top view", above), ("Perspective", behind))):
        card = Canvas(card_width, card_height, text, CARD)
        view = view.fit(scene.extent(), text * 1.5, text * 3, card_width - text * 1.5, card_height - text * 2)
        draw_scene(card, view, scene, ordered)
        card.text((text, text * 0.8), title, size=1.15)
        if math.isinf(view.distance):
            _draw_scale_bar(card, view.scale, scene.grid_step)
        canvas.paste(card, gap + column * (card_width + gap), gap)


def picture_axes(cameras: Cameras, references: Cameras | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The world directions [3] that are right, forward and up in the plot; up is that of the references if there are any."""
    up = _find_up((cameras if references is None else references).to("cpu", torch.float64))
    rotation = cameras.to("cpu", torch.float64).w2c[:, :3, :3].numpy()
    candidates = (rotation[:, 2].mean(0), rotation[0, 2], np.cross(up, rotation[0, 0]))  # the last for cameras that look down or up
    level = (direction - (direction @ up) * up for direction in candidates)
    forward = next(direction for direction in level if np.linalg.norm(direction) > LEAST_FORWARD)
    forward = forward / np.linalg.norm(forward)
    return np.cross(forward, up), forward, up


def _find_up(exact: Cameras) -> np.ndarray:
    """Unit world direction [3]: the axis of the world nearest to the cameras' mean up if all are level about it, else as they were held."""
    rotation = exact.w2c[:, :3, :3].numpy()
    axis = np.zeros(3)
    mean = -rotation[:, 1].mean(0)
    longest = int(np.abs(mean).argmax())
    axis[longest] = math.copysign(1.0, mean[longest])
    if np.square(rotation[:, 0] @ axis).mean() <= LEVEL:
        return axis
    up = np.array(upright_direction(exact))
    return up / np.linalg.norm(up) if up.any() else axis


def _viewer_axes(right: np.ndarray, forward: np.ndarray, up: np.ndarray) -> np.ndarray:
    """Rows screen right, screen down, depth of a viewer behind, beside and above the scene."""
    level = math.cos(VIEWER_ELEVATION)
    depth = level * (math.cos(VIEWER_AZIMUTH) * forward - math.sin(VIEWER_AZIMUTH) * right) - math.sin(VIEWER_ELEVATION) * up
    across = np.cross(depth, up) / level
    return np.stack([across, np.cross(depth, across), depth])


def _draw_scale_bar(card: Canvas, scale: float, length: float) -> None:
    """The grid's step in the lower left corner: true to scale where the projection is parallel."""
    text = card.text_size
    left, y = text, card.height - text
    right = left + length * scale
    card.line([(left, y), (right, y)], INK, thickness=2)
    card.text((right + text * 0.5, y), f"{length:g} unit{'s' * (length != 1)}", "lm", INK, size=0.9)


def draw_caption(canvas: Canvas, cameras: Cameras, references: Cameras | None, y: float, reference_name: str = "reference") -> None:
    """A line at height y: what is shown, at the left; first to last, at the right."""
    text = canvas.text_size
    count = len(cameras)
    field = 2 * math.degrees(math.atan(cameras.width / 2 / float(cameras.K[0, 0, 0])))
    parts = [f"{count} view{'s' * (count > 1)}", f"{cameras.width} x {cameras.height}", f"{field:.0f}° wide"]
    x = text * 1.5
    caption = "   ·   ".join(parts)
    canvas.text((x, y), caption, "lm", FAINT_INK)
    if references is not None:
        x += canvas.text_width(caption) + text * 2
        canvas.circle((x, y), text * 0.3, REFERENCE)
        canvas.text((x + text * 0.7, y), f"{len(references)} {reference_name}{'s' * (len(references) > 1)}", "lm", FAINT_INK)
    if count > 1:
        _draw_color_bar(canvas, y, count)


def _draw_color_bar(canvas: Canvas, y: float, count: int) -> None:
    text = canvas.text_size
    first, last = "view 0", str(count - 1)
    right = canvas.width - text * 2 - canvas.text_width(last)
    length = canvas.width * 0.16
    for i in range(64):
        left = right - length + length * i / 64
        canvas.rectangle(left, y - text * 0.3, left + length / 64, y + text * 0.3, ramp_color(i / 63))
    canvas.text((right - length - text * 0.5, y), first, "rm", FAINT_INK)
    canvas.text((right + text * 0.5, y), last, "lm", FAINT_INK)
