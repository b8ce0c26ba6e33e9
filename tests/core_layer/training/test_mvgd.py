"""The stage that trains MVGD: examples, batches of unlike samples, and a run that goes on where it stopped."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch.utils.data import default_collate

from mvcustom.mvcustom_core.mvgd.model import MVGD
from mvcustom.tests.core_layer.mvgd.small import SETTINGS, SIZE
from mvcustom.training.engine.loop import run_stage
from mvcustom.training.engine.settings import LoopSettings
from mvcustom.training.engine.stage import trained_parameters
from mvcustom.training.mvgd import stage as stage_module
from mvcustom.training.mvgd.data import load_scenes, render_sector
from mvcustom.training.mvgd.examples import Drawing, Targets
from mvcustom.training.mvgd.stage import MVGDStage, split_batch

VIEWS = 4
DRAWING = Drawing(views=2, pixels=12, alone=0.6, again=0.5)
RUN = LoopSettings(updates=4, learning_rate=0.01, batch=3, warmup=1, save_every=2, report_every=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two shards of rendered scenes, one held out."""
    folder = tmp_path_factory.mktemp("mvgd")
    for shard in range(2):
        rows = [render_sector(900 + 2 * shard + k, VIEWS, SIZE) for k in range(2)]
        save_file({name: torch.stack([row[name] for row in rows]) for name in rows[0]}, folder / f"{shard:04d}.safetensors")
    return folder


def make_stage(folder: Path) -> MVGDStage:
    torch.manual_seed(0)
    return MVGDStage(MVGD(SETTINGS), folder, DRAWING)


def draw_batch(stage: MVGDStage, count: int) -> dict[str, torch.Tensor]:
    return default_collate([stage.examples.draw(k % len(stage.examples), torch.Generator().manual_seed(k)) for k in range(count)])


def test_examples_are_repeatable_and_of_all_kinds(folder: Path) -> None:
    stage = make_stage(folder)
    first, again = (stage.examples.draw(3, torch.Generator().manual_seed(5)) for _ in range(2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    batch = draw_batch(stage, 60)
    assert set(batch["count"].tolist()) == {1, 2}
    assert (batch["uses_rgb"] | batch["uses_depth"]).all() and not (batch["uses_rgb"] & batch["uses_depth"]).all()
    assert not batch["uses_rgb"].all() and not batch["uses_depth"].all()
    assert len(batch["rays"].flatten(0, 1).unique(dim=0)) > 40  # other pixels every time


def test_the_targets_own_picture_is_at_the_origin_with_the_targets_colours(folder: Path) -> None:
    targets = Targets(load_scenes(folder, held_out=False), SETTINGS, DRAWING)
    sample = targets.place(1, 2, torch.tensor([0, 2]))
    assert float(sample["scene_rays"][1, :, :3].abs().max()) < 1e-6 < float(sample["scene_rays"][0, :, :3].abs().max())
    own = sample["images"][1].flatten(1).mT / 127.5 - 1
    torch.testing.assert_close(own, sample["rgb"])
    depth = targets.scenes["depth"][1, 2].flatten() / sample["scale"]
    code = 2 * (depth / 0.1).log() / torch.tensor(2000.0).log() - 1
    torch.testing.assert_close(sample["depth"][:, 0], code, rtol=0, atol=1e-5)
    torch.testing.assert_close(sample["in_range"], torch.ones((), dtype=torch.float64))


def test_unlike_samples_have_the_loss_that_they_have_alone(folder: Path) -> None:
    stage = make_stage(folder)
    with torch.no_grad():
        for parameter in stage.trained.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
        batch = draw_batch(stage, 8)
        assert len(split_batch(batch)) > 3
        together, _ = stage(batch)
        alone = [stage({name: values[k : k + 1] for name, values in batch.items()})[0] for k in range(8)]
    torch.testing.assert_close(together, torch.stack(alone).mean())


def test_the_loss_reaches_every_weight(folder: Path) -> None:
    stage = make_stage(folder)
    with torch.no_grad():
        for parameter in stage.trained.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))  # behind outputs of zero nothing has a gradient
    loss, parts = stage(draw_batch(stage, 8))
    loss.backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in trained_parameters(stage).values())
    assert set(parts) == {"rgb", "depth"} and not any(part.requires_grad for part in parts.values())


def test_a_run_that_goes_on_ends_as_one_without_interruption(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr(stage_module, "HELD_OUT", 2)
    whole = run_stage(make_stage(folder), RUN, tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "mvgd.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {"psnr", "absolute_relative"} <= set(lines[-1])
    shutil.rmtree(tmp_path / "mvgd" / "update-00000004")
    again = run_stage(make_stage(folder), RUN, tmp_path)
    assert all(torch.equal(whole[name], again[name]) for name in whole)
    assert not torch.equal(whole["latents"], make_stage(folder).trained.latents)


def test_missing_scenes_are_asked_for(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="found none; run the mvgd_data stage first"):
        load_scenes(tmp_path, held_out=False)
