"""The presets: published values where there are some, and what is left to the person."""

from __future__ import annotations

import pytest

from mvcustom.mvcustom_core.backbone.recipe import CUSTOM, EMBEDDED, GB, RECIPES, SD15, check_preset
from mvcustom.mvcustom_core.concept.learning.plan import LearningSettings


def test_stable_diffusion_starts_from_the_published_values() -> None:
    recipe = RECIPES[SD15]
    settings = recipe.learning.settings
    assert (settings.steps, settings.references, settings.pose_rate, settings.token_rate) == (1600, 4, 1e-4, 1e-4)
    assert (settings.rendering_steps, settings.frames, settings.schedule) == (300, 4, "constant")
    assert (recipe.learning.warm_start, recipe.learning.bfloat16, recipe.learning.checkpointing_below) == (False, True, 24 * GB)
    assert (recipe.views.views, recipe.views.size, recipe.views.steps, recipe.views.anchor_reach_deg) == (16, 512, (30, 50), 30.0)
    assert (recipe.views.text_guidance, recipe.views.image_guidance) == (7.5, 3.5)


@pytest.mark.parametrize("name", [SD15, EMBEDDED])
def test_seed_held_out_and_patience_are_the_persons(name: str) -> None:
    chosen = LearningSettings(steps=7, frames=1, references=2, pose_rate=0.5, seed=3, held_out=2, patience=5)
    settings = RECIPES[name].learning.apply_to(chosen)
    assert (settings.seed, settings.held_out, settings.patience) == (3, 2, 5)
    own = RECIPES[name].learning.settings
    assert (settings.steps, settings.frames, settings.references, settings.pose_rate) == (
        own.steps,
        own.frames,
        own.references,
        own.pose_rate,
    )


@pytest.mark.parametrize(("preset", "backbone"), [(SD15, EMBEDDED), (EMBEDDED, SD15)])
def test_preset_for_another_backbone_is_refused_by_name(preset: str, backbone: str) -> None:
    check_preset(backbone, backbone)
    check_preset(CUSTOM, backbone)
    with pytest.raises(ValueError, match=f"preset: wanted {backbone} or custom, got {preset}"):
        check_preset(preset, backbone)
