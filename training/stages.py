"""What each stage of the command line does: build, train, keep."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from ..mvcustom_core.backbone.motion import MotionSettings
from ..mvcustom_core.embedded.depth_head import DepthHead
from ..nodes.bridge.backbone import embedded
from .data import load_field, write_shards
from .depth import DepthStage
from .figures import READER, print_figures
from .image import ImageStage, TinyDenoiser, TinyText, write_latents
from .loop import LoopSettings, load_ema, run_stage
from .motion import DENSE_SETTINGS, WIDENING, MotionStage, narrow
from .pose import PoseStage
from .reader import ReaderStage
from .rings import write_rings
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
        whiten(first_stage, load_field(folder / "data", "images", held_out=False, limit=1)[:, ::2].flatten(0, 1))
        save_file(first_stage.state_dict(), start)
    first_stage.load_state_dict(load_file(start))
    stage = VaeStage(first_stage, folder / "data", arguments.batch, decoder_only=True)
    stage.name = "decoder"
    run_stage(stage, LoopSettings(arguments.minutes, arguments.rate or 5e-4, report_every=20, save_every=50), folder / "state")


def _start_decoder(folder: Path) -> torch.nn.Module:
    first_stage = _first_stage()
    first_stage.load_state_dict(load_file(folder / "vae.safetensors"))
    return first_stage


def write_all_latents(arguments: argparse.Namespace, folder: Path) -> None:
    """Encode the pictures once; the denoiser's stages read latents alone."""
    world = torch.distributed.get_world_size() if torch.distributed.is_initialized() else 1
    write_latents(folder, _start_decoder(folder), world, arguments.shards)


def train_image(arguments: argparse.Namespace, folder: Path) -> None:
    torch.manual_seed(1)
    stage = ImageStage(TinyDenoiser(), folder, arguments.batch)
    run_stage(stage, LoopSettings(arguments.minutes, arguments.rate or 1e-3, report_every=50, save_every=100), folder / "state")


def train_motion(arguments: argparse.Namespace, folder: Path) -> None:
    _run_motion(arguments, folder, _motion_stage(arguments, folder, embedded.MOTION), arguments.minutes)


def train_dense_motion(arguments: argparse.Namespace, folder: Path) -> None:
    """From the modules of one cell to dense ones, wider and wider; from its own state on at the widest alone."""
    name = "motion_dense"
    started = (folder / "state" / f"{name}.safetensors").exists()
    steps = [DENSE_SETTINGS] if started else [*(narrow(DENSE_SETTINGS, window) for window in WIDENING), DENSE_SETTINGS]
    start = None if started else load_ema(folder / "state" / f"{MotionStage.name}.safetensors")
    for modules in steps:
        stage = _motion_stage(arguments, folder, modules)
        stage.name = name
        if start:
            stage.module.load_state_dict(start, strict=False)  # but for the gates, at zero; a saved state goes before it
        _run_motion(arguments, folder, stage, arguments.minutes / len(steps))


def _motion_stage(arguments: argparse.Namespace, folder: Path, modules: MotionSettings) -> MotionStage:
    torch.manual_seed(2)
    return MotionStage(_trained_denoiser(folder), folder, arguments.batch, modules)


def _run_motion(arguments: argparse.Namespace, folder: Path, stage: MotionStage, minutes: float) -> None:
    settings = LoopSettings(minutes, arguments.rate or 1e-3, report_every=20, save_every=50, ema=0.995)
    run_stage(stage, settings, folder / "state")


def train_depth(arguments: argparse.Namespace, folder: Path) -> None:
    torch.manual_seed(3)
    run_stage(
        DepthStage(DepthHead(), folder / "data", arguments.batch), LoopSettings(arguments.minutes, arguments.rate or 1e-3), folder / "state"
    )


def _trained_denoiser(folder: Path) -> TinyDenoiser:
    denoiser = TinyDenoiser()
    denoiser.load_state_dict(load_ema(folder / "state" / "image.safetensors"))
    return denoiser


def write_all_rings(arguments: argparse.Namespace, folder: Path) -> None:
    write_rings(folder / "rings", _start_decoder(folder), arguments.shards)


def train_pose(arguments: argparse.Namespace, folder: Path) -> None:
    torch.manual_seed(5)
    settings = LoopSettings(arguments.minutes, arguments.rate or 2e-3, report_every=200, save_every=200)
    run_stage(PoseStage(_trained_denoiser(folder), folder), settings, folder / "state")


def train_reader(arguments: argparse.Namespace, folder: Path) -> None:
    torch.manual_seed(4)
    stage = ReaderStage(folder / "data", arguments.batch)
    run_stage(stage, LoopSettings(arguments.minutes, arguments.rate or 2e-3), folder / "state")
    save_file({name: tensor.contiguous() for name, tensor in stage.module.state_dict().items()}, READER)


def pack_weights(arguments: argparse.Namespace, folder: Path) -> None:
    """Collect every stage's EMA weights into the one file that the pack ships."""
    parts = {
        name: load_ema(path)
        for name in ("image", "motion", "depth", "pose", "decoder")
        if (path := folder / "state" / f"{name}.safetensors").exists()
    }
    first_stage = _start_decoder(folder)
    first_stage.load_state_dict(parts.get("decoder", {}), strict=False)
    text = TinyText()
    image = parts["image"]
    tensors = {f"unet.{name.removeprefix('unet.')}": tensor for name, tensor in image.items() if name.startswith("unet.")}
    tensors |= {f"text.{name.removeprefix('text.model.')}": tensor for name, tensor in image.items() if name.startswith("text.model.")}
    tensors |= {"text.rows": image["text.rows.weight"]}
    tensors |= {f"vae.{name}": tensor for name, tensor in first_stage.state_dict().items()}
    tensors |= {f"motion.{name}": tensor for name, tensor in parts["motion"].items()}
    tensors |= {f"{part}.{name}": tensor for part in ("depth", "pose") for name, tensor in parts[part].items()}
    tensors = {name: tensor.detach().half().contiguous() for name, tensor in tensors.items()} | {"text.ids": text.ids}
    embedded.FILE.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, embedded.FILE, {"format": "mvcustom-embedded-1"})


STAGES = {
    "data": train_data,
    "vae": train_vae,
    "decoder": train_decoder,
    "latents": write_all_latents,
    "image": train_image,
    "motion": train_motion,
    "motion_dense": train_dense_motion,
    "depth": train_depth,
    "rings": write_all_rings,
    "pose": train_pose,
    "reader": train_reader,
    "pack": pack_weights,
    "figures": print_figures,
}
