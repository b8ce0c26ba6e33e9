"""Checkpoints of other kinds are refused by name: by the header of the file, before a motion file or any weights are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from comfy import sd

from mvcustom.devtools.stand_in import make_model
from mvcustom.nodes.backbone.apply_motion import MVCustomApplyMotion
from mvcustom.nodes.backbone.load_backbone import MVCustomLoadBackbone
from mvcustom.nodes.bridge.backbone import checkpoint, motion
from mvcustom.nodes.bridge.host.folders import MOTION
from mvcustom.tests.host.checkpoint_files import TEXT, VAE, list_sd2_shapes, list_sdxl_shapes, list_unet_shapes, write_sparse
from mvcustom.tests.host.in_process import ComfyInProcess

Shapes = Mapping[str, Sequence[int]]


class ReachedError(Exception):
    """The weights would be read now."""


@pytest.fixture
def folders(comfy: ComfyInProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One folder for checkpoints and motion files of this test alone; reading weights ends the run."""

    def reach(*_: Any) -> None:
        raise ReachedError

    known = comfy.folder_paths.folder_names_and_paths
    for kind in ("checkpoints", MOTION):
        monkeypatch.setitem(known, kind, ([str(tmp_path)], {".safetensors", ".ckpt"}))
    (tmp_path / "v3.safetensors").write_bytes(b"not read")
    monkeypatch.setattr(checkpoint, "load_motion", reach)
    monkeypatch.setattr(motion, "load_motion", reach)
    monkeypatch.setattr(sd, "load_checkpoint_guess_config", reach)
    return tmp_path


def load(file: Path) -> None:
    MVCustomLoadBackbone.execute(checkpoint=file.name, motion_file="v3.safetensors")


REFUSED: dict[str, tuple[Callable[[], Shapes], str]] = {
    "SDXL": (lambda: list_sdxl_shapes() | VAE, "got Stable Diffusion XL; choose a Stable Diffusion 1.5 checkpoint"),
    "SD2": (lambda: list_sd2_shapes() | VAE, "got Stable Diffusion 2; choose a Stable Diffusion 1.5 checkpoint"),
    "inpainting": (
        lambda: list_unet_shapes(in_channels=9) | VAE | TEXT,
        r"Stable Diffusion 1.5 for text to image, got one for inpainting \(9 channels\); choose",
    ),
    "instructions": (
        lambda: list_unet_shapes(in_channels=8) | VAE | TEXT,
        r"got one for editing by instructions \(8 channels\); choose",
    ),
    "no text encoder": (lambda: list_unet_shapes() | VAE, "got one without text encoder; choose a whole one, or load the parts with"),
    "U-Net alone": (list_unet_shapes, "got one without text encoder and VAE; choose a whole one"),
    "LoRA": (
        lambda: {"lora_unet_down_blocks_0.lora_up.weight": (4, 4)},
        "got a file without its U-Net, which holds lora_unet_down_blocks_0.lora_up.weight; choose",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_another_kind_of_checkpoint_is_refused_by_its_header(folders: Path, kind: str) -> None:
    shapes, message = REFUSED[kind]
    file = write_sparse(folders / "other.safetensors", shapes())
    with pytest.raises(ValueError, match=f"^other.safetensors: wanted .*{message}"):
        load(file)


def test_a_checkpoint_of_sd15_passes_its_header(folders: Path) -> None:
    with pytest.raises(ReachedError):
        load(write_sparse(folders / "sd15.safetensors", list_unet_shapes() | VAE | TEXT))


@pytest.mark.parametrize(("in_channels", "error", "message"), [(4, ReachedError, None), (9, ValueError, "old.ckpt: .* for inpainting")])
def test_a_pickled_checkpoint_is_judged_by_its_shapes(folders: Path, in_channels: int, error: type[Exception], message: str | None) -> None:
    shapes = list_unet_shapes(in_channels=in_channels) | VAE | TEXT
    one = torch.zeros(1, dtype=torch.float16)
    torch.save({"state_dict": {name: one.expand(shape) for name, shape in shapes.items()}, "global_step": 3}, folders / "old.ckpt")
    with pytest.raises(error, match=message):
        load(folders / "old.ckpt")


def test_a_cut_checkpoint_is_refused(folders: Path) -> None:
    file = write_sparse(folders / "cut.safetensors", list_unet_shapes() | VAE | TEXT)
    with file.open("r+b") as stream:
        stream.truncate(file.stat().st_size // 2)
    with pytest.raises(ValueError, match="cut.safetensors is no complete safetensors file .*; download it again"):
        load(file)


def test_motion_is_not_read_for_a_model_that_cannot_host_it(folders: Path) -> None:
    inpainting = make_model(in_channels=9)
    with pytest.raises(ValueError, match=r"motion: wanted a model of 4 input channels, got one for inpainting \(9 channels\); load"):
        MVCustomApplyMotion.execute(model=inpainting, motion_file="v3.safetensors")
    with pytest.raises(ReachedError):
        MVCustomApplyMotion.execute(model=make_model(), motion_file="v3.safetensors")
