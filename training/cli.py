"""Command line of the training: `video` trains motion modules on clips, `tiny` the stages of the embedded backbone."""

from __future__ import annotations

import importlib
import logging
import os
import sys
import time
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = {"video": ".video.command", "tiny": ".tiny"}
USAGE = """python dev.py train video [options]            motion modules, on videos
python dev.py train tiny [STAGE ...] [options]  the stages of the embedded backbone

Each with --help says more; so does training/README.md."""
SECONDS_TO_BE_ENDED = 5  # a process gives the main one, which met the same error, time to say it alone


def main(words: list[str]) -> int:
    if not words or words[0] not in COMMANDS:
        print(USAGE)
        return 0 if words in ([], ["-h"], ["--help"]) else 2
    _set_up()
    try:
        return importlib.import_module(COMMANDS[words[0]], __package__).main(words[1:])
    except ValueError as error:
        if os.environ.get("RANK", "0") != "0":
            time.sleep(SECONDS_TO_BE_ENDED)
        print(f"training: {error}", file=sys.stderr)
        return 1


def _set_up() -> None:
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("mvcustom").setLevel(logging.INFO)
    if not torch.cuda.is_available():
        torch.set_num_threads(1)  # the operators of so small a network are too short to be worth a thread pool
    _import_comfy()


def _import_comfy() -> None:
    """ComfyUI's own classes are the architecture; `dev.py` says where it is."""
    sys.path.insert(0, os.environ["COMFYUI_DIR"])
    import comfy.options

    comfy.options.enable_args_parsing(False)
    from comfy.cli_args import args

    args.cpu, args.use_pytorch_cross_attention = not torch.cuda.is_available(), True
