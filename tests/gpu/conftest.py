"""Lends the tier what the processor makes of its cases, and a GPU without memory."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

Reference = Callable[[str], dict[str, np.ndarray]]
SCRIPT = Path(__file__).with_name("on_cpu.py")
PATIENCE_S = 1800
SHORT = {"torch.float32": "fp32", "torch.float16": "fp16", "torch.bfloat16": "bf16"}


def find_precision() -> list[str]:
    """ComfyUI's flags for the types in which it computes VAE and text encoder here."""
    from mvcustom.tests.host.embedded import load_once

    _, clip, vae = load_once()
    text = next(clip.cond_stage_model.parameters()).dtype
    return [f"{SHORT[str(vae.vae_dtype)]}_vae", f"{SHORT[str(text)]}_text_enc"]


@pytest.fixture(scope="session")
def on_cpu(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reference]:
    """Gives a case's arrays as the processor computes them. One process computes those of all selected tests, beside the device."""
    from mvcustom.tests.gpu.cases import CASES  # ComfyUI is entered by now

    chosen = [item.callspec.params["case"] for item in request.session.items if "case" in getattr(item, "fixturenames", ())]
    names = list(dict.fromkeys(CASES[name].reference or name for name in chosen))
    folder = tmp_path_factory.mktemp("on_cpu")
    log = folder / "log.txt"
    command = [sys.executable, str(SCRIPT), str(folder), ",".join(find_precision()), *names]
    with log.open("w") as file, subprocess.Popen(
        command, stdout=file, stderr=file, env={**os.environ, "OMP_NUM_THREADS": "1"}
    ) as process:  # fmt: skip

        def read(name: str) -> dict[str, np.ndarray]:
            found, failed = (folder / f"{names.index(name)}.{ending}" for ending in ("npz", "txt"))
            began = time.monotonic()
            while not found.exists():
                assert not failed.exists(), f"{name} fails on the processor: {failed.read_text(encoding='utf-8')[-3000:]}"
                assert process.poll() is None or found.exists(), log.read_text()[-3000:]
                assert time.monotonic() < began + PATIENCE_S, f"{name}: no result from the processor after {PATIENCE_S} s"
                time.sleep(0.2)
            with np.load(found) as arrays:
                return dict(arrays)

        yield read
        process.kill()


@pytest.fixture
def without_memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """ComfyUI keeps all weights in RAM, as with --novram. Dynamic memory has no such state, and decides for itself."""
    from comfy import model_management  # ComfyUI is entered by now

    model_management.unload_all_models()
    monkeypatch.setattr(model_management, "vram_state", model_management.VRAMState.NO_VRAM)
    yield
    model_management.unload_all_models()
