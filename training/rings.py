"""Subjects photographed from all around, as a user takes them: what pose blocks are trained on.

Half of the subjects are the grammar's, half are concepts; their seeds are far from those that anything is measured on.
"""

from __future__ import annotations

import logging
import random
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from ..mvcustom_core.camera.normalisation import normalise_scene
from ..mvcustom_core.concept.learning.losses import resize_area
from ..mvcustom_core.embedded.scenes.grammar import word_indices
from ..mvcustom_core.embedded.scenes.render import render_scene
from ..mvcustom_core.embedded.scenes.scene import sample_concept, sample_scene
from ..mvcustom_core.embedded.scenes.sweep import sample_photographs
from .data import SCENES_PER_SHARD, SIZE
from .engine.processes import join_processes
from .vae import encode

VIEWS = 12
FIRST_SEED = 100_000
STORED_SIZE = 64  # pixels a side; the losses look no closer
log = logging.getLogger("mvcustom.training.rings")


@torch.no_grad()
def write_rings(folder: Path, first_stage: nn.Module, count: int) -> None:
    """Photograph and encode the shards 0..count-1 that are not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    device = join_processes().device
    first_stage.to(device)
    for index in range(count):
        path = folder / f"{index:04d}.safetensors"
        if not path.exists():
            rings = [_photograph(FIRST_SEED + index * SCENES_PER_SHARD + k, first_stage, device) for k in range(SCENES_PER_SHARD)]
            part = path.with_suffix(".part")
            save_file({name: torch.stack([ring[name] for ring in rings]) for name in rings[0]}, part)
            part.replace(path)
            log.info("rings, shard %d of %d", index + 1, count)


def _photograph(seed: int, first_stage: nn.Module, device: torch.device) -> dict[str, Tensor]:
    """latents [V, 4, h, w] half, images and masks [V, C, STORED_SIZE, STORED_SIZE] uint8, w2c and K of the full size, words [5]."""
    scene = sample_concept(seed) if seed % 2 else sample_scene(seed)
    taken = sample_photographs(random.Random(f"ring {seed}"), VIEWS, SIZE)
    views = render_scene(scene, taken)
    cameras, _ = normalise_scene(taken)
    images, masks = ((255 * resize_area(x.float(), STORED_SIZE, STORED_SIZE)).round().byte() for x in (views.images, views.mask))
    latents = encode(first_stage, views.images.to(device)).cpu().half()
    words = torch.tensor(word_indices(scene.words))
    return {"latents": latents, "images": images, "masks": masks, "w2c": cameras.w2c, "K": cameras.K, "words": words}
