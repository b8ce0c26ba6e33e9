"""How near a single step brings the views to their anchor, by how far the motion modules look, with rendered features and without.

Embedded backbone, scenes of no training stage, true depth, 8 views on an orbit and 8 sideways. The views are their true pictures, each
under noise of its own; the network predicts all of them at once, from the scene's caption. Agreement: the anchor's predicted latents,
carried to a view by the render operator, against the view's own prediction, where the anchor sees whole cells: variance of the carried
over the mean square of the difference, in dB. 0 dB is as far off as a flat guess. Brackets: 95 % by bootstrap over scenes and paths.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Iterator
from pathlib import Path

import comfy.sample
import comfy.samplers
import torch
from comfy.model_patcher import ModelPatcher
from torch import Tensor

from ..mvcustom_core.rendering.rendering import RenderingSettings
from ..nodes.bridge.concept.tokens import encode_caption
from ..nodes.bridge.rendering.hook import HookOptions, apply_rendering
from .ablation.backbones import DENSE_FILE, HOW_TO_TRAIN, load_model, load_own
from .ablation.bootstrap import bootstrap_difference, bootstrap_mean
from .ablation.rungs import DENSE, ONE_CELL
from .feature_rendering_quality import Case, draw_case

VIEWS = 8
PATHS = ("orbit", "truck")
TIMESTEPS = (900, 700, 500, 300)
SCOPES = {"1x1": (ONE_CELL, False), "trajectory": (ONE_CELL, True), "dense": (DENSE, False)}
"""Name -> motion modules, and whether they follow the surface."""

Key = tuple[int, bool, str]  # timestep, whether features are rendered, scope


def main() -> int:
    parser = argparse.ArgumentParser(prog="scope_agreement", description=__doc__)
    parser.add_argument("--scenes", type=int, default=8, help="(default: %(default)s)")
    parser.add_argument("--motion", type=Path, nargs="+", default=[], help="motion files to compare with 1x1, in place of the other scopes")
    options = parser.parse_args()
    torch.set_num_threads(1)
    base, *_ = SCOPES
    scopes = [scope for scope, (modules, _) in SCOPES.items() if modules != DENSE or DENSE_FILE.is_file()]
    if options.motion:
        scopes = [base, *map(str, options.motion)]
    elif len(scopes) < len(SCOPES):
        print(f"left out: dense; it needs {DENSE_FILE.name}, train it with `{HOW_TO_TRAIN}`", file=sys.stderr)
    found: dict[Key, list[float]] = {key: [] for key in itertools.product(TIMESTEPS, (False, True), scopes)}
    for number, path in itertools.product(range(options.scenes), PATHS):
        for key, agreement in measure(draw_case(number, VIEWS, path), scopes):
            found[key].append(agreement)
        print(f"scene {number}, {path}", file=sys.stderr, flush=True)
    print_table(found, scopes)
    return 0


@torch.inference_mode()
def measure(case: Case, scopes: list[str]) -> Iterator[tuple[Key, float]]:
    """Agreement in dB for every setting.

    Args:
        scopes: names of `SCOPES`, or paths of motion files.
    """
    latents = load_own()[2].encode(case.true.images.movedim(1, -1))
    for scope, rendered in itertools.product(scopes, (False, True)):
        modules, follow = SCOPES.get(scope, (scope, False))
        settings = RenderingSettings(strength=float(rendered), until=1.0, fade=0.0)
        options = HookOptions(settings, shared_noise=False, follow_surface=follow)
        model, operator = apply_rendering(load_model(modules), [case.depth], case.cameras, options)
        for timestep in TIMESTEPS:
            predicted = predict(case, latents, model, timestep)
            carried = operator.apply(predicted[[case.anchor]])[case.others]
            whole = (operator.mask[case.others] == 1).expand_as(carried)
            error = (predicted[case.others] - carried)[whole].square().mean()
            yield (timestep, rendered, scope), float(10 * (carried[whole].var() / error).log10())


def predict(case: Case, latents: Tensor, model: ModelPatcher, timestep: int) -> Tensor:
    """The clean latents [V, 4, h, w] that a single step predicts."""
    noise = torch.randn(latents.shape, generator=torch.Generator().manual_seed(case.seed))
    sigma = model.get_model_object("model_sampling").sigma(torch.tensor(float(timestep)))
    prompt = [[encode_caption(load_own()[1], case.scene.words.caption), {}]]
    euler = comfy.samplers.sampler_object("euler")
    return comfy.sample.sample_custom(
        model, noise, 1.0, euler, torch.tensor([float(sigma), 0.0]), prompt, prompt, latents, disable_pbar=True, seed=0
    )


def print_table(found: dict[Key, list[float]], scopes: list[str]) -> None:
    generator = torch.Generator().manual_seed(0)
    base, *wider = scopes
    names = {scope: scope if scope in SCOPES else Path(scope).stem for scope in scopes}
    columns = ("timestep", "features", *(f"{name}, dB" for name in names.values()), *(f"{names[scope]} over {base}" for scope in wider))
    print("| " + " | ".join(columns) + " |\n" + "| --- " * len(columns) + "|")
    for timestep, rendered in itertools.product(TIMESTEPS, (False, True)):
        rows = {scope: found[timestep, rendered, scope] for scope in scopes}
        cells = [f"{bootstrap_mean(row, generator).mean:.2f}" for row in rows.values()]
        for scope in wider:
            gain = bootstrap_difference(rows[base], rows[scope], generator)
            cells.append(f"{gain.mean:+.2f} [{gain.low:+.2f}, {gain.high:+.2f}]")
        print(f"| {timestep} | {'rendered' if rendered else 'own'} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    sys.exit(main())
