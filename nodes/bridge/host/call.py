"""One call of a U-Net, as this pack's patches see it: the record that travels with it, and one visit of a transformer block.

ComfyUI hands every patch the call's transformer options, a dictionary. What this pack keeps there lies under one key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypedDict

import torch
from torch import Tensor

KEY = "mvcustom"

Options = dict[str, Any]  # ComfyUI's transformer options


@dataclass(frozen=True, slots=True)
class Visit:
    """One pass of a batch through one transformer block, right after its text cross-attention.

    Attributes:
        number: of the spatial transformer, counted from zero in forward order.
        tokens: [(B V), P, C].
        context: [(B V), L, D] the prompts.
        options: the call's transformer options.
    """

    number: int
    tokens: Tensor
    context: Tensor
    options: Options


class PoseSession(Protocol):
    """Decides what becomes of the tokens in the pose-conditioned blocks of a run."""

    numbers: frozenset[int]  # the transformers that it wants to see
    scratch: dict[str, Tensor]  # what the patches remember between their calls within a block

    def visit(self, visit: Visit) -> Tensor:
        """The tokens [(B V), P, C] to go on with."""
        ...


class CallRecord(TypedDict, total=False):
    """What a call of the U-Net carries of this pack; an entry is absent where nothing has set it.

    Attributes:
        pose: the session of the pose-conditioned blocks.
        branches: which conditions show the concept, by index and uuid.
        bypass_motion: leave out the motion modules.
        scopes: of the motion modules' attention by level, in place of their own.
        correspondences: gives, for a device, where the views show one surface, by level.
        after_spatial: called with features [(B V), C, h, w], block and options after each spatial transformer; returns the features.
        rendering_strength: of feature rendering in this step, 0 to 1.
    """

    pose: PoseSession
    branches: Mapping[Any, Any]
    bypass_motion: bool
    scopes: tuple[Any, ...]
    correspondences: Callable[[torch.device], Mapping[int, Any]]
    after_spatial: Callable[[Tensor, tuple[str, int], Options], Tensor]
    rendering_strength: float


def record_of(options: Options) -> CallRecord:
    """The call's record; empty where there is none. Not to be written to."""
    return options.get(KEY, {})


def with_record(options: Options, record: CallRecord) -> Options:
    """The options of a call with these entries added to its record; the given options stay as they are."""
    return {**options, KEY: {**record_of(options), **record}}
