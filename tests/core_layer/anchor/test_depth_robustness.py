"""Depth that is wrong in every way it comes, on procedural scenes whose true depth is known: the scale is recovered or the depth refused.

FeatureNeRF's rendering stands in as the true ray distance on a coarse grid with noise.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import lru_cache

import pytest
import torch
from torch import Tensor

from mvcustom.mvcustom_core.anchor.alignment import align_depth
from mvcustom.mvcustom_core.camera.cameras import Cameras
from mvcustom.mvcustom_core.camera.rays import cell_centers
from mvcustom.mvcustom_core.embedded.scenes.render import Rendering, render_scene
from mvcustom.mvcustom_core.embedded.scenes.scene import sample_scene
from mvcustom.mvcustom_core.embedded.scenes.sweep import sample_sweep
from mvcustom.mvcustom_core.surface.depth import DepthMap, RenderedDepth

SCENES, SIZE, CELLS = 8, 96, 32
Wrong = Callable[[Tensor, torch.Generator], Tensor]


@lru_cache
def render(seed: int) -> tuple[Cameras, Rendering, RenderedDepth]:
    """One camera, its true view, and FeatureNeRF's with 3 % of noise."""
    camera, scene = sample_sweep(random.Random(seed), 3, SIZE)[1], sample_scene(seed)
    small = camera.resize(CELLS, CELLS)
    coarse = render_scene(scene, small, 1)
    slant = (cell_centers(CELLS, CELLS) - small.K[0, :2, 2]) / small.K[0].diagonal()[:2]
    length = (1 + slant.square().sum(-1)).sqrt().reshape(CELLS, CELLS)
    noise = 1 + 0.03 * torch.randn(CELLS, CELLS, generator=torch.Generator().manual_seed(seed))
    return camera, render_scene(scene, camera, 1), RenderedDepth(coarse.depth[0] * length * noise, coarse.mask[0, 0])


def disparity(z: Tensor) -> Tensor:
    """As most depth nodes draw it: 0 at the farthest pixel, 1 at the nearest."""
    inverse = z.reciprocal()
    return (inverse - inverse.min()) / (inverse.max() - inverse.min())


def with_noise(z: Tensor, generator: torch.Generator, share: float) -> Tensor:
    return z * (1 + share * torch.randn(z.shape, generator=generator)).clamp_min(0.05)


def subject_error(depth: DepthMap, truth: Rendering) -> float:
    where = (truth.mask[0, 0] > 0.5) & depth.valid
    return abs(float((depth.depth / truth.depth[0])[where].median()) - 1)


WRONG: dict[str, tuple[str, Wrong]] = {
    "half": ("metric", lambda z, _: 0.5 * z),
    "double": ("metric", lambda z, _: 2 * z),
    "noise": ("metric", lambda z, g: with_noise(1.7 * z, g, 0.05)),
    "much noise": ("metric", lambda z, g: with_noise(1.7 * z, g, 0.2)),
    "shifted and called metric": ("metric", lambda z, _: 1 / (1 / z + 0.4)),
    "disparity": ("disparity", lambda z, _: disparity(z)),
    "disparity with a positive shift": ("disparity", lambda z, _: 3 / z + 1.5),
    "disparity with a negative shift": ("disparity", lambda z, _: 3 / z - 0.6),
    "disparity with noise": ("disparity", lambda z, g: disparity(z) + 0.02 * torch.randn(z.shape, generator=g)),
    "relative": ("relative depth", lambda z, _: 1 / (3 / z + 1.5)),
    "relative with noise": ("relative depth", lambda z, g: with_noise(1 / (3 / z + 1.5), g, 0.03)),
    "affine in depth": ("relative depth", lambda z, _: 2 * z + 1),
    "one value": ("metric", lambda z, _: torch.full_like(z, 3.0)),
    "one disparity": ("disparity", lambda z, _: torch.full_like(z, 0.5)),
}


@pytest.mark.parametrize("name", WRONG)
def test_scale_is_recovered_within_5_percent_or_refused(name: str):
    meaning, wrong = WRONG[name]
    refused = 0
    for seed in range(SCENES):
        camera, truth, rendered = render(seed)
        given = wrong(truth.depth[0], torch.Generator().manual_seed(seed))
        try:
            depth = align_depth(given, torch.ones_like(given, dtype=torch.bool), meaning, camera, ray_depth=rendered)
        except ValueError as error:
            assert "cannot be told" in str(error)
            refused += 1
            continue
        assert torch.isfinite(depth.depth).all() and subject_error(depth, truth) < 0.05
    if name == "one disparity":
        assert refused == SCENES  # nothing to tell an offset from
    else:
        assert refused == 0 if meaning == "metric" else refused < SCENES / 2


@pytest.mark.parametrize("known", ["concept", "mask", "nothing"])
def test_a_hole_stays_one_and_moves_no_scale(known: str):
    for seed in range(SCENES):
        camera, truth, rendered = render(seed)
        z = truth.depth[0]
        valid = torch.ones_like(z, dtype=torch.bool)
        evidence = {"ray_depth": rendered} if known == "concept" else {"subject_mask": truth.mask[0, 0]} if known == "mask" else {}
        whole = align_depth(0.6 * z, valid, "metric", camera, **evidence)
        valid[40:56, 40:56] = False
        holed = align_depth(torch.where(valid, 0.6 * z, torch.nan), valid, "metric", camera, **evidence)
        assert torch.equal(holed.valid, valid) and torch.isfinite(holed.depth).all()
        assert holed.scale == pytest.approx(whole.scale, rel=0.03 if known == "concept" else 0.15)


@pytest.mark.parametrize("known", ["concept", "mask", "nothing"])
@pytest.mark.parametrize("meaning", ["metric", "relative depth", "disparity"])
def test_near_and_far_exchanged_is_refused(meaning: str, known: str):
    for seed in range(SCENES):
        camera, truth, rendered = render(seed)
        z = truth.depth[0]
        given = z if meaning == "disparity" else z.reciprocal()
        evidence = {"ray_depth": rendered} if known == "concept" else {"subject_mask": truth.mask[0, 0]} if known == "mask" else {}
        with pytest.raises(ValueError, match="exchanged" if known == "concept" or meaning == "metric" else "there is no concept"):
            align_depth(given, torch.ones_like(z, dtype=torch.bool), meaning, camera, **evidence)


def test_a_subject_whose_relief_alone_is_inside_out_is_aligned():
    """A weak network may see a hollow where a ball is: what stands around it still says which way depth goes."""
    for seed in range(SCENES):
        camera, truth, rendered = render(seed)
        z, mask = truth.depth[0], truth.mask[0, 0] > 0.5
        hollow = torch.where(mask, 2 * z[mask].mean() - z, z)
        depth = align_depth(0.6 * hollow, torch.ones_like(z, dtype=torch.bool), "metric", camera, ray_depth=rendered)
        assert depth.source == "FeatureNeRF"
        assert float((depth.depth / hollow)[mask].median()) == pytest.approx(1, abs=0.2)


@pytest.mark.parametrize(("known", "typical", "most"), [("mask", 0.06, 0.15), ("nothing", 0.1, 0.30)])
def test_without_a_concept_the_scale_is_as_good_as_the_report_says(known: str, typical: float, most: float):
    errors = []
    for seed in range(SCENES):
        camera, truth, _ = render(seed)
        z = truth.depth[0]
        mask = truth.mask[0, 0] if known == "mask" else None
        depth = align_depth(0.6 * z, torch.ones_like(z, dtype=torch.bool), "metric", camera, subject_mask=mask)
        errors.append(subject_error(depth, truth))
        assert f"within {most:.0%}".replace("%", " %") in depth.report
    assert sorted(errors)[SCENES // 2] < typical and max(errors) < most
