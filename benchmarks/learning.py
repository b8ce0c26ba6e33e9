"""Time and peak memory of an update of Learn Concept on Stable Diffusion 1.5 with AnimateDiff, at its true size, with random weights.

One target view and four references by default. On a GPU the pictures have 512 pixels in fp16, on a CPU 256 in fp32. The references'
features are computed once before, and are not in the time; they are in the memory.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict

import comfy.model_management
import comfy.sd
import comfy.sd1_clip
import comfy.supported_models_base
import torch

from ..devtools.stand_in import TrueSD15, make_model, make_motion, randomize
from ..mvcustom_core.backbone.motion import MotionSettings
from ..mvcustom_core.camera.cameras import Cameras
from ..mvcustom_core.concept.learning.learner import Learner
from ..mvcustom_core.concept.learning.photographs import Photographs
from ..mvcustom_core.concept.learning.plan import LearningSettings
from ..mvcustom_core.concept.pose_block import SD15_LAYOUT
from ..mvcustom_core.path.trajectory import front_camera, orbit
from ..nodes.bridge.backbone.motion import apply_motion
from ..nodes.bridge.learning.denoiser import ComfyDenoiser, ConceptWords, Economy, token_row
from .kit.measure import measure
from .kit.report import run_cases

CASES = {
    "as it is": Economy(),
    "gradient checkpointing": Economy(checkpointing=True),
    "gradient checkpointing, bfloat16": Economy(checkpointing=True, bfloat16=True),
}
PHOTOGRAPHS = 9


def main() -> int:
    on_gpu = comfy.model_management.get_torch_device().type == "cuda"
    parser = argparse.ArgumentParser(prog="python dev.py bench learning", description=__doc__)
    parser.add_argument("--case", action="append", dest="cases", choices=CASES, help="what to measure; all by default, may be repeated")
    parser.add_argument("--size", type=int, default=512 if on_gpu else 256, help="pixels a side (default: %(default)s)")
    parser.add_argument("--frames", type=int, default=1, help="target views (default: %(default)s)")
    parser.add_argument("--references", type=int, default=4, help="(default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=10 if on_gpu else 2, help="timed updates after a first one (default: %(default)s)")
    parser.add_argument("--device", choices=("cpu", "cuda"), help="cpu keeps ComfyUI off the GPU")
    parser.add_argument("--measure", choices=CASES, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure is None:
        return run_cases("learning", arguments.cases or CASES)
    updates = make_updates(arguments, CASES[arguments.measure], torch.float16 if on_gpu else torch.float32)
    next(updates)  # records the references and warms up
    print(json.dumps(asdict(measure(lambda: next(updates), arguments.repeats))))
    return 0


def make_updates(arguments: argparse.Namespace, economy: Economy, dtype: torch.dtype) -> Iterator[object]:
    """One item for each update."""
    model = apply_motion(make_model(TrueSD15, dtype), make_motion(MotionSettings(mid_block=True), dtype))
    clip = comfy.sd.CLIP(comfy.supported_models_base.ClipTarget(comfy.sd1_clip.SD1Tokenizer, comfy.sd1_clip.SD1ClipModel))
    randomize(clip.cond_stage_model)
    words = ConceptWords("<v*>", "bear")
    denoiser = ComfyDenoiser(model, clip, SD15_LAYOUT, words, economy)
    # as many updates as are asked for, and the first
    settings = LearningSettings(steps=arguments.repeats + 1, frames=arguments.frames, references=arguments.references)
    photographs = make_photographs(arguments.size, denoiser.device)
    return Learner(photographs, denoiser, SD15_LAYOUT, token_row(clip, words.class_word), settings).run()


def make_photographs(size: int, device: torch.device) -> Photographs:
    """Noise, seen from all around."""
    generator = torch.Generator().manual_seed(0)
    cameras: Cameras = orbit(front_camera(size), PHOTOGRAPHS, (-160.0, 160.0))
    masks = torch.zeros(PHOTOGRAPHS, 1, size, size)
    masks[..., size // 4 : 3 * size // 4, size // 4 : 3 * size // 4] = 1
    latents = torch.randn(PHOTOGRAPHS, 4, size // 8, size // 8, generator=generator).to(device)
    return Photographs(latents, torch.rand(PHOTOGRAPHS, 3, size, size, generator=generator), masks, cameras)


if __name__ == "__main__":
    sys.exit(main())
