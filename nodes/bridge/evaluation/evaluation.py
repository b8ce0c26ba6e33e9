"""Measures generated views inside a workflow: every measure that the inputs allow, with a progress bar and cancellation."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import comfy.model_management
import comfy.utils
import folder_paths
from torch import Tensor

from ....mvcustom_core.camera.cameras import Cameras
from ....mvcustom_core.evaluation.case import Case
from ....mvcustom_core.evaluation.evaluation import Evaluation, evaluate_views
from ....mvcustom_core.evaluation.likeness import Encoders
from ....mvcustom_core.surface.depth import AnchorDepth
from ..host.advice import advise
from ..host.tensors import read_images, read_masks
from .encoders import NONE, load_encoder, load_text_encoder

STEPS = 1000  # of the progress bar
BELONGING = "connect those that belong to these pictures"
ADVICE = {
    "views: wanted the cameras' aspect": "connect the trajectory that these views were made with",
    "views:": "connect all views of this trajectory",
    "depth:": "connect depth of this trajectory",
    "reference masks: wanted references": "connect references, or disconnect the reference masks",
    "reference masks:": BELONGING,
    "masks:": BELONGING,
    "true views: wanted pictures of at least": "disconnect them",
    "true views:": BELONGING,
    "SSIM:": "or disconnect the true views",
}


@dataclass(frozen=True, eq=False)
class EvaluationInputs:
    """The inputs of Evaluate Views.

    Attributes:
        images: IMAGE [V, H, W, C] the generated views.
        cameras: the V cameras that were asked for.
        depth: depth of anchor views; may be empty.
        masks: MASK [V, H, W], white on the subject.
        references, reference_masks: IMAGE [A, h, w, C] and MASK [A, h, w] of photographs of the subject.
        true_views: IMAGE [V, H, W, C] the correct views, if known.
        prompt: the prompt of the views; may be empty.
        encoder, text_encoder: names from `list_encoders`.
    """

    images: Tensor
    cameras: Cameras
    depth: tuple[AnchorDepth, ...] = ()
    masks: Tensor | None = None
    references: Tensor | None = None
    reference_masks: Tensor | None = None
    true_views: Tensor | None = None
    prompt: str = ""
    encoder: str = NONE
    text_encoder: str = NONE


def evaluate_images(inputs: EvaluationInputs) -> Evaluation:
    """Measure the views by every measure that the inputs allow.

    Raises:
        ValueError: if the inputs do not fit together, or an encoder cannot be read.
    """
    encoders, notes = _choose_encoders(inputs)
    bar = comfy.utils.ProgressBar(STEPS)

    def report(share: float) -> None:
        comfy.model_management.throw_exception_if_processing_interrupted()
        bar.update_absolute(round(STEPS * share))

    temporary = Path(folder_paths.get_temp_directory())
    temporary.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="mvcustom_evaluate_", dir=temporary) as folder, advise(ADVICE):
        evaluation = evaluate_views(_read_case(inputs), Path(folder), report, encoders)
    return replace(evaluation, notes=(*evaluation.notes, *notes))


def _read_case(inputs: EvaluationInputs) -> Case:
    """The inputs, checked, as the core has them. All lies on the CPU: ComfyUI may keep pictures on the device, and depth on the host."""
    pictures = {"references": inputs.references, "true_views": inputs.true_views}
    masks = {"masks": inputs.masks, "reference_masks": inputs.reference_masks}
    given = {name: read_images(image, name).cpu() for name, image in pictures.items() if image is not None}
    given |= {name: read_masks(mask, name).cpu() for name, mask in masks.items() if mask is not None}
    truth = given.pop("true_views", None)
    images, cameras = read_images(inputs.images, "images").cpu(), inputs.cameras.to("cpu")
    anchors = tuple(replace(anchor, depth=anchor.depth.to("cpu")) for anchor in inputs.depth)
    return Case(images, cameras, anchors, truth=truth, **given)


def _choose_encoders(inputs: EvaluationInputs) -> tuple[Encoders, list[str]]:
    """Load the chosen networks; also returns notes on inputs that are not used."""
    if inputs.encoder != NONE and inputs.references is None:
        raise ValueError(f"encoder: wanted references to compare with, got none; connect them, or set encoder to {NONE!r}")
    if inputs.text_encoder != NONE and not inputs.prompt.strip():
        raise ValueError(f"text_encoder: wanted the prompt of these views, got none; write it, or set text_encoder to {NONE!r}")
    encoders = dict([load_encoder(inputs.encoder)]) if inputs.encoder != NONE else {}
    text = load_text_encoder(inputs.text_encoder, inputs.prompt) if inputs.text_encoder != NONE else None
    unread = inputs.prompt.strip() and text is None
    return Encoders(encoders, text), ["prompt: not measured; choose CLIP as the text_encoder"] if unread else []
