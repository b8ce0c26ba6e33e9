"""Procedural scenes from cameras far apart, on disk: narrow sweeps alone teach little, because a view's neighbour nearly is the view."""

from __future__ import annotations

import logging
import random
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from ...mvcustom_core.embedded.scenes.render import render_scene
from ...mvcustom_core.embedded.scenes.scene import sample_scene
from ...mvcustom_core.embedded.scenes.sweep import sample_sector

SIZE, VIEWS, SCENES_PER_SHARD = 32, 8, 50
FIRST_SEED = 300_000  # far from those of the other stages and of the measurements
SUPERSAMPLE = 3
log = logging.getLogger("mvcustom.training.mvgd")


def render_sector(seed: int, views: int = VIEWS, size: int = SIZE) -> dict[str, Tensor]:
    """One scene: images [V, 3, H, W] uint8, depth [V, H, W] float32 in world units, mask [V, H, W] bool, w2c [V, 4, 4], K [V, 3, 3]."""
    cameras = sample_sector(random.Random(f"sector {seed}"), views, size)
    rendered = render_scene(sample_scene(seed), cameras, SUPERSAMPLE)
    images = (255 * rendered.images).round().byte()
    return {"images": images, "depth": rendered.depth, "mask": rendered.mask[:, 0].bool(), "w2c": cameras.w2c, "K": cameras.K}


def write_scenes(folder: Path, count: int) -> None:
    """Render the shards 0..count-1 that are not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        path = folder / f"{index:04d}.safetensors"
        if not path.exists():
            rows = [render_sector(FIRST_SEED + index * SCENES_PER_SHARD + k) for k in range(SCENES_PER_SHARD)]
            part = path.with_suffix(".part")
            save_file({name: torch.stack([row[name] for row in rows]) for name in rows[0]}, part)
            part.replace(path)
            log.info("scenes, shard %d of %d", index + 1, count)


def load_scenes(folder: Path, *, held_out: bool) -> dict[str, Tensor]:
    """All fields of the finished shards of a split, concatenated along the scenes; shard 0 is held out.

    Raises:
        ValueError: if there are none.
    """
    paths = sorted(folder.glob("*.safetensors"))
    paths = paths[:1] if held_out else paths[1:]
    if not paths:
        raise ValueError(f"training data: wanted finished shards in {folder}, found none; run the mvgd_data stage first")
    shards = [load_file(path) for path in paths]
    return {name: torch.cat([shard[name] for shard in shards]) for name in shards[0]}
