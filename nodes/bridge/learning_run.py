"""One learning run inside a graph: what goes in is checked first, progress and a preview are shown, cancelling works at every step."""

from __future__ import annotations

from dataclasses import dataclass, replace

import comfy.model_management
import comfy.utils
import torch
from comfy.model_patcher import ModelPatcher
from comfy.sd import CLIP, VAE
from PIL import Image
from torch import Tensor

from ...mvcustom_core.concept.concept import Concept
from ...mvcustom_core.concept.learning import Learner
from ...mvcustom_core.concept.learning_plan import LearningSettings
from ...mvcustom_core.concept.learning_state import LearningState
from ...mvcustom_core.concept.photographs import Photographs
from ...mvcustom_core.geometry.cameras import Cameras
from .backbone import spec_of
from .concept import session_of
from .learning import ComfyDenoiser, encode_photographs, token_row
from .tensors import images_from_comfy, masks_from_comfy

PREVIEW_EVERY = 25
PREVIEW_PIXELS = 256  # side of each of the three pictures


@dataclass(frozen=True, slots=True)
class ConceptWords:
    """How the subject is called.

    Attributes:
        token: what stands for it in prompts, such as "<v*>".
        class_word: what it is, such as "teddy bear".
    """

    token: str
    class_word: str

    def __post_init__(self) -> None:
        if not self.token.strip() or not self.class_word.strip():
            raise ValueError(f"words: wanted a token and a class word, got {self.token!r} and {self.class_word!r}")
        if self.token in self.caption:
            raise ValueError(f"token: wanted text that no other word holds, such as <v*>, got {self.token!r}, which {self.caption!r} holds")

    @property
    def prompt(self) -> str:
        return f"a {self.token} {self.class_word}"

    @property
    def caption(self) -> str:
        return f"a {self.class_word}"


def run_learning(
    model: ModelPatcher,
    clip: CLIP,
    vae: VAE,
    photographs: tuple[Tensor, Tensor | None, Cameras],
    words: ConceptWords,
    settings: LearningSettings,
    warm_start: bool,
) -> tuple[Concept, dict[str, list[float]], Tensor]:
    """Learn a concept.

    Args:
        photographs: IMAGE [N, H, W, 3], MASK [N, H, W] or None, and their normalised cameras.
        warm_start: begin with the backbone's own pose blocks, where it has some.

    Returns:
        the concept, each loss over the steps, and the last preview [1, 3, H, W]: photograph, rendered colour, opacity.

    Raises:
        ValueError: if anything does not fit; nothing has been learned then.
    """
    image, mask, cameras = photographs
    spec = spec_of(model)
    layout, settings = spec.pose_layout, replace(settings, nerf=spec.nerf)
    if session_of(model) is not None:
        raise ValueError("model: wanted one without a concept, got one that carries a concept; connect the model from before Apply Concept")
    _check_pictures(image, mask, cameras, max(site.level for site in layout.sites))
    posed = Photographs(
        encode_photographs(model, vae, image), images_from_comfy(image), None if mask is None else masks_from_comfy(mask), cameras
    )
    denoiser = ComfyDenoiser(model, clip, layout, words.prompt, words.token, words.caption)
    token = token_row(clip, words.class_word)
    prior = LearningState(dict(spec.pose_prior), token, moments={}, history=()) if warm_start and spec.pose_prior else None
    learner = Learner(_placed(posed, denoiser.device), denoiser, layout, token, settings, prior)
    bar, curves = comfy.utils.ProgressBar(settings.steps), {}
    comfy.model_management.in_training = True
    try:
        for report in learner.run():
            for name, value in {"total": report.total, **report.losses}.items():
                curves.setdefault(name, []).append(value)
            due = report.step % PREVIEW_EVERY == 0 or report.step == settings.steps
            preview = draw_preview(learner, posed) if due else None
            # this call also raises when the user cancels
            bar.update_absolute(report.step, preview=("JPEG", _to_pil(preview), 3 * PREVIEW_PIXELS) if due else None)
            comfy.model_management.throw_exception_if_processing_interrupted()
    finally:
        comfy.model_management.in_training = False
    concept = learner.concept(words.token, words.class_word, words.caption)
    return concept, curves, draw_preview(learner, posed)[None]


def draw_preview(learner: Learner, photographs: Photographs, view: int = 0) -> Tensor:
    """Photograph, rendered colour and opacity of one view side by side, [3, P, 3 P]."""
    rendered, (h, w) = learner.render(view)
    rgb, opacity = (x[0].mT.unflatten(1, (h, w)).float().cpu() for x in (rendered.rgb, rendered.opacity))
    pictures = [photographs.images[view].cpu().float(), rgb, opacity.expand(3, -1, -1)]
    size = (PREVIEW_PIXELS, PREVIEW_PIXELS * h // w)
    return torch.cat([torch.nn.functional.interpolate(p[None], size=size[::-1], mode="nearest-exact")[0] for p in pictures], dim=2).clamp(
        0, 1
    )


def _to_pil(picture: Tensor) -> Image.Image:
    return Image.fromarray((picture.permute(1, 2, 0) * 255).byte().numpy())


def _placed(photographs: Photographs, device: torch.device) -> Photographs:
    masks = None if photographs.masks is None else photographs.masks.to(device)
    return Photographs(photographs.latents.to(device), photographs.images.to(device), masks, photographs.cameras.to(device))


def _check_pictures(image: Tensor, mask: Tensor | None, cameras: Cameras, deepest: int) -> None:
    count, height, width = image.shape[:3]
    if count != len(cameras) or (mask is not None and len(mask) != count):
        masks = "no" if mask is None else str(len(mask))
        raise ValueError(
            f"photographs: wanted as many cameras and masks as images, got {count} images, {len(cameras)} cameras, {masks} masks"
        )
    step = 8 << deepest
    if height % step or width % step:
        raise ValueError(f"photographs: wanted sides divisible by {step}, got {width}x{height}; load them at another size")
