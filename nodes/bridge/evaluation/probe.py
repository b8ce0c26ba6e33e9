"""Measures inside a workflow whether the motion modules of a MODEL look at the same surface point in other views.

One step of the MODEL on the noised views shows queries and keys of every motion module; they are judged as they come and not kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import comfy.sample
import comfy.samplers
import torch
from comfy.model_patcher import ModelPatcher
from comfy.sd import VAE
from torch import Tensor

from ....mvcustom_core.backbone.motion import MotionModule, MotionModules, Observation, Observer
from ....mvcustom_core.cameo.precision import attend_query, measure_precision
from ....mvcustom_core.cameo.report import ModuleFigures, describe_modules, find_best_module, tabulate_modules
from ....mvcustom_core.cameo.targets import Targets
from ....mvcustom_core.camera.cameras import Cameras
from ....mvcustom_core.plot.attention import QueryMaps, plot_query
from ....mvcustom_core.progress import Progress, ignore_progress, span_progress
from ....mvcustom_core.surface.correspondence import Correspondence, find_correspondences
from ....mvcustom_core.surface.depth import AnchorDepth
from ....mvcustom_core.surface.matches import correspond_matches
from ..backbone.motion import find_modules, has_motion
from ..host.advice import advise
from ..host.call import KEY
from ..host.progress import watch_progress
from ..host.tensors import images_from_comfy
from ..photographs.matching import find_matches
from ..rendering.session import build_near_device

BEST = "best"
CELL = 8  # pixels of a latent cell's side; the VAE crops what is no multiple of it
Size = tuple[int, int]
Correspondences = Mapping[Size, Correspondence]
ADVICE = {"targets:": "connect all views at once, and give no prompt an area of the picture", "pycolmap:": "or connect depth"}


@dataclass(frozen=True, slots=True)
class Query:
    """A query whose attention is drawn: view, and x and y as shares of the picture."""

    view: int
    x: float
    y: float


@dataclass(frozen=True, eq=False)
class Step:
    """The step that is probed.

    Attributes:
        latents: [V, 4, h, w] clean latents, in the VAE's scale.
        positive: the prompt's conditioning.
        timestep: of 1000.
        seed: of the noise and of the queries that are judged.
    """

    latents: Tensor  # [V, 4, h, w]
    positive: list[Any]
    timestep: int
    seed: int


@dataclass(eq=False)
class Judge:
    """Judges every motion module that it is shown.

    Attributes:
        grids: (h, w) of every U-Net level; a module that is shown another one sees a part of the views.
        figures: what was found, by block and in forward order.
        maps: block -> what the query looks at, [H + 1, V, h, w] on the CPU.
    """

    names: Mapping[MotionModule, str]
    modules: MotionModules
    grids: Sequence[Size]
    correspondences: Correspondences
    seed: int
    query: Query | None
    progress: Progress
    figures: dict[tuple[str, int], ModuleFigures] = field(default_factory=dict)
    maps: dict[tuple[str, int], Tensor] = field(default_factory=dict)

    def observe(self, block: tuple[str, int]) -> Observer:
        """For the entry `observe` of a call's record."""
        return lambda seen: self._judge(block, seen)

    def _judge(self, block: tuple[str, int], seen: Observation) -> None:
        if block in self.figures:  # of another prompt
            return
        self.progress(len(self.figures) / len(self.names))
        module, size = self.modules.at(block), (seen.grid.height, seen.grid.width)
        if size != self.grids[module.level]:
            raise ValueError(f"targets: wanted the grid (h, w) {self.grids[module.level]} of whole views, got {size}")
        targets = Targets.stack([self.correspondences[size]] * (len(seen.q) // seen.grid.frames)).to(seen.q.device)
        precision = measure_precision(seen, targets, torch.Generator().manual_seed(self.seed))
        self.figures[block] = ModuleFigures(self.names[module], block, size, seen.scope, precision)
        if self.query is not None:
            cell = find_cell(self.query, size)
            self.maps[block] = attend_query(seen, self.query.view, cell).unflatten(-1, size).cpu()


@torch.inference_mode()
def judge_modules(
    model: ModelPatcher, step: Step, correspondences: Correspondences, query: Query | None = None, progress: Progress = ignore_progress
) -> Judge:
    """Denoise all views by one step and judge every motion module.

    Args:
        correspondences: for the grid of every U-Net level, see `list_grids`.
        query: whose attention is kept.

    Raises:
        ValueError: if a call of the U-Net holds other views than the correspondences.
    """
    patched = model.clone()
    modules = find_modules(patched.model_options["transformer_options"])
    names = {module: name for name, module in modules.named_modules() if isinstance(module, MotionModule)}
    judge = Judge(names, modules, list_grids(model, step.latents), correspondences, step.seed, query, progress)
    patched.model_options["transformer_options"].setdefault(KEY, {})["observe"] = judge.observe
    sigma = float(model.get_model_object("model_sampling").sigma(torch.tensor(float(step.timestep))))
    noise = comfy.sample.prepare_noise(step.latents, step.seed)
    euler = comfy.samplers.sampler_object("euler")
    with advise(ADVICE):
        comfy.sample.sample_custom(
            patched, noise, 1.0, euler, torch.tensor([sigma, 0.0]), step.positive, step.positive, step.latents, disable_pbar=True,
            seed=step.seed,
        )  # fmt: skip
    return judge


def list_grids(model: ModelPatcher, latents: Tensor) -> list[Size]:
    """The grids (h, w) of the U-Net's levels for latents [V, 4, h, w]; strided convolutions round up."""
    height, width = latents.shape[-2:]
    return [(-(-height // 2**level), -(-width // 2**level)) for level in range(len(has_motion(model).channels))]


def find_cell(query: Query, size: Size) -> int:
    """The cell of a grid (h, w) that holds the query."""
    height, width = size
    return min(int(query.y * height), height - 1) * width + min(int(query.x * width), width - 1)


def find_truth(
    images: Tensor, cameras: Cameras, depth: Sequence[AnchorDepth], sizes: Sequence[Size], progress: Progress
) -> tuple[Correspondences, str]:
    """Where the views show the same surface points, and where that is known from, in words.

    Args:
        images: [V, 3, H, W] in 0..1, of the cameras' size.
        depth: of anchor views; where there is none, features of the pictures are matched.

    Raises:
        ValueError: if there is neither depth nor pycolmap, or no match that the cameras allow.
    """
    if depth:
        surfaces = build_near_device(depth, cameras, span_progress(progress, 0.0, 0.3))
        found = find_correspondences(surfaces, sizes, span_progress(progress, 0.3, 1.0))
        return found, f"the depth of view {', '.join(str(anchor.view) for anchor in depth)}"
    with advise(ADVICE):
        matches = find_matches(images, cameras, progress)
    count = sum(map(len, matches.values()))
    if not count:
        raise ValueError(
            "views: wanted features that match between them as the cameras say, got none; connect depth, or sharper and larger views"
        )
    return {size: correspond_matches(matches, cameras, size) for size in sizes}, f"{count} matched features that the cameras allow"


@dataclass(frozen=True, eq=False)
class ProbeInputs:
    """The inputs of MVCustom Attention Probe.

    Attributes:
        images: IMAGE [V, H, W, 3].
        depth: of anchor views; may be empty.
        module: name of the module whose attention is drawn, or `BEST`.
    """

    model: ModelPatcher
    positive: list[Any]
    vae: VAE
    images: Tensor
    cameras: Cameras
    depth: tuple[AnchorDepth, ...]
    timestep: int
    seed: int
    query: Query
    module: str


@dataclass(frozen=True, eq=False)
class Probed:
    """What the node shows: a report, rows for a table, and the picture [3, H, W] of the query."""

    report: str
    rows: list[dict[str, Any]]
    picture: Tensor


def probe_views(inputs: ProbeInputs) -> Probed:
    """Judge the motion modules of a MODEL on views, with progress and cancelling.

    Raises:
        ValueError: if the inputs do not fit together; see `find_truth`.
    """
    _check(inputs)
    pictures, progress = images_from_comfy(inputs.images), watch_progress()
    height, width = pictures.shape[-2:]
    latents = inputs.vae.encode(inputs.images)
    sizes, cameras = list_grids(inputs.model, latents), inputs.cameras.resize(width, height)
    truth, source = find_truth(pictures, cameras, inputs.depth, sizes, span_progress(progress, 0.0, 0.5))
    step = Step(latents, inputs.positive, inputs.timestep, inputs.seed)
    judge = judge_modules(inputs.model, step, truth, inputs.query, span_progress(progress, 0.5, 1.0))
    figures = list(judge.figures.values())
    if not any(each.precision.count for each in figures):
        raise ValueError("depth: wanted surface points that two views show, got none; connect depth of these views and their cameras")
    drawn = _choose_module(figures, inputs.module)
    report = f"Timestep {inputs.timestep}, {len(pictures)} views of {width}x{height}; the true places are known from {source}.\n"
    progress(1.0)
    return Probed(report + describe_modules(figures), tabulate_modules(figures), _draw(pictures, judge, drawn, truth[drawn.cells]))


def _check(inputs: ProbeInputs) -> None:
    if has_motion(inputs.model) is None:
        raise ValueError("model: wanted one with MVCustom motion modules, got one without; connect Load MVCustom Backbone")
    count, height, width = inputs.images.shape[:3]
    cameras = inputs.cameras
    if count != len(cameras) or count < 2:
        raise ValueError(f"views: wanted at least two, one for each of the {len(cameras)} cameras, got {count}; connect all views")
    if height * cameras.width != width * cameras.height:
        raise ValueError(
            f"views: wanted the cameras' aspect {cameras.width}x{cameras.height}, got {width}x{height}; connect the cameras of these views"
        )
    if height % CELL or width % CELL:
        raise ValueError(f"views: wanted sides divisible by {CELL}, got {width}x{height}; resize the views")
    if inputs.query.view >= count:
        raise ValueError(f"query_view: wanted 0 to {count - 1}, got {inputs.query.view}; lower it")


def _choose_module(figures: Sequence[ModuleFigures], name: str) -> ModuleFigures:
    if name.strip() in ("", BEST):
        return find_best_module(figures)
    found = next((each for each in figures if each.name == name.strip()), None)
    if found is None:
        names = ", ".join(each.name for each in figures)
        raise ValueError(f"module: wanted {BEST!r} or one of {names}, got {name!r}; write one of them")
    return found


def _draw(pictures: Tensor, judge: Judge, drawn: ModuleFigures, truth: Correspondence) -> Tensor:
    query, maps, (height, width) = judge.query, judge.maps[drawn.block], drawn.cells
    cell, best = find_cell(query, drawn.cells), drawn.precision.best
    share = torch.tensor([width, height])
    places = truth.points[query.view, cell].cpu() / share
    known = truth.known[query.view, cell].cpu()
    middle = (cell % width + 0.5) / width, (cell // width + 0.5) / height
    rows = [("where it looks: the mean of the heads", maps[-1]), (f"where it looks: head {best}, the best", maps[best])]
    title = f"{drawn.name}, after {drawn.place}, {width}x{height} cells"
    return plot_query(pictures, QueryMaps(query.view, middle, places, known, rows), title)
