"""The stages of the embedded backbone, one or all of them, each resuming where it stopped."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import torch

from .cli import ROOT
from .engine.processes import is_launched, join_processes, launch

FOLDER = ROOT / ".cache" / "tiny"
ALONE = ("data", "rings", "mvgd_data", "mvgd_pack", "pack", "figures")  # what one process does by itself


def main(words: list[str]) -> int:
    from .stages import STAGES

    parser = argparse.ArgumentParser(prog="python dev.py train tiny", description=__doc__)
    parser.add_argument("stages", nargs="*", choices=[*STAGES, []], default=[], help="stages to run, all of them by default")
    parser.add_argument("--updates", type=int, help="updates of each training stage in all, if other than the stage's own")
    parser.add_argument("--minutes", type=float, help="end each training stage after about so many, with fewer updates")
    parser.add_argument("--processes", type=int, default=count_processes(), help="processes of a training stage (default: %(default)s)")
    parser.add_argument("--batch", type=int, help="images, clips or subjects an update and process, if other than the stage's own")
    parser.add_argument("--rate", type=float, help="learning rate, if other than the stage's own")
    parser.add_argument("--shards", type=int, default=45, help="shards of 50 scenes that the data stage renders")
    parser.add_argument("--continue-anyway", action="store_true", help="go on from a checkpoint of other data or settings")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="data and state (default: %(default)s)")
    arguments = parser.parse_args(words)
    options = [word for word in words if word not in STAGES]
    for stage in arguments.stages or STAGES:
        if is_launched() or stage in ALONE or arguments.processes == 1:
            join_processes()
            STAGES[stage](arguments, arguments.folder)
        elif code := launch(ROOT / "training", ["tiny", stage, *options], arguments.processes):
            return code
    return 0


def count_processes() -> int:
    """One for each GPU, or for each core where there is none."""
    return torch.cuda.device_count() or os.cpu_count() or 1
