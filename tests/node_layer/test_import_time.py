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
# Each measurement is a fork of one ComfyUI that has imported nothing of the pack; they end with the first that is quick.
SCRIPT = """
import asyncio, gc, importlib.util, json, os, sys, time
comfyui, pack, starts, most, *foreign = sys.argv[1:]
sys.path.insert(0, comfyui)
import comfy.options
comfy.options.enable_args_parsing(False)
from comfy.cli_args import args
import torch
args.cpu = not torch.cuda.is_available()
import nodes, comfy_api.latest
gc.collect(); gc.freeze()  # torch's and ComfyUI's objects: going through them, whenever that falls due, takes half a second and is not ours
before = set(sys.modules)
for _ in range(int(starts)):
    child = os.fork()
    if child == 0:
        break
    if os.waitpid(child, 0)[1] == 0:
        sys.exit()
else:
    sys.exit()
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
print(json.dumps({"seconds": seconds, "nodes": len(listed), "foreign": loaded}), flush=True)
os._exit(seconds >= float(most))
"""


def measure_imports(starts: int) -> list[dict[str, Any]]:
    """Of one ComfyUI, which caches bytecode whatever this shell says of caching."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", SCRIPT, str(locate_comfyui()), str(ROOT), str(starts), str(MOST_SECONDS), *FOREIGN]
    run = subprocess.run(command, capture_output=True, text=True, cwd=locate_comfyui(), env=environment)
    measured = [json.loads(line) for line in run.stdout.splitlines() if line.startswith('{"seconds"')]
    assert measured, run.stderr
    return measured


def test_pack_is_quick_to_import() -> None:
    # The first start after an update compiles, once; and processor time, too, grows where other programs want the caches: one start that
    # is quick shows that the pack is.
    starts = measure_imports(5)
    assert all(start["foreign"] == [] for start in starts)
    assert starts[-1]["seconds"] < MOST_SECONDS
