"""Sample points along the target rays and what the references see of them: all of FeatureNeRF that no network weight enters.

Depends on cameras and resolution alone, so one object serves every pose block of that resolution. Target views and their cells are
folded into one ray axis: R = (V P), P = height * width in row-major order.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional as F

from ..camera.cameras import Cameras
from ..camera.codes import CODE_WIDTH, encode_points
from ..camera.rays import cell_centers, pixel_rays
from ..shapes import check_shape
from .lookup import Rays, Seen, camera_axes, transform
from .transfer import make_constant, send

EVEN_SHARE = 0.1  # of a second pass, against at most 1 where the first one found something
REFERENCE_DISTANCE = 1.0  # of the farthest camera of a capture from the origin, by normalisation


@dataclass(frozen=True, slots=True)
class NerfSettings:
    """How rays are sampled and looked up.

    Attributes:
        samples: intervals per ray.
        near, far: distances along the ray in world units (subject at the origin, farthest reference camera at distance 1) between which a
            camera at distance 1 samples. Nearer and farther cameras sample as far before and behind the origin, so that the subject
            stays between the two wherever a camera moves; under parity they are the same for every camera, as in the published code.
        importance: intervals per ray of a second pass, placed where the first one found the subject; 0 renders the first pass itself.
        parity: march and look up as the published code does, to compare numbers with it: camera axes left/up/forward, corner-aligned lookup
            with zero padding, no test for points behind or outside a reference, and jitter that moves all rays of a row or column
            together, towards the corner of the image; pose blocks change tokens beside the subject, too.
        piece_bytes: memory that one intermediate tensor may take. More rays are cut into pieces, and while learning each piece is
            computed again in the backward pass, so memory stays at one piece.
    """

    samples: int = 24
    near: float = 0.0
    far: float = 2.0
    importance: int = 0
    parity: bool = False
    piece_bytes: int = 2**27

    def __post_init__(self) -> None:
        has_range = 0 <= self.near < self.far and (self.parity or self.near < REFERENCE_DISTANCE < self.far)
        if self.samples < 1 or self.importance < 0 or not has_range:
            raise ValueError(
                "nerf settings: wanted samples >= 1, importance >= 0 and 0 <= near < far, with "
                f"{REFERENCE_DISTANCE:g} between them but under parity, "
                f"got samples {self.samples}, importance {self.importance}, near {self.near}, far {self.far}"
            )


@dataclass(frozen=True, eq=False)
class RaySamples:
    """Samples of R = (V P) rays, as seen from A references. Built by `sample_rays`."""

    views: int
    size: tuple[int, int]  # (h, w) of the target grid, h w = P
    places: Tensor  # [V, P, 2] (x, y) where the rays go through the targets, -1..1 from edge to edge
    rays: Rays
    edges: Tensor  # [R, S + 1] distances between which the intervals lie, along the unit direction, world units
    center_code: Tensor  # [A, V, CODE_WIDTH], reference centres in the target camera
    seen: Seen | None  # absent where it would be too large to keep

    @property
    def shape(self) -> tuple[int, int, int]:
        """A, R and S."""
        return len(self.rays.references), len(self.edges), self.edges.shape[1] - 1

    @property
    def distances(self) -> Tensor:
        """[R, S] of the samples, in the middle of their intervals."""
        return (self.edges[:, 1:] + self.edges[:, :-1]) / 2

    @property
    def widths(self) -> Tensor:
        """[R, S] lengths of the intervals."""
        return self.edges[:, 1:] - self.edges[:, :-1]

    def look_up(self) -> Seen:
        """What the references see of the samples: as kept, or found now."""
        return self.rays.look_up(self.distances) if self.seen is None else self.seen

    def select(self, part: slice) -> RaySamples:
        """The same samples for some of the rays; the per-view centres stay whole."""
        seen = None if self.seen is None else self.seen.select(part)
        return replace(self, rays=self.rays.select(part), edges=self.edges[part], seen=seen)

    def resample(self, edges: Tensor) -> RaySamples:
        """The same rays with other intervals, between edges [R, S' + 1]."""
        return replace(self, edges=edges, seen=None)


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
    V, A, P = len(targets), len(references), height * width
    if min(A, V * P) < 1:
        raise ValueError(f"ray samples: wanted at least one target, reference and cell, got {V} targets, {A} references, {height}x{width}")
    if allowed is not None and tuple(allowed.shape) != (V, A):
        raise ValueError(f"allowed: wanted [{V}, {A}], a row per target and a column per reference, got {list(allowed.shape)}")
    with torch.autocast(targets.K.device.type, enabled=False):  # geometry is exact whatever a backbone calculates in
        cells = cell_centers(height, width, device=targets.K.device, dtype=targets.K.dtype).expand(V, -1, 2)  # [V, P, 2]
        if generator is not None:
            cells = cells + _jitter_cells(V, height, width, settings, generator, like=cells)
        shares = cells / make_constant([width, height], cells)
        origins, directions = pixel_rays(targets, shares * make_constant([targets.width, targets.height], shares))
        if allowed is None:
            allowed = torch.ones(V, A, device=origins.device)
        rays = Rays(
            origins=origins.repeat_interleave(P, dim=0),
            directions=directions.flatten(0, 1),
            references=references,
            allowed=allowed.mT.to(origins.device, torch.bool).repeat_interleave(P, dim=1),
            parity=settings.parity,
        )
        samples = RaySamples(
            views=V,
            size=(height, width),
            places=(2 * shares - 1).expand(V, -1, 2),
            rays=rays,
            edges=_divide(origins, P, settings, generator),
            center_code=encode_points(transform(references.centers, camera_axes(targets, settings.parity)).transpose(0, 1)),
            seen=None,
        )
        return _keep_lookup(samples, settings.piece_bytes)


def _keep_lookup(samples: RaySamples, limit: int) -> RaySamples:
    """The samples with what the references see of them, as far as no tensor of it takes more bytes than the limit."""
    A, R, S = samples.shape
    numbers = A * R * samples.edges.element_size()
    if numbers * max(3 * S, CODE_WIDTH) > limit:
        return samples
    seen = samples.look_up()
    if numbers * S * CODE_WIDTH <= limit:
        seen = replace(seen, point_code=encode_points(seen.points))
    return replace(samples, seen=seen)


def sample_pdf(edges: Tensor, weights: Tensor, count: int) -> Tensor:
    """Intervals that hold equal shares of what a first pass found (inverse transform of its histogram, arXiv 2111.12077, 3.1).

    A small share is spread evenly over the ray, so that no part of it goes unseen and a ray that hits nothing is divided evenly.

    Args:
        edges: [R, S + 1] ascending.
        weights: [R, S] contribution of each interval to the ray's colour, at least zero.
        count: intervals wanted.

    Returns:
        [R, count + 1] ascending, from the same first to the same last edge.
    """
    check_shape(weights, "R S")
    widths = edges[:, 1:] - edges[:, :-1]
    share = weights + EVEN_SHARE * widths / widths.sum(1, keepdim=True)
    reached = F.pad(share.cumsum(1), (1, 0))  # [R, S + 1]
    reached = reached / reached[:, -1:]
    wanted = torch.linspace(0, 1, count + 1, device=edges.device, dtype=edges.dtype).expand(len(edges), -1).contiguous()
    index = torch.searchsorted(reached, wanted, right=True).clamp(1, weights.shape[1])  # upper edge of the interval that holds it
    low, high = (reached.gather(1, index - k) for k in (1, 0))
    from_, to = (edges.gather(1, index - k) for k in (1, 0))
    return from_ + (to - from_) * ((wanted - low) / (high - low).clamp(min=1e-8)).clamp(0, 1)


def _jitter_cells(views: int, height: int, width: int, settings: NerfSettings, generator: torch.Generator, *, like: Tensor) -> Tensor:
    """Offsets from the cell centres in cells, broadcastable to [V, P, 2]."""
    if not settings.parity:
        return _random((views, height * width, 2), generator, like=like) - 0.5
    # One number per column and per row, from the centre to the centre of the cell before it; the first stays in its own cell.
    x, y = (-_random((size,), generator, like=like) for size in (width, height))
    x[0], y[0] = x[0] / 2, y[0] / 2
    return torch.stack([x.repeat(height), y.repeat_interleave(width)], dim=-1)


def _divide(origins: Tensor, cells: int, settings: NerfSettings, generator: torch.Generator | None) -> Tensor:
    """Edges of the intervals, [(V P), S + 1], for views from origins [V, 3].

    Jitter moves them by half an interval at most, so they stay sorted.
    """
    near, length = _find_range(origins, settings)  # [V, 1] both
    edges = near + length * torch.linspace(0, 1, settings.samples + 1, device=origins.device, dtype=origins.dtype)  # [V, S + 1]
    if generator is None:
        return edges.repeat_interleave(cells, dim=0)
    rays = cells if settings.parity else len(origins) * cells
    moves = _random((rays, edges.shape[1]), generator, like=origins) - 0.5  # in intervals
    if settings.parity:  # the outer edges move as well, inwards, and all views march alike
        moves[:, 0], moves[:, -1] = moves[:, 0].abs(), -moves[:, -1].abs()
        moves = moves.repeat(len(origins), 1)  # [(V P), S + 1]
    else:
        moves[:, 0] = moves[:, -1] = 0
    widths = length.repeat_interleave(cells, dim=0) / settings.samples  # [(V P), 1]
    return edges.repeat_interleave(cells, dim=0) + moves * widths


def _find_range(origins: Tensor, settings: NerfSettings) -> tuple[Tensor, Tensor]:
    """Where sampling begins and how far it goes from there, [V, 1] both, for cameras at origins [V, 3].

    A camera at distance 1 samples from near to far, which are 1 - r and 1 + r for a subject in a ball of radius r. Seen from distance d
    the same ball lies between d - r and d + r, of which a camera inside the ball sees what is in front of it.
    """
    distance = origins.norm(dim=1, keepdim=True)  # [V, 1]
    moved = torch.zeros_like(distance) if settings.parity else distance - REFERENCE_DISTANCE
    near = (settings.near + moved).clamp(min=0)
    return near, settings.far + moved - near


def _random(shape: tuple[int, ...], generator: torch.Generator, *, like: Tensor) -> Tensor:
    return send(torch.rand(shape, generator=generator, device=generator.device), like.device).to(like.dtype)
