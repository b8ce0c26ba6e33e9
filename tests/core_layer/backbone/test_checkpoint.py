"""Motion files of every published kind, made here from the published key lists, and the ones that must be refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import safetensors.torch
import torch
from torch import Tensor

from mvcustom.mvcustom_core.backbone.attention import Scope
from mvcustom.mvcustom_core.backbone.checkpoint import METADATA_KEY, motion_metadata, read_motion_checkpoint
from mvcustom.mvcustom_core.backbone.files import load_state_dict_file
from mvcustom.mvcustom_core.backbone.motion import MotionModules, MotionSettings
from mvcustom.mvcustom_core.backbone.positions import make_frame_positions

Weights = dict[str, Tensor]

TINY = MotionSettings(channels=(32, 64), heads=8, max_frames=24, scopes=(Scope(1), Scope(1)), entropy_correction=True)
TO_DIFFUSERS = (
    (".attention_blocks.0", ".attn1"),
    (".attention_blocks.1", ".attn2"),
    (".norms.0", ".norm1"),
    (".norms.1", ".norm2"),
    (".ff_norm", ".norm3"),
    (".temporal_transformer", ""),
)


def make_weights(settings: MotionSettings = TINY) -> Weights:
    generator = torch.Generator().manual_seed(0)
    return {
        key: torch.randn(value.shape, generator=generator) for key, value in MotionModules(settings, device="meta").state_dict().items()
    }


def add_positions(weights: Weights, frames: int) -> Weights:
    """The position tables of the original files, in the half precision they are stored in."""
    tables = {}
    for key, value in weights.items():
        if key.endswith(".to_q.weight"):
            table = make_frame_positions(frames, value.shape[0], frames)[None].half()
            tables[key.replace("to_q.weight", "pos_encoder.pe")] = table
    return weights | tables


def to_diffusers(weights: Weights, frames: int | None) -> Weights:
    """The five renamings of diffusers' conversion script, and its one position table per block."""
    renamed = {}
    for key, value in weights.items():
        if key.endswith(".pe"):
            continue
        for ours, theirs in TO_DIFFUSERS:
            key = key.replace(ours, theirs)
        renamed[key] = value
        if frames and key.endswith(".attn1.to_q.weight"):
            table = make_frame_positions(frames, value.shape[0], frames)[None]
            renamed[key.replace("attn1.to_q.weight", "pos_embed.pe")] = table
    return renamed


def assert_same(read: Weights, weights: Weights) -> None:
    assert read.keys() == weights.keys()
    assert all(torch.equal(read[key], weights[key]) for key in weights)


def in_wrapper(weights: Weights) -> dict[str, object]:
    """As a trainer under distributed data parallel saves."""
    return {"epoch": 3, "global_step": 10, "state_dict": {f"module.{key}": value for key, value in weights.items()}}


V1, V2 = replace(TINY, image_norm_mode="cross_frame"), replace(TINY, mid_block=True, max_frames=32)
V3 = replace(TINY, max_frames=32)
LCM = replace(V2, max_frames=64)
LONG = replace(V3, max_frames=64)

KINDS: dict[str, tuple[Callable[[], dict[str, object]], str, MotionSettings, str]] = {
    # file -> how it is made, the loader's word for it, its settings, a note that must be given
    "v1": (lambda: add_positions(make_weights(V1), 24), "AnimateDiff v1", V1, "run across frames"),
    "v2": (lambda: add_positions(make_weights(V2), 32), "AnimateDiff v2", V2, ""),
    "v3": (lambda: add_positions(make_weights(V3), 32), "AnimateDiff v3", V3, ""),
    "v3 as published": (
        lambda: {"state_dict": add_positions(make_weights(V3), 32), "animatediff_config": {"a": 1}},
        "AnimateDiff v3",
        V3,
        "",
    ),
    "AnimateLCM": (lambda: make_weights(V2), "AnimateLCM", LCM, "64 frames are assumed"),
    "diffusers": (lambda: to_diffusers(make_weights(V2), 32), "diffusers MotionAdapter", V2, ""),
    "AnimateLCM in diffusers' layout": (lambda: to_diffusers(make_weights(V2), None), "AnimateLCM", LCM, "64 frames are assumed"),
    "diffusers, no positions and no middle": (lambda: to_diffusers(make_weights(V3), None), "AnimateDiff v3", V3, "32 frames are assumed"),
    "diffusers, v1": (lambda: to_diffusers(make_weights(V1), 24), "diffusers MotionAdapter", V1, "run across frames"),
    "diffusers, no middle": (lambda: to_diffusers(make_weights(V3), 16), "diffusers MotionAdapter", replace(V3, max_frames=16), ""),
    "trained, DDP": (lambda: in_wrapper(add_positions(make_weights(V3), 32)), "AnimateDiff v3", V3, ""),
    "trained, U-Net": (lambda: {f"unet.{k}": v for k, v in add_positions(make_weights(LONG), 64).items()}, "AnimateDiff v3", LONG, ""),
    "trained, named": (lambda: {"motion_module_state_dict": add_positions(make_weights(V2), 32)}, "AnimateDiff v2", V2, ""),
    "trained, nested": (lambda: {"state_dict": {"module": add_positions(make_weights(V2), 32)}}, "AnimateDiff v2", V2, ""),
}


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_file(name: str) -> None:
    make, kind, settings, note = KINDS[name]
    found = read_motion_checkpoint(make(), {})
    assert (found.kind, found.settings) == (kind, settings)
    assert note in found.report if note else not found.notes
    assert_same(found.weights, make_weights(settings))
    MotionModules(settings).load_state_dict(found.weights)
    count, numbers = 11 if settings.mid_block else 10, sum(x.numel() for x in found.weights.values())
    assert f"{count} modules, {numbers / 1e6:.1f} M parameters" in found.report
    assert f"{'with' if settings.mid_block else 'no'} middle module, up to {settings.max_frames} frames" in found.report


@pytest.mark.parametrize("layout", [lambda weights: weights, lambda weights: to_diffusers(weights, None)], ids=["original", "diffusers"])
def test_animatelcm_has_its_authors_schedule_in_both_layouts(layout: Callable[[Weights], Weights]) -> None:
    """They say linear, diffusers' name for AnimateDiff's own (https://github.com/G-U-N/AnimateLCM/issues/24)."""
    found = read_motion_checkpoint(layout(make_weights(V2)), {})
    assert found.settings.beta_schedule == "linear" and found.settings.max_frames == 64
    assert "AnimateLCM was trained with AnimateDiff's schedule, linear" in found.report


def test_round_trips_lose_nothing(tmp_path: Path) -> None:
    """original -> ours -> diffusers -> ours -> original: every weight and every position table comes back."""
    original = add_positions(make_weights(V2), 32)
    found = read_motion_checkpoint(original, {})
    safetensors.torch.save_file(found.weights, tmp_path / "ours.safetensors", metadata=motion_metadata(found.settings))
    ours = read_motion_checkpoint(*load_state_dict_file(tmp_path / "ours.safetensors"))
    assert (ours.kind, ours.settings) == ("MVCustom", found.settings)
    theirs = to_diffusers(ours.weights, ours.settings.max_frames)
    back = read_motion_checkpoint(theirs, {})
    assert back.settings == found.settings
    again = add_positions(back.weights, back.settings.max_frames)
    assert_same(again, original)
    assert_same(to_diffusers(again, None) | {key: value for key, value in theirs.items() if key.endswith(".pe")}, theirs)


def test_our_own_file_round_trip(tmp_path: Path) -> None:
    settings = MotionSettings(
        channels=(32, 64, 64),
        mid_block=True,
        heads=4,
        max_frames=12,
        norm_mode="cross_frame",
        scopes=(Scope(9), Scope(None), Scope(1)),
        entropy_correction=True,
        spatial_position=True,
        beta_schedule="scaled_linear",
    )
    weights = make_weights(settings)
    safetensors.torch.save_file(weights, tmp_path / "ours.safetensors", metadata=motion_metadata(settings))
    found = read_motion_checkpoint(*load_state_dict_file(tmp_path / "ours.safetensors"))
    assert found.settings == settings
    assert_same(found.weights, weights)
    assert found.report.startswith("MVCustom") and "cross frame norm, scopes 9, dense, 1" in found.report and not found.notes
    MotionModules(found.settings).load_state_dict(found.weights)


@pytest.mark.parametrize(
    "change",
    [{"surprise": 1}, {"scopes": [2, 1]}, {"scopes": ["4", "1"]}, {"heads": 7}, {"channels": 5}, {"channels": None}],
)
def test_damaged_metadata(change: dict[str, object]) -> None:
    values = json.loads(motion_metadata(TINY)[METADATA_KEY]) | change
    with pytest.raises(ValueError, match=f"{METADATA_KEY} metadata is unreadable"):
        read_motion_checkpoint(make_weights(), {METADATA_KEY: json.dumps(values)})
    with pytest.raises(ValueError, match="unreadable"):
        read_motion_checkpoint(make_weights(), {METADATA_KEY: "{"})


A = torch.zeros(1)
MODULE = "down_blocks.0.motion_modules.0.temporal_transformer.transformer_blocks.0."


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ([f"{MODULE}attention_blocks.0.processor.to_q_lora.down.weight"], "got a LoRA, which changes weights but holds no modules"),
        (["down_blocks.0.attentions.0.transformer_blocks.0.attn1.processor.to_q_lora.down.weight"], "got a LoRA, which changes weights"),
        (["lora_unet_down_blocks_0.lora_up.weight"], "a LoRA"),
        ([f"{MODULE}attention_blocks.0.processor.qkv_merge.weight"], "CameraCtrl"),
        (["encoder_conv_in.weight", "encoder_down_conv_blocks.0.0.block1.weight"], "CameraCtrl"),
        (["down_blocks.0.temporal_attentions.0.norm.weight"], "HotshotXL"),
        (["img_encoder.conv_in.weight", f"{MODULE}norms.0.weight"], "image-to-video"),
        ([f"{MODULE}cc_projection.weight"], "MotionCtrl"),
        (["controlnet_cond_embedding.conv_in.weight"], "SparseCtrl"),
        (["conv_in.weight", f"{MODULE}norms.0.weight"], "PIA"),
        (["model.diffusion_model.input_blocks.0.0.weight"], "image checkpoint"),
        (["foo.weight", "bar.bias"], "no key belongs to a motion module; the file holds foo.weight, bar.bias"),
        ([], "no tensor at all"),
        (["up_blocks.0.motion_modules.0.temporal_transformer.norm.weight"], "wanted the level down_blocks.0"),
    ],
)
def test_other_files_are_named(keys: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_motion_checkpoint({key: A for key in keys}, {})


def test_sdxl_is_named() -> None:
    sdxl = MotionSettings(channels=(320, 640, 1280), scopes=(Scope(1),) * 3)
    weights = {key: torch.empty(value.shape, device="meta") for key, value in MotionModules(sdxl, device="meta").state_dict().items()}
    with pytest.raises(ValueError, match="SDXL"):
        read_motion_checkpoint(weights, {})


def test_camera_control_training_state_is_named() -> None:
    state = {"epoch": 1, "pose_encoder_state_dict": {"encoder_conv_in.weight": A}, "attention_processor_state_dict": {"x": A}}
    with pytest.raises(ValueError, match="CameraCtrl"):
        read_motion_checkpoint(state, {})


def test_partial_files_list_their_first_keys() -> None:
    weights = add_positions(make_weights(), 24)
    lost = [key for key in weights if key.startswith("up_blocks.1.motion_modules.2.") and not key.endswith(".pe")]
    for key in lost:
        del weights[key]
    with pytest.raises(ValueError, match=f"{len(lost)} missing, first .*") as missing:
        read_motion_checkpoint(weights, {})
    assert str(missing.value).count("up_blocks.1.motion_modules.2") == 5
    extra = add_positions(make_weights(), 24) | {"time_embedding.weight": A}
    with pytest.raises(ValueError, match="1 unexpected, first time_embedding.weight"):
        read_motion_checkpoint(extra, {})
    reshaped = add_positions(make_weights(), 24)
    reshaped["down_blocks.0.motion_modules.1.temporal_transformer.proj_in.weight"] = torch.zeros(32, 32, 1, 1)
    with pytest.raises(ValueError, match=r"1 of another shape, first .*proj_in.weight \[32, 32, 1, 1\] for \[32, 32\]"):
        read_motion_checkpoint(reshaped, {})


def test_learned_positions_are_refused() -> None:
    weights = add_positions(make_weights(), 24)
    key = next(key for key in weights if key.endswith(".pe"))
    weights[key] = weights[key] + 0.1
    with pytest.raises(ValueError, match="sinusoidal frame positions"):
        read_motion_checkpoint(weights, {})


def test_files_of_both_containers(tmp_path: Path) -> None:
    weights = {"a": torch.arange(3.0)}
    safetensors.torch.save_file(weights, tmp_path / "a.safetensors", metadata={"made": "here"})
    torch.save({"state_dict": weights, "epoch": 1}, tmp_path / "a.ckpt")
    read, metadata = load_state_dict_file(tmp_path / "a.safetensors")
    assert torch.equal(read["a"], weights["a"]) and metadata == {"made": "here"}
    read, metadata = load_state_dict_file(str(tmp_path / "a.ckpt"))
    assert torch.equal(read["state_dict"]["a"], weights["a"]) and metadata == {}


@pytest.mark.parametrize("suffix", [".safetensors", ".ckpt", ".pt", ".pth", ".bin"])
def test_empty_and_truncated_files(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"module{suffix}"
    path.touch()
    with pytest.raises(ValueError, match="is empty"):
        load_state_dict_file(path)
    weights = {"a": torch.zeros(1000)}
    safetensors.torch.save_file(weights, path) if suffix == ".safetensors" else torch.save(weights, path)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(ValueError, match="download it again"):
        load_state_dict_file(path)


def test_text_in_place_of_a_file(tmp_path: Path) -> None:
    for name in ("page.ckpt", "page.safetensors"):
        (tmp_path / name).write_text("<!DOCTYPE html>")
        with pytest.raises(ValueError, match="download it again"):
            load_state_dict_file(tmp_path / name)


class Payload:
    """Something a pickle could run."""


def test_pickles_never_run_code(tmp_path: Path) -> None:
    torch.save({"state_dict": Payload()}, tmp_path / "a.ckpt")
    with pytest.raises(ValueError, match="more than tensors"):
        load_state_dict_file(tmp_path / "a.ckpt")


def test_other_suffixes_and_contents(tmp_path: Path) -> None:
    (tmp_path / "a.gguf").write_text("x")
    with pytest.raises(ValueError, match="wanted a file in .safetensors"):
        load_state_dict_file(tmp_path / "a.gguf")
    torch.save(torch.zeros(3), tmp_path / "a.pt")
    with pytest.raises(ValueError, match="dictionary of tensors, got Tensor"):
        load_state_dict_file(tmp_path / "a.pt")
