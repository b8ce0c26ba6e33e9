"""A user's choices for motion modules, as texts, and how they change the settings that a file was trained with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from .attention import TRAJECTORY, Scope
from .motion import MotionSettings

Choice = TypeVar("Choice")

AS_TRAINED, AS_PRESET = "as trained", "as preset"
DENSE, ALONG_SURFACE = Scope(None), Scope(1, trajectory=True)

SCOPE_PRESETS: dict[str, tuple[Scope, Scope]] = {
    "AnimateDiff (1x1)": (Scope(1), Scope(1)),
    "balanced (dense up to 32, 9x9 at 64)": (Scope(9), DENSE),
    "dense": (DENSE, DENSE),
    "trajectory (with the Depth-Aware Render Hook)": (ALONG_SURFACE, ALONG_SURFACE),
}
"""Preset -> scope of the outermost level (64x64 cells for 512 pixels), and of all levels below it (32x32 cells and less)."""

LEVEL_SCOPES = ("1", "3", "5", "9", "17", "33", "dense", TRAJECTORY)
BETA_SCHEDULES = {"sqrt_linear (AnimateDiff)": "linear", "linear (Stable Diffusion, AnimateLCM)": "scaled_linear"}
"""ComfyUI's name of a schedule, which users see -> diffusers' name, which files contain."""
SWITCH = {"on": True, "off": False}


@dataclass(frozen=True, slots=True)
class MotionChoices:
    """A user's choices. Each is "as trained" (for a level: "as preset"), or a key of the tables above.

    Attributes:
        scope: a key of `SCOPE_PRESETS`.
        levels: one of `LEVEL_SCOPES` for each of the four levels, outermost first; replaces the preset's scope.
        norm_mode: per_frame or cross_frame.
        entropy_correction: on or off.
        beta_schedule: a key of `BETA_SCHEDULES`.
    """

    scope: str = AS_TRAINED
    levels: tuple[str, ...] = (AS_PRESET,) * 4
    norm_mode: str = AS_TRAINED
    entropy_correction: str = AS_TRAINED
    beta_schedule: str = AS_TRAINED

    def apply_to(self, trained: MotionSettings) -> MotionSettings:
        """The settings to run with.

        Raises:
            ValueError: for an unknown choice, or if the modules have another number of levels.
        """
        if len(self.levels) != len(trained.channels):
            raise ValueError(f"scope: wanted modules of {len(self.levels)} levels, got {len(trained.channels)}")
        return replace(
            trained,
            scopes=tuple(self._choose_scope(level, scope) for level, scope in enumerate(trained.scopes)),
            norm_mode=trained.norm_mode if self.norm_mode == AS_TRAINED else self.norm_mode,
            entropy_correction=_look_up("entropy correction", self.entropy_correction, SWITCH, trained.entropy_correction),
            beta_schedule=_look_up("beta schedule", self.beta_schedule, BETA_SCHEDULES, trained.beta_schedule),
        )

    def _choose_scope(self, level: int, trained: Scope) -> Scope:
        if self.levels[level] != AS_PRESET:
            return Scope.from_text(self.levels[level])
        presets = {name: outermost if level == 0 else inner for name, (outermost, inner) in SCOPE_PRESETS.items()}
        return _look_up("scope", self.scope, presets, trained)


def _look_up(name: str, choice: str, table: Mapping[str, Choice], trained: Choice) -> Choice:
    if choice != AS_TRAINED and choice not in table:
        raise ValueError(f"{name}: wanted {AS_TRAINED} or one of {', '.join(table)}, got {choice!r}")
    return trained if choice == AS_TRAINED else table[choice]
