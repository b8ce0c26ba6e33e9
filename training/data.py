"""Shards of rendered scenes on disk: made once, in the background if need be, read by every stage."""

from __future__ import annotations

import logging
import random
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from ..mvcustom_core.embedded.scenes.grammar import word_indices
from ..mvcustom_core.embedded.scenes.render import render_scene
from ..mvcustom_core.embedded.scenes.scene import Scene, sample_scene
from ..mvcustom_core.embedded.scenes.sweep import sample_sweep

SIZE, VIEWS, SCENES_PER_SHARD = 128, 8, 50
HELD_OUT_SHARDS = 1  # shard 0 is never trained on
log = logging.getLogger("mvcustom.training.data")


def shard_scenes(index: int) -> list[Scene]:
    """The scenes of one shard, by seed."""
    return [sample_scene(index * SCENES_PER_SHARD + k) for k in range(SCENES_PER_SHARD)]


def render_shard(index: int) -> dict[str, torch.Tensor]:
    """images [N, V, 3, H, W] uint8, depth [N, V, H, W] half, mask [N, V, 1, H, W] bool, w2c, K, words [N, 5]."""
    rows: dict[str, list[torch.Tensor]] = {name: [] for name in ("images", "depth", "mask", "w2c", "K", "words")}
    for scene in shard_scenes(index):
        cameras = sample_sweep(random.Random(f"sweep {scene.seed}"), VIEWS, SIZE)
        views = render_scene(scene, cameras)
        values = ((views.images * 255).round().byte(), views.depth.half(), views.mask.bool(), cameras.w2c, cameras.K)
        for name, value in zip(rows, (*values, torch.tensor(word_indices(scene.words))), strict=True):
            rows[name].append(value)
    return {name: torch.stack(values) for name, values in rows.items()}


def write_shards(folder: Path, count: int) -> None:
    """Render the shards 0..count-1 that are not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        path = folder / f"{index:04d}.safetensors"
        if not path.exists():
            part = path.with_suffix(".part")
            save_file(render_shard(index), part)
            part.replace(path)
            log.info("shard %d of %d", index + 1, count)


def shard_paths(folder: Path, *, held_out: bool) -> list[Path]:
    """The finished shards of one split."""
    paths = sorted(folder.glob("*.safetensors"))
    return paths[:HELD_OUT_SHARDS] if held_out else paths[HELD_OUT_SHARDS:]


def load_field(folder: Path, field: str, *, held_out: bool, limit: int | None = None) -> torch.Tensor:
    """One field of all finished shards of a split, concatenated along the scenes."""
    paths = shard_paths(folder, held_out=held_out)[:limit]
    if not paths:
        raise ValueError(f"training data: wanted finished shards in {folder}, found none; run the data stage first")
    return torch.cat([load_file(path)[field] for path in paths])
