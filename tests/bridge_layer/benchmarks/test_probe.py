"""The probe's table: one row for every module, one column for every timestep, and modules from a file of one's own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import safetensors.torch

from mvcustom.benchmarks import probe
from mvcustom.mvcustom_core.backbone.checkpoint import motion_metadata
from mvcustom.nodes.bridge.backbone.embedded import MOTION
from mvcustom.nodes.bridge.backbone.motion import MOTION_ATTACHMENT
from mvcustom.tests.host.embedded import load_once


@pytest.mark.parametrize("own_file", [False, True])
def test_every_module_has_a_row(
    own_file: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = []
    if own_file:
        path = tmp_path / "mine.safetensors"
        modules = load_once()[0].get_additional_models_with_key(MOTION_ATTACHMENT)[0].model
        safetensors.torch.save_file(modules.state_dict(), path, metadata=motion_metadata(MOTION))
        options = ["--motion", str(path)]
    for name, value in (("PATHS", ("orbit",)), ("TIMESTEPS", (300,)), ("VIEWS", 2), ("load_own", load_once)):
        monkeypatch.setattr(probe, name, value)
    monkeypatch.setattr(sys, "argv", ["probe", "--scenes", "1", *options])
    assert probe.main() == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("| chance | t = 300: mean, best head |") and len(lines) == 2 + 21
    row = next(line for line in lines if line.startswith("| up_blocks.3.motion_modules.2 | output 11 | 16x16 | 1 |"))
    mean, best = map(float, row.split("|")[-2].split(","))
    assert 0 <= mean <= 100 and 0 <= best <= 100 and 0 < float(row.split("|")[5]) < 5
