"""The input `preset` of Load MVCustom Backbone and Learn Concept."""

from __future__ import annotations

from comfy_api.v0_0_2 import io

from ...mvcustom_core.backbone.recipe import CUSTOM, EMBEDDED, RECIPES


def preset_input(sets: str, values: str) -> io.Input:
    """The input. It is optional and custom by default: older workflows lack it and must run as before.

    Args:
        sets: names of the inputs that a preset sets.
        values: what it sets them to for Stable Diffusion 1.5.
    """
    return io.Combo.Input(
        "preset",
        options=[CUSTOM, *RECIPES],
        default=CUSTOM,
        optional=True,
        tooltip=f"{CUSTOM}: all inputs count. Any other choice sets {sets}; what these inputs show is then not used, and the report lists "
        f"the values that were. Stable Diffusion 1.5: {values} {EMBEDDED.capitalize()}: the values that its figures were measured with.",
    )
