"""A textured table that is rendered here, for structure from motion, and how far a model of it lies from the truth.

The scene is a ground and a box of noise without repetition, so that matches are unique.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import grid_sample, interpolate

from mvcustom.mvcustom_core.camera.cameras import Cameras, look_at
from mvcustom.mvcustom_core.camera.rays import cell_centers, pixel_rays

VIEWS, SIZE, FOCAL = 10, 192, 200.0
GROUND, BOX = 0.25, 0.22  # height of the ground, half the box's side


def make_arc(views: int = VIEWS, span_deg: float = 80.0, target: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> Cameras:
    azimuth = torch.linspace(-0.5, 0.5, views) * math.radians(span_deg)
    elevation = math.radians(32) + 0.1 * torch.sin(3 * azimuth)
    eye = torch.stack([azimuth.sin() * elevation.cos(), -elevation.sin(), azimuth.cos() * elevation.cos()], dim=-1)
    K = torch.tensor([[FOCAL, 0, SIZE / 2], [0, FOCAL, SIZE / 2], [0, 0, 1]]).repeat(views, 1, 1)
    return Cameras(look_at(eye, torch.tensor([target]).repeat(views, 1), torch.tensor([[0.0, -1, 0]]).repeat(views, 1)), K, SIZE, SIZE)


def make_texture(seed: int, side: int) -> Tensor:
    """Grey noise [1, 1, side, side] of several grain sizes."""
    rng = torch.Generator().manual_seed(seed)
    layers = [interpolate(torch.rand(1, 1, side // n, side // n, generator=rng), (side, side), mode="bilinear") for n in (4, 8, 16)]
    return torch.stack(layers).mean(0).sub(0.5).mul(2).add(0.5).clamp(0, 1)


def photograph(cameras: Cameras) -> tuple[Tensor, Tensor]:
    """Images [V, 3, H, W] and masks [V, 1, H, W] of the box."""
    s = 2
    pixels = cell_centers(cameras.height * s, cameras.width * s) / s
    origins, directions = pixel_rays(cameras, pixels)  # [V, 3], [V, R, 3]
    origins = origins[:, None].expand_as(directions)
    ground = (GROUND - origins[..., 1]) / directions[..., 1]
    ground = torch.where(ground > 0, ground, torch.inf)
    near = torch.minimum((-BOX - origins) / directions, (BOX - origins) / directions)  # [V, R, 3]
    far = torch.maximum((-BOX - origins) / directions, (BOX - origins) / directions).amin(-1)
    box, axis = near.max(-1)
    box = torch.where(box < far, box, torch.inf)
    texture_of_ground, texture_of_box = make_texture(0, 512), make_texture(1, 192)
    point = origins + directions * ground.clamp(max=9)[..., None]
    color = grid_sample(texture_of_ground, (point[..., [0, 2]] / 4)[None], padding_mode="reflection", align_corners=False)[0, 0]
    point = (origins + directions * box.clamp(max=9)[..., None]) / BOX
    for k, others in enumerate(([1, 2], [0, 2], [0, 1])):
        # a third of the texture for each axis
        at = point[..., others] / 3 + torch.tensor([0.0, (k - 1) * 2 / 3])
        face = grid_sample(texture_of_box, at[None], align_corners=False)[0, 0]
        color = torch.where((axis == k) & (box < ground), face, color)
    hit = (box < ground).float()
    color, hit = (x.unflatten(1, (cameras.height, s, cameras.width, s)).mean((2, 4))[:, None] for x in (color, hit))
    return color.expand(-1, 3, -1, -1), (hit > 0.5).float()


def align_errors(found_cameras: Cameras, true_cameras: Cameras) -> tuple[float, float]:
    """Largest rotation error in degrees and largest centre error in units of the spread, after the best similarity (Umeyama, 1991)."""
    found, truth = found_cameras.c2w.double(), true_cameras.c2w.double()
    a, b = found[:, :3, 3] - found[:, :3, 3].mean(0), truth[:, :3, 3] - truth[:, :3, 3].mean(0)
    U, S, Vt = torch.linalg.svd(b.T @ a)
    sign = torch.tensor([1.0, 1.0, float(torch.linalg.det(U @ Vt))], dtype=torch.float64)
    rotation = U @ torch.diag(sign) @ Vt
    scale = (S * sign).sum() / a.square().sum()
    center_error = (scale * a @ rotation.T - b).norm(dim=-1).max() / b.norm(dim=-1).max()
    between = rotation @ found[:, :3, :3] @ truth[:, :3, :3].mT
    cosine = (between.diagonal(dim1=1, dim2=2).sum(-1) - 1) / 2
    return math.degrees(float(cosine.clamp(-1, 1).acos().max())), float(center_error)
