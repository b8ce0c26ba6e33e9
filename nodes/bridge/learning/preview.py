"""Pictures of what is learned: held-out photographs beside what the concept renders there."""

from __future__ import annotations

import torch
from comfy.sd import VAE
from torch import Tensor
from torch.nn import functional as F

from ....mvcustom_core.concept.learning.held_out import describe_figures, judge, look
from ....mvcustom_core.concept.learning.learner import Learner
from ....mvcustom_core.concept.learning.plan import seed_step
from ....mvcustom_core.plot.canvas import write_on
from ..host.tensors import images_from_comfy
from .denoiser import ComfyDenoiser

PIXELS = 256  # side of each of the four pictures


def draw_preview(learner: Learner, denoiser: ComfyDenoiser, vae: VAE) -> Tensor:
    """Draw photograph, rendered colour, opacity and generated picture of one view side by side, [3, P, 4 P] in 0..1."""
    photographs, subject = learner.show()
    photograph = photographs[[0]]
    rendered, latents = look(subject, photograph, denoiser, learner.token, seed_step(learner.settings, 0))
    rgb, opacity = (x[0].mT.unflatten(1, rendered.size).float().cpu() for x in (rendered.rgb, rendered.opacity))
    decoded = vae.decode(denoiser.model.model.process_latent_out(latents))
    denoiser.load()  # the VAE may have taken its place
    pictures = [photograph.images[0].cpu(), rgb, opacity.expand(3, -1, -1), images_from_comfy(decoded)[0].float().cpu()]
    height, width = photograph.images.shape[-2:]
    size = (PIXELS * height // width, PIXELS)
    return torch.cat([F.interpolate(picture[None], size=size, mode="nearest-exact")[0] for picture in pictures], dim=2).clamp(0, 1)


def draw_held_out(learner: Learner, held_out: int) -> tuple[Tensor, str]:
    """Draw every held-out photograph beside its rendered colour and opacity, with their figures on them, [V, 3, H, 3 W] in 0..1.

    If none was held out, the first photograph, rendered from the others, is used instead, and the report, which comes second, says so.
    """
    photographs, subject = learner.show()
    rgb, opacity, figures = judge(subject, photographs)
    size = tuple(photographs.images.shape[-2:])
    colors, outlines = (F.interpolate(x, size=size, mode="bilinear").clamp(0, 1) for x in (rgb, opacity.expand(-1, 3, -1, -1)))
    colors = torch.stack([write_on(picture, f"{figure.psnr:.1f} dB") for picture, figure in zip(colors, figures, strict=True)])
    overlaps = ["no mask" if figure.iou is None else f"IoU {figure.iou:.2f}" for figure in figures]
    outlines = torch.stack([write_on(picture, words) for picture, words in zip(outlines, overlaps, strict=True)])
    sheet = torch.cat([photographs.images.cpu(), colors, outlines], dim=3)
    if not held_out:
        return sheet, f"No photograph was held out.\n{describe_figures(['the first one, learned from, seen from the others'], figures)}"
    return sheet, describe_figures([f"held-out photograph {index + 1} of {len(figures)}" for index in range(len(figures))], figures)
