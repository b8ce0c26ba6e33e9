"""`dev.py evaluate`: what is kept, what is refused, what is made again and what is not."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from mvcustom.benchmarks import evaluate
from mvcustom.benchmarks.ablation import concepts as learning
from mvcustom.benchmarks.ablation import run, store
from mvcustom.benchmarks.ablation.cases import Task, list_tasks
from mvcustom.benchmarks.ablation.concepts import Concepts
from mvcustom.benchmarks.ablation.making import Made
from mvcustom.benchmarks.ablation.progress import Progress
from mvcustom.benchmarks.ablation.rungs import DENSE, RUNGS
from mvcustom.benchmarks.ablation.store import Store, hash_file

FACTS = {"weights": "abc", "weights_dense": None, "settings": {"steps": 20, "learning": {"steps": 300}}}
VIEWS = torch.zeros(2, 3, 4, 4)


class FakeTrial:
    """Makes black views and lists what it was asked for."""

    def __init__(self, task: Task, made: list[str], refuse: Callable[[str], None] = lambda name: None) -> None:
        words = SimpleNamespace(shape="cone")
        self.case = SimpleNamespace(task=task, words=words, prompt="a <v*> cone", anchor=1)
        self.made, self.refuse = made, refuse

    def make(self, rung: str) -> Made:
        name = f"{self.case.task.name} {rung}"
        self.refuse(name)
        self.made.append(name)
        return Made(VIEWS, 1.5)

    def judge(self, rung: str, views: Tensor) -> tuple[dict[str, float | None], list[str]]:
        return {"PSNR dB": 20.0, "TSED": None}, ["no pycolmap"]


class FakeConcepts:
    def __init__(self) -> None:
        self.learned: list[int] = []

    def is_known(self, seed: int) -> bool:
        return seed in self.learned

    def recall(self, seed: int) -> None:
        self.learned.append(seed)


def run_once(
    folder: Path, rungs: list[str], subjects: int = 1, refuse: Callable[[str], None] = lambda name: None
) -> tuple[list[str], list[str], list[int], list[str]]:
    """What was made, what failed, which concepts were learned, and the lines that were written."""
    made, lines, concepts = [], [], FakeConcepts()
    work = [(task, rungs) for task in list_tasks(subjects, 1, ("rotation",))]
    failed = run.run_pieces(work, Store(folder), concepts, lambda task: FakeTrial(task, made, refuse), lines.append)
    return made, failed, concepts.learned, lines


def test_what_is_finished_is_not_made_again(tmp_path: Path):
    made, failed, learned, lines = run_once(tmp_path, ["truth", "customised"], subjects=2)
    assert made == ["1000-0-rotation truth", "1000-0-rotation customised", "1001-0-rotation truth", "1001-0-rotation customised"]
    assert learned == [1000, 1001] and not failed
    assert sum("no pycolmap" in line for line in lines) == 1
    assert "6 of 6" in lines[-1] and "that was all" in lines[-1]
    assert run_once(tmp_path, ["truth", "customised"], subjects=2) == ([], [], [], [])
    made, _, learned, lines = run_once(tmp_path, ["truth", "frozen"], subjects=2)
    assert made == ["1000-0-rotation frozen", "1001-0-rotation frozen"] and not learned
    assert [line.split("  ")[3].split(",")[0] for line in lines if "note" not in line] == ["3 of 4", "4 of 4"]


def test_what_is_kept_is_what_was_agreed(tmp_path: Path):
    run_once(tmp_path, ["truth"])
    folder = tmp_path / "cases" / "1000-0-rotation"
    assert sorted(file.name for file in folder.iterdir()) == ["case.json", "truth.json", "truth.png"]
    assert json.loads((folder / "truth.json").read_text()) == {
        "seconds": 1.5, "figures": {"PSNR dB": 20.0, "TSED": None}, "notes": ["no pycolmap"],
    }  # fmt: skip
    facts = json.loads((folder / "case.json").read_text())
    assert facts == {
        "name": "1000-0-rotation", "subject": 1000, "shape": "cone", "prompt": "a <v*> cone", "trajectory": "rotation",
        "background": "near", "anchor": 1,
    }  # fmt: skip
    made = Store(tmp_path).recall_views("1000-0-rotation", "truth", 2)
    assert torch.equal(made.views, VIEWS) and made.seconds == 1.5


def test_an_interruption_loses_the_piece_under_way(tmp_path: Path):
    def interrupt(name: str) -> None:
        if name == "1001-0-rotation truth":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_once(tmp_path, ["truth", "frozen"], subjects=2, refuse=interrupt)
    assert run_once(tmp_path, ["truth", "frozen"], subjects=2)[0] == ["1001-0-rotation truth", "1001-0-rotation frozen"]


def test_a_rung_half_written_is_not_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def interrupt(path: Path, text: str) -> None:
        raise KeyboardInterrupt

    own = Store(tmp_path)
    (tmp_path / "cases" / "some").mkdir(parents=True)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(store, "_replace_text", interrupt)
        own.keep_rung("some", "truth", Made(VIEWS, None), {}, [])
    assert not own.is_finished("some", "truth")
    with pytest.raises(ValueError, match="Out of range float"):
        own.keep_rung("some", "truth", Made(VIEWS, None), {"PSNR dB": float("nan")}, [])
    assert not own.is_finished("some", "truth")


def test_what_cannot_be_made_is_told_and_tried_again(tmp_path: Path):
    def refuse(name: str) -> None:
        if name == "1000-0-rotation rendering":
            raise ValueError("no depth of the anchor")

    made, failed, _, lines = run_once(tmp_path, ["rendering", "completion"], refuse=refuse)
    assert made == ["1000-0-rotation completion"] and failed == ["1000-0-rotation rendering"]
    assert "1000-0-rotation  rendering  not made: ValueError, no depth of the anchor" in lines
    assert run_once(tmp_path, ["rendering", "completion"])[0] == ["1000-0-rotation rendering"]


def test_what_cannot_be_measured_does_not_stop_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def judge(self: FakeTrial, rung: str, views: Tensor) -> tuple[dict[str, float | None], list[str]]:
        if rung == "truth":
            raise RuntimeError("too few features")
        return {}, []

    monkeypatch.setattr(FakeTrial, "judge", judge)
    _, failed, _, lines = run_once(tmp_path, ["truth", "frozen"])
    assert failed == ["1000-0-rotation truth"] and "RuntimeError, too few features" in lines[0]
    assert Store(tmp_path).is_finished("1000-0-rotation", "frozen")


def test_a_store_keeps_to_its_run(tmp_path: Path):
    own = Store(tmp_path / "store")
    own.begin(FACTS)
    own.begin(FACTS)
    with pytest.raises(ValueError, match="steps 20, not 6.*--fresh"):
        own.begin(FACTS | {"settings": {"steps": 6, "learning": {"steps": 300}}})
    with pytest.raises(ValueError, match="steps 300, not 100"):
        own.begin(FACTS | {"settings": {"steps": 20, "learning": {"steps": 100}}})
    with pytest.raises(ValueError, match="weights abc, not def"):
        own.begin(FACTS | {"weights": "def"})


def test_modules_that_are_trained_later_join_a_store(tmp_path: Path):
    own = Store(tmp_path)
    own.begin(FACTS)
    own.begin(FACTS | {"weights_dense": "one"})
    own.begin(FACTS)
    with pytest.raises(ValueError, match="weights_dense one, not two"):
        own.begin(FACTS | {"weights_dense": "two"})


def test_cases_without_a_run_are_not_mixed_in(tmp_path: Path):
    run_once(tmp_path, ["truth"])
    with pytest.raises(ValueError, match="run.json beside the cases"):
        Store(tmp_path).begin(FACTS)


def test_setting_aside_loses_nothing(tmp_path: Path):
    own = Store(tmp_path / "store")
    assert own.set_aside() is None
    own.begin(FACTS)
    aside = own.set_aside()
    assert aside.name.startswith("store-until-") and (aside / "run.json").exists() and not own.folder.exists()


def test_a_concept_is_learned_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    calls: list[int] = []

    def measure(seed: int, settings: object, warm: bool) -> tuple[dict[str, float], str]:
        calls.append(seed)
        assert settings is learning.LEARNING and warm
        return {"IoU": 0.9}, f"concept {seed}"

    monkeypatch.setattr(learning, "measure_concept", measure)
    monkeypatch.setattr(learning, "save_concept", lambda path, concept: path.write_text(concept))
    monkeypatch.setattr(learning, "load_concept", lambda path: path.read_text())
    own = Concepts(tmp_path / "concepts", None)
    assert not own.is_known(1000) and own.recall(1000) == own.recall(1000) == "concept 1000" and own.is_known(1000)
    assert Concepts(tmp_path / "concepts", None).recall(1000) == "concept 1000" and calls == [1000]
    assert json.loads((tmp_path / "concepts" / "1000.json").read_text()) == {"IoU": 0.9}
    assert Concepts(tmp_path / "own", tmp_path / "concepts").recall(1000) == "concept 1000"
    with pytest.raises(ValueError, match="--concepts: wanted 1001.safetensors"):
        Concepts(tmp_path / "own", tmp_path / "concepts").recall(1001)


def test_the_rest_is_estimated_by_kind():
    lines: list[str] = []
    progress = Progress(["truth", "truth", "rendering", "rendering", "rendering"], 2, lines.append)
    assert progress.estimate() == 0
    progress.tell("a", "truth", 4.0)
    assert progress.estimate() == 4 * 4.0
    progress.tell("a", "rendering", 3600.0)
    assert progress.estimate() == 4.0 + 2 * 3600
    assert lines == ["a  truth  4.0 s  3 of 7, about 1 min left", "a  rendering  3600.0 s  4 of 7, about 2 h 1 min left"]


def parse(monkeypatch: pytest.MonkeyPatch, *words: str) -> argparse.Namespace:
    monkeypatch.setattr(sys, "argv", ["evaluate", *words])
    return evaluate.parse()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--rungs", "truth,nothing"), "wanted some of truth, decoded, blurred"),
        (("--trajectories", "spiral"), "got spiral"),
        (("--subjects", "17"), "invalid choice"),
        (("--prompts", "5"), "invalid choice"),
        (("--processes", "0"), "from 1 on, got 0"),
        (("--steps", "-3"), "from 1 on, got -3"),
    ],
)
def test_options_are_checked(words: tuple[str, ...], message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        parse(monkeypatch, *words)
    assert message in capsys.readouterr().err


def test_each_subject_belongs_to_one_process(monkeypatch: pytest.MonkeyPatch):
    tasks = list_tasks(8, 3)
    parts = [parse(monkeypatch, "--processes", "3", "--part", str(part)) for part in range(3)]
    shares = [[task for task in tasks if evaluate.belongs(task, part)] for part in parts]
    assert sorted(task.name for share in shares for task in share) == sorted(task.name for task in tasks)
    subjects = [{task.subject for task in share} for share in shares]
    assert [len(own) for own in subjects] == [3, 3, 2] or sorted(len(own) for own in subjects) == [2, 3, 3]
    assert not subjects[0] & subjects[1] and not subjects[1] & subjects[2]


@pytest.fixture
def idle(monkeypatch: pytest.MonkeyPatch) -> list[list[tuple[Task, list[str]]]]:
    """Runs that make nothing: the work that they were given."""
    given: list[list[tuple[Task, list[str]]]] = []
    written = SimpleNamespace(write_report=lambda folder: folder / "report.html")
    monkeypatch.setitem(sys.modules, "mvcustom.benchmarks.ablation.report", written)
    monkeypatch.setattr(evaluate, "load_encoder", lambda: None)
    monkeypatch.setattr(evaluate, "run_pieces", lambda work, *_: given.append(work) or [])
    return given


def test_rungs_whose_modules_are_missing_are_left_out(
    tmp_path: Path, idle: list, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(evaluate, "DENSE_FILE", tmp_path / "motion_dense.safetensors")
    folder = str(tmp_path / "store")
    monkeypatch.setattr(sys, "argv", ["evaluate", "--folder", folder, "--subjects", "1", "--trajectories", "rotation"])
    assert evaluate.main() == 0
    known = [rung for rung in RUNGS if RUNGS[rung].modules != DENSE]
    assert [rungs for _, rungs in idle[0]] == [known, *[["customised", "rendering", "prediction", "completion"]] * 2]
    told = capsys.readouterr().err
    assert "left out: rendering_dense" in told and "train-tiny motion_dense" in told
    facts = json.loads((tmp_path / "store" / "run.json").read_text())
    assert facts["weights_dense"] is None and len(facts["weights"]) == 12 and facts["settings"]["steps"] == 20
    assert facts["command"].startswith("python dev.py evaluate --folder") and {"date", "machine", "versions", "commit"} <= facts.keys()
    monkeypatch.setattr(sys, "argv", ["evaluate", "--folder", folder, "--steps", "6"])
    assert evaluate.main() == 2
    assert "steps 20, not 6" in capsys.readouterr().err
    monkeypatch.setattr(sys, "argv", ["evaluate", "--folder", folder, "--steps", "6", "--fresh"])
    assert evaluate.main() == 0
    assert "store-until-" in capsys.readouterr().err and len(list(tmp_path.glob("store*"))) == 2


def test_concepts_that_are_missing_are_named_first(
    tmp_path: Path, idle: list, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "1000.safetensors").touch()
    words = ["evaluate", "--folder", str(tmp_path / "store"), "--concepts", str(tmp_path), "--subjects", "2"]
    monkeypatch.setattr(sys, "argv", words)
    assert evaluate.main() == 2 and not idle
    assert "wanted 1001.safetensors in" in capsys.readouterr().err
    assert not (tmp_path / "store").exists()
    monkeypatch.setattr(sys, "argv", [*words, "--subjects", "1", "--fresh", "--folder", str(tmp_path.parent)])
    assert evaluate.main() == 2 and tmp_path.exists()
    assert "which --fresh renames" in capsys.readouterr().err


def test_the_report_alone(tmp_path: Path, idle: list, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr(sys, "argv", ["evaluate", "--folder", str(tmp_path), "--report-only"])
    assert evaluate.main() == 0 and not idle
    assert str(tmp_path / "report.html") in capsys.readouterr().err


def test_hash(tmp_path: Path):
    (tmp_path / "file").write_bytes(b"abc")
    assert hash_file(tmp_path / "file") == "ba7816bf8f01" and hash_file(tmp_path / "none") is None
