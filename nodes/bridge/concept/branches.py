"""Which branches of a model call show the concept, and where in the picture each of them draws.

ComfyUI's own mark, `cond_or_uncond`, is a place in the list of whatever guider runs: 0 is the positive prompt under CFG, the negative one
under dual CFG. Its `uuids` are no names either: for a prompt with an area ComfyUI adds a condition of that area, and of that uuid, to
every other branch. So a branch goes by the name under which its guider keeps the condition.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from comfy.samplers import CFGGuider

from ..host.call import record_of, with_record

SHOWN = frozenset({"positive"})  # branches that show the concept, where a guider does not say so in `concept_branches`

Condition = dict[str, Any]  # as ComfyUI's samplers hold it: uuid, model_conds, area, ...


class Branch(NamedTuple):
    """One condition's part of a call's batch.

    Attributes:
        index: of its list among the call's lists of conditions, as in `cond_or_uncond`.
        corner: (y, x) in latent cells where its area begins.
    """

    index: int
    uuid: UUID
    shown: bool
    corner: tuple[int, int]


def find_branches(guider: CFGGuider, conditions: Sequence[Sequence[Condition] | None]) -> dict[tuple[int, UUID], Branch]:
    """Every branch of a call, by index and uuid.

    Args:
        conditions: what `calc_cond_batch` is given. Conditions that are not the guider's own objects go by their uuid, if all that have
            it are shown; unknown ones are not shown.
    """
    shown = getattr(guider, "concept_branches", SHOWN)
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
    """The options of a call whose branches are known."""
    return {**model_options, "transformer_options": with_record(model_options["transformer_options"], {"branches": branches})}


def list_branches(options: dict[str, Any]) -> list[Branch]:
    """The branches in a call's batch, in order; none is shown where no guider has named them."""
    known = record_of(options).get("branches", {})
    keys = zip(options.get("cond_or_uncond", ()), options.get("uuids", ()), strict=False)
    return [known.get(key) or Branch(*key, shown=False, corner=(0, 0)) for key in keys]
