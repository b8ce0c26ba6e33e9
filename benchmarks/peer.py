"""This pack beside AnimateDiff-Evolved: the same model and motion file, sampled in turns in one process; agreement and ratio of times.

--peer FOLDER is a copy of https://github.com/Kosinkadink/ComfyUI-AnimateDiff-Evolved (Apache-2.0) that you provide; this pack contains
none of it. Without --checkpoint and --motion the weights are drawn at random, at the true size. Attention is AnimateDiff's own (1x1),
guidance has both branches in one batch, the sampler is Euler; one thread of a CPU unless --threads says otherwise. The first step of each
run is left out. Times are of the processor on a CPU and of the wall on a GPU. The goal is a ratio of at most 0.85 with equal results.
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType

import comfy.model_management
import comfy.sd
import folder_paths
import safetensors.torch
import torch
from comfy.model_patcher import ModelPatcher
from torch import Tensor

from ..devtools.stand_in import TrueSD15, make_model, make_motion
from ..mvcustom_core.backbone.motion import MotionSettings
from ..mvcustom_core.backbone.positions import make_frame_positions
from ..mvcustom_core.backbone.presets import MotionChoices
from ..nodes.bridge.backbone.motion import apply_motion_file
from .kit.report import describe, format_table, read_facts
from .kit.sampling import draw_conditions, sample


def main() -> int:
    parser = argparse.ArgumentParser(prog="python dev.py bench peer", description=__doc__)
    parser.add_argument("--peer", type=Path, required=True, help="folder of AnimateDiff-Evolved")
    parser.add_argument("--checkpoint", type=Path, help="an SD1.5 checkpoint; by default random weights")
    parser.add_argument("--motion", type=Path, help="an AnimateDiff file; by default random weights, as v2")
    parser.add_argument("--size", type=int, default=256, help="pixels a side (default: %(default)s)")
    parser.add_argument("--frames", type=int, default=16, help="(default: %(default)s)")
    parser.add_argument("--steps", type=int, default=2, help="of a run (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=3, help="of each pack (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="(default: %(default)s)")
    parser.add_argument("--device", choices=("cpu", "cuda"), help="cpu keeps ComfyUI off the GPU")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        folder_paths.models_dir = folder  # AnimateDiff-Evolved makes folders in it
        path = arguments.motion or write_motion_file(Path(folder) / "motion.safetensors")
        model = load_model(arguments)
        models = {
            "MVCustom": apply_motion_file(model, path, MotionChoices())[0],
            "AnimateDiff-Evolved": apply_peer(arguments.peer, model, path),
        }
        report(*compare(models, arguments))
    return 0


def load_model(arguments: argparse.Namespace) -> ModelPatcher:
    if arguments.checkpoint is not None:
        return comfy.sd.load_checkpoint_guess_config(str(arguments.checkpoint), output_vae=False, output_clip=False)[0]
    return make_model(TrueSD15, torch.float32 if _on_cpu() else torch.float16)


def write_motion_file(path: Path) -> Path:
    """A motion file with random weights in AnimateDiff v2's layout, its tables of positions included."""
    settings = MotionSettings(mid_block=True)
    weights = dict(make_motion(settings).model.state_dict())
    for key in [key for key in weights if key.endswith("to_q.weight")]:
        table = make_frame_positions(settings.max_frames, len(weights[key]), settings.max_frames)[None]
        weights[key.replace("to_q.weight", "pos_encoder.pe")] = table.clone()
    safetensors.torch.save_file({key: tensor.contiguous() for key, tensor in weights.items()}, path)
    return path


def apply_peer(folder: Path, model: ModelPatcher, motion: Path) -> ModelPatcher:
    """The MODEL of AnimateDiff-Evolved's nodes Load, Apply and Use Evolved Sampling."""
    nodes = import_peer(folder).NODE_CLASS_MAPPINGS
    folder_paths.add_model_folder_path("animatediff_models", str(motion.parent))
    (loaded,) = nodes["ADE_LoadAnimateDiffModel"]().load_motion_model(motion.name)
    (applied,) = nodes["ADE_ApplyAnimateDiffModelSimple"]().apply_motion_model(loaded)
    return nodes["ADE_UseEvolvedSampling"]().use_evolved_sampling(model, "sqrt_linear (AnimateDiff)", applied)[0]


def import_peer(folder: Path) -> ModuleType:
    """Import the pack as ComfyUI would.

    Raises:
        FileNotFoundError: if the folder holds no pack.
    """
    start = folder / "__init__.py"
    if not (start.is_file() and (folder / "animatediff").is_dir()):
        raise FileNotFoundError(f"--peer: wanted a folder of ComfyUI-AnimateDiff-Evolved, found no animatediff in {folder}")
    spec = importlib.util.spec_from_file_location("animatediff_evolved", start, submodule_search_locations=[str(folder)])
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def compare(models: dict[str, ModelPatcher], arguments: argparse.Namespace) -> tuple[dict[str, list[float]], dict[str, Tensor]]:
    """Seconds of each step, and the views, of each pack; they take turns."""
    conditions = draw_conditions(next(iter(models.values())))
    seconds: dict[str, list[float]] = {name: [] for name in models}
    views: dict[str, Tensor] = {}
    clock = time.process_time if _on_cpu() else time.perf_counter
    for run in range(arguments.runs):
        for name, model in list(models.items())[:: 1 if run % 2 == 0 else -1]:
            print(f"peer: run {run + 1} of {arguments.runs}, {name}", file=sys.stderr, flush=True)
            views[name], ends = sample(model, conditions, arguments.frames, arguments.size // 8, arguments.steps + 1, clock)
            seconds[name] += [end - begin for begin, end in zip(ends, ends[1:], strict=False)]
    return seconds, views


def report(seconds: dict[str, list[float]], views: dict[str, Tensor]) -> None:
    rows = [
        {"pack": name, "a step, median, s": statistics.median(times), "least, s": min(times), "most, s": max(times)}
        for name, times in seconds.items()
    ]
    print(format_table(rows))
    ours, theirs = seconds.values()
    ratios = sorted(one / other for one, other in zip(ours, theirs, strict=True))
    one, other = (tensor.float() for tensor in views.values())
    difference = float((one - other).norm() / other.norm())
    print(
        f"\nratio of medians {statistics.median(ours) / statistics.median(theirs):.3f}, of steps that took turns "
        f"{statistics.median(ratios):.3f} ({ratios[0]:.3f} to {ratios[-1]:.3f}, {len(ratios)} of them)\n"
        f"views: {'equal bit for bit' if torch.equal(one, other) else f'relative difference {difference:.2e}'}\n\n"
        f"{describe(read_facts('peer'))}"
    )


def _on_cpu() -> bool:
    return comfy.model_management.get_torch_device().type == "cpu"


if __name__ == "__main__":
    sys.exit(main())
