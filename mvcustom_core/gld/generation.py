"""From one to four posed photographs to all views, their depth and its confidence (GLD, arXiv 2603.22275, section 3).

Level 1 of all views is generated from that of the sources and from all cameras; then level 0 given it. Levels 2 and 3 follow from level 1
by the frozen backbone. The four levels are decoded to pictures, depth and rays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from ..camera.cameras import Cameras
from ..evaluation.alignment import align_centers, measure_extent
from ..progress import Progress, ignore_progress, span_progress
from ..shapes import check_shape
from .cameras import PosedViews, pose_views, remove_cameras
from .decoder import RgbDecoder
from .denoiser import Denoiser
from .features import FeatureBackbone, Grid, Statistics, map_to_patches, pad_targets, patches_to_map
from .flow import Velocity, guide, integrate, time_grid
from .settings import LEVELS, LOWER_LEVEL, UPPER_LEVEL
from .vit import Geometry

SAME_PLACE = 1e-6  # of the distance to the origin: cameras nearer to each other count as one
Head = Callable[[list[Tensor], Grid], Geometry]


class GldModels(Protocol):
    """The networks of a set. Each is asked for when its work begins, so that whoever holds them can load one at a time."""

    @property
    def statistics(self) -> Mapping[int, Statistics]: ...
    @property
    def backbone(self) -> FeatureBackbone: ...
    @property
    def upper(self) -> Denoiser: ...
    @property
    def cascade(self) -> Denoiser: ...
    @property
    def head(self) -> Head: ...
    @property
    def decoder(self) -> RgbDecoder: ...


@dataclass(frozen=True, eq=False)
class LoadedModels:
    """Networks that are all in memory, on one device."""

    statistics: Mapping[int, Statistics]
    backbone: FeatureBackbone
    upper: Denoiser
    cascade: Denoiser
    head: Head
    decoder: RgbDecoder


@dataclass(frozen=True, slots=True)
class GenerationSettings:
    """How views are generated; the defaults are the published chain's.

    Attributes:
        points: of the time grid, one more than there are steps.
        guidance: by the cameras; 1 is without it and takes half the time.
        finish: go to time 0 by the last prediction in place of stopping just before.
    """

    points: int = 50
    guidance: float = 1.5
    finish: bool = False


@dataclass(frozen=True, slots=True)
class Watch:
    """Whoever watches: told of the share that is done, and shown (level, clean latents [V, C, h, w]) after each step. Both may raise."""

    progress: Progress = ignore_progress
    preview: Callable[[int, Tensor], None] | None = None


@dataclass(frozen=True, eq=False)
class GeneratedViews:
    """Views, sources first.

    Attributes:
        images: [V, 3, H, W] in 0..1; the sources too are generated.
        depth: [V, H, W] z-depth in the cameras' unit, or in a scale of its own if `scale` is None.
        confidence: [V, H, W] of the depth, from 1 up.
        is_source: [V] bool.
        geometry: what the head gave, in its own world and scale.
        levels: decoder forms of levels 0 to 3, [V, T, C] each.
        scale: the cameras' unit in that of the head.
        report: lines for people.
    """

    images: Tensor
    depth: Tensor
    confidence: Tensor
    is_source: Tensor
    geometry: Geometry
    levels: list[Tensor]
    scale: float | None
    report: str


@torch.inference_mode()
def generate(
    sources: Tensor,  # [N, 3, H, W]
    cameras: Cameras,
    models: GldModels,
    seed: int,
    settings: GenerationSettings | None = None,
    noise: tuple[Tensor, Tensor] | None = None,
    watch: Watch | None = None,
) -> GeneratedViews:
    """Generate all views of the cameras.

    Args:
        sources: the photographs in 0..1, on the models' device.
        cameras: V cameras of pictures of H x W, the first N of the photographs.
        seed: of the noise.
        noise: [V, C, h, w] for level 1 and for level 0, in place of noise from the seed.

    Raises:
        ValueError: if there is no target, the sizes differ, or all cameras stand at one place.
    """
    settings, watch = settings or GenerationSettings(), watch or Watch()
    check_sources(sources, cameras)
    views = pose_views(cameras, len(sources)).to(sources.device)
    watch.progress(0.0)
    raw, token = encode_sources(models.backbone, sources)
    patch = models.backbone.shape.patch
    grid = (cameras.height // patch, cameras.width // patch)
    noise = noise or draw_noise(seed, (len(views), models.backbone.shape.channels, *grid))
    latents: dict[int, Tensor] = {}
    for level, given, share in ((UPPER_LEVEL, noise[0], (0.02, 0.57)), (LOWER_LEVEL, noise[1], (0.57, 0.95))):
        condition = pad_targets(models.statistics[level].normalise(patches_to_map(raw[level][:, 1:], grid)), len(views))
        denoiser = models.upper if level == UPPER_LEVEL else models.cascade
        velocity = guided_velocity(denoiser, condition, views, latents.get(UPPER_LEVEL), settings.guidance)
        latents[level] = _follow(velocity, given.to(condition), level, denoiser, settings, watch, share)
    levels = restore_levels(models.backbone, models.statistics, latents, token)
    watch.progress(0.97)
    geometry = models.head(levels, grid)
    watch.progress(0.98)
    images = models.decoder([level.to(models.decoder.decoder_embed.weight) for level in levels], grid).float()
    return _finish(images, geometry, levels, cameras, len(sources))


def check_sources(sources: Tensor, cameras: Cameras) -> None:
    """Check that pictures can be those of the first cameras, with views left to generate.

    Raises:
        ValueError: saying what was wanted and what came.
    """
    sizes = check_shape(sources, "N 3 H W")
    if not 0 < sizes["N"] < len(cameras):
        raise ValueError(
            f"sources: wanted at least one photograph, and more cameras than photographs, got {sizes['N']} photographs and "
            f"{len(cameras)} cameras"
        )
    if (sizes["W"], sizes["H"]) != (cameras.width, cameras.height):
        raise ValueError(f"sources: wanted pictures of the cameras' {cameras.width}x{cameras.height}, got {sizes['W']}x{sizes['H']}")
    if measure_extent(cameras) <= SAME_PLACE * float(cameras.centers.norm(dim=-1).max()):
        raise ValueError(f"cameras: wanted them at different places, got {len(cameras)} at one; move the cameras, or check the poses")


def encode_sources(backbone: FeatureBackbone, sources: Tensor) -> tuple[dict[int, Tensor], Tensor]:
    """Raw levels 0 and 1 [N, 1+T, C] of the sources seen without the targets, and token 0 [C] of level 1 of the first one seen alone."""
    raw = backbone.extract(sources, (LOWER_LEVEL, UPPER_LEVEL))
    alone = raw if len(sources) == 1 else backbone.extract(sources[:1], (UPPER_LEVEL,))
    return raw, alone[UPPER_LEVEL][0, 0]


def draw_noise(seed: int, shape: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """Noise [V, C, h, w] for level 1 and for level 0, the same on every device."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator), torch.randn(shape, generator=generator)


def guided_velocity(denoiser: Denoiser, condition: Tensor, views: PosedViews, upper: Tensor | None, scale: float) -> Velocity:
    """The velocity of a denoiser, guided by the cameras; float32 outside, the denoiser's own precision inside."""
    null = remove_cameras(views, keep_intrinsics=denoiser.settings.cascade)
    kind = denoiser.s_projector.weight.dtype

    def velocity_of(posed: PosedViews) -> Velocity:
        return lambda x, time: denoiser(condition.to(kind), x.to(kind), time, posed, None if upper is None else upper.to(kind)).float()

    return guide(velocity_of(views), velocity_of(null), scale)


def restore_levels(
    backbone: FeatureBackbone,
    statistics: Mapping[int, Statistics],
    latents: Mapping[int, Tensor],
    token: Tensor,
) -> list[Tensor]:
    """Decoder forms [V, T, C] of levels 0 to 3 from latents [V, C, h, w] of levels 0 and 1, and token 0 [C] of level 1."""
    grid = tuple(latents[UPPER_LEVEL].shape[-2:])
    raw = {level: map_to_patches(statistics[level].restore(latent)) for level, latent in latents.items()}
    levels = {LOWER_LEVEL: backbone.to_decoder_form(raw[LOWER_LEVEL])} | backbone.propagate(raw[UPPER_LEVEL], token, grid)
    return [levels[level] for level in range(LEVELS)]


def fit_scale(geometry: Geometry, cameras: Cameras) -> float | None:
    """The factor from the head's unit to the cameras', from the origins of its rays against the camera centres; None if it has none.

    It is that of the similarity with the least squares (Umeyama, 1991), so that the head's world may be turned against the cameras'.
    """
    weights = geometry.ray_confidence.flatten(1).double().cpu()[..., None]  # [V, (a b), 1]
    origins = (geometry.rays[..., 3:].flatten(1, 2).double().cpu() * weights).sum(1) / weights.sum(1)  # [V, 3]
    centers = cameras.to("cpu", torch.float64).centers
    spread = (origins - origins.mean(0)).norm()
    if not torch.isfinite(spread) or spread <= SAME_PLACE * origins.norm(dim=-1).max():
        return None
    scale = align_centers(origins, centers).scale if len(cameras) > 2 else float((centers[1] - centers[0]).norm() / (2**0.5 * spread))
    return scale if scale > 0 else None


def _follow(
    velocity: Velocity,
    noise: Tensor,
    level: int,
    denoiser: Denoiser,
    settings: GenerationSettings,
    watch: Watch,
    share: tuple[float, float],
) -> Tensor:
    grid, progress = time_grid(settings.points, denoiser.settings.time_shift(len(noise))), span_progress(watch.progress, *share)

    def tell(step: int, clean: Tensor) -> None:
        progress((step + 1) / (settings.points - 1))
        if watch.preview is not None:
            watch.preview(level, clean)

    return integrate(velocity, noise, grid, tell, settings.finish)


def _finish(images: Tensor, geometry: Geometry, levels: list[Tensor], cameras: Cameras, sources: int) -> GeneratedViews:
    scale = fit_scale(geometry, cameras)
    count = f"{len(cameras)} views from {sources} photograph{'s' if sources > 1 else ''}, {cameras.width}x{cameras.height}"
    own = "depth in a scale of its own, because the rays do not tell the cameras apart"
    report = f"{count}; {own if scale is None else f'depth scaled by {scale:.4g} to the cameras'}"
    is_source = torch.arange(len(cameras)) < sources
    return GeneratedViews(images, geometry.depth * (scale or 1.0), geometry.confidence, is_source, geometry, levels, scale, report)
