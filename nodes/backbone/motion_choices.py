"""Inputs shared by Load MVCustom Backbone and Apply MVCustom Motion: how the motion modules compute."""

from __future__ import annotations

from comfy_api.v0_0_2 import io

from ...mvcustom_core.backbone.presets import AS_PRESET, AS_TRAINED, BETA_SCHEDULES, LEVEL_SCOPES, SCOPE_PRESETS, SWITCH, MotionChoices

LEVELS = {"scope_64": 64, "scope_32": 32, "scope_16": 16, "scope_8": 8}
"""Input name -> side of that U-Net level in cells, for pictures of 512x512 pixels."""


def motion_inputs() -> list[io.Input]:
    """The inputs. Each defaults to what the motion file was trained with, and is optional: older workflows lack them and must still run."""
    return [
        io.Combo.Input(
            "scope",
            options=[AS_TRAINED, *SCOPE_PRESETS],
            optional=True,
            tooltip="Spatial neighbourhood that the motion modules' attention covers in every view. AnimateDiff files are trained at 1x1: "
            "each cell attends to the same cell of the other views. A wider scope lets content move between views, takes more time, and "
            "changes the look of modules that were not trained with it. Trajectory: each cell attends to the same surface point in every "
            "view; needs the Depth-Aware Render Hook.",
        ),
        *(
            io.Combo.Input(
                name,
                options=[AS_PRESET, *LEVEL_SCOPES],
                optional=True,
                advanced=True,
                tooltip=f"Side of the attention neighbourhood in cells, at the U-Net level that has {side}x{side} cells for pictures of "
                "512x512 pixels. 1 is AnimateDiff's own; larger takes more time. Replaces the value of the scope preset.",
            )
            for name, side in LEVELS.items()
        ),
        io.Combo.Input(
            "norm_mode",
            options=[AS_TRAINED, "per_frame", "cross_frame"],
            optional=True,
            advanced=True,
            tooltip="How the motion modules' group norm takes its mean and variance. per_frame: from each view alone, as AnimateDiff does. "
            "cross_frame: from all views together, for modules that were trained with diffusers. As trained: the value in the file, or "
            "per_frame where the file has none.",
        ),
        io.Combo.Input(
            "entropy_correction",
            options=[AS_TRAINED, *SWITCH],
            optional=True,
            advanced=True,
            tooltip="Scales the attention logits up as a wider scope adds keys, so that attention does not blur. Off: the logits stay as "
            "they are. No effect at 1x1.",
        ),
        io.Combo.Input(
            "beta_schedule",
            options=[AS_TRAINED, *BETA_SCHEDULES],
            optional=True,
            advanced=True,
            tooltip="Noise schedule of the model, under ComfyUI's name. As trained: the schedule that the motion modules were trained "
            "with, which is sqrt_linear for AnimateLCM, too. Any other samples at noise levels that they were not trained for.",
        ),
    ]


def read_choices(**values: str) -> MotionChoices:
    """The values of these inputs as `MotionChoices`; an input that a saved workflow lacks has its default."""
    levels = tuple(values.pop(name, AS_PRESET) for name in LEVELS)
    return MotionChoices(levels=levels, **values)
