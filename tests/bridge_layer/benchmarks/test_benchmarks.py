"""The benchmarks: each script measures a tiny case, and what is measured is reported even if a case fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mvcustom.benchmarks import feature_rendering
from mvcustom.benchmarks.__main__ import main
from mvcustom.benchmarks.kit import report
from mvcustom.benchmarks.kit.backbone import add_ratio
from mvcustom.devtools import ROOT
from mvcustom.devtools.comfyui import locate_comfyui

TINY = ("--device", "cpu", "--small", "--latent", "8", "--frames", "2")


@pytest.mark.parametrize(
    "words", [("unet_forward", "--cfg"), pytest.param(("sampling", "--steps", "2"), marks=pytest.mark.slow)], ids=lambda words: words[0]
)
def test_a_case_is_measured(words: tuple[str, ...]) -> None:
    command = [sys.executable, str(ROOT / "benchmarks"), *words, *TINY, "--measure", "dense"]
    environment = os.environ | {"COMFYUI_DIR": str(locate_comfyui())}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    row = json.loads(done.stdout)
    assert 0 < row["processor_seconds"] and 0 < row["seconds"] < 60
    assert 0.1 < row["resident_gib"] < 4
    assert row["allocated_gib"] is None


RESULTS: dict[str, Callable[[Any], bool]] = {
    "build": lambda operators: set(operators) == {(8, 8), (4, 4), (2, 2)},
    "replace": lambda features: features.shape == (2, 4, 8, 8),
    "dense and backward": lambda gradients: [each.shape for each in gradients] == [(1, 4, 8, 8)],
}
"""Case -> whether this is what its work gives."""


@pytest.mark.parametrize("case", RESULTS)
def test_feature_rendering_is_measured(case: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    done: list[Any] = []
    measure = feature_rendering.measure
    monkeypatch.setattr(feature_rendering, "measure", lambda work, repeats: measure(lambda: done.append(work()), repeats))
    options = ("--views", "2", "--size", "64", "--channels", "4", "--repeats", "1")
    monkeypatch.setattr(sys, "argv", ["feature_rendering", *options, "--measure", case])
    assert feature_rendering.main() == 0
    assert 0 < json.loads(capsys.readouterr().out)["processor_seconds"] < 30
    assert done and all(map(RESULTS[case], done))


@pytest.mark.parametrize(
    ("words", "message"),
    [(["unet_forward", "nothing"], "there is no benchmark nothing"), (["--steps", "3"], "name it before them")],
)
def test_names_are_checked(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    told = capsys.readouterr().err
    assert message in told and "unet_forward" in told.splitlines()[-1]


def test_a_failed_case_leaves_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def run(command: list[str], **_: object) -> SimpleNamespace:
        case = command[-1]
        row = {"seconds": 2.0, "processor_seconds": len(case) * 1.0, "allocated_gib": None}
        return SimpleNamespace(returncode=int(case == "dense"), stdout="a remark\n" + json.dumps(row) + "\n")

    facts = report.read_facts("some")
    monkeypatch.setattr(report, "read_facts", lambda name: facts | {"command": name})
    monkeypatch.setattr(report, "OUTPUT", tmp_path)
    monkeypatch.setattr(report.subprocess, "run", run)
    assert report.run_cases("some", ["without modules", "dense", "balanced"], add_ratio) == 1
    written = json.loads((tmp_path / "some.json").read_text())
    assert written["command"] == "some" and written["versions"]["comfyui"]
    assert [row.get("failed") for row in written["rows"]] == [None, "exit code 1", None]
    assert [row.get("ratio") for row in written["rows"]] == [1.0, None, 8 / 15]
    assert capsys.readouterr().out.splitlines()[:5] == [
        "| case | seconds | processor_seconds | ratio | failed |",
        "| --- | --- | --- | --- | --- |",
        "| without modules | 2 | 15 | 1 |  |",
        "| dense |  |  |  | exit code 1 |",
        "| balanced | 2 | 8 | 0.533 |  |",
    ]


def test_graphics_memory_means_wall_time() -> None:
    rows = [
        {"case": name, "seconds": s, "processor_seconds": 1.0, "allocated_gib": 1.0}
        for name, s in (("without modules", 2.0), ("dense", 5.0))
    ]
    assert [row["ratio"] for row in add_ratio(rows)] == [1.0, 2.5]
    assert add_ratio(rows[1:]) == rows[1:]
