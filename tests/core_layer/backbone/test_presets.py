"""What a user's choices make of the settings that motion modules were trained with."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mvcustom.mvcustom_core.backbone.attention import Scope
from mvcustom.mvcustom_core.backbone.motion import MotionSettings
from mvcustom.mvcustom_core.backbone.presets import AS_PRESET, LEVEL_SCOPES, SCOPE_PRESETS, MotionChoices

TRAINED = MotionSettings(scopes=(Scope(5), Scope(3), Scope(None), Scope(1)), norm_mode="cross_frame", beta_schedule="scaled_linear")
DENSE = Scope(None)


def test_by_default_everything_is_as_trained() -> None:
    assert MotionChoices().apply_to(TRAINED) == TRAINED


@pytest.mark.parametrize(
    ("preset", "scopes"),
    [
        ("AnimateDiff (1x1)", (Scope(1),) * 4),
        ("balanced (dense up to 32, 9x9 at 64)", (Scope(9), DENSE, DENSE, DENSE)),
        ("dense", (DENSE,) * 4),
        ("trajectory (with the Depth-Aware Render Hook)", (Scope(1, trajectory=True),) * 4),
    ],
)
def test_presets(preset: str, scopes: tuple[Scope, ...]) -> None:
    assert MotionChoices(preset).apply_to(TRAINED) == replace(TRAINED, scopes=scopes)
    assert len(SCOPE_PRESETS) == 4


def test_levels_overrule_the_preset() -> None:
    choices = MotionChoices("dense", ("17", AS_PRESET, "1", AS_PRESET))
    assert choices.apply_to(TRAINED).scopes == (Scope(17), DENSE, Scope(1), DENSE)
    assert replace(choices, scope="as trained").apply_to(TRAINED).scopes == (Scope(17), Scope(3), Scope(1), Scope(1))
    assert all(MotionChoices(levels=(text,) * 4).apply_to(TRAINED).scopes == (Scope.from_text(text),) * 4 for text in LEVEL_SCOPES)


def test_conventions() -> None:
    choices = MotionChoices(norm_mode="per_frame", entropy_correction="on", beta_schedule="sqrt_linear (AnimateDiff)")
    assert choices.apply_to(TRAINED) == replace(TRAINED, norm_mode="per_frame", entropy_correction=True, beta_schedule="linear")
    off = MotionChoices(entropy_correction="off", beta_schedule="linear (Stable Diffusion, AnimateLCM)")
    changed = off.apply_to(replace(TRAINED, entropy_correction=True, beta_schedule="linear"))
    assert not changed.entropy_correction and changed.beta_schedule == "scaled_linear"


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        (MotionChoices("huge"), "scope: wanted as trained or one of AnimateDiff .*got 'huge'"),
        (MotionChoices(levels=("4",) + (AS_PRESET,) * 3), "odd window"),
        (MotionChoices(norm_mode="none"), "per_frame, cross_frame, got 'none'"),
        (MotionChoices(entropy_correction="maybe"), "entropy correction: wanted as trained or one of on, off"),
        (MotionChoices(beta_schedule="cosine"), "beta schedule: wanted as trained or one of sqrt_linear"),
        (MotionChoices(levels=("1",)), "modules of 1 levels, got 4"),
    ],
)
def test_other_choices_are_refused(choices: MotionChoices, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        choices.apply_to(TRAINED)
