"""The benchmarks that a user runs on weights of their own, and those that compute or compare: each once, small, in this process."""

from __future__ import annotations

import gc
import importlib
import json
import platform
import sys
from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from torch.utils.flop_counter import FlopCounterMode

from mvcustom.benchmarks import computed_cost, peer, sampling
from mvcustom.benchmarks.kit import measure
from mvcustom.benchmarks.kit.backbone import Job, Weights, add_motion, load_image_model
from mvcustom.benchmarks.kit.cost import StreamedAttention, counting
from mvcustom.devtools.stand_in import CHANNELS, HEADS, TinySD15, make_motion
from mvcustom.mvcustom_core.backbone.checkpoint import motion_metadata
from mvcustom.mvcustom_core.backbone.motion import MotionSettings

SMALL = Weights(None, None, small=True)
SCOPE = "AnimateDiff (1x1)"


def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, *options: str) -> str:
    monkeypatch.setattr(sys, "argv", [name, *options])
    assert importlib.import_module(f"mvcustom.benchmarks.{name}").main() == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("sampling", ("--latent", "8", "--frames", "2", "--steps", "1", "--measure", SCOPE)),
        ("learning", ("--size", "64", "--repeats", "1", "--measure", "gradient checkpointing")),
    ],
)
def test_a_users_benchmark_measures(name: str, options: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    row = json.loads(run(monkeypatch, capsys, name, "--small", *options).splitlines()[-1])
    assert 0 < row["seconds"] and 0 < row["resident_gib"] and row["finite"] is True
    assert row.get("bypassed equals checkpoint") is (True if name == "sampling" else None)


def test_a_users_motion_file_is_measured(tmp_path: Path) -> None:
    settings = MotionSettings(channels=CHANNELS, heads=HEADS)
    path = tmp_path / "mine.safetensors"
    safetensors.torch.save_file(make_motion(settings).model.state_dict(), path, metadata=motion_metadata(settings))
    weights = replace(SMALL, motion=path)
    motion = add_motion(load_image_model(weights, torch.float32)[0], weights, torch.float32, SCOPE).get_additional_models()[0]
    assert motion.model.settings == settings
    assert str(weights) == "U-Net: random weights, small; motion modules: mine.safetensors"


def test_a_model_that_is_changed_without_its_modules_is_told() -> None:
    job = Job(latent=8, frames=2, dtype=torch.float32, weights=SMALL)
    image = load_image_model(SMALL, torch.float32)[0]
    model = add_motion(image, SMALL, torch.float32, SCOPE)
    with torch.inference_mode():
        assert sampling.is_bypassed_exactly(image, model, job)
        model.set_model_attn1_output_patch(lambda x, options: x * 1.1)
        assert not sampling.is_bypassed_exactly(image, model, job)


def test_the_true_size_run_learns_samples_and_reports(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    told = run(monkeypatch, capsys, "true_size", "--small", "--size", "64", "--views", "2", "--steps", "1", "--updates", "1", "--runs", "1")
    assert (
        "every number finite" in told and "peak memory" in told and "held memory has grown by 0.000 GiB, that of tensors by 0.000" in told
    )


def test_memory_of_tensors_is_counted_once_and_until_they_are_gone() -> None:
    gc.collect()
    before = measure.tensor_bytes()
    kept = torch.zeros(1000, 1000)
    views = [kept.T, kept[10:], torch.nn.Parameter(kept)]
    assert measure.tensor_bytes() - before == kept.nbytes
    del kept, views
    assert measure.tensor_bytes() == before


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc keeps what is freed and gives it back when it is asked to")
def test_memory_that_is_only_kept_for_later_is_no_longer_resident_once_it_is_returned() -> None:
    measure.return_free_memory()
    before = measure.resident_bytes()
    blocks = [bytearray(b"1") * 50_000 for _ in range(2000)]  # 100 MB in blocks that glibc takes from its heap
    last = blocks[-1]
    del blocks
    kept = measure.resident_bytes() - before
    measure.return_free_memory()
    assert len(last) == 50_000 and measure.resident_bytes() - before < kept / 2


# What is computed


def test_costs_are_those_of_the_shapes() -> None:
    a, b = (torch.empty(shape, device="meta", dtype=torch.float16) for shape in ((3, 5), (5, 7)))
    with counting() as cost:
        product = a @ b
        product.T.contiguous()
    assert cost.flops == 2 * 3 * 5 * 7 and cost.product_bytes == 2 * (15 + 35 + 21)
    assert cost.kernels == [(210, 142), (0, 84)] and cost.bytes == 226
    assert cost.bound(210.0, 71.0) == 2.0 and cost.run(210.0, 71.0) == pytest.approx(2.0 + 84 / 71)


def test_streamed_attention_moves_no_scores() -> None:
    q, k = (torch.empty(shape, device="meta", requires_grad=True) for shape in ((2, 10, 4), (2, 30, 4)))
    with counting() as cost:
        StreamedAttention.apply(cost, q, k, k).sum().backward()
    forward, backward = [kernel for kernel in cost.kernels if kernel[0]]
    assert forward == (4 * 2 * 10 * 30 * 4, 4 * 8 * (2 * 10 + 2 * 30)) and backward[0] == 2.5 * forward[0]


def test_the_unets_arithmetic_is_what_torch_counts() -> None:
    unet = computed_cost.Unet(TinySD15, side=8)
    cost = unet.run(rows=2, frames=2, scope=None)
    x, text = (torch.empty(shape, device="meta", dtype=torch.float16) for shape in ((2, 4, 8, 8), (2, computed_cost.TEXT, unet.width)))
    attended: list[int] = []

    def attend(_: Any, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        attended.append(4 * q.shape[0] * q.shape[1] * k.shape[1] * q.shape[2])
        return q

    with FlopCounterMode(display=False) as counter:
        unet.unet(x, x.new_empty(2), context=text, transformer_options={"optimized_attention_override": attend})
    assert cost.flops == counter.get_total_flops() + sum(attended) > 0
    modules = unet.run(rows=2, frames=2, scope=SCOPE)
    assert modules.flops > cost.flops and not cost.own_passes
    assert any("feed_forward.py" in owner for owner in modules.own_passes)


# The other pack


def test_another_folder_than_the_peers_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="wanted a folder of ComfyUI-AnimateDiff-Evolved, found no animatediff"):
        peer.import_peer(tmp_path)


def test_packs_take_turns_and_are_compared(capsys: pytest.CaptureFixture[str]) -> None:
    image = load_image_model(SMALL, torch.float32)[0]
    model = add_motion(image, SMALL, torch.float32, SCOPE)
    arguments = Namespace(runs=1, frames=2, size=64, steps=2)
    with torch.inference_mode():
        seconds, views = peer.compare({"one": model, "other": model}, arguments)
        peer.report(seconds, views)
        assert "views: equal bit for bit" in capsys.readouterr().out
        peer.report(seconds, views | {"other": 2 * views["one"]})
    assert [len(times) for times in seconds.values()] == [2, 2]
    assert "views: relative difference 5.00e-01" in capsys.readouterr().out
