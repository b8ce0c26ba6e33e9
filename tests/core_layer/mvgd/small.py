"""A network of a few thousand weights in float64, with every weight drawn, and scenes of cameras for it."""

from __future__ import annotations

import torch
from torch import Tensor

from mvcustom.mvcustom_core.camera.cameras import Cameras, look_at, square_intrinsics
from mvcustom.mvcustom_core.mvgd.losses import Batch, Pixels
from mvcustom.mvcustom_core.mvgd.model import MVGD
from mvcustom.mvcustom_core.mvgd.settings import CONV, MVGDSettings

SIZE = 8
SETTINGS = MVGDSettings(SIZE, CONV, 16, 32, 64, 5, 2, 1, 2, 2, 3)


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def make_model(settings: MVGDSettings = SETTINGS) -> MVGD:
    """Weights as after training: nothing is zero, neither the outputs nor the gain of self-conditioning."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = MVGD(settings).double()
    with torch.no_grad():
        for number, parameter in enumerate(model.parameters()):
            parameter.add_(0.1 * draw(*parameter.shape, seed=number))
    return model.eval()


def make_cameras(views: int, seed: int = 0) -> Cameras:
    """Cameras about the origin that look to it, a unit or so away."""
    eyes = draw(views, 3, seed=seed)
    eyes = eyes / eyes.norm(dim=-1, keepdim=True) * (1 + 0.2 * torch.arange(views)[:, None])
    up = torch.tensor([[0.1, -1.0, 0.2]], dtype=torch.float64).expand(views, 3)
    return Cameras(look_at(eyes, 0.05 * draw(views, 3, seed=seed + 1), up), square_intrinsics(views, SIZE, 50.0).double(), SIZE, SIZE)


def make_images(views: int, seed: int = 5) -> Tensor:
    return draw(views, 3, SIZE, SIZE, seed=seed).sigmoid()


def make_batch(samples: int = 2, views: int = 2, pixels: int = 6, *, depth: bool = True) -> Batch:
    """Samples of noise, all pixels valid."""
    valid = torch.ones(samples, pixels, dtype=torch.bool)
    cells = (SIZE // 4) ** 2
    return Batch(
        images=draw(samples, views, 3, SIZE, SIZE).sigmoid(),
        scene_rays=draw(samples, views, cells, 6, seed=1),
        rays=draw(samples, pixels, 6, seed=2),
        u=torch.linspace(0.2, 0.9, samples, dtype=torch.float64),
        again=torch.zeros(samples, dtype=torch.bool),
        rgb=Pixels(draw(samples, pixels, 3, seed=3).tanh(), draw(samples, pixels, 3, seed=4), valid),
        depth=Pixels(draw(samples, pixels, 1, seed=5).tanh(), draw(samples, pixels, 1, seed=6), valid) if depth else None,
    )
