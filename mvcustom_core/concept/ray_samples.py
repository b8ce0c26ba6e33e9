"""Sample points along the target rays and what the references see of them: all of FeatureNeRF that no network weight enters.

Depends on cameras and resolution alone, so one object serves every pose block of that resolution. Target views and their cells are
folded into one ray axis: R = (V P), P = height * width in row-major order.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..geometry.cameras import Cameras
from ..geometry.rays import cell_centers, pixel_rays, project_points
from ..shapes import check_shape
from .encoding import CODE_WIDTH, encode_points, encode_rays

NEAREST_DEPTH = 1e-3  # world units in front of a reference; closer points project to nowhere useful
POSITION_LIMIT = 1.2  # positions are clipped here, as in the published lookup, so that points near a camera's plane stay finite


@dataclass(frozen=True, slots=True)
class NerfSettings:
    """How rays are sampled and looked up.

    Attributes:
        samples: intervals per ray.
        near, far: distances along the ray in world units (subject at the origin, farthest reference camera at distance 1).
        parity: look up as the published code does, to compare numbers with it: camera axes left/up/forward, corner-aligned lookup with
            zero padding, and no test for points behind or outside a reference.
        max_elements: numbers that one intermediate tensor may hold. More work is cut into pieces, and while learning each piece is
            computed again in the backward pass, so memory stays at one piece.
    """

    samples: int = 24
    near: float = 0.0
    far: float = 2.0
    parity: bool = False
    max_elements: int = 2**25

    def __post_init__(self) -> None:
        if self.samples < 1 or not 0 <= self.near < self.far:
            raise ValueError(
                f"nerf settings: wanted samples >= 1 and 0 <= near < far, got samples {self.samples}, near {self.near}, far {self.far}"
            )


@dataclass(frozen=True, eq=False)
class RaySamples:
    """Samples of R = (V P) rays, as seen from A references. Built by `sample_rays`."""

    views: int
    distances: Tensor  # [R, S] along the unit direction, world units
    widths: Tensor  # [R, S] lengths of the intervals
    positions: Tensor  # [A, R, S, 2] (x, y) in the reference image, -1..1 from edge to edge
    visible: Tensor  # [A, R, S] bool, in front of and inside the reference, and allowed
    points: Tensor  # [A, R, S, 3] in the reference camera
    point_code: Tensor | None  # [A, R, S, CODE_WIDTH], absent where it would be too large to keep
    ray_code: Tensor  # [A, R, CODE_WIDTH], target rays in the reference camera
    center_code: Tensor  # [A, V, CODE_WIDTH], reference centres in the target camera

    @property
    def encoded_points(self) -> Tensor:
        """[A, R, S, CODE_WIDTH]."""
        return encode_points(self.points) if self.point_code is None else self.point_code

    def select(self, rays: slice) -> RaySamples:
        """The same samples for some of the rays; the per-view centres stay whole."""
        return replace(
            self,
            distances=self.distances[rays],
            widths=self.widths[rays],
            positions=self.positions[:, rays],
            visible=self.visible[:, rays],
            points=self.points[:, rays],
            point_code=None if self.point_code is None else self.point_code[:, rays],
            ray_code=self.ray_code[:, rays],
        )


def sample_rays(
    targets: Cameras,
    references: Cameras,
    height: int,
    width: int,
    settings: NerfSettings,
    *,
    allowed: Tensor | None = None,  # [V, A] bool
    generator: torch.Generator | None = None,
) -> RaySamples:
    """March the target views' cells and project every sample into every reference.

    Args:
        height, width: cells of the target feature map; references may have maps of any size.
        allowed: False where a view must not see a reference, such as itself while learning.
        generator: if given, each ray goes through a random point of its own cell and each sample is jittered, both independently per
            ray. Without it, cell and interval centres.

    Raises:
        ValueError: if `allowed` has another shape, or there is no target, reference or cell.
    """
    V, A, R = len(targets), len(references), len(targets) * height * width
    if min(A, R) < 1:
        raise ValueError(f"ray samples: wanted at least one target, reference and cell, got {V} targets, {A} references, {height}x{width}")
    origins, directions = _cast(targets, height, width, generator)  # [V, 3], [V, P, 3]
    distances, widths = _divide(R, settings, generator, like=directions)  # [R, S]
    in_world = origins[:, None, None] + distances.unflatten(0, (V, -1))[..., None] * directions[:, :, None]  # [V, P, S, 3]

    w2c = _camera_axes(references, settings)  # [A, 4, 4]
    points = _transform(in_world.reshape(-1, 3), w2c).unflatten(1, (R, -1))  # [A, R, S, 3]
    positions, visible = _look_up(references, in_world, allowed, settings)
    ray_origins = _transform(origins, w2c)[:, :, None]  # [A, V, 1, 3]
    ray_directions = torch.einsum("vpj,aij->avpi", directions, w2c[:, :3, :3])
    return RaySamples(
        views=V,
        distances=distances,
        widths=widths,
        positions=positions,
        visible=visible,
        points=points,
        point_code=encode_points(points) if points[..., 0].numel() * CODE_WIDTH <= settings.max_elements else None,
        ray_code=encode_rays(ray_origins, ray_directions).flatten(1, 2),
        center_code=encode_points(_transform(references.centers, _camera_axes(targets, settings)).transpose(0, 1)),
    )


def bilinear_taps(positions: Tensor, height: int, width: int, *, parity: bool) -> tuple[Tensor, Tensor]:
    """The four cells around each position of a height x width map, and their bilinear shares.

    Positions -1..1 span the map from edge to edge and clamp to its border cells; with `parity` they span the corner cells' centres and
    fade to zero outside, as in the published code.

    Args:
        positions: [..., 2] (x, y).

    Returns:
        row-major cell numbers [..., 4] and shares [..., 4].
    """
    check_shape(positions, "... 2")
    size = positions.new_tensor([width, height])
    last = size - 1
    cells = (positions + 1) / 2 * last if parity else (((positions + 1) * size - 1) / 2).clamp(min=torch.zeros_like(last), max=last)
    low = cells.floor()
    corners = low[..., None, :] + positions.new_tensor([[0, 0], [1, 0], [0, 1], [1, 1]])  # [..., 4, 2]
    shares = (1 - (corners - cells[..., None, :]).abs()).prod(-1)
    inside = ((corners >= 0) & (corners <= last)).all(-1)
    x, y = corners.clamp(min=torch.zeros_like(last), max=last).long().unbind(-1)
    return y * width + x, shares * inside


def _cast(targets: Cameras, height: int, width: int, generator: torch.Generator | None) -> tuple[Tensor, Tensor]:
    cells = cell_centers(height, width).to(targets.K).expand(len(targets), -1, 2)  # [V, P, 2]
    if generator is not None:
        cells = cells + _random(cells.shape, generator, like=cells) - 0.5
    return pixel_rays(targets, cells * cells.new_tensor([targets.width / width, targets.height / height]))


def _divide(rays: int, settings: NerfSettings, generator: torch.Generator | None, *, like: Tensor) -> tuple[Tensor, Tensor]:
    """Centres and lengths of the intervals, [R, S]. Jitter moves inner edges by half an interval at most: sorted still, and near to far."""
    edges = torch.linspace(settings.near, settings.far, settings.samples + 1, device=like.device, dtype=like.dtype).repeat(rays, 1)
    if generator is not None:
        inner = edges[:, 1:-1]
        inner += (_random(inner.shape, generator, like=edges) - 0.5) * (settings.far - settings.near) / settings.samples
    return (edges[:, 1:] + edges[:, :-1]) / 2, edges[:, 1:] - edges[:, :-1]


def _look_up(references: Cameras, points: Tensor, allowed: Tensor | None, settings: NerfSettings) -> tuple[Tensor, Tensor]:
    """Positions [A, R, S, 2] of world points [V, P, S, 3] in the reference images, and whether they are seen there [A, R, S]."""
    V, P, S = points.shape[:3]
    pixels, depth = project_points(references, points.reshape(-1, 3))
    positions = 2 * pixels / pixels.new_tensor([references.width, references.height]) - 1
    inside = (depth > NEAREST_DEPTH) & (positions.abs() <= 1).all(-1)
    visible = torch.ones_like(inside) if settings.parity else inside
    visible = visible.unflatten(1, (V, P, S))
    if allowed is not None:
        if tuple(allowed.shape) != (V, len(references)):
            wanted = f"[{V}, {len(references)}], a row per target and a column per reference"
            raise ValueError(f"allowed: wanted {wanted}, got {list(allowed.shape)}")
        visible = visible & allowed.to(visible.device).mT[:, :, None, None]
    return positions.nan_to_num().clamp(-POSITION_LIMIT, POSITION_LIMIT).unflatten(1, (V * P, S)), visible.flatten(1, 2)


def _camera_axes(cameras: Cameras, settings: NerfSettings) -> Tensor:
    """Camera-from-world matrices [V, 4, 4], with x left and y up under parity."""
    return cameras.w2c * cameras.w2c.new_tensor([-1, -1, 1, 1])[:, None] if settings.parity else cameras.w2c


def _transform(points: Tensor, w2c: Tensor) -> Tensor:
    """World points [N, 3] in each camera [V, 4, 4]: [V, N, 3]."""
    return points @ w2c[:, :3, :3].mT + w2c[:, None, :3, 3]


def _random(shape: torch.Size, generator: torch.Generator, *, like: Tensor) -> Tensor:
    return torch.rand(shape, generator=generator, device=generator.device).to(like)
