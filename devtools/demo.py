"""Runs a workflow of `workflows/` on a real ComfyUI server with this checkout mounted, and collects what it made."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from . import CACHE, ROOT
from .comfyui import locate_comfyui, prepare_base, server_command
from .memory import MemoryWatch
from .results import save_outputs, write_summary
from .server import ComfyServer, ServerError
from .workflow import apply_override, convert_workflow

DEFAULT_WORKFLOW = ROOT / "workflows" / "mvcustom_demo_camera_path.json"
DEFAULT_OUTPUT = ROOT / "output" / "demo"


class ProgressPrinter:
    """Prints one line when a node begins and, every so often, how far it is."""

    PERIOD_SECONDS = 5.0

    def __init__(self, prompt: dict[str, Any]) -> None:
        self._titles = {node: entry["_meta"]["title"] for node, entry in prompt.items()}
        self._began = self._printed = time.monotonic()

    def __call__(self, name: str, data: dict[str, Any]) -> None:
        if name == "executing" and data.get("node"):
            self._print(self._titles.get(data["node"], data["node"]))
        elif name == "progress_state" and time.monotonic() - self._printed > self.PERIOD_SECONDS:
            running = [state for state in data["nodes"].values() if state["state"] == "running" and state["max"] > 1]
            for state in running:
                self._print(f"  {self._titles.get(state['display_node_id'], '')}: {state['value']:g} of {state['max']:g}")

    def _print(self, text: str) -> None:
        self._printed = time.monotonic()
        print(f"{self._printed - self._began:7.1f} s  {text}", flush=True)


def run_demo(workflow: Path, overrides: list[str], output: Path) -> str:
    """Run the workflow, write the results below `output` and return the summary as text."""
    saved = json.loads(workflow.read_text(encoding="utf-8"))
    empty_results(output)
    comfyui = locate_comfyui()
    base = prepare_base(CACHE / "base", comfyui)
    print("starting ComfyUI", flush=True)
    with ComfyServer(server_command(Path(sys.executable), comfyui, base), comfyui, base / "server.log") as server:
        prompt = convert_workflow(saved, server.get_json("/object_info"))
        for override in overrides:
            prompt = apply_override(prompt, override)
        with MemoryWatch(server) as memory:
            run = server.run_prompt(prompt, ProgressPrinter(prompt))
        files = save_outputs(server, prompt, run.outputs, output)
        return write_summary(output, prompt, run, memory.describe(), files)


def empty_results(folder: Path) -> None:
    """Remove the results of an earlier run, and nothing that is not such results."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / "summary.json").is_file():
            raise ValueError(f"{folder} holds other things than an earlier demo: name an empty or new folder")
        shutil.rmtree(folder)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python dev.py demo", description=__doc__)
    parser.add_argument("--workflow", type=Path, default=DEFAULT_WORKFLOW, help="a workflow saved in the browser (default: %(default)s)")
    change = "change an input; NODE is a title or an id"
    parser.add_argument("--set", action="append", default=[], dest="overrides", metavar="NODE.input=value", help=change)
    parser.add_argument("--output", type=Path, default=DEFAULT_OUTPUT, help="where the results go; emptied first (default: %(default)s)")
    arguments = parser.parse_args()
    try:
        summary = run_demo(arguments.workflow, arguments.overrides, arguments.output)
    except (ServerError, ValueError, FileNotFoundError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"\n{summary}\nresults in {arguments.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
