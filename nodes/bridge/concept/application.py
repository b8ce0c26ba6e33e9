"""Applies a learned concept to a MODEL and its CLIP: the wrappers that run a `ConceptSession`, and the checks before sampling."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import comfy.model_management
import comfy.model_patcher
import torch
from comfy.model_patcher import ModelPatcher
from comfy.patcher_extension import CallbacksMP, WrappersMP
from comfy.samplers import CFGGuider
from comfy.sd import CLIP
from torch import Tensor

from ....mvcustom_core.camera.cameras import Cameras
from ....mvcustom_core.concept.concept import Concept, check_backbone
from ....mvcustom_core.surface.depth import RenderedDepth
from ..backbone.spec import fingerprint_weights, offered_layout, require_motion
from ..host.call import record_of, with_record
from ..host.eager import uncompiled
from ..host.progress import send_text
from .branches import find_branches, list_branches, list_shown, with_branches
from .pose import install_pose_patches
from .prompt import find_word
from .session import CELL_PIXELS, AppliedConcept, ConceptSession
from .tokens import ENCODED, add_token, encode_caption

CONCEPT_ATTACHMENT = "mvcustom_concept"

log = logging.getLogger("mvcustom.bridge.concept")


def apply_to_both(model: ModelPatcher, clip: CLIP, concept: Concept, cameras: Cameras, strength: float) -> tuple[ModelPatcher, CLIP]:
    """Apply a concept to clones of MODEL and CLIP; see `apply_concept` and `add_token`. A run without its word in the prompt is refused."""
    knowing = add_token(clip, concept)
    patched = apply_concept(model, concept, cameras, encode_caption(clip, concept.caption), strength)
    if strength:
        patched.add_wrapper_with_key(WrappersMP.OUTER_SAMPLE, f"{CONCEPT_ATTACHMENT}_word", partial(_sample_with_word, concept))
    return patched, knowing


def apply_concept(model: ModelPatcher, concept: Concept, cameras: Cameras, caption: Tensor, strength: float = 1.0) -> ModelPatcher:
    """Clone a MODEL so that it renders the concept into its views.

    Args:
        model: the MODEL; it is not changed.
        concept: the learned concept.
        cameras: one for each view that will be sampled, in the concept's normalised world.
        caption: [1, L, D] `concept.caption`, encoded by the CLIP of the same checkpoint.
        strength: factor on what the rendered features change, 0 to 2; 1 is as learned.

    Raises:
        ValueError: if the model cannot carry the concept.
    """
    require_motion(model)
    check_backbone(concept, offered_layout(model))
    if find_applied_concept(model) is not None:
        raise ValueError("concept: this model already carries one; connect the model from before that Apply Concept")
    if concept.backbone and concept.backbone != (here := fingerprint_weights(model)):
        log.info(
            "%s was learned on checkpoint %s, this is %s: its references are recorded anew", concept.token_text, concept.backbone, here
        )
    patched = model.clone()
    patched.set_additional_models(CONCEPT_ATTACHMENT, [build_pose_patcher(concept)])
    applied = AppliedConcept(concept, cameras, caption.cpu(), strength)
    install_pose_patches(patched)
    patched.add_wrapper_with_key(WrappersMP.OUTER_SAMPLE, CONCEPT_ATTACHMENT, partial(_sample_with_concept, applied))
    patched.add_wrapper_with_key(WrappersMP.CALC_COND_BATCH, CONCEPT_ATTACHMENT, _name_branches)
    patched.add_wrapper_with_key(WrappersMP.DIFFUSION_MODEL, CONCEPT_ATTACHMENT, _run_with_concept)
    patched.set_attachments(CONCEPT_ATTACHMENT, applied)
    return patched


def build_pose_patcher(concept: Concept, disable_dynamic: bool = False) -> ModelPatcher:
    """Build a ModelPatcher of a concept's pose blocks.

    Args:
        concept: the concept.
        disable_dynamic: do not use ComfyUI's dynamic-memory patcher. ComfyUI sets this when it rebuilds the model.
    """
    with torch.inference_mode(False):
        blocks = concept.build_pose_blocks()
    # looked up at call time: ComfyUI replaces the class at start-up
    patcher_class = ModelPatcher if disable_dynamic else comfy.model_patcher.CoreModelPatcher
    patcher = patcher_class(
        blocks, load_device=comfy.model_management.get_torch_device(), offload_device=comfy.model_management.unet_offload_device()
    )
    patcher.cached_patcher_init = (build_pose_patcher, (concept,))
    patcher.add_callback(CallbacksMP.ON_DETACH, _leave_device)
    return patcher


def _leave_device(patcher: ModelPatcher, unpatch_all: bool) -> None:
    """ON_DETACH callback: with dynamic memory, ComfyUI leaves parameters on the device whose module has submodules with parameters."""
    if unpatch_all:
        patcher.model.to(patcher.offload_device)


def find_applied_concept(model: ModelPatcher) -> AppliedConcept | None:
    """The concept that a MODEL carries; None if it carries none."""
    return model.get_attachment(CONCEPT_ATTACHMENT)


def render_depth(model: ModelPatcher, cameras: Cameras, view: int) -> RenderedDepth:
    """Render one view's depth from the concept: the mean over the finest pose blocks, weighted by their opacity.

    Raises:
        ValueError: if the model carries no concept, or was given other cameras.
    """
    distance, opacity = _render_geometry(model, cameras)
    return RenderedDepth(distance[view], opacity[view])


def render_opacity(model: ModelPatcher, cameras: Cameras) -> Tensor:
    """Render the concept's opacity in every view, [V, 1, h, w] in [0, 1], on the grid of the finest pose blocks.

    Raises:
        ValueError: if the model carries no concept, or was given other cameras.
    """
    return _render_geometry(model, cameras)[1][:, None]


@torch.inference_mode()
def _render_geometry(model: ModelPatcher, cameras: Cameras) -> tuple[Tensor, Tensor]:
    """Distance along the rays and opacity, [V, h, w] each, on the CPU."""
    applied = find_applied_concept(model)
    if applied is None:
        raise ValueError("model: wanted one with a concept, got one without; connect the MODEL of Apply Concept")
    if len(cameras) != len(applied.cameras) or not torch.allclose(cameras.w2c, applied.cameras.w2c, atol=1e-5):
        raise ValueError(
            f"cameras: wanted the {len(applied.cameras)} of the model's Apply Concept, got {len(cameras)} others; connect one trajectory"
        )
    latent = applied.cameras.height // CELL_PIXELS, applied.cameras.width // CELL_PIXELS
    memory = model.memory_required([len(applied.cameras), 4, *latent])
    comfy.model_management.load_models_gpu([model, *model.get_nested_additional_models()], memory_required=memory)
    with _open_session(applied, model) as session:
        session.prepare(model.model.diffusion_model, latent, model.load_device, model.model.get_dtype_inference())
        return tuple(values.float().cpu() for values in session.render_geometry())


def check_latents(model: ModelPatcher, cameras: Cameras, shape: list[int] | tuple[int, ...]) -> None:
    """Check that latents of this shape [V, 4, h, w] fit the cameras and are sampled in one batch.

    Raises:
        ValueError: if their number or size differs from the cameras', or if context windows would split the batch.
    """
    if model.model_options.get("context_handler") is not None:
        raise ValueError("model: wanted all views in one batch, got context windows; disconnect that node and use fewer views")
    if shape[0] != len(cameras):
        raise ValueError(f"latents: wanted {len(cameras)}, one for each camera, got {shape[0]}; set the batch size to the number of views")
    if (shape[-1] * 8, shape[-2] * 8) != (cameras.width, cameras.height):
        raise ValueError(
            f"latents: wanted {cameras.width}x{cameras.height} pixels as the cameras have, got {shape[-1] * 8}x{shape[-2] * 8}; "
            "give the empty latent and the trajectory the same size"
        )


@contextmanager
def _open_session(applied: AppliedConcept, patcher: ModelPatcher, guider: CFGGuider | None = None) -> Iterator[ConceptSession]:
    """The state of one run of a MODEL. Afterwards, also after an error, nothing of it stays on the device."""
    (blocks,) = patcher.get_additional_models_with_key(CONCEPT_ATTACHMENT)
    session = ConceptSession(applied, blocks.model, patcher, guider)
    try:
        yield session
    finally:
        session.close()


def _check_devices(model: ModelPatcher) -> None:
    if model.get_additional_models_with_key("multigpu"):
        raise ValueError("concept: wanted a model on one GPU, got one split over several; remove MultiGPU CFG Split")


def _sample_with_word(concept: Concept, executor: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """OUTER_SAMPLE wrapper: refuse a run whose prompts cannot show the subject."""
    guider, text = executor.class_obj, concept.token_text
    finding = find_word(list_shown(guider), concept.token[0])
    if finding == "absent" or (finding == "unknown" and concept not in ENCODED):
        raise ValueError(
            f'prompt: wanted {text} in the positive prompt, got none with it; write for example "a {text} {concept.class_word}", and '
            "encode it with the CLIP of Apply Concept"
        )
    if finding == "unknown":
        note = f"whether {text} stands in this positive prompt cannot be told; encode the prompt with the CLIP of Apply Concept"
        log.warning(note)
        send_text(note)
    return executor(*args, **kwargs)


def _sample_with_concept(applied: AppliedConcept, executor: Callable[..., Any], noise: Tensor, *args: Any, **kwargs: Any) -> Any:
    """OUTER_SAMPLE wrapper: begin the run's state and hand it to the calls of this run, through ComfyUI's own copy of the options."""
    guider = executor.class_obj
    _check_devices(guider.model_patcher)
    check_latents(guider.model_patcher, applied.cameras, noise.shape)
    with uncompiled(guider, "a concept"), _open_session(applied, guider.model_patcher, guider) as session:
        options = guider.model_options
        options["transformer_options"] = with_record(options["transformer_options"], {"concept": session})
        return executor(noise, *args, **kwargs)


def _name_branches(
    executor: Callable[..., Any],
    model: Any,
    conditions: list[list[dict[str, Any]] | None],
    x: Tensor,
    timestep: Tensor,
    model_options: dict[str, Any],
) -> Any:
    """CALC_COND_BATCH wrapper: tell the calls which part of their batch shows the concept."""
    session = record_of(model_options["transformer_options"])["concept"]
    branches = find_branches(session.guider, conditions) if session.applied.strength else {}
    return executor(model, conditions, x, timestep, with_branches(model_options, branches))


@torch.compiler.disable  # for a U-Net that another node compiles: what a session keeps changes from call to call
def _run_with_concept(
    executor: Callable[..., Tensor],
    x: Tensor,
    timesteps: Tensor,
    context: Tensor,
    y: Tensor | None = None,
    control: Any = None,
    transformer_options: dict[str, Any] | None = None,
    **kwargs: Any,
) -> Tensor:
    """DIFFUSION_MODEL wrapper: let the session visit the pose blocks, if any part of the batch shows the concept."""
    options = transformer_options or {}
    if any(branch.shown for branch in list_branches(options)):
        session = record_of(options)["concept"]
        session.prepare(executor.class_obj, tuple(x.shape[-2:]), x.device, x.dtype)
        options = with_record(options, {"pose": session})
    return executor(x, timesteps, context, y, control, options, **kwargs)
