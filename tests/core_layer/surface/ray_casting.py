"""Brute force: every ray against every triangle (Moeller and Trumbore), by the definition of the mesh and none of the code under test."""

from __future__ import annotations

import math

import torch

from mvcustom.mvcustom_core.camera.cameras import Cameras
from mvcustom.mvcustom_core.surface.depth import DepthMap

F64 = torch.float64


def make_camera(width=8, height=8, focal=8.0, eye=(0.0, 0.0, 0.0), yaw_deg=0.0, roll_deg=0.0, center=None):
    yaw, roll = math.radians(yaw_deg), math.radians(roll_deg)
    turn = torch.tensor([[math.cos(yaw), 0, -math.sin(yaw)], [0, 1, 0], [math.sin(yaw), 0, math.cos(yaw)]], dtype=F64)
    spin = torch.tensor([[math.cos(roll), math.sin(roll), 0], [-math.sin(roll), math.cos(roll), 0], [0, 0, 1]], dtype=F64)
    w2c = torch.eye(4, dtype=F64)[None].clone()
    w2c[0, :3, :3] = spin @ turn
    w2c[0, :3, 3] = -w2c[0, :3, :3] @ torch.tensor(eye, dtype=F64)
    cx, cy = center or (width / 2, height / 2)
    focal_x, focal_y = focal if isinstance(focal, tuple) else (focal, focal)
    K = torch.tensor([[[focal_x, 0, cx], [0, focal_y, cy], [0, 0, 1]]], dtype=F64)
    return Cameras(w2c, K, width, height)


def make_orbit(angle_deg, distance=2.0, width=8, height=8, focal=8.0):
    """The camera at the world's origin, swung about the point before it at a distance."""
    angle = math.radians(angle_deg)
    return make_camera(width, height, focal, (distance * math.sin(angle), 0.0, distance - distance * math.cos(angle)), -angle_deg)


def make_map(depth, valid=None):
    return DepthMap(depth, torch.ones_like(depth, dtype=torch.bool) if valid is None else valid, "test", 1.0, "")


def make_grid(height, width):
    y, x = torch.meshgrid(torch.arange(height, dtype=F64) + 0.5, torch.arange(width, dtype=F64) + 0.5, indexing="ij")
    return x, y


def make_bumps(height, width, amplitude=0.3):
    x, y = make_grid(height, width)
    return 2.0 + amplitude * torch.sin(1.1 * x + 0.3) * torch.cos(0.9 * y - 0.2)


def make_slant(height, width):
    """A plane: inverse depth is linear in the picture."""
    x, y = make_grid(height, width)
    return 1 / (0.5 + 0.25 * (x / width - 0.5) - 0.18 * (y / height - 0.5))


def make_steps(height, width):
    """A box at depth 1 before a wall at 4."""
    x, y = make_grid(height, width)
    inside = (x > 0.25 * width) & (x < 0.7 * width) & (y > 0.3 * height) & (y < 0.8 * height)
    return torch.where(inside, 1.0, 4.0).to(F64)


def list_triangles(depth, camera):
    """World corners [F, 3, 3] and anchor coordinates [F, 3, 2] of the padded grid's triangles, and their corners' depths [F, 3]."""
    height, width = depth.shape
    K, c2w = _scale(camera, height, width), torch.linalg.inv(camera.w2c[0])
    xs = [0.0] + [c + 0.5 for c in range(width)] + [float(width)]
    ys = [0.0] + [r + 0.5 for r in range(height)] + [float(height)]
    place = {}
    for r, y in enumerate(ys):
        for c, x in enumerate(xs):
            z = depth[min(max(r - 1, 0), height - 1), min(max(c - 1, 0), width - 1)]
            ray = torch.stack([(x - K[0, 2]) / K[0, 0], (y - K[1, 2]) / K[1, 1], torch.ones((), dtype=F64)])
            place[r, c] = (c2w[:3, :3] @ (ray * z) + c2w[:3, 3], torch.tensor([x, y], dtype=F64), z)
    paths = []
    for r in range(height + 1):
        for c in range(width + 1):
            paths += [((r, c), (r + 1, c), (r, c + 1)), ((r + 1, c + 1), (r, c + 1), (r + 1, c))]
    return tuple(torch.stack([torch.stack([place[at][part] for at in path]) for path in paths]) for part in range(3))


def cast_rays(depth, anchor, target, height, width, near, max_step=math.inf):
    """Depth, anchor point, face, front and sureness per pixel, each [height, width, ...].

    Triangles whose corners' depths differ by more than `max_step` are left out. A pixel is sure if no edge, tie or near plane is close.
    """
    everything, seen, corner_depth = list_triangles(depth, anchor)
    number = torch.arange(len(everything))
    kept = corner_depth.amax(1) - corner_depth.amin(1) <= max_step
    world, seen, number = everything[kept], seen[kept], number[kept]
    c2w = torch.linalg.inv(target.w2c[0])
    K = _scale(target, height, width)
    rows = [_cast_row(world, seen, number, c2w, K, i, width, near) for i in range(height)]
    z, xy, face, hit, sure = (torch.stack(part) for part in zip(*rows, strict=True))
    front = torch.zeros_like(hit)
    for i, j in hit.nonzero().tolist():
        front[i, j] = _sees_front(everything[face[i, j]], target.w2c[0], anchor.w2c[0])
    return z, xy, face, front, sure


def _scale(camera, height, width):
    """K for a picture of another size."""
    return torch.tensor([width / camera.width, height / camera.height, 1.0], dtype=F64)[:, None] * camera.K[0]


def _cast_row(world, seen, number, c2w, K, i, width, near):
    columns = torch.arange(width, dtype=F64) + 0.5
    pixels = torch.stack([columns, torch.full_like(columns, i + 0.5), torch.ones_like(columns)])
    rays = (c2w[:3, :3] @ torch.linalg.solve(K, pixels)).T[:, None]  # [W, 1, 3] of unit z: t is z-depth
    a, ab, ac = world[:, 0], world[:, 1] - world[:, 0], world[:, 2] - world[:, 0]
    p = torch.linalg.cross(rays.expand(-1, len(a), -1), ac.expand(width, -1, -1))
    det = (ab * p).sum(-1)  # [W, F]
    s = c2w[:3, 3] - a
    u = (s * p).sum(-1) / det
    q = torch.linalg.cross(s, ab)
    v = (q * rays).sum(-1) / det
    t = (q * ac).sum(-1) / det
    least = torch.stack([u, v, 1 - u - v]).amin(0)
    ahead = t > near
    inside = (least >= 0) & ahead
    close = ahead & (least.abs() < 0.03)  # generous: the snapping moves a vertex by 1/512 pixel
    limit = ((t - near).abs() < 1e-3) & (least > -0.03)
    order = torch.where(inside, t, torch.inf).sort(dim=1)
    tie = order.values[:, 1] - order.values[:, 0] < 1e-5
    k = order.indices[:, :1]
    u, v = u.gather(1, k), v.gather(1, k)
    corners = seen[k[:, 0]]  # [W, 3, 2]
    xy = (1 - u - v) * corners[:, 0] + u * corners[:, 1] + v * corners[:, 2]
    hit = inside.any(1)
    z = torch.where(hit, order.values[:, 0], torch.inf)
    return z, xy, torch.where(hit, number[k[:, 0]], -1), hit, ~(close.any(1) | limit.any(1) | tie)


def _sees_front(corners, target_w2c, anchor_w2c):
    normal = torch.linalg.cross(corners[1] - corners[0], corners[2] - corners[0])
    sides = [float(normal @ (corners[0] - torch.linalg.inv(w2c)[:3, 3])) for w2c in (target_w2c, anchor_w2c)]
    return sides[0] * sides[1] > 0  # both cameras on one side of the face
