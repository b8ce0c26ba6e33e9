"""Stage 5: pose blocks that render any of the procedural scenes, for Learn Concept to start from.

FeatureNeRF reads its references, so blocks trained over many scenes already know how to look them up; a concept then has little left to
learn. The paper starts every concept from nothing; this is our own addition, for a backbone that has to learn on a CPU in minutes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from ..mvcustom_core.concept.feature_nerf import Rendered, TextAttention
from ..mvcustom_core.concept.losses import (
    LossWeights,
    background_loss,
    denoising_loss,
    dilate_mask,
    foreground_loss,
    resize_area,
    rgb_loss,
)
from ..mvcustom_core.concept.pose_block import PoseBlocks
from ..mvcustom_core.concept.ray_samples import RaySamples, sample_rays
from ..mvcustom_core.geometry.cameras import Cameras
from ..mvcustom_core.scenes.grammar import VOCABULARY
from ..nodes.bridge import embedded
from ..nodes.bridge.pose import KEY, Hooked, pose_patches, record_features
from .data import SIZE, shard_paths
from .image import TinyDenoiser, alphas_cumprod
from .loop import training_device

TARGETS, REFERENCES = 2, 4
NOISY = 3.0  # levels are drawn as in learning a concept: 999 (1 - u^3)


class PoseStage:
    """One scene an update: some of its views are denoised with the help of others."""

    name = "pose"

    def __init__(self, denoiser: TinyDenoiser, folder: Path) -> None:
        self.denoiser = denoiser.requires_grad_(False).to(training_device())
        self.module = PoseBlocks(embedded.SPEC.pose_layout, embedded.SPEC.nerf)
        self.numbers = frozenset(self.module)
        self.weights, self.alphas = LossWeights(), alphas_cumprod().to(training_device())
        self.scenes = _load(folder, held_out=False)
        self.held = _load(folder, held_out=True)

    def loss(self, generator: torch.Generator) -> tuple[Tensor, dict[str, float]]:
        scene = int(torch.randint(len(self.scenes["latents"]), (), generator=generator))
        order = torch.randperm(self.scenes["latents"].shape[1], generator=generator).tolist()
        chance = float(torch.rand(1, generator=generator))
        return self.scene_loss(self.scenes, scene, order, int(999 * (1 - chance**NOISY)), generator)

    def scene_loss(
        self, scenes: dict[str, Tensor], scene: int, order: list[int], t: int, generator: torch.Generator
    ) -> tuple[Tensor, dict[str, float]]:
        device = training_device()
        targets, references = order[:TARGETS], order[TARGETS : TARGETS + REFERENCES]
        latents = scenes["latents"][scene].to(device).float()
        cameras = Cameras(scenes["w2c"][scene].to(device), scenes["K"][scene].to(device), SIZE, SIZE)
        shape_word = VOCABULARY["shape"][int(scenes["words"][scene][2])]
        caption = self.denoiser.text(self.denoiser.text.indices([f"a {shape_word}"]).to(device))  # [1, L, D]
        unet = self.denoiser.unet

        def run(x: Tensor, entries: dict[str, Any], step: int = 0) -> Tensor:
            options = {"patches": pose_patches(), KEY: entries, "cond_or_uncond": [0]}
            return unet(x, x.new_full((len(x),), step), caption.expand(len(x), -1, -1), transformer_options=options)

        features = record_features(run, unet, self.numbers, latents[references])
        rendered: dict[int, Rendered] = {}
        shared: dict[torch.Size, RaySamples] = {}

        def hook(number: int, tokens: Tensor, text: TextAttention | None) -> Tensor:
            size = features[number].shape[-2:]
            if size not in shared:
                shared[size] = sample_rays(cameras[targets], cameras[references], *size, embedded.SPEC.nerf, generator=generator)
            rendered[number] = self.module[number].nerf(features[number], shared[size], text)
            return self.module[number].merge(tokens, rendered[number].features)

        a, s = self.alphas[t].sqrt(), (1 - self.alphas[t]).sqrt()
        x0 = latents[targets]
        noise = torch.randn(x0.shape, generator=generator).to(x0)
        v = run(a * x0 + s * noise, {"pose": Hooked(unet, self.numbers, hook)}, t)
        losses = self._losses(rendered, scenes["images"][scene, targets], scenes["mask"][scene, targets])
        losses["denoising"] = denoising_loss(v - (a * noise - s * x0), torch.ones_like(x0[:, :1]))  # the background, too, is worth knowing
        total = sum(getattr(self.weights, name) * loss for name, loss in losses.items())
        return total, {name: float(loss.detach()) for name, loss in losses.items()}

    def _losses(self, rendered: dict[int, Rendered], images: Tensor, masks: Tensor) -> dict[str, Tensor]:
        device = training_device()
        images, masks = images.to(device).float() / 255, masks.to(device).float()
        rows: dict[str, list[Tensor]] = {"foreground": [], "background": [], "rgb": []}
        for view in rendered.values():
            side = round(view.opacity.shape[1] ** 0.5)
            covered = resize_area(masks, side, side)
            rows["foreground"].append(foreground_loss(view.opacity, covered))
            rows["background"].append(background_loss(view.alpha, covered))
            rows["rgb"].append(rgb_loss(view.rgb, resize_area(images, side, side), dilate_mask(covered)))
        return {name: torch.stack(losses).mean() for name, losses in rows.items()}

    @torch.no_grad()
    def held_out(self) -> dict[str, float]:
        generator = torch.Generator().manual_seed(0)
        rows = [self.scene_loss(self.held, scene, [3, 5, 0, 2, 4, 7], 600, generator)[1] for scene in range(12)]
        return {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]}


def _load(folder: Path, *, held_out: bool) -> dict[str, Tensor]:
    """Latents and everything else of the shards that are encoded."""
    shards = [load_file(path) | load_file(folder / "data" / path.name) for path in shard_paths(folder / "latents", held_out=held_out)]
    return {name: torch.cat([shard[name] for shard in shards]) for name in ("latents", "images", "mask", "w2c", "K", "words")}
