"""Stage 1: the autoencoder. L1 and gradient loss on crops; noise on the latents so that the decoder tolerates a denoiser's errors."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .data import SIZE, load_field
from .engine.stage import Example, Losses, Stage

CROP = 64  # the network has no norm, so crops teach as much as whole pictures
LATENT_NOISE, LATENT_WEIGHT = 0.05, 1e-3


class Crops:
    """Crops of single frames, and the noise on their latents."""

    def __init__(self, data: Path) -> None:
        self.images = load_field(data, "images", held_out=False).flatten(0, 1)  # [N, 3, H, W] uint8

    def __len__(self) -> int:
        return len(self.images)

    def draw(self, index: int, generator: torch.Generator) -> Example:
        y, x = torch.randint(SIZE - CROP + 1, (2,), generator=generator).tolist()
        crop = self.images[index, :, y : y + CROP, x : x + CROP].float() / 255
        crop = crop.flip(-1) if torch.rand(1, generator=generator) < 0.5 else crop
        return {"x": crop, "noise": torch.randn(4, CROP // 8, CROP // 8, generator=generator)}


class VaeStage(Stage):
    """Trains ComfyUI's TAESD network on single frames."""

    name = "vae"

    def __init__(self, first_stage: nn.Module, data: Path, *, decoder_only: bool = False) -> None:
        super().__init__()
        self.trained = first_stage.to(memory_format=torch.channels_last).train().requires_grad_(True)
        self.data, self.examples = data, Crops(data)
        first_stage.taesd_encoder.requires_grad_(not decoder_only)
        first_stage.vae_scale.requires_grad_(False)
        first_stage.vae_shift.requires_grad_(False)

    def forward(self, batch: Example) -> Losses:
        x = batch["x"]  # [B, 3, CROP, CROP]
        z = encode(self.trained, x)
        y = decode(self.trained, z + LATENT_NOISE * batch["noise"])
        pixel, edge, size = F.l1_loss(y, x), F.l1_loss(_gradients(y), _gradients(x)), z.square().mean()
        loss = pixel + 0.5 * edge + LATENT_WEIGHT * size
        return loss, {"pixel": pixel.detach(), "edge": edge.detach(), "latent": size.detach()}

    def held_out(self) -> dict[str, float]:
        x = load_field(self.data, "images", held_out=True)[:, ::4].flatten(0, 1).to(self.device).float() / 255
        errors = [(decode(self.trained, encode(self.trained, part)).clamp(0, 1) - part).square().mean((1, 2, 3)) for part in x.split(8)]
        return {"psnr_db": float((-10 * torch.log10(torch.cat(errors))).mean())}


def initialize(first_stage: nn.Module) -> None:
    """Start as a plain 8x average and its enlargement: three channels carry the colours straight through, the others are random.

    A CPU's few updates then go into detail, not into finding out that colours have to pass.
    """
    for layer in first_stage.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    encoder, decoder = first_stage.taesd_encoder, first_stage.taesd_decoder
    for block in first_stage.modules():
        if hasattr(block, "fuse"):
            block.conv[-1].weight.data *= 0.1
            block.conv[-1].weight.data[:3] = 0
    for layer in (layer for side in (list(encoder)[1:-1], list(decoder)[2:-1]) for layer in side if isinstance(layer, nn.Conv2d)):
        _carry_colors(layer, torch.full((3, 3), 1 / 9), 1.0)  # resampling
    center = torch.zeros(3, 3)
    center[1, 1] = 1
    _carry_colors(encoder[0], center, 1.0)
    _carry_colors(encoder[-1], center, 2.0, shift=-1.0)
    _carry_colors(decoder[1], center, 0.5, shift=0.5)
    decoder[-1].weight.data *= 0.05
    _carry_colors(decoder[-1], center, 1.0)


def _carry_colors(layer: nn.Conv2d, kernel: Tensor, scale: float, shift: float = 0.0) -> None:
    for channel in range(3):
        layer.weight.data[channel] = 0
        layer.weight.data[channel, channel] = kernel * scale
        if layer.bias is not None:
            layer.bias.data[channel] = shift


def _gradients(x: Tensor) -> Tensor:
    return torch.cat([x.diff(dim=-1).flatten(1), x.diff(dim=-2).flatten(1)], dim=1)


def encode(first_stage: nn.Module, x: Tensor) -> Tensor:
    """Latents [N, 4, h, w] in the denoiser's scale of images [N, 3, H, W] in [0, 1]."""
    return first_stage.taesd_encoder(x)


def decode(first_stage: nn.Module, z: Tensor) -> Tensor:
    return first_stage.taesd_decoder(z)


@torch.no_grad()
def whiten(first_stage: nn.Module, images: Tensor) -> None:
    """Give each latent channel mean 0 and deviation 1 over the images; the decoder's first layers take it back but for their clamp."""
    latents = torch.cat([encode(first_stage, part.float() / 255) for part in images.split(16)])
    center, spread = latents.mean((0, 2, 3)), latents.std((0, 2, 3))
    last, first = first_stage.taesd_encoder[-1], first_stage.taesd_decoder[1]
    last.bias.copy_((last.bias - center) / spread)
    last.weight /= spread[:, None, None, None]
    first.bias += (first.weight.sum((2, 3)) * center).sum(1)
    first.weight *= spread[None, :, None, None]
