"""The whole chain with small random networks: what it takes from where, and in which order."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from mvcustom.mvcustom_core.camera.cameras import Cameras
from mvcustom.mvcustom_core.camera.rigid import rotation_from_vector
from mvcustom.mvcustom_core.gld.cameras import pose_views
from mvcustom.mvcustom_core.gld.decoder import RgbDecoder
from mvcustom.mvcustom_core.gld.denoiser import Denoiser
from mvcustom.mvcustom_core.gld.features import Statistics, patches_to_map
from mvcustom.mvcustom_core.gld.generation import GenerationSettings, LoadedModels, Watch, fit_scale, generate
from mvcustom.mvcustom_core.gld.vit import GeometricBackbone, Geometry, LinearHeads
from mvcustom.tests.core_layer.gld.small import (
    GRID,
    HEIGHT,
    SMALL,
    SOURCES,
    VIEWS,
    WIDTH,
    difference,
    make_cameras,
    random_images,
    random_latents,
    randomise,
)

QUICK = GenerationSettings(points=3)


@pytest.fixture
def models() -> LoadedModels:
    statistics = {level: Statistics(torch.linspace(-1, 2, 32) * (1 + level), torch.linspace(0.5, 2, 32)) for level in (0, 1)}
    return LoadedModels(
        statistics,
        randomise(GeometricBackbone(SMALL.backbone), 1),
        randomise(Denoiser(SMALL.upper), 2, 0.1),
        randomise(Denoiser(SMALL.cascade), 3, 0.1),
        randomise(LinearHeads(SMALL.backbone), 4, 0.05),
        randomise(RgbDecoder(SMALL.decoder), 5),
    )


def record(module: Denoiser) -> list[tuple[Tensor, ...]]:
    calls: list[tuple[Tensor, ...]] = []
    module.register_forward_pre_hook(lambda _, inputs: calls.append(inputs))
    return calls


def test_chain_by_hand(models: LoadedModels) -> None:
    """Level 1 from the sources' own features and the cameras, level 0 given the clean level 1, the rest by propagation."""
    sources, cameras, noise = random_images(SOURCES), make_cameras(), (random_latents(1), random_latents(2))
    settings = replace(QUICK, guidance=1.0)
    found = generate(sources, cameras, models, seed=0, settings=settings, noise=noise)
    views, backbone, latents = pose_views(cameras, SOURCES), models.backbone, {}
    with torch.no_grad():
        raw = backbone.extract(sources, (0, 1))
        for level, denoiser in ((1, models.upper), (0, models.cascade)):
            condition = torch.zeros(VIEWS, 32, *GRID)
            condition[:SOURCES] = models.statistics[level].normalise(patches_to_map(raw[level][:, 1:], GRID))
            x, shift = noise[1 - level], (32 * 6 * VIEWS / 4096) ** 0.5
            times = [shift * u / (1 + (shift - 1) * u) for u in (1, 0.5005, 0.001)]
            for time, following in zip(times, times[1:], strict=False):
                velocity = denoiser(condition, x, torch.tensor(time), views, latents.get(1))
                x = x + (following - time) * velocity
            latents[level] = x
        token = backbone.extract(sources[:1], (1,))[1][0, 0]
        back = {level: models.statistics[level].restore(latents[level]).flatten(2).mT for level in (0, 1)}
        levels = backbone.propagate(back[1], token, GRID)
        levels = [backbone.to_decoder_form(back[0]), levels[1], levels[2], levels[3]]
        images, depth = models.decoder(levels, GRID), models.head(levels, GRID).depth
    assert difference(found.images, images) < 1e-4
    assert difference(found.geometry.depth, depth) < 1e-4 and difference(found.depth, depth * found.scale) < 1e-4
    assert found.is_source.tolist() == [True] * SOURCES + [False] * (VIEWS - SOURCES)


def test_item_6_conditions_come_from_the_sources_alone(models: LoadedModels) -> None:
    calls, sources = record(models.upper), random_images(SOURCES)
    generate(sources, make_cameras(), models, seed=0, settings=QUICK)
    alone = models.backbone.extract(sources, (1,))[1][:, 1:]
    condition = calls[0][0]
    assert difference(condition[:SOURCES], models.statistics[1].normalise(patches_to_map(alone, GRID))) < 1e-5
    assert not condition[SOURCES:].any()


def test_cascade_is_given_the_clean_level_1_of_all_views(models: LoadedModels) -> None:
    upper, cascade = record(models.upper), record(models.cascade)
    seen: dict[int, list[Tensor]] = {0: [], 1: []}
    shares: list[float] = []
    watch = Watch(shares.append, lambda level, clean: seen[level].append(clean))
    settings = replace(QUICK, finish=True)
    generate(random_images(1), make_cameras(), models, seed=3, settings=settings, watch=watch)
    assert len(upper) == len(cascade) == 4  # two steps of two branches
    assert all(torch.equal(call[4], seen[1][-1]) for call in cascade)
    assert torch.equal(upper[0][1], random_noise(3)[0]) and torch.equal(cascade[0][1], random_noise(3)[1])
    assert len(seen[0]) == 2 and shares == sorted(shares) and 0 == shares[0] and shares[-1] < 1


def random_noise(seed: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(VIEWS, 32, *GRID, generator=generator), torch.randn(VIEWS, 32, *GRID, generator=generator)


def test_same_seed_same_views(models: LoadedModels) -> None:
    first, again, other = (generate(random_images(1), make_cameras(), models, seed=seed, settings=QUICK).images for seed in (1, 1, 2))
    assert torch.equal(first, again) and not torch.allclose(first, other)


@pytest.mark.parametrize("views", [2, 5])
def test_scale_is_that_of_the_cameras_in_a_turned_world(views: int) -> None:
    cameras = make_cameras(views)
    turned = cameras.transform(rotation_from_vector(torch.tensor([0.3, 2.0, -0.5])), torch.tensor([1.0, 2.0, 3.0]), scale=0.25)
    rays = torch.cat([torch.ones(views, 2, 3, 3), turned.centers[:, None, None].expand(-1, 2, 3, -1)], dim=-1)
    rays[:, 0, 0, 3:] += 100  # of no confidence
    confidence = torch.ones(views, 2, 3)
    confidence[:, 0, 0] = 0
    depth = torch.ones(views, HEIGHT, WIDTH)
    assert fit_scale(Geometry(depth, depth, rays, confidence), cameras) == pytest.approx(4, rel=1e-4)
    flat = Geometry(depth, depth, torch.ones_like(rays), confidence)
    assert fit_scale(flat, cameras) is None


@pytest.mark.parametrize(
    ("count", "change", "message"),
    [
        (VIEWS, {}, "more cameras than photographs, got 5 photographs and 5 cameras"),
        (0, {}, "at least one photograph"),
        (2, {"width": 16}, "cameras' 16x8, got 12x8"),
        (2, {"w2c": torch.eye(4).repeat(VIEWS, 1, 1)}, "different places, got 5 at one"),
    ],
)
def test_what_cannot_be_generated_is_refused(models: LoadedModels, count: int, change: dict[str, object], message: str) -> None:
    cameras: Cameras = replace(make_cameras(), **change)
    with pytest.raises(ValueError, match=message):
        generate(random_images(count), cameras, models, seed=0, settings=QUICK)
