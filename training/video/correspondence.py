"""CAMEO (arXiv 2512.03045) as a term of the loss: the attention of one motion module looks at the same surface point in other frames.

Where that point lies follows from the cameras and the depth of every frame. An example brings it along, worked out on the CPU where
examples are drawn, with the random numbers that choose its queries: so an update waits for no device, and several processes compute what
one computes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from ...mvcustom_core.backbone.motion import MotionModule, MotionModules, Observation
from ...mvcustom_core.cameo.loss import QUERIES, ScoreHead, supervise
from ...mvcustom_core.cameo.precision import measure_precision
from ...mvcustom_core.cameo.targets import Targets, draw_order, pick_queries
from ...mvcustom_core.camera.cameras import Cameras
from ...mvcustom_core.surface.correspondence import correspond_depths
from ..engine.stage import Example
from .network import BlockKey
from .sources import EXTRAS, Entry
from .stage import ClipTerm

LAYER = "up_blocks.2.motion_modules.0"  # the deep level of the decoder; the paper found that others help less or hurt
READ = ("w2c", "K", "depth")  # of a clip
BLOCKS: tuple[BlockKey, ...] = (
    *(("input", index) for index in range(12)), ("middle", 0), *(("output", index) for index in range(12)),
)  # fmt: skip


class CorrespondenceTerm(ClipTerm):
    """The loss of one module, the mean over the clips of a batch.

    Args:
        modules: of the network that is trained.
        layer: name of the module, as in AnimateDiff's files.
        weight: factor of the term.
        queries: of each ordered pair of frames; half of the cells where the module has fewer than twice as many.
        seed: of the head.

    Raises:
        ValueError: if there is no such module.
    """

    name = "cameo"

    def __init__(self, modules: MotionModules, layer: str, weight: float, queries: int = QUERIES, seed: int = 0) -> None:
        super().__init__()
        self.block, module = find_layer(modules, layer)
        self.weight, self.level, self.most = weight, module.level, queries
        self.head = ScoreHead(modules.settings.heads, torch.Generator().manual_seed(seed))

    def prepare(self, example: Example, generator: torch.Generator) -> Example:
        """Put the targets [F, (h w), F, ...] of the module's grid and the order of their queries in place of cameras and depth."""
        size = tuple(-(-side // 2**self.level) for side in example["latents"].shape[-2:])
        w2c, K, depth = (example[name] for name in READ)
        cameras = Cameras(w2c, K, depth.shape[-1], depth.shape[-2])
        found = correspond_depths(cameras, depth, depth.isfinite() & (depth > 0), [size])[size]
        targets = Targets.stack([found])
        prepared = {name: tensor for name, tensor in example.items() if name not in READ}
        order = draw_order(targets.known, generator)
        return prepared | {"cells": targets.cells[0], "points": targets.points[0], "known": targets.known[0], "order": order[0]}

    def forward(self, seen: Observation, batch: Example) -> Tensor:
        losses = []
        for clip, (observation, targets) in enumerate(_split(seen, batch)):
            most = min(self.most, -(-targets.height * targets.width // 2))
            draw = pick_queries(targets.find_reachable(observation.scope), most, batch["order"][[clip]])
            losses.append(supervise(observation, targets, draw, self.head).loss)
        return torch.stack(losses).mean()

    def judge(self, seen: Observation, batch: Example) -> dict[str, float]:
        """Share of all queries that look at the right place, by the mean of the heads and by the head of the loss; where any is known."""
        found = [measure_precision(*pair, torch.Generator().manual_seed(0), self.head) for pair in _split(seen, batch)]
        rows = torch.tensor([[each.mean, each.learned] for each in found if each.count])  # [B', 2]
        return dict(zip(("precision", "learned precision"), rows.mean(0).tolist(), strict=True)) if len(rows) else {}


def find_layer(modules: MotionModules, layer: str) -> tuple[BlockKey, MotionModule]:
    """The block and the module of a name such as "up_blocks.2.motion_modules.0".

    Raises:
        ValueError: if there is none of that name.
    """
    names = {module: name for name, module in modules.named_modules() if isinstance(module, MotionModule)}
    found = {names[module]: (block, module) for block in BLOCKS if (module := modules.at(block)) is not None}
    if layer not in found:
        raise ValueError(f"--cameo-layer: wanted one of {', '.join(found)}, got {layer!r}")
    return found[layer]


def check_depth(entries: Sequence[Entry]) -> None:
    """Check that all clips have what the loss needs.

    Raises:
        ValueError: if one has no cameras or no depth.
    """
    without = [entry for entry in entries if not set(READ) <= set(EXTRAS[entry.kind])]
    if without:
        first = without[0]
        raise ValueError(
            f"--cameo: wanted cameras and depth of every clip, got {len(without)} of {len(entries)} entries without, first {first.name} "
            f"({first.kind}); give --data a folder of scenes that `python dev.py train-tiny data` writes, or leave --cameo out"
        )


def _split(seen: Observation, batch: Example) -> Iterator[tuple[Observation, Targets]]:
    """Every clip of a batch by itself."""
    frames, size = seen.grid.frames, (seen.grid.height, seen.grid.width)
    queries, keys = seen.q.split(frames), seen.k.split(frames)
    for clip, (q, k) in enumerate(zip(queries, keys, strict=True)):
        targets = Targets(*(batch[name][[clip]] for name in ("cells", "points", "known")), *size)
        yield replace(seen, q=q, k=k), targets
