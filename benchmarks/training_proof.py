"""What runs of `train video` have learned by which update, on scenes that none of them learned from.

For every checkpoint the averaged weights are judged on the embedded backbone: error of the prediction at little, middle and much noise,
and the precision of one motion module: how often its strongest key in another view, by the mean of the heads' logits, lies within 1.5 cells
of the place that shows the same surface point. All runs see the same scenes and the same noise. The figures of every scene are kept in
`proof.csv` beside the run's checkpoints, so that only new checkpoints are measured. Brackets: 95 % by bootstrap over scenes.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from safetensors.torch import load_file

from ..mvcustom_core.backbone.attention import Scope
from ..mvcustom_core.backbone.checkpoint import motion_metadata
from ..training.engine.weights import FILE, write_result
from ..training.video.backbone import EMBEDDED, Backbone, load_backbone, make_network, read_start
from ..training.video.cache import Cache
from ..training.video.correspondence import LAYER, READ, CorrespondenceTerm
from ..training.video.decoding import Cut
from ..training.video.sources import find_entries
from ..training.video.stage import LEVELS, Clips, NoisyClips, VideoStage
from ..training.video.widening import Widening
from .ablation.bootstrap import bootstrap_difference
from .kit.curves import Curve, Panel, draw_panels

FIGURES, COLUMNS = ("error", "precision"), ("update", "level", "scene", "error", "precision")
CSV, CHECKPOINTS, PREFIX = "proof.csv", "motion", "update-"
AVERAGE = "ema/"  # of the names in a checkpoint

Key = tuple[int, str]  # update, noise level
Found = dict[Key, list[dict[str, float]]]  # the scenes, in their order


@dataclass(frozen=True, slots=True)
class Run:
    """A run of `train video`, with its name in the table."""

    name: str
    folder: Path

    @classmethod
    def from_text(cls, text: str) -> Run:
        """Read NAME=OUTPUT."""
        name, equals, folder = text.partition("=")
        if not equals or not (Path(folder) / CHECKPOINTS).is_dir():
            raise argparse.ArgumentTypeError(f"wanted NAME=OUTPUT of a run that has a checkpoint, got {text}")
        return cls(name, Path(folder))

    def list_checkpoints(self) -> dict[int, Path]:
        """Update -> folder of the checkpoint, in order."""
        places = sorted(place for place in (self.folder / CHECKPOINTS).glob(f"{PREFIX}*") if (place / "about.json").is_file())
        return {int(place.name.removeprefix(PREFIX)): place for place in places if place.name.removeprefix(PREFIX).isdigit()}


def main() -> int:
    parser = argparse.ArgumentParser(prog="training_proof", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of shards of scenes that no run learned from")
    parser.add_argument("--runs", type=Run.from_text, nargs="+", required=True, help="NAME=OUTPUT; the others are told against the first")
    parser.add_argument("--cache", type=Path, required=True, help="of latents and captions; that of the runs serves")
    parser.add_argument("--scenes", type=int, default=8, help="(default: %(default)s)")
    parser.add_argument("--every", type=int, default=1, help="only checkpoints after a whole number of so many updates (default: all)")
    parser.add_argument("--layer", default=LAYER, help="(default: %(default)s)")
    parser.add_argument("--picture", type=Path, help="gets the curves")
    parser.add_argument("--files", action="store_true", help="write each run's last averaged weights as a motion file beside proof.csv")
    options = parser.parse_args()
    torch.set_num_threads(1)
    backbone = load_backbone(EMBEDDED)
    clips = open_scenes(backbone, options.data, options.cache, options.scenes)
    found = {run.name: measure(run, backbone, clips, options.layer, options.files, options.every) for run in options.runs}
    print_table(found)
    if options.picture:
        from PIL import Image

        picture = draw_panels(list_panels(found)).movedim(0, -1).mul(255).round().byte().numpy()
        Image.fromarray(picture).save(options.picture)
    return 0


def open_scenes(backbone: Backbone, data: Path, cache: Path, count: int) -> Clips:
    """The first scenes of a folder with cameras and depth."""
    kept = Cache(cache, Cut(backbone.size, backbone.frames, 1, backbone.frames), backbone.make_encoders())
    return kept.open(kept.fill(find_entries([data], None)[:count], PartialState(cpu=True)), READ)


def measure(run: Run, backbone: Backbone, clips: Clips, layer: str, write_files: bool, every: int = 1) -> Found:
    """The figures of all checkpoints of a run, and of its start as update 0, measured now or before."""
    path = run.folder / CSV
    places = {update: place for update, place in run.list_checkpoints().items() if update % every == 0}
    told: dict[str, Any] = json.loads((list(places.values())[-1] / "about.json").read_text(encoding="utf-8"))["about"]["settings"]
    stage = make_stage(told, backbone, clips, layer)
    measured = {update for update, _ in read_rows(path)}
    for update, place in {0: None, **places}.items():
        if update not in measured:
            load_average(stage, place)
            stage.go_to(max(0, update - 1))
            write_rows(path, judge(stage, update))
            print(f"{run.name}, update {update}", file=sys.stderr, flush=True)
    if write_files:
        update, place = list(places.items())[-1]
        load_average(stage, place)
        stage.go_to(max(0, update - 1))
        text = f"trained for {update} updates, scopes {stage.widening}"
        write_result(stage.trained.state_dict(), run.folder / f"{run.name}-{update}.safetensors", motion_metadata(stage.settings, text))
    return read_rows(path)


def make_stage(told: Mapping[str, Any], backbone: Backbone, clips: Clips, layer: str) -> VideoStage:
    """The network of a run as it was at its start, from what its checkpoint tells."""
    origin = None if told["motion from"] == "default" else told["motion from"]
    start = read_start(backbone, origin)
    widening = Widening.from_text(told["widening"], (Scope(None),) * len(start[0].scopes))
    network = make_network(backbone, start, widening, torch.float32, checkpointing=False)
    term = CorrespondenceTerm(network.motion, layer, weight=0.0)
    return VideoStage(CHECKPOINTS, network, backbone.prediction, NoisyClips(clips), clips, widening, [term]).eval()


def load_average(stage: VideoStage, place: Path | None) -> None:
    """Put a checkpoint's averaged weights of the motion modules in place; None leaves those of the start."""
    if place is not None:
        prefix = f"{AVERAGE}network.motion."
        stored = load_file(place / FILE)
        weights = {name.removeprefix(prefix): tensor for name, tensor in stored.items() if name.startswith(prefix)}
        stage.trained.load_state_dict(weights, strict=False)  # but for constants, which no checkpoint has


@torch.no_grad()
def judge(stage: VideoStage, update: int) -> Iterable[dict[str, Any]]:
    for level, t in LEVELS.items():
        for scene in range(stage.held_out_clips.count):
            figures = stage.judge_clip(scene, t)
            yield {"update": update, "level": level, "scene": scene, "error": figures[""], "precision": figures["precision"]}


def read_rows(path: Path) -> Found:
    """What was measured before."""
    found: Found = {}
    if path.is_file():
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                found.setdefault((int(row["update"]), row["level"]), []).append({name: float(row[name]) for name in FIGURES})
    return found


def write_rows(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Add the figures of one checkpoint, all at once."""
    rows, is_new = list(rows), not path.is_file()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        if is_new:
            writer.writeheader()
        writer.writerows(rows)


def mean(rows: Sequence[Mapping[str, float]], name: str) -> float:
    return sum(row[name] for row in rows) / len(rows)


def print_table(found: Mapping[str, Found]) -> None:
    """All means, and at the last update that all runs have how far the others are from the first run."""
    columns = [f"{figure}, {level} noise" for figure in FIGURES for level in LEVELS]
    print("| run | update | " + " | ".join(columns) + " |\n" + "| --- " * (2 + len(columns)) + "|")
    for name, rows in found.items():
        for update in sorted({update for update, _ in rows}):
            cells = [f"{mean(rows[update, level], figure):.4f}" for figure in FIGURES for level in LEVELS]
            print(f"| {name} | {update} | " + " | ".join(cells) + " |")
    last = max(set.intersection(*({update for update, _ in rows} for rows in found.values())))
    (first, base), *others = found.items()
    for name, rows in others:
        cells = []
        for figure in FIGURES:
            for level in LEVELS:
                pair = ([row[figure] for row in each[last, level]] for each in (base, rows))
                gain = bootstrap_difference(*pair, torch.Generator().manual_seed(0))
                cells.append(f"{gain.mean:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}]")
        print(f"| {name} over {first} | {last} | " + " | ".join(cells) + " |")


def list_panels(found: Mapping[str, Found]) -> list[list[Panel]]:
    """A row of panels for each figure, a column for each noise level."""
    titles = {"error": "held-out error", "precision": "right places"}
    return [[Panel(f"{titles[figure]}, {level} noise", list_curves(found, figure, level)) for level in LEVELS] for figure in FIGURES]


def list_curves(found: Mapping[str, Found], figure: str, level: str) -> dict[str, Curve]:
    """The means of one figure at one noise level by update, for each run."""
    return {
        name: sorted((update, mean(values, figure)) for (update, at), values in rows.items() if at == level) for name, rows in found.items()
    }


if __name__ == "__main__":
    sys.exit(main())
