"""What a concept shows of itself: a small picture, and a few lines of text."""

from __future__ import annotations

import torch
from torch import Tensor

from ..shapes import check_shape
from .concept import Concept

THUMBNAIL_PIXELS = 256  # longest side


def make_thumbnail(image: Tensor) -> Tensor:
    """A picture [3, H, W] in 0..1, made small enough to travel in the concept's file: [3, h, w] uint8."""
    check_shape(image, "3 H W")
    shrink = max(1.0, max(image.shape[1:]) / THUMBNAIL_PIXELS)
    size = [max(1, round(side / shrink)) for side in image.shape[1:]]
    small = torch.nn.functional.interpolate(image[None].float(), size=size, mode="bilinear", antialias=True)[0]
    return (small.clamp(0, 1) * 255).round().byte().cpu()


def draw_portrait(concept: Concept) -> Tensor:
    """The thumbnail [3, H, W] in 0..1; of a concept without one, its first reference's latents in false colours."""
    if concept.thumbnail is not None:
        return concept.thumbnail.float() / 255
    latents = concept.latents[0, :3].float().cpu()  # [3, h, w]
    low, high = latents.amin((1, 2), keepdim=True), latents.amax((1, 2), keepdim=True)
    colours = (latents - low) / (high - low).clamp_min(1e-6)
    return colours.repeat_interleave(8, dim=1).repeat_interleave(8, dim=2)


def describe_concept(concept: Concept) -> str:
    """Token, references, training and licence, one fact a line."""
    h, w = concept.latents.shape[-2:]
    losses = ", ".join(f"{name} {value:.4g}" for name, value in concept.metadata.get("losses", {}).items())
    sites = ", ".join(f"{site.number} ({site.channels})" for site in concept.layout.sites)
    held = [f"latents of {len(concept.latents)} photographs of {8 * w}x{8 * h} pixels"]
    held += ["their masks"] * (concept.masks is not None) + ["a thumbnail"] * (concept.thumbnail is not None)
    return "\n".join(
        [
            f"{concept.token_text}: {concept.class_word}",
            f"learned in {concept.metadata.get('steps', 'an unknown number of')} steps; last losses: {losses or 'unknown'}",
            f"pose blocks at transformers (channels): {sites}; text width {concept.layout.text_width}",
            f"backbone: {concept.backbone or 'unknown'}",
            f"of the photographs it holds: {', '.join(held)}",
            f"licence: {concept.metadata.get('licence') or 'not stated'}",
        ]
    )
