"""What a concept is learned from (CustomDiffusion360, arXiv 2404.12333, section 3.3): denoising of the target views, and opacity and
colour of what the pose blocks render. All are plain masked means.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional as F

from ...camera.cameras import Cameras
from ...shapes import check_shape
from ..denoiser import Denoiser, Prompt
from ..feature_nerf import Rendered
from ..subject import Subject
from .correspondence import DrawnMatches, correspondence_loss

EMPTY_MASK = 0.1  # cells with less subject than this count as background
DILATION = 3 / 64  # of the side; the published code dilates by 3 of 64 cells
FINENESS = 4  # pixels for each cell and axis that colours and masks are read from


@dataclass(frozen=True, slots=True)
class LossWeights:
    """Weights of the losses.

    The defaults are the published balance 1 : 10 : 10 : 5 for losses that are means here. The published denoising loss sums four channels,
    hence a quarter of everything else; its colour loss sums three channels, hence three times five quarters. That it also divides by the
    mask at the latent's resolution, whatever the block's own, is left out: colour would count the less the coarser a block is.

    `surroundings` is ours: beside the subject the backbone shall go on predicting what it predicts without it. `correspondence` is CAMEO's
    (`correspondence.py`); 0 leaves it out.
    """

    denoising: float = 1.0
    surroundings: float = 1.0
    foreground: float = 2.5
    background: float = 2.5
    rgb: float = 3.75
    correspondence: float = field(default=0.0, repr=False)  # not in the text that names runs: those without it keep their names

    def add_up(self, losses: dict[str, Tensor]) -> Tensor:
        """The weighted sum."""
        return sum(getattr(self, name) * loss for name, loss in losses.items())


@dataclass(frozen=True, eq=False)
class Batch:
    """What one update compares: a clip of V photographs, or one picture of the class.

    Attributes:
        token: [1, D] the row that is learned.
        latents: [V, 4, h, w] clean.
        noise: [V, 4, h, w] standard normal.
        sigma: noise level of all of them.
        prompt: which one the backbone is given.
        cameras: V, from which the subject is shown; of a class picture, any.
        allowed: [V, A], False where a view must not see a reference; None where it may see all.
        images: [V, 3, H, W] in 0..1; None of a class picture, which is only denoised.
        masks: [V, 1, H, W] in 0..1; None where unknown.
        generator: of the rays' jitter.
        matches: between the V photographs and the references, on the device; None leaves their loss out.
    """

    token: Tensor  # [1, D]
    latents: Tensor  # [V, 4, h, w]
    noise: Tensor  # [V, 4, h, w]
    sigma: float
    prompt: Prompt
    cameras: Cameras
    allowed: Tensor | None  # [V, A] bool
    images: Tensor | None  # [V, 3, H, W]
    masks: Tensor | None  # [V, 1, H, W]
    generator: torch.Generator
    matches: DrawnMatches | None = None


def concept_loss(batch: Batch, subject: Subject, denoiser: Denoiser | None, weights: LossWeights) -> dict[str, Tensor]:
    """All losses of an update, each before its weight, and their weighted sum as "total".

    Args:
        subject: what the references show; of a class picture, references of nothing.
        denoiser: None leaves the backbone out: only what the pose blocks render is compared.

    Raises:
        ValueError: if the denoiser does not call every pose block.
    """
    losses: dict[str, Tensor] = {}
    if denoiser is None:
        rendered = dict(enumerate(subject.render_all(batch.cameras, batch.allowed, batch.generator)))
    else:
        rendered = {}
        losses |= denoising_losses(batch, subject, denoiser, rendered)
    if batch.images is not None:
        losses |= rendering_losses(rendered.values(), batch.images, batch.masks)
    if batch.matches is not None:
        losses["correspondence"] = correspondence_loss(rendered.values(), batch.matches, batch.cameras, subject.cameras)
    return {**losses, "total": weights.add_up(losses)}


def denoising_losses(batch: Batch, subject: Subject, denoiser: Denoiser, rendered: dict[int, Rendered]) -> dict[str, Tensor]:
    """What the backbone predicts with the subject, against the truth and, beside the subject, against what it predicts without.

    Args:
        rendered: filled with what each pose block saw.
    """
    clean = batch.latents
    sigma = clean.new_full((len(clean),), batch.sigma)
    noisy = clean + batch.sigma * batch.noise
    hook = subject.make_hook(batch.cameras, rendered, batch.allowed, batch.generator)
    predicted = denoiser.predict(noisy, sigma, batch.token, batch.prompt, hook)
    if set(rendered) != set(subject.pose):
        raise ValueError(f"denoiser: wanted a call of the hook in pose blocks {list(subject.pose)}, got {sorted(rendered)}")
    scale = denoiser.output_scale(sigma).view(-1, 1, 1, 1)
    if batch.masks is None:
        return {"denoising": denoising_loss((predicted - clean) / scale, torch.ones_like(clean[:, :1]))}
    region = find_region(batch.masks, *clean.shape[-2:])
    with torch.no_grad():  # where nothing is learned
        prompt: Prompt = "empty" if batch.prompt == "empty" else "class"
        without = denoiser.predict(noisy, sigma, batch.token, prompt, lambda number, tokens, text_attention: tokens)
    return {
        "denoising": denoising_loss((predicted - clean) / scale, region),
        "surroundings": denoising_loss((predicted - without) / scale, 1 - region),
    }


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Mean of values [V, C, h, w] where mask [V, 1, h, w] in 0..1 says; zero for an empty mask."""
    return (values * mask).sum() / (mask.sum() * values.shape[1]).clamp(min=1e-6)


def resize_area(images: Tensor, height: int, width: int) -> Tensor:
    """Images [V, C, H, W] averaged onto height x width cells."""
    return F.interpolate(images, size=(height, width), mode="area")


def dilate_mask(mask: Tensor) -> Tensor:
    """Grow masks [V, 1, h, w] by DILATION of their side, at least one cell, to keep the subject's surroundings."""
    radius = max(1, round(DILATION * mask.shape[-1]))
    return F.max_pool2d(mask, 2 * radius + 1, stride=1, padding=radius)


def find_region(masks: Tensor, height: int, width: int) -> Tensor:
    """Where the subject of masks [V, 1, H, W] and its nearest surroundings are, [V, 1, height, width] in 0..1."""
    return dilate_mask(resize_area(masks, height, width))


def denoising_loss(residual: Tensor, region: Tensor) -> Tensor:
    """Masked mean square.

    Args:
        residual: [V, C, h, w] error of what the backbone itself predicts, noise or velocity. An error of the noise would tell a velocity
            model next to nothing at high noise levels, which is where colours are settled.
        region: [V, 1, h, w] in 0..1.
    """
    check_shape(residual, "V C h w", region, "V 1 h w")
    return masked_mean(residual.square(), region)


def foreground_loss(opacity: Tensor, covered: Tensor) -> Tensor:
    """Mean square of opacity against the subject's mask.

    Args:
        opacity: [V, P, 1].
        covered: [V, P, 1] in 0..1, the mask where each ray meets the picture.
    """
    check_shape(opacity, "V P 1", covered, "V P 1")
    return (opacity - covered).square().mean()


def background_loss(alpha: Tensor, covered: Tensor) -> Tensor:
    """Mean opacity of single samples on rays that miss the subject; the mean is over all rays.

    Args:
        alpha: [V, P, S, 1].
        covered: [V, P, 1] as in `foreground_loss`.
    """
    check_shape(alpha, "V P S 1", covered, "V P 1")
    covered = covered[:, :, None]  # [V, P, 1, 1]
    return ((alpha - covered).abs() * (1 - covered) * (covered < EMPTY_MASK)).mean()


def rgb_loss(rgb: Tensor, colors: Tensor, region: Tensor) -> Tensor:
    """Masked mean square of rendered colour.

    Args:
        rgb: [V, P, 3].
        colors: [V, P, 3] in 0..1, what each ray should see.
        region: [V, P, 1] in 0..1 where colour counts.
    """
    check_shape(rgb, "V P 3", colors, "V P 3", region, "V P 1")
    return ((rgb - colors).square() * region).sum() / (3 * region.sum()).clamp(min=1e-6)


def rendering_losses(rendered: Iterable[Rendered], images: Tensor, masks: Tensor | None) -> dict[str, Tensor]:
    """Opacity and colour of what the pose blocks render, each averaged over the blocks.

    Every ray is held against the picture where it went through it: the published code moves rays within their cells and compares all of
    them with the cell's mean, which blurs outlines. Where a mask is known, colour is the subject's on black, as it is rendered, inside
    the mask and its nearest surroundings.

    Args:
        images: [V, 3, H, W] in 0..1.
        masks: [V, 1, H, W] in 0..1; without them there is nothing to hold opacity against, and colour counts everywhere.
    """
    losses: dict[str, list[Tensor]] = {"rgb": []} if masks is None else {"foreground": [], "background": [], "rgb": []}
    for view in rendered:
        colors = sample_pictures(images, view.places, view.size)
        if masks is None:
            losses["rgb"].append(rgb_loss(view.rgb, colors, torch.ones_like(view.opacity)))
            continue
        covered = sample_pictures(masks, view.places, view.size)
        region = sample_pictures(find_region(masks, *view.size), view.places, view.size)
        losses["foreground"].append(foreground_loss(view.opacity, covered))
        losses["background"].append(background_loss(view.alpha, covered))
        losses["rgb"].append(rgb_loss(view.rgb, colors * covered, region))
    return {name: torch.stack(each).mean() for name, each in losses.items()}


def sample_pictures(pictures: Tensor, places: Tensor, size: tuple[int, int]) -> Tensor:
    """Pictures [V, C, H, W] at places [V, P, 2] in -1..1 from edge to edge, [V, P, C].

    They are first averaged to a few pixels for each of a block's h x w cells: it cannot render anything finer.
    """
    height, width = (min(FINENESS * cells, pixels) for cells, pixels in zip(size, pictures.shape[-2:], strict=True))
    small = resize_area(pictures, height, width)
    return F.grid_sample(small, places[:, :, None].to(small), align_corners=False, padding_mode="border")[..., 0].mT
