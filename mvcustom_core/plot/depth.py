"""Plots an anchor's depth for inspection: the depth map, its valid pixels, and its surface seen from the side."""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional as F

from ..camera.cameras import Cameras, look_at, square_intrinsics, unit_depth_rays
from ..shapes import check_shape
from ..surface.depth import DepthMap
from ..surface.mesh import build_depth_mesh
from ..surface.raster import rasterize_mesh
from .canvas import CARD, CATEGORIES, FAINT_INK, Canvas, Color, new_sheet

INVALID = (0.8, 0.1, 0.1)
SIDE_DEG, ABOVE_DEG = 55.0, 20.0  # where the surface is looked at from, against the anchor
FIELD_DEG = 30.0  # of the side view
SHOWN = 0.6  # nearest share of the surface that the side view frames; the far background would make all else small
REACH = 4.0  # and nothing beyond this many times the depth of its nearest tenth
OTHERS = 0.4  # size of the other views' cameras, against the anchor's
MESH_SIZE = 160  # pixels, longer side of the depth map that the side view is drawn from


def plot_depth(depth: DepthMap) -> Tensor:
    """Inverse depth from black (far) to white (near) over the map's own range, by its square root, so that a hill at 40 units is not as
    black as the sky behind it. Pixels without depth are red.

    Returns:
        [3, H, W] in 0..1.
    """
    inverse = torch.where(depth.valid, depth.depth, 1.0).reciprocal().float()
    values = inverse[depth.valid]
    near, far = values.max(), values.min()
    share = ((inverse - far) / (near - far).clamp_min(1e-6)).clamp(0, 1)
    return _mark_invalid(share.sqrt().expand(3, -1, -1), depth.valid)


def plot_anchor(depth: DepthMap, picture: Tensor, cameras: Cameras, *, view: int = 0, width: int = 1024) -> Tensor:
    """Draw a sheet of three: the depth, the view's own picture with pixels without depth in red, and the surface from the side, with the
    cameras of all views.

    Args:
        depth: of the anchor view.
        picture: [3, H, W] in [0, 1] of the same view.
        cameras: of all views.
        view: the anchor's number.
        width: of the sheet, pixels.

    Returns:
        [3, height, width] in [0, 1].
    """
    check_shape(picture, "3 H W")
    anchor = cameras[view]
    text, titles = min(16.0, max(10.0, width / 64)), 2.2
    gap = text
    side = (width - 4 * gap) / 3
    tall = min(max(side * anchor.height / anchor.width, side / 3), 2 * side)
    sheet = new_sheet(width, max(round(tall + (titles + 1) * text), 192))
    small = F.interpolate(picture[None].float().cpu(), size=depth.depth.shape, mode="area")[0]
    panels = (
        (f"Depth of view {view}: {_describe_range(depth)}", plot_depth(depth).cpu()),
        (f"Valid: {float(depth.valid.double().mean()):.1%}", _mark_invalid(small, depth.valid.cpu())),
        ("From the side, with all cameras", _draw_side(depth, small, cameras, view, round(side), round(tall))),
    )
    for column, (title, panel) in enumerate(panels):
        left = gap + column * (side + gap)
        sheet.picture(panel, left, titles * text, side, tall)
        sheet.text((left, titles * text / 2), title, "lm")
    return sheet.to_tensor()


def _describe_range(depth: DepthMap) -> str:
    values = depth.depth[depth.valid & ~depth.sky]
    parts = [f"{float(values.min()):.3g} to {float(values.max()):.3g}"] if len(values) else []
    return ", ".join([*parts, "sky"] if depth.sky.any() else parts)


def _mark_invalid(pixels: Tensor, valid: Tensor) -> Tensor:
    return torch.where(valid, pixels, pixels.new_tensor(INVALID)[:, None, None])


def _draw_side(depth: DepthMap, picture: Tensor, cameras: Cameras, view: int, width: int, height: int) -> Tensor:  # noqa: PLR0913
    """The mesh in the picture's colours from the left and above, back faces grey, and the cameras; [3, height, width]."""
    exact = cameras.to("cpu", torch.float64)
    frames = replace(exact, w2c=exact.w2c @ torch.linalg.inv(exact.w2c[view]))  # all in the anchor's own frame
    mesh = build_depth_mesh(_thin(_without_sky(depth)), frames[view])
    surface = mesh.points[torch.isfinite(mesh.points).all(dim=-1)]
    tenth, shown = torch.quantile(surface[:, 2], surface.new_tensor([0.1, SHOWN]))
    near = surface[surface[:, 2] <= shown.minimum(REACH * tenth)]
    reach = 0.25 * float(near[:, 2].median())
    others = [_place_pyramid(frames[i], OTHERS * reach) for i in range(len(frames)) if i != view]
    pyramids = [*others, _place_pyramid(frames[view], reach)]
    side = _stand_aside(torch.cat([near, *pyramids]), width, height)
    hits = rasterize_mesh(mesh, side, height, width)
    points = hits.anchor_xy / torch.tensor([mesh.width, mesh.height]) * 2 - 1
    colors = F.grid_sample(picture[None], points.nan_to_num().float(), align_corners=False, padding_mode="border")[0]
    paper, back = (colors.new_tensor(color)[:, None, None] / 255 for color in (CARD, FAINT_INK))
    canvas = Canvas(width, height, 10.0, CARD)
    canvas.picture(torch.where(hits.visible[0], colors, torch.where(hits.face[0] >= 0, back, paper)), 0, 0, width, height)
    for pyramid in pyramids:
        is_anchor = pyramid is pyramids[-1]
        _draw_pyramid(canvas, side, pyramid, CATEGORIES[1] if is_anchor else CATEGORIES[0], 1.5 if is_anchor else 1.0)
    return canvas.to_tensor()


def _draw_pyramid(canvas: Canvas, side: Cameras, pyramid: Tensor, color: Color, thickness: float) -> None:
    local = (pyramid - side.centers) @ side.w2c[0, :3, :3].T  # [5, 3]
    center, *corners = [(x, y) for x, y, _ in ((local / local[:, 2:]) @ side.K[0].T).tolist()]
    for line in (*((center, corner) for corner in corners), *zip(corners, corners[1:] + corners[:1], strict=True)):
        canvas.line(line, color, thickness=thickness)


def _without_sky(depth: DepthMap) -> DepthMap:
    """What has a place; all of it where there is nothing but sky."""
    known = depth.valid & ~depth.sky
    return replace(depth, valid=known) if known.any() else depth


def _thin(depth: DepthMap) -> DepthMap:
    """Fewer pixels of the same field of view, picked and not blended."""
    scale = MESH_SIZE / max(depth.depth.shape)
    if scale >= 1:
        return replace(depth, depth=depth.depth.cpu(), valid=depth.valid.cpu())
    values = torch.where(depth.valid, depth.depth.double(), torch.nan).cpu()
    size = [max(round(side * scale), 1) for side in values.shape]
    values = F.interpolate(values[None, None], size=size, mode="nearest-exact")[0, 0]
    known = values.isfinite()
    return replace(depth, depth=values, valid=known) if known.any() else depth


def _place_pyramid(camera: Cameras, reach: float) -> Tensor:
    """The camera's centre and the corners of its picture at a z-depth, world points [5, 3]."""
    corners = camera.K.new_tensor([[0, 0], [camera.width, 0], [camera.width, camera.height], [0, camera.height]])
    rays = torch.cat([corners.new_zeros(1, 3), reach * unit_depth_rays(camera.K[0], corners)])
    return camera.centers + rays @ camera.w2c[0, :3, :3]


def _stand_aside(points: Tensor, width: int, height: int) -> Cameras:
    """A camera from which all points [N, 3] of the anchor's frame fill the picture."""
    turn, rise = math.radians(SIDE_DEG), math.radians(ABOVE_DEG)
    away = points.new_tensor([[-math.sin(turn) * math.cos(rise), -math.sin(rise), -math.cos(turn) * math.cos(rise)]])
    up = points.new_tensor([[0.0, -1.0, 0.0]])
    rotation = look_at(away, torch.zeros_like(away), up)[0, :3, :3]
    local = points @ rotation.T
    middle = (local.amin(dim=0) + local.amax(dim=0)) / 2
    local = local - middle
    K = square_intrinsics(1, min(width, height), FIELD_DEG).to(points)
    K[0, :2, 2] = K.new_tensor([width / 2, height / 2])
    needed = (local[:, :2].abs() * K[0, 0, 0] / K[0, :2, 2]).amax(dim=-1) - local[:, 2]
    eye = middle @ rotation + 1.05 * needed.max() * away
    return Cameras(look_at(eye, eye - away, up), K, width, height)
