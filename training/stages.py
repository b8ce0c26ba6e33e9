"""What each stage of the command line does: build, train, keep."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from ..nodes.bridge import embedded
from .data import load_field, write_shards
from .image import ImageStage, TinyDenoiser, write_latents
from .loop import LoopSettings, load_ema, run_stage
from .vae import VaeStage, initialize, whiten


def train_data(arguments: argparse.Namespace, folder: Path) -> None:
    write_shards(folder / "data", arguments.shards)


def _first_stage() -> torch.nn.Module:
    first_stage = embedded.build_first_stage()
    initialize(first_stage)
    return first_stage


def train_vae(arguments: argparse.Namespace, folder: Path) -> None:
    torch.manual_seed(0)
    stage = VaeStage(_first_stage(), folder / "data", arguments.batch)
    run_stage(stage, LoopSettings(arguments.minutes, arguments.rate or 1e-3, ema=0.995, report_every=20, save_every=50), folder / "state")


def train_decoder(arguments: argparse.Namespace, folder: Path) -> None:
    """Freeze the encoder, whiten the latents, train the decoder on: the later stages need not wait for it."""
    first_stage = _first_stage()
    start = folder / "vae.safetensors"
    if not start.exists():
        first_stage.load_state_dict(load_ema(folder / "state" / "vae.safetensors"), strict=False)  # but for the constants
        whiten(first_stage, load_field(folder / "data", "images", held_out=False, limit=4).flatten(0, 1))
        save_file(first_stage.state_dict(), start)
    first_stage.load_state_dict(load_file(start))
    stage = VaeStage(first_stage, folder / "data", arguments.batch, decoder_only=True)
    stage.name = "decoder"
    run_stage(stage, LoopSettings(arguments.minutes, arguments.rate or 5e-4, report_every=20, save_every=50), folder / "state")


def _start_decoder(folder: Path) -> torch.nn.Module:
    first_stage = _first_stage()
    first_stage.load_state_dict(load_file(folder / "vae.safetensors"))
    return first_stage


def train_image(arguments: argparse.Namespace, folder: Path) -> None:
    world = torch.distributed.get_world_size() if torch.distributed.is_initialized() else 1
    write_latents(folder, _start_decoder(folder), world)
    if world > 1:
        torch.distributed.barrier()
    torch.manual_seed(1)
    stage = ImageStage(TinyDenoiser(), folder, arguments.batch)
    run_stage(stage, LoopSettings(arguments.minutes, arguments.rate or 1e-3, report_every=50), folder / "state")


STAGES = {"data": train_data, "vae": train_vae, "decoder": train_decoder, "image": train_image}
