"""One learning run inside a workflow: finds what was learned before, or learns it, with progress and previews on the node."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import comfy.model_management
import torch
from torch import Tensor

from ....mvcustom_core.concept.concept import Concept
from ....mvcustom_core.concept.learning.learner import Learner
from ....mvcustom_core.concept.learning.photographs import Photographs
from ....mvcustom_core.concept.learning.plan import LearningSettings, check_settings
from ....mvcustom_core.concept.learning.state import FinishedRun, LearningState
from ....mvcustom_core.concept.portrait import make_thumbnail
from ..backbone.spec import fingerprint_weights, spec_of
from ..concept.application import find_applied_concept
from ..host.advice import advise
from ..host.progress import stop_if_cancelled
from ..host.tensors import images_from_comfy, masks_from_comfy
from ..photographs.matching import find_matches
from .denoiser import ComfyDenoiser, ConceptWords, encode_photographs, token_row
from .display import Display
from .inputs import Backbone, Pictures, RunOptions, check_pictures, digest_inputs
from .memory import UpdateSize
from .preview import draw_held_out, draw_preview
from .store import LearningStore
from .updates import run_updates

OFF = "or set correspondence_weight to 0"
ENCODED = 4  # photographs that are encoded at a time: learning can be cancelled between them


@dataclass(frozen=True, eq=False)
class Learned:
    """The results of a run.

    Attributes:
        concept: the learned concept.
        losses: name of a loss -> its value in every update, NaN where it has none.
        preview: [1, 3, H, W] the picture of `draw_preview`.
        held_out: [V, 3, H, W] the pictures of `draw_held_out`.
        report: how well the held-out photographs are rendered, as text.
        notes: where the run began, and what is kept on disk, as text.
        rendering_steps: how many of the first updates only rendered.
    """

    concept: Concept
    losses: dict[str, list[float]]
    preview: Tensor
    held_out: Tensor
    report: str
    notes: str
    rendering_steps: int


def run_learning(backbone: Backbone, pictures: Pictures, words: ConceptWords, settings: LearningSettings, options: RunOptions) -> Learned:
    """Learn a concept; or find it, if it was learned before; or go on with an unfinished run with the same inputs.

    Raises:
        ValueError: if the inputs do not fit together, which is checked before learning starts; if a loss is not finite; or if what is kept
            on disk cannot be read.
        OSError: if the unfinished run cannot be stored on disk.
    """
    display = Display(settings, options.node)
    with display.guard():
        check_settings(settings)
        return _find_or_learn(backbone, pictures, words, settings, options, display)


def _find_or_learn(
    backbone: Backbone, pictures: Pictures, words: ConceptWords, settings: LearningSettings, options: RunOptions, display: Display
) -> Learned:
    spec = spec_of(backbone.model)
    settings = replace(settings, nerf=spec.nerf)
    if find_applied_concept(backbone.model) is not None:
        raise ValueError("model: wanted one without a concept, got one that carries a concept; connect the model from before Apply Concept")
    given = pictures.masks
    pictures = check_pictures(pictures, max(site.level for site in spec.pose_layout.sites))
    words.check_vocabulary(backbone.clip)
    display.begin("looking for what was learned before")
    inputs, unread = digest_inputs(backbone, pictures, words, settings, options)
    store = LearningStore(inputs, settings, options.relearn)
    if unread:
        store.note(f"After a restart of ComfyUI this is learned again: {', '.join(unread)}, which a node has added, cannot be recognised.")
    if given is not None and pictures.masks is None:
        store.note("The masks are white all over, so the concept was learned without masks.")
    if note := words.describe_unknown(spec.kind):
        store.note(note)
    finished, how = store.find_finished(), ", found as they were learned before"
    if finished is None:
        finished, how = _learn(backbone, pictures, words, settings, options, store, display), ""
    display.begin(f"finished after {finished.state.step} updates{how}")
    curves, rendering = _list_curves(finished.state), settings.rendering_steps
    return Learned(finished.concept, curves, finished.preview, finished.held_out, finished.report, store.describe(), rendering)


def _learn(
    backbone: Backbone,
    pictures: Pictures,
    words: ConceptWords,
    settings: LearningSettings,
    options: RunOptions,
    store: LearningStore,
    display: Display,
) -> FinishedRun:
    spec, token = spec_of(backbone.model), token_row(backbone.clip, words.class_word)
    latents = _encode(backbone, pictures.images, display, "photographs")
    others = None if pictures.class_images is None else _encode(backbone, pictures.class_images, display, "class pictures")
    masks = None if pictures.masks is None else masks_from_comfy(pictures.masks)
    matches = _match(pictures, store, display) if settings.weights.correspondence else None
    photographs = Photographs(latents, images_from_comfy(pictures.images), masks, pictures.cameras, matches)
    display.begin("loading the backbone to learn with")
    with ComfyDenoiser(backbone.model, backbone.clip, spec.pose_layout, words, options.economy) as denoiser:
        denoiser.make_room(UpdateSize(*latents.shape[-2:], settings, spec.pose_layout))
        learner = Learner(photographs.to(denoiser.device), denoiser, spec.pose_layout, token, settings, others)
        if options.warm_start and spec.pose_prior:
            learner.restore(LearningState(dict(spec.pose_prior), token, moments={}, history=()))
        first = store.open(learner) + 1
        with store.guard(learner):
            kept = "" if first == 1 else f", going on from update {first - 1}"
            display.begin(f"preparing update {first} of {settings.steps}{kept}: features of the photographs")
            _run_updates(learner, denoiser, backbone, store, display, options.preview_every)
            display.begin("drawing what was learned")
            run = _make_results(learner, denoiser, backbone, words, make_thumbnail(photographs.images[0]))
    store.finish(run)
    return run


def _run_updates(
    learner: Learner, denoiser: ComfyDenoiser, backbone: Backbone, store: LearningStore, display: Display, preview_every: int
) -> None:
    comfy.model_management.in_training = True
    try:
        for report in run_updates(learner, denoiser):
            due = report.step % preview_every == 0 and not learner.is_finished  # the last one is drawn at the end
            display.show(report, draw_preview(learner, denoiser, backbone.vae) if due else None)
            comfy.model_management.throw_exception_if_processing_interrupted()
            store.save_if_due(learner)
    finally:
        comfy.model_management.in_training = False


def _make_results(learner: Learner, denoiser: ComfyDenoiser, backbone: Backbone, words: ConceptWords, thumbnail: Tensor) -> FinishedRun:
    concept = learner.concept(words.token, words.class_word, words.caption)
    concept = replace(concept, backbone=fingerprint_weights(backbone.model), thumbnail=thumbnail)
    preview = draw_preview(learner, denoiser, backbone.vae)[None]
    held_out, report = draw_held_out(learner, learner.settings.held_out)
    return FinishedRun(learner.state, concept, preview, held_out, f"{report}\n{denoiser.describe()}")


def _encode(backbone: Backbone, images: Tensor, display: Display, what: str) -> Tensor:
    """Latents [N, 4, h, w] of IMAGE [N, H, W, 3], in the scale that the U-Net sees."""
    latents = []
    for first in range(0, len(images), ENCODED):
        display.begin(f"encoding {what}: {first} of {len(images)}")
        latents.append(encode_photographs(backbone.model, backbone.vae, images[first : first + ENCODED]))
    return torch.cat(latents)


def _match(pictures: Pictures, store: LearningStore, display: Display) -> dict[tuple[int, int], Tensor]:
    """Matched features of the photographs that their cameras allow, on the subject where masks say where that is.

    Raises:
        ValueError: if pycolmap is missing, or there is no such match.
        OSError: if they cannot be kept on disk.
    """
    display.begin("matching features of the photographs")
    found = store.find_matches()
    if found is None:
        masks = None if pictures.masks is None else masks_from_comfy(pictures.masks)
        with advise({"pycolmap:": OFF}):
            found = find_matches(images_from_comfy(pictures.images), pictures.cameras, stop_if_cancelled, masks)
        store.keep_matches(found)
    count = sum(map(len, found.values()))
    if not count:
        raise ValueError(f"photographs: wanted features that match between them as the cameras say, got none; take sharper ones, {OFF}")
    store.note(f"{count} matched features of the photographs held the pose blocks' rays to the surface.")
    return found


def _list_curves(state: LearningState) -> dict[str, list[float]]:
    """Name of a loss -> its value in every update, NaN where it has none."""
    names = ("total", *{name: None for report in state.history for name in report.losses}, "held out")
    rows = [{"total": report.total, **report.losses, "held out": report.held_out} for report in state.history]
    curves = {name: [math.nan if row.get(name) is None else row[name] for row in rows] for name in names}
    return {name: values for name, values in curves.items() if not all(map(math.isnan, values))}
