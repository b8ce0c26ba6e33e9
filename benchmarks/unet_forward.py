"""Time and peak memory of one pass of the U-Net over a clip: without motion modules, and with them under each spatial scope."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from functools import partial

import comfy.model_management
import torch
from comfy.model_patcher import ModelPatcher
from torch import Tensor

from .kit.backbone import CASES, Job, add_ratio, make_case, make_parser, parse
from .kit.measure import measure
from .kit.report import run_cases

TEXT_LENGTH = 77
WARM_UP_LATENT = 8


def main() -> int:
    parser = make_parser("unet_forward", __doc__)
    parser.add_argument("--cfg", action="store_true", help="both halves of classifier-free guidance in one batch, twice the rows")
    arguments = parse(parser)
    if arguments.measure is None:
        return run_cases("unet_forward", arguments.cases or CASES, add_ratio)
    job = Job.from_arguments(arguments)
    model = make_case(arguments.measure, job)
    models = [model, *model.get_nested_additional_models()]
    comfy.model_management.load_models_gpu(models, force_full_load=True)
    clips = 2 if arguments.cfg else 1
    with torch.inference_mode():
        # on a CPU a whole pass takes minutes and what a first one adds is seconds
        warm_up = job.latent if arguments.device == "cuda" else WARM_UP_LATENT
        make_pass(model, job, clips, warm_up)()
        found = measure(make_pass(model, job, clips, job.latent), arguments.repeats)
    print(json.dumps(asdict(found)))
    return 0


def make_pass(model: ModelPatcher, job: Job, clips: int, latent: int) -> partial[Tensor]:
    """One call of the denoiser as the sampler makes it, `clips` conditions in one batch."""
    device = comfy.model_management.get_torch_device()
    generator = torch.Generator().manual_seed(0)
    rows = clips * job.frames
    x = torch.randn(rows, 4, latent, latent, generator=generator).to(device)
    width = model.model.model_config.unet_config["context_dim"]
    text = torch.randn(clips, TEXT_LENGTH, width, generator=generator).repeat_interleave(job.frames, 0).to(device)
    sigma = torch.ones(rows, device=device)
    options = model.model_options["transformer_options"] | {"cond_or_uncond": list(range(clips))}
    return partial(model.model.apply_model, x, sigma, c_crossattn=text, transformer_options=options)


if __name__ == "__main__":
    sys.exit(main())
