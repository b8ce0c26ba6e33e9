"""The inputs by which Load MVCustom Backbone and Apply MVCustom Motion say how motion modules run."""

from __future__ import annotations

from comfy_api.latest import io

from ...mvcustom_core.backbone.presets import AS_PRESET, AS_TRAINED, BETA_SCHEDULES, LEVEL_SCOPES, SCOPE_PRESETS, SWITCH, MotionChoices

LEVELS = {"scope_64": 64, "scope_32": 32, "scope_16": 16, "scope_8": 8}
"""Input of a level -> its side in cells for pictures of 512 pixels."""


def motion_inputs() -> list[io.Input]:
    """The choices, each with the file's own training as its default; optional, so that workflows saved without them still run."""
    return [
        io.Combo.Input(
            "scope",
            options=[AS_TRAINED, *SCOPE_PRESETS],
            optional=True,
            tooltip="How far a cell looks in the other views. AnimateDiff files are trained at 1x1: the same cell of every view. Wider "
            "scopes let content move between views, but cost time, and change the look of modules that were not trained for them. "
            "Trajectory: the same surface point of every view, behind a Depth-Aware Render Hook.",
        ),
        *(
            io.Combo.Input(
                name,
                options=[AS_PRESET, *LEVEL_SCOPES],
                optional=True,
                advanced=True,
                tooltip=f"Scope of the level that has {side}x{side} cells for 512x512 pixels, in cells a side. Overrules the preset.",
            )
            for name, side in LEVELS.items()
        ),
        io.Combo.Input(
            "norm_mode",
            options=[AS_TRAINED, "per_frame", "cross_frame"],
            optional=True,
            advanced=True,
            tooltip="Statistics of the modules' group norm: of each frame (AnimateDiff) or of all frames together (modules trained with "
            "diffusers). As trained: what the file says, else per frame.",
        ),
        io.Combo.Input(
            "entropy_correction",
            options=[AS_TRAINED, *SWITCH],
            optional=True,
            advanced=True,
            tooltip="Keeps attention as peaked in a wide scope as it is in a narrow one. Without effect at 1x1.",
        ),
        io.Combo.Input(
            "beta_schedule",
            options=[AS_TRAINED, *BETA_SCHEDULES],
            optional=True,
            advanced=True,
            tooltip="Noise schedule of sampling, by ComfyUI's names. As trained: the one that belongs to the file.",
        ),
    ]


def read_choices(**values: str) -> MotionChoices:
    """The values of those inputs; workflows saved without them mean the defaults."""
    levels = tuple(values.pop(name, AS_PRESET) for name in LEVELS)
    return MotionChoices(levels=levels, **values)
