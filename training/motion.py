"""Stage 3: motion modules on camera sweeps, the image model frozen, as AnimateDiff has them; and a second set whose scope is widened.

Every noise level counts alike here. What views have to settle among themselves is where things are, and that is decided where there is
much noise; the weights that the image model learns best by leave hardly a gradient there.

The wide modules are not shipped; the ablation compares with them.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..mvcustom_core.backbone.attention import Scope
from ..mvcustom_core.backbone.motion import MotionModules, MotionSettings
from ..nodes.bridge.backbone import embedded
from ..nodes.bridge.backbone.motion import MotionHost, ResBlock, SpatialTransformer, find_residual_hosts
from .image import TinyDenoiser, alphas_cumprod, load_latents, v_errors
from .loop import training_device

DENSE_SETTINGS = replace(embedded.MOTION, scopes=(Scope(5), Scope(None), Scope(None), Scope(None)), spatial_position=True)
WIDENING = (3, 5)  # cells, on the way from one cell to the dense scopes
HELD_OUT_CLIPS = 16
LEVELS = {"low": 120, "middle": 360, "high": 600}  # of 1000: the noise that held-out figures are told for


def narrow(settings: MotionSettings, window: int) -> MotionSettings:
    """The same modules, none of them looking farther than a window of cells."""
    scopes = (scope if scope.window is not None and scope.window <= window else Scope(window) for scope in settings.scopes)
    return replace(settings, scopes=tuple(scopes))


class MotionStage:
    """Denoising of whole clips, [(B V), 4, h, w] with one noise level for each clip."""

    name = "motion"

    def __init__(self, denoiser: TinyDenoiser, folder: Path, batch: int, settings: MotionSettings) -> None:
        self.denoiser, self.batch, self.folder = denoiser.requires_grad_(False).to(training_device()), batch, folder
        self.module: nn.Module = MotionModules(settings)
        for module in self.module.modules():
            if hasattr(module, "proj_out"):  # not at zero: with this few updates the first ones must count
                nn.init.normal_(module.proj_out.weight, std=0.02)
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

        return v_errors(self.alphas[steps], x0, noise, predict).mean()

    @torch.no_grad()
    def held_out(self) -> dict[str, float]:
        latents, captions = load_latents(self.folder, self.denoiser.text, held_out=True)
        generator, figures = torch.Generator().manual_seed(0), {}
        for name, t in LEVELS.items():
            parts = [slice(first, first + self.batch) for first in range(0, HELD_OUT_CLIPS, self.batch)]
            losses = [self.clip_loss(latents[part].float(), captions[part], torch.tensor([t] * self.batch), generator) for part in parts]
            figures[name] = float(torch.stack(losses).mean())
        return figures
