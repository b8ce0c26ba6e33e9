"""A concept's views under ComfyUI's own flags, in a process of its own: `python flagged.py FOLDER FLAG ...` prints what came out as JSON.

ComfyUI reads its flags once, while it is imported, so each set of them needs a process.
"""

from __future__ import annotations

import hashlib
import json
import sys
import types
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SEEDS = (5, 6, 5)  # the last queue has the inputs of the first, whatever has been forgotten since


def enter(base: Path, flags: list[str]) -> None:
    """Make the pack and ComfyUI importable, ComfyUI under these flags."""
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() not in (ROOT, ROOT / "tests" / "host")]
    pack = types.ModuleType("mvcustom")
    pack.__path__ = [str(ROOT)]
    sys.modules["mvcustom"] = pack
    import torch

    from mvcustom.devtools.comfyui import locate_comfyui

    comfyui = locate_comfyui()
    sys.path.insert(0, str(comfyui))
    for folder in ("custom_nodes", "input", "models", "output", "temp"):
        (base / folder).mkdir(parents=True, exist_ok=True)
    device = [] if torch.cuda.is_available() else ["--cpu"]
    sys.argv = ["main.py", "--base-directory", str(base), *device, *flags]
    import comfy.options

    comfy.options.enable_args_parsing()
    import comfy.cli_args  # noqa: F401


def make_graph() -> dict[str, Any]:
    """Both passes with a concept from a file."""
    import folder_paths

    from mvcustom.mvcustom_core.concept.concept import save_concept
    from mvcustom.tests.host.embedded import make_concept
    from mvcustom.tests.host.graph import whole_path

    folder = Path(folder_paths.get_output_directory(), "mvcustom")
    folder.mkdir(parents=True, exist_ok=True)
    save_concept(folder / "test.safetensors", make_concept(merge=0.1))
    graph = whole_path(steps=2)
    graph["learn"] = {"class_type": "MVCustomLoadConcept", "inputs": {"concept_file": "test.safetensors"}}
    return graph


def run_graph() -> list[str]:
    """Digests of the views of each queue."""
    import folder_paths
    from comfy.cli_args import args

    from mvcustom.tests.host.in_process import ComfyInProcess

    host, digests = ComfyInProcess(), []
    cache = "NONE" if args.cache_none else "LRU" if args.cache_lru > 0 else "CLASSIC"
    executor, graph = host.make_executor(cache, args.cache_lru), make_graph()
    for seed in SEEDS:
        graph["noise"]["inputs"]["noise_seed"] = seed
        images = host.run(json.loads(json.dumps(graph)), executor)["save"]["images"]
        files = [Path(folder_paths.get_output_directory(), image["subfolder"], image["filename"]) for image in images]
        digests.append(hashlib.sha256(b"".join(_read_pixels(file) for file in files)).hexdigest()[:16])
    return digests


def _read_pixels(file: Path) -> bytes:
    from PIL import Image

    with Image.open(file) as image:
        return image.tobytes()


def run_stand_in() -> dict[str, Any]:
    """Stable Diffusion's stand-in in the type that ComfyUI chooses for U-Nets, and its distance from single precision."""
    import comfy.model_management
    import torch

    from mvcustom.devtools.stand_in import make_model, make_motion
    from mvcustom.nodes.bridge.backbone.motion import apply_motion
    from mvcustom.nodes.bridge.backbone.motion_model import build_motion_patcher
    from mvcustom.tests.bridge_layer.backbone.test_composition import SETTINGS, make_run, measure_error

    exact = make_motion(SETTINGS)
    chosen = comfy.model_management.unet_dtype(model_params=10**7)
    motion = build_motion_patcher(SETTINGS, exact.model.state_dict())
    views = make_run(apply_motion(make_model(dtype=chosen), motion)).sample()
    error = measure_error(views, make_run(apply_motion(make_model(), exact)).sample())
    types_found = {str(parameter.dtype) for parameter in motion.model.parameters()}
    return {"types": sorted(types_found | {str(chosen)}), "error": error, "finite": bool(torch.isfinite(views).all())}


if __name__ == "__main__":
    enter(Path(sys.argv[1]), sys.argv[2:])
    print(json.dumps({"views": run_graph(), **run_stand_in()}))
