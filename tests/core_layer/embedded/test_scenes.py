"""Procedural scenes: solids against their equations, depth and colour that agree between views, captions that say what is seen."""

from __future__ import annotations

import itertools
import math
import random
import re
from dataclasses import astuple, replace

import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize

from mvcustom.mvcustom_core.camera.cameras import Cameras, look_at, square_intrinsics
from mvcustom.mvcustom_core.camera.rays import project_points, unproject_depth
from mvcustom.mvcustom_core.embedded.scenes.grammar import (
    COLORS,
    GROUNDS,
    SHAPES,
    SKIES,
    VOCABULARY,
    SceneWords,
    sample_words,
    word_indices,
)
from mvcustom.mvcustom_core.embedded.scenes.hills import sample_hills
from mvcustom.mvcustom_core.embedded.scenes.primitive import HITS
from mvcustom.mvcustom_core.embedded.scenes.render import render_scene
from mvcustom.mvcustom_core.embedded.scenes.scene import GROUND_Y, Scene, Solid, sample_concept, sample_scene, with_hills, with_surroundings
from mvcustom.mvcustom_core.embedded.scenes.sweep import SECTOR_DEG, SWEEPS, sample_photographs, sample_sector, sample_sweep
from mvcustom.mvcustom_core.embedded.scenes.texture import ground_shade, pattern

WORDS = SceneWords("red", "plain", "sphere", "sandy", "blue")
BOX, RADIUS, HALF, MAJOR, MINOR = (0.3, 0.2, 0.1), 0.3, 0.25, 0.3, 0.1
DIMENSIONS = {"box": (BOX,), "sphere": (RADIUS,), "cylinder": (RADIUS, HALF), "cone": (RADIUS, HALF), "torus": (MAJOR, MINOR)}


def signed_distance(kind: str, p: Tensor) -> Tensor:
    """A solid's equation at points [..., 3]: zero on its surface, negative inside; not always a Euclidean distance."""
    x, y, z = p.unbind(-1)
    around = torch.hypot(x, z)
    if kind == "box":
        return (p.abs() - torch.tensor(BOX)).amax(-1)
    if kind == "sphere":
        return p.norm(dim=-1) - RADIUS
    if kind == "cylinder":
        return torch.maximum(around - RADIUS, y.abs() - HALF)
    if kind == "cone":
        return torch.maximum(around - RADIUS * (y + HALF) / (2 * HALF), y - HALF)
    return torch.hypot(torch.hypot(x, y) - MAJOR, z) - MINOR


def level_camera(size: int, distance: float = 1.0, views: int = 1) -> Cameras:
    """Looks at the origin along +z from `distance` away."""
    eye = torch.tensor([[0.0, 0.0, -distance]]).repeat(views, 1)
    up = torch.tensor([[0.0, -1.0, 0.0]]).repeat(views, 1)
    return Cameras(look_at(eye, torch.zeros(views, 3), up), square_intrinsics(views, size, 50.0), size, size)


def lone_solid(kind: str, center: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> Scene:
    solid = Solid(kind, DIMENSIONS[kind], center, 0.0, (COLORS["red"], COLORS["blue"]), "plain", 0, 0.3, True)
    return Scene(WORDS, (solid,), (0.0, -1.0, 0.0), 0)


@pytest.mark.parametrize("kind", SHAPES)
def test_hits_lie_on_the_solid_and_face_the_ray(kind: str) -> None:
    generator = torch.Generator().manual_seed(0)
    origin = normalize(torch.randn(4000, 3, generator=generator), dim=-1)
    direction = normalize(0.4 * torch.randn(4000, 3, generator=generator).clamp(-1, 1) - origin, dim=-1)
    t, normal = HITS[kind](origin, direction, *DIMENSIONS[kind])
    hit = t.isfinite()
    assert 0.2 < hit.float().mean() < 0.95
    assert signed_distance(kind, (origin + t[:, None] * direction)[hit]).abs().max() < 1.1e-3
    torch.testing.assert_close(normal[hit].norm(dim=-1), torch.ones(int(hit.sum())), atol=1e-4, rtol=0)
    grazing = 0.15 if kind == "torus" else 1e-3  # sphere tracing takes rays that pass within a hundredth of the tube's radius
    assert (normal * direction).sum(-1)[hit].max() < grazing
    along = origin[:, None] + torch.linspace(0, 2, 200)[:, None] * direction[:, None]  # [N, 200, 3]
    before = torch.linspace(0, 2, 200) < t[:, None]  # all of a ray that misses
    through = ((signed_distance(kind, along) < -1e-3) & before).any(-1)
    assert through.float().mean() < (1e-3 if kind == "torus" else 1e-9), "rays go through the solid before their hit"
    assert HITS[kind](origin, -direction, *DIMENSIONS[kind])[0].isinf().all(), "nothing is hit behind"


@pytest.mark.parametrize(
    ("kind", "at", "toward", "distance"),
    [
        ("sphere", (0.0, 0.0, -1.0), (0.0, 0.0, 1.0), 1 - RADIUS),
        ("sphere", (0.18, 0.0, -1.0), (0.0, 0.0, 1.0), 1 - 0.24),  # 0.18, 0.24, 0.3
        ("box", (0.29, -0.19, -1.0), (0.0, 0.0, 1.0), 1 - BOX[2]),
        ("box", (0.0, -1.0, 0.0), (0.0, 1.0, 0.0), 1 - BOX[1]),
        ("cylinder", (0.0, 0.2, -1.0), (0.0, 0.0, 1.0), 1 - RADIUS),
        ("cylinder", (0.2, -1.0, 0.0), (0.0, 1.0, 0.0), 1 - HALF),
        ("cone", (0.0, 0.0, -1.0), (0.0, 0.0, 1.0), 1 - RADIUS / 2),  # half as wide at half its height
        ("cone", (0.1, 1.0, 0.0), (0.0, -1.0, 0.0), 1 - HALF),
        ("torus", (MAJOR, 0.0, -1.0), (0.0, 0.0, 1.0), 1 - MINOR),
        ("torus", (-1.0, 0.0, 0.0), (1.0, 0.0, 0.0), 1 - MAJOR - MINOR),
        ("torus", (0.0, 0.0, -1.0), (0.0, 0.0, 1.0), math.inf),  # through the hole
        ("box", (0.31, 0.0, -1.0), (0.0, 0.0, 1.0), math.inf),
        ("cone", (0.0, -0.26, -1.0), (0.0, 0.0, 1.0), math.inf),  # just above the apex
    ],
)
def test_distances_known_by_hand(kind: str, at: tuple[float, ...], toward: tuple[float, ...], distance: float) -> None:
    direction = normalize(torch.tensor([toward]) + 1e-6, dim=-1)
    t, _ = HITS[kind](torch.tensor([at]) + 1e-6, direction, *DIMENSIONS[kind])
    assert t.item() == pytest.approx(distance, abs=2e-3 if kind == "torus" else 1e-5)


def test_depth_is_along_the_axis_and_the_mask_is_the_outline() -> None:
    """A box face to face: its front is flat in z-depth, and covers as many pixels as the pinhole says."""
    cameras = level_camera(64)
    rendering = render_scene(lone_solid("box"), cameras, supersample=1)
    front = 1 - BOX[2]
    focal = float(cameras.K[0, 0, 0])
    mask = rendering.mask[0, 0] > 0
    torch.testing.assert_close(rendering.depth[0][mask], torch.full((int(mask.sum()),), front), atol=1e-5, rtol=0)
    columns, rows = mask.any(0).sum().item(), mask.any(1).sum().item()
    assert abs(columns - 2 * focal * BOX[0] / front) <= 1 and abs(rows - 2 * focal * BOX[1] / front) <= 1
    sphere = render_scene(lone_solid("sphere"), level_camera(33), supersample=3)
    assert sphere.depth[0, 16, 16].item() == pytest.approx(1 - RADIUS, abs=1e-5)


def test_ground_depth_is_the_plane() -> None:
    cameras = level_camera(33)
    rendering = render_scene(replace(lone_solid("sphere"), solids=()), cameras, supersample=1)
    points = unproject_depth(cameras, rendering.depth)[0, -1]  # the lowest row
    torch.testing.assert_close(points[:, 1], torch.full((33,), GROUND_Y), atol=1e-5, rtol=0)
    assert rendering.mask.sum() == 0


@pytest.mark.parametrize("shape", SHAPES)
def test_views_agree_on_depth_and_color(shape: str) -> None:
    """What one camera sees is unprojected and looked up by another along the exact ray: as deep and as coloured, or behind something."""
    scene = sample_scene(5, replace(sample_words(random.Random(3)), shape=shape, texture="speckled"))
    views = sample_sweep(random.Random(2), 2, 40, "orbit")
    first = render_scene(scene, views[0], supersample=1)
    points = unproject_depth(views[0], first.depth).reshape(-1, 3)
    pixels, depth = (x[0] for x in project_points(views[1], points))  # [N, 2], [N]
    K = views[1].K.repeat(len(points), 1, 1)
    K[:, :2, 2] += 0.5 - pixels  # a camera of one pixel for each point
    second = render_scene(scene, Cameras(views[1].w2c.repeat(len(points), 1, 1), K, 1, 1), supersample=1)
    gap = depth - second.depth.flatten()
    assert (gap > -5e-3).float().mean() > 0.998, "points stand before what the other camera sees"  # but for rays that graze
    seen = gap.abs() < 5e-3
    subject = first.mask.flatten() > 0
    assert seen.float().mean() > 0.8 and seen[subject].float().mean() > 0.4
    first_color, second_color = first.images[0].flatten(1).T, second.images[:, :, 0, 0]
    difference = (first_color - second_color).abs().amax(-1)[seen]
    assert difference.quantile(0.98) < 0.02 and difference.median() < 1e-3
    assert first_color[subject & seen].std(0).max() > 0.05, "the subject has no texture to compare"


def test_views_agree_on_hills_and_sky() -> None:
    """Of a landscape too, each hill seen by one camera has the depth and the colour that another finds along the exact ray."""
    scene = with_hills(sample_scene(5), 7)
    views = sample_sweep(random.Random(2), 2, 40, "orbit")
    first = render_scene(scene, views[0], supersample=1)
    points = unproject_depth(views[0], first.depth).reshape(-1, 3)
    pixels, depth = (x[0] for x in project_points(views[1], points))
    K = views[1].K.repeat(len(points), 1, 1)
    K[:, :2, 2] += 0.5 - pixels
    second = render_scene(scene, Cameras(views[1].w2c.repeat(len(points), 1, 1), K, 1, 1), supersample=1)
    there = second.depth.flatten()
    far, sky = (first.depth.flatten() > 8) & (first.depth.flatten() < 1e5), first.depth.flatten() > 1e5
    ahead = depth > 0.1 * points.norm(dim=1)  # where the other camera's picture plane can hold it
    difference = (first.images[0].flatten(1).T - second.images[:, :, 0, 0]).abs().amax(-1)
    for what in (far & ahead, sky & ahead):
        same = (there / depth - 1).abs()[what] < 1e-3
        assert what.float().mean() > 0.03 and same.float().mean() > 0.7  # the others are hidden by the subject or another ring
        assert difference[what][same].max() < 0.02


def test_hills_leave_no_gap_above_the_ground() -> None:
    """All around, the last ring rises above the horizon of a camera as high as any path goes."""
    for seed in range(20):
        rings = sample_hills(seed)
        azimuth = torch.linspace(0, 2 * math.pi, 1000)
        assert [ring.radius for ring in rings] == [40, 20, 10]
        assert rings[0].skyline(azimuth).min() > 1.5
        assert all((ring.skyline(azimuth) > 0).all() and ring.skyline(azimuth).std() > 0.1 for ring in rings)


def test_a_scene_without_hills_is_untouched() -> None:
    scene, cameras = sample_scene(5), level_camera(16)
    assert render_scene(scene, cameras).depth.max() < 5
    landscape = render_scene(with_hills(scene, 5), cameras)
    assert replace(with_hills(scene, 5), hills=()) == scene and (landscape.depth > 1e5).any()


def test_mask_is_where_the_subject_hides_the_rest() -> None:
    scene = sample_concept(4)
    cameras = sample_photographs(random.Random(0), 3, 32)
    rendering = render_scene(scene, cameras, supersample=1)
    without = render_scene(replace(scene, solids=tuple(solid for solid in scene.solids if not solid.is_subject)), cameras, supersample=1)
    assert torch.equal(rendering.mask[:, 0] > 0, rendering.depth < without.depth)
    assert (rendering.mask.mean((1, 2, 3)) > 0.05).all()


def test_same_seed_gives_the_same_pictures_whatever_went_before() -> None:
    cameras = level_camera(16)
    for sample in (sample_scene, sample_concept):
        torch.manual_seed(1)
        random.seed(1)
        first = render_scene(sample(7), cameras)
        torch.manual_seed(2)
        random.seed(2)
        again, other = render_scene(sample(7), cameras), render_scene(sample(8), cameras)
        assert sample(7) == sample(7) != sample(8)
        assert torch.equal(first.images, again.images) and torch.equal(first.depth, again.depth)
        assert (first.images - other.images).abs().mean() > 0.02


def test_supersampling_smooths_edges_only() -> None:
    scene, cameras = lone_solid("sphere"), level_camera(32)
    coarse, fine = (render_scene(scene, cameras, supersample=s).images for s in (1, 4))
    assert fine.shape == coarse.shape == (1, 3, 32, 32)
    assert (fine - coarse).abs().mean() < 0.01 and (fine - coarse).abs().max() > 0.05


def test_captions_read_back() -> None:
    seen = set()
    for choice in itertools.product(*VOCABULARY.values()):
        words = SceneWords(*choice)
        found = re.fullmatch(r"(an?) (\w+) (\w+) (\w+) on (an?) (\w+) ground under (an?) (\w+) sky", words.caption)
        assert found is not None, words.caption
        article, color, texture, shape, ground_article, ground, sky_article, sky = found.groups()
        assert SceneWords(color, texture, shape, ground, sky) == words
        for one, word in ((article, color), (ground_article, ground), (sky_article, sky)):
            assert (one == "an") == (word[0] in "aeiou")
        assert tuple(list(VOCABULARY.values())[i][index] for i, index in enumerate(word_indices(words))) == astuple(words)
        seen.add(words.caption)
    assert len(seen) == math.prod(map(len, VOCABULARY.values()))
    assert WORDS.caption_of("V* sphere") == "a V* sphere on a sandy ground under a blue sky"


def test_words_are_drawn_evenly() -> None:
    rng = random.Random(0)
    drawn = [sample_words(rng) for _ in range(2000)]
    for name, options in VOCABULARY.items():
        counts = [sum(getattr(words, name) == option for words in drawn) for option in options]
        assert min(counts) > 0.8 * len(drawn) / len(options)


@pytest.mark.parametrize("color", COLORS)
def test_color_word_is_seen(color: str) -> None:
    """The lit subject is a shade of its word's colour, not of another's."""
    cameras = sample_photographs(random.Random(1), 4, 24)
    for seed, shape in enumerate(SHAPES):
        rendering = render_scene(sample_scene(seed, replace(WORDS, color=color, shape=shape)), cameras, supersample=1)
        mean = rendering.images.permute(0, 2, 3, 1)[rendering.mask[:, 0] > 0].mean(0)
        shades = torch.linspace(0.55, 1.15, 25)[:, None]
        misfit = {word: (mean - shades * torch.tensor(value)).norm(dim=-1).min().item() for word, value in COLORS.items()}
        assert min(misfit, key=misfit.__getitem__) == color, (shape, misfit)


def test_ground_and_sky_words_are_seen() -> None:
    cameras = sample_photographs(random.Random(1), 3, 24)
    for name, palette, rows in (("ground", GROUNDS, slice(-2, None)), ("sky", SKIES, slice(0, 2))):
        means = {}
        for word in palette:
            scene = replace(sample_scene(0, replace(WORDS, **{name: word})), solids=())
            means[word] = render_scene(scene, cameras).images[:, :, rows].mean((0, 2, 3))
        for word, mean in means.items():
            misfit = {other: (mean - torch.tensor(colors).mean(0)).norm().item() for other, colors in palette.items()}
            assert min(misfit, key=misfit.__getitem__) == word, (name, word, misfit)


def test_texture_words_differ_on_the_same_solid() -> None:
    points = normalize(torch.randn(3000, 3, generator=torch.Generator().manual_seed(0)), dim=-1)
    blends = {name: pattern(name, points, 11, 1.0) for name in VOCABULARY["texture"]}
    assert blends["plain"].abs().max() == 0
    for name, blend in blends.items():
        assert blend.min() >= 0 and blend.max() <= 1
        assert name == "plain" or (blend > 0.9).float().mean() > 0.03 and (blend < 0.1).float().mean() > 0.2
    assert (pattern("speckled", points, 12, 1.0) - blends["speckled"]).abs().mean() > 0.1, "the seed changes nothing"
    shade = ground_shade(points, 3)
    assert 0 <= shade.min() < 0.2 and 0.8 < shade.max() <= 1
    with pytest.raises(ValueError, match="wanted plain, striped, checkered or speckled, got 'tartan'"):
        pattern("tartan", points, 0, 1.0)


def test_concepts_are_what_no_training_scene_is() -> None:
    """One solid of one hue and its shade in training; a body of two palette colours with two parts of two more in a concept."""
    palette = set(COLORS.values())
    for seed in range(40):
        trained = [solid for solid in sample_scene(seed).solids if solid.is_subject]
        body, *parts = [solid for solid in sample_concept(seed).solids if solid.is_subject]
        assert len(trained) == 1 and len(parts) == 2
        base, second = (torch.tensor(color) for color in trained[0].colors)
        toward = torch.ones(3) if base.sum() < 1.2 else torch.zeros(3)
        torch.testing.assert_close(second, base + 0.55 * (toward - base))
        used = [*body.colors, *(part.colors[0] for part in parts)]
        assert len(set(used)) == 4 and set(used) <= palette
        assert body.texture != "plain" and all(part.texture == "plain" for part in parts)


def test_new_surroundings_keep_the_subject() -> None:
    concept = sample_concept(3)
    moved = with_surroundings(concept, replace(WORDS, ground="snowy"), 9)
    assert [solid for solid in moved.solids if solid.is_subject] == list(concept.solids)
    assert moved.words.ground == "snowy" and moved.light != concept.light
    assert any(len(with_surroundings(concept, WORDS, seed).solids) > len(concept.solids) for seed in range(5))


@pytest.mark.parametrize("kind", SWEEPS)
def test_sweeps_move_as_they_are_called(kind: str) -> None:
    for seed in range(10):
        cameras = sample_sweep(random.Random(seed), 8, 32, kind)
        assert (len(cameras), cameras.width, cameras.height) == (8, 32, 32)
        centers, forward = cameras.centers, cameras.forward
        assert (-(centers * forward).sum(-1) > 0.4).all() and (centers[:, 1] < GROUND_Y).all()
        offsets = centers - centers[0]
        if kind == "pan":
            assert offsets.norm(dim=-1).max() < 1e-5 and (forward[0] @ forward[-1]).clamp(-1, 1).acos() > 0.1
        if kind in ("truck", "dolly"):
            torch.testing.assert_close(forward, forward[:1].expand(8, 3), atol=1e-4, rtol=0)
            along = (normalize(offsets[-1], dim=0) @ forward[0]).abs()
            assert along < 1e-3 if kind == "truck" else along > 0.999
        if kind == "orbit":
            torch.testing.assert_close(centers[:, 1], centers[:1, 1].expand(8), atol=1e-5, rtol=0)
    single = sample_sweep(random.Random(0), 1, 32, kind)
    assert len(single) == 1 and torch.isfinite(single.w2c).all()


def test_photographs_are_taken_all_around() -> None:
    cameras = sample_photographs(random.Random(4), 24, 64)
    x, y, z = cameras.centers.unbind(-1)
    around = torch.atan2(x, z).sort().values
    gaps = torch.cat([around.diff(), around[:1] + 2 * math.pi - around[-1:]])
    assert gaps.max() < 2 * 2 * math.pi / 24
    elevation = torch.asin(-(y / cameras.centers.norm(dim=-1))).rad2deg()
    assert elevation.min() > 5 and elevation.max() < 35 and elevation.std() > 2
    focal = 32 / math.tan(math.radians(26))
    torch.testing.assert_close(cameras.K[0], torch.tensor([[focal, 0, 32], [0, focal, 32], [0, 0, 1]]))


def test_a_sector_is_wide_and_no_wider() -> None:
    spreads = []
    for seed in range(20):
        cameras = sample_sector(random.Random(seed), 8, 32)
        x, y, z = cameras.centers.unbind(-1)
        around = torch.atan2(x, z).rad2deg().sort().values
        gaps = torch.cat([around.diff(), around[:1] + 360 - around[-1:]])
        spreads.append(float(360 - gaps.max()))
        distance = cameras.centers.norm(dim=-1)
        assert 0.85 <= distance.min() and distance.max() <= 1.1 and len(cameras.K.unique(dim=0)) == 1
        elevation = torch.asin(-y / distance).rad2deg()
        assert 8 <= elevation.min() and elevation.max() <= 35
    assert max(spreads) <= SECTOR_DEG and min(spreads) > 45
