"""Finds out which conditions of a model call show the concept, and which part of the picture each of them covers.

ComfyUI's `cond_or_uncond` does not tell: it is an index into the current guider's list of conditions, where 0 is the positive prompt under
CFG but the negative one under dual CFG. Nor do its `uuids`: for a prompt with an area, ComfyUI adds a condition with that area and uuid to
every other branch. A branch is therefore identified by the name under which its guider stores the condition.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from comfy.samplers import CFGGuider

from ..host.call import record_of, with_record

SHOWN = frozenset({"positive"})  # branches that show the concept, unless the guider lists others in `concept_branches`

Condition = dict[str, Any]  # as ComfyUI's samplers hold it: uuid, model_conds, area, ...


class Branch(NamedTuple):
    """The part of a call's batch that belongs to one condition.

    Attributes:
        index: index of its list of conditions in the call, as in `cond_or_uncond`.
        uuid: ComfyUI's id of the condition.
        shown: whether it shows the concept.
        corner: (y, x) of the upper left corner of its area, in latent cells.
    """

    index: int
    uuid: UUID
    shown: bool
    corner: tuple[int, int]


def shown_names(guider: CFGGuider) -> frozenset[str]:
    """The names under which a guider stores the conditions that show the concept."""
    return getattr(guider, "concept_branches", SHOWN)


def list_shown(guider: CFGGuider) -> list[Condition]:
    """The conditions of a guider's positive prompts."""
    return [condition for name in SHOWN for condition in guider.conds.get(name, ())]


def find_branches(guider: CFGGuider, conditions: Sequence[Sequence[Condition] | None]) -> dict[tuple[int, UUID], Branch]:
    """All branches of a call, under (index, uuid).

    Args:
        guider: the guider that runs.
        conditions: the argument of `calc_cond_batch`. A condition that is not an object of the guider is looked up by its uuid, and is
            shown only if all conditions with that uuid are. An unknown condition is not shown.
    """
    shown = shown_names(guider)
    names: dict[Any, set[str]] = {}
    for name, own in guider.conds.items():
        for condition in own:
            for key in (id(condition), condition["uuid"]):
                names.setdefault(key, set()).add(name)
    branches = {}
    for index, listed in enumerate(conditions):
        for condition in listed or ():
            uuid = condition["uuid"]
            known = names.get(id(condition)) or names.get(uuid) or {""}
            corner = tuple(condition["area"][-2:]) if "area" in condition else (0, 0)
            branches[index, uuid] = Branch(index, uuid, known <= shown, corner)
    return branches


def with_branches(model_options: dict[str, Any], branches: dict[tuple[int, UUID], Branch]) -> dict[str, Any]:
    """The options of a call, with its branches added to the record."""
    return {**model_options, "transformer_options": with_record(model_options["transformer_options"], {"branches": branches})}


def list_branches(options: dict[str, Any]) -> list[Branch]:
    """The branches in a call's batch, in order. None shows the concept if the record has no branches."""
    known = record_of(options).get("branches", {})
    keys = zip(options.get("cond_or_uncond", ()), options.get("uuids", ()), strict=False)
    return [known.get(key) or Branch(*key, shown=False, corner=(0, 0)) for key in keys]
