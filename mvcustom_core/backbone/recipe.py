"""Settings to start from on each kind of backbone: one name for what a person would otherwise choose one by one.

Rates, updates and references for Stable Diffusion 1.5 are those published for CustomDiffusion360, whose pose blocks these are. The share of
updates that only render, and all values of the views, are choices of ours that have not been measured on published weights. The values for
the embedded backbone are those that its figures were measured with.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..concept.learning.plan import LearningSettings
from .presets import MotionChoices

SD15, EMBEDDED, CUSTOM = "Stable Diffusion 1.5", "embedded backbone", "custom"
GB = 10**9


@dataclass(frozen=True, slots=True)
class LearningRecipe:
    """How a concept is learned.

    Attributes:
        settings: seed, held-out photographs and patience are left to the person.
        warm_start: start from the backbone's own pose blocks.
        bfloat16: the backbone computes in bfloat16, on devices that can.
        checkpointing_below: bytes of device memory; a device with less computes layers again in the backward pass.
    """

    settings: LearningSettings
    warm_start: bool
    bfloat16: bool
    checkpointing_below: int

    def apply_to(self, chosen: LearningSettings) -> LearningSettings:
        """These settings, with what a recipe leaves to the person as in `chosen`."""
        return replace(self.settings, seed=chosen.seed, held_out=chosen.held_out, patience=chosen.patience)


@dataclass(frozen=True, slots=True)
class ViewRecipe:
    """How views are generated.

    Attributes:
        size: side of the square views in pixels.
        views: number of views along the path.
        steps: fewest and most sampling steps.
        text_guidance, image_guidance: guidance scales of prompt and subject.
        anchor_reach_deg: a path around the subject that is longer leaves the subject to the concept, and renders the background only.
    """

    size: int
    views: int
    steps: tuple[int, int]
    text_guidance: float
    image_guidance: float
    anchor_reach_deg: float


@dataclass(frozen=True, slots=True)
class Recipe:
    """Settings to start from on one kind of backbone."""

    learning: LearningRecipe
    views: ViewRecipe
    motion: MotionChoices


RECIPES = {
    SD15: Recipe(
        LearningRecipe(
            LearningSettings(steps=1600, rendering_steps=300, frames=4, references=4, pose_rate=1e-4, token_rate=1e-4, schedule="constant"),
            warm_start=False,
            bfloat16=True,
            checkpointing_below=24 * GB,
        ),
        ViewRecipe(size=512, views=16, steps=(30, 50), text_guidance=7.5, image_guidance=3.5, anchor_reach_deg=30.0),
        # A first pass knows no surface yet: attention follows it (the trajectory scope) in the second pass only.
        MotionChoices(),
    ),
    EMBEDDED: Recipe(
        LearningRecipe(
            LearningSettings(steps=300, rendering_steps=200, frames=2, references=4, pose_rate=5e-3, token_rate=1e-3, schedule="cosine"),
            warm_start=True,
            bfloat16=False,
            checkpointing_below=0,
        ),
        ViewRecipe(size=128, views=8, steps=(20, 20), text_guidance=3.0, image_guidance=3.0, anchor_reach_deg=360.0),
        MotionChoices(),
    ),
}


def check_preset(preset: str, backbone: str) -> None:
    """Check that a preset is for this kind of backbone.

    Args:
        preset: a key of `RECIPES`, or custom.
        backbone: a key of `RECIPES`.

    Raises:
        ValueError: if it is for another.
    """
    if preset not in (CUSTOM, backbone):
        raise ValueError(f"preset: wanted {backbone} or {CUSTOM}, got {preset}")
