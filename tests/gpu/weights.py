"""Stable Diffusion 1.5's stand-in with its weights in several types: the concept, the guider, the hooks with all options, completion."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import comfy.samplers
import torch
from comfy.model_management import InterruptProcessingException, interrupt_current_processing
from comfy.model_patcher import ModelPatcher
from torch import Tensor

from mvcustom.devtools import stand_in
from mvcustom.mvcustom_core.backbone.attention import Scope
from mvcustom.mvcustom_core.backbone.motion import MotionSettings
from mvcustom.mvcustom_core.backbone.recipe import SD15
from mvcustom.mvcustom_core.concept.pose_block import PoseLayout, PoseSite
from mvcustom.mvcustom_core.concept.ray_samples import NerfSettings
from mvcustom.mvcustom_core.rendering.completion import CompletionSettings
from mvcustom.mvcustom_core.rendering.rendering import RenderingSettings
from mvcustom.nodes.bridge.backbone.embedded import TEXT_WIDTH
from mvcustom.nodes.bridge.backbone.motion import apply_motion
from mvcustom.nodes.bridge.backbone.spec import BACKBONE_ATTACHMENT, BackboneSpec
from mvcustom.nodes.bridge.concept.guidance import ConceptGuider
from mvcustom.nodes.bridge.concept.tokens import encode_caption
from mvcustom.nodes.bridge.rendering.completion import build_completion_sampler
from mvcustom.nodes.bridge.rendering.hook import HookOptions, apply_rendering
from mvcustom.tests.gpu.case import Arrays, Case
from mvcustom.tests.host.embedded import apply_once, draw_noise, load_once, make_cameras, make_concept, make_depth, sample
from mvcustom.tests.host.in_process import ComfyInProcess

LAYOUT = PoseLayout((PoseSite(3, 64, 1), PoseSite(11, 64, 1), PoseSite(13, 32, 0), PoseSite(14, 32, 0)), TEXT_WIDTH)
SCOPES = (Scope(5), Scope(3), Scope(None), Scope(1))
ALWAYS = RenderingSettings(strength=1.0, until=1.0, fade=0.0)
ALL_OPTIONS = HookOptions(settings=ALWAYS, spare_subject=0.5, follow_surface=True, prediction=True, sites="decoder 16 + 32 + 64")
BLOCK_OF_INTERRUPT = 7


class Tiny(stand_in.TinySD15):
    """As wide in its text as the embedded text encoder."""

    unet_config = stand_in.TinySD15.unet_config | {"context_dim": TEXT_WIDTH}


@torch.inference_mode(False)
def make_model(dtype: torch.dtype, scopes: tuple[Scope, ...] = SCOPES) -> ModelPatcher:
    """A MODEL with motion modules whose weights ComfyUI keeps in this dtype."""
    settings = MotionSettings(
        channels=stand_in.CHANNELS, mid_block=True, heads=stand_in.HEADS, scopes=scopes, entropy_correction=True, spatial_position=True
    )
    model = apply_motion(stand_in.make_model(Tiny, dtype), stand_in.make_motion(settings, dtype))
    model.set_attachments(BACKBONE_ATTACHMENT, BackboneSpec(SD15, LAYOUT, (0, 1), NerfSettings(samples=4)))
    return model


@lru_cache(maxsize=1)
def make_prompts() -> tuple[Tensor, Tensor]:
    clip = load_once()[1]
    with torch.inference_mode():
        return encode_caption(clip, "a red box on grass"), encode_caption(clip, "")


@torch.inference_mode()
def sample_guided(model: ModelPatcher, steps: int, surroundings: float = 1.0, callback: Callable[..., None] | None = None) -> Tensor:
    """Views [V, 4, h, w] with Concept Guider."""
    positive, negative = make_prompts()
    guider = ConceptGuider(model, [[positive, {}]], [[negative, {}]], 4.0, 2.0, surroundings)
    sigmas = comfy.samplers.calculate_sigmas(model.get_model_object("model_sampling"), "simple", steps)
    noise, euler = draw_noise(), comfy.samplers.sampler_object("euler")
    return guider.sample(noise, torch.zeros_like(noise), euler, sigmas, callback=callback, disable_pbar=True, seed=5)


@torch.inference_mode()
def hook(model: ModelPatcher, options: HookOptions = ALL_OPTIONS) -> ModelPatcher:
    """With two anchors."""
    return apply_rendering(model, (*make_depth(0), *make_depth(2)), make_cameras(), options)[0]


def make_masks() -> Tensor:
    """What the anchors see [V, 1, H, W]; not the left part of the first view, nor the right part of the last."""
    masks = torch.ones(3, 1, 64, 64)
    masks[0, ..., :20] = 0
    masks[2, ..., 40:] = 0
    return masks


def carry(model: ModelPatcher) -> ModelPatcher:
    """With a concept whose pose blocks change what they see."""
    return apply_once(model, make_concept(merge=0.1, layout=LAYOUT, width=TEXT_WIDTH))


def to_arrays(**tensors: Tensor) -> Arrays:
    return {name: tensor.float().cpu().numpy() for name, tensor in tensors.items()}


def run_all(dtype: torch.dtype) -> Callable[[ComfyInProcess], Arrays]:
    def run(_: ComfyInProcess) -> Arrays:
        known = carry(make_model(dtype))
        completion = build_completion_sampler(make_masks(), CompletionSettings(0.5, 1), comfy.samplers.sampler_object("dpmpp_2m"))
        return to_arrays(
            concept=sample(known, steps=1),
            hooked=sample_guided(hook(known), steps=2, surroundings=0.0),
            completed=sample(hook(known), steps=2, sampler=completion),
        )

    return run


def interrupt(_: ComfyInProcess) -> Arrays:
    """A run that is cancelled in the middle of the U-Net's second call, and another of the same MODEL."""
    model = hook(carry(make_model(torch.float32)))
    calls: list[int] = []

    def cancel(h: Tensor, skip: Tensor, options: dict[str, object]) -> tuple[Tensor, Tensor]:
        if options["block"] == ("output", BLOCK_OF_INTERRUPT):
            calls.append(1)
            if len(calls) == 2:
                interrupt_current_processing(True)
        return h, skip

    cancelled = model.clone()
    cancelled.set_model_output_block_patch(cancel)
    try:
        sample(cancelled, steps=3)
        raise AssertionError("the run was not cancelled")
    except InterruptProcessingException:
        assert len(calls) == 2
    return to_arrays(views=sample(model, steps=2))


CASES: dict[str, Case] = {
    "weights: float32": Case(run_all(torch.float32)),
    "weights: float16": Case(run_all(torch.float16), 30.0, reference="weights: float32"),
    "weights: bfloat16": Case(run_all(torch.bfloat16), 15.0, reference="weights: float32"),
    "cancelled within a step": Case(interrupt),
}
