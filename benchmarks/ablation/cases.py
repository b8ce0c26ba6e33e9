"""What is asked for: subjects that the backbone never saw, in surroundings of a prompt, along a trajectory; and how that truly looks.

A case's truth is its subject on the ground and under the sky that the prompt names. What else stands there, and the light, no prompt says,
and neither the hills of a far background, 10 to 40 units away before a sky at infinity; the sky of a near one is a sphere at 3 units.
Everything is drawn from fixed seeds, in the normalised world of the subject's photographs.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace
from functools import lru_cache

import torch

from ...mvcustom_core.anchor.choice import choose_anchor
from ...mvcustom_core.camera.cameras import Cameras
from ...mvcustom_core.camera.normalisation import SceneNormalisation
from ...mvcustom_core.embedded.scenes.grammar import GROUNDS, SKIES, SceneWords
from ...mvcustom_core.embedded.scenes.render import Rendering, render_scene
from ...mvcustom_core.embedded.scenes.scene import sample_concept, with_hills, with_surroundings
from ...mvcustom_core.path.trajectory import UP, orbit, truck
from ...mvcustom_core.surface.depth import AnchorDepth, DepthMap
from ...nodes.bridge.backbone.embedded import VIEWS
from ..concept_quality import FIRST_SEED, HELD_OUT_EVERY, photograph, place_cameras
from ..concept_quality import VIEWS as PHOTOGRAPHS
from .backgrounds import BACKGROUNDS, FAR, NEAR
from .pictures import round_to_bytes

TRAJECTORIES = ("rotation", "translation")
FAR_ELEVATION_DEG = 10.0  # above the subject, of cameras that look at hills: the horizon lies a third below the upper edge
HELD_OUT = range(HELD_OUT_EVERY - 1, PHOTOGRAPHS, HELD_OUT_EVERY)  # photographs that no concept is learned from
LEARNED = [index for index in range(PHOTOGRAPHS) if index not in HELD_OUT]
MAX_SUBJECTS = 16  # as many as the gallery of the retrieval has
MAX_PROMPTS = min(len(GROUNDS), len(SKIES)) - 1  # each with a ground and a sky of its own, neither of them the photographs'
HALF_ORBIT_DEG, HALF_TRUCK = 20.0, 0.2  # degrees, world units
TOKEN = "<v*>"


@dataclass(frozen=True, slots=True)
class Task:
    """One case by its coordinates: the subject's seed, the number of the prompt, the kind of trajectory, the background."""

    subject: int
    prompt: int
    trajectory: str
    background: str = NEAR

    @property
    def name(self) -> str:
        far = "" if self.background == NEAR else f"-{self.background}"
        return f"{self.subject}-{self.prompt}-{self.trajectory}{far}"

    @property
    def seed(self) -> int:
        """Of the surroundings and of the start noise of every rung."""
        return 10 * self.subject + self.prompt


@dataclass(frozen=True, eq=False)
class AblationCase:
    """A task and what belongs to it.

    Attributes:
        words: of the true scene.
        cameras: V, in the normalised world.
        anchor: the view that shows most of the others, as the demo workflow chooses it.
        truth: the true views; depth in the normalised world.
        photographs: those that the concept is learned from.
        photograph_cameras: theirs.
    """

    task: Task
    words: SceneWords
    cameras: Cameras
    anchor: int
    truth: Rendering
    photographs: Rendering
    photograph_cameras: Cameras

    @property
    def prompt(self) -> str:
        return self.words.caption_of(f"{TOKEN} {self.words.shape}")

    @property
    def true_depth(self) -> AnchorDepth:
        depth = self.truth.depth[self.anchor]
        return AnchorDepth(self.anchor, DepthMap(depth, torch.ones_like(depth, dtype=torch.bool), "true", 1.0, "true depth"))


def list_tasks(
    subjects: int, prompts: int, trajectories: tuple[str, ...] = TRAJECTORIES, backgrounds: tuple[str, ...] = (NEAR,)
) -> list[Task]:
    """All cases of each background, those of the first prompt first, so that a run that is cut short has seen every subject."""
    return [
        Task(FIRST_SEED + subject, prompt, trajectory, background)
        for background in backgrounds
        for prompt in range(prompts)
        for subject in range(subjects)
        for trajectory in trajectories
    ]


def build_case(task: Task) -> AblationCase:
    """Render the truth of a case."""
    concept, photographs, photographed_from = photograph_once(task.subject)
    *_, world = place_cameras(task.subject)
    cameras = lay_path(task.subject, task.trajectory, task.background)
    words = draw_words(task.subject, task.prompt)
    there = SceneNormalisation(-world.center / world.scale, 1 / world.scale).apply(cameras)  # in the scene's own world
    scene = with_surroundings(concept, words, task.seed)
    truth = render_scene(scene if task.background == NEAR else with_hills(scene, task.seed), there)
    truth = replace(truth, images=round_to_bytes(truth.images), depth=world.apply_depth(truth.depth))
    learned = Rendering(photographs.images[LEARNED], photographs.depth[LEARNED], photographs.mask[LEARNED])
    anchor = find_anchor(task.subject, task.trajectory, task.background)
    return AblationCase(task, words, cameras, anchor, truth, learned, photographed_from[LEARNED])


def draw_words(subject: int, prompt: int) -> SceneWords:
    """The subject's own words on another ground and under another sky, no two prompts alike in either."""
    words = sample_concept(subject).words
    rng = random.Random(f"prompts {subject}")
    grounds = rng.sample([ground for ground in GROUNDS if ground != words.ground], MAX_PROMPTS)
    skies = rng.sample([sky for sky in SKIES if sky != words.sky], MAX_PROMPTS)
    return replace(words, ground=grounds[prompt], sky=skies[prompt])


def lay_path(subject: int, trajectory: str, background: str = NEAR) -> Cameras:
    """The cameras, about those of a photograph that was held out, another one for each kind of trajectory.

    Before a far background they stand lower than most photographs, so that they see it.
    """
    _, cameras, _ = place_cameras(subject)
    bases = random.Random(f"trajectories {subject}").sample(HELD_OUT, len(TRAJECTORIES))
    base = cameras[bases[TRAJECTORIES.index(trajectory)]]
    if background == FAR:
        elevation = -math.degrees(math.asin(float(torch.nn.functional.normalize(base.centers, dim=-1)[0, 1])))  # y points down
        base = orbit(base, 1, (0.0, 0.0), FAR_ELEVATION_DEG - elevation, up=UP)
    if trajectory == "rotation":
        return orbit(base, VIEWS, (-HALF_ORBIT_DEG, HALF_ORBIT_DEG), up=UP)
    return truck(base, VIEWS, (-HALF_TRUCK, HALF_TRUCK))


@lru_cache(maxsize=len(BACKGROUNDS) * 2 * MAX_SUBJECTS)
def find_anchor(subject: int, trajectory: str, background: str = NEAR) -> int:
    return choose_anchor(lay_path(subject, trajectory, background)).view


photograph_once = lru_cache(maxsize=MAX_SUBJECTS)(photograph)
