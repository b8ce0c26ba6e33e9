"""The proof of a training: every checkpoint is measured once, and what was learned can be loaded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from mvcustom.benchmarks import training_proof
from mvcustom.benchmarks.training_proof import Run, list_panels, make_stage, measure, print_table, read_rows
from mvcustom.mvcustom_core.backbone.checkpoint import read_motion_checkpoint
from mvcustom.mvcustom_core.backbone.files import load_state_dict_file
from mvcustom.tests.bridge_layer.training.test_video_correspondence import make_cameras
from mvcustom.training.engine.loop import run_stage
from mvcustom.training.engine.settings import LoopSettings
from mvcustom.training.engine.stage import Example
from mvcustom.training.video.backbone import load_backbone
from mvcustom.training.video.correspondence import LAYER
from mvcustom.training.video.stage import Clips

TOLD = {"motion from": "shipped", "widening": "0:dense"}


def make_clips() -> Clips:
    """Two views of noise, said to show a plane that moves by a cell of the layer."""

    def draw(index: int, _: torch.Generator) -> Example:
        generator = torch.Generator().manual_seed(index)
        w2c, K = make_cameras(torch.arange(2))
        latents, context = torch.randn(2, 4, 8, 8, generator=generator), torch.randn(77, 128, generator=generator)
        return {"latents": latents, "context": context, "w2c": w2c, "K": K, "depth": torch.full((2, 64, 64), 2.0)}

    return Clips(2, draw, torch.zeros(77, 128), "planes")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder, clips = tmp_path_factory.mktemp("proof"), make_clips()
    stage = make_stage(TOLD, load_backbone("embedded"), clips, LAYER)
    stage.origin = {"motion from": "shipped"}
    run_stage(stage, LoopSettings(2, 1e-2, batch=1, warmup=0, save_every=1), folder)
    yield Run("A", folder)


def test_every_checkpoint_is_measured_once_and_the_last_is_a_motion_file(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    backbone, clips = load_backbone("embedded"), make_clips()
    found = measure(run, backbone, clips, LAYER, write_files=True)
    assert set(found) == {(update, level) for update in (0, 1, 2) for level in ("low", "middle", "high")}
    assert all(len(rows) == 2 and 0 <= row["precision"] <= 1 for rows in found.values() for row in rows)
    assert len({found[update, "high"][0]["error"] for update in (0, 1, 2)}) == 3
    monkeypatch.setattr(training_proof, "judge", None)  # nothing is left to be measured
    assert measure(run, backbone, clips, LAYER, write_files=False) == found == read_rows(run.folder / "proof.csv")
    (run.folder / "proof.csv").unlink()
    monkeypatch.undo()
    assert {update for update, _ in measure(run, backbone, clips, LAYER, write_files=False, every=2)} == {0, 2}
    file = read_motion_checkpoint(*load_state_dict_file(run.folder / "A-2.safetensors"))
    assert {str(scope) for scope in file.settings.scopes} == {"dense"} and "trained for 2 updates" in file.report


def test_the_table_tells_every_run_against_the_first(capsys: pytest.CaptureFixture[str]) -> None:
    rows = {(update, level): [{"error": 0.5, "precision": 0.25}] * 2 for update in (0, 5) for level in ("low", "middle", "high")}
    better = {key: [{name: value + 0.25 for name, value in row.items()} for row in each] for key, each in rows.items()}
    print_table({"A": rows, "B": better})
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 + 4 + 1 and lines[3] == "| A | 5 | 0.5000 | 0.5000 | 0.5000 | 0.2500 | 0.2500 | 0.2500 |"
    assert lines[-1].startswith("| B over A | 5 | +0.2500 [+0.2500, +0.2500] |")
    (errors, precisions) = list_panels({"A": rows, "B": better})
    assert errors[0].curves == {"A": [(0, 0.5), (5, 0.5)], "B": [(0, 0.75), (5, 0.75)]} and len(precisions) == 3


def test_a_folder_without_a_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(training_proof.argparse.ArgumentTypeError, match="wanted NAME=OUTPUT of a run that has a checkpoint, got A="):
        Run.from_text(f"A={tmp_path}")
