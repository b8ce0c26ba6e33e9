"""ComfyUI's flags, each in a process of its own: the same views under all of them, or a refusal that says what is missing."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

SCRIPT = Path(__file__).with_name("flagged.py")
FLOAT32 = ["torch.float32"]
RIGHT: dict[str, list[str]] = {  # flags -> the types of Stable Diffusion's U-Net and motion modules under them
    "--cache-none": FLOAT32,
    "--cache-lru 3": FLOAT32,
    "--disable-smart-memory": FLOAT32,
    "--lowvram": FLOAT32,
    "--novram": FLOAT32,
    "--fp16-unet": ["torch.float16"],
    "--bf16-unet": ["torch.bfloat16"],
}
ON_A_GPU = ("--lowvram", "--novram")  # which ComfyUI refuses beside --cpu
ROUNDING = {"torch.float32": 1e-6, "torch.float16": 0.02, "torch.bfloat16": 0.1}  # of one step, relative

pytestmark = pytest.mark.slow  # a ComfyUI for each


def start(folder: Path, flags: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), str(folder), *flags.split()]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, env={**os.environ, "OMP_NUM_THREADS": "1"})


def run(folder: Path, flags: str) -> dict[str, Any]:
    done = start(folder, flags)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return run(tmp_path_factory.mktemp("plain"), "")


def test_without_flags_a_queue_repeats_itself(plain: dict[str, Any]) -> None:
    first, second, third = plain["views"]
    assert first == third != second


@pytest.mark.parametrize("flags", RIGHT)
def test_views_are_the_same_under_a_flag(tmp_path: Path, plain: dict[str, Any], flags: str) -> None:
    if flags in ON_A_GPU and not torch.cuda.is_available():
        pytest.skip(f"{flags} needs CUDA")
    found = run(tmp_path, flags)
    assert found["views"] == plain["views"]  # the embedded backbone computes in float32, whatever type is asked for
    assert found["types"] == RIGHT[flags] and found["finite"]
    assert found["error"] < ROUNDING[RIGHT[flags][0]]


def test_sage_attention_gives_close_views_or_is_refused_by_name(tmp_path: Path, plain: dict[str, Any]) -> None:
    """ComfyUI itself ends where the package is missing; with it, attention is computed in 8 bits."""
    done = start(tmp_path, "--use-sage-attention")
    if importlib.util.find_spec("sageattention") is None:
        assert done.returncode != 0 and "the `sageattention` package must be installed first" in done.stderr
    else:
        assert done.returncode == 0, done.stderr[-3000:]
        assert json.loads(done.stdout.splitlines()[-1])["finite"]
