"""Time and peak memory of an update of Learn Concept, on your own GPU and weights:

    python dev.py bench learning --checkpoint FILE --motion FILE

One target view and four references by default; 512 pixels on a GPU, 256 on a CPU. The references' features are computed once before, and
are not in the time; they are in the memory. `finite` says whether the loss was in every update. Without files the weights are drawn at
random, at their true size. The text after the table is made to be pasted into a report.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterator
from dataclasses import asdict

import comfy.model_management
import torch

from ..devtools.stand_in import CHANNELS, CONTEXT
from ..mvcustom_core.backbone.presets import AS_TRAINED
from ..mvcustom_core.camera.cameras import Cameras
from ..mvcustom_core.concept.learning.learner import Learner
from ..mvcustom_core.concept.learning.photographs import Photographs
from ..mvcustom_core.concept.learning.plan import LearningSettings
from ..mvcustom_core.concept.learning.state import StepReport
from ..mvcustom_core.concept.pose_block import SD15_LAYOUT, PoseLayout, PoseSite
from ..mvcustom_core.path.trajectory import front_camera, orbit
from ..nodes.bridge.learning.denoiser import ComfyDenoiser, ConceptWords, Economy, token_row
from ..nodes.bridge.learning.memory import UpdateSize
from .kit.backbone import Weights, add_motion, add_weights, load_image_model
from .kit.measure import measure
from .kit.report import run_cases

CASES = {
    "as it is": Economy(),
    "gradient checkpointing": Economy(checkpointing=True),
    "gradient checkpointing, bfloat16": Economy(checkpointing=True, bfloat16=True),
}
PHOTOGRAPHS = 9
SMALL_LAYOUT = PoseLayout(tuple(PoseSite(site.number, CHANNELS[site.level], site.level) for site in SD15_LAYOUT.sites), CONTEXT)


def main() -> int:
    on_gpu = comfy.model_management.get_torch_device().type == "cuda"
    parser = argparse.ArgumentParser(
        prog="python dev.py bench learning", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--case", action="append", dest="cases", choices=CASES, help="what to measure; all by default, may be repeated")
    parser.add_argument("--size", type=int, default=512 if on_gpu else 256, help="pixels a side (default: %(default)s)")
    parser.add_argument("--frames", type=int, default=1, help="target views (default: %(default)s)")
    parser.add_argument("--references", type=int, default=4, help="(default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=10 if on_gpu else 2, help="timed updates after a first one (default: %(default)s)")
    parser.add_argument("--device", choices=("cpu", "cuda"), help="cpu keeps ComfyUI off the GPU")
    add_weights(parser)
    parser.add_argument("--measure", choices=CASES, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure is None:
        return run_cases("learning", arguments.cases or CASES, subject=str(Weights.from_arguments(arguments)))
    reports: list[StepReport] = []
    updates = make_updates(arguments, CASES[arguments.measure], torch.float16 if on_gpu else torch.float32)
    next(updates)  # records the references and warms up
    found = measure(lambda: reports.append(next(updates)), arguments.repeats)
    updates.close()
    print(json.dumps(asdict(found) | {"finite": all(math.isfinite(report.total) for report in reports)}))
    return 0


def make_updates(arguments: argparse.Namespace, economy: Economy, dtype: torch.dtype) -> Iterator[StepReport]:
    """One report for each update."""
    weights = Weights.from_arguments(arguments)
    image, clip = load_image_model(weights, dtype)
    model = add_motion(image, weights, dtype, AS_TRAINED)
    layout = SMALL_LAYOUT if weights.small else SD15_LAYOUT
    words = ConceptWords("<v*>", "bear")
    # as many updates as are asked for, and the first
    settings = LearningSettings(steps=arguments.repeats + 1, frames=arguments.frames, references=arguments.references)
    with ComfyDenoiser(model, clip, layout, words, economy) as denoiser:
        denoiser.make_room(UpdateSize(arguments.size // 8, arguments.size // 8, settings, layout))
        photographs = make_photographs(arguments.size).to(denoiser.device)
        yield from Learner(photographs, denoiser, layout, token_row(clip, words.class_word), settings).run()


def make_photographs(size: int) -> Photographs:
    """Noise, seen from all around."""
    generator = torch.Generator().manual_seed(0)
    cameras: Cameras = orbit(front_camera(size), PHOTOGRAPHS, (-160.0, 160.0))
    masks = torch.zeros(PHOTOGRAPHS, 1, size, size)
    masks[..., size // 4 : 3 * size // 4, size // 4 : 3 * size // 4] = 1
    latents = torch.randn(PHOTOGRAPHS, 4, size // 8, size // 8, generator=generator)
    return Photographs(latents, torch.rand(PHOTOGRAPHS, 3, size, size, generator=generator), masks, cameras)


if __name__ == "__main__":
    sys.exit(main())
