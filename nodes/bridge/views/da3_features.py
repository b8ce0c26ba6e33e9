"""ComfyUI's own Depth Anything 3 as the backbone and the head of GLD.

Its public functions give normed features only, and cannot begin in the middle, so its parts are called one by one: embeddings, blocks,
rotary positions, final norm and head. Nothing in it is changed. Its final norm has an epsilon of 1e-6 where the authors' has 1e-5, which
moves features by 1e-5 of their size.
"""

from __future__ import annotations

from math import isqrt
from typing import Any

import torch
from comfy.ldm.modules.attention import optimized_attention_for_device
from comfy.model_management import cast_to_device
from comfy.model_patcher import ModelPatcher
from torch import Tensor, nn

from ....mvcustom_core.gld.features import FeatureBackbone, Grid
from ....mvcustom_core.gld.settings import PUBLISHED, BackboneShape
from ....mvcustom_core.gld.vit import Geometry

PARTS = (
    "backbone.embeddings.camera_token",
    "backbone.rope",
    "backbone.layernorm",
    "backbone.encoder.layer",
    "out_layers",
    "head.enable_aux",
)
WIDTHS = {384: "Small", 768: "Base", 1024: "Large", 1536: "Giant"}
ADVICE = "load depth_anything_3_base.safetensors with Load Depth Anything 3"


class CoreBackbone(FeatureBackbone):
    """The transformer of ComfyUI's Depth Anything 3."""

    def __init__(self, network: nn.Module, levels: tuple[int, int, int, int]) -> None:
        """Wrap a `Dinov2Model` with Depth Anything 3's extensions, of which `levels` are the blocks that its head reads."""
        self.network = network
        layers = network.encoder.layer
        self.shape = BackboneShape(
            width=network.embed_dim,
            blocks=len(layers),
            heads=layers[0].attention.heads,
            patch=network.patch_size,
            first_alternating=network.alt_start,
            levels=levels,
            table=isqrt(network.embeddings.position_embeddings.shape[1] - 1),
        )

    def embed(self, images: Tensor) -> Tensor:
        return self.network.embeddings(images)

    def camera_tokens(self) -> Tensor:
        token = self.network.embeddings.camera_token
        return cast_to_device(token, token.device, torch.float32)[0]

    def run_block(self, index: int, tokens: Tensor, positions: Tensor | None) -> Tensor:
        attention = optimized_attention_for_device(tokens.device, False, small_input=True)
        rope = None if positions is None else self.network.rope
        return self.network.encoder.layer[index](tokens, optimized_attention=attention, pos=positions, rope=rope)

    def final_norm(self, tokens: Tensor) -> Tensor:
        return self.network.layernorm(tokens)


class CoreHead:
    """The depth and ray head of ComfyUI's Depth Anything 3."""

    def __init__(self, network: nn.Module) -> None:
        """Wrap a `DualDPT`."""
        self.network = network

    def __call__(self, levels: list[Tensor], grid: Grid) -> Geometry:
        """Geometry of the decoder forms of levels 0 to 3, [V, T, C] each."""
        patch, before = self.network.patch_size, self.network.enable_aux
        self.network.enable_aux = True  # rays; who calls the same head next finds it as it was
        try:
            found = self.network([(level[None],) for level in levels], H=grid[0] * patch, W=grid[1] * patch, patch_start_idx=0)
        finally:
            self.network.enable_aux = before
        return Geometry(*(found[name][0].float() for name in ("depth", "depth_conf", "ray", "ray_conf")))


def read_da3(model: ModelPatcher, published: bool = True) -> tuple[CoreBackbone, CoreHead]:
    """Backbone and head of a loaded Depth Anything 3.

    Args:
        model: output of core's Load Depth Anything 3, in float32.
        published: demand the Base model, of which GLD's weights were made.

    Raises:
        ValueError: if it is another model, another size, in another precision, or made otherwise than it was when this was written.
    """
    network = getattr(model.model, "diffusion_model", None)
    if not hasattr(network, "backbone") or not hasattr(network, "head"):
        raise ValueError(f"da3_model: wanted Depth Anything 3, got {type(model.model).__name__}; {ADVICE}")
    if getattr(network.backbone, "alt_start", -1) < 0:
        raise ValueError(f"da3_model: wanted Depth Anything 3 Base, got a model for one picture at a time (Mono or Metric); {ADVICE}")
    check_parts(network)
    width = network.backbone.embed_dim
    if published and width != PUBLISHED.backbone.width:
        raise ValueError(f"da3_model: wanted Depth Anything 3 Base, got {WIDTHS.get(width, f'a model of width {width}')}; {ADVICE}")
    dtype = network.backbone.layernorm.weight.dtype
    if dtype != torch.float32:
        raise ValueError(f"da3_model: wanted Depth Anything 3 in fp32, got {dtype}; set weight_dtype to fp32 in Load Depth Anything 3")
    return CoreBackbone(network.backbone, tuple(network.out_layers)), CoreHead(network.head)


def check_parts(network: Any) -> None:
    """Check that a `DepthAnything3Net` has the parts that are called here.

    Raises:
        ValueError: naming the part that is missing, as after a change in ComfyUI.
    """
    for path in PARTS:
        part = network
        for name in path.split("."):
            part = getattr(part, name, None)
        if part is None:
            raise ValueError(
                f"da3_model: wanted ComfyUI's Depth Anything 3 with {path}, got none; ComfyUI has changed, so update this pack"
            )
