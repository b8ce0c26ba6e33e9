"""One learning run inside a workflow: checks the inputs, shows progress and previews, and continues an unfinished run."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import comfy.model_management
from comfy.model_patcher import ModelPatcher
from comfy.sd import CLIP, VAE
from torch import Tensor

from ....mvcustom_core.camera.cameras import Cameras
from ....mvcustom_core.concept.concept import Concept
from ....mvcustom_core.concept.learning.learner import Learner
from ....mvcustom_core.concept.learning.photographs import Photographs
from ....mvcustom_core.concept.learning.plan import LearningSettings
from ....mvcustom_core.concept.learning.state import LearningState
from ....mvcustom_core.concept.portrait import make_thumbnail
from ..backbone.spec import fingerprint_weights, spec_of
from ..concept.application import session_of
from ..host.tensors import images_from_comfy, masks_from_comfy
from .denoiser import ComfyDenoiser, ConceptWords, Economy, encode_photographs, token_row
from .file import LearningFile
from .memory import UpdateSize
from .preview import Display, draw_held_out, draw_preview
from .updates import run_updates


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
    """

    warm_start: bool = True
    economy: Economy = Economy()
    preview_every: int = 50
    node: str | None = None


@dataclass(frozen=True, eq=False)
class Learned:
    """The results of a run.

    Attributes:
        concept: the learned concept.
        losses: name of a loss -> its value in every update, NaN where it has none.
        preview: [1, 3, H, W] the picture of `draw_preview`.
        held_out: [V, 3, H, W] the pictures of `draw_held_out`.
        report: how well the held-out photographs are rendered, as text.
    """

    concept: Concept
    losses: dict[str, list[float]]
    preview: Tensor
    held_out: Tensor
    report: str


def run_learning(backbone: Backbone, pictures: Pictures, words: ConceptWords, settings: LearningSettings, options: RunOptions) -> Learned:
    """Learn a concept, or continue an unfinished run with the same inputs.

    Raises:
        ValueError: if the inputs do not fit together, which is checked before learning starts; or if a loss is not finite.
        OSError: if the unfinished run cannot be stored on disk.
    """
    spec = spec_of(backbone.model)
    settings = replace(settings, nerf=spec.nerf)
    if session_of(backbone.model) is not None:
        raise ValueError("model: wanted one without a concept, got one that carries a concept; connect the model from before Apply Concept")
    _check_pictures(pictures, max(site.level for site in spec.pose_layout.sites))
    words.check_vocabulary(backbone.clip)
    token = token_row(backbone.clip, words.class_word)
    file = LearningFile(_list_inputs(backbone, pictures, words, settings, options))
    photographs, class_latents = _encode(backbone, pictures), _encode_class(backbone, pictures)
    with ComfyDenoiser(backbone.model, backbone.clip, spec.pose_layout, words, options.economy) as denoiser:
        denoiser.make_room(UpdateSize(*photographs.latents.shape[-2:], settings, spec.pose_layout))
        learner = Learner(photographs.to(denoiser.device), denoiser, spec.pose_layout, token, settings, class_latents)
        return _run(backbone, pictures, words, options, learner, denoiser, file)


def _run(
    backbone: Backbone,
    pictures: Pictures,
    words: ConceptWords,
    options: RunOptions,
    learner: Learner,
    denoiser: ComfyDenoiser,
    file: LearningFile,
) -> Learned:
    settings, spec, token = learner.settings, spec_of(backbone.model), learner.token
    if options.warm_start and spec.pose_prior:
        learner.restore(LearningState(dict(spec.pose_prior), token, moments={}, history=()))
    file.open(learner)
    _learn(learner, denoiser, file, Display(settings.steps, options.node), backbone.vae, options.preview_every)
    concept = replace(
        learner.concept(words.token, words.class_word, words.caption),
        backbone=fingerprint_weights(backbone.model),
        thumbnail=make_thumbnail(images_from_comfy(pictures.images)[0]),
    )
    picture = draw_preview(learner, denoiser, backbone.vae)
    held_out, report = draw_held_out(learner, settings.held_out)
    file.remove()
    return Learned(concept, _list_curves(learner.state), picture[None], held_out, report)


def _learn(learner: Learner, denoiser: ComfyDenoiser, file: LearningFile, display: Display, vae: VAE, preview_every: int) -> None:
    comfy.model_management.in_training = True
    try:
        for report in run_updates(learner, denoiser):
            due = report.step % preview_every == 0 and not learner.is_finished  # the last one is drawn by the caller
            display.show(report, draw_preview(learner, denoiser, vae) if due else None)
            comfy.model_management.throw_exception_if_processing_interrupted()
            file.save_if_due(learner)
    except BaseException:  # cancelling is none of the `Exception`s; whatever it was, it goes on to the caller
        file.save(learner)
        raise
    finally:
        comfy.model_management.in_training = False


def _encode(backbone: Backbone, pictures: Pictures) -> Photographs:
    masks = None if pictures.masks is None else masks_from_comfy(pictures.masks)
    latents = encode_photographs(backbone.model, backbone.vae, pictures.images)
    return Photographs(latents, images_from_comfy(pictures.images), masks, pictures.cameras)


def _encode_class(backbone: Backbone, pictures: Pictures) -> Tensor | None:
    if pictures.class_images is None:
        return None
    return encode_photographs(backbone.model, backbone.vae, pictures.class_images)


def _list_inputs(
    backbone: Backbone, pictures: Pictures, words: ConceptWords, settings: LearningSettings, options: RunOptions
) -> list[Tensor | str | None]:
    """Everything that a run's result depends on. The U-Net enters by its norms and biases, which every fine-tuning changes."""
    cameras = pictures.cameras
    norms = [parameter for parameter in backbone.model.model.diffusion_model.parameters() if parameter.dim() == 1]
    token = token_row(backbone.clip, words.class_word)
    patches = [*_walk(backbone.model.patches), *_walk(backbone.clip.patcher.patches)]
    chosen = repr((words, settings, options.warm_start, options.economy))
    return [pictures.images, pictures.masks, cameras.w2c, cameras.K, pictures.class_images, *norms, token, *patches, chosen]


def _walk(patches: Any) -> Iterator[Tensor | str]:
    """Yield all tensors and numbers in ComfyUI's weight patches (such as LoRA), which are nested lists, tuples and adapters."""
    if isinstance(patches, Tensor):
        yield patches
    elif isinstance(patches, dict):
        for key in sorted(patches, key=str):
            yield str(key)
            yield from _walk(patches[key])
    elif isinstance(patches, list | tuple):
        for part in patches:
            yield from _walk(part)
    elif hasattr(patches, "weights"):
        yield from _walk(patches.weights)
    elif isinstance(patches, str | int | float):
        yield str(patches)


def _list_curves(state: LearningState) -> dict[str, list[float]]:
    """Name of a loss -> its value in every update, NaN where it has none."""
    names = ("total", *{name: None for report in state.history for name in report.losses}, "held out")
    rows = [{"total": report.total, **report.losses, "held out": report.held_out} for report in state.history]
    curves = {name: [math.nan if row.get(name) is None else row[name] for row in rows] for name in names}
    return {name: values for name, values in curves.items() if not all(map(math.isnan, values))}


def _check_pictures(pictures: Pictures, deepest: int) -> None:
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
