"""The 3D contents of a trajectory plot, and their drawing through a projection. Points are numpy float64 [N, 3]."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from ..camera.cameras import Cameras, unit_depth_rays
from .canvas import AXES, CARD, FAINT_INK, GRID, INK, REFERENCE, SUBJECT, Canvas, Color, Point, mix, nice_step, ramp_color

MAX_FRUSTA = 24  # of a longer path every n-th camera is drawn and the last; the line shows them all
FRUSTUM_SIZE = 0.13  # of the scene's radius


@dataclass(frozen=True)
class View:
    """A projection of the world onto a sheet."""

    origin: np.ndarray  # [3] the world point that is looked at
    axes: np.ndarray  # [3, 3] rows: screen right, screen down, into the screen
    distance: float  # of the viewer from the origin; infinite for parallel projection
    scale: float = 1.0  # pixels per world unit at the origin
    shift: Point = (0.0, 0.0)

    def project(self, points: np.ndarray) -> list[Point]:
        """World points [N, 3] on the sheet."""
        local = (points - self.origin) @ self.axes.T  # [N, 3]
        flat = local[:, :2] / (1 + local[:, 2:] / self.distance) * self.scale + self.shift
        return [(x, y) for x, y in flat.tolist()]

    def depth(self, point: np.ndarray) -> float:
        return float((point - self.origin) @ self.axes[2])

    def fit(self, points: np.ndarray, left: float, top: float, right: float, bottom: float) -> View:
        """The same view, scaled so that the points fill a box of the sheet."""
        flat = np.array(self.project(points))  # [N, 2]
        low, high = flat.min(0), flat.max(0)
        scale = min((right - left) / (high[0] - low[0]), (bottom - top) / (high[1] - low[1]))
        x, y = (low + high).tolist()
        return replace(self, scale=scale, shift=((left + right - scale * x) / 2, (top + bottom - scale * y) / 2))


@dataclass(frozen=True)
class Frustum:
    """A camera as a pyramid: its centre, the corners of its picture from the top left clockwise, and a mark above the top edge."""

    points: np.ndarray  # [6, 3] centre, four corners, mark
    color: Color
    thickness: float
    label: str = ""  # beside the centre


@dataclass(frozen=True)
class Scene:
    """The path [V, 3] with its colours, the pyramids, the subject about the origin, and the ground through the origin."""

    path: np.ndarray
    frusta: tuple[Frustum, ...]
    subject_radius: float
    ground: np.ndarray  # [2, 3] horizontal unit axes
    middle: np.ndarray  # [3]
    radius: float
    grid_step: float

    def extent(self) -> np.ndarray:
        """Points [N, 3] that must be in the picture."""
        axes = np.concatenate([np.eye(3), -np.eye(3)]) * self.subject_radius
        return np.concatenate([axes, self.path, *(frustum.points for frustum in self.frusta)])


def build_scene(
    cameras: Cameras, references: Cameras | None, subject_radius: float, ground: np.ndarray, labelled: Sequence[int] = ()
) -> Scene:
    """The scene of a path; the cameras at the indices `labelled` are drawn whatever the number, with their numbers."""
    path = cameras.to("cpu", torch.float64).centers.numpy()
    others = path[:0] if references is None else references.to("cpu", torch.float64).centers.numpy()
    everything = np.concatenate([path, others, np.eye(3) * subject_radius, -np.eye(3) * subject_radius])
    middle = (everything.min(0) + everything.max(0)) / 2
    radius = float(np.linalg.norm(everything - middle, axis=1).max()) or 1.0
    size = FRUSTUM_SIZE * radius
    last = max(len(path) - 1, 1)
    shown = sorted({*range(0, len(path), math.ceil(len(path) / MAX_FRUSTA)), len(path) - 1, *labelled})
    labels = {i: str(i) for i in labelled}
    frusta = [Frustum(_pyramid(cameras, i, size), ramp_color(i / last), 1.6, labels.get(i, "")) for i in shown]
    if references is not None:
        frusta += [Frustum(_pyramid(references, i, size * 0.7), REFERENCE, thickness=1.0) for i in range(len(references))]
    return Scene(path, tuple(frusta), subject_radius, ground, middle, radius, nice_step(2 * radius, 6))


def draw_scene(canvas: Canvas, view: View, scene: Scene, ordered: bool) -> None:
    """Draw everything, far things first; lines from camera to camera only if they have an order."""
    _draw_grid(canvas, view, scene)
    if ordered:
        _draw_path(canvas, view, scene)
    items = [(view.depth(frustum.points.mean(0)), frustum) for frustum in scene.frusta]
    items.append((view.depth(np.zeros(3)), None))  # the subject
    for _, frustum in sorted(items, key=lambda item: -item[0]):
        if frustum is None:
            _draw_subject(canvas, view, scene)
        else:
            _draw_frustum(canvas, view, frustum)
    for frustum in scene.frusta:
        _draw_label(canvas, view, frustum)
    _draw_axes(canvas, view)


def _pyramid(cameras: Cameras, index: int, size: float) -> np.ndarray:
    """The world points [6, 3] of a frustum whose longest side is `size`."""
    camera = cameras[index].to("cpu", torch.float64)
    w, h = cameras.width, cameras.height
    rays = unit_depth_rays(camera.K[0], camera.K.new_tensor([[0, 0], [w, 0], [w, h], [0, h], [w / 2, -h / 4]]))  # [5, 3]
    rays = rays * size / max(1.0, float((rays[:4].amax(0) - rays[:4].amin(0)).max()))
    centre = camera.centers  # [1, 3]
    return torch.cat([centre, centre + rays @ camera.w2c[0, :3, :3]]).numpy()


def _draw_grid(canvas: Canvas, view: View, scene: Scene) -> None:
    """Lines on the ground at round distances, and plumb lines from the path to it."""
    flat = scene.extent() @ scene.ground.T  # [N, 2]
    low, high = np.floor(flat.min(0) / scene.grid_step), np.ceil(flat.max(0) / scene.grid_step)
    for along, across in ((0, 1), (1, 0)):
        for index in np.arange(low[across], high[across] + 1):
            ends = np.zeros((2, 2))
            ends[:, across] = index
            ends[:, along] = low[along], high[along]
            canvas.line(view.project(ends * scene.grid_step @ scene.ground), GRID)
    for center in scene.path[:: math.ceil(len(scene.path) / MAX_FRUSTA)]:
        foot = center @ scene.ground.T @ scene.ground
        canvas.line(view.project(np.stack([center, foot])), mix(FAINT_INK, CARD, 0.6))


def _draw_path(canvas: Canvas, view: View, scene: Scene) -> None:
    points = view.project(scene.path)
    for i in range(len(points) - 1):
        canvas.line(points[i : i + 2], ramp_color((i + 0.5) / (len(points) - 1)), thickness=2.4)


def _draw_frustum(canvas: Canvas, view: View, frustum: Frustum) -> None:
    center, *corners, mark = view.project(frustum.points)
    canvas.polygon(corners, frustum.color, alpha=0.16)
    for corner in corners:
        canvas.line([center, corner], frustum.color, frustum.thickness * 0.7, alpha=0.75)
    canvas.line([*corners, corners[0]], frustum.color, frustum.thickness)
    canvas.polygon([_between(corners[0], corners[1], 0.3), mark, _between(corners[0], corners[1], 0.7)], frustum.color, alpha=0.8)
    canvas.circle(center, frustum.thickness * 1.6, frustum.color)


def _draw_label(canvas: Canvas, view: View, frustum: Frustum) -> None:
    """The label behind the camera, where its pyramid is not."""
    if not frustum.label:
        return
    (x, y), *corners, _ = view.project(frustum.points)
    back = (x - sum(corner[0] for corner in corners) / 4, y - sum(corner[1] for corner in corners) / 4)
    reach = canvas.text_size * 0.8 / max(math.hypot(*back), 1e-6)
    canvas.text((x + back[0] * reach, y + back[1] * reach), frustum.label, "mm", frustum.color, size=0.85)


def _draw_subject(canvas: Canvas, view: View, scene: Scene) -> None:
    if scene.subject_radius == 0:
        return
    center = view.project(np.zeros((1, 3)))[0]
    # the silhouette of a ball in perspective, up to the slight stretch off the middle of the picture
    reach = scene.subject_radius * view.scale / (1 + view.depth(np.zeros(3)) / view.distance)
    canvas.circle(center, reach, SUBJECT, alpha=0.55)
    turn = np.linspace(0, 2 * math.pi, 65)
    circle = np.stack([np.cos(turn), np.sin(turn)], axis=1) * scene.subject_radius  # [65, 2]
    canvas.line(view.project(circle @ scene.ground), mix(SUBJECT, INK, 0.45))
    canvas.line([(center[0] + reach * math.cos(a), center[1] + reach * math.sin(a)) for a in turn], mix(SUBJECT, INK, 0.45))


def _draw_axes(canvas: Canvas, view: View) -> None:
    """The world's axes in the upper right corner; one along the line of sight is a dot."""
    text = canvas.text_size
    x, y = canvas.width - text * 3.4, text * 3.4
    for name, color, (right, down) in zip("xyz", AXES, view.axes[:2].T.tolist(), strict=True):
        tip = (x + right * text * 1.8, y + down * text * 1.8)
        canvas.line([(x, y), tip], color, thickness=2)
        canvas.circle(tip, 2.5, color)
        aside = (right, down) if math.hypot(right, down) > 0.3 else (-0.4, 0.4)
        canvas.text((x + aside[0] * text * 2.5, y + aside[1] * text * 2.5), name, "mm", color)


def _between(first: Point, second: Point, share: float) -> Point:
    return first[0] + (second[0] - first[0]) * share, first[1] + (second[1] - first[1]) * share
