"""Runs the cases of a benchmark, each in a process of its own, and reports them: JSON under output/benchmarks, a table on the screen."""

from __future__ import annotations

import datetime
import json
import os
import platform
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import comfy.memory_management
import comfy.model_management
import comfyui_version
import psutil
import torch

from ...devtools import ROOT
from .measure import GIB

OUTPUT = ROOT / "output" / "benchmarks"

Row = dict[str, Any]


def run_cases(name: str, cases: Iterable[str], finish: Callable[[list[Row]], list[Row]] = list, subject: str | None = None) -> int:
    """Call this benchmark again for each case, with `--measure CASE` added, and report what the calls print as their last line.

    Args:
        finish: adds what follows from several rows, such as a ratio.
        subject: one line on what was measured, such as the files.

    Returns:
        The exit code: 1 if a case failed. The others are reported all the same.
    """
    rows: list[Row] = []
    failed = False
    for case in cases:
        print(f"{name}: {case}", file=sys.stderr, flush=True)
        command = [sys.executable, str(ROOT / "benchmarks"), name, *sys.argv[1:], "--measure", case]
        child = subprocess.run(command, stdout=subprocess.PIPE, text=True, encoding="utf-8")
        failed = failed or child.returncode != 0
        found = {"failed": f"exit code {child.returncode}"} if child.returncode else json.loads(child.stdout.splitlines()[-1])
        rows.append({"case": case} | found)
        write_report(name, finish(rows))  # after each case, so that an interruption keeps what was measured
    print(format_table(finish(rows)))
    print(f"\n{f'{subject}. ' if subject else ''}{describe(read_facts(name))}\nwritten to {OUTPUT / f'{name}.json'}")
    return int(failed)


def write_report(name: str, rows: list[Row]) -> None:
    OUTPUT.mkdir(parents=True, exist_ok=True)
    (OUTPUT / f"{name}.json").write_text(json.dumps(read_facts(name) | {"rows": rows}, indent=2) + "\n", encoding="utf-8")


def read_facts(name: str) -> dict[str, Any]:
    """What a figure is worth nothing without."""
    device = comfy.model_management.get_torch_device()
    on_gpu = device.type == "cuda"
    return {
        "command": f"python dev.py bench {name} {shlex.join(sys.argv[1:])}".strip(),
        "date": datetime.date.today().isoformat(),
        "machine": {
            "gpu": torch.cuda.get_device_name(device) if on_gpu else None,
            "gpu_memory_gib": round(comfy.model_management.get_total_memory(device) / GIB, 1) if on_gpu else None,
            "dynamic_memory": comfy.memory_management.aimdo_enabled,
            "processor": _read_processor(),
            "cores": os.cpu_count(),
            "threads": torch.get_num_threads(),
            "memory_gib": round(psutil.virtual_memory().total / GIB),
            "system": platform.platform(),
        },
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "cuda": torch.version.cuda if on_gpu else None,
            "comfyui": comfyui_version.__version__,
            "commit": _read_commit(),
        },
    }


def describe(facts: Mapping[str, Any]) -> str:
    machine, versions = facts["machine"], facts["versions"]
    processor = f"{machine['processor']}, {machine['threads']} of {machine['cores']} cores, {machine['memory_gib']} GiB"
    kind = "dynamic" if machine["dynamic_memory"] else "legacy"
    place = f"{machine['gpu']} of {machine['gpu_memory_gib']} GiB, {kind} memory ({processor})" if machine["gpu"] else processor
    software = ", ".join(f"{name} {version}" for name, version in versions.items() if version)
    return f"`{facts['command']}`, {facts['date']}, {place}; {software}"


def format_table(rows: list[Row]) -> str:
    """Markdown, one row a case; what a case has no value for stays empty."""
    columns = list(dict.fromkeys(key for row in rows for key, value in row.items() if value is not None))
    lines = [columns, ["---"] * len(columns), *([_format(row.get(column)) for column in columns] for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _format(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _read_processor() -> str:
    information = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*:\s*(.+)", information.read_text(encoding="utf-8")) if information.exists() else None
    return found.group(1).strip() if found else platform.processor() or platform.machine()


def _read_commit() -> str | None:
    """The commit of this checkout, with a plus where files differ from it; nothing outside git."""
    try:
        found = subprocess.run(["git", "describe", "--always", "--dirty=+"], cwd=ROOT, capture_output=True, text=True)
    except FileNotFoundError:
        return None
    return found.stdout.strip() or None
