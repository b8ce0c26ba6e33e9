"""How well a concept renders photographs that it was not learned from, and what it makes of one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ...psnr import measure_psnr
from ...shapes import check_shape
from ..denoiser import Denoiser
from ..feature_nerf import Rendered
from ..subject import Subject, generate_views
from ..transfer import send
from .losses import FINENESS, LossWeights, rendering_losses, resize_area
from .photographs import Photographs

GENERATION_STEPS = 12


@dataclass(frozen=True, slots=True)
class ViewFigures:
    """One view's figures.

    Attributes:
        iou: intersection over union of opacity above a half and the mask; None where no mask is known.
        psnr: of the colour inside the mask, or everywhere where none is known, dB.
    """

    iou: float | None
    psnr: float


@torch.inference_mode(False)
@torch.no_grad()
def measure_loss(subject: Subject, photographs: Photographs, weights: LossWeights) -> float:
    """The weighted rendering loss, averaged over photographs, which are rendered one at a time."""
    device, total = subject.cameras.K.device, 0.0
    for view in range(len(photographs)):
        images = photographs.images[[view]].to(device)
        masks = None if photographs.masks is None else photographs.masks[[view]].to(device)
        total += float(weights.add_up(rendering_losses(subject.render_all(photographs.cameras[[view]]), images, masks)))
    return total / len(photographs)


@torch.inference_mode(False)
@torch.no_grad()
def judge(subject: Subject, photographs: Photographs) -> tuple[Tensor, Tensor, list[ViewFigures]]:
    """How the finest pose block renders photographs.

    Returns:
        colour [V, 3, h, w] and opacity [V, 1, h, w] with several rays for each of the block's cells, on the CPU, and the figures.
    """
    finest = subject.pose.layout.finest
    height, width = subject.features[finest].shape[-2:]
    rgb, opacity = subject.render_pictures(finest, photographs.cameras, (FINENESS * height, FINENESS * width))
    masks = None if photographs.masks is None else photographs.masks.cpu()
    return rgb, opacity, measure_views(rgb, opacity, photographs.images.cpu(), masks, (height, width))


@torch.inference_mode(False)
@torch.no_grad()
def look(
    subject: Subject, photograph: Photographs, denoiser: Denoiser, token: Tensor, generator: torch.Generator
) -> tuple[Rendered, Tensor]:
    """Render one photograph's view, and generate it.

    Args:
        photograph: one.
        token: [1, D].
        generator: of the noise that generation starts from.

    Returns:
        what the finest pose block sees from its camera, and latents [1, 4, h, w] that the backbone makes there.
    """
    noise = send(torch.randn(photograph.latents.shape, generator=generator), photograph.latents.device)
    levels = torch.linspace(len(denoiser.sigmas) - 1, 0, GENERATION_STEPS).long()
    sigmas = send(torch.cat([denoiser.sigmas[levels].float(), torch.zeros(1)]), noise.device)
    generated = generate_views(denoiser.predict, subject, photograph.cameras, noise, sigmas, token)
    return subject.render(subject.pose.layout.finest, photograph.cameras), generated


def measure_views(rgb: Tensor, opacity: Tensor, images: Tensor, masks: Tensor | None, cells: tuple[int, int]) -> list[ViewFigures]:
    """Compare rendered views with photographs.

    Outlines are compared as finely as the views are rendered; colours on a block's own cells, where the U-Net gets them.

    Args:
        rgb: [V, 3, h, w] in 0..1, premultiplied by opacity.
        opacity: [V, 1, h, w] in 0..1.
        images: [V, 3, H, W] in 0..1.
        masks: [V, 1, H, W] in 0..1.
        cells: the block's (height, width).
    """
    sizes = check_shape(rgb, "V 3 h w", opacity, "V 1 h w", images, "V 3 H W", *(() if masks is None else (masks, "V 1 H W")))
    if masks is None:
        levels = measure_psnr(resize_area(rgb, *cells), resize_area(images, *cells))
        return [ViewFigures(None, float(level)) for level in levels]
    small = resize_area(masks, sizes["h"], sizes["w"])
    found, true = opacity > 0.5, small > 0.5
    overlaps = (found & true).sum((1, 2, 3)) / (found | true).sum((1, 2, 3)).clamp(min=1)
    levels = measure_psnr(average_inside(rgb, small, cells), average_inside(images, masks, cells), resize_area(masks, *cells))
    return [ViewFigures(float(overlap), float(level)) for overlap, level in zip(overlaps, levels, strict=True)]


def average_inside(images: Tensor, masks: Tensor, cells: tuple[int, int]) -> Tensor:
    """Mean colour on h x w cells of what images [V, 3, H, W] show through masks [V, 1, H, W], [V, 3, h, w]; black where nothing."""
    return resize_area(images * masks, *cells) / resize_area(masks, *cells).clamp(min=1e-6)


def describe_figures(names: Sequence[str], figures: Sequence[ViewFigures]) -> str:
    """A line for each view, and one for their mean if there are several."""
    rows = list(zip(names, figures, strict=True))
    if len(rows) > 1:
        overlaps = [figure.iou for figure in figures if figure.iou is not None]
        mean = ViewFigures(sum(overlaps) / len(overlaps) if overlaps else None, sum(figure.psnr for figure in figures) / len(figures))
        rows.append(("mean", mean))
    return "\n".join(
        f"{name}: " + (f"outline IoU {figure.iou:.3f}, " if figure.iou is not None else "") + f"colour {figure.psnr:.1f} dB"
        for name, figure in rows
    )
