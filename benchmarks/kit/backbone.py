"""The backbone that is timed: Stable Diffusion 1.5 and AnimateDiff v2 with weights drawn at random, under the presets of spatial scope."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from typing import Any

import comfy.model_management
import torch
from comfy.model_patcher import ModelPatcher

from ...devtools.stand_in import CHANNELS, HEADS, TinySD15, TrueSD15, make_model, make_motion
from ...mvcustom_core.backbone.motion import MotionSettings
from ...mvcustom_core.backbone.presets import SCOPE_PRESETS, MotionChoices
from ...nodes.bridge.backbone.motion import apply_motion

IMAGE_MODEL = "without modules"
CASES = (IMAGE_MODEL, *SCOPE_PRESETS)
DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


@dataclass(frozen=True, slots=True)
class Job:
    """What one case is measured at.

    Attributes:
        latent: side of the latents in cells; an eighth of the picture's.
        tiny: a U-Net of a tenth of the widths, to try the benchmark out.
    """

    latent: int
    frames: int
    dtype: torch.dtype
    tiny: bool

    @classmethod
    def from_arguments(cls, arguments: argparse.Namespace) -> Job:
        return cls(arguments.latent, arguments.frames, DTYPES[arguments.dtype], arguments.tiny)


def make_parser(script: str, description: str | None) -> argparse.ArgumentParser:
    """The options that every benchmark of the backbone has."""
    on_gpu = comfy.model_management.get_torch_device().type == "cuda"
    parser = argparse.ArgumentParser(prog=f"python dev.py bench {script}", description=description)
    parser.add_argument("--case", action="append", dest="cases", choices=CASES, help="what to measure; all by default, may be repeated")
    parser.add_argument("--latent", type=int, default=64 if on_gpu else 32, help="side of the latents in cells (default: %(default)s)")
    parser.add_argument("--frames", type=int, default=16, help="(default: %(default)s)")
    parser.add_argument("--dtype", choices=DTYPES, default="fp16" if on_gpu else "fp32", help="(default: %(default)s)")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cuda" if on_gpu else "cpu", help="(default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=5 if on_gpu else 1, help="timed runs after the warm-up (default: %(default)s)")
    parser.add_argument("--tiny", action="store_true", help="a U-Net of a tenth of the widths, to try the benchmark out")
    parser.add_argument("--measure", choices=CASES, help=argparse.SUPPRESS)
    return parser


def parse(parser: argparse.ArgumentParser) -> argparse.Namespace:
    arguments = parser.parse_args()
    found = comfy.model_management.get_torch_device().type
    if arguments.device != found:
        parser.error(f"wanted device {arguments.device}, but ComfyUI is on {found}: torch finds no GPU here")
    return arguments


def make_case(case: str, job: Job) -> ModelPatcher:
    """The MODEL of a case."""
    model = make_model(TinySD15 if job.tiny else TrueSD15, job.dtype)
    if case == IMAGE_MODEL:
        return model
    settings = MotionSettings(mid_block=True, entropy_correction=True)
    if job.tiny:
        settings = replace(settings, channels=CHANNELS, heads=HEADS)
    return apply_motion(model, make_motion(settings, job.dtype), MotionChoices(scope=case).apply_to(settings))


def add_ratio(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each row's time over that of the image model, where that was measured: wall time on a GPU, processor time elsewhere."""
    measured = [row for row in rows if "failed" not in row]
    clock = "seconds" if any(row["allocated_gib"] for row in measured) else "processor_seconds"
    image = next((row[clock] for row in measured if row["case"] == IMAGE_MODEL), None)
    return [row | {"ratio": row[clock] / image} if image and row in measured else row for row in rows]
