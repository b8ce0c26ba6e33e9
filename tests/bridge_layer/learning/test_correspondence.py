"""Learn Concept with matched photographs: the loss is learned from, named in report and settings, and without weight nothing changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import comfy.model_management
import folder_paths
import pytest
import torch
from torch import Tensor

from mvcustom.mvcustom_core.capture import solving
from mvcustom.mvcustom_core.concept.learning.losses import LossWeights
from mvcustom.nodes.bridge.host.fingerprint import digest_parts, fingerprint_clip, fingerprint_model, fingerprint_vae
from mvcustom.nodes.bridge.learning.inputs import RECIPE, Backbone, digest_inputs
from mvcustom.nodes.bridge.learning.preset import Choices, describe_choices
from mvcustom.nodes.bridge.photographs import matching
from mvcustom.tests.bridge_layer.learning.runs import OPTIONS, PHOTOGRAPHS, WORDS, learn, make_pictures, settings_for, stop_after
from mvcustom.tests.host.embedded import load_once

ON = LossWeights(correspondence=0.25)


pytestmark = pytest.mark.usefixtures("quick_preview", "copied_once")


@pytest.fixture(autouse=True)
def temp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_paths, "temp_directory", str(tmp_path / "temp"))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What features were looked for in. Every photograph shows the origin in its middle, and a point beside it where its camera says."""
    calls: list[tuple[Any, ...]] = []

    def match(images: Tensor, path: Path, progress: Any, masks: Tensor | None) -> dict[tuple[int, int], Tensor]:
        calls.append((images.shape, path.is_dir(), None if masks is None else masks.shape))
        cameras = make_pictures().cameras
        points = 0.1 * torch.rand(20, 3, generator=torch.Generator().manual_seed(1))
        local = [cameras.K[i] @ (cameras.w2c[i, :3, :3] @ points.T + cameras.w2c[i, :3, 3:]) for i in range(PHOTOGRAPHS)]
        pixels = [(each[:2] / each[2]).T for each in local]
        return {(i, j): torch.cat([pixels[i], pixels[j]], 1) for j in range(PHOTOGRAPHS) for i in range(j)}

    monkeypatch.setattr(matching, "match_pictures", match)
    return calls


def digest(**changes: Any) -> str:
    backbone = Backbone(*load_once())
    with torch.inference_mode():
        return digest_inputs(backbone, make_pictures(), WORDS, settings_for(2, **changes), OPTIONS)[0]


def test_photographs_are_matched_once_and_learned_from(asked: list[tuple[Any, ...]]) -> None:
    learned = learn(weights=ON)
    assert asked == [((PHOTOGRAPHS, 3, 64, 64), True, (PHOTOGRAPHS, 1, 64, 64))]
    assert all(0 < loss < 6 for loss in learned.losses["correspondence"])
    assert "200 matched features of the photographs held the pose blocks' rays to the surface." in learned.notes
    again = learn(weights=ON)
    assert len(asked) == 1 and "was learned before" in again.notes


def test_a_run_that_goes_on_does_not_match_again(asked: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Matches are kept with a cancelled run, and go when it is finished."""
    stop_after(monkeypatch, 1)
    with pytest.raises(comfy.model_management.InterruptProcessingException):
        learn(weights=ON, steps=3)
    stop_after(monkeypatch, 0)
    kept = Path(folder_paths.get_output_directory(), "mvcustom", "learning")
    assert len(list(kept.glob("*.matches"))) == 1
    learned = learn(weights=ON, steps=3)
    assert len(asked) == 1 and "Went on from update" in learned.notes and "200 matched features" in learned.notes
    assert not list(kept.glob("*.matches"))


def test_without_weight_no_feature_is_looked_for(asked: list[tuple[Any, ...]]) -> None:
    assert "correspondence" not in learn().losses and not asked


def test_runs_without_the_weight_keep_their_names() -> None:
    """What was learned before there was such a weight is found: the digest is that of the parts that counted then."""
    model, clip, vae = load_once()
    pictures, settings = make_pictures(), settings_for(0)
    with torch.inference_mode():
        found = fingerprint_model(model), fingerprint_clip(clip), fingerprint_vae(vae)
    cameras = pictures.cameras
    shown = [pictures.images, pictures.masks, cameras.w2c, cameras.K, cameras.width, cameras.height, None]
    words = [token[0] for part in clip.tokenize(WORDS.caption)["l"] for token in part]
    chosen = repr((RECIPE, WORDS, settings, OPTIONS.warm_start, OPTIONS.economy.bfloat16))
    assert "correspondence" not in chosen
    assert digest() == digest_parts([*(each.digest for each in found), *shown, *words, chosen])
    assert len({digest(), digest(weights=ON), digest(weights=replace(ON, correspondence=0.5))}) == 3


def test_the_weight_is_among_the_settings_that_are_listed_only_if_it_counts() -> None:
    assert "correspondence" not in describe_choices(Choices("custom", settings_for(2), OPTIONS))
    assert describe_choices(Choices("custom", settings_for(2, weights=ON), OPTIONS)).endswith(", correspondence_weight 0.25.")


def test_photographs_that_do_not_match_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "match_pictures", lambda *_: {(0, 1): torch.tensor([[1.0, 1.0, 60.0, 50.0]])})
    with pytest.raises(ValueError, match="photographs: wanted features that match .*, got none; .* or set correspondence_weight to 0"):
        learn(weights=ON)


def test_a_missing_package_names_both_ways_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str) -> None:
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(solving.importlib, "import_module", fail)
    with pytest.raises(ValueError, match="pycolmap: wanted this optional package .*; or set correspondence_weight to 0"):
        learn(weights=ON)
