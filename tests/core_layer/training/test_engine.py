"""The training loop: processes, checkpoints, what is refused, and that updates alone decide what is computed."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from mvcustom.tests.core_layer.training import toy
from mvcustom.tests.core_layer.training.toy import EXAMPLES, SETTINGS, Toy
from mvcustom.tests.forked import run_until_killed
from mvcustom.training.engine.checkpoint import Checkpoints
from mvcustom.training.engine.loop import run_stage
from mvcustom.training.engine.order import ExampleLine, Share
from mvcustom.training.engine.processes import launch
from mvcustom.training.engine.settings import LoopSettings, Schedule
from mvcustom.training.engine.stage import Losses

PROGRAM = Path(toy.__file__)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run without interruption."""
    folder = tmp_path_factory.mktemp("whole")
    run_stage(Toy(), SETTINGS, folder)
    return folder


def read_lines(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "toy.jsonl").read_text(encoding="utf-8").splitlines()]


def test_two_processes_with_a_batch_equal_one_with_twice_the_batch(tmp_path: Path) -> None:
    assert launch(PROGRAM, [str(tmp_path), "--updates", "5", "--batch", "2"], 2) == 0
    one = Toy()
    alone = run_stage(one, replace(SETTINGS, updates=5, batch=4), tmp_path / "alone")
    both = load_file(tmp_path / "toy.safetensors")
    torch.testing.assert_close(both, alone, rtol=1e-5, atol=1e-6)
    start = Toy().trained.state_dict()
    assert all((alone[name] - start[name]).abs().max() > 0.05 for name in alone)
    seen = [list(map(int, (tmp_path / f"seen-{rank}.txt").read_text().split())) for rank in (0, 1)]
    assert not set(seen[0][:4]) & set(seen[1][:4])  # of the first epoch, whose last two examples begin the third update
    assert sorted(seen[0] + seen[1]) == sorted(one.seen)


def test_accumulated_passes_equal_one_pass_of_all_their_examples(tmp_path: Path, whole: Path) -> None:
    accumulated = run_stage(Toy(), replace(SETTINGS, batch=1, accumulation=2), tmp_path)
    torch.testing.assert_close(accumulated, load_file(whole / "toy.safetensors"), rtol=1e-5, atol=1e-6)


def test_processes_that_draw_ahead_change_nothing(tmp_path: Path, whole: Path) -> None:
    ahead = run_stage(Toy(), replace(SETTINGS, workers=1), tmp_path)
    here = load_file(whole / "toy.safetensors")
    assert all(torch.equal(ahead[name], here[name]) for name in here)


@pytest.mark.parametrize("passes", [1, 3])
def test_four_processes_cover_an_epoch_without_overlap(passes: int) -> None:
    line, batch = ExampleLine(toy.Points(4 * 2 * 3 * 5), seed=5), 2
    drawn = []
    for process in range(4):
        positions = Share(process, 4, batch, passes).positions(first_update=0)
        drawn.append({line.find_index(position) for _ in range(3 * 5) for position in next(positions)})
    assert all(len(own) == 3 * 5 * batch for own in drawn)
    assert set.union(*drawn) == set(range(len(line.examples)))


def test_each_epoch_has_an_order_of_its_own() -> None:
    line = ExampleLine(toy.Points(50), seed=1)
    orders = [[line.find_index(epoch * 50 + place) for place in range(50)] for epoch in range(3)]
    assert all(sorted(order) == list(range(50)) for order in orders)
    assert len({tuple(order) for order in orders}) == 3
    again = ExampleLine(toy.Points(50), seed=2)
    assert [again.find_index(place) for place in range(50)] != orders[0]


def test_a_killed_run_ends_bit_for_bit_as_one_that_was_not(tmp_path: Path, whole: Path) -> None:
    fatal = random.randrange(5, SETTINGS.updates)
    run_until_killed(lambda: run_stage(Toy(wound=toy.kill_at(fatal)), SETTINGS, tmp_path))
    assert not (tmp_path / "toy.safetensors").exists()
    resumed = Toy()
    run_stage(resumed, SETTINGS, tmp_path)
    assert len(resumed.seen) == 2 * (SETTINGS.updates - fatal // SETTINGS.save_every * SETTINGS.save_every)
    ours, theirs = (load_file(folder / "toy.safetensors") for folder in (tmp_path, whole))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    told = [[{**line, "seconds": 0} for line in read_lines(folder)] for folder in (tmp_path, whole)]
    assert told[0] == told[1]


def test_of_a_truncated_newest_checkpoint_the_one_before_is_taken_and_that_is_said(
    tmp_path: Path, whole: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run_stage(Toy(), SETTINGS, tmp_path)
    newest = tmp_path / "toy" / f"update-{SETTINGS.updates:08d}" / "trained.safetensors"
    newest.write_bytes(newest.read_bytes()[:-100])
    again = Toy()
    with caplog.at_level("INFO"):
        run_stage(again, SETTINGS, tmp_path)
    assert "update-00000012 is not whole (trained.safetensors: wanted" in caplog.text
    assert "resumed at update 8" in caplog.text and len(again.seen) == 2 * 4
    ours, theirs = (load_file(folder / "toy.safetensors") for folder in (tmp_path, whole))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_a_checkpoint_holds_what_is_trained_and_the_newest_are_kept(whole: Path) -> None:
    assert sorted(path.name for path in (whole / "toy").iterdir()) == ["last.json", "update-00000008", "update-00000012"]
    assert json.loads((whole / "toy" / "last.json").read_text())["last"] == "update-00000012"
    kept = load_file(whole / "toy" / "update-00000012" / "trained.safetensors")
    assert set(kept) == {f"{kind}/trained.{name}" for kind in ("weight", "ema") for name in Toy().trained.state_dict()}
    assert any(not torch.equal(kept[f"weight/trained.{name}"], kept[f"ema/trained.{name}"]) for name in Toy().trained.state_dict())


FAILING = """
import os, time
if os.environ["RANK"] == "1":
    raise ValueError("this process has had enough")
time.sleep(600)
"""


def test_a_process_that_fails_ends_the_others_with_its_message(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "failing.py").write_text(FAILING, encoding="utf-8")
    assert launch(tmp_path / "failing.py", [], 2) == 1
    said = capfd.readouterr().err
    assert "this process has had enough" in said
    assert "training: process 1 of 2 failed (its message stands above); the others were ended" in said


def test_a_full_disk_keeps_the_last_good_checkpoint(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, keep=1)
    checkpoints.write(3, {"of": "three"}, lambda part: (part / "weights").write_bytes(b"whole"))

    def fill(part: Path) -> None:
        (part / "weights").write_bytes(b"ha")
        raise OSError(28, "No space left on device")

    with pytest.raises(ValueError, match=r"No space left on device.*the last good one is update-00000003; make room"):
        checkpoints.write(6, {}, fill)
    found = checkpoints.find_last()
    assert found.update == 3 and found.about == {"of": "three"} and (found.folder / "weights").read_bytes() == b"whole"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["last.json", "update-00000003"]


def test_what_a_kill_leaves_half_written_is_no_checkpoint(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, keep=2)
    checkpoints.write(3, {}, lambda part: (part / "weights").write_bytes(b"whole"))
    half = tmp_path / "update-00000006.part"
    half.mkdir()
    (half / "weights").write_bytes(b"ha")
    assert checkpoints.find_last().update == 3
    checkpoints.write(6, {}, lambda part: (part / "weights").write_bytes(b"half no more"))
    assert checkpoints.find_last().update == 6 and not half.exists()


def test_where_no_checkpoint_is_whole_nothing_is_trained_over(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, keep=2)
    checkpoints.write(3, {}, lambda part: (part / "weights").write_bytes(b"whole"))
    (tmp_path / "update-00000003" / "weights").write_bytes(b"")
    with pytest.raises(ValueError, match="none in .* is whole; delete that folder"):
        checkpoints.find_last()


@pytest.mark.parametrize(
    ("count", "changes", "said"),
    [
        (EXAMPLES, {"learning_rate": 0.04}, "learning_rate was 0.05, is 0.04"),
        (EXAMPLES, {"batch": 3}, "examples an update was 2, is 3"),
        (EXAMPLES + 1, {}, "data was 10 examples, is 11 examples"),
    ],
)
def test_a_checkpoint_of_other_data_or_settings_is_refused(tmp_path: Path, count: int, changes: dict, said: str) -> None:
    run_stage(Toy(), replace(SETTINGS, updates=4), tmp_path)
    with pytest.raises(ValueError, match=f"{said}; choose another --output, or add --continue-anyway"):
        run_stage(Toy(count), replace(SETTINGS, **changes), tmp_path)
    allowed = Toy(count)
    run_stage(allowed, replace(SETTINGS, **changes, continue_anyway=True), tmp_path)
    assert len(allowed.seen) == 8 * changes.get("batch", 2)


def test_more_updates_continue_a_run_that_had_ended(tmp_path: Path, whole: Path) -> None:
    constant = replace(SETTINGS, cooldown=0.0)
    run_stage(Toy(), replace(constant, updates=4), tmp_path / "parts")
    parts = run_stage(Toy(), constant, tmp_path / "parts")
    at_once = run_stage(Toy(), constant, tmp_path / "at once")
    assert all(torch.equal(parts[name], at_once[name]) for name in at_once)
    assert not torch.equal(toy.weights_after(parts), toy.weights_after(load_file(whole / "toy.safetensors")))


class TooLarge(Toy):
    def forward(self, batch: dict) -> Losses:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 3 GiB\nmore")


class Diverging(Toy):
    def forward(self, batch: dict) -> Losses:
        loss, parts = super().forward(batch)
        return loss * torch.inf, {"loss": loss.detach() * torch.inf}


def test_a_batch_that_does_not_fit_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(ValueError) as raised:
        run_stage(TooLarge(), SETTINGS, tmp_path)
    assert "wanted 2 examples at once" in str(raised.value) and "smaller --batch" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_loss_that_is_no_number_ends_the_run_before_it_is_saved(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="loss: wanted a number, got none at update 2"):
        run_stage(Diverging(), SETTINGS, tmp_path)
    assert Checkpoints(tmp_path / "toy", 2).find_last() is None


def test_minutes_end_a_run_early_and_the_schedule_knows(tmp_path: Path) -> None:
    run_stage(Toy(), replace(SETTINGS, updates=10**6, minutes=0.02, save_every=10**5, report_every=1), tmp_path)
    lines = read_lines(tmp_path)
    told = next(line for line in lines if line.get("event", "").startswith("minutes"))
    assert lines[-1]["update"] == told["ends"] < 10**6
    assert "end, by --minutes, before the 1000000 updates that were planned" in lines[-1]["event"]
    schedule = Schedule(**Checkpoints(tmp_path / "toy", 2).find_last().about["schedule"])
    assert schedule.ends == told["ends"] and schedule.falls == told["update"]
    last = [line for line in lines if "rate" in line][-1]
    assert last["rate"] == pytest.approx(SETTINGS.learning_rate * schedule.rate(last["update"] - 1))


def test_the_rate_rises_stays_and_falls() -> None:
    schedule = Schedule.plan(LoopSettings(updates=100, learning_rate=1.0, warmup=10, cooldown=0.3))
    assert [schedule.rate(update) for update in (0, 4, 9, 50, 70, 85, 99)] == pytest.approx([0.1, 0.5, 1, 1, 1, 0.5, 1 / 30])
    early = schedule.end_early(40, 20)
    assert early.ends == 60 and [early.rate(update) for update in (40, 50, 59)] == pytest.approx([1, 0.5, 0.05])
    assert schedule.end_early(80, 5) == schedule and schedule.end_early(40, 90) == schedule


@pytest.mark.parametrize("changes", [{"updates": 0}, {"batch": 0}, {"minutes": 0}, {"cooldown": 2}])
def test_settings_that_mean_nothing_are_refused(changes: dict) -> None:
    with pytest.raises(ValueError, match="wanted"):
        replace(SETTINGS, **changes)
