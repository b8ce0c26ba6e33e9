"""From a conditioning picture to features at a quarter of its size, once per picture: where its camera stands is added afterwards."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..shapes import check_shape
from .settings import CONV, MVGDSettings

STRIDE = 4
GROUPS = 8


class ConvEncoder(nn.Module):
    """Three convolutions, small enough to be trained along: [V, 3, H, W] in 0..1 -> [V, (h w), C]."""

    multiple = STRIDE  # of the pictures' sides

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width, half = width, width // 2
        self.net = nn.Sequential(
            nn.Conv2d(3, half, 3, stride=2, padding=1),
            nn.GroupNorm(GROUPS, half),
            nn.GELU(),
            nn.Conv2d(half, width, 3, stride=2, padding=1),
            nn.GroupNorm(GROUPS, width),
            nn.GELU(),
            nn.Conv2d(width, width, 3, padding=1),
        )

    def forward(self, images: Tensor) -> Tensor:
        return self.net(2 * images - 1).flatten(2).mT


class TimmEncoder(nn.Module):
    """The first three levels of a timm backbone, brought to stride 4 and joined: [V, 3, H, W] in 0..1 -> [V, (h w), C].

    Its weights are in the model's own file and are never downloaded. Batch statistics stay as they are.

    Raises:
        ValueError: if timm is not installed, has no such model, or the model's features do not start at stride 4.
    """

    multiple = 16  # of the pictures' sides, the stride of the third level

    def __init__(self, name: str) -> None:
        super().__init__()
        try:
            import timm
        except ImportError as error:
            raise ValueError(f"encoder: wanted timm for {name}, found none; install it (pip install timm), or use a model with the "
                             "encoder of this pack") from error  # fmt: skip
        if not timm.is_model(name):
            raise ValueError(f"encoder: wanted a model of timm {timm.__version__}, got {name!r}; update timm or choose another model file")
        self.net = timm.create_model(name, pretrained=False, features_only=True, out_indices=(0, 1, 2))
        strides = self.net.feature_info.reduction()
        if strides[0] != STRIDE:
            raise ValueError(f"encoder: wanted features from stride {STRIDE} on, got {name} with strides {strides}; choose another")
        self.width = sum(self.net.feature_info.channels())
        statistics = self.net.pretrained_cfg if hasattr(self.net, "pretrained_cfg") else self.net.default_cfg
        for key in ("mean", "std"):
            self.register_buffer(key, torch.tensor(statistics[key]).view(3, 1, 1), persistent=False)
        self.train(False)

    def train(self, mode: bool = True) -> TimmEncoder:
        """Weights may learn; batch statistics never change, as a batch here may be one scene."""
        self.training = mode
        self.net.train(False)
        return self

    def forward(self, images: Tensor) -> Tensor:
        levels = self.net((images - self.mean) / self.std)
        size = levels[0].shape[-2:]
        joined = [level if level.shape[-2:] == size else F.interpolate(level, size, mode="bilinear") for level in levels]
        return torch.cat(joined, dim=1).flatten(2).mT


def build_encoder(settings: MVGDSettings) -> ConvEncoder | TimmEncoder:
    """The encoder that the settings name."""
    return ConvEncoder(settings.encoder_width) if settings.encoder == CONV else TimmEncoder(settings.encoder)


def encode_pictures(encoder: ConvEncoder | TimmEncoder, images: Tensor) -> Tensor:
    """Features [V, (h w), C] of pictures [V, 3, H, W] in 0..1.

    Raises:
        ValueError: if the sides are no multiples of what the encoder needs.
    """
    sizes = check_shape(images, "V 3 H W")
    height, width = sizes["H"], sizes["W"]
    if height % encoder.multiple or width % encoder.multiple:
        raise ValueError(f"images: wanted sides divisible by {encoder.multiple}, got {width}x{height}; resize them and their cameras")
    return encoder(images)
