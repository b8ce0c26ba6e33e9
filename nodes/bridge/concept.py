"""A learned concept on a MODEL: its references recorded once, its features rendered once per prompt, its token known to the CLIP."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import comfy.model_management
import comfy.model_patcher
import torch
from comfy.model_patcher import ModelPatcher
from comfy.patcher_extension import CallbacksMP, WrappersMP
from torch import Tensor, nn

from ...mvcustom_core.concept.concept import Concept, check_backbone
from ...mvcustom_core.concept.feature_nerf import Rendered
from ...mvcustom_core.concept.pose_block import PoseBlocks
from ...mvcustom_core.concept.ray_samples import RaySamples, sample_rays
from ...mvcustom_core.geometry.cameras import Cameras
from ...mvcustom_core.geometry.depth import RenderedDepth
from .backbone import offered_layout, require_motion
from .pose import KEY, Visit, find_blocks, install_pose_patches, record_features, text_attention_of

ATTACHMENT = "mvcustom_concept"
POSITIVE = 0  # ComfyUI's mark of a positive condition in `cond_or_uncond`


@dataclass(slots=True)
class ConceptSession:
    """Renders a concept into the positive branches of one MODEL's runs.

    The negative branch sees the plain backbone: guidance then points from "no such subject" to "this subject". What is rendered does
    not depend on the noisy latents, so it is kept for all steps of a run.
    """

    concept: Concept
    blocks: PoseBlocks
    cameras: Cameras  # V targets
    caption: Tensor  # [1, L, D] the references' prompt, encoded
    strength: float
    numbers: frozenset[int]
    unet: nn.Module | None = None
    features: dict[int, Tensor] | None = None  # number to [A, C, h, w]
    samples: dict[tuple[int, int], RaySamples] = field(default_factory=dict)
    rendered: dict[tuple[int, Any], Tensor] = field(default_factory=dict)  # (number, prompt) to [V, P, C]
    scratch: dict[str, Tensor] = field(default_factory=dict)

    def prepare(self, unet: nn.Module, options: dict[str, Any], device: torch.device, dtype: torch.dtype) -> None:
        """Record the references on the U-Net that is about to run, once."""
        self.unet = unet
        if self.features is None:
            run = partial(run_references, unet, self.caption.to(device, dtype), options)
            self.features = record_features(run, unet, self.numbers, self.concept.latents.to(device, dtype))

    def visit(self, visit: Visit) -> Tensor:
        branches = visit.options["cond_or_uncond"]
        tokens = list(visit.tokens.chunk(len(branches)))
        contexts = visit.context.chunk(len(branches))
        for index, branch in enumerate(branches):
            if branch == POSITIVE:
                features = self._features(visit, index, contexts[index])
                merged = self.blocks[visit.number].merge(tokens[index], features)
                tokens[index] = torch.lerp(tokens[index], merged, self.strength) if self.strength != 1 else merged
        return torch.cat(tokens)

    def render(self, number: int, size: tuple[int, int], text: Callable[[Tensor], Tensor] | None = None) -> Rendered:
        """What one block sees from all target cameras on a grid of `size` (h, w)."""
        features = self.features[number]
        if size not in self.samples:
            cameras, references = (c.to(features.device) for c in (self.cameras, self.concept.cameras))
            self.samples[size] = sample_rays(cameras, references, *size, self.concept.nerf)
        return self.blocks[number].nerf(features, self.samples[size], text)

    def forget(self, *_: Any) -> None:
        """After a run: weights may change before the next."""
        self.unet, self.features = None, None
        self.samples.clear()
        self.rendered.clear()
        self.scratch.clear()

    def _features(self, visit: Visit, index: int, context: Tensor) -> Tensor:
        key = visit.number, visit.options["uuids"][index]
        if key not in self.rendered:
            if not torch.equal(context, context[:1].expand_as(context)):
                raise ValueError("concept: wanted one prompt for all views, got different ones; use one text for the whole batch")
            text = text_attention_of(find_blocks(self.unet)[visit.number], context[:1])
            size = tuple(visit.options["activations_shape"][-2:])
            self.rendered[key] = self.render(visit.number, size, text).features
        return self.rendered[key]


def run_references(unet: nn.Module, caption: Tensor, options: dict[str, Any], latents: Tensor, entries: dict[str, Any]) -> Tensor:
    """One pass over clean latents [N, 4, h, w] as independent images at the lowest noise level."""
    options = {**options, KEY: entries, "cond_or_uncond": [POSITIVE]}
    return unet(latents, latents.new_zeros(len(latents)), context=caption.expand(len(latents), -1, -1), transformer_options=options)


def apply_concept(model: ModelPatcher, concept: Concept, cameras: Cameras, caption: Tensor, strength: float = 1.0) -> ModelPatcher:
    """A clone of MODEL that shows the concept from the given cameras.

    Args:
        cameras: one for each view that will be sampled, in the concept's normalised world.
        caption: [1, L, D] `concept.caption`, encoded by the CLIP that belongs to the model.

    Raises:
        ValueError: if the model cannot carry the concept.
    """
    require_motion(model)
    check_backbone(concept, offered_layout(model))
    if session_of(model) is not None:
        raise ValueError("concept: this model already carries one; connect the model from before that Apply Concept")
    with torch.inference_mode(False):
        blocks = concept.build_pose_blocks()
    patched = model.clone()
    # looked up at call time: ComfyUI replaces the class at start-up
    weights = comfy.model_patcher.CoreModelPatcher(
        blocks, load_device=comfy.model_management.get_torch_device(), offload_device=comfy.model_management.unet_offload_device()
    )
    patched.set_additional_models(ATTACHMENT, [weights])
    session = ConceptSession(concept, blocks, cameras, caption, strength, frozenset(blocks))
    install_pose_patches(patched)
    patched.add_wrapper_with_key(WrappersMP.DIFFUSION_MODEL, ATTACHMENT, partial(_run_with_concept, session))
    patched.add_wrapper_with_key(WrappersMP.OUTER_SAMPLE, ATTACHMENT, partial(_check_views, cameras))
    patched.add_callback_with_key(CallbacksMP.ON_CLEANUP, ATTACHMENT, session.forget)
    patched.set_attachments(ATTACHMENT, session)
    return patched


def session_of(model: ModelPatcher) -> ConceptSession | None:
    """The concept that a MODEL carries, if it does."""
    return model.get_attachment(ATTACHMENT)


@torch.inference_mode()
def render_depth(model: ModelPatcher, cameras: Cameras, view: int) -> RenderedDepth:
    """What FeatureNeRF says of one view's depth: the finest pose blocks' rendering, weighted by their opacity.

    Raises:
        ValueError: if the model carries no concept, or one seen from other cameras.
    """
    session = session_of(model)
    if session is None:
        raise ValueError("model: wanted one with a concept, got one without; connect the MODEL of Apply Concept")
    if len(cameras) != len(session.cameras) or not torch.allclose(cameras.w2c, session.cameras.w2c, atol=1e-5):
        raise ValueError(
            f"cameras: wanted the {len(session.cameras)} of the model's Apply Concept, got {len(cameras)} others; connect one trajectory"
        )
    comfy.model_management.load_models_gpu([model, *model.get_nested_additional_models()])
    unet = model.model.diffusion_model
    device, options = model.load_device, model.model_options["transformer_options"]
    try:
        session.prepare(unet, dict(options), device, model.model.get_dtype_inference())
        finest = min(site.level for site in session.concept.layout.sites)
        latent = session.cameras.height // 8, session.cameras.width // 8
        size = latent[0] >> finest, latent[1] >> finest
        views = [session.render(site.number, size) for site in session.concept.layout.sites if site.level == finest]
        opacity = torch.stack([rendered.opacity[view, :, 0] for rendered in views])  # [K, P]
        distance = torch.stack([rendered.depth[view, :, 0] for rendered in views])
    finally:
        session.forget()
    mean = (opacity * distance).sum(0) / opacity.sum(0).clamp_min(1e-6)
    return RenderedDepth(mean.view(size).float().cpu(), opacity.mean(0).view(size).float().cpu())


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
    entries = options.get(KEY, {})
    if "pose" not in entries:  # else another session is at work in this call: references are recorded
        session.prepare(executor.class_obj, options, x.device, x.dtype)
        options = {**options, KEY: {**entries, "pose": session}}
    return executor(x, timesteps, context, y, control, options, **kwargs)


def _check_views(cameras: Cameras, executor: Callable[..., Any], noise: Tensor, *args: Any, **kwargs: Any) -> Any:
    check_latents(executor.class_obj.model_patcher, cameras, noise.shape)
    return executor(noise, *args, **kwargs)


def check_latents(model: ModelPatcher, cameras: Cameras, shape: list[int] | tuple[int, ...]) -> None:
    """Refuse latents [V, 4, h, w] that do not belong to the cameras, or that the model would not see together.

    Raises:
        ValueError: naming what does not fit.
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
