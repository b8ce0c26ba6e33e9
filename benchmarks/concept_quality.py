"""How well a learned concept renders from cameras that it was not learned from: procedural subjects that the backbone never saw.

For each subject 12 pictures are taken all around, of which every fourth is held out. After learning from the other nine, the finest pose
block renders the held-out cameras from the references that the concept keeps:

* `IoU`: its opacity, above a half, against the true mask, on 64x64 rays;
* `PSNR`: its colour against the picture's, both as seen through the true mask and averaged onto the block's own 16x16 cells, where the
  U-Net gets it; a cell counts as much as it is covered;
* `nearest`: PSNR of the nearest learned picture in its place;
* `linear`: PSNR that a linear reading of the held-out picture's own features reaches, fitted on the learned pictures: what the block's
  features hold of colour, if its geometry were perfect;
* `copied`: PSNR of the learned pictures, averaged onto 16x16 cells, looked up with the true depth: what the grid of the references holds.

Every finished subject is kept in `.cache/concept_quality`, so a run that is stopped goes on with the next one; `concept_retrieval` makes
views of the concepts that it leaves there.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from ..mvcustom_core.camera.cameras import Cameras
from ..mvcustom_core.camera.normalisation import SceneNormalisation, normalise_scene
from ..mvcustom_core.camera.rays import project_points, unproject_depth
from ..mvcustom_core.concept.concept import Concept, save_concept
from ..mvcustom_core.concept.learning.held_out import average_inside, measure_views
from ..mvcustom_core.concept.learning.learner import Learner
from ..mvcustom_core.concept.learning.losses import LossWeights, resize_area
from ..mvcustom_core.concept.learning.photographs import Photographs
from ..mvcustom_core.concept.learning.plan import LearningSettings
from ..mvcustom_core.concept.learning.state import LearningState
from ..mvcustom_core.concept.subject import Subject
from ..mvcustom_core.embedded.scenes.render import Rendering, render_scene
from ..mvcustom_core.embedded.scenes.scene import Scene, sample_concept
from ..mvcustom_core.embedded.scenes.sweep import sample_photographs
from ..mvcustom_core.progress import ignore_progress
from ..mvcustom_core.psnr import measure_psnr
from ..nodes.bridge.backbone.embedded import SIZE, load_embedded
from ..nodes.bridge.backbone.spec import spec_of
from ..nodes.bridge.learning.denoiser import ComfyDenoiser, ConceptWords, encode_photographs, token_row
from ..nodes.bridge.photographs.matching import find_matches
from .ablation.bootstrap import bootstrap_difference

FIRST_SEED = 1000  # of the subjects; training draws its own from 100000 on
VIEWS, HELD_OUT_EVERY = 12, 4
FINE, CELLS = 64, 16
SAME_SURFACE = 0.03  # world units
FOLDER = Path(__file__).resolve().parent.parent / ".cache" / "concept_quality"
COLUMNS = ("IoU", "PSNR", "nearest", "linear", "copied", "seconds")


def main() -> int:
    parser = argparse.ArgumentParser(prog="concept_quality", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--concepts", type=int, default=8, help="subjects (default: %(default)s)")
    parser.add_argument("--first", type=int, default=0, help="subjects to pass over (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=300, help="updates for each (default: %(default)s)")
    parser.add_argument("--rendering", type=int, default=0, help="the first of them without the backbone (default: %(default)s)")
    parser.add_argument("--rate", type=float, default=5e-3, help="learning rate of the pose blocks (default: %(default)s)")
    parser.add_argument("--frames", type=int, default=2, help="pictures in each update (default: %(default)s)")
    parser.add_argument("--cold", action="store_true", help="start from nothing, not from the backbone's own pose blocks")
    parser.add_argument("--correspondence", type=float, default=0.0, help="weight of matched features, told against none (default: 0)")
    parser.add_argument("--device", help="cpu keeps ComfyUI off the GPU")
    options = parser.parse_args()
    torch.set_num_threads(1)
    settings = LearningSettings(
        steps=options.steps,
        rendering_steps=options.rendering,
        frames=options.frames,
        pose_rate=options.rate,
        token_rate=1e-3,
        schedule="cosine",
        weights=LossWeights(correspondence=options.correspondence),
    )
    seeds = range(FIRST_SEED + options.first, FIRST_SEED + options.first + options.concepts)
    rows = print_rows(seeds, settings, warm=not options.cold)
    if options.correspondence:
        plain = print_rows(seeds, replace(settings, weights=LossWeights()), warm=not options.cold)
        for name in ("IoU", "PSNR"):
            gain = bootstrap_difference([row[name] for row in plain], [row[name] for row in rows], torch.Generator().manual_seed(0))
            print(f"{name} with correspondence over without: {gain}")
    return 0


def print_rows(seeds: Iterable[int], settings: LearningSettings, warm: bool) -> list[dict[str, float | str]]:
    """The figures of several subjects, printed as they come."""
    rows = []
    print(f"{'seed':>6} {'shape':>9}" + "".join(f"{name:>9}" for name in COLUMNS), flush=True)
    for seed in seeds:
        rows.append(recall(seed, settings, warm))
        print(f"{seed:6} {rows[-1]['shape']:>9}" + "".join(f"{rows[-1][name]:9.3f}" for name in COLUMNS), flush=True)
    print(f"{'mean':>6} {'':>9}" + "".join(f"{sum(row[name] for row in rows) / len(rows):9.3f}" for name in COLUMNS))
    return rows


def recall(seed: int, settings: LearningSettings, warm: bool) -> dict[str, float | str]:
    """One subject's figures, measured now or before."""
    start = "warm" if warm else "cold"
    start += f"_{settings.weights.correspondence}" if settings.weights.correspondence else ""
    path = FOLDER / f"{seed}_{settings.steps}-{settings.rendering_steps}x{settings.frames}_{settings.pose_rate}_{start}.json"
    if not path.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        row, concept = measure_concept(seed, settings, warm)
        if not settings.weights.correspondence:
            save_concept(FOLDER / f"{seed}.safetensors", concept)
        path.with_suffix(".part").write_text(json.dumps(row), encoding="utf-8")
        path.with_suffix(".part").replace(path)
    return json.loads(path.read_text(encoding="utf-8"))


def photograph(seed: int) -> tuple[Scene, Rendering, Cameras]:
    """A subject, its photographs, and their cameras in the normalised world."""
    scene = sample_concept(seed)
    taken, cameras, world = place_cameras(seed)
    views = render_scene(scene, taken)
    return scene, replace(views, depth=world.apply_depth(views.depth)), cameras


def place_cameras(seed: int) -> tuple[Cameras, Cameras, SceneNormalisation]:
    """Of the photographs: in the scene's own world and in the normalised one, and the change from that to this."""
    taken = sample_photographs(random.Random(f"photographs {seed}"), VIEWS, SIZE)
    return taken, *normalise_scene(taken)


def measure_concept(seed: int, settings: LearningSettings, warm: bool) -> tuple[dict[str, float | str], Concept]:
    """Learn one subject and look at it from the held-out cameras."""
    scene, views, cameras = photograph(seed)
    held = list(range(HELD_OUT_EVERY - 1, VIEWS, HELD_OUT_EVERY))
    learned = [view for view in range(VIEWS) if view not in held]
    model, clip, vae, _ = load_embedded()
    spec, words = spec_of(model), ConceptWords("<v*>", scene.words.shape)
    denoiser = ComfyDenoiser(model, clip, spec.pose_layout, words)
    latents = encode_photographs(model, vae, views.images.movedim(1, -1)).to(denoiser.device)
    weight = settings.weights.correspondence
    matches = find_matches(views.images, cameras, ignore_progress, views.mask) if weight else None
    photographs = Photographs(latents, views.images, views.mask, cameras, matches)[learned]
    token = token_row(clip, words.class_word)
    learner = Learner(photographs, denoiser, spec.pose_layout, token, replace(settings, nerf=spec.nerf))
    if warm:
        learner.restore(LearningState(dict(spec.pose_prior), token, moments={}, history=()))
    started = time.perf_counter()
    for _ in learner.run():
        pass
    seconds = time.perf_counter() - started
    concept = learner.concept(words.token, words.class_word, words.caption)
    finest = spec.pose_layout.finest
    features = denoiser.reference_features(torch.cat([concept.latents, latents[held], photographs.latents]))[finest]
    references, own, seen = features.split([len(concept.latents), len(held), len(learned)])
    subject = Subject(concept.build_pose_blocks().to(denoiser.device), {finest: references}, concept.cameras.to(denoiser.device))
    figures = judge(subject, finest, views, cameras, held, learned)
    colors, masks = average_inside(views.images, views.mask, (CELLS, CELLS)), resize_area(views.mask, CELLS, CELLS)
    figures["linear"] = psnr(read_linearly(seen, own, colors[learned], masks[learned]), colors[held], masks[held])
    return {"shape": scene.words.shape, **figures, "seconds": seconds}, concept


def judge(subject: Subject, block: int, views: Rendering, cameras: Cameras, held: list[int], learned: list[int]) -> dict[str, float]:
    """Figures of what the block renders at the held-out cameras, and of what stands beside it."""
    rgb, opacity = subject.render_pictures(block, cameras[held].to(subject.cameras.K.device), (FINE, FINE))
    images, masks = views.images[held], views.mask[held]
    figures = measure_views(rgb, opacity, images, masks, (CELLS, CELLS))
    nearest = [learned[index] for index in torch.cdist(cameras[held].centers, cameras[learned].centers).argmin(1).tolist()]
    cells = resize_area(views.images, CELLS, CELLS)
    copied = torch.cat([copy_with_true_depth(views, cells, cameras, view, learned) for view in held])
    colors, weights = average_inside(images, masks, (CELLS, CELLS)), resize_area(masks, CELLS, CELLS)
    return {
        "IoU": sum(figure.iou for figure in figures) / len(figures),
        "PSNR": sum(figure.psnr for figure in figures) / len(figures),
        "nearest": psnr(average_inside(views.images[nearest], masks, (CELLS, CELLS)), colors, weights),
        "copied": psnr(average_inside(copied, masks, (CELLS, CELLS)), colors, weights),
    }


def copy_with_true_depth(views: Rendering, images: Tensor, cameras: Cameras, view: int, learned: list[int]) -> Tensor:
    """The view [1, 3, SIZE, SIZE] put together from the nearest learned pictures that see each of its points."""
    points = unproject_depth(cameras[view], views.depth[[view]]).reshape(-1, 3)  # [(H W), 3]
    pixels, depth = project_points(cameras[learned], points)
    grid = (2 * pixels / SIZE - 1)[:, None]  # [A, 1, (H W), 2]
    colors = F.grid_sample(images[learned], grid, align_corners=False, padding_mode="border")[:, :, 0]  # [A, 3, (H W)]
    there = F.grid_sample(views.depth[learned][:, None], grid, mode="nearest", align_corners=False, padding_mode="border")[:, 0, 0]
    away = (cameras[learned].centers - cameras[view].centers).norm(dim=-1)
    weights = ((depth - there).abs() < SAME_SURFACE) * torch.exp(-8 * away)[:, None] + 1e-9 * torch.exp(-8 * away)[:, None]  # [A, (H W)]
    picture = (colors * weights[:, None]).sum(0) / weights.sum(0)
    return picture.view(1, 3, SIZE, SIZE)


def read_linearly(seen: Tensor, own: Tensor, images: Tensor, masks: Tensor) -> Tensor:
    """Colour [V, 3, h, w] of features `own` by the linear map that reads `seen` best inside the masks."""
    rows, cells = seen.movedim(1, -1)[masks[:, 0] > 0.5].double().cpu(), own.movedim(1, -1).double().cpu()
    rows, cells = (torch.cat([x, torch.ones_like(x[..., :1])], -1) for x in (rows, cells))
    wanted = images.movedim(1, -1)[masks[:, 0] > 0.5].double()
    ridge = 1e-2 * torch.eye(rows.shape[1]).to(rows)
    return (cells @ torch.linalg.solve(rows.mT @ rows + ridge, rows.mT @ wanted)).movedim(-1, 1).float()


def psnr(given: Tensor, wanted: Tensor, weights: Tensor) -> float:
    """Mean over the views."""
    return float(measure_psnr(given, wanted, weights).mean())


if __name__ == "__main__":
    sys.exit(main())
