"""What the pack adds to ComfyUI's start: little time, and no library that ComfyUI does not bring."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from mvcustom.devtools.comfyui import locate_comfyui

ROOT = Path(__file__).resolve().parents[2]
MOST_SECONDS = 0.5
FOREIGN = ("diffusers", "timm", "pytorch3d", "pycolmap", "matplotlib")

# As ComfyUI loads a pack: comfy first, then the front door by its path. Processor time, because other work on the machine is not ours.
SCRIPT = """
import asyncio, gc, importlib.util, json, sys, time
comfyui, pack, *foreign = sys.argv[1:]
sys.path.insert(0, comfyui)
import comfy.options
comfy.options.enable_args_parsing(False)
from comfy.cli_args import args
import torch
args.cpu = not torch.cuda.is_available()
import nodes, comfy_api.latest
gc.collect(); gc.freeze()  # torch's and ComfyUI's objects: going through them, whenever that falls due, takes half a second and is not ours
before = set(sys.modules)
began = time.process_time()
spec = importlib.util.spec_from_file_location("pack", pack + "/__init__.py", submodule_search_locations=[pack])
module = importlib.util.module_from_spec(spec)
sys.modules["pack"] = module
spec.loader.exec_module(module)
async def load():
    extension = await module.comfy_entrypoint()
    await extension.on_load()
    return await extension.get_node_list()
listed = asyncio.run(load())
seconds = time.process_time() - began
loaded = [name for name in set(sys.modules) - before if name.partition(".")[0] in foreign]
print(json.dumps({"seconds": seconds, "nodes": len(listed), "foreign": loaded}))
"""


def measure_import() -> dict[str, Any]:
    """One start of ComfyUI, which caches bytecode whatever this shell says of caching."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", SCRIPT, str(locate_comfyui()), str(ROOT), *FOREIGN]
    run = subprocess.run(command, capture_output=True, text=True, cwd=locate_comfyui(), env=environment)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout.splitlines()[-1])


def test_pack_is_quick_to_import() -> None:
    starts = [measure_import()]  # the first start after an update compiles, once
    # processor time, too, grows where other programs want the caches: one start that is quick shows that the pack is
    while len(starts) < 5 and (len(starts) == 1 or starts[-1]["seconds"] >= MOST_SECONDS):
        starts.append(measure_import())
    assert all(start["foreign"] == [] for start in starts)
    assert starts[-1]["seconds"] < MOST_SECONDS
