"""What each stage of the command line does: build, train, keep."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from ..mvcustom_core.embedded.depth_head import DepthHead
from ..mvcustom_core.mvgd.model import MVGD
from ..mvcustom_core.mvgd.settings import TINY
from ..nodes.bridge.backbone import embedded
from .data import load_field, write_shards
from .depth import DepthStage
from .engine.loop import run_stage
from .engine.processes import join_processes
from .engine.settings import LoopSettings
from .engine.stage import Stage
from .engine.weights import load_result
from .figures import READER, print_figures
from .image import ImageStage, TinyDenoiser, TinyText, write_latents
from .motion import DENSE_SETTINGS, make_motion_stage, plan_widening
from .mvgd.data import write_scenes
from .mvgd.examples import Drawing
from .mvgd.pack import pack_mvgd
from .mvgd.stage import MVGDStage
from .pose import PoseStage
from .reader import ReaderStage
from .rings import write_rings
from .vae import VaeStage, initialize, whiten
from .video.widening import Widening

RECIPES = {
    "vae": LoopSettings(800, 1e-3, ema=0.995, save_every=50),
    "decoder": LoopSettings(1000, 5e-4, save_every=50),
    "image": LoopSettings(3000, 1e-3, report_every=50, save_every=100),
    "motion": LoopSettings(1000, 1e-3, batch=4, save_every=50, ema=0.995),
    "motion_dense": LoopSettings(1000, 1e-3, batch=4, save_every=50, ema=0.995),
    "depth": LoopSettings(600, 1e-3, report_every=100),
    "pose": LoopSettings(7000, 2e-3, batch=1, report_every=200),
    "reader": LoopSettings(1500, 2e-3, batch=32, report_every=100),
    "mvgd": LoopSettings(2200, 1e-3, warmup=100, report_every=50, save_every=100),
}
"""How each stage is trained unless the command line says otherwise: about as the shipped weights were."""


def run(stage: Stage, arguments: argparse.Namespace, folder: Path) -> None:
    """Train a stage by its recipe and the command line, and keep its state and its weights in `folder`/state."""
    given = {"updates": arguments.updates, "learning_rate": arguments.rate, "batch": arguments.batch, "minutes": arguments.minutes}
    chosen = {name: value for name, value in given.items() if value is not None}
    run_stage(stage, replace(RECIPES[stage.name], **chosen, continue_anyway=arguments.continue_anyway), folder / "state")


def count_updates(name: str, arguments: argparse.Namespace) -> int:
    """The updates that a stage is trained for."""
    return arguments.updates or RECIPES[name].updates


def train_data(arguments: argparse.Namespace, folder: Path) -> None:
    write_shards(folder / "data", arguments.shards)


def _first_stage() -> torch.nn.Module:
    first_stage = embedded.build_first_stage()
    initialize(first_stage)
    return first_stage


def train_vae(arguments: argparse.Namespace, folder: Path) -> None:
    torch.manual_seed(0)
    run(VaeStage(_first_stage(), folder / "data"), arguments, folder)


def train_decoder(arguments: argparse.Namespace, folder: Path) -> None:
    """Freeze the encoder, whiten the latents, train the decoder on: the later stages need not wait for it."""
    first_stage = _first_stage()
    start = folder / "vae.safetensors"
    with join_processes().main_process_first():
        if not start.exists():
            first_stage.load_state_dict(load_result(folder / "state" / "vae.safetensors"), strict=False)  # but for the constants
            whiten(first_stage, load_field(folder / "data", "images", held_out=False, limit=1)[:, ::2].flatten(0, 1))
            save_file(first_stage.state_dict(), start)
    first_stage.load_state_dict(load_file(start))
    stage = VaeStage(first_stage, folder / "data", decoder_only=True)
    stage.name = "decoder"
    run(stage, arguments, folder)


def _start_decoder(folder: Path) -> torch.nn.Module:
    first_stage = _first_stage()
    first_stage.load_state_dict(load_file(folder / "vae.safetensors"))
    return first_stage


def write_all_latents(arguments: argparse.Namespace, folder: Path) -> None:
    """Encode the pictures once; the denoiser's stages read latents alone."""
    write_latents(folder, _start_decoder(folder), arguments.shards)


def train_image(arguments: argparse.Namespace, folder: Path) -> None:
    torch.manual_seed(1)
    run(ImageStage(TinyDenoiser(), folder), arguments, folder)


def train_motion(arguments: argparse.Namespace, folder: Path) -> None:
    torch.manual_seed(2)
    narrow = Widening.constant(embedded.MOTION.scopes)
    run(make_motion_stage("motion", _trained_denoiser(folder), folder, embedded.MOTION, narrow), arguments, folder)


def train_dense_motion(arguments: argparse.Namespace, folder: Path) -> None:
    """From the modules of one cell to dense ones, wider and wider."""
    torch.manual_seed(2)
    widening = plan_widening(count_updates("motion_dense", arguments))
    stage = make_motion_stage("motion_dense", _trained_denoiser(folder), folder, DENSE_SETTINGS, widening)
    stage.trained.load_state_dict(load_result(folder / "state" / "motion.safetensors"), strict=False)  # but for the gates, at zero
    run(stage, arguments, folder)


def train_depth(arguments: argparse.Namespace, folder: Path) -> None:
    torch.manual_seed(3)
    run(DepthStage(DepthHead(), folder / "data"), arguments, folder)


def _trained_denoiser(folder: Path) -> TinyDenoiser:
    denoiser = TinyDenoiser()
    denoiser.load_state_dict(load_result(folder / "state" / "image.safetensors"))
    return denoiser


def write_all_rings(arguments: argparse.Namespace, folder: Path) -> None:
    write_rings(folder / "rings", _start_decoder(folder), arguments.shards)


def train_pose(arguments: argparse.Namespace, folder: Path) -> None:
    torch.manual_seed(5)
    run(PoseStage(_trained_denoiser(folder), folder), arguments, folder)


def train_reader(arguments: argparse.Namespace, folder: Path) -> None:
    torch.manual_seed(4)
    run(ReaderStage(folder / "data"), arguments, folder)


def write_mvgd_scenes(arguments: argparse.Namespace, folder: Path) -> None:
    write_scenes(folder / "mvgd", arguments.shards + 1)  # one is held out


def train_mvgd(arguments: argparse.Namespace, folder: Path) -> None:
    """Views and depth from rays; of no other stage."""
    torch.manual_seed(6)
    run(MVGDStage(MVGD(TINY), folder / "mvgd", Drawing()), arguments, folder)


def write_mvgd_weights(arguments: argparse.Namespace, folder: Path) -> None:
    pack_mvgd(folder / "state", TINY, Drawing())


def pack_weights(arguments: argparse.Namespace, folder: Path) -> None:
    """Collect every stage's averaged weights into the one file that the pack ships, and the reader's into that of the measurements."""
    parts = {
        name: load_result(path)
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
    reader = folder / "state" / "reader.safetensors"
    if reader.exists():  # it measures, and nothing follows from it
        save_file(load_result(reader), READER)


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
    "mvgd_data": write_mvgd_scenes,
    "mvgd": train_mvgd,
    "mvgd_pack": write_mvgd_weights,
    "pack": pack_weights,
    "figures": print_figures,
}
