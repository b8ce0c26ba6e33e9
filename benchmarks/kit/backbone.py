"""The backbone that is timed, under the presets of spatial scope: a user's checkpoint and motion file, or Stable Diffusion 1.5 and
AnimateDiff v2 with weights drawn at random.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import comfy.model_management
import comfy.sd
import comfy.sd1_clip
import comfy.supported_models_base
import torch
from comfy.model_patcher import ModelPatcher
from comfy.sd import CLIP

from ...devtools.stand_in import CHANNELS, CONTEXT, HEADS, TinySD15, TrueSD15, make_model, make_motion, randomize
from ...mvcustom_core.backbone.motion import MotionSettings
from ...mvcustom_core.backbone.presets import SCOPE_PRESETS, MotionChoices
from ...nodes.bridge.backbone.motion import apply_motion, apply_motion_file

IMAGE_MODEL = "without modules"
CASES = (IMAGE_MODEL, *SCOPE_PRESETS)
SMALL_CLIP = {
    "hidden_size": CONTEXT,
    "intermediate_size": 2 * CONTEXT,
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "projection_dim": CONTEXT,
}
DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


@dataclass(frozen=True, slots=True)
class Weights:
    """Where a model comes from.

    Attributes:
        checkpoint, motion: a user's files; None draws the weights at random.
        small: random weights are of a tenth of the widths, to try the benchmark out.
    """

    checkpoint: Path | None
    motion: Path | None
    small: bool

    @classmethod
    def from_arguments(cls, arguments: argparse.Namespace) -> Weights:
        return cls(arguments.checkpoint, arguments.motion, arguments.small)

    def __str__(self) -> str:
        size = "small" if self.small else "true size"
        image, motion = (path.name if path else f"random weights, {size}" for path in (self.checkpoint, self.motion))
        return f"U-Net: {image}; motion modules: {motion}"


@dataclass(frozen=True, slots=True)
class Job:
    """What one case is measured at.

    Attributes:
        latent: side of the latents in cells; an eighth of the picture's.
        weights: the files, or the size of random weights.
    """

    latent: int
    frames: int
    dtype: torch.dtype
    weights: Weights

    @classmethod
    def from_arguments(cls, arguments: argparse.Namespace) -> Job:
        return cls(arguments.latent, arguments.frames, DTYPES[arguments.dtype], Weights.from_arguments(arguments))


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
    add_weights(parser)
    parser.add_argument("--measure", choices=CASES, help=argparse.SUPPRESS)
    return parser


def add_weights(parser: argparse.ArgumentParser) -> None:
    """The options of `Weights`."""
    parser.add_argument("--checkpoint", type=Path, help="an SD1.5 checkpoint; by default random weights of its true size")
    parser.add_argument("--motion", type=Path, help="an AnimateDiff file; by default random weights of v2's true size")
    parser.add_argument("--small", action="store_true", help="random weights of a tenth of the widths, to try the benchmark out")


def parse(parser: argparse.ArgumentParser) -> argparse.Namespace:
    arguments = parser.parse_args()
    found = comfy.model_management.get_torch_device().type
    if arguments.device != found:
        parser.error(f"wanted device {arguments.device}, but ComfyUI is on {found}: torch finds no GPU here")
    return arguments


def make_case(case: str, job: Job) -> ModelPatcher:
    """The MODEL of a case."""
    model = load_image_model(job.weights, job.dtype)[0]
    return model if case == IMAGE_MODEL else add_motion(model, job.weights, job.dtype, case)


def load_image_model(weights: Weights, dtype: torch.dtype) -> tuple[ModelPatcher, CLIP]:
    """MODEL and CLIP without motion modules. The weights of a file are stored as ComfyUI chooses, random ones in `dtype`."""
    if weights.checkpoint is not None:
        with torch.inference_mode(False):
            model, clip, *_ = comfy.sd.load_checkpoint_guess_config(str(weights.checkpoint), output_vae=False)
        return model, clip
    model = make_model(TinySD15 if weights.small else TrueSD15, dtype)
    target = comfy.supported_models_base.ClipTarget(comfy.sd1_clip.SD1Tokenizer, comfy.sd1_clip.SD1ClipModel)
    clip = CLIP(target, model_options={"clip_l_model_config": SMALL_CLIP} if weights.small else {})
    randomize(clip.cond_stage_model)
    return model, clip


def add_motion(model: ModelPatcher, weights: Weights, dtype: torch.dtype, scope: str) -> ModelPatcher:
    """A MODEL with motion modules under a preset of scope."""
    choices = MotionChoices(scope=scope)
    if weights.motion is not None:
        return apply_motion_file(model, weights.motion, choices)[0]
    settings = MotionSettings(mid_block=True, entropy_correction=True)
    if weights.small:
        settings = replace(settings, channels=CHANNELS, heads=HEADS)
    return apply_motion(model, make_motion(settings, dtype), choices.apply_to(settings))


def add_ratio(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each row's time over that of the image model, where that was measured: wall time on a GPU, processor time elsewhere."""
    measured = [row for row in rows if "failed" not in row]
    clock = "seconds" if any(row["allocated_gib"] for row in measured) else "processor_seconds"
    image = next((row[clock] for row in measured if row["case"] == IMAGE_MODEL), None)
    return [row | {"ratio": row[clock] / image} if image and row in measured else row for row in rows]
