"""CLIP's text encoder with gradients to one learned row, otherwise as ComfyUI encodes.

ComfyUI's layers run without its in-place additions, which autograd does not allow. Textual embeddings (`embedding:name`), weights in
parentheses, prompts of several chunks and CLIP Set Last Layer count as they do in ComfyUI.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import comfy.clip_model
import comfy.ops
import torch
from comfy.clip_model import CLIPTextModel_
from comfy.ldm.modules.attention import attention_pytorch
from comfy.sd import CLIP
from comfy.sd1_clip import gen_empty_tokens
from torch import Tensor, nn

from ....mvcustom_core.shapes import check_shape
from ..concept.tokens import clip_text_model
from ..host.training_copy import bake_weights, check_patches

TABLE = "embeddings.token_embedding.weight"
PREFIX = "clip_l.transformer.text_model."
TokenList = Sequence[tuple[Any, ...]]  # of (token, weight): a token is a number of the table, or the rows [n, D] of a textual embedding


@dataclass(frozen=True, eq=False)
class PromptRows:
    """A prompt of K chunks of L tokens, as rows of the token table.

    Attributes:
        rows: [K, L, D]; of a prompt with weights, the last chunk is the empty prompt.
        learned: [K, L, 1] true where the learned row stands.
        weights: [K, L, 1] of the tokens; None where all are one.
    """

    rows: Tensor
    learned: Tensor
    weights: Tensor | None

    def to(self, device: torch.device) -> PromptRows:
        """The same on a device."""
        weights = None if self.weights is None else self.weights.to(device)
        return PromptRows(self.rows.to(device), self.learned.to(device), weights)


class TextCopy(nn.Module):
    """A private copy of a CLIP's text transformer in float32; the token table stays on the CPU.

    Args:
        clip: the CLIP; its LoRA and its choice of a layer count.

    Raises:
        ValueError: if it is of another family or carries patches that no copy can hold.
    """

    @torch.inference_mode(False)
    def __init__(self, clip: CLIP) -> None:
        super().__init__()
        check_patches("clip", clip.patcher)
        weights = bake_weights(clip.patcher, PREFIX, torch.float32)
        self.table = [weights.pop(TABLE)]  # [T, D] in a list, so that it does not move with the module
        self.transformer = _build_transformer(clip_text_model(clip))
        self.transformer.load_state_dict(weights, assign=True)
        stage = clip.cond_stage_model.clip_l
        self.layer, self.normed = find_layer(clip), stage.layer_norm_hidden_state
        self.special_tokens = stage.special_tokens

    def look_up(self, tokens: Sequence[TokenList], learned: int | None = None) -> PromptRows:
        """The rows of a tokenised prompt.

        Args:
            tokens: ComfyUI's token lists, one for each chunk.
            learned: the token that stands for the learned row; None if there is none.

        Raises:
            ValueError: if a textual embedding was made for another text encoder.
        """
        chunks = list(tokens)
        weighted = any(token[1] != 1.0 for chunk in chunks for token in chunk)
        if weighted:
            empty = gen_empty_tokens(self.special_tokens, max(len(chunk) for chunk in chunks))
            chunks.append([(token, 1.0) for token in empty])
        width = self.table[0].shape[1]
        rows = [torch.cat([self._rows(token[0], width) for token in chunk]) for chunk in chunks]
        marks = [[token[0] == learned if isinstance(token[0], int) else False for token in chunk for _ in _span(token)] for chunk in chunks]
        weights = [[token[1] for token in chunk for _ in _span(token)] for chunk in chunks]
        return PromptRows(torch.stack(rows), torch.tensor(marks)[..., None], torch.tensor(weights)[..., None] if weighted else None)

    def encode(
        self,
        prompt: PromptRows,
        row: Tensor | None = None,  # [1, D]
    ) -> Tensor:
        """The conditioning [1, (K L), D] of a prompt whose tensors are on the device of the module; `row` is the learned one."""
        rows = prompt.rows if row is None else torch.where(prompt.learned, row.to(prompt.rows), prompt.rows)
        encoded = encode_embeddings(self.transformer, rows, self.layer, self.normed)
        if prompt.weights is not None:
            encoded, empty = encoded[:-1], encoded[-1:]
            encoded = empty + (encoded - empty) * prompt.weights[:-1]
        return encoded.flatten(0, 1)[None]  # [1, (K L), D]

    def _rows(self, token: Any, width: int) -> Tensor:
        """[n, D] of one token."""
        if not isinstance(token, Tensor):
            return self.table[0][[int(token)]]
        rows = token.detach().to("cpu", torch.float32, copy=True).view(-1, token.shape[-1])
        if rows.shape[1] != width:
            raise ValueError(f"embedding: wanted width {width} as the text encoder has, got {rows.shape[1]}; use one for its family")
        return rows


def _span(token: tuple[Any, ...]) -> range:
    """As many as the token has rows."""
    return range(token[0].numel() // token[0].shape[-1] if isinstance(token[0], Tensor) else 1)


def find_layer(clip: CLIP) -> int | None:
    """The layer that a CLIP's conditioning is taken from, counted from the first or, negative, from the last; None for the end."""
    stage = clip.cond_stage_model.clip_l
    layer = stage.options_default[1] if clip.layer_idx is None else clip.layer_idx
    return None if layer is None or abs(layer) > stage.num_layers else layer


def encode_embeddings(text_model: nn.Module, embeddings: Tensor, layer: int | None = None, normed: bool = True) -> Tensor:
    """Run CLIP's text transformer on token embeddings.

    Args:
        text_model: ComfyUI's `CLIPTextModel_`.
        embeddings: [N, L, D] rows of the token table, without positions.
        layer: the layer to stop after, as `find_layer` gives it.
        normed: whether the final norm follows a layer that is not the last one.

    Returns:
        [N, L, D] hidden states; by default the last ones after the final norm, which are SD1.5's conditioning.
    """
    check_shape(embeddings, "N L D")
    length, layers = embeddings.shape[1], text_model.encoder.layers
    mask = torch.full((length, length), -torch.finfo(embeddings.dtype).max, dtype=embeddings.dtype, device=embeddings.device).triu_(1)
    x = embeddings + text_model.embeddings.position_embedding.weight[:length].to(embeddings)
    for each in layers if layer is None else layers[: range(len(layers))[layer] + 1]:
        x = x + each.self_attn(each.layer_norm1(x), mask, attention_pytorch)
        x = x + each.mlp(each.layer_norm2(x))
    return text_model.final_layer_norm(x) if layer is None or normed else x


def _build_transformer(source: nn.Module) -> nn.Module:
    """ComfyUI's text transformer of the same layout, without weights and without the token table."""
    first, width = source.encoder.layers[0], source.final_layer_norm.normalized_shape[0]
    activations = comfy.clip_model.ACTIVATIONS
    config = {
        "num_hidden_layers": len(source.encoder.layers),
        "hidden_size": width,
        "num_attention_heads": first.self_attn.heads,
        "intermediate_size": first.mlp.fc1.out_features,
        "hidden_act": next(name for name, function in activations.items() if function is first.mlp.activation),
        "max_position_embeddings": source.embeddings.position_embedding.num_embeddings,
        "eos_token_id": source.eos_token_id,
    }
    transformer = CLIPTextModel_(config, torch.float32, torch.device("meta"), comfy.ops.disable_weight_init)
    del transformer.embeddings.token_embedding
    return transformer
