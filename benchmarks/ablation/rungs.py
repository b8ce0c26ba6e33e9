"""The rungs of the ablation: from the truth over what needs no diffusion to the whole method."""

from __future__ import annotations

from dataclasses import dataclass

DENSE, ONE_CELL = "dense", "1x1"
"""Motion modules: the embedded backbone's own, which look at their own cell alone, and those that were widened from them."""


@dataclass(frozen=True, slots=True)
class Rung:
    """One way to the views.

    Attributes:
        title: what people read.
        modules: the motion modules that it samples with; None without diffusion.
        every_prompt: made for all prompts; the others for the first one, unless all are asked for.
    """

    title: str
    modules: str | None = None
    every_prompt: bool = False


RUNGS = {
    "truth": Rung("true views"),
    "decoded": Rung("true views through the autoencoder"),
    "blurred": Rung("true views, blurred"),
    "frozen": Rung("nearest photograph, repeated"),
    "warped": Rung("anchor warped by true depth"),
    "aligned": Rung("anchor warped by true depth, aligned"),
    "latents": Rung("anchor's true latents carried by true depth"),
    "inversion": Rung("AnimateDiff + textual inversion", ONE_CELL),
    "carried": Rung("own anchor warped, through the autoencoder", ONE_CELL),
    "own_latents": Rung("own anchor's latents carried", ONE_CELL),
    "own_cells": Rung("own anchor's latents, whole cells", ONE_CELL),
    "customised": Rung("customised only", ONE_CELL, every_prompt=True),
    "rendering": Rung("+ feature rendering", ONE_CELL, every_prompt=True),
    "prediction": Rung("+ rendered prediction", ONE_CELL, every_prompt=True),
    "completion": Rung("+ completion", ONE_CELL, every_prompt=True),
    "one_pass": Rung("one pass", ONE_CELL),
    "to_the_end": Rung("feature rendering to the last step", ONE_CELL),
    "own_noise": Rung("feature rendering, independent noise", ONE_CELL),
    "own_noise_1x1": Rung("feature rendering, independent noise, 1x1", ONE_CELL),
    "noise_alone": Rung("shared noise without feature rendering", ONE_CELL),
    "rendering_1x1": Rung("feature rendering, 1x1", ONE_CELL),
    "rendering_dense": Rung("feature rendering, dense", DENSE),
    "prediction_own_noise": Rung("rendered prediction, independent noise", ONE_CELL),
    "prediction_1x1": Rung("rendered prediction, 1x1", ONE_CELL),
    "prediction_dense": Rung("rendered prediction, dense", DENSE),
}


def choose_rungs(prompt: int, chosen: list[str], *, full: bool) -> list[str]:
    """Those of the chosen rungs that a prompt gets, in their order."""
    return [rung for rung in RUNGS if rung in chosen and (full or prompt == 0 or RUNGS[rung].every_prompt)]
