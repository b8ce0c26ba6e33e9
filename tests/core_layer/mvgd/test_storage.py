"""The file of a network."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from mvcustom.mvcustom_core.concept.storage import write_tensors
from mvcustom.mvcustom_core.mvgd.storage import KIND, read_mvgd, write_mvgd
from mvcustom.tests.core_layer.mvgd.small import SETTINGS, make_model


def test_what_is_written_read_and_written_again_is_the_same(tmp_path: Path) -> None:
    write_mvgd(tmp_path / "first", make_model(), {"seed": 6, "licence": "Apache-2.0"})
    model, facts = read_mvgd(tmp_path / "first")
    write_mvgd(tmp_path / "second", model, facts)
    first, second = (load_file(tmp_path / name) for name in ("first", "second"))  # the header's lines have no fixed order
    assert first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)
    assert read_mvgd(tmp_path / "second")[1] == facts and facts["seed"] == 6
    assert model.settings == SETTINGS and all(tensor.dtype == torch.float16 for tensor in first.values())


def test_tensors_that_do_not_fit_are_named(tmp_path: Path) -> None:
    tensors = make_model().state_dict()
    tensors["latents"] = tensors["latents"][1:]
    tensors["more"] = tensors.pop("task.rgb")
    write_tensors(tmp_path / "other", tensors, KIND, {"settings": asdict(SETTINGS)})
    with pytest.raises(ValueError, match=r"task.rgb is missing; more is not of this network; latents is \[4, 64\], wanted \[5, 64\]"):
        read_mvgd(tmp_path / "other")


def test_settings_of_another_version_are_refused(tmp_path: Path) -> None:
    settings = asdict(SETTINGS) | {"windows": 3}
    write_tensors(tmp_path / "newer", make_model().state_dict(), KIND, {"settings": settings})
    with pytest.raises(ValueError, match=r"got others \(windows\); update this pack"):
        read_mvgd(tmp_path / "newer")


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    write_tensors(tmp_path / "concept", {}, "concept", {})
    with pytest.raises(ValueError, match="wanted a file of kind mvgd, got concept"):
        read_mvgd(tmp_path / "concept")
