"""Time and peak memory of a whole sampling with classifier-free guidance through ComfyUI's sampler, under each spatial scope."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

import comfy.sample
import torch
from comfy.model_patcher import ModelPatcher
from torch import Tensor

from .kit.backbone import CASES, Job, add_ratio, make_case, make_parser, parse
from .kit.measure import measure
from .kit.report import run_cases

GUIDANCE, TEXT_LENGTH = 7.5, 77


def main() -> int:
    parser = make_parser("sampling", __doc__)
    parser.set_defaults(repeats=1)
    parser.add_argument("--steps", type=int, default=50, help="(default: %(default)s)")
    arguments = parse(parser)
    if arguments.measure is None:
        return run_cases("sampling", arguments.cases or CASES, add_ratio)
    job = Job.from_arguments(arguments)
    model = make_case(arguments.measure, job)
    with torch.inference_mode():
        sample(model, job, steps=1)  # loads the models and warms up
        found = measure(lambda: sample(model, job, arguments.steps), arguments.repeats)
    print(json.dumps(asdict(found) | {"seconds_per_step": found.seconds / arguments.steps}))
    return 0


def sample(model: ModelPatcher, job: Job, steps: int) -> Tensor:
    """Latents [F, 4, h, w] by Euler's method."""
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(job.frames, 4, job.latent, job.latent, generator=generator)
    width = model.model.model_config.unet_config["context_dim"]
    positive, negative = ([[torch.randn(1, TEXT_LENGTH, width, generator=generator), {}]] for _ in range(2))
    latents = torch.zeros_like(noise)
    return comfy.sample.sample(model, noise, steps, GUIDANCE, "euler", "normal", positive, negative, latents, disable_pbar=True, seed=0)


if __name__ == "__main__":
    sys.exit(main())
