"""Stage 3: motion modules on camera sweeps, the image model frozen; their attention dense where the paper opens it.

A second set has the scope that AnimateDiff has. It is not shipped; the ablation compares with it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..mvcustom_core.backbone.attention import Scope
from ..mvcustom_core.backbone.motion import MotionModules, MotionSettings
from ..nodes.bridge import embedded
from ..nodes.bridge.motion import MotionHost, ResBlock, SpatialTransformer, find_residual_hosts
from .image import TinyDenoiser, alphas_cumprod, load_latents, v_loss
from .loop import training_device

ONE_CELL_SETTINGS = replace(embedded.MOTION, scopes=(Scope(1),) * len(embedded.MOTION.scopes), spatial_position=False)


class MotionStage:
    """Denoising of whole clips, [(B V), 4, h, w] with one noise level for each clip."""

    name = "motion"

    def __init__(self, denoiser: TinyDenoiser, folder: Path, batch: int, settings: MotionSettings) -> None:
        self.denoiser, self.batch, self.folder = denoiser.requires_grad_(False).to(training_device()), batch, folder
        self.module: nn.Module = MotionModules(settings)
        for module in self.module.modules():
            if hasattr(module, "proj_out"):  # not at zero: with this few updates the first ones must count
                nn.init.normal_(module.proj_out.weight, std=0.02)
            if hasattr(module, "g"):
                nn.init.ones_(module.g)
        host = MotionHost(self.module, settings, find_residual_hosts(denoiser.unet))
        self.patches = {
            "forward_timestep_embed_patch": [(SpatialTransformer, host.run_spatial_transformer), (ResBlock, host.run_residual_block)]
        }
        self.latents, self.captions = load_latents(folder, denoiser.text, held_out=False)
        self.empty, self.alphas = denoiser.text.indices([""]), alphas_cumprod().to(training_device())

    def options(self) -> dict[str, Any]:
        return {"patches": self.patches, "cond_or_uncond": [0] * self.batch}

    def loss(self, generator: torch.Generator) -> tuple[Tensor, dict[str, float]]:
        scenes = torch.randint(len(self.latents), (self.batch,), generator=generator)
        captions = self.captions[scenes]
        captions = torch.where(torch.rand(len(captions), 1, generator=generator) < 0.1, self.empty, captions)
        clips = self.latents[scenes].float()
        if torch.rand(1, generator=generator) < 0.5:
            clips = clips.flip(1)  # a sweep is as good the other way round
        loss = self.clip_loss(clips, captions, torch.randint(1000, (self.batch,), generator=generator), generator)
        return loss, {"loss": float(loss.detach())}

    def clip_loss(self, clips: Tensor, captions: Tensor, t: Tensor, generator: torch.Generator) -> Tensor:
        """Loss of clips [B, V, 4, h, w] at steps t [B]."""
        views = clips.shape[1]
        x0, steps = clips.flatten(0, 1).to(training_device()), t.repeat_interleave(views).to(training_device())
        noise = torch.randn(x0.shape, generator=generator).to(x0)
        with torch.no_grad():
            context = self.denoiser.text(captions.to(x0.device)).repeat_interleave(views, dim=0)

        def predict(x: Tensor) -> Tensor:
            return self.denoiser.unet(x, steps.float(), context, transformer_options=self.options())

        return v_loss(self.alphas[steps], x0, noise, predict)

    @torch.no_grad()
    def held_out(self) -> dict[str, float]:
        latents, captions = load_latents(self.folder, self.denoiser.text, held_out=True)
        generator, losses = torch.Generator().manual_seed(0), []
        for t in torch.linspace(60, 940, 8).long():
            for first in range(0, 16, self.batch):
                part = slice(first, first + self.batch)
                losses.append(self.clip_loss(latents[part].float(), captions[part], t.repeat(self.batch), generator))
        return {"loss": float(torch.stack(losses).mean())}
