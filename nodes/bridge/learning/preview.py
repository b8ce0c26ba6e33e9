"""What the Learn Concept node shows: progress, time left, and a held-out photograph beside what the concept renders there."""

from __future__ import annotations

import comfy.utils
import torch
from comfy.sd import VAE
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from ....mvcustom_core.concept.learning.held_out import describe_figures, judge, look
from ....mvcustom_core.concept.learning.learner import Learner
from ....mvcustom_core.concept.learning.plan import seed_step
from ....mvcustom_core.concept.learning.state import StepReport
from ..host.tensors import images_from_comfy
from .denoiser import ComfyDenoiser

PIXELS = 256  # side of each of the four pictures


class Display:
    """The node's progress bar, its preview, and a line of text.

    Args:
        steps: number of updates in the whole run.
        node: id of the node in the running prompt; None if it has none.
    """

    def __init__(self, steps: int, node: str | None) -> None:
        self.bar, self.steps, self.node = comfy.utils.ProgressBar(steps), steps, node
        self.seconds = 0.0  # running mean of the time of an update

    def show(self, report: StepReport, picture: Tensor | None) -> None:
        """Show one update. Raises ComfyUI's exception if the user has cancelled."""
        self.seconds = report.seconds if not self.seconds else 0.9 * self.seconds + 0.1 * report.seconds
        if self.node is not None:
            send_text(describe_progress(report, self.steps, self.seconds), self.node)
        preview = None if picture is None else ("JPEG", _to_pil(picture), 4 * PIXELS)
        self.bar.update_absolute(report.step, self.steps, preview)


def send_text(text: str, node: str) -> None:
    """Show a line of text on a node, if a server runs."""
    from server import PromptServer  # here, since it is slow to import where nothing has imported it yet

    server = getattr(PromptServer, "instance", None)
    if server is not None:
        server.send_progress_text(text, node)


def describe_progress(report: StepReport, steps: int, seconds: float) -> str:
    """A line such as "step 25 of 1600, loss 0.31, held out 0.12, 14 min 20 s left"."""
    left = round((steps - report.step) * seconds)
    held_out = "" if report.held_out is None else f", held out {report.held_out:.3g}"
    return f"step {report.step} of {steps}, loss {report.total:.3g}{held_out}, {left // 60} min {left % 60} s left"


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
    """Draw every held-out photograph beside its rendered colour and opacity, [V, 3, H, 3 W] in 0..1, with a report on their agreement.

    If none was held out, the first photograph, rendered from the others, is used instead, and the report says so.
    """
    photographs, subject = learner.show()
    rgb, opacity, figures = judge(subject, photographs)
    size = tuple(photographs.images.shape[-2:])
    rendered = (F.interpolate(picture, size=size, mode="bilinear") for picture in (rgb, opacity.expand(-1, 3, -1, -1)))
    sheet = torch.cat([photographs.images, *rendered], dim=3).clamp(0, 1)
    if not held_out:
        return sheet, f"No photograph was held out.\n{describe_figures(['the first one, learned from, seen from the others'], figures)}"
    return sheet, describe_figures([f"held-out photograph {index + 1} of {len(figures)}" for index in range(len(figures))], figures)


def _to_pil(picture: Tensor) -> Image.Image:
    return Image.fromarray((picture.permute(1, 2, 0) * 255).byte().numpy())
