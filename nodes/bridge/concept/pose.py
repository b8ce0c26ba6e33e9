"""Runs pose blocks inside ComfyUI's transformer blocks, through ComfyUI's patches only.

ComfyUI calls patches in the middle of a block, before and after its text cross-attention. The patches here store the tokens and the
context, and pass both to the `PoseSession` in the call's record, which returns the tokens with which the block continues. Without a session
they do nothing. A session renders a concept, learns it, or records reference features.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from comfy.ldm.modules.attention import SpatialTransformer
from comfy.model_patcher import ModelPatcher
from einops import rearrange
from torch import Tensor, nn

from ....mvcustom_core.concept.denoiser import PoseHook
from ....mvcustom_core.concept.feature_nerf import TextAttention
from ..host.call import Options, PoseSession, Visit, record_of


def pose_patches() -> dict[str, list[Callable[..., Any]]]:
    """The patches in the form of a call's transformer options, for a U-Net that is called without a ModelPatcher."""
    return {"middle_patch": [_remember_tokens], "attn2_patch": [_remember_context], "attn2_output_patch": [_visit]}


def install_pose_patches(model: ModelPatcher) -> None:
    """Add the patches to a MODEL, which should be a clone of the user's."""
    model.set_model_patch(_remember_tokens, "middle_patch")
    model.set_model_attn2_patch(_remember_context)
    model.set_model_attn2_output_patch(_visit)


def _session(options: dict[str, Any]) -> PoseSession | None:
    session = record_of(options).get("pose")
    return session if session is not None and options["transformer_index"] in session.numbers else None


def _remember_tokens(x: Tensor, options: dict[str, Any]) -> Tensor:
    if (session := _session(options)) is not None:
        session.scratch["tokens"] = x
    return x


def _remember_context(n: Tensor, context: Tensor, value: Tensor | None, options: dict[str, Any]) -> tuple[Tensor, Tensor, Tensor | None]:
    if (session := _session(options)) is not None:
        session.scratch["context"] = context
    return n, context, value


def _visit(n: Tensor, options: dict[str, Any]) -> Tensor:
    if (session := _session(options)) is None:
        return n
    before, context = session.scratch.pop("tokens"), session.scratch.pop("context")
    return session.visit(Visit(options["transformer_index"], before, n, context, options))  # ComfyUI adds it to the tokens


def find_blocks(unet: nn.Module) -> list[nn.Module]:
    """The transformer block of every spatial transformer, in forward order. SD1.5 has one in each."""
    return [layer.transformer_blocks[0] for layer in unet.modules() if isinstance(layer, SpatialTransformer)]


def text_attention_of(block: nn.Module, context: Tensor, options: Options | None = None) -> TextAttention:
    """The block's text cross-attention without the residual, for one prompt [1, L, D]; `options` may choose its kernel."""

    def attend(tokens: Tensor) -> Tensor:  # [1, L, C] -> [1, L, C]
        return block.attn2(block.norm2(tokens.to(context)), context=context, transformer_options=options or {})

    return attend


@dataclass(slots=True)
class FeatureRecorder:
    """A session that records the output of each block for a batch of independent images, as feature maps [N, C, h, w]."""

    blocks: Sequence[nn.Module]  # from `find_blocks`
    numbers: frozenset[int]
    features: dict[int, Tensor] = field(default_factory=dict)  # [N, C, h, w]
    scratch: dict[str, Tensor] = field(default_factory=dict)

    def visit(self, visit: Visit) -> Tensor:
        block, tokens = self.blocks[visit.number], visit.tokens
        output = tokens + block.ff(block.norm3(tokens))  # what the block computes next
        self.features[visit.number] = rearrange(output, "N (h w) C -> N C h w", h=visit.options["activations_shape"][-2])
        return visit.added


@dataclass(slots=True)
class Hooked:
    """A session that passes the tokens of one clip to a hook, for learning."""

    blocks: Sequence[nn.Module]  # from `find_blocks`
    numbers: frozenset[int]
    hook: PoseHook
    scratch: dict[str, Tensor] = field(default_factory=dict)

    def visit(self, visit: Visit) -> Tensor:
        tokens, attention = visit.tokens, text_attention_of(self.blocks[visit.number], visit.context[:1], visit.options)
        return visit.added + (self.hook(visit.number, tokens, attention) - tokens)  # in this form a hook without effect changes no bit


@torch.no_grad()
def record_features(
    run: Callable[[Tensor, dict[str, Any]], Tensor],
    blocks: Sequence[nn.Module],
    numbers: frozenset[int],
    latents: Tensor,  # [N, 4, h, w]
    batch: int = 8,
) -> dict[int, Tensor]:
    """Compute reference features of clean latents as independent images, without motion modules and pose blocks.

    Args:
        run: function (latents, record entries) that calls the U-Net.
        blocks: the U-Net's, from `find_blocks`.
        numbers: the transformers to record.
        latents: [N, 4, h, w] clean latents.
        batch: latents per call.

    Returns:
        Transformer number -> features [N, C, h, w] in float32.
    """
    parts: dict[int, list[Tensor]] = {number: [] for number in numbers}
    for part in latents.split(batch):
        recording = FeatureRecorder(blocks, numbers)
        run(part, {"pose": recording, "bypass_motion": True})
        for number in numbers:
            parts[number].append(recording.features[number].float())
    return {number: torch.cat(features) for number, features in parts.items()}
