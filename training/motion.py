"""Stage 3: motion modules on camera sweeps, the image model frozen, as AnimateDiff has them; and a second set whose scope is widened.

The wide modules are not shipped; the ablation compares with them.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from ..mvcustom_core.backbone.attention import Scope
from ..mvcustom_core.backbone.motion import MotionModules, MotionSettings
from ..nodes.bridge.backbone import embedded
from .engine.stage import Example
from .image import TinyDenoiser, load_latents
from .video.network import VideoUNet
from .video.stage import Clips, NoisyClips, VideoStage
from .video.widening import Widening

DENSE_SETTINGS = replace(embedded.MOTION, scopes=(Scope(5), Scope(None), Scope(None), Scope(None)), spatial_position=True)


def plan_widening(updates: int) -> Widening:
    """From the modules of one cell to dense ones: a third of the updates each with 3 and 5 cells."""
    return Widening.from_text(f"0:3, {max(1, updates // 3)}:5, {max(2, 2 * updates // 3)}:dense", DENSE_SETTINGS.scopes)


def make_motion_stage(name: str, denoiser: TinyDenoiser, folder: Path, settings: MotionSettings, widening: Widening) -> VideoStage:
    """The stage that trains motion modules of the embedded backbone, drawn at random, on the sweeps of the data stage."""
    motion = MotionModules(settings)
    for module in motion.modules():
        if hasattr(module, "proj_out"):  # not at zero: with this few updates the first ones must count
            nn.init.normal_(module.proj_out.weight, std=0.02)
    examples = NoisyClips(load_sweeps(denoiser, folder, held_out=False), turn=True)  # a sweep is as good the other way round
    held_out = load_sweeps(denoiser, folder, held_out=True)
    return VideoStage(name, VideoUNet(denoiser.unet, motion), "v", examples, held_out, widening)


def load_sweeps(denoiser: TinyDenoiser, folder: Path, *, held_out: bool) -> Clips:
    """The sweeps of the data stage with their encoded captions."""
    latents, captions = load_latents(folder, denoiser.text, held_out=held_out)  # [N, V, 4, h, w], [N, 77]
    contexts = _encode(denoiser, captions)  # [N, 77, D]

    def draw(index: int, generator: torch.Generator) -> Example:
        return {"latents": latents[index].float(), "context": contexts[index]}

    return Clips(len(latents), draw, _encode(denoiser, denoiser.text.indices([""]))[0], f"{len(latents)} sweeps")


@torch.no_grad()
def _encode(
    denoiser: TinyDenoiser,
    captions: Tensor,  # [N, 77]
) -> Tensor:
    """Encoded captions [N, 77, D]."""
    return torch.cat([denoiser.text(part) for part in captions.split(64)])
