"""Runs cases on the processor: `python on_cpu.py FOLDER FLAGS NAME ...` leaves FOLDER/NUMBER.npz for each, numbered in order.

FLAGS are ComfyUI's, separated by commas: the types in which the device computes VAE and text encoder, so that rounding is no difference.
ComfyUI settles its device once, while it is imported, so that what the device is compared with needs another process.
"""

from __future__ import annotations

import sys
import traceback
import types
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]


def enter(flags: list[str]) -> None:
    """Make the pack and ComfyUI importable, ComfyUI on the processor with these flags."""
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() not in (ROOT, ROOT / "tests" / "gpu")]
    pack = types.ModuleType("mvcustom")
    pack.__path__ = [str(ROOT)]
    sys.modules["mvcustom"] = pack
    from mvcustom.devtools.comfyui import locate_comfyui
    from mvcustom.tests.host.in_process import enter_comfyui

    enter_comfyui(locate_comfyui(), on_gpu=False)
    from comfy.cli_args import args

    for flag in flags:
        assert getattr(args, flag) is False, f"ComfyUI has no flag {flag}"
        setattr(args, flag, True)


def run(folder: Path, names: list[str]) -> None:
    """A case that fails leaves its traceback instead."""
    from mvcustom.tests.gpu.cases import CASES
    from mvcustom.tests.host.in_process import ComfyInProcess

    host = ComfyInProcess()
    for number, name in enumerate(names):
        try:
            found = CASES[name].run(host)
        except Exception:
            (folder / f"{number}.txt").write_text(traceback.format_exc(), encoding="utf-8")
            continue
        np.savez(folder / "unfinished.npz", **found)
        (folder / "unfinished.npz").rename(folder / f"{number}.npz")


if __name__ == "__main__":
    enter(sys.argv[2].split(","))
    run(Path(sys.argv[1]), sys.argv[3:])
