"""MVGD on held-out procedural scenes: colour and depth of two views, from one to three others in a sector of 120 degrees.

`views`: PSNR in dB and the relative error of depth, over the whole picture and over the subject, with 95 % intervals over scenes. Beside
the network stand what needs none (the nearest view, the mean of the views, the target's own median depth, the mean depth map of the other
scenes), what true depth would allow (colours fetched by it from the nearest view, and from all), the network with another scene's
pictures at the same cameras, which tells what it reads off cameras alone, and the network sampling colour alone.

`agreement`: how well the two views of a scene agree where they show the same points, by the order of sampling: PSNR between them, and
|ln| of the ratio of their depth errors. `unseen` is what no conditioning picture shows.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

import torch
from torch import Tensor

from ..mvcustom_core.mvgd.model import MVGD
from ..mvcustom_core.mvgd.sampling import RenderedViews, SamplingSettings, render_views
from ..mvcustom_core.mvgd.storage import read_mvgd
from ..training.mvgd.pack import FILE
from .ablation.bootstrap import Interval, bootstrap_difference, summarise_rows
from .kit.sector import (
    TARGETS,
    SectorScene,
    absolute_relative,
    draw_scene,
    find_nearest,
    locate,
    mean_log_depth,
    psnr,
    sample,
    warp_truly,
)

ORDERS = ("independent", "incremental", "mutual")
MOST_VIEWS = 3
FEWEST_PIXELS = 20  # that two views share; fewer say nothing
Row = dict[str, float | None]


def main() -> int:
    parser = argparse.ArgumentParser(prog="mvgd", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, default=FILE, help="a file of an MVGD network (default: the one that is shipped)")
    parser.add_argument("--scenes", type=int, default=64, help="(default: %(default)s)")
    parser.add_argument("--seeds", type=int, default=2, help="of the start noise (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=2, help="of sampling (default: %(default)s)")
    parser.add_argument("--part", choices=("views", "agreement"), action="append", help="what to measure; by default both")
    options = parser.parse_args()
    torch.set_num_threads(1)
    model, facts = read_mvgd(options.weights)
    scenes = [draw_scene(number) for number in range(options.scenes)]
    print(f"{facts['updates']} updates, {options.scenes} scenes, {TARGETS} views each, {options.seeds} seeds, {options.steps} steps\n")
    start = time.process_time()
    if "views" in (options.part or ("views",)):
        report_views(model, scenes, options)
    if "agreement" in (options.part or ("agreement",)):
        report_agreement(model, scenes, options)
    print(f"\n{time.process_time() - start:.0f} s of one core")
    return 0


def report_views(model: MVGD, scenes: list[SectorScene], options: argparse.Namespace) -> None:
    rows = [measure_views(model, scenes, number, options) for number in range(len(scenes))]
    found = summarise_rows(rows, torch.Generator().manual_seed(0))
    names = dict.fromkeys(name.rpartition(": ")[0] for name in found)
    figures = ("dB", "AbsRel", "subject dB", "subject AbsRel")
    print("| | " + " | ".join(figures) + " |\n" + "| --- " * (len(figures) + 1) + "|")
    for name in names:
        print(f"| {name} | " + " | ".join(show(found.get(f"{name}: {figure}")) for figure in figures) + " |")
    own = f"network, {MOST_VIEWS} views"
    pairs = [
        ("nearest view", "dB"),
        ("mean of views", "dB"),
        ("colour alone", "dB"),
        ("network, 1 views", "dB"),
        ("network, 2 views", "dB"),
    ]
    pairs += [
        (name, "AbsRel") for name in ("median depth", "mean depth map", "nearest view", "another scene's pictures", "network, 1 views")
    ]
    print(f"\n{own} minus, paired:")
    for other, figure in pairs:
        first, second = ([row[f"{name}: {figure}"] for row in rows] for name in (other, own))
        print(f"* {other}, {figure}: {show(bootstrap_difference(first, second, torch.Generator().manual_seed(0)))}")


def measure_views(model: MVGD, scenes: list[SectorScene], number: int, options: argparse.Namespace) -> Row:
    """The figures of one scene, means over its targets and the seeds."""
    scene, other = scenes[number], scenes[(number + 1) % len(scenes)]
    given = scene.given(MOST_VIEWS)
    prior = mean_log_depth(scenes, number)
    rows = [measure_baselines(scene, target, given, prior) for target in range(TARGETS)]
    for seed in range(options.seeds):
        made = {
            f"network, {count} views": render(model, scene.images, scene, scene.given(count), seed, steps=options.steps)
            for count in range(1, MOST_VIEWS + 1)
        }
        made["another scene's pictures"] = render(model, other.images, scene, given, seed, steps=options.steps)
        made["colour alone"] = render(model, scene.images, scene, given, seed, steps=options.steps, depth=False)
        for name, views in made.items():
            depths = [None if name == "colour alone" else views.depth[target] for target in range(TARGETS)]
            rows += [judge(name, scene, target, views.rgb[target], depths[target]) for target in range(TARGETS)]
    return mean_rows(rows)


def measure_baselines(scene: SectorScene, target: int, given: Tensor, prior: Tensor) -> Row:
    nearest = find_nearest(scene, target, given)
    farther = [int(view) for view in given if view != nearest]
    median = torch.full_like(prior, float(scene.depth[target].median()))
    return (
        judge("nearest view", scene, target, scene.images[nearest], scene.depth[nearest])
        | judge("mean of views", scene, target, scene.images[given].mean(0), None)
        | judge("true-depth warp of the nearest", scene, target, warp_truly(scene, target, [nearest]), None)
        | judge("true-depth warp of all", scene, target, warp_truly(scene, target, [nearest, *farther]), None)
        | judge("median depth", scene, target, None, median)
        | judge("mean depth map", scene, target, None, prior)
    )


def judge(name: str, scene: SectorScene, target: int, rgb: Tensor | None, depth: Tensor | None) -> Row:
    """What is known of one target against the truth, over the picture and over the subject."""
    true, true_depth, mask = scene.images[target], scene.depth[target], scene.mask[target]
    row: Row = {}
    if rgb is not None:
        row |= {f"{name}: dB": psnr(rgb, true), f"{name}: subject dB": psnr(rgb, true, mask)}
    if depth is not None:
        errors = absolute_relative(depth, true_depth), absolute_relative(depth, true_depth, mask)
        row |= {f"{name}: AbsRel": errors[0], f"{name}: subject AbsRel": errors[1]}
    return row


def report_agreement(model: MVGD, scenes: list[SectorScene], options: argparse.Namespace) -> None:
    print("\n| pictures | order | points | agreement, dB | error, dB | depth disagreement | depth error |\n" + "| --- " * 7 + "|")
    for count in (1, 2):
        rows = [measure_agreement(model, scene, count, options) for scene in scenes]
        found = summarise_rows(rows, torch.Generator().manual_seed(0))
        for order in ORDERS:
            for kind in ("seen", "unseen"):
                figures = [show(found.get(f"{order} {kind} {name}")) for name in ("agreement", "error", "disagreement", "depth")]
                print(f"| {count} | {order} | {kind} | " + " | ".join(figures) + " |")
        for name in ("unseen agreement", "unseen error", "unseen disagreement"):
            for order in ORDERS[1:]:
                first, second = ([row.get(f"{kind} {name}") for row in rows] for kind in ("independent", order))
                interval = bootstrap_difference(first, second, torch.Generator().manual_seed(0))
                print(f"| {count} | {order} minus independent | {name} | {show(interval)} | | | |")


def measure_agreement(model: MVGD, scene: SectorScene, count: int, options: argparse.Namespace) -> Row:
    """The figures of one scene for each order and kind of points, means over the seeds and both directions."""
    given = scene.given(count)
    rows = []
    for seed in range(options.seeds):
        for order in ORDERS:
            views = render(model, scene.images, scene, given, seed, steps=options.steps, order=order)
            rows += [compare(f"{order} ", scene, views, pair, given) for pair in ((0, 1), (1, 0))]
    return mean_rows(rows)


def compare(name: str, scene: SectorScene, views: RenderedViews, pair: tuple[int, int], given: Tensor) -> Row:
    """One target against another, at the points that both show."""
    source, view = pair
    grid, shown = locate(scene, source, view)
    known = torch.stack([locate(scene, source, int(each))[1] for each in given]).any(0)
    other = sample(views.rgb[view], grid)
    ratios = [(views.depth[each] / scene.depth[each]).log() for each in pair]
    difference = (ratios[0] - sample(ratios[1][None], grid, "nearest")[0]).abs()
    row: Row = {}
    for kind, mask in (("seen", shown & known), ("unseen", shown & ~known)):
        if int(mask.sum()) >= FEWEST_PIXELS:
            row |= {
                f"{name}{kind} agreement": psnr(views.rgb[source], other, mask),
                f"{name}{kind} error": psnr(views.rgb[source], scene.images[source], mask),
                f"{name}{kind} disagreement": float(difference[mask].mean()),
                f"{name}{kind} depth": absolute_relative(views.depth[source], scene.depth[source], mask),
            }
    return row


def render(model: MVGD, images: Tensor, scene: SectorScene, given: Tensor, seed: int, **settings: int | str | bool) -> RenderedViews:
    """The targets of a scene."""
    generator = torch.Generator().manual_seed(seed)
    return render_views(
        model, images[given], scene.cameras[given], scene.cameras[:TARGETS], SamplingSettings(**settings), generator
    )  # fmt: skip


def mean_rows(rows: list[Row]) -> Row:
    """The mean of every figure over the rows that have it."""
    names = dict.fromkeys(name for row in rows for name in row)
    known = {name: [row[name] for row in rows if row.get(name) is not None] for name in names}
    return {name: statistics.fmean(values) if values else None for name, values in known.items()}


def show(interval: Interval | None) -> str:
    return "" if interval is None else f"{interval.mean:.3g} [{interval.low:.3g}, {interval.high:.3g}]"


if __name__ == "__main__":
    sys.exit(main())
