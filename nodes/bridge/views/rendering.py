"""Renders views with an MVGD network: sizes, memory, progress, and what the user is told."""

from __future__ import annotations

from dataclasses import dataclass

import comfy.model_management
import torch
from torch import Tensor

from ....mvcustom_core.camera.cameras import Cameras
from ....mvcustom_core.mvgd.preparation import (
    TRAINED_VIEWS,
    Prepared,
    enlarge_views,
    estimate_memory,
    find_clamped,
    prepare_views,
)
from ....mvcustom_core.mvgd.sampling import RenderedViews, SamplingSettings, render_views
from ....mvcustom_core.plot.views import plot_views
from ....mvcustom_core.surface.depth import AnchorDepth, DepthMap
from ..host.progress import watch_progress
from ..host.tensors import images_to_comfy
from .model import LoadedMVGD

GIB = 2**30
SOURCE = "MVGD, the cameras' own unit"
MANY_CLAMPED = 0.05


@dataclass(frozen=True, eq=False)
class Rendered:
    """Views as IMAGE [V, H, W, 3], the depth of each, a sheet IMAGE [1, h, w, 3] of both, and a report."""

    views: Tensor
    depth: tuple[AnchorDepth, ...]
    sheet: Tensor
    report: str


@torch.inference_mode()
def render_targets(
    loaded: LoadedMVGD,
    images: Tensor,  # [N, 3, H, W]
    cameras: Cameras,
    targets: Cameras,
    settings: SamplingSettings,
    seed: int,
) -> Rendered:
    """Render the views of target cameras.

    Raises:
        ValueError: for pictures and cameras that do not fit each other, targets without a baseline, or more views than memory holds.
    """
    network = loaded.network
    prepared = prepare_views(network, images, cameras, targets)
    memory = _check_memory(loaded, prepared, settings)
    network = loaded.load(memory)
    device = loaded.patcher.load_device
    generator = torch.Generator().manual_seed(seed)
    views = render_views(
        network, prepared.images.to(device), prepared.cameras, prepared.targets, settings, generator, watch_progress()
    )  # fmt: skip
    if not torch.isfinite(views.rgb).all():
        raise ValueError(f"mvgd: wanted finite colours, got NaN or infinity from {loaded.name}; get its file again")
    small = RenderedViews(views.rgb.float().cpu(), views.depth.float().cpu(), views.valid.cpu(), views.scales)
    depths = _collect_depth(small) if settings.depth else []
    large = enlarge_views(small, targets.width, targets.height)
    report = _describe(loaded, prepared, small, settings)
    return Rendered(
        images_to_comfy(large.rgb),
        tuple(AnchorDepth(view, depth) for view, depth in enumerate(depths)),
        images_to_comfy(plot_views(small.rgb, depths)[None]),
        report,
    )


def _collect_depth(views: RenderedViews) -> list[DepthMap]:
    """The depth of every view, at the network's own size."""
    if not views.valid.flatten(1).any(1).all():
        raise ValueError(
            "targets: wanted depth between 0.1 and 200 times the distance of the cameras, got a view with none in that range; add pictures "
            "from farther apart or nearer to each other"
        )
    return [
        DepthMap(depth, valid, SOURCE, float(scale), f"{SOURCE}, {float(valid.float().mean()):.0%} of the pixels in range")
        for depth, valid, scale in zip(views.depth, views.valid, views.scales, strict=True)
    ]


def _check_memory(loaded: LoadedMVGD, prepared: Prepared, settings: SamplingSettings) -> int:
    """The bytes that sampling takes."""
    targets = len(prepared.targets)
    generated = 0 if settings.order == "independent" else min(settings.generated, targets - 1)
    at_once = targets if settings.order == "mutual" else 1
    size = (prepared.targets.height, prepared.targets.width)
    wanted = estimate_memory(loaded.network.settings, len(prepared.cameras) + generated, at_once, size)
    total = comfy.model_management.get_total_memory(loaded.patcher.load_device)
    if wanted > total:
        raise ValueError(
            f"images: wanted views that fit in memory, got {len(prepared.cameras)} pictures and {targets} targets, which take "
            f"{wanted / GIB:.1f} GiB of {total / GIB:.1f}; connect fewer pictures, or choose another order than mutual"
        )
    return wanted


def _describe(loaded: LoadedMVGD, prepared: Prepared, views: RenderedViews, settings: SamplingSettings) -> str:
    width, height = prepared.targets.width, prepared.targets.height
    lines = [
        f"{len(prepared.targets)} views from {len(prepared.cameras)} pictures at {width}x{height} pixels, {settings.steps} steps, "
        f"{settings.order}, by {loaded.name}"
    ]
    low, high = float(views.scales.min()), float(views.scales.max())
    lines.append(f"unit of the network: {low:.4g} to {high:.4g} of the cameras' units, from the pictures' distances to each view")
    if settings.depth:
        clamped = find_clamped(views)
        lines.append(f"depth out of range: {clamped:.1%} of the pixels")
        if clamped > MANY_CLAMPED:
            lines.append("Warning: depth over the distance between cameras must lie between 0.1 and 200.")
    trained = loaded.facts.get("drawing", {}).get("views")
    if trained is not None and len(prepared.cameras) > TRAINED_VIEWS * trained:
        lines.append(f"Warning: the network was trained with up to {trained} pictures; so many more have not been seen to work.")
    if loaded.is_embedded:
        lines.append("The embedded network knows only the procedural scenes of this pack; views of photographs are guesses.")
    return "\n".join(lines)
