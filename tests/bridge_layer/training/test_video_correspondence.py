"""CAMEO's loss in the training on clips: its targets, what it reaches, what it costs a run that leaves it out, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.utils.data import default_collate

from mvcustom.devtools.stand_in import CHANNELS, CONTEXT, HEADS, make_model
from mvcustom.mvcustom_core.backbone.attention import Scope
from mvcustom.mvcustom_core.backbone.motion import MotionModules, MotionSettings
from mvcustom.tests.bridge_layer.training.test_video_data import write_set
from mvcustom.training.engine.stage import Example
from mvcustom.training.video import command
from mvcustom.training.video.command import main
from mvcustom.training.video.correspondence import LAYER, CorrespondenceTerm
from mvcustom.training.video.network import VideoUNet
from mvcustom.training.video.stage import LEVELS, Clips, NoisyClips, VideoStage
from mvcustom.training.video.widening import Widening

FRAMES, SIDE, PIXELS = 3, 8, 64  # latent cells and pixels of a side; the module of LAYER has 4 x 4 cells of 16 pixels
FOCAL, DEPTH = 64.0, 2.0
DENSE = Scope(None)
SETTINGS = MotionSettings(channels=CHANNELS, heads=HEADS, entropy_correction=True, spatial_position=True)


def make_cameras(steps: Tensor) -> tuple[Tensor, Tensor]:
    """World-to-camera and intrinsics of cameras beside each other, before a plane that moves by so many cells to the left in each."""
    w2c, K = torch.eye(4).repeat(len(steps), 1, 1), torch.tensor([[FOCAL, 0, 32], [0, FOCAL, 32], [0, 0, 1]]).repeat(len(steps), 1, 1)
    w2c[:, 0, 3] = -steps * 16 * DEPTH / FOCAL
    return w2c, K


def make_clips(count: int = 2) -> Clips:
    """Clips of noise, said to show a plane that moves by one cell a frame, and by two in every other clip."""

    def draw(index: int, _: torch.Generator) -> Example:
        generator = torch.Generator().manual_seed(index)
        latents, context = torch.randn(FRAMES, 4, SIDE, SIDE, generator=generator), torch.randn(5, CONTEXT, generator=generator)
        w2c, K = make_cameras((1 + index % 2) * torch.arange(FRAMES))
        return {"latents": latents, "context": context, "w2c": w2c, "K": K, "depth": torch.full((FRAMES, PIXELS, PIXELS), DEPTH)}

    return Clips(count, draw, torch.zeros(5, CONTEXT), "planes")


def make_stage(scope: Scope = DENSE, checkpointing: bool = False, weight: float | None = 0.5) -> VideoStage:
    torch.manual_seed(0)
    network = VideoUNet(make_model(disable_dynamic=True).model.diffusion_model, MotionModules(SETTINGS), checkpointing)
    with torch.no_grad():  # as after some training: their last layers start at zero
        for parameter in network.motion.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))
    terms = [] if weight is None else [CorrespondenceTerm(network.motion, LAYER, weight)]
    examples, widening = NoisyClips(make_clips()), Widening.constant((scope,) * 4)
    stage = VideoStage("motion", network, "eps", examples, make_clips(1), widening, terms)
    stage.go_to(0)
    return stage


def draw_batch(stage: VideoStage, *clips: int) -> Example:
    return default_collate([stage.examples.draw(index, torch.Generator().manual_seed(index)) for index in clips])


def test_a_plane_that_moves_by_a_cell_has_its_targets_a_cell_beside_also_in_a_clip_that_is_turned() -> None:
    stage = make_stage()
    examples = NoisyClips(make_clips(1), turn=True, terms=stage.examples.terms)
    seen = set()
    for seed in range(8):
        example = examples.draw(0, torch.Generator().manual_seed(seed))
        assert not {"w2c", "K", "depth"} & set(example)
        is_turned = not torch.equal(example["latents"], make_clips().draw(0, torch.Generator())["latents"])
        seen.add(is_turned)
        for n in range(FRAMES):
            for m in range(FRAMES):
                shift = (n - m) if is_turned else (m - n)  # cells to the left
                for cell in range(16):
                    column = cell % 4 - shift
                    assert bool(example["known"][n, cell, m]) == (n != m and 0 <= column < 4), (n, m, cell, is_turned)
                    if example["known"][n, cell, m]:
                        assert int(example["cells"][n, cell, m]) == cell - shift
    assert seen == {False, True}


@pytest.mark.parametrize("checkpointing", [False, True])
def test_the_term_reaches_its_layers_queries_and_keys_its_head_and_what_lies_below(checkpointing: bool) -> None:
    stage = make_stage(checkpointing=checkpointing)
    stage.terms[0].weight = 0.0
    stage(draw_batch(stage, 0, 1))[0].backward()
    without = {name: parameter.grad.clone() for name, parameter in stage.named_parameters() if parameter.grad is not None}
    stage.zero_grad()
    stage.terms[0].weight = 5.0
    loss, parts = stage(draw_batch(stage, 0, 1))
    loss.backward()
    changed = {
        name for name, parameter in stage.named_parameters()
        if parameter.grad is not None and not torch.allclose(parameter.grad, without[name], rtol=1e-4, atol=1e-9)
    }  # fmt: skip
    own = f"network.motion.{LAYER}.temporal_transformer."
    first = f"{own}transformer_blocks.0.attention_blocks.0."
    assert {f"{first}to_q.weight", f"{first}to_k.weight", "terms.0.head.hidden.weight", "terms.0.head.score.weight"} <= changed
    assert any("down_blocks.0" in name for name in changed) and any("up_blocks.1" in name for name in changed)
    above = {name for name in changed if "up_blocks.3" in name or "up_blocks.2.motion_modules.1" in name}
    values = {f"{first}to_v.weight", f"{first}to_out.0.weight", f"{own}proj_out.weight"}
    assert not above and not values & changed and not any(name.startswith("network.unet") for name in changed)
    assert float(parts["cameo"]) > 0


def test_the_term_of_a_batch_is_the_mean_of_its_clips_as_several_processes_have_them() -> None:
    stage = make_stage()
    with torch.no_grad():
        both = float(stage(draw_batch(stage, 0, 1))[1]["cameo"])
        alone = [float(stage(draw_batch(stage, index))[1]["cameo"]) for index in (0, 1)]
    assert both == pytest.approx(sum(alone) / 2, rel=1e-5) and alone[0] != pytest.approx(alone[1], rel=1e-3)


def test_a_window_that_reaches_no_target_leaves_nothing_to_learn() -> None:
    stage = make_stage(Scope(1))
    parts = stage(draw_batch(stage, 1))[1]
    assert float(parts["cameo"]) == 0
    stage = make_stage(Scope(3))
    assert float(stage(draw_batch(stage, 0))[1]["cameo"]) > 0


def test_held_out_figures_tell_the_precision_of_the_layer() -> None:
    stage = make_stage()
    stage.eval()
    with torch.no_grad():
        figures = stage.held_out()
    names = ("", " precision", " learned precision")
    assert set(figures) == {f"{level}{name}" for level in ("low", "middle", "high") for name in names}
    assert all(0 <= figures[f"low{name}"] <= 1 for name in names[1:])


def write_scenes(folder: Path) -> Path:
    """Two shards of the embedded backbone's data, of noise and of 64 pixels."""
    folder.mkdir()
    for index in range(2):
        generator = torch.Generator().manual_seed(index)
        w2c, K = make_cameras(torch.arange(2))
        scenes = {
            "images": torch.randint(256, (2, 2, 3, PIXELS, PIXELS), generator=generator).byte(),
            "depth": torch.full((2, 2, PIXELS, PIXELS), DEPTH).half(),
            "words": torch.randint(4, (2, 5), generator=generator),
            "w2c": w2c.repeat(2, 1, 1, 1),
            "K": K.repeat(2, 1, 1, 1),
        }
        save_file({name: tensor.contiguous() for name, tensor in scenes.items()}, folder / f"{index:04d}.safetensors")
    return folder


def test_a_run_without_the_option_has_no_trace_of_it_and_one_with_it_learns_the_same_clips_and_says_so(tmp_path: Path) -> None:
    data, told, results = write_scenes(tmp_path / "data"), {}, {}
    for name, options in (("off", ["--cameo", "0"]), ("on", ["--cameo", "0.5"])):
        words = f"--data {data} --output {tmp_path / name} --cache {tmp_path / 'cache'} --size 64 --frames 2 --updates 1 --processes 1"
        assert main([*words.split(), "--widen", "0:dense", "--warmup", "0", "--report-every", "1", *options]) == 0
        results[name] = load_file(tmp_path / name / "motion.safetensors")
        about = json.loads((tmp_path / name / "motion" / "update-00000001" / "about.json").read_text())["about"]["settings"]
        lines = [json.loads(line) for line in (tmp_path / name / "motion.jsonl").read_text().splitlines()]
        told[name] = about.get("cameo"), *lines
    assert set(results["on"]) == set(results["off"])
    assert any(not torch.equal(tensor, results["on"][name]) for name, tensor in results["off"].items())
    (_, first, last), (about, also_first, also_last) = told["off"], told["on"]
    assert (
        told["off"][0] is None
        and set(first) == {"update", "loss", "rate", "seconds"}
        and set(last) == {"update", "event", *LEVELS, "seconds"}
    )
    assert about == f"0.5 at {LAYER}" and also_first["loss"] == first["loss"] and also_first["cameo"] > 0
    assert 0 <= also_last["middle precision"] <= 1


def test_what_the_term_prepares_changes_nothing_else_that_is_drawn_or_learned_bit_for_bit() -> None:
    plain, weighted = make_stage(weight=None), make_stage(weight=0.5)
    assert command._parse(["--data", "x"]).cameo == 0
    found = []
    for stage in (plain, weighted):
        batch = draw_batch(stage, 0, 1)
        stage.terms = torch.nn.ModuleList()  # the batch is that of the run with the term
        loss = stage(batch)[0]
        loss.backward()
        found.append((loss, stage.network.motion.at(("output", 0)).temporal_transformer.proj_out.weight.grad))
    assert all(torch.equal(*pair) for pair in zip(*found, strict=True))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            "--cameo 0.02",
            r"--cameo: wanted cameras and depth of every clip, got 2 of 2 entries without, first 00.mp4 \(video\); give --data",
        ),
        ("--cameo -1", "--cameo: wanted a weight of 0 or more, got -1"),
    ],
)
def test_what_the_option_cannot_do_is_said_before_anything_is_encoded(tmp_path: Path, options: str, said: str) -> None:
    write_set(tmp_path / "videos", 2)
    words = f"--data {tmp_path / 'videos'} --output {tmp_path / 'out'} --processes 1 {options}".split()
    with pytest.raises(ValueError, match=said) as raised:
        main(words)
    assert "\n" not in str(raised.value) and not (tmp_path / "out").exists()


def test_a_layer_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(ValueError, match=r"--cameo-layer: wanted one of down_blocks.0.motion_modules.0, .*, got 'output_blocks.6'"):
        CorrespondenceTerm(MotionModules(SETTINGS), "output_blocks.6", 0.02)
