"""The precision of all motion modules in words and as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..backbone.attention import Scope
from .precision import NEAR, Precision


@dataclass(frozen=True, slots=True)
class ModuleFigures:
    """One motion module.

    Attributes:
        name: as in AnimateDiff's files, such as "up_blocks.2.motion_modules.0".
        block: the U-Net block that it follows, such as ("output", 6).
        cells: height and width of its grid.
        scope: which cells its attention sees.
        precision: of its first attention.
    """

    name: str
    block: tuple[str, int]
    cells: tuple[int, int]
    scope: Scope
    precision: Precision

    @property
    def place(self) -> str:
        """The block in words."""
        return f"{self.block[0]} {self.block[1]}"


def find_best_module(modules: Sequence[ModuleFigures]) -> ModuleFigures:
    """The module of which a head is right most often, beyond chance: coarse grids are right more often by chance alone."""
    return max(modules, key=lambda each: each.precision.heads[each.precision.best] - each.precision.chance)


def describe_modules(modules: Sequence[ModuleFigures]) -> str:
    """A line for every module, in the order given, and one for the best."""
    lines = ["module | after block | cells | scope | mean of heads | best head | chance"]
    for each in modules:
        found, (height, width) = each.precision, each.cells
        best = f"{found.heads[found.best]:.1%} (head {found.best})"
        lines.append(f"{each.name} | {each.place} | {width}x{height} | {each.scope} | {found.mean:.1%} | {best} | {found.chance:.1%}")
    best = find_best_module(modules)
    lines.append(
        f"Share of queries whose strongest key in another view is within {NEAR:g} cells of the true place. Farthest above chance: "
        f"head {best.precision.best} of {best.name}."
    )
    return "\n".join(lines)


def tabulate_modules(modules: Sequence[ModuleFigures]) -> list[dict[str, Any]]:
    """The same as rows for JSON."""
    return [
        {
            "module": each.name,
            "block": each.place,
            "height": each.cells[0],
            "width": each.cells[1],
            "scope": str(each.scope),
            "mean": each.precision.mean,
            "heads": list(each.precision.heads),
            "chance": each.precision.chance,
            "queries": each.precision.count,
        }
        for each in modules
    ]
