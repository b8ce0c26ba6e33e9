"""Command line of the training: one stage or all of them, each resuming where it stopped."""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import socket
import subprocess
import sys
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".cache" / "tiny"
STAGES = ("data", "vae", "decoder", "latents", "image", "motion", "motion_dense", "depth", "rings", "pose", "reader", "pack", "figures")


def main() -> int:
    parser = argparse.ArgumentParser(prog="train-tiny", description=__doc__)
    parser.add_argument("stages", nargs="*", choices=[*STAGES, []], default=[], help="stages to run, all of them by default")
    parser.add_argument("--minutes", type=float, default=30, help="minutes for each training stage")
    parser.add_argument("--processes", type=int, default=max(1, os.cpu_count() or 1), help="processes on a CPU, one thread each")
    parser.add_argument("--batch", type=int, default=8, help="images (or clips) an update and process")
    parser.add_argument("--rate", type=float, help="learning rate, if other than the stage's own")
    parser.add_argument("--shards", type=int, default=45, help="shards of 50 scenes that the data stage renders")
    arguments = parser.parse_args()
    _set_up()
    if "RANK" in os.environ:
        torch.distributed.init_process_group("gloo")
    for stage in arguments.stages or STAGES:
        if "RANK" not in os.environ and _is_parallel(stage, arguments.processes):
            _run_processes(stage, arguments.processes)
        else:
            importlib.import_module(".stages", __package__).STAGES[stage](arguments, FOLDER)
    return 0


def _is_parallel(stage: str, processes: int) -> bool:
    return stage not in ("data", "rings", "pack", "figures") and processes > 1 and not torch.cuda.is_available()


def _run_processes(stage: str, processes: int) -> None:
    """Run one stage in several processes that find each other through torch's usual variables."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    shared = os.environ | {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": str(processes)}
    options = [word for word in sys.argv[1:] if word not in STAGES]
    command = [sys.executable, str(Path(__file__).parent), stage, *options]
    children = [subprocess.Popen(command, env=shared | {"RANK": str(rank)}) for rank in range(processes)]
    if any([child.wait() for child in children]):
        raise SystemExit(f"training: a process of stage {stage} failed; its messages stand above")


def _set_up() -> None:
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("mvcustom").setLevel(logging.INFO)
    torch.set_num_threads(1)
    _import_comfy()


def _import_comfy() -> None:
    """ComfyUI's own classes are the architecture; `dev.py` says where it is."""
    sys.path.insert(0, os.environ["COMFYUI_DIR"])
    import comfy.options

    comfy.options.enable_args_parsing(False)
    from comfy.cli_args import args

    args.cpu, args.use_pytorch_cross_attention = not torch.cuda.is_available(), True
