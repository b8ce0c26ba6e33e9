"""The data that this pack attaches to one U-Net call, and that its patches read.

ComfyUI passes a dictionary, the transformer options, to every patch of a U-Net call. This pack stores one `CallRecord` in it, under `KEY`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypedDict

import torch
from torch import Tensor

from ....mvcustom_core.backbone.motion import Observer

KEY = "mvcustom"

Options = dict[str, Any]  # ComfyUI's transformer options


@dataclass(frozen=True, slots=True)
class Visit:
    """The state of a batch in one transformer block, right after the text cross-attention.

    Attributes:
        number: number of the spatial transformer, counted from 0 in forward order.
        before: [(B V), P, C] the tokens of all branches and views before the text cross-attention.
        added: [(B V), P, C] what the text cross-attention adds to them.
        context: [(B V), L, D] their encoded prompts.
        options: the transformer options of the call.
    """

    number: int
    before: Tensor  # [(B V), P, C]
    added: Tensor  # [(B V), P, C]
    context: Tensor  # [(B V), L, D]
    options: Options

    @property
    def tokens(self) -> Tensor:
        """The block's tokens, [(B V), P, C]."""
        return self.before + self.added


class PoseSession(Protocol):
    """Changes the tokens of the pose-conditioned blocks during a run: renders a concept, learns it or records reference features."""

    numbers: frozenset[int]  # the transformers whose visits it receives
    scratch: dict[str, Tensor]  # tensors that the patches keep from one patch of a block to the next

    def visit(self, visit: Visit) -> Tensor:
        """Return what the block adds to its tokens, [(B V), P, C], in place of `Visit.added`; that one itself changes nothing."""
        ...


class CallRecord(TypedDict, total=False):
    """Entries of this pack in the options of one U-Net call. An entry that nothing has set is absent.

    Attributes:
        pose: the session of the pose-conditioned blocks.
        concept: the run of the MODEL's concept, from the beginning of sampling on.
        branches: index and uuid of a condition -> its `Branch`, which says whether it shows the concept.
        bypass_motion: true while the batch holds independent images; motion modules are then skipped.
        scopes: scopes of the motion modules' attention, one per U-Net level; they replace the modules' own.
        correspondences: function from a device to {level: Correspondence}: where the views show the same surface point.
        after_spatial: function (features [(B V), C, h, w], block, options) -> features, called after each spatial transformer.
        rendering_strength: strength of feature rendering in this denoising step, 0 to 1.
        observe: function from a block, such as ("output", 6), to the `Observer` of its motion module's attention, or None.
    """

    pose: PoseSession
    concept: Any
    branches: Mapping[Any, Any]
    bypass_motion: bool
    scopes: tuple[Any, ...]
    correspondences: Callable[[torch.device], Mapping[int, Any]]
    after_spatial: Callable[[Tensor, tuple[str, int], Options], Tensor]
    rendering_strength: float
    observe: Callable[[tuple[str, int]], Observer | None]


def record_of(options: Options) -> CallRecord:
    """The record of a call, or an empty one. Do not write to it."""
    return options.get(KEY, {})


def with_record(options: Options, record: CallRecord) -> Options:
    """A copy of the options with these entries added to their record."""
    return {**options, KEY: {**record_of(options), **record}}
