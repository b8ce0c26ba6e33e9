"""Which subject a picture shows: a small network that tells procedural subjects apart, whatever stands around them.

It learns to classify some subjects and is used on others: pictures of one subject lie close together in what it makes of them. It is
trained once, in about two minutes, and kept in `.cache`. A ruler for procedural scenes only; no node uses it.
"""

from __future__ import annotations

import random
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F

from ...mvcustom_core.camera.cameras import Cameras
from ...mvcustom_core.camera.normalisation import normalise_scene
from ...mvcustom_core.camera.rays import project_points
from ...mvcustom_core.embedded.scenes.grammar import sample_words
from ...mvcustom_core.embedded.scenes.render import render_scene
from ...mvcustom_core.embedded.scenes.scene import sample_concept, with_surroundings
from ...mvcustom_core.embedded.scenes.sweep import sample_photographs

FILE = Path(__file__).resolve().parents[2] / ".cache" / "identity.safetensors"
FIRST_SEED, SUBJECTS, VIEWS = 200_000, 128, 8  # of training; far from those that are learned or measured
SIDE = 48  # pixels of a crop
REACH = 0.36  # of the subjects about the origin, world units
UPDATES, BATCH, SHARPNESS = 1500, 64, 12.0
WIDTHS = (3, 32, 64, 96, 128)


class SubjectEncoder(nn.Module):
    """Crops [N, 3, SIDE, SIDE] in 0..1 to unit vectors [N, 64]."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in zip(WIDTHS, WIDTHS[1:], strict=False))
        self.norms = nn.ModuleList(nn.GroupNorm(8, width) for width in WIDTHS[1:])
        self.head = nn.Linear(2 * WIDTHS[-1], 64)

    def forward(self, crops: Tensor) -> Tensor:
        x = crops * 2 - 1
        for layer, norm in zip(self.layers, self.norms, strict=True):
            x = F.relu(norm(layer(x)))
        return F.normalize(self.head(torch.cat([x.mean((2, 3)), x.amax((2, 3))], dim=1)), dim=1)


def crop_subject(images: Tensor, cameras: Cameras) -> Tensor:
    """The square about the origin's projection that the subject may reach, of every view [V, 3, H, W]: [V, 3, SIDE, SIDE]."""
    centre, depth = project_points(cameras, torch.zeros(1, 3))  # [V, 1, 2], [V, 1]
    half = REACH * cameras.K[:, 0, 0, None] / depth  # [V, 1] pixels
    offsets = torch.linspace(-1, 1, SIDE)
    grid = torch.stack(torch.meshgrid(offsets, offsets, indexing="xy"), dim=-1)  # [SIDE, SIDE, 2]
    pixels = centre[:, :, None] + half[:, :, None, None] * grid  # [V, SIDE, SIDE, 2]
    size = pixels.new_tensor([cameras.width, cameras.height])
    return F.grid_sample(images, 2 * pixels / size - 1, align_corners=False, padding_mode="border")


def retrieve(encoder: SubjectEncoder, pictures: Tensor, gallery: list[Tensor]) -> Tensor:
    """For each crop [N, 3, SIDE, SIDE] the subject of the gallery, of [M, 3, SIDE, SIDE] crops each, whose mean it lies closest to, [N]."""
    with torch.no_grad():
        means = torch.stack([F.normalize(encoder(crops).mean(0), dim=0) for crops in gallery])
        return (encoder(pictures) @ means.mT).argmax(1)


def load_encoder() -> SubjectEncoder:
    """The encoder, trained now or before."""
    encoder = SubjectEncoder()
    if not FILE.exists():
        _train(encoder)
        FILE.parent.mkdir(parents=True, exist_ok=True)
        save_file(encoder.state_dict(), FILE.with_suffix(".part"))
        FILE.with_suffix(".part").replace(FILE)
    encoder.load_state_dict(load_file(FILE))
    return encoder.eval()


def _train(encoder: SubjectEncoder) -> None:
    crops = torch.stack([_photograph(FIRST_SEED + index) for index in range(SUBJECTS)])  # [S, V, 3, SIDE, SIDE]
    generator = torch.Generator().manual_seed(0)
    proxies = nn.Parameter(F.normalize(torch.randn(SUBJECTS, 64, generator=generator), dim=1))
    optimizer = torch.optim.AdamW([*encoder.parameters(), proxies], 2e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, UPDATES)
    for _ in range(UPDATES):
        subjects, views = (torch.randint(n, (BATCH,), generator=generator) for n in (SUBJECTS, VIEWS))
        found = encoder(_disturb(crops[subjects, views], generator))
        loss = F.cross_entropy(SHARPNESS * found @ F.normalize(proxies, dim=1).mT, subjects)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        schedule.step()


def _photograph(seed: int) -> Tensor:
    """Crops [V, 3, SIDE, SIDE] of one subject from all around, each view in surroundings of its own."""
    rng = random.Random(f"identity {seed}")
    cameras, _ = normalise_scene(taken := sample_photographs(rng, VIEWS, 2 * SIDE))
    concept = sample_concept(seed)
    scenes = [with_surroundings(concept, sample_words(rng), rng.randrange(1 << 30)) for _ in range(VIEWS)]
    views = [render_scene(scene, taken[[index]], supersample=1).images for index, scene in enumerate(scenes)]
    return crop_subject(torch.cat(views), cameras)


def _disturb(crops: Tensor, generator: torch.Generator) -> Tensor:
    """What a generated picture does to a subject and must not matter: blur, noise, washed-out colours, a shift."""

    def random_(*shape: int) -> Tensor:
        return torch.rand(shape, generator=generator)

    count = len(crops)
    contrast, brightness = 0.7 + 0.6 * random_(count, 3, 1, 1), 0.3 * (random_(count, 3, 1, 1) - 0.5)
    crops = (crops - 0.5) * contrast + 0.5 + brightness
    blurred = F.interpolate(F.avg_pool2d(crops, 2), scale_factor=2, mode="bilinear", align_corners=False)
    crops = crops + random_(count, 1, 1, 1) * (blurred - crops)
    shift = torch.eye(2).repeat(count, 1, 1) * (0.85 + 0.3 * random_(count, 1, 1))
    theta = torch.cat([shift, 0.16 * (random_(count, 2, 1) - 0.5)], dim=2)
    crops = F.grid_sample(crops, F.affine_grid(theta, list(crops.shape), align_corners=False), align_corners=False, padding_mode="border")
    return (crops + 0.03 * torch.randn(crops.shape, generator=generator)).clamp(0, 1)
