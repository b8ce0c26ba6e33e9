"""Training of motion modules on clips, from videos to a file that the pack loads."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import folder_paths
import pytest
import torch
from safetensors.torch import load_file, save_file

from mvcustom.devtools.stand_in import CHANNELS, CONTEXT, HEADS, make_model, make_motion
from mvcustom.mvcustom_core.backbone.attention import Scope
from mvcustom.mvcustom_core.backbone.checkpoint import motion_metadata, read_motion_checkpoint
from mvcustom.mvcustom_core.backbone.files import load_state_dict_file
from mvcustom.mvcustom_core.backbone.motion import MotionModules, MotionSettings
from mvcustom.mvcustom_core.backbone.presets import MotionChoices
from mvcustom.nodes.bridge.backbone import checkpoint, embedded
from mvcustom.nodes.bridge.backbone.motion import has_motion
from mvcustom.nodes.bridge.host.folders import MOTION
from mvcustom.tests.bridge_layer.training.test_video_data import write_set
from mvcustom.tests.host.sd15 import V3, make_backbone
from mvcustom.training.engine.loop import run_stage
from mvcustom.training.engine.settings import LoopSettings
from mvcustom.training.video.backbone import Backbone, make_network, read_start
from mvcustom.training.video.command import main
from mvcustom.training.video.network import VideoUNet
from mvcustom.training.video.stage import Clips, NoisyClips, VideoStage
from mvcustom.training.video.widening import Widening

FRAMES, SIDE = 3, 8
SETTINGS = MotionSettings(channels=CHANNELS, heads=HEADS, entropy_correction=True, spatial_position=True)


def make_clips(count: int, seed: int) -> Clips:
    generator = torch.Generator().manual_seed(seed)
    latents = torch.randn(count, FRAMES, 4, SIDE, SIDE, generator=generator)
    context = torch.randn(count, 5, CONTEXT, generator=generator)
    return Clips(
        count, lambda index, _: {"latents": latents[index], "context": context[index]}, torch.zeros(5, CONTEXT), f"{count} of {seed}"
    )


def make_stage(widening: str = "0:1, 1:3") -> VideoStage:
    torch.manual_seed(0)
    network = VideoUNet(make_model(disable_dynamic=True).model.diffusion_model, MotionModules(SETTINGS))
    wide = Widening.from_text(widening, (Scope(None),) * 4)
    return VideoStage("motion", network, "eps", NoisyClips(make_clips(4, 1)), make_clips(1, 2), wide)


def test_held_out_errors_stand_in_the_log_before_and_after_each_change_of_scope(tmp_path: Path) -> None:
    stage = make_stage()
    run_stage(stage, LoopSettings(2, 1e-2, batch=1, warmup=1, report_every=1), tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "motion.jsonl").read_text().splitlines()]
    (change,) = [line for line in lines if line.get("event", "").startswith("change")]
    assert change["event"] == "change: scopes 3" and change["update"] == 1
    for level in ("low", "middle", "high"):
        assert change[f"{level} before"] != change[f"{level} after"]
    assert stage.settings.scopes == (Scope(3),) * 4
    file = read_motion_checkpoint(*load_state_dict_file(tmp_path / "motion.safetensors"))
    assert file.settings == replace(SETTINGS, scopes=(Scope(3),) * 4)
    assert "trained for 2 updates on 4 of 1, scopes 0:1, 1:3" in file.report
    assert any(tensor.any() for name, tensor in file.weights.items() if name.endswith(".g"))  # the gates left zero
    kept = load_file(tmp_path / "motion" / "update-00000002" / "trained.safetensors")
    assert not [name for name in kept if "network.unet" in name]


def test_a_run_resumed_where_the_scope_changes_tells_the_same_as_one_without_a_stop(tmp_path: Path) -> None:
    settings = LoopSettings(2, 1e-2, batch=1, cooldown=0.0, save_every=1)
    told = []
    for name, stops in (("at once", [2]), ("in parts", [1, 2])):
        for updates in stops:
            stage = make_stage()
            run_stage(stage, replace(settings, updates=updates), tmp_path / name)
        assert stage.settings.scopes == (Scope(3),) * 4
        lines = [json.loads(line) for line in (tmp_path / name / "motion.jsonl").read_text().splitlines()]
        told.append([line | {"seconds": 0} for line in lines if line.get("event") != "end" or line["update"] == 2])
    assert told[0] == told[1]
    with pytest.raises(ValueError, match="widening was 0:1, 1:3, is 0:1, 1:5"):
        run_stage(make_stage("0:1, 1:5"), replace(settings, updates=3), tmp_path / "at once")


def test_videos_become_a_file_that_loads_with_the_embedded_backbone(tmp_path: Path) -> None:
    videos = write_set(tmp_path / "videos", 3)
    words = f"--data {videos} --output {tmp_path / 'out'} --size 64 --frames 2 --stride 2 --updates 2 --processes 1"
    assert main([*words.split(), "--widen", "0:1, 1:dense", "--rate", "1e-3"]) == 0
    folder_paths.add_model_folder_path(MOTION, str(tmp_path / "out"))
    model, _, _, report = checkpoint.load_backbone(embedded.NAME, "motion.safetensors", MotionChoices())
    assert has_motion(model).scopes == (Scope(None),) * 4 and has_motion(model).spatial_position
    assert "trained for 2 updates on 2 entries" in report and "scopes 0:1, 1:dense, backbone embedded" in report
    assert "runs with scopes dense, dense, dense, dense" in report


def test_stable_diffusion_starts_from_an_animatediff_file_and_from_nothing(tmp_path: Path) -> None:
    _, clip, vae = make_backbone()
    backbone = Backbone("sd15", make_model(disable_dynamic=True), clip, vae, 64, 2)
    assert backbone.prediction == "eps" and backbone.make_encoders().encode_text("a fox").shape == (77, CONTEXT)
    published = make_motion(V3, disable_dynamic=True).model.state_dict()
    save_file(published, tmp_path / "v3.safetensors")
    widening = Widening.from_text("0:1, 5:3", (Scope(None),) * 4)
    settings, weights = read_start(backbone, str(tmp_path / "v3.safetensors"))
    network = make_network(backbone, (replace(settings, heads=HEADS), weights), widening, torch.bfloat16, checkpointing=False)
    assert all(torch.equal(network.motion.state_dict()[name], tensor) for name, tensor in published.items())
    assert network.settings.spatial_position and network.settings.entropy_correction and network.settings.max_frames == 32
    assert {parameter.dtype for parameter in network.unet.parameters()} == {torch.bfloat16}
    assert {parameter.dtype for parameter in network.motion.parameters()} == {torch.float32}
    new = make_network(backbone, read_start(backbone, None), Widening.constant((Scope(1),) * 4), torch.float32, checkpointing=False)
    assert not new.settings.spatial_position and not any(module.proj_out.weight.any() for module in find_transformers(new.motion))


def find_transformers(motion: MotionModules) -> list[torch.nn.Module]:
    return [module for module in motion.modules() if hasattr(module, "proj_out")]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--data {}/none", "wanted a folder or file, got .*none, which does not exist"),
        ("--data {} --backbone none.safetensors", "wanted 'embedded' or a Stable Diffusion 1.5 checkpoint, got none.safetensors"),
        ("--data {} --size 100", "wanted --frames of 2 or more and a --size of whole 64 pixels, got 8 and 100"),
        ("--data {} --frames 2 --motion {}/other.safetensors", r"wanted modules of channels \(64, 128, 128, 64\), as embedded has, got"),
    ],
)
def test_wrong_options_are_one_clear_line(tmp_path: Path, options: str, said: str) -> None:
    write_set(tmp_path, 2)
    save_file(MotionModules(SETTINGS).state_dict(), tmp_path / "other.safetensors", motion_metadata(SETTINGS))
    words = [*options.format(tmp_path, tmp_path).split(), "--output", str(tmp_path / "out"), "--processes", "1", "--stride", "2"]
    with pytest.raises(ValueError, match=said) as raised:
        main(words)
    assert "\n" not in str(raised.value)
