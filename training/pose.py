"""Stage 5: pose blocks that render any of the procedural subjects, for Learn Concept to start from.

FeatureNeRF reads its references, so blocks trained over many subjects already know how to look them up; a concept then has little left to
learn. The paper starts every concept from nothing; this is our own addition, for a backbone that has to learn on a CPU in minutes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from ..mvcustom_core.camera.cameras import Cameras
from ..mvcustom_core.concept.feature_nerf import Rendered
from ..mvcustom_core.concept.learning.losses import LossWeights, denoising_loss, find_region, rendering_losses
from ..mvcustom_core.concept.pose_block import PoseBlocks
from ..mvcustom_core.concept.subject import Subject
from ..mvcustom_core.diffusion.prediction import add_noise, prediction_target, scale_signal
from ..mvcustom_core.embedded.scenes.grammar import VOCABULARY
from ..nodes.bridge.backbone import embedded
from ..nodes.bridge.concept.pose import Hooked, find_blocks, pose_patches, record_features
from ..nodes.bridge.host.call import KEY
from .data import SIZE, shard_paths
from .engine.stage import Example, Losses, Stage
from .image import TinyDenoiser, alphas_cumprod

TARGETS, REFERENCES = 3, (3, 8)  # views an update; references are drawn anew, fewest to most
DENOISING_SHARE = 0.5  # of the examples; the others render alone, at a fraction of the time
NOISY = 3.0  # levels are drawn as in learning a concept: 999 (1 - u^3)


class Rings:
    """Which photographs of a ring are rendered, with the help of which others, and at which noise level they are denoised, if at all."""

    def __init__(self, rings: int, views: int) -> None:
        self.rings, self.views = rings, views

    def __len__(self) -> int:
        return self.rings

    def draw(self, index: int, generator: torch.Generator) -> Example:
        order = torch.randperm(self.views, generator=generator)
        count = torch.randint(REFERENCES[0], REFERENCES[1] + 1, (), generator=generator)
        chances = torch.rand(2, generator=generator)
        level = (999 * (1 - chances[0] ** NOISY)).long()
        t = torch.where(chances[1] < DENOISING_SHARE, level, -1)
        return {
            "ring": torch.tensor(index),
            "order": order,
            "references": count,
            "t": t,
            "seed": torch.randint(2**31, (), generator=generator),
        }


class PoseStage(Stage):
    """Some views of a subject are rendered, and now and then denoised, with the help of others."""

    name = "pose"
    uneven = True  # what only rendering trains

    def __init__(self, denoiser: TinyDenoiser, folder: Path) -> None:
        super().__init__()
        self.denoiser = denoiser.requires_grad_(False)
        self.trained = PoseBlocks(embedded.SPEC.pose_layout, embedded.SPEC.nerf)
        self.numbers, self.blocks = frozenset(self.trained), find_blocks(self.denoiser.unet)
        self.weights = LossWeights()
        self.register_buffer("alphas", alphas_cumprod(), persistent=False)
        self.rings = _load(folder, held_out=False)
        self.held = _load(folder, held_out=True)
        self.examples = Rings(*self.rings["latents"].shape[:2])
        self.features: dict[int, dict[int, Tensor]] = {}  # ring to what the frozen denoiser makes of its photographs, half precision

    def place(self, batch: Example) -> Example:
        return batch  # of numbers that are wanted here and not on the device

    def forward(self, batch: Example) -> Losses:
        losses = [self._example_loss({name: values[row] for name, values in batch.items()}) for row in range(len(batch["ring"]))]
        parts = {name: torch.stack([part[name] for _, part in losses]).mean() for name in losses[0][1]}
        return torch.stack([loss for loss, _ in losses]).mean(), parts

    def _example_loss(self, example: Example) -> Losses:
        ring, order, count, t = int(example["ring"]), example["order"].tolist(), int(example["references"]), int(example["t"])
        if ring not in self.features:
            with torch.no_grad():
                self.features[ring] = {n: x.half() for n, x in self.record(self.rings, ring).items()}
        views = order[:TARGETS], order[TARGETS : TARGETS + count]
        generator = torch.Generator().manual_seed(int(example["seed"]))
        return self.ring_loss(self.rings, ring, self.features[ring], views, None if t < 0 else t, generator)

    def record(self, rings: dict[str, Tensor], ring: int) -> dict[int, Tensor]:
        """Reference features of all photographs of a ring."""
        latents = rings["latents"][ring].to(self.device).float()
        return record_features(lambda x, entries: self._run(rings, ring, x, entries), self.blocks, self.numbers, latents)

    def _run(self, rings: dict[str, Tensor], ring: int, x: Tensor, entries: dict[str, Any], step: int = 0) -> Tensor:
        shape_word = VOCABULARY["shape"][int(rings["words"][ring][2])]
        caption = self.denoiser.text(self.denoiser.text.indices([f"a {shape_word}"]).to(x.device))  # [1, L, D]
        options = {"patches": pose_patches(), KEY: entries, "cond_or_uncond": [0]}
        return self.denoiser.unet(x, x.new_full((len(x),), step), caption.expand(len(x), -1, -1), transformer_options=options)

    def ring_loss(
        self, rings: dict[str, Tensor], ring: int, features: dict[int, Tensor], views: tuple[list[int], list[int]], t: int | None,
        generator: torch.Generator,
    ) -> Losses:  # fmt: skip
        """Losses of target views rendered from reference views; at noise level t of 1000 the targets are denoised as well."""
        device, (targets, references) = self.device, views
        cameras = Cameras(rings["w2c"][ring].to(device), rings["K"][ring].to(device), SIZE, SIZE)
        images, masks = (rings[name][ring, targets].to(device).float() / 255 for name in ("images", "masks"))
        subject = Subject(self.trained, {n: x[references].float() for n, x in features.items()}, cameras[references])
        rendered: dict[int, Rendered] = {}
        losses: dict[str, Tensor] = {}
        if t is None:
            rendered = dict(enumerate(subject.render_all(cameras[targets], generator=generator)))
        else:
            hook = subject.make_hook(cameras[targets], rendered, generator=generator)
            scales = scale_signal("v", self.alphas[t])
            x0 = rings["latents"][ring, targets].to(device).float()
            noise = torch.randn(x0.shape, generator=generator).to(x0)
            v = self._run(rings, ring, add_noise(x0, noise, *scales), {"pose": Hooked(self.blocks, self.numbers, hook)}, t)
            region = find_region(masks, *x0.shape[-2:])
            losses["denoising"] = denoising_loss(v - prediction_target("v", x0, noise, *scales), region)
        losses |= rendering_losses(rendered.values(), images, masks)
        total = sum(getattr(self.weights, name) * loss for name, loss in losses.items())
        return total, {"denoising": torch.zeros((), device=device)} | {name: loss.detach() for name, loss in losses.items()}

    def held_out(self) -> dict[str, float]:
        generator = torch.Generator().manual_seed(0)
        views = [1, 5, 9], [0, 2, 4, 6, 8, 10]
        rows = [self.ring_loss(self.held, ring, self.record(self.held, ring), views, 600, generator)[1] for ring in range(20)]
        return {name: float(sum(row[name] for row in rows)) / len(rows) for name in rows[0]}


def _load(folder: Path, *, held_out: bool) -> dict[str, Tensor]:
    shards = [load_file(path) for path in shard_paths(folder / "rings", held_out=held_out)]
    if not shards:
        raise ValueError(f"training data: wanted finished shards in {folder / 'rings'}, found none; run the rings stage first")
    return {name: torch.cat([shard[name] for shard in shards]) for name in shards[0]}
