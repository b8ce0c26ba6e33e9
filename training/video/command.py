"""`python dev.py train video`: motion modules from videos, shards or posed sequences; see training/README.md."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from accelerate.utils import broadcast_object_list

from ...mvcustom_core.backbone.attention import Scope
from ...mvcustom_core.backbone.motion import MotionModules
from ...mvcustom_core.backbone.presets import SCOPE_PRESETS
from ..cli import ROOT
from ..engine.loop import run_stage
from ..engine.processes import is_launched, join_processes, launch
from ..engine.settings import LoopSettings
from .backbone import EMBEDDED, Backbone, load_backbone, make_network, read_start, release_encoders
from .cache import Cache, split_held_out
from .correspondence import LAYER, READ, CorrespondenceTerm, check_depth
from .decoding import Cut
from .sources import Entry, find_entries
from .stage import NoisyClips, VideoStage
from .widening import Scopes, Widening

OUTPUT = ROOT / ".cache" / "video"
NAME = "motion"
LEVELS = 4
HELD_OUT_SHARE, HELD_OUT_MOST = 50, 16  # one of so many entries is held out, and no more than so many
CLIP_LENGTHS = 4  # clips of an entry that are cached, without overlap


def main(words: list[str]) -> int:
    arguments = _parse(words)
    if arguments.processes > 1 and not is_launched():
        _find(arguments)  # what can be refused is refused before anything is started
        return launch(ROOT / "training", ["video", *words], arguments.processes)
    processes = join_processes()
    backbone = load_backbone(arguments.backbone)
    cut = _make_cut(arguments, backbone)
    cache = Cache(arguments.cache or arguments.output / "cache", cut, backbone.make_encoders())
    entries = cache.fill(_share(lambda: _find(arguments), processes), processes)
    if arguments.only_cache:
        return 0
    stage = _make_stage(arguments, backbone, cache, entries)
    run_stage(stage, _make_settings(arguments), arguments.output)
    if processes.is_main_process:
        print(f"{arguments.output / f'{NAME}.safetensors'} is done; put it into ComfyUI's models/animatediff_models", file=sys.stderr)
    return 0


def _make_stage(arguments: argparse.Namespace, backbone: Backbone, cache: Cache, entries: list[Entry]) -> VideoStage:
    count = min(HELD_OUT_MOST, max(1, len(entries) // HELD_OUT_SHARE)) if arguments.held_out is None else arguments.held_out
    learned, held_out = split_held_out(entries, count)
    start = read_start(backbone, arguments.motion)
    widening = _read_widening(arguments, start[0].scopes)
    # the weights that stay as they are need no more precision than what they are computed with
    dtype = torch.bfloat16 if arguments.precision == "bf16" and torch.cuda.is_available() else torch.float32
    torch.manual_seed(arguments.seed)  # of modules that start from nothing
    network = make_network(backbone, start, widening, dtype, arguments.checkpointing)
    release_encoders()
    terms = _make_terms(arguments, network.motion)
    extras = READ if terms else ()
    examples = NoisyClips(cache.open(learned, extras), turn=all(entry.kind != "video" for entry in learned))
    stage = VideoStage(NAME, network, backbone.prediction, examples, cache.open(held_out, extras), widening, terms)
    stage.origin = {"backbone": f"{backbone.name} {backbone.digest}", "motion from": arguments.motion or "default"}
    if terms:
        stage.origin["cameo"] = f"{arguments.cameo:g} at {arguments.cameo_layer}"
    return stage


def _make_terms(arguments: argparse.Namespace, modules: MotionModules) -> list[CorrespondenceTerm]:
    return [CorrespondenceTerm(modules, arguments.cameo_layer, arguments.cameo, seed=arguments.seed)] if arguments.cameo else []


def _make_cut(arguments: argparse.Namespace, backbone: Backbone) -> Cut:
    frames, size = arguments.frames or backbone.frames, arguments.size or backbone.size
    if frames < 2 or size < 64 or size % 64:
        raise ValueError(f"wanted --frames of 2 or more and a --size of whole 64 pixels, got {frames} and {size}")
    if arguments.stride < 1:
        raise ValueError(f"--stride: wanted 1 or more, got {arguments.stride}")
    return Cut(size, frames, arguments.stride, CLIP_LENGTHS * frames)


def _read_widening(arguments: argparse.Namespace, trained: Scopes) -> Widening:
    """The scopes over the updates. Without a preset the widest are dense; without a list they stay as the modules have them."""
    widest: Scopes = (Scope(None),) * LEVELS
    if arguments.scope is not None:
        outermost, inner = SCOPE_PRESETS[arguments.scope]
        widest = (outermost, *[inner] * (LEVELS - 1))
    if arguments.widen is not None:
        return Widening.from_text(arguments.widen, widest)
    return Widening.constant(trained if arguments.scope is None else widest)


def _make_settings(arguments: argparse.Namespace) -> LoopSettings:
    return LoopSettings(
        updates=arguments.updates, learning_rate=arguments.rate, batch=arguments.batch, accumulation=arguments.accumulate,
        warmup=arguments.warmup, ema=arguments.ema, minutes=arguments.minutes, seed=arguments.seed, precision=arguments.precision,
        save_every=arguments.save_every, report_every=arguments.report_every, keep=arguments.keep, workers=arguments.workers,
        continue_anyway=arguments.continue_anyway,
    )  # fmt: skip


def _find(arguments: argparse.Namespace) -> list[Entry]:
    """The entries, which have what the options want of them."""
    if arguments.cameo < 0:
        raise ValueError(f"--cameo: wanted a weight of 0 or more, got {arguments.cameo:g}")
    entries = find_entries(arguments.data, arguments.caption)
    if arguments.cameo:
        check_depth(entries)
    return entries


def _share(find: Callable[[], list[Entry]], processes: PartialState) -> list[Entry]:
    """What the main process finds, on all of them."""
    found: list[Any] = [find() if processes.is_main_process else None]
    if processes.num_processes > 1:
        broadcast_object_list(found)
    return found[0]


def _parse(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python dev.py train video", description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    add = parser.add_argument
    add("--data", type=Path, nargs="+", required=True, help="folders of videos with texts, CSV files, tars, or posed sequences")
    add("--caption", help="the text of posed sequences that have no caption.txt")
    add("--output", type=Path, default=OUTPUT, help="gets checkpoints, metrics and the file")
    add("--cache", type=Path, help="latents and encoded captions, which runs may share; by default in the output")
    add("--only-cache", action="store_true", help="fill the cache and end")
    add("--backbone", default=EMBEDDED, help=f"{EMBEDDED!r} or a Stable Diffusion 1.5 checkpoint")
    add("--motion", help="motion file to start from, 'new', or 'shipped' (embedded); by default what the backbone has")
    add("--size", type=int, help="pixels a side; by default 512, of the embedded backbone 128")
    add("--frames", type=int, help="frames of a clip; by default 16, of the embedded backbone 8")
    add("--stride", type=int, default=4, help="every so many frames of a video are used")
    add("--held-out", type=int, help="entries that are measured on and not learned from; by default one of 50, at most 16")
    add("--scope", choices=[name for name, scopes in SCOPE_PRESETS.items() if not scopes[0].trajectory], help="the widest scope")
    add("--widen", help='scopes from updates on, such as "0:1, 2000:3, 6000:5, 12000:9, 20000:dense"; levels apart: "0:5/9/dense/dense"')
    add("--cameo", type=float, default=0.0, help="weight of CAMEO's loss, such as 0.02; needs clips with cameras and depth")
    add("--cameo-layer", default=LAYER, help="the motion module whose attention it holds to the same surface points")
    add("--updates", type=int, default=40000, help="in all, those before an interruption included")
    add("--minutes", type=float, help="end after about so many, with fewer updates")
    add("--batch", type=int, default=1, help="clips in one pass of a process")
    add("--accumulate", type=int, default=1, help="passes of an update")
    add("--rate", type=float, default=1e-4, help="learning rate")
    add("--warmup", type=int, default=500, help="updates in which the rate rises")
    add("--ema", type=float, default=0.9995, help="of the averaged weights, which the file gets")
    add("--seed", type=int, default=0)
    add("--precision", choices=("no", "bf16", "fp16"), help="of the computing; by default as accelerate's launcher says")
    add("--checkpointing", action="store_true", help="less memory for a third more time")
    add("--processes", type=int, default=max(1, torch.cuda.device_count()), help="on this machine; accelerate's launcher has its own")
    add("--workers", type=int, default=0, help="processes that read clips ahead, for each process")
    add("--report-every", type=int, default=20)
    add("--save-every", type=int, default=500, help="updates between checkpoints")
    add("--keep", type=int, default=3, help="checkpoints that stay")
    add("--continue-anyway", action="store_true", help="go on from a checkpoint of other data or settings")
    return parser.parse_args(words)
