"""The embedded backbone in tests: loaded once, with weights of our own, so that nothing depends on what models/tiny has learned; a made-up
concept, and plain sampling.
"""

from __future__ import annotations

import atexit
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

import comfy.sample
import comfy.samplers
import torch
from comfy.model_patcher import ModelPatcher
from comfy.patcher_extension import WrappersMP
from comfy.sd import CLIP, VAE
from torch import Tensor

from mvcustom.mvcustom_core.backbone.attention import Scope
from mvcustom.mvcustom_core.camera.cameras import Cameras, look_at, square_intrinsics
from mvcustom.mvcustom_core.concept.concept import Concept
from mvcustom.mvcustom_core.concept.pose_block import PoseBlocks, PoseLayout
from mvcustom.mvcustom_core.concept.ray_samples import NerfSettings
from mvcustom.mvcustom_core.path.trajectory import orbit
from mvcustom.mvcustom_core.surface.depth import AnchorDepth, DepthMap
from mvcustom.nodes.bridge.backbone.embedded import MOTION, SPEC, TEXT_WIDTH, load_embedded, load_unet
from mvcustom.nodes.bridge.backbone.motion import MOTION_ATTACHMENT, apply_motion
from mvcustom.nodes.bridge.backbone.spec import BACKBONE_ATTACHMENT
from mvcustom.nodes.bridge.concept.application import apply_concept
from mvcustom.nodes.bridge.concept.tokens import encode_caption

SIZE, VIEWS = 64, 3


@lru_cache(maxsize=1)
def load_once() -> tuple[ModelPatcher, CLIP, VAE]:
    """MODEL, CLIP and VAE, loaded as a node loads them."""
    with torch.inference_mode():
        model, clip, vae, _ = load_embedded()
    for module in (model.model.diffusion_model, *(patcher.model for patcher in model.get_additional_models())):
        draw_weights(module)
    return model, clip, vae


atexit.register(load_once.cache_clear)  # ComfyUI takes part in a model's end, so it must come before ComfyUI's


def draw_weights(module: torch.nn.Module) -> None:
    """Replace weights in place by ones of trained size; none is zero. The order is that of ComfyUI's legacy memory in dynamic memory too,
    which gives its layers their weights after their biases."""
    generator = torch.Generator().manual_seed(11)
    layers = [sorted(layer.named_parameters(recurse=False), key=lambda named: named[0] == "bias") for layer in module.modules()]
    with torch.no_grad():
        for name, parameter in (named for layer in layers for named in layer):
            is_norm = parameter.dim() == 1 and name.endswith("weight")
            fan_in = parameter[0].numel() if parameter.dim() > 1 else 100
            parameter.copy_(fan_in**-0.5 * torch.randn(parameter.shape, generator=generator) + (1.0 if is_norm else 0.0))


def make_scoped(scope: Scope) -> ModelPatcher:
    """The same MODEL, its motion modules at one scope, as a loader applies them."""
    motion = load_once()[0].get_additional_models_with_key(MOTION_ATTACHMENT)[0]
    return apply_motion(load_still(), motion, replace(MOTION, scopes=(scope,) * len(MOTION.scopes)))


@lru_cache(maxsize=1)
def load_still() -> ModelPatcher:
    """The same MODEL without motion modules."""
    with torch.inference_mode():
        model = load_unet()
    draw_weights(model.model.diffusion_model)
    model.set_attachments(BACKBONE_ATTACHMENT, SPEC)
    return model


atexit.register(load_still.cache_clear)


def make_cameras(views: int = VIEWS, size: int = SIZE, reach_deg: float = 15.0) -> Cameras:
    """An orbit about the origin at distance 1."""
    eye = torch.tensor([[0.0, -0.28, 0.96]])
    base = Cameras(look_at(eye, torch.zeros(1, 3), torch.tensor([[0.0, -1.0, 0.0]])), square_intrinsics(1, size, 52.0), size, size)
    return orbit(base, views, (-reach_deg, reach_deg))


def make_depth(view: int = 1, size: int = SIZE) -> tuple[AnchorDepth, ...]:
    """A ball before a wall, as the middle camera of `make_cameras` sees it."""
    axis = (torch.arange(size) + 0.5) / size - 0.5
    near = (axis[:, None].square() + axis.square()).sqrt() < 0.25
    depth = DepthMap(torch.where(near, 0.8, 1.4), torch.ones(size, size, dtype=torch.bool), "test", 1.0, "")
    return (AnchorDepth(view, depth),)


def make_concept(merge: float = 0.0, layout: PoseLayout = SPEC.pose_layout, width: int = TEXT_WIDTH) -> Concept:
    """A concept as learning starts from it; `merge` is the deviation of the weights that are zero there."""
    generator = torch.Generator().manual_seed(3)
    settings = NerfSettings(samples=4)
    blocks = PoseBlocks(layout, settings, generator)
    for name, parameter in blocks.named_parameters():
        if name.endswith(("change", "inject")):
            parameter.data = merge * torch.randn(parameter.shape, generator=generator)
    return Concept(
        pose=blocks.state_dict(),
        token=0.02 * torch.randn(1, width, generator=generator),
        token_text="<v*>",
        class_word="box",
        caption="a box",
        latents=torch.randn(4, 4, SIZE // 8, SIZE // 8, generator=generator),
        cameras=make_cameras(4, reach_deg=60.0),
        layout=layout,
        nerf=settings,
    )


@lru_cache(maxsize=1)
def learned_once() -> Concept:
    """A concept that shows. What one test has rendered of it serves the next, as it does from one queue to the next."""
    return make_concept(0.05)


def apply_once(model: ModelPatcher, concept: Concept, strength: float = 1.0, views: int = VIEWS) -> ModelPatcher:
    """The MODEL of Apply Concept."""
    with torch.inference_mode():
        return apply_concept(model, concept, make_cameras(views), encode_caption(load_once()[1], concept.caption), strength)


def sample(model: ModelPatcher, *, steps: int = 2, **changes: Any) -> Tensor:
    """Views [V, 4, h, w], sampled as core's nodes sample, in one run of the simple schedule; see `sample_schedule`."""
    return sample_schedule(model, [comfy.samplers.calculate_sigmas(model.get_model_object("model_sampling"), "simple", steps)], **changes)


@torch.inference_mode()
def sample_schedule(
    model: ModelPatcher, parts: list[Tensor], *, views: int = VIEWS, seed: int = 5, size: int = SIZE, **changes: Any
) -> Tensor:
    """Views [V, 4, h, w], denoised down the noise levels of each part, one run after the other.

    `changes` may give sampler, callback, cfg, noise, positive, negative, copies (of the positive prompt), and its hooks and area.
    """
    _, clip, _ = load_once()
    positive = changes.get("positive", encode_caption(clip, "a red box on grass"))
    negative = changes.get("negative", encode_caption(clip, ""))
    noise = changes.get("noise", draw_noise(views, size))
    sampler = changes.get("sampler") or comfy.samplers.sampler_object("euler")
    callback: Callable[..., None] | None = changes.get("callback")
    extra = {key: changes[key] for key in ("hooks", "area") if key in changes}
    conditions = [[positive, extra]] * changes.get("copies", 1), [[negative, extra]]
    latents = torch.zeros_like(noise)
    for sigmas in parts:
        latents = comfy.sample.sample_custom(
            model, noise, changes.get("cfg", 4.0), sampler, sigmas, *conditions, latents, callback=callback, disable_pbar=True, seed=seed
        )
        noise = torch.zeros_like(noise)  # only the first run adds any
    return latents


def draw_noise(views: int = VIEWS, size: int = SIZE) -> Tensor:
    """Start noise [V, 4, h, w]."""
    return torch.randn(views, 4, size // 8, size // 8, generator=torch.Generator().manual_seed(17))


def count_calls(model: ModelPatcher) -> list[int]:
    """A list that grows by one entry, the rows, with each call of this MODEL's U-Net."""
    calls: list[int] = []

    def count(executor: Callable[..., Tensor], x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        calls.append(len(x))
        return executor(x, *args, **kwargs)

    model.add_wrapper_with_key(WrappersMP.DIFFUSION_MODEL, "test", count)
    return calls
