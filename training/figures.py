"""The embedded backbone's held-out figures, as the model card quotes them."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

import comfy.model_management
import comfy.sample
import comfy.samplers
import torch
from comfy.model_patcher import ModelPatcher
from comfy.sd import CLIP, VAE
from safetensors.torch import load_file
from torch import Tensor

from ..mvcustom_core.embedded.scenes.grammar import VOCABULARY
from ..mvcustom_core.embedded.scenes.scene import Scene
from ..nodes.bridge.backbone import embedded
from .agreement import compensated_psnr
from .data import render_shard, shard_scenes
from .reader import Reader, read_accuracy

READER = embedded.FILE.with_name("reader.safetensors")
SCENES, VIEWS, STEPS, GUIDANCE = 24, 4, 20, 3.0
CLIPS = 8  # captions that whole sweeps are made of
log = logging.getLogger("mvcustom.training.figures")


@torch.inference_mode()
def print_figures(arguments: argparse.Namespace, folder: Path) -> None:
    """VAE and depth errors on held-out pictures; attributes read back from generated views; how far neighbouring views agree."""
    shard, backbone = render_shard(0), embedded.load_embedded()[:3]
    print_pictures(shard, backbone[2])
    print_captions(shard, *backbone)
    print_agreement(shard, *backbone)


def print_pictures(shard: dict[str, Tensor], vae: VAE) -> None:
    images = shard["images"][:SCENES, ::4].flatten(0, 1).float() / 255
    decoded = vae.decode(vae.encode(images.movedim(1, -1))).movedim(-1, 1).float()
    psnr = -10 * torch.log10((decoded - images).square().mean((1, 2, 3)))
    print(f"VAE, {len(images)} held-out pictures: {float(psnr.mean()):.2f} dB PSNR")
    depth = shard["depth"][:SCENES, ::4].flatten(0, 1).float()
    error = (embedded.load_depth_head()(images).log() - depth.log()).abs().mean()
    print(f"depth head, the same pictures: mean absolute log error {float(error):.3f}")


def print_captions(shard: dict[str, Tensor], model: ModelPatcher, clip: CLIP, vae: VAE) -> None:
    reader = Reader()
    reader.load_state_dict(load_file(READER))
    words, images = shard["words"][:SCENES], shard["images"][:SCENES].flatten(0, 1).float() / 255
    truth = read_accuracy(reader, images, words.repeat_interleave(len(images) // SCENES, 0))
    views = torch.cat([generate(model, clip, vae, scene, seed) for seed, scene in enumerate(shard_scenes(0)[:SCENES])])
    read = read_accuracy(reader, views, words.repeat_interleave(VIEWS, 0))
    print(f"captions read back from {len(views)} generated views of {SCENES} held-out captions ({STEPS} steps, guidance {GUIDANCE}):")
    for name, options in VOCABULARY.items():
        print(f"  {name:8} {read[name]:6.1%}   chance {1 / len(options):6.1%}   the reader on true pictures {truth[name]:6.1%}")


def print_agreement(shard: dict[str, Tensor], model: ModelPatcher, clip: CLIP, vae: VAE) -> None:
    scenes = shard_scenes(0)[:CLIPS]
    clips = {
        name: [generate(kind, clip, vae, scene, seed, embedded.VIEWS) for seed, scene in enumerate(scenes)]
        for name, kind in (("generated", model), ("without motion modules", embedded.load_unet()))
    }
    clips["true"] = list(shard["images"][:CLIPS].float() / 255)
    print(f"neighbouring views, motion-compensated, {CLIPS} clips of {embedded.VIEWS} views (the same views in shuffled order):")
    for name, views in clips.items():
        generator = torch.Generator().manual_seed(0)
        shuffled = [each[torch.randperm(len(each), generator=generator)] for each in views]
        print(f"  {name:22} {mean_psnr(views):.2f} dB ({mean_psnr(shuffled):.2f} dB)")


def mean_psnr(clips: list[Tensor]) -> float:
    return sum(map(compensated_psnr, clips)) / len(clips)


def generate(model: ModelPatcher, clip: CLIP, vae: VAE, scene: Scene, seed: int, views: int = VIEWS) -> Tensor:  # noqa: PLR0913
    """Views [V, 3, H, W] of one caption."""
    positive, negative = ([[clip.encode_from_tokens(clip.tokenize(text)), {}]] for text in (scene.words.caption, ""))
    latent = torch.zeros(views, 4, embedded.SIZE // 8, embedded.SIZE // 8)
    noise = comfy.sample.prepare_noise(latent, seed)
    samples = comfy.sample.sample(
        model, noise, STEPS, GUIDANCE, "euler", "simple", positive, negative, latent, disable_pbar=True, seed=seed
    )
    return vae.decode(samples).movedim(-1, 1).float()
