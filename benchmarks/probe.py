"""Whether the motion modules look at the same surface point in other views: precision of every module, chance beside it.

Embedded backbone, scenes of no training stage, 8 views on an orbit and 8 sideways, their true pictures noised to several timesteps, the
scene's caption as the prompt. The true places come from the depth of every view. A query counts as right if its strongest key in another
view lies within 1.5 cells of the place that shows the same surface point; all cells of that view compete, whatever the module's scope.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from comfy.model_patcher import ModelPatcher

from ..mvcustom_core.backbone.presets import MotionChoices
from ..mvcustom_core.cameo.precision import Precision
from ..mvcustom_core.cameo.report import ModuleFigures
from ..mvcustom_core.surface.correspondence import correspond_depths
from ..nodes.bridge.backbone.embedded import load_unet
from ..nodes.bridge.backbone.motion import apply_motion_file
from ..nodes.bridge.concept.tokens import encode_caption
from ..nodes.bridge.evaluation.probe import Step, judge_modules, list_grids
from .ablation.backbones import load_own
from .feature_rendering_quality import Case, draw_case

VIEWS = 8
PATHS = ("orbit", "truck")
TIMESTEPS = (900, 600, 300, 100)


def main() -> int:
    parser = argparse.ArgumentParser(prog="probe", description=__doc__)
    parser.add_argument("--scenes", type=int, default=8, help="(default: %(default)s)")
    parser.add_argument("--motion", type=Path, help="a file of motion modules for the embedded backbone in place of its own")
    options = parser.parse_args()
    torch.set_num_threads(1)
    model = apply_motion_file(load_unet(), options.motion, MotionChoices())[0] if options.motion else load_own()[0]
    found: dict[int, list[list[ModuleFigures]]] = {timestep: [] for timestep in TIMESTEPS}
    for number in range(options.scenes):
        for path in PATHS:
            for timestep, figures in probe(draw_case(number, VIEWS, path), model):
                found[timestep].append(figures)
            print(f"scene {number}, {path}", file=sys.stderr, flush=True)
    print_table(found)
    return 0


@torch.inference_mode()
def probe(case: Case, model: ModelPatcher) -> Iterator[tuple[int, list[ModuleFigures]]]:
    """The figures of all modules at every timestep."""
    _, clip, vae = load_own()
    latents = vae.encode(case.true.images.movedim(1, -1))
    valid = torch.ones_like(case.true.depth, dtype=torch.bool)
    truth = correspond_depths(case.cameras, case.true.depth, valid, list_grids(model, latents))
    positive = [[encode_caption(clip, case.scene.words.caption), {}]]
    for timestep in TIMESTEPS:
        judge = judge_modules(model, Step(latents, positive, timestep, case.seed), truth)
        yield timestep, list(judge.figures.values())


def print_table(found: Mapping[int, list[list[ModuleFigures]]]) -> None:
    """Precision in percent: the mean of the heads' logits, and the head that is best over all cases of the timestep."""
    columns = ("module", "after block", "cells", "scope", "chance", *(f"t = {timestep}: mean, best head" for timestep in found))
    print("| " + " | ".join(columns) + " |\n" + "| --- " * len(columns) + "|")
    for place, module in enumerate(next(iter(found.values()))[0]):
        rows = [[case[place].precision for case in cases] for cases in found.values()]
        chance = statistics.mean(each.chance for each in rows[0])
        cells = [f"{100 * statistics.mean(each.mean for each in row):.1f}, {100 * find_best(row):.1f}" for row in rows]
        height, width = module.cells
        print("| " + " | ".join([module.name, module.place, f"{width}x{height}", str(module.scope), f"{100 * chance:.1f}", *cells]) + " |")


def find_best(row: list[Precision]) -> float:
    """The precision of the head that is right most often over all cases."""
    return max(statistics.mean(values) for values in zip(*(each.heads for each in row), strict=True))


if __name__ == "__main__":
    sys.exit(main())
