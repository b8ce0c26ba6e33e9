"""CLIP's text transformer with gradients: ComfyUI's layers, without its in-place additions, which autograd does not allow."""

from __future__ import annotations

import torch
from comfy.ldm.modules.attention import optimized_attention_for_device
from torch import Tensor, nn

from ....mvcustom_core.shapes import check_shape


def encode_embeddings(text_model: nn.Module, embeddings: Tensor) -> Tensor:
    """Run CLIP's text transformer on token embeddings.

    Args:
        text_model: ComfyUI's `CLIPTextModel_`.
        embeddings: [N, L, D] rows of the token table, without positions.

    Returns:
        [N, L, D] the last hidden state after the final norm, which is SD1.5's conditioning.
    """
    check_shape(embeddings, "N L D")
    length = embeddings.shape[1]
    attention = optimized_attention_for_device(embeddings.device, mask=True, small_input=True)
    mask = torch.full((length, length), -torch.finfo(embeddings.dtype).max, dtype=embeddings.dtype, device=embeddings.device).triu_(1)
    x = embeddings + text_model.embeddings.position_embedding.weight[:length].to(embeddings)
    for layer in text_model.encoder.layers:
        x = x + layer.self_attn(layer.layer_norm1(x), mask, attention)
        x = x + layer.mlp(layer.layer_norm2(x))
    return text_model.final_layer_norm(x)
