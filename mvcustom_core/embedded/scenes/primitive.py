"""Ray intersection with the five solids, each in its own frame: the centre is the origin, the axis is y, and y points down.

Every function takes ray origins and unit directions [N, 3]. It returns the distance t [N] to the first hit in front of the origin (inf for
a miss) and the outward unit normal [N, 3] at the hit.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import normalize

EPSILON = 1e-4
TORUS_STEPS = 40  # sphere tracing inside the bounding ball; the residual after 40 steps is below a thousandth of the radius


def _nearest(*candidates: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    t = torch.stack([t for t, _ in candidates])  # [K, N]
    t, winner = t.min(dim=0)
    normals = torch.stack([normal for _, normal in candidates])  # [K, N, 3]
    return t, normals.gather(0, winner[None, :, None].expand(1, -1, 3)).squeeze(0)


def _where(hit: Tensor, t: Tensor) -> Tensor:
    return torch.where(hit & (t > EPSILON), t, torch.inf)


def hit_box(origin: Tensor, direction: Tensor, half: tuple[float, float, float]) -> tuple[Tensor, Tensor]:
    """Intersect an axis-aligned box with half extents `half`, by the slab method."""
    extent = origin.new_tensor(half)
    inverse = 1 / torch.where(direction.abs() < 1e-9, torch.full_like(direction, 1e-9), direction)
    sign = torch.where(direction < 0, -1.0, 1.0)  # torch's own gives 0 for a ray along a face
    near = (-extent * sign - origin) * inverse  # [N, 3]
    far = (extent * sign - origin) * inverse
    t, axis = near.max(dim=-1)
    normal = torch.zeros_like(origin).scatter_(1, axis[:, None], -sign.gather(1, axis[:, None]))
    return _where(t <= far.amin(dim=-1), t), normal


def hit_sphere(origin: Tensor, direction: Tensor, radius: float) -> tuple[Tensor, Tensor]:
    """Intersect a sphere around the origin."""
    b = (origin * direction).sum(-1)
    discriminant = b * b - (origin * origin).sum(-1) + radius * radius
    t = -b - discriminant.clamp_min(0).sqrt()
    return _where(discriminant > 0, t), (origin + t[:, None] * direction) / radius


def _hit_cap(origin: Tensor, direction: Tensor, y: float, radius: float) -> tuple[Tensor, Tensor]:
    t = (y - origin[:, 1]) / torch.where(direction[:, 1].abs() < 1e-9, torch.full_like(t_ := direction[:, 1], 1e-9), t_)
    point = origin + t[:, None] * direction
    normal = torch.zeros_like(origin)
    normal[:, 1] = 1.0 if y > 0 else -1.0
    return _where(point[:, 0] ** 2 + point[:, 2] ** 2 <= radius * radius, t), normal


def hit_cylinder(origin: Tensor, direction: Tensor, radius: float, half_height: float) -> tuple[Tensor, Tensor]:
    """Intersect a capped cylinder."""
    flat = origin.new_tensor([1.0, 0.0, 1.0])
    o, d = origin * flat, direction * flat
    a, b = (d * d).sum(-1).clamp_min(1e-12), (o * d).sum(-1)
    discriminant = b * b - a * ((o * o).sum(-1) - radius * radius)
    t = (-b - discriminant.clamp_min(0).sqrt()) / a
    point = origin + t[:, None] * direction
    side = _where((discriminant > 0) & (point[:, 1].abs() <= half_height), t), point * flat / radius
    return _nearest(side, _hit_cap(origin, direction, half_height, radius), _hit_cap(origin, direction, -half_height, radius))


def hit_cone(origin: Tensor, direction: Tensor, radius: float, half_height: float) -> tuple[Tensor, Tensor]:
    """Intersect a cone with its apex at y = -half_height (up) and a base disc of `radius` at y = half_height."""
    slope = radius / (2 * half_height)
    weight = origin.new_tensor([1.0, -slope * slope, 1.0])
    o = origin + origin.new_tensor([0.0, half_height, 0.0])
    a, b, c = ((u * v * weight).sum(-1) for u, v in ((direction, direction), (o, direction), (o, o)))
    a = torch.where(a.abs() < 1e-9, torch.full_like(a, 1e-9), a)
    root = (b * b - a * c).clamp_min(0).sqrt()
    candidates = []
    for t in ((-b - root) / a, (-b + root) / a):  # the mirrored upper cone is cut off by the height test
        point = o + t[:, None] * direction
        hit = (b * b - a * c > 0) & (point[:, 1] >= 0) & (point[:, 1] <= 2 * half_height)
        candidates.append((_where(hit, t), normalize(point * weight, dim=-1)))
    return _nearest(*candidates, _hit_cap(origin, direction, half_height, radius))


def hit_torus(origin: Tensor, direction: Tensor, major: float, minor: float) -> tuple[Tensor, Tensor]:
    """Intersect a torus around the z axis, which stands upright, by sphere tracing from its bounding sphere."""
    t = torch.full_like(origin[:, 0], torch.inf)
    normal = torch.zeros_like(origin)
    ball = major + minor
    b = (origin * direction).sum(-1)
    discriminant = b * b - (origin * origin).sum(-1) + ball * ball
    rays = (discriminant > 0).nonzero().squeeze(-1)
    o, d = origin[rays], direction[rays]
    start = (-b - discriminant.clamp_min(0).sqrt())[rays].clamp_min(EPSILON)
    step = start.clone()

    def to_ring(point: Tensor) -> Tensor:  # from the ring's centre line to the point
        flat = point * point.new_tensor([1.0, 1.0, 0.0])
        return point - major * normalize(flat, dim=-1)

    for _ in range(TORUS_STEPS):
        step = step + to_ring(o + step[:, None] * d).norm(dim=-1) - minor
    ring = to_ring(o + step[:, None] * d)
    hit = (ring.norm(dim=-1) - minor).abs() < 1e-2 * minor
    t[rays] = _where(hit, step)
    normal[rays] = normalize(ring, dim=-1)
    return t, normal


Hit = Callable[..., tuple[Tensor, Tensor]]
HITS: dict[str, Hit] = {"box": hit_box, "sphere": hit_sphere, "cylinder": hit_cylinder, "cone": hit_cone, "torus": hit_torus}
