"""Resident memory of a real server over many queued runs of the demo, each of which learns and samples anew.

Every run learns another seed for four updates, two of them on the backbone, and samples other noise for two steps in both passes, so that
nothing of the run before is taken from ComfyUI's cache. Resident memory is read when a run has ended. It is flat if a straight line through
the second half of the runs rises by less than what the runs scatter by; the first half fills caches that have a limit.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy
import psutil

from ..devtools.comfyui import locate_comfyui, prepare_base, server_command
from ..devtools.demo import DEFAULT_WORKFLOW
from ..devtools.server import ComfyServer
from ..devtools.workflow import convert_workflow
from .kit.report import describe, read_facts, write_report

MIB = 1024**2
SHORT = {"MVCustomLearnConcept": {"steps": 4, "rendering_steps": 2, "preview_every": 2}, "BasicScheduler": {"steps": 2}}
SEEDS = {"MVCustomLearnConcept": "seed", "RandomNoise": "noise_seed"}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python dev.py bench queued_runs", description=__doc__)
    parser.add_argument("--runs", type=int, default=100, help="(default: %(default)s)")
    options = parser.parse_args()
    comfyui = locate_comfyui()
    with tempfile.TemporaryDirectory(prefix="mvcustom_queued_") as folder:
        base = prepare_base(Path(folder), comfyui)
        with ComfyServer(server_command(Path(sys.executable), comfyui, base), comfyui, base / "server.log") as server:
            saved = json.loads(DEFAULT_WORKFLOW.read_text(encoding="utf-8"))
            prompt = shorten(convert_workflow(saved, server.get_json("/object_info")))
            resident = [queue_run(server, prompt, number) for number in range(options.runs)]
    row = summarize(resident)
    write_report("queued_runs", [{"case": "demo", **row}])
    print(f"{row}\n\n{describe(read_facts('queued_runs'))}")
    return 0


def shorten(prompt: dict[str, Any]) -> dict[str, Any]:
    """The demo with fewer steps."""
    return {node: {**entry, "inputs": {**entry["inputs"], **SHORT.get(entry["class_type"], {})}} for node, entry in prompt.items()}


def queue_run(server: ComfyServer, prompt: dict[str, Any], number: int) -> float:
    """Run the prompt with seeds of its own; resident memory of the server afterwards, MiB."""
    for entry in prompt.values():
        if entry["class_type"] in SEEDS:
            entry["inputs"][SEEDS[entry["class_type"]]] = number
    seconds = server.run_prompt(prompt).total_seconds
    resident = psutil.Process(server.process.pid).memory_info().rss / MIB
    print(f"run {number + 1}: {seconds:.1f} s, {resident:.0f} MiB", flush=True)
    return resident


def summarize(resident: list[float]) -> dict[str, float]:
    """Memory after the first and the last run, and the rise of a line through the second half with its scatter, MiB."""
    half = numpy.array(resident[len(resident) // 2 :])
    runs = numpy.arange(len(half))
    slope, start = numpy.polyfit(runs, half, 1) if len(half) > 1 else (0.0, half[0])
    scatter = float(numpy.std(half - (start + slope * runs)))
    figures = {"first": resident[0], "half": half[0], "last": resident[-1], "rise a run": float(slope), "scatter": scatter}
    return {name: round(float(value), 2) for name, value in figures.items()}


if __name__ == "__main__":
    sys.exit(main())
