"""What a MODEL is, as far as this pack needs to know, and the backbones that can be loaded."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from comfy.ldm.modules.attention import SpatialTransformer
from comfy.ldm.modules.diffusionmodules.openaimodel import UNetModel
from comfy.model_patcher import ModelPatcher
from torch import Tensor

from ....mvcustom_core.concept.pose_block import SD15_LAYOUT, PoseLayout, PoseSite
from ....mvcustom_core.concept.ray_samples import NerfSettings
from .motion import has_motion
from .motion_run import check_animatediff_evolved

ATTACHMENT = "mvcustom_backbone"


@dataclass(frozen=True, slots=True)
class BackboneSpec:
    """Choices that belong to a backbone, not to the code.

    Attributes:
        pose_layout: which transformers get a pose block.
        rendering_levels: U-Net levels (0 is the latent's resolution) whose decoder features are rendered from the anchor.
        nerf: how its pose blocks sample their rays.
        pose_prior: state dict of pose blocks trained over many subjects, for a concept to start from.
    """

    pose_layout: PoseLayout
    rendering_levels: tuple[int, ...]
    nerf: NerfSettings
    pose_prior: Mapping[str, Tensor] | None = None


SD15_SPEC = BackboneSpec(SD15_LAYOUT, rendering_levels=(1, 2), nerf=NerfSettings())


def spec_of(model: ModelPatcher) -> BackboneSpec:
    """The choices for a MODEL: those it carries, or Stable Diffusion 1.5's.

    Raises:
        ValueError: if it is another family, or has no motion modules.
    """
    require_motion(model)
    spec = model.get_attachment(ATTACHMENT)
    if spec is not None:
        return spec
    offered = offered_layout(model)
    if offered.text_width != SD15_LAYOUT.text_width or not set(SD15_LAYOUT.sites) <= set(offered.sites):
        raise ValueError(f"model: wanted Stable Diffusion 1.5, got a U-Net with transformers {offered.sites}; load an SD1.5 checkpoint")
    return SD15_SPEC


def require_motion(model: ModelPatcher) -> None:
    """Refuse a MODEL whose views would not know of each other, or in which another pack's motion modules run as well.

    Raises:
        ValueError: saying which node to connect.
    """
    if has_motion(model) is None:
        raise ValueError("model: wanted one with MVCustom motion modules, got one without; connect Load MVCustom Backbone")
    check_animatediff_evolved(model)


def offered_layout(model: ModelPatcher) -> PoseLayout:
    """Every spatial transformer of a MODEL's U-Net, as a concept's layout is checked against.

    Raises:
        ValueError: if the model has no such U-Net.
    """
    unet = getattr(model.model, "diffusion_model", None)
    if not isinstance(unet, UNetModel):
        raise ValueError(f"model: wanted Stable Diffusion 1.5, got {type(model.model).__name__}; load an SD1.5 checkpoint")
    sites = tuple(PoseSite(number, layer.in_channels, level) for number, (_, level, layer) in enumerate(walk_transformers(unet)))
    return PoseLayout(sites, model.model.model_config.unet_config["context_dim"])


def fingerprint_weights(model: ModelPatcher) -> str:
    """Tells checkpoints of one shape apart: a digest of the U-Net's biases and norm weights.

    They are few, every fine-tuning moves them, and LoRA leaves them alone. Half precision, so that a checkpoint and its fp16 copy agree.
    """
    digest = hashlib.sha256()
    for _, parameter in sorted(model.model.diffusion_model.named_parameters()):
        if parameter.dim() == 1:
            digest.update(parameter.detach().half().cpu().numpy().tobytes())
    return digest.hexdigest()[:16]


def walk_transformers(unet: UNetModel) -> Iterator[tuple[tuple[str, int], int, SpatialTransformer]]:
    """Block key, level and layer of every spatial transformer in forward order."""
    deepest = len(unet.channel_mult) - 1
    per_level = unet.num_res_blocks[0] + 1
    places = [(("input", i), max(i - 1, 0) // per_level, block) for i, block in enumerate(unet.input_blocks)]
    places += [(("middle", 0), deepest, unet.middle_block)]
    places += [(("output", i), deepest - i // per_level, block) for i, block in enumerate(unet.output_blocks)]
    for key, level, block in places:
        for layer in block:
            if isinstance(layer, SpatialTransformer):
                yield key, level, layer
