"""From an anchor's features to what every target view sees of them, as one sparse matrix.

Upsampling features to the depth map, rasterising its mesh, supersampling and averaging are all linear in the features, and the
geometry depends on neither layer nor timestep. So the chain is built once per resolution and applied as a weighted gather.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import torch
from einops import rearrange, reduce
from torch import Tensor

from ..geometry.cameras import Cameras
from ..geometry.depth import DepthMap
from ..geometry.mesh import DepthMesh, build_depth_mesh
from ..geometry.raster import RasterSettings, rasterize_mesh
from ..shapes import check_shape
from .taps import compress_taps, sample_cell_depth, weigh_cells


@dataclass(frozen=True, slots=True)
class OperatorSettings:
    """How the anchor's surface becomes weights; the values are this project's own choices.

    Attributes:
        raster: settings of the mesh and the rasteriser.
        supersample: samples per target cell and axis; None takes half the depth map's resolution,
            between 2 and 8.
        depth_tolerance: relative depth difference at which a feature cell's weight falls to 1/e, so that features of an object do not
            bleed over its outline; 0 leaves plain bilinear weights.
        max_stretch: surface stretched up to this many times counts fully, twice as much not at all.
        coverage: share of a cell that must be seen for the mask to leave 0, and to reach 1.
        min_weight: smaller weights are dropped and the rest of the row renormalised.
    """

    raster: RasterSettings = field(default_factory=RasterSettings)
    supersample: int | None = None
    depth_tolerance: float = 0.03
    max_stretch: float = 3.0
    coverage: tuple[float, float] = (0.3, 0.7)
    min_weight: float = 1e-3

    def __post_init__(self) -> None:
        if self.supersample is not None and self.supersample < 1:
            raise ValueError(f"operator settings: wanted at least 1 sample per cell and axis, got {self.supersample}")
        if self.depth_tolerance < 0 or self.max_stretch <= 0 or not 0 <= self.min_weight < 0.05:
            raise ValueError(f"operator settings: wanted depth_tolerance >= 0, max_stretch > 0, 0 <= min_weight < 0.05, got {self}")
        if not 0 <= self.coverage[0] < self.coverage[1] <= 1:
            raise ValueError(f"operator settings: wanted coverage bounds 0 <= low < high <= 1, got {self.coverage}")


@dataclass(frozen=True, eq=False)
class RenderOperator:
    """The sparse map from one anchor grid to V target grids of the same size.

    Attributes:
        indices: [V, h w, T] int32 anchor cells that a target cell gathers, heaviest first, padded with its first one.
        weights: [V, h w, T] float32, each row sums to 1, or to 0 where nothing is seen.
        mask: [V, 1, h, w] float32 in [0, 1], how far a target cell is seen from the anchor.
    """

    indices: Tensor  # [V, (h w), T]
    weights: Tensor  # [V, (h w), T]
    mask: Tensor  # [V, 1, h, w]

    def to(self, device: torch.device | str) -> RenderOperator:
        return replace(self, indices=self.indices.to(device), weights=self.weights.to(device), mask=self.mask.to(device))

    def apply(self, features: Tensor) -> Tensor:
        """Render anchor features [C, h, w] into [V, C, h, w], or [B, C, h, w] into [B, V, C, h, w], in their dtype.

        Differentiable in the features. The sum over taps runs in a fixed order, and the backward pass of a summing `embedding_bag`
        sorts by index instead of adding atomically, so both are deterministic.

        Raises:
            ValueError: if the features are not on the operator's grid.
        """
        height, width = self.mask.shape[-2:]
        if features.ndim not in (3, 4) or tuple(features.shape[-2:]) != (height, width):
            raise ValueError(
                f"features: wanted [C, {height}, {width}] or [B, C, {height}, {width}], got {list(features.shape)}; "
                "build an operator of that size"
            )
        batch = features if features.ndim == 4 else features[None]
        table = rearrange(batch, "B C h w -> (h w) (B C)").contiguous()
        weights = self.weights.flatten(0, 1).to(features.dtype)
        rows = torch.nn.functional.embedding_bag(self.indices.flatten(0, 1), table, mode="sum", per_sample_weights=weights)
        rendered = rearrange(rows, "(V h w) (B C) -> B V C h w", B=len(batch), h=height, w=width)
        return rendered if features.ndim == 4 else rendered[0]

    def apply_nearest(self, features: Tensor) -> Tensor:
        """Gather the heaviest anchor cell alone, [C, h, w] into [V, C, h, w]: what noise needs, since averaging would shrink it."""
        sizes = check_shape(features, f"C {self.mask.shape[-2]} {self.mask.shape[-1]}")
        gathered = features.reshape(sizes["C"], -1)[:, self.indices[..., 0].long()]  # [C, V, (h w)]
        return gathered.transpose(0, 1).reshape(len(self.mask), *features.shape)


def build_render_operator(
    depth_map: DepthMap, anchor: Cameras, targets: Cameras, size: tuple[int, int], settings: OperatorSettings = OperatorSettings()
) -> RenderOperator:
    """Build the operator on a grid of `size` (h, w) cells, on the depth map's device, which must know float64.

    A target that is the anchor camera itself gets the identity and a mask of 1.

    Args:
        anchor: the one camera of the depth map.
        targets: V cameras.
    """
    height, width = size
    if height < 1 or width < 1 or len(targets) < 1:
        raise ValueError(f"operator: wanted a positive grid size and at least one target, got {width}x{height} and {len(targets)} targets")
    mesh = build_depth_mesh(depth_map, anchor, max_angle_deg=settings.raster.max_angle_deg, block_cuts=settings.raster.block_cuts)
    cell_depth = sample_cell_depth(depth_map, size)
    views = [
        _identity(size, cell_depth.device)
        if _is_same_camera(anchor, targets[index])
        else _render_view(mesh, targets[index], cell_depth, settings)
        for index in range(len(targets))
    ]
    taps = max(indices.shape[1] for indices, _, _ in views)
    return RenderOperator(
        indices=torch.stack([torch.cat([i, i[:, :1].expand(-1, taps - i.shape[1])], dim=1) for i, _, _ in views]).int(),
        weights=torch.stack([torch.nn.functional.pad(w, (0, taps - w.shape[1])) for _, w, _ in views]).float(),
        mask=torch.stack([mask for _, _, mask in views])[:, None].float(),
    )


def warp_image(
    image: Tensor, depth_map: DepthMap, anchor: Cameras, targets: Cameras, settings: OperatorSettings = OperatorSettings()
) -> tuple[Tensor, Tensor]:
    """The anchor's picture [C, H, W] as the targets see it [V, C, H, W], and the mask [V, 1, H, W] of what they see.

    One bilinear sample per pixel: pictures are as fine as the depth map, so the supersampling of coarse features has no use here.
    """
    sizes = check_shape(image, "C H W")
    plain = replace(settings, supersample=1, depth_tolerance=0.0)
    operator = build_render_operator(depth_map, anchor, targets, (sizes["H"], sizes["W"]), plain).to(image.device)
    return operator.apply(image), operator.mask


def _is_same_camera(anchor: Cameras, target: Cameras) -> bool:
    target = target.resize(anchor.width, anchor.height).to(anchor.K.device, anchor.K.dtype)
    return bool(((anchor.w2c - target.w2c).abs() < 1e-6).all() and ((anchor.K - target.K).abs() < 1e-4).all())


def _identity(size: tuple[int, int], device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    cells = torch.arange(size[0] * size[1], device=device)[:, None]
    return cells, torch.ones_like(cells, dtype=torch.float64), torch.ones(size, dtype=torch.float64, device=device)


def _render_view(mesh: DepthMesh, target: Cameras, cell_depth: Tensor, settings: OperatorSettings) -> tuple[Tensor, Tensor, Tensor]:
    """Indices [(h w), T], weights [(h w), T] and mask [h, w] of one target."""
    height, width = cell_depth.shape
    samples = settings.supersample or min(max(math.ceil(mesh.width / width / 2), 2), 8)
    hits = rasterize_mesh(mesh, target, samples * height, samples * width, settings.raster)
    seen = hits.visible[0] * (2 - hits.stretch[0] / settings.max_stretch).clamp(0, 1)  # [(h s), (w s)]
    points = hits.anchor_xy[0] * seen.new_tensor([width / mesh.width, height / mesh.height])  # in cells
    cells, weights = weigh_cells(points, hits.anchor_depth[0], cell_depth, settings.depth_tolerance)  # [(h s), (w s), 4]
    by_target = "(h s) (w t) k -> (h w) (s t k)"
    indices, weights = compress_taps(
        rearrange(cells, by_target, s=samples, t=samples),
        rearrange(weights * seen[..., None], by_target, s=samples, t=samples),
        settings.min_weight,
    )
    low, high = settings.coverage
    share = ((reduce(seen, "(h s) (w t) -> h w", "mean", s=samples, t=samples) - low) / (high - low)).clamp(0, 1)
    return indices, weights, share * share * (3 - 2 * share)  # smoothstep
