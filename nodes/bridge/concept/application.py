"""Applies a learned concept to a MODEL and its CLIP: the wrappers that run a `ConceptSession`, and the checks before sampling."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

import comfy.model_management
import comfy.model_patcher
import torch
from comfy.model_patcher import ModelPatcher
from comfy.patcher_extension import WrappersMP
from comfy.sd import CLIP
from torch import Tensor

from ....mvcustom_core.camera.cameras import Cameras
from ....mvcustom_core.concept.concept import Concept, check_backbone
from ....mvcustom_core.surface.depth import RenderedDepth
from ..backbone.spec import fingerprint_weights, offered_layout, require_motion
from ..host.call import with_record
from ..host.eager import uncompiled
from .branches import find_branches, list_branches, with_branches
from .pose import install_pose_patches
from .session import ConceptSession
from .tokens import ConceptTokenizer, add_token, encode_caption

CONCEPT_ATTACHMENT = "mvcustom_concept"

log = logging.getLogger("mvcustom.bridge.concept")


def apply_to_both(model: ModelPatcher, clip: CLIP, concept: Concept, cameras: Cameras, strength: float) -> tuple[ModelPatcher, CLIP]:
    """Apply a concept to clones of MODEL and CLIP; see `apply_concept` and `add_token`."""
    knowing = add_token(clip, concept)
    patched = apply_concept(model, concept, cameras, encode_caption(clip, concept.caption), strength)
    patched.add_wrapper_with_key(WrappersMP.OUTER_SAMPLE, f"{CONCEPT_ATTACHMENT}_token", partial(_warn_of_absent_token, knowing.tokenizer))
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
    if session_of(model) is not None:
        raise ValueError("concept: this model already carries one; connect the model from before that Apply Concept")
    if concept.backbone and concept.backbone != (here := fingerprint_weights(model)):
        log.info(
            "%s was learned on checkpoint %s, this is %s: its references are recorded anew", concept.token_text, concept.backbone, here
        )
    with torch.inference_mode(False):
        blocks = concept.build_pose_blocks()
    patched = model.clone()
    # looked up at call time: ComfyUI replaces the class at start-up
    weights = comfy.model_patcher.CoreModelPatcher(
        blocks, load_device=comfy.model_management.get_torch_device(), offload_device=comfy.model_management.unet_offload_device()
    )
    patched.set_additional_models(CONCEPT_ATTACHMENT, [weights])
    session = ConceptSession(concept, blocks, cameras, caption, strength, frozenset(blocks))
    install_pose_patches(patched)
    for kind, wrapper in (
        (WrappersMP.OUTER_SAMPLE, _sample_with_concept),
        (WrappersMP.CALC_COND_BATCH, _name_branches),
        (WrappersMP.DIFFUSION_MODEL, _run_with_concept),
    ):
        patched.add_wrapper_with_key(kind, CONCEPT_ATTACHMENT, partial(wrapper, session))
    patched.set_attachments(CONCEPT_ATTACHMENT, session)
    return patched


def session_of(model: ModelPatcher) -> ConceptSession | None:
    """The session of the concept that a MODEL carries; None if it carries none."""
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
    session = session_of(model)
    if session is None:
        raise ValueError("model: wanted one with a concept, got one without; connect the MODEL of Apply Concept")
    if len(cameras) != len(session.cameras) or not torch.allclose(cameras.w2c, session.cameras.w2c, atol=1e-5):
        raise ValueError(
            f"cameras: wanted the {len(session.cameras)} of the model's Apply Concept, got {len(cameras)} others; connect one trajectory"
        )
    comfy.model_management.load_models_gpu([model, *model.get_nested_additional_models()])
    latent = session.cameras.height // 8, session.cameras.width // 8
    with session.running(model):
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


def _warn_of_absent_token(tokenizer: ConceptTokenizer, executor: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    if not tokenizer.used:
        log.warning("%s stands in no prompt: the subject may not show; write it into the positive prompt", tokenizer.text)
    return executor(*args, **kwargs)


def _sample_with_concept(session: ConceptSession, executor: Callable[..., Any], noise: Tensor, *args: Any, **kwargs: Any) -> Any:
    guider = executor.class_obj
    check_latents(guider.model_patcher, session.cameras, noise.shape)
    with uncompiled(guider, "a concept"), session.running(guider.model_patcher, guider):
        return executor(noise, *args, **kwargs)


def _name_branches(
    session: ConceptSession,
    executor: Callable[..., Any],
    model: Any,
    conditions: list[list[dict[str, Any]] | None],
    x: Tensor,
    timestep: Tensor,
    model_options: dict[str, Any],
) -> Any:
    branches = find_branches(session.run.guider, conditions) if session.strength else {}
    return executor(model, conditions, x, timestep, with_branches(model_options, branches))


@torch.compiler.disable  # for a U-Net that another node compiles: what a session keeps changes from call to call
def _run_with_concept(
    session: ConceptSession,
    executor: Callable[..., Tensor],
    x: Tensor,
    timesteps: Tensor,
    context: Tensor,
    y: Tensor | None = None,
    control: Any = None,
    transformer_options: dict[str, Any] | None = None,
    **kwargs: Any,
) -> Tensor:
    options = transformer_options or {}
    if any(branch.shown for branch in list_branches(options)):
        session.prepare(executor.class_obj, tuple(x.shape[-2:]), x.device, x.dtype)
        options = with_record(options, {"pose": session})
    return executor(x, timesteps, context, y, control, options, **kwargs)
