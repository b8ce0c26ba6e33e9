"""Ray casting of a scene into images, z-depth and subject masks, exact up to supersampling of the colours."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from einops import rearrange
from torch import Tensor

from ...camera.cameras import Cameras
from ...camera.rays import cell_centers, pixel_rays
from ...surface.depth import SKY_DISTANCE
from .grammar import GROUNDS, SKIES
from .hills import Hill, hit_hill
from .primitive import HITS
from .scene import GROUND_Y, Scene, Solid
from .texture import cloud_shade, ground_shade, pattern

SKY_RADIUS = 3.0  # without hills the sky is a sphere about the subject, so that every pixel has a depth
GROUND_DETAIL = 3.0  # world units from the middle at which the ground before hills has lost 1/e of its contrast: no pixel could show it
HILL_DETAIL = 5.0  # features of a ring's texture, counted along its radius
AMBIENT = 0.55


@dataclass(frozen=True, slots=True)
class Rendering:
    """Views of one scene: images [V, 3, H, W] in [0, 1], z-depth [V, H, W] in world units, subject mask [V, 1, H, W] in {0, 1}."""

    images: Tensor
    depth: Tensor
    mask: Tensor


@torch.no_grad()
def render_scene(scene: Scene, cameras: Cameras, supersample: int = 2) -> Rendering:
    """Render every camera's view.

    Args:
        supersample: colour samples along each pixel side; depth and mask are those of the pixel's centre.
    """
    V, H, W, s = len(cameras), cameras.height, cameras.width, supersample
    color, distance, subject, slant = _cast(scene, cameras, s)
    images = rearrange(color, "(V H a W b) C -> V C H a W b", V=V, H=H, W=W, a=s, b=s).mean(dim=(3, 5))
    if s > 1:
        _, distance, subject, slant = _cast(scene, cameras, 1)
    depth, mask = (rearrange(x, "(V H W) -> V H W", V=V, H=H, W=W) for x in (distance * slant, subject))
    return Rendering(images, depth, mask[:, None].to(images.dtype))


def _cast(scene: Scene, cameras: Cameras, samples: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """`_trace` for samples x samples rays a pixel, and the cosine between each ray and its camera's axis."""
    pixels = cell_centers(cameras.height * samples, cameras.width * samples, dtype=cameras.K.dtype, device=cameras.K.device) / samples
    origins, directions = pixel_rays(cameras, pixels)  # [V, 3], [V, R, 3]
    rays = directions.shape[1]
    direction, axes = directions.flatten(0, 1), cameras.forward.repeat_interleave(rays, dim=0)  # [(V R), 3]
    return *_trace(scene, origins.repeat_interleave(rays, dim=0), direction), (direction * axes).sum(-1)


def _trace(scene: Scene, origin: Tensor, direction: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Colour [N, 3], distance [N] and whether the subject was hit [N]."""
    color, t = _far_sky(scene, direction) if scene.hills else _sky(scene, origin, direction)
    for hill in scene.hills:
        t_hill = hit_hill(hill, origin, direction, GROUND_Y)
        hit = (t_hill < t).nonzero().squeeze(-1)
        color[hit] = _shade_hill(scene, hill, origin[hit] + t_hill[hit, None] * direction[hit])
        t[hit] = t_hill[hit]
    subject = torch.zeros_like(t, dtype=torch.bool)
    t_ground = (GROUND_Y - origin[:, 1]) / direction[:, 1].where(direction[:, 1].abs() > 1e-9, torch.tensor(1e-9))
    on_ground = ((t_ground > 1e-4) & (t_ground < t)).nonzero().squeeze(-1)
    color[on_ground] = _shade_ground(scene, origin[on_ground] + t_ground[on_ground, None] * direction[on_ground])
    t[on_ground] = t_ground[on_ground]
    for solid in scene.solids:
        local_origin, local_direction = _to_local(solid, origin), _turn(solid, direction)
        t_solid, normal = HITS[solid.kind](local_origin, local_direction, *solid.dimensions)
        hit = (t_solid < t).nonzero().squeeze(-1)
        point = local_origin[hit] + t_solid[hit, None] * local_direction[hit]
        color[hit] = _shade_solid(scene, solid, point, normal[hit])
        t[hit], subject[hit] = t_solid[hit], solid.is_subject
    return color.clamp(0, 1), t, subject


def _yaw(solid: Solid, like: Tensor) -> Tensor:
    c, s = math.cos(solid.yaw), math.sin(solid.yaw)
    return like.new_tensor([[c, 0.0, -s], [0.0, 1.0, 0.0], [s, 0.0, c]])  # local-from-world


def _turn(solid: Solid, vectors: Tensor) -> Tensor:
    return vectors @ _yaw(solid, vectors).T


def _to_local(solid: Solid, points: Tensor) -> Tensor:
    return _turn(solid, points - points.new_tensor(solid.center))


def _shade_solid(scene: Scene, solid: Solid, point: Tensor, normal: Tensor) -> Tensor:
    first, second = point.new_tensor(solid.colors)
    blend = pattern(solid.texture, point, solid.texture_seed, solid.scale)[:, None]
    light = _turn(solid, point.new_tensor(scene.light)[None])
    diffuse = (normal * light).sum(-1, keepdim=True).clamp_min(0)
    return (first + blend * (second - first)) * (AMBIENT + 0.6 * diffuse)


def _shade_ground(scene: Scene, point: Tensor) -> Tensor:
    first, second = point.new_tensor(GROUNDS[scene.words.ground])
    shade = ground_shade(point, scene.seed)
    if scene.hills:
        shade = 0.5 + (shade - 0.5) * torch.exp(-point[:, [0, 2]].norm(dim=-1) / GROUND_DETAIL)
    color = first + shade[:, None] * (second - first)
    for solid in scene.solids:  # contact shadow: darker the nearer to the footprint
        center = point.new_tensor(solid.center)
        if center[1] + 2.5 * solid.scale < GROUND_Y:
            continue
        distance = (point - center)[:, [0, 2]].norm(dim=-1) / solid.scale
        color = color * (1 - 0.55 * torch.exp(-(distance**4) * 0.6))[:, None]
    return color


def _sky(scene: Scene, origin: Tensor, direction: Tensor) -> tuple[Tensor, Tensor]:
    b = (origin * direction).sum(-1)
    t = -b + (b * b - (origin * origin).sum(-1) + SKY_RADIUS**2).clamp_min(0).sqrt()  # the cameras stand inside the sphere
    point = (origin + t[:, None] * direction) / SKY_RADIUS
    horizon, zenith = point.new_tensor(SKIES[scene.words.sky])
    height = (-point[:, 1:2]).clamp(0, 1) ** 0.6
    return horizon + height * (zenith - horizon), t


def _shade_hill(scene: Scene, hill: Hill, point: Tensor) -> Tensor:
    """The ground's colours, the paler the farther away."""
    first, second = point.new_tensor(GROUNDS[scene.words.ground])
    color = first + ground_shade(point * HILL_DETAIL / hill.radius, scene.seed + int(hill.radius))[:, None] * (second - first)
    return color + hill.haze * (point.new_tensor(SKIES[scene.words.sky][0]) - color)


def _far_sky(scene: Scene, direction: Tensor) -> tuple[Tensor, Tensor]:
    """At infinity its colour is one of direction alone; soft clouds give it something to be recognised by."""
    horizon, zenith = direction.new_tensor(SKIES[scene.words.sky])
    height = (-direction[:, 1:2]).clamp(0, 1) ** 0.6
    color = horizon + height * (zenith - horizon) + cloud_shade(direction, scene.seed)[:, None]
    return color, torch.full_like(direction[:, 0], SKY_DISTANCE)
