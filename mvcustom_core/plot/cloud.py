"""A point cloud as seen by the middle camera, from the side and from above."""

from __future__ import annotations

import torch
from torch import Tensor

from ..camera.cameras import Cameras, fit_cameras
from ..camera.rays import project_points
from ..camera.rigid import upright_direction
from ..path.trajectory import orbit
from ..surface.geometry import PointCloud
from .canvas import INK, new_sheet

PANEL = 320  # pixels
SIDE_DEG, ABOVE_DEG = 70.0, 60.0
BACKGROUND = 0.93
BACK = 1.6  # times as far from the subject as the camera, so that the views from aside show the surroundings too


def plot_cloud(cloud: PointCloud, cameras: Cameras) -> Tensor:
    """[3, PANEL, 3 PANEL] in 0..1."""
    middle = fit_cameras(cameras[len(cameras) // 2], PANEL, PANEL)
    x, y, z = cloud.points.median(dim=0).values.tolist()
    away = BACK * float((middle.centers[0].cpu() - torch.tensor([x, y, z])).norm())
    up = upright_direction(cameras)
    side = orbit(middle, 1, (SIDE_DEG, SIDE_DEG), 0.0, away, (x, y, z), up)
    above = orbit(middle, 1, (0.0, 0.0), ABOVE_DEG, away, (x, y, z), up)
    sheet = new_sheet(3 * PANEL, PANEL)
    for column, (title, camera) in enumerate((("the middle view's camera", middle), ("from the side", side), ("from above", above))):
        sheet.picture(draw_points(cloud, camera), column * PANEL, 0, PANEL)
        sheet.text((column * PANEL + 8, 6), title, color=INK)
    return sheet.to_tensor()


def draw_points(cloud: PointCloud, camera: Cameras) -> Tensor:
    """The nearest point in each pixel of one camera, each point three pixels wide, [3, H, W]; grey where there is none."""
    height, width = camera.height, camera.width
    places, depth = project_points(camera.to("cpu", torch.float32), cloud.points)
    in_front = depth[0] > 1e-6
    column, row = places[0, in_front].floor().long().clamp(-9, max(width, height) + 9).unbind(-1)
    near = depth[0, in_front]
    steps = torch.tensor([-1, 0, 1])
    rows, columns = (row[:, None, None] + steps[:, None]).expand(-1, 3, 3), (column[:, None, None] + steps).expand(-1, 3, 3)
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    pixel, point = (rows * width + columns)[inside], torch.arange(len(near))[:, None, None].expand_as(rows)[inside]
    nearest = torch.full((height * width,), torch.inf).scatter_reduce(0, pixel, near[point], "amin")
    wins = near[point] == nearest[pixel]
    picture = torch.full((height * width, 3), BACKGROUND)
    picture[pixel[wins]] = cloud.colors[in_front].float()[point[wins]]
    return picture.T.unflatten(1, (height, width))
