"""Properties of a MODEL that this pack needs: its pose-block layout, its rendering levels, and a fingerprint of its weights."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from comfy.ldm.modules.attention import SpatialTransformer
from comfy.ldm.modules.diffusionmodules.openaimodel import UNetModel
from comfy.model_patcher import ModelPatcher
from torch import Tensor

from ....mvcustom_core.backbone.recipe import SD15
from ....mvcustom_core.concept.pose_block import SD15_LAYOUT, PoseLayout, PoseSite
from ....mvcustom_core.concept.ray_samples import NerfSettings
from ..host.fingerprint import own_weights
from .motion import has_motion
from .motion_run import check_animatediff_evolved

BACKBONE_ATTACHMENT = "mvcustom_backbone"


@dataclass(frozen=True, slots=True)
class BackboneSpec:
    """Settings that differ from backbone to backbone.

    Attributes:
        kind: name of the backbone; a key of `RECIPES`.
        pose_layout: the transformers that get a pose block.
        rendering_levels: U-Net levels whose decoder features are rendered from the anchor; level 0 has the latent's resolution.
        nerf: how the pose blocks sample their rays.
        pose_prior: state dict of pose blocks trained over many subjects, from which a concept may start; None if there is none.
    """

    kind: str
    pose_layout: PoseLayout
    rendering_levels: tuple[int, ...]
    nerf: NerfSettings
    pose_prior: Mapping[str, Tensor] | None = None


SD15_SPEC = BackboneSpec(SD15, SD15_LAYOUT, rendering_levels=(1, 2), nerf=NerfSettings())


def spec_of(model: ModelPatcher) -> BackboneSpec:
    """The spec of a MODEL: the one attached to it, or that of Stable Diffusion 1.5.

    Raises:
        ValueError: if the model is of another family, or has no motion modules.
    """
    require_motion(model)
    spec = model.get_attachment(BACKBONE_ATTACHMENT)
    if spec is not None:
        return spec
    offered = offered_layout(model)
    if offered.text_width != SD15_LAYOUT.text_width or not set(SD15_LAYOUT.sites) <= set(offered.sites):
        raise ValueError(f"model: wanted Stable Diffusion 1.5, got a U-Net with transformers {offered.sites}; load an SD1.5 checkpoint")
    return SD15_SPEC


def require_motion(model: ModelPatcher) -> None:
    """Check that a MODEL has this pack's motion modules, and not AnimateDiff-Evolved's as well.

    Raises:
        ValueError: if it does not; the message names the node to connect.
    """
    if has_motion(model) is None:
        raise ValueError("model: wanted one with MVCustom motion modules, got one without; connect Load MVCustom Backbone")
    check_animatediff_evolved(model)


def offered_layout(model: ModelPatcher) -> PoseLayout:
    """The layout of all spatial transformers in a MODEL's U-Net, against which a concept's layout is checked.

    Raises:
        ValueError: if the model has no Stable Diffusion U-Net.
    """
    unet = getattr(model.model, "diffusion_model", None)
    if not isinstance(unet, UNetModel):
        raise ValueError(f"model: wanted Stable Diffusion 1.5, got {type(model.model).__name__}; load an SD1.5 checkpoint")
    sites = tuple(PoseSite(number, layer.in_channels, level) for number, (_, level, layer) in enumerate(walk_transformers(unet)))
    return PoseLayout(sites, model.model.model_config.unet_config["context_dim"])


def fingerprint_weights(model: ModelPatcher) -> str:
    """A digest of the U-Net's biases and norm weights, which tells checkpoints of one architecture apart.

    These weights are few, every fine-tuning changes them, and LoRA does not. They are hashed in half precision, so that a checkpoint and
    its fp16 copy agree.
    """
    digest = hashlib.sha256()
    for name, weight in own_weights(model).items():
        if name.startswith("diffusion_model.") and weight.dim() == 1:
            digest.update(weight.data.half().cpu().numpy().tobytes())
    return digest.hexdigest()[:16]


def walk_transformers(unet: UNetModel) -> Iterator[tuple[tuple[str, int], int, SpatialTransformer]]:
    """Yield (block key, U-Net level, layer) of every spatial transformer in forward order."""
    deepest = len(unet.channel_mult) - 1
    per_level = unet.num_res_blocks[0] + 1
    places = [(("input", i), max(i - 1, 0) // per_level, block) for i, block in enumerate(unet.input_blocks)]
    places += [(("middle", 0), deepest, unet.middle_block)]
    places += [(("output", i), deepest - i // per_level, block) for i, block in enumerate(unet.output_blocks)]
    for key, level, block in places:
        for layer in block:
            if isinstance(layer, SpatialTransformer):
                yield key, level, layer
