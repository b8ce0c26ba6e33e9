"""Nothing that was learned is lost, and nothing is learned twice."""

from __future__ import annotations

import errno
import os
import random
import signal
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import comfy.model_management
import folder_paths
import pytest
import torch
from comfy.model_patcher import ModelPatcher
from torch import Tensor

from mvcustom.mvcustom_core.backbone.recipe import EMBEDDED, SD15
from mvcustom.mvcustom_core.concept.learning.state import LearningState, StepReport, load_finished, load_learning, save_learning
from mvcustom.nodes.bridge.learning import inputs as inputs_file
from mvcustom.nodes.bridge.learning import run as run_file
from mvcustom.nodes.bridge.learning import store as store_file
from mvcustom.nodes.bridge.learning.denoiser import ComfyDenoiser, ConceptWords, Economy
from mvcustom.nodes.bridge.learning.inputs import Backbone, digest_inputs
from mvcustom.nodes.bridge.learning.run import Learned
from mvcustom.nodes.bridge.learning.store import LearningStore
from mvcustom.tests.bridge_layer.learning.runs import (
    OPTIONS,
    WORDS,
    assert_same,
    learn,
    make_pictures,
    settings_for,
    stop_after,
)
from mvcustom.tests.forked import run_until_killed
from mvcustom.tests.host.embedded import load_once, make_scoped

Interrupted = comfy.model_management.InterruptProcessingException
STEPS = 4
UNDISTURBED: dict[str, Learned] = {}

pytestmark = pytest.mark.usefixtures("quick_preview", "copied_once")


@pytest.fixture
def elsewhere(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Learned]:
    """Learns undisturbed, with nothing kept before, and keeps nothing."""

    def run(**changes: Any) -> Learned:
        key = repr(sorted(changes.items()))
        if key not in UNDISTURBED:
            with monkeypatch.context() as patch:
                patch.setattr(folder_paths, "output_directory", str(tmp_path_factory.mktemp("elsewhere")))
                UNDISTURBED[key] = learn(**changes)
        return UNDISTURBED[key]

    return run


@pytest.fixture
def updates(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The updates that a run shows."""
    seen: list[int] = []
    monkeypatch.setattr(comfy.utils, "PROGRESS_BAR_HOOK", lambda value, *_, **__: seen.append(value))
    return seen


def fail_in_call(monkeypatch: pytest.MonkeyPatch, number: int, fail: Callable[[Tensor], Tensor]) -> None:
    """Change what the backbone predicts in one of its calls. An update has two, with the subject and without it."""
    calls: list[int] = []
    predict = ComfyDenoiser.predict

    def patched(self: ComfyDenoiser, *args: Any) -> Tensor:
        calls.append(1)
        predicted = predict(self, *args)
        return fail(predicted) if len(calls) == number else predicted

    monkeypatch.setattr(ComfyDenoiser, "predict", patched)


# A finished run


def test_a_finished_concept_is_not_learned_again(monkeypatch: pytest.MonkeyPatch, folder: Path, quick_preview: Callable[..., Tensor]):
    monkeypatch.setattr(run_file, "draw_preview", quick_preview)
    first = learn(held_out=1)
    (kept,) = folder.iterdir()
    assert kept.suffix == ".finished" and "was learned before" not in first.notes and f"{folder} keeps 1 finished" in first.notes
    for name in ("ComfyDenoiser", "encode_photographs", "Learner"):
        monkeypatch.setattr(run_file, name, None)  # nothing of it is needed
    copied = replace(OPTIONS, node="another id", preview_every=7, economy=Economy(checkpointing=True))
    second = learn(held_out=1, options=copied)
    assert_same(first, second)
    assert "was learned before (2 updates" in second.notes and "nothing was learned again" in second.notes


def test_relearn_starts_over(folder: Path, updates: list[int]):
    first = learn()
    updates.clear()
    second = learn(options=replace(OPTIONS, relearn=True))
    assert updates == [1, 2] and "since relearn is on" in second.notes
    assert_same(first, second)
    assert len(list(folder.iterdir())) == 1


def test_more_steps_go_on_from_a_finished_run(updates: list[int], elsewhere: Callable[..., Learned], folder: Path):
    whole = elsewhere(steps=STEPS, held_out=1)
    learn(steps=2, held_out=1)
    updates.clear()
    more = learn(steps=STEPS, held_out=1)
    assert updates == [3, 4] and "Went on from update 2, which was kept." in more.notes
    assert_same(whole, more)
    assert sorted(path.suffix for path in folder.iterdir()) == [".finished", ".finished"]


def test_the_cosine_schedule_starts_anew_for_other_steps(updates: list[int], elsewhere: Callable[..., Learned]):
    whole = elsewhere(steps=3, schedule="cosine")
    learn(steps=2, schedule="cosine")
    updates.clear()
    more = learn(steps=3, schedule="cosine")
    assert (
        updates == [1, 2, 3] and "runs of 2 steps are kept, but for 3 steps the cosine schedule gives all updates other rates" in more.notes
    )
    assert_same(whole, more)


def test_rendering_steps_of_the_cosine_schedule_count_for_other_steps(
    monkeypatch: pytest.MonkeyPatch, updates: list[int], elsewhere: Callable[..., Learned]
):
    changes = {"schedule": "cosine", "rendering_steps": 2}
    whole = elsewhere(steps=4, **changes)
    with monkeypatch.context() as patch:
        stop_after(patch, 2)
        with pytest.raises(Interrupted):
            learn(steps=3, **changes)
    updates.clear()
    assert_same(whole, learn(steps=4, **changes))
    assert updates == [3, 4]


def test_fewer_steps_leave_a_longer_run_alone(monkeypatch: pytest.MonkeyPatch, folder: Path, updates: list[int]):
    with monkeypatch.context() as patch:
        stop_after(patch, 3)
        with pytest.raises(Interrupted):
            learn(steps=STEPS)
    updates.clear()
    shorter = learn(steps=2)
    assert updates == [1, 2] and "runs of 4 steps are kept, but for 2 steps those have gone further" in shorter.notes
    learn(steps=STEPS)
    assert updates == [1, 2, 4] and sorted(path.suffix for path in folder.iterdir()) == [".finished", ".finished"]


def test_a_finished_run_that_cannot_be_kept_is_still_returned(monkeypatch: pytest.MonkeyPatch, folder: Path):
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(store_file, "save_finished", full)
    learned = learn(steps=1)
    assert "could not be kept in" in learned.notes and "No space left on device" in learned.notes
    (state,) = folder.iterdir()
    assert state.suffix == ".state"


# What is the same run


def digest_with(**changes: Any) -> str:
    once = load_once()
    backbone = Backbone(changes.get("model", once[0]), changes.get("clip", once[1]), changes.get("vae", once[2]))
    pictures = replace(make_pictures(), **changes.get("pictures", {}))
    settings = settings_for(**{"steps": 2, **changes.get("settings", {})})
    options = replace(OPTIONS, **changes.get("options", {}))
    return digest_inputs(backbone, pictures, changes.get("words", WORDS), settings, options)[0]


def with_lora(strength: float) -> ModelPatcher:
    model, key = load_once()[0].clone(), "diffusion_model.input_blocks.0.0.weight"
    model.add_patches({key: ("diff", (torch.full(model.model.state_dict()[key].shape, 0.1),))}, strength)
    return model


def with_last_layer(layer: int) -> Any:
    clip = load_once()[1].clone()
    clip.clip_layer(layer)
    return clip


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fingerprints are taken once of each object."""
    for name in ("fingerprint_model", "fingerprint_clip", "fingerprint_vae"):
        monkeypatch.setattr(inputs_file, name, lru_cache(getattr(inputs_file, name)))


def test_whatever_changes_the_result_makes_another_run(known: None):
    given = make_pictures()
    image, mask, w2c = given.images.clone(), given.masks.clone(), given.cameras.w2c.clone()
    image[2, 3, 4, 1] += 0.1
    mask[1, 0, 0] = 1
    w2c[0, 0, 3] += 1e-4
    changes: list[dict[str, Any]] = [
        {},
        {"model": with_lora(1.0)},
        {"model": with_lora(0.5)},
        {"model": make_scoped(load_once()[0].get_attachment("mvcustom_motion").scopes[0])},
        {"clip": with_last_layer(-2)},
        {"pictures": {"images": image}},
        {"pictures": {"masks": mask}},
        {"pictures": {"masks": None}},
        {"pictures": {"cameras": replace(given.cameras, w2c=w2c)}},
        {"pictures": {"class_images": given.images}},
        {"words": replace(WORDS, token="<w*>")},
        {"words": replace(WORDS, class_word="bear")},
        *({"settings": change} for change in ({"seed": 1}, {"pose_rate": 1e-3}, {"schedule": "cosine"}, {"held_out": 1}, {"patience": 1})),
        *({"options": change} for change in ({"warm_start": True}, {"economy": Economy(bfloat16=True)})),
    ]
    assert len({digest_with(**change) for change in changes}) == len(changes)


def test_what_does_not_change_the_result_makes_no_other_run(known: None):
    same = [
        {"settings": {"steps": 9}},
        {"options": {"preview_every": 3, "node": "5", "relearn": True, "economy": Economy(checkpointing=True)}},
    ]
    assert {digest_with(**change) for change in same} == {digest_with()}


def test_words_that_the_embedded_backbone_has_not_learned_are_reported(folder: Path):
    assert "has not learned 'teddy' 'bear'" in learn(steps=1).notes
    assert ConceptWords("<v*>", "striped box").describe_unknown(EMBEDDED) == ""
    assert ConceptWords("<v*>", "teddy bear").describe_unknown(SD15) == "", "what a checkpoint knows is not known"


def test_white_masks_are_no_masks(folder: Path):
    given = make_pictures()
    without = learn(steps=1, pictures=replace(given, masks=None))
    white = learn(steps=1, pictures=replace(given, masks=torch.ones_like(given.masks)))
    assert "white all over" in white.notes and "white all over" not in without.notes
    assert white.concept.masks is None and len(list(folder.iterdir())) == 1
    assert torch.equal(white.concept.token, without.concept.token)


# A run that is stopped


def test_a_cancelled_run_goes_on_to_the_same_bits(
    monkeypatch: pytest.MonkeyPatch, folder: Path, updates: list[int], elsewhere: Callable[..., Learned]
):
    changes = {"steps": STEPS, "held_out": 1, "schedule": "cosine"}
    whole = elsewhere(**changes)
    with monkeypatch.context() as patch:
        stop_after(patch, step := random.randrange(1, STEPS))
        with pytest.raises(Interrupted):
            learn(**changes)
    (state,) = folder.iterdir()
    assert state.suffix == ".state" and load_learning(state).step == step
    updates.clear()
    again = learn(**changes)
    assert updates[0] == step + 1 and f"Went on from update {step}, which was kept." in again.notes
    assert [path.suffix for path in folder.iterdir()] == [".finished"]
    assert_same(whole, again)


def test_another_run_does_not_touch_an_unfinished_one(monkeypatch: pytest.MonkeyPatch, folder: Path):
    with monkeypatch.context() as patch:
        stop_after(patch, 1)
        with pytest.raises(Interrupted):
            learn(steps=3)
    (state,) = folder.iterdir()
    kept = state.read_bytes()
    learn(steps=1, seed=1)
    assert state.read_bytes() == kept


def test_a_killed_run_goes_on_to_the_same_bits(
    monkeypatch: pytest.MonkeyPatch, folder: Path, updates: list[int], elsewhere: Callable[..., Learned]
):
    whole, last = elsewhere(steps=STEPS, held_out=1), random.randrange(2, STEPS + 1)
    with monkeypatch.context() as patch:
        patch.setattr(store_file, "SAVE_EVERY", 0.0)
        patch.setattr(store_file, "SAVE_SHARE", float("inf"))
        patch.setattr(comfy.utils, "PROGRESS_BAR_HOOK", lambda value, *_, **__: value == last and os.kill(os.getpid(), signal.SIGKILL))
        run_until_killed(lambda: learn(steps=STEPS, held_out=1))
    (state,) = folder.iterdir()
    assert load_learning(state).step == last - 1, "the update in which it was killed is all that is lost"
    updates.clear()
    assert_same(whole, learn(steps=STEPS, held_out=1))
    assert updates[0] == last


def test_running_out_of_memory_keeps_the_run(monkeypatch: pytest.MonkeyPatch, folder: Path, elsewhere: Callable[..., Learned]):
    def run_out(_: Tensor) -> Tensor:
        raise RuntimeError("the device failed")

    whole = elsewhere(steps=2)
    with monkeypatch.context() as patch:
        fail_in_call(patch, 3, run_out)  # in the second update
        with pytest.raises(RuntimeError, match="the device failed"):
            learn(steps=2)
    (state,) = folder.iterdir()
    assert load_learning(state).step == 1
    assert_same(whole, learn(steps=2))


def test_failing_to_draw_the_results_keeps_all_updates(monkeypatch: pytest.MonkeyPatch, folder: Path, updates: list[int]):
    with monkeypatch.context() as patch:
        patch.setattr(run_file, "draw_held_out", None)
        with pytest.raises(TypeError):
            learn(steps=2)
    (state,) = folder.iterdir()
    assert load_learning(state).step == 2
    updates.clear()
    learn(steps=2)
    assert not updates, "nothing was left to learn"


def test_numbers_that_are_not_finite_do_not_replace_a_good_state(
    monkeypatch: pytest.MonkeyPatch, folder: Path, elsewhere: Callable[..., Learned]
):
    whole = elsewhere(steps=2)
    with monkeypatch.context() as patch:
        fail_in_call(patch, 3, lambda predicted: predicted * float("nan"))  # in the second update
        with pytest.raises(ValueError, match="wanted .*finite .*at step 2"):
            learn(steps=2)
    (state,) = folder.iterdir()
    assert load_learning(state).step == 1 and load_learning(state).is_finite
    assert_same(whole, learn(steps=2))


def test_a_state_that_is_not_finite_is_not_written(folder: Path):
    def make_learner(value: float) -> Any:
        report = StepReport(1, 1.0, {}, 1.0, 1.0)
        return type("Learner", (), {"state": LearningState({"a": torch.tensor([value])}, torch.zeros(1, 2), {}, (report,))})()

    store = LearningStore("key", settings_for(2))
    for value in (1.0, float("nan"), float("inf")):
        store.save(make_learner(value))
    assert load_learning(store.unfinished).pose["a"] == 1.0


def test_writing_takes_little_of_the_time(monkeypatch: pytest.MonkeyPatch):
    clock, saved = [0.0], []
    monkeypatch.setattr(store_file.time, "monotonic", lambda: clock[0])

    def save(*_: Any) -> None:
        clock[0] += 2.0  # seconds that writing takes
        saved.append(clock[0])

    monkeypatch.setattr(store_file, "save_learning", save)
    learner = type("Learner", (), {"state": LearningState({}, torch.zeros(1, 2), {}, ())})()
    store = LearningStore("key", settings_for(2))
    while clock[0] < 1000:
        clock[0] += 5.0
        store.save_if_due(learner)
    assert saved[0] < 40 and 2.0 * len(saved) < 0.02 * clock[0]


# The folder


def test_the_longest_unused_go_first_and_unfinished_runs_stay(monkeypatch: pytest.MonkeyPatch, folder: Path):
    learn(steps=1)
    (used,) = folder.iterdir()
    run = load_finished(used)
    stores = [LearningStore(name, settings_for(1)) for name in "abcd"]
    for age, store in enumerate(stores[:3]):
        store.finish(run)
        os.utime(store.finished, (1000.0 + age, 1000.0 + age))
    os.utime(used, (900.0, 900.0))
    learn(steps=1)  # used, and so the youngest
    (folder / "old.state").write_bytes(b"of an earlier version")
    monkeypatch.setattr(store_file, "KEPT_BYTES", 3.5 * used.stat().st_size)
    stores[3].finish(run)
    assert sorted(path.name for path in folder.iterdir()) == sorted([used.name, "c-1.finished", "d-1.finished", "old.state"])
    assert [text.split(",")[0] for text in stores[3].notes] == ["b-1.finished", "a-1.finished"] and not stores[2].notes
    assert "unused for longest, was deleted to stay below" in stores[3].notes[0]
    monkeypatch.setattr(store_file, "KEPT_BYTES", 0)
    stores[0].finish(run)
    assert [path.name for path in folder.glob("*.finished")] == ["a-1.finished"], "the last one is kept, however large it is"


@pytest.mark.parametrize("suffix", [".state", ".finished"])
def test_a_damaged_file_is_named_and_relearn_replaces_it(monkeypatch: pytest.MonkeyPatch, folder: Path, suffix: str):
    with monkeypatch.context() as patch:
        stop_after(patch, 1 if suffix == ".state" else 0)
        try:
            learn()
        except Interrupted:
            assert suffix == ".state"
    (path,) = folder.iterdir()
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ValueError, match=f"finished run kept in {path} cannot be read .*delete it, or turn on relearn"):
        learn()
    learn(options=replace(OPTIONS, relearn=True))
    (path,) = folder.iterdir()
    assert load_finished(path).state.step == 2


def test_a_state_without_its_parts_is_named(tmp_path: Path):
    path = tmp_path / "a.state"
    save_learning(path, LearningState({}, torch.zeros(1, 2), {}, ()))
    with pytest.raises(ValueError, match="a.state: wanted a file of kind mvcustom-learned, got mvcustom-learning"):
        load_finished(path)


def test_a_folder_that_cannot_be_written_is_found_before_learning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "mvcustom").write_text("a file where the folder should be")
    monkeypatch.setattr(ComfyDenoiser, "predict", None)
    with pytest.raises(OSError, match="learning: wanted to keep the unfinished run in .*free space there or allow writing"):
        learn()


def test_a_full_disk_is_named_and_the_last_state_stays(monkeypatch: pytest.MonkeyPatch, folder: Path):
    with monkeypatch.context() as patch:
        stop_after(patch, 1)
        with pytest.raises(Interrupted):
            learn(steps=3)
    (state,) = folder.iterdir()

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    stop_after(monkeypatch, 2)
    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="free space there or allow writing") as caught:
        learn(steps=3)
    assert "No space left on device" in str(caught.value)
    assert [entry.name for entry in folder.iterdir()] == [state.name] and load_learning(state).step == 1
