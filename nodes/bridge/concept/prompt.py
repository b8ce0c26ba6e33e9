"""Finds out whether a concept's word stands in the prompts of a run, so that a run which cannot show the subject ends before it samples.

The CLIP of Apply Concept notes on each conditioning which words stand in its prompt. The note counts for as long as the conditioning holds
the tensor that was encoded: a node that mixes prompts makes another tensor and keeps the note of only one of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import torch
from torch import Tensor

NOTE = "mvcustom_words"  # entry of a conditioning

Condition = dict[str, Any]
Finding = Literal["present", "absent", "unknown"]


def note_words(conditioning: list[list[Any]], rows: Sequence[Tensor]) -> list[list[Any]]:
    """ComfyUI's conditioning with a note of the learned rows [D] in its prompt, and of the tensor that this is known of."""
    return [[encoded, {**extra, NOTE: {"rows": tuple(rows), "encoded": encoded}}] for encoded, extra in conditioning]


def find_word(conditions: Iterable[Condition], row: Tensor) -> Finding:
    """Whether the word of this row [D] stands in any of the prompts, in the form in which a guider holds them: "absent" if it certainly
    stands in none."""
    findings = {_find_in_one(condition, row) for condition in conditions}
    return next((finding for finding in ("present", "unknown", "absent") if finding in findings), "unknown")


def _find_in_one(condition: Condition, row: Tensor) -> Finding:
    note, encoded = condition.get(NOTE), condition.get("cross_attn")
    if note is None or note["encoded"] is not encoded:
        return "unknown"
    return "present" if any(torch.equal(row, known) for known in note["rows"]) else "absent"
