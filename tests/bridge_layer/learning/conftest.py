"""What short learning runs share: a folder of their own, a preview that costs nothing, and one copy of the backbone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # else when ComfyUI is entered, which is after this file is read
    from torch import Tensor

    from mvcustom.nodes.bridge.learning.denoiser import ComfyDenoiser


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where runs are kept."""
    import folder_paths

    monkeypatch.setattr(folder_paths, "output_directory", str(tmp_path))
    return tmp_path / "mvcustom" / "learning"


@pytest.fixture
def quick_preview(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Tensor]:
    """The drawing of previews, which is replaced here, since it takes longer than these runs."""
    import torch

    from mvcustom.nodes.bridge.learning import run as run_file

    draw = run_file.draw_preview
    monkeypatch.setattr(run_file, "draw_preview", lambda learner, *_: torch.full((3, 4, 4), learner.state.step / 100))
    return draw


@pytest.fixture(scope="module")
def denoiser() -> Iterator[ComfyDenoiser]:
    from mvcustom.nodes.bridge.learning.denoiser import ComfyDenoiser
    from mvcustom.tests.bridge_layer.learning.runs import OPTIONS, WORDS
    from mvcustom.tests.host.embedded import SPEC, load_once

    once = load_once()
    with ComfyDenoiser(once[0], once[1], SPEC.pose_layout, WORDS, OPTIONS.economy) as denoiser:
        yield denoiser


@pytest.fixture
def copied_once(monkeypatch: pytest.MonkeyPatch, denoiser: ComfyDenoiser) -> None:
    """All runs of a file learn on one copy of the backbone: making it takes longer than the updates."""
    from mvcustom.nodes.bridge.learning import run as run_file

    monkeypatch.setattr(run_file, "ComfyDenoiser", lambda *_: nullcontext(denoiser))
