"""Time and peak memory of a sampling step with guidance through ComfyUI's sampler, under each spatial scope, on your own GPU and weights:

    python dev.py bench sampling --checkpoint FILE --motion FILE

`finite` says whether all latents are, `bypassed equals checkpoint` whether the U-Net with the motion modules switched off gives what the
plain checkpoint gives, bit for bit. Without files the weights are drawn at random, at their true size. The text after the table is made to
be pasted into a report.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from functools import partial
from typing import Any

import comfy.model_management
import torch
from comfy.model_patcher import ModelPatcher

from ..nodes.bridge.host.call import KEY
from .kit.backbone import CASES, IMAGE_MODEL, Job, Weights, add_motion, add_ratio, load_image_model, make_parser, parse
from .kit.measure import measure
from .kit.report import run_cases
from .kit.sampling import TEXT_LENGTH, draw_conditions, sample


def main() -> int:
    parser = make_parser("sampling", __doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.set_defaults(repeats=1)
    parser.add_argument("--steps", type=int, default=50, help="(default: %(default)s)")
    arguments = parse(parser)
    if arguments.measure is None:
        return run_cases("sampling", arguments.cases or CASES, add_ratio, str(Weights.from_arguments(arguments)))
    print(json.dumps(measure_case(arguments.measure, Job.from_arguments(arguments), arguments.steps, arguments.repeats)))
    return 0


def measure_case(case: str, job: Job, steps: int, repeats: int) -> dict[str, Any]:
    image = load_image_model(job.weights, job.dtype)[0]
    model = image if case == IMAGE_MODEL else add_motion(image, job.weights, job.dtype, case)
    run = partial(sample, model, draw_conditions(model), job.frames, job.latent)
    with torch.inference_mode():
        latents, _ = run(1)  # loads the models and warms up
        found = measure(lambda: run(steps), repeats)
        row = asdict(found) | {"seconds_per_step": found.seconds / steps, "finite": bool(torch.isfinite(latents).all())}
        if model is not image:
            row["bypassed equals checkpoint"] = is_bypassed_exactly(image, model, job)
    return row


def is_bypassed_exactly(image: ModelPatcher, model: ModelPatcher, job: Job) -> bool:
    """Whether the U-Net under all our patches, the motion modules switched off, computes what it computes without any."""
    comfy.model_management.load_models_gpu([model, *model.get_nested_additional_models()])
    device, dtype = model.load_device, image.model.get_dtype_inference()
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(job.frames, 4, job.latent, job.latent, generator=generator).to(device, dtype)
    width = image.model.model_config.unet_config["context_dim"]
    text = torch.randn(1, TEXT_LENGTH, width, generator=generator).expand(job.frames, -1, -1).to(device, dtype)
    steps = torch.full((job.frames,), 500.0, device=device)
    unet = image.model.diffusion_model
    bypassed = model.model_options["transformer_options"] | {"cond_or_uncond": [0], KEY: {"bypass_motion": True}}
    return torch.equal(unet(x, steps, text, transformer_options={}), unet(x, steps, text, transformer_options=bypassed))


if __name__ == "__main__":
    sys.exit(main())
