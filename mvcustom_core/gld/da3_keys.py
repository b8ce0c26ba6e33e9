"""Renames the weights of Depth Anything 3 from its authors' layout to that of ComfyUI's implementation."""

from __future__ import annotations

import re

from torch import Tensor

State = dict[str, Tensor]

BACKBONE, HEAD = "model.backbone.pretrained.", "model.head."
UNUSED = ("model.cam_enc.", "model.cam_dec.", "model.gs_")  # of parts that take or give poses, which GLD does without
OUTSIDE_BLOCKS = {
    "cls_token": "embeddings.cls_token",
    "camera_token": "embeddings.camera_token",
    "pos_embed": "embeddings.position_embeddings",
    "patch_embed.proj.weight": "embeddings.patch_embeddings.projection.weight",
    "patch_embed.proj.bias": "embeddings.patch_embeddings.projection.bias",
    "norm.weight": "layernorm.weight",
    "norm.bias": "layernorm.bias",
}
IN_BLOCKS = (
    (r"^attn\.proj\.", "attention.output.dense."),
    (r"^attn\.([qk])_norm\.", r"attention.\1_norm."),
    (r"^ls([12])\.gamma$", r"layer_scale\1.lambda1"),
    (r"^(norm[12]|mlp\.fc[12])\.", r"\1."),
)
BLOCK = re.compile(r"^blocks\.(\d+)\.(.+)$")


def rename_da3(state: State) -> State:
    """The weights of backbone and head under ComfyUI's names: `backbone.` and `head.`.

    Raises:
        ValueError: naming a key that has no place there.
    """
    renamed: State = {}
    for key, value in state.items():
        if key.startswith(BACKBONE):
            own = rename_backbone({key.removeprefix(BACKBONE): value})
            renamed |= {f"backbone.{name}": part for name, part in own.items()}
        elif key.startswith(HEAD):
            renamed[f"head.{key.removeprefix(HEAD)}"] = value
        elif not key.startswith(UNUSED):
            raise ValueError(f"Depth Anything 3: wanted keys under {BACKBONE} and {HEAD}, got {key}; choose its model.safetensors")
    return renamed


def rename_backbone(state: State) -> State:
    """The backbone's weights, named as in `vit.GeometricBackbone`, under ComfyUI's names.

    Raises:
        ValueError: naming a key that has no place there.
    """
    renamed: State = {}
    for key, value in state.items():
        block = BLOCK.match(key)
        if block is None and key in OUTSIDE_BLOCKS:
            renamed[OUTSIDE_BLOCKS[key]] = value
        elif block is not None:
            renamed |= {f"encoder.layer.{block[1]}.{name}": part for name, part in _rename_in_block(key, block[2], value).items()}
        else:
            raise _unknown(key)
    return renamed


def _rename_in_block(key: str, name: str, value: Tensor) -> State:
    if name in ("attn.qkv.weight", "attn.qkv.bias"):
        kind = name.rpartition(".")[2]
        thirds = zip(("query", "key", "value"), value.chunk(3), strict=True)
        return {f"attention.attention.{part}.{kind}": third.contiguous() for part, third in thirds}
    for pattern, replacement in IN_BLOCKS:
        if re.search(pattern, name):
            return {re.sub(pattern, replacement, name): value}
    raise _unknown(key)


def _unknown(key: str) -> ValueError:
    return ValueError(f"Depth Anything 3: wanted the keys of its Small or Base model, got {key}, which has no place in it")
