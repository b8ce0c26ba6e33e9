"""The ablation: views of procedural subjects that the backbone never saw, made by every rung of the method and measured against the truth.

Every finished piece is kept in the folder, so the same command goes on where it was stopped, and a larger one adds to it. At the end a
report is written there, report.html.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import torch

from ..devtools import ROOT
from ..nodes.bridge.backbone.embedded import FILE, SIZE, VIEWS
from .ablation.backbones import DENSE_FILE, HOW_TO_TRAIN
from .ablation.backgrounds import BACKGROUNDS, NEAR
from .ablation.cases import MAX_PROMPTS, MAX_SUBJECTS, TRAJECTORIES, Task, list_tasks
from .ablation.concepts import LEARNING, Concepts
from .ablation.making import SamplingSettings
from .ablation.run import Workshop, run_pieces
from .ablation.rungs import DENSE, RUNGS, choose_rungs
from .ablation.store import Store, hash_file
from .kit.identity import load_encoder
from .kit.report import read_facts

STOPPED = 130  # as shells say it


def main() -> int:
    options = parse()
    torch.set_num_threads(1)
    store = Store(options.folder)
    try:
        if options.report_only:
            return report(store)
        if options.part is None:
            return run_all(options, store)
        return run_part(options, store)
    except ValueError as refusal:
        print(refusal, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        if options.part is None:
            print("stopped; the same command goes on", file=sys.stderr)
        return STOPPED


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python dev.py evaluate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--subjects", type=int, default=8, choices=range(1, MAX_SUBJECTS + 1), metavar="N", help="(default: %(default)s)")
    parser.add_argument("--prompts", type=int, default=3, choices=range(1, MAX_PROMPTS + 1), metavar="N", help="(default: %(default)s)")
    parser.add_argument("--trajectories", type=partial(choose, TRAJECTORIES), default=TRAJECTORIES, metavar="A,B", help="(default: both)")
    parser.add_argument(
        "--backgrounds",
        type=partial(choose, BACKGROUNDS),
        default=(NEAR,),
        metavar="A,B",
        help="near, or far with hills (default: near)",
    )
    parser.add_argument("--rungs", type=partial(choose, RUNGS), default=tuple(RUNGS), metavar="A,B", help=f"of {', '.join(RUNGS)}")
    parser.add_argument("--full", action="store_true", help="all rungs for all prompts, not for the first alone")
    parser.add_argument("--steps", type=count, default=20, help="of sampling (default: %(default)s)")
    parser.add_argument("--processes", type=count, default=1, help="each takes every N-th subject, on one thread (default: %(default)s)")
    parser.add_argument("--concepts", type=Path, metavar="FOLDER", help="take SEED.safetensors from there instead of learning them")
    parser.add_argument("--folder", type=Path, default=ROOT / "output" / "evaluation", help="(default: output/evaluation)")
    parser.add_argument("--fresh", action="store_true", help="begin anew; what is in the folder gets another name")
    parser.add_argument("--report-only", action="store_true", help="write the report of what is there")
    parser.add_argument("--device", help="cpu keeps ComfyUI off the GPU")
    parser.add_argument("--part", type=int, help=argparse.SUPPRESS)  # of the subjects: this process is a child
    return parser.parse_args()


def count(text: str) -> int:
    """A number from 1 on.

    Raises:
        ArgumentTypeError: for anything else.
    """
    if not text.isdigit() or not int(text):
        raise argparse.ArgumentTypeError(f"wanted a number from 1 on, got {text}")
    return int(text)


def choose(known: tuple[str, ...] | dict[str, Any], text: str) -> tuple[str, ...]:
    """Names between commas.

    Raises:
        ArgumentTypeError: for one that there is not.
    """
    names = tuple(text.split(","))
    if unknown := [name for name in names if name not in known]:
        raise argparse.ArgumentTypeError(f"wanted some of {', '.join(known)}, got {', '.join(unknown)}")
    return names


def run_all(options: argparse.Namespace, store: Store) -> int:
    """Settle what the processes share, then run them and write the report."""
    check_concepts(options)
    if options.fresh and (aside := store.set_aside()):
        print(f"the store of before is now {aside}", file=sys.stderr)
    store.begin(gather_facts(options))
    left_out = [rung for rung in options.rungs if RUNGS[rung].modules == DENSE]
    if left_out and not DENSE_FILE.is_file():
        print(f"left out: {', '.join(left_out)}; they need {DENSE_FILE.name}, train it with `{HOW_TO_TRAIN}`", file=sys.stderr)
    load_encoder()  # trained at the first call, once for all processes
    processes = min(options.processes, options.subjects)
    code = run_part(options, store) if processes == 1 else run_children(processes)
    return code if code == STOPPED else max(code, report(store))


def run_children(processes: int) -> int:
    """This command once for each part; the worst of their exit codes."""
    command = [sys.executable, str(ROOT / "benchmarks"), "evaluate", *sys.argv[1:], "--processes", str(processes)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    children = [subprocess.Popen([*command, "--part", str(part)], env=environment) for part in range(processes)]
    try:
        return max(abs(child.wait()) for child in children)
    finally:
        for child in children:
            child.terminate()


def run_part(options: argparse.Namespace, store: Store) -> int:
    """The pieces of this process."""
    known = [rung for rung in options.rungs if RUNGS[rung].modules != DENSE or DENSE_FILE.is_file()]
    tasks = list_tasks(options.subjects, options.prompts, options.trajectories, options.backgrounds)
    work = [(task, choose_rungs(task.prompt, known, full=options.full)) for task in tasks if belongs(task, options)]
    concepts = Concepts(store.folder / "concepts", options.concepts)
    mark = "" if options.part is None else f"[{options.part + 1}/{options.processes}] "
    workshop = Workshop(store, concepts, SamplingSettings(steps=options.steps))
    failed = run_pieces(work, store, concepts, workshop.open, lambda line: print(f"{mark}{line}", file=sys.stderr, flush=True))
    return int(bool(failed))


def belongs(task: Task, options: argparse.Namespace) -> bool:
    """Whether a case is for this process; all cases of a subject are for one, since they share its concept."""
    return options.part is None or task.subject % options.processes == options.part


def check_concepts(options: argparse.Namespace) -> None:
    """That those to be taken from a folder are there, and stay there.

    Raises:
        ValueError: saying which are not.
    """
    if options.concepts is None:
        return
    if options.fresh and options.folder.resolve() in options.concepts.resolve().parents:
        raise ValueError(
            f"--concepts: wanted a folder outside of {options.folder}, which --fresh renames; name another --folder for this run"
        )
    seeds = {task.subject for task in list_tasks(options.subjects, 1)}
    missing = [name for seed in sorted(seeds) if not (options.concepts / (name := f"{seed}.safetensors")).is_file()]
    if missing:
        raise ValueError(
            f"--concepts: wanted {', '.join(missing)} in {options.concepts}, found none; ask for fewer --subjects, or leave --concepts out "
            "to learn them here"
        )


def gather_facts(options: argparse.Namespace) -> dict[str, Any]:
    """What run.json holds: where this was run, and all that decides what the figures are."""
    facts = read_facts("evaluate")
    sampling = SamplingSettings(steps=options.steps)
    learned = asdict(LEARNING)
    settings = {
        **{name: getattr(sampling, name) for name in ("steps", "text_guidance", "image_guidance", "surroundings", "sampler", "scheduler")},
        "frames": VIEWS,
        "size": SIZE,
        "until": sampling.hook.settings.until,
        "fade": sampling.hook.settings.fade,
        "shared_noise": sampling.hook.shared_noise,
        "follow_surface": sampling.hook.follow_surface,
        "prediction": sampling.hook.prediction,
        "completion_until": sampling.completion.until,
        "completion_repeats": sampling.completion.repeats,
        "learning": {name: learned[name] for name in ("steps", "rendering_steps", "frames", "pose_rate", "token_rate", "schedule")},
        "concepts": None if options.concepts is None else str(options.concepts.resolve()),
    }
    return {
        "command": f"python dev.py evaluate {shlex.join(sys.argv[1:])}".strip(),
        "date": facts["date"],
        "machine": facts["machine"],
        "versions": {name: version for name, version in facts["versions"].items() if name != "commit"},
        "commit": facts["versions"]["commit"],
        "weights": hash_file(FILE),
        "weights_dense": hash_file(DENSE_FILE),
        "settings": settings,
    }


def report(store: Store) -> int:
    from .ablation.report import write_report

    print(f"written to {write_report(store.folder)}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
