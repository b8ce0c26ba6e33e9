"""What the preset of Learn Concept sets, and what it says about it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import comfy.model_management
from comfy.model_patcher import ModelPatcher

from ....mvcustom_core.backbone.recipe import CUSTOM, EMBEDDED, RECIPES, SD15, check_preset
from ....mvcustom_core.concept.learning.plan import LearningSettings, check_settings
from ..backbone.spec import spec_of
from ..host.advice import advise
from .denoiser import ConceptWords, Economy
from .inputs import Backbone, Pictures, RunOptions
from .run import Learned, run_learning

OTHER_MODEL = {
    SD15: f"choose {SD15}, or load the embedded backbone in Load MVCustom Backbone",
    EMBEDDED: f"choose {EMBEDDED}, or load an SD1.5 checkpoint in Load MVCustom Backbone",
}
"""Kind of the connected model -> advice on a preset for another."""
SET_BY_PRESET = f"the preset sets it; choose the preset {CUSTOM} to set it yourself"


@dataclass(frozen=True, slots=True)
class Choices:
    """What a user chose for a run: settings and options count as far as the preset leaves them."""

    preset: str
    settings: LearningSettings
    options: RunOptions


def learn_by_preset(backbone: Backbone, pictures: Pictures, words: ConceptWords, choices: Choices) -> Learned:
    """Learn a concept with the values of a preset; the last line of the report lists the values used.

    Raises:
        ValueError: if the preset is for another backbone; or as `run_learning` does.
    """
    settings, options = apply_preset(choices, backbone.model)
    ours = {} if choices.preset == CUSTOM else dict.fromkeys(("frames:", "references:", "rendering_steps:"), SET_BY_PRESET)
    with advise(ours):
        learned = run_learning(backbone, pictures, words, settings, options)
    used = describe_choices(Choices(choices.preset, settings, options))
    return replace(learned, report=f"{learned.report}\n{learned.notes}\n{used}")


def check_numbers(steps: int, rendering_steps: int, preset: str) -> None:
    """Check, before anything runs, that the numbers of updates do not contradict each other. Under a preset they do not count.

    Raises:
        ValueError: if they do.
    """
    if preset == CUSTOM:
        check_settings(LearningSettings(steps=steps, rendering_steps=rendering_steps))


def apply_preset(choices: Choices, model: ModelPatcher) -> tuple[LearningSettings, RunOptions]:
    """Settings and options under a preset.

    Raises:
        ValueError: if the preset is for another backbone than the model's.
    """
    if choices.preset == CUSTOM:
        return choices.settings, choices.options
    kind = spec_of(model).kind
    with advise({"preset": OTHER_MODEL[kind]}):
        check_preset(choices.preset, kind)
    recipe = RECIPES[kind].learning
    memory, has_bfloat16 = _describe_device(model)
    economy = Economy(memory < recipe.checkpointing_below, recipe.bfloat16 and has_bfloat16)
    return recipe.apply_to(choices.settings), replace(choices.options, warm_start=recipe.warm_start, economy=economy)


def describe_choices(choices: Choices) -> str:
    """One line with every value that a preset can set, and the weight of correspondence if it has one, under the names of the inputs."""
    settings, options = choices.settings, choices.options
    values = {
        "steps": settings.steps,
        "rendering_steps": settings.rendering_steps,
        "learning_rate": f"{settings.pose_rate:g}",
        "token_learning_rate": f"{settings.token_rate:g}",
        "schedule": settings.schedule,
        "frames": settings.frames,
        "references": settings.references,
        "warm_start": "on" if options.warm_start else "off",
        "gradient_checkpointing": "on" if options.economy.checkpointing else "off",
        "bfloat16": "on" if options.economy.bfloat16 else "off",
    }
    if settings.weights.correspondence:
        values["correspondence_weight"] = f"{settings.weights.correspondence:g}"
    return f"Settings ({choices.preset}): {', '.join(f'{name} {value}' for name, value in values.items())}."


def _describe_device(model: ModelPatcher) -> tuple[int, bool]:
    """Memory in bytes of the device that the model runs on, and whether it computes in bfloat16."""
    device = model.load_device
    return comfy.model_management.get_total_memory(device), comfy.model_management.should_use_bf16(device)
