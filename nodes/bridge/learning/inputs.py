"""What a concept is learned from, checked before anything is learned; and the digest that the result depends on."""

from __future__ import annotations

from dataclasses import dataclass, replace

from comfy.model_patcher import ModelPatcher
from comfy.sd import CLIP, VAE
from torch import Tensor

from ....mvcustom_core.camera.cameras import Cameras
from ....mvcustom_core.concept.learning.plan import LearningSettings
from ..host.fingerprint import digest_parts, fingerprint_clip, fingerprint_model, fingerprint_vae
from .denoiser import ConceptWords, Economy

RECIPE = 1  # raised whenever the same inputs learn something else
WHITE = 1 - 1 / 255  # of a mask


@dataclass(frozen=True, eq=False)
class Backbone:
    """The MODEL, CLIP and VAE that a concept is learned on."""

    model: ModelPatcher
    clip: CLIP
    vae: VAE


@dataclass(frozen=True, eq=False)
class Pictures:
    """The photographs that a concept is learned from."""

    images: Tensor  # IMAGE [N, H, W, 3]
    masks: Tensor | None  # MASK [N, H, W]
    cameras: Cameras  # normalised
    class_images: Tensor | None = None  # IMAGE [M, H, W, 3] of other things of the class


@dataclass(frozen=True, slots=True)
class RunOptions:
    """Options of a run that are not learning settings.

    Attributes:
        warm_start: whether to start from the backbone's own pose blocks, if it has some.
        economy: ways to save memory and time.
        preview_every: number of updates between two previews.
        node: id of the node in the running prompt; None outside a server.
        relearn: whether to learn from the start although the concept, or a part of the run, is kept.
    """

    warm_start: bool = True
    economy: Economy = Economy()
    preview_every: int = 50
    node: str | None = None
    relearn: bool = False


def check_pictures(pictures: Pictures, deepest: int) -> Pictures:
    """Check that photographs, masks and cameras fit together. Masks that are white all over say nothing, and are left out.

    Args:
        deepest: U-Net level of the deepest pose block.

    Raises:
        ValueError: if they do not fit.
    """
    image, mask, cameras = pictures.images, pictures.masks, pictures.cameras
    count, height, width = image.shape[:3]
    if count != len(cameras) or (mask is not None and len(mask) != count):
        masks = "no" if mask is None else str(len(mask))
        raise ValueError(
            f"photographs: wanted as many cameras and masks as images, got {count} images, {len(cameras)} cameras, {masks} masks"
        )
    step = 8 << deepest
    if height % step or width % step:
        raise ValueError(f"photographs: wanted sides divisible by {step}, got {width}x{height}; load them at another size")
    others = pictures.class_images
    if others is not None and tuple(others.shape[1:3]) != (height, width):
        raise ValueError(
            f"class images: wanted {width}x{height} as the photographs, got {others.shape[2]}x{others.shape[1]}; resize them before"
        )
    return replace(pictures, masks=None) if mask is not None and bool((mask >= WHITE).all()) else pictures


def digest_inputs(
    backbone: Backbone, pictures: Pictures, words: ConceptWords, settings: LearningSettings, options: RunOptions
) -> tuple[str, tuple[str, ...]]:
    """A digest of everything that a run's result depends on but the number of steps; and what of it another start of ComfyUI will not
    recognise.

    Computing layers twice saves memory and changes no result, and neither do previews, so they have no part in it. The weight of
    correspondence has one only if it is not 0, so that what was learned before there was such a weight is still found.
    """
    found = fingerprint_model(backbone.model), fingerprint_clip(backbone.clip), fingerprint_vae(backbone.vae)
    cameras = pictures.cameras
    words_read = [token[0] for part in backbone.clip.tokenize(words.caption)["l"] for token in part]  # with textual embeddings of files
    shown = [pictures.images, pictures.masks, cameras.w2c, cameras.K, cameras.width, cameras.height, pictures.class_images]
    chosen = repr((RECIPE, words, replace(settings, steps=0), options.warm_start, options.economy.bfloat16))
    weight = settings.weights.correspondence
    added = [f"correspondence {weight!r}"] if weight else []
    unread = tuple(sorted({name for each in found for name in each.unread}))
    return digest_parts([*(each.digest for each in found), *shown, *words_read, chosen, *added]), unread
