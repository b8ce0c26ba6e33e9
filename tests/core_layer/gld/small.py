"""A set of GLD's networks of a few thousand numbers, with random weights, and cameras on an arc."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mvcustom.mvcustom_core.camera.cameras import Cameras, look_at, make_intrinsics
from mvcustom.mvcustom_core.gld.cameras import PosedViews, pose_views
from mvcustom.mvcustom_core.gld.settings import BackboneShape, DecoderSettings, DenoiserSettings, GldSettings

WIDTH, HEIGHT = 12, 8
GRID = (2, 3)
VIEWS, SOURCES = 5, 2


def denoiser_settings(cascade: bool, rotation_size: tuple[int, int] | None) -> DenoiserSettings:
    return DenoiserSettings(
        channels=32, patch=4, encoder_blocks=2, encoder_width=32, encoder_heads=2, decoder_blocks=1, decoder_width=48, decoder_heads=2,
        frequencies=4, cascade=cascade, rotation_size=rotation_size, shift_cells=6,
    )  # fmt: skip


SMALL = GldSettings(
    backbone=BackboneShape(width=16, blocks=10, heads=2, patch=4, first_alternating=2, levels=(3, 5, 7, 9), table=3),
    upper=denoiser_settings(cascade=False, rotation_size=None),
    cascade=denoiser_settings(cascade=True, rotation_size=(20, 16)),
    decoder=DecoderSettings(channels=32, width=16, layers=2, heads=2, inner=24, patch=4, table=3),
)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def randomise(module: nn.Module, seed: int = 0, strength: float = 0.2) -> nn.Module:
    """The module with all numbers drawn anew, factors about one: weights that start at zero would hide what the others do."""
    generator = seeded(seed)
    with torch.no_grad():
        for name, values in module.state_dict().items():
            about = float("norm" in name and name.endswith("weight") or name.endswith("gamma"))
            values.copy_(about + strength * torch.randn(values.shape, generator=generator))
    return module.eval()


def random_images(count: int, seed: int = 0) -> Tensor:
    return torch.rand(count, 3, HEIGHT, WIDTH, generator=seeded(seed))


def random_latents(seed: int = 0, views: int = VIEWS) -> Tensor:
    return torch.randn(views, 32, *GRID, generator=seeded(seed))


def make_cameras(views: int = VIEWS) -> Cameras:
    """Cameras on an arc at different heights, with a principal point off the middle."""
    angles = torch.linspace(-0.6, 0.7, views)
    eyes = torch.stack([2 * angles.sin(), 0.3 * angles.cos() - 0.2 * angles, -2 * angles.cos()], dim=-1)
    w2c = look_at(eyes, torch.zeros(views, 3), torch.tensor([[0.0, -1.0, 0.0]]).expand(views, 3))
    return Cameras(w2c, make_intrinsics(torch.tensor([[14.0, 13.0]] * views), torch.tensor([[5.5, 4.25]] * views)), WIDTH, HEIGHT)


def make_views(views: int = VIEWS, sources: int = SOURCES) -> PosedViews:
    return pose_views(make_cameras(views), sources)


def difference(first: Tensor, second: Tensor) -> float:
    """The largest difference, in shares of the largest value."""
    return float((first - second).detach().abs().max() / second.detach().abs().max())
