"""What stands in a scene: a subject of one or a few solids, bystanders, a ground, a sky, a light, and maybe hills. Drawn from a seed."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace

from .grammar import COLORS, SceneWords, sample_words
from .hills import Hill, sample_hills

GROUND_Y = 0.25  # the ground lies this far below the subject's centre
CONCEPT_TEXTURES = ("striped", "checkered", "speckled")


@dataclass(frozen=True, slots=True)
class Solid:
    """One primitive: kind and dimensions as `primitive.HITS` takes them, standing upright, turned by `yaw` radians about y."""

    kind: str
    dimensions: tuple[float | tuple[float, ...], ...]
    center: tuple[float, float, float]
    yaw: float
    colors: tuple[tuple[float, float, float], tuple[float, float, float]]
    texture: str
    texture_seed: int
    scale: float
    is_subject: bool


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that `render_scene` needs. `words.caption` describes it; for a concept the subject's words do not.

    Attributes:
        hills: the farthest first, before a sky at infinity. Without any the sky is a sphere about the subject, as the embedded backbone
            has seen it in training.
    """

    words: SceneWords
    solids: tuple[Solid, ...]
    light: tuple[float, float, float]
    seed: int
    hills: tuple[Hill, ...] = ()


def sample_scene(seed: int, words: SceneWords | None = None) -> Scene:
    """A scene of the grammar; `words` fixes its attributes, the seed draws the rest."""
    rng = random.Random(f"scene {seed}")
    words = words or sample_words(rng)
    base, second = _contrast(rng, words.color)
    subject = _solid(rng, words.shape, 0.25, (0.0, 0.0), (base, second), words.texture, is_subject=True)
    return Scene(words, (subject, *_bystanders(rng)), _light(rng), seed)


def sample_concept(seed: int, words: SceneWords | None = None) -> Scene:
    """A subject that no training scene has: a body with added parts, each with colours and texture of its own."""
    rng = random.Random(f"concept {seed}")
    words = words or sample_words(rng)
    colors = rng.sample(sorted(COLORS), 4)
    body = _solid(rng, words.shape, 0.25, (0.0, 0.0), (COLORS[colors[0]], COLORS[colors[1]]), rng.choice(CONCEPT_TEXTURES), is_subject=True)
    angle, top = rng.uniform(0, 2 * math.pi), 2 * body.center[1] - GROUND_Y
    on_top, at_side = (
        _solid(rng, rng.choice(("sphere", "box", "cone")), 0.09, at, (COLORS[color],) * 2, "plain", is_subject=True)
        for at, color in (((0.0, 0.0), colors[2]), ((0.24 * math.cos(angle), 0.24 * math.sin(angle)), colors[3]))
    )
    parts = (_raised(on_top, GROUND_Y - top - 0.02), _raised(at_side, rng.uniform(0.0, 0.2)))  # the one on top sinks in a little
    return Scene(words, (body, *parts), _light(rng), seed)


def with_surroundings(concept: Scene, words: SceneWords, seed: int) -> Scene:
    """The concept's subject on another ground, under another sky, among other bystanders."""
    rng = random.Random(f"surroundings {seed}")
    subject = tuple(solid for solid in concept.solids if solid.is_subject)
    return Scene(words, (*subject, *_bystanders(rng)), _light(rng), seed)


def with_hills(scene: Scene, seed: int) -> Scene:
    """The same scene before hills, 10 to 40 units away, and a sky at infinity."""
    return replace(scene, hills=sample_hills(seed))


def _contrast(rng: random.Random, color: str) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """The named colour, jittered, and a partner of the same hue that is clearly darker or lighter."""
    base = tuple(min(1.0, max(0.0, c + rng.uniform(-0.05, 0.05))) for c in COLORS[color])
    target = 1.0 if sum(base) < 1.2 else 0.0
    return base, tuple(c + 0.55 * (target - c) for c in base)


def _solid(
    rng: random.Random, kind: str, radius: float, at: tuple[float, float], colors: tuple, texture: str, *, is_subject: bool
) -> Solid:
    r = radius * rng.uniform(0.88, 1.05)
    half = r * rng.uniform(0.85, 1.1)
    dimensions, height = {
        "box": (((r * 0.8, half * 0.8, r * rng.uniform(0.6, 0.8)),), half * 0.8),
        "sphere": ((r,), r),
        "cylinder": ((r * 0.7, half), half),
        "cone": ((r * 0.9, half), half),
        "torus": ((r * 0.72, r * 0.28), r),
    }[kind]
    center = (at[0], GROUND_Y - height, at[1])
    return Solid(kind, dimensions, center, rng.uniform(0, 2 * math.pi), colors, texture, rng.randrange(1 << 30), r, is_subject)


def _raised(solid: Solid, height: float) -> Solid:
    x, y, z = solid.center
    return replace(solid, center=(x, y - height, z))


def _bystanders(rng: random.Random) -> tuple[Solid, ...]:
    """Up to two small things around the subject, far enough not to touch it."""
    solids = []
    for _ in range(rng.choice((0, 1, 1, 2))):
        angle, distance = rng.uniform(0, 2 * math.pi), rng.uniform(0.55, 0.95)
        color = COLORS[rng.choice(sorted(COLORS))]
        at = (distance * math.cos(angle), distance * math.sin(angle))
        solids.append(_solid(rng, rng.choice(("box", "sphere", "cone", "cylinder")), 0.10, at, (color, color), "plain", is_subject=False))
    return tuple(solids)


def _light(rng: random.Random) -> tuple[float, float, float]:
    azimuth, elevation = rng.uniform(0, 2 * math.pi), math.radians(rng.uniform(40, 70))
    return (math.cos(azimuth) * math.cos(elevation), -math.sin(elevation), math.sin(azimuth) * math.cos(elevation))
