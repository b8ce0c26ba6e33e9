"""Work on this pack with one command. Each verb makes `.venv` and fetches ComfyUI when they are missing; Python 3.10 to 3.13, nothing else.

    python dev.py test [pytest arguments]       run the tests, all of them in two processes; `-m gpu` or `-m slow` for those that are
                                                left out by default; `-m "gpu and not slow"` is the GPU's part
                                                without true sizes; with it, `--comfy-memory legacy` or `dynamic`
                                                chooses ComfyUI's memory management
    python dev.py demo [--workflow FILE] [--set NODE.input=value] [--output FOLDER]
                                                run a workflow on a real server, collect images, timings and memory
    python dev.py comfy [ComfyUI arguments]     start ComfyUI with this checkout mounted, to use in a browser
    python dev.py train video [options]         train motion modules on videos; see training/README.md
    python dev.py train-tiny [STAGE ...]        train the embedded backbone on, from its state in .cache; --help lists the stages
    python dev.py figures                       print the embedded backbone's held-out figures
    python dev.py evaluate [options]            make and measure the views of every rung of the method, with a report; resumable
    python dev.py bench [NAME ...] [options]    time the backbone, or whatever benchmarks/NAME.py measures; --help lists them

`COMFYUI_DIR` names a ComfyUI of your own; without it ComfyUI 0.30.0 is kept under `.cache/`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from devtools import CACHE, ROOT
from devtools.comfyui import prepare_base, server_command
from devtools.environment import prepare_environment

RUN_IN_VENV = {
    "test": ["-m", "pytest"],
    "demo": ["-m", "devtools.demo"],
    "train": ["training"],
    "train-tiny": ["training", "tiny"],
    "figures": ["training", "tiny", "figures"],
    "evaluate": ["benchmarks", "evaluate"],
    "bench": ["benchmarks"],
}
WHOLE_SUITE = ["-n", "2", "--dist", "loadfile"]  # each process holds a ComfyUI of its own; two fit anywhere and halve the time


def start_comfyui(python: Path, comfyui: Path, arguments: list[str]) -> int:
    """ComfyUI in the foreground, until it is interrupted."""
    base = prepare_base(CACHE / "base", comfyui)
    return run([*server_command(python, comfyui, base), *arguments], cwd=comfyui)


def run(command: list[str], cwd: Path) -> int:
    """Run to the end and return the exit code; Ctrl-C reaches the command, which ends in its own way."""
    with subprocess.Popen(command, cwd=cwd) as process:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue


def main(arguments: list[str]) -> int:
    verb, rest = (arguments[0], arguments[1:]) if arguments else ("--help", [])
    if verb in ("-h", "--help"):
        print(__doc__)
        return 0
    if verb != "comfy" and verb not in RUN_IN_VENV:
        print(f"dev.py has no verb {verb!r}\n{__doc__}", file=sys.stderr)
        return 2
    try:
        python, comfyui = prepare_environment()
    except (RuntimeError, FileNotFoundError, subprocess.CalledProcessError) as error:
        print(error, file=sys.stderr)
        return 1
    os.environ["COMFYUI_DIR"] = str(comfyui)
    if verb == "comfy":
        return start_comfyui(python, comfyui, rest)
    options = WHOLE_SUITE if verb == "test" and not rest else rest
    return run([str(python), *RUN_IN_VENV[verb], *options], cwd=ROOT)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
