"""Checkpoint files of published models as far as a header goes: the names and shapes of their tensors, and zeros that take no space."""

from __future__ import annotations

import json
import math
import os
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import comfy.supported_models
import torch

from mvcustom.devtools.stand_in import LAYOUT, TrueSD15

PREFIX = "model.diffusion_model."
VAE = {"first_stage_model.decoder.conv_in.weight": (512, 4, 3, 3)}
TEXT = {"cond_stage_model.transformer.text_model.embeddings.token_embedding.weight": (49408, 768)}
SDXL = {
    "channel_mult": [1, 2, 4], "num_res_blocks": [2, 2, 2], "transformer_depth": [0, 0, 2, 2, 10, 10], "transformer_depth_middle": 10,
    "transformer_depth_output": [0, 0, 0, 2, 2, 2, 10, 10, 10], "num_head_channels": 64, "num_heads": -1, "num_classes": "sequential",
    "use_linear_in_transformer": True,
}  # fmt: skip
SD2 = {"use_linear_in_transformer": True, "num_head_channels": 64, "num_heads": -1}


def list_unet_shapes(family: type = TrueSD15, **layout: Any) -> dict[str, Sequence[int]]:
    """The tensors of a U-Net as a checkpoint names them."""
    config = family({**LAYOUT, **family.unet_config, **layout})
    config.set_inference_dtype(torch.float16, None)
    unet = config.get_model({}, "", device=torch.device("meta")).diffusion_model
    return {PREFIX + name: tuple(tensor.shape) for name, tensor in unet.state_dict().items()}


def list_sdxl_shapes() -> dict[str, Sequence[int]]:
    return list_unet_shapes(comfy.supported_models.SDXL, **SDXL)


def list_sd2_shapes() -> dict[str, Sequence[int]]:
    return list_unet_shapes(comfy.supported_models.SD20, **SD2)


def write_sparse(path: Path, shapes: Mapping[str, Sequence[int]]) -> Path:
    """A safetensors file in half precision whose numbers are a hole in the file."""
    header, end = {}, 0
    for name, shape in shapes.items():
        start, end = end, end + 2 * math.prod(shape)
        header[name] = {"dtype": "F16", "shape": list(shape), "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text)
    os.truncate(path, 8 + len(text) + end)
    return path
