"""What a concept costs in each sampling step once its features are rendered: the same graph with Apply Concept and without it.

Embedded backbone, clip of 8 views of 128 px, Euler with guidance (both branches in one batch), one thread. Runs alternate between the two,
and the first step of each is left out: there a concept is recorded, rendered, or fetched from RAM. Processor time, since other programs
may want the same cores. The last column is the share of a step that passes in the concept's own code, which is steadier than the ratio
of two times. The concept's weights are random; the work is the same with any.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import comfy.sample
import comfy.samplers
import torch
from comfy.model_patcher import ModelPatcher
from torch import Tensor

from ..mvcustom_core.camera.cameras import Cameras, look_at, square_intrinsics
from ..mvcustom_core.concept.concept import Concept
from ..mvcustom_core.concept.pose_block import PoseBlocks
from ..mvcustom_core.path.trajectory import orbit
from ..nodes.bridge.backbone.embedded import SIZE, SPEC, TEXT_WIDTH, VIEWS, load_embedded
from ..nodes.bridge.concept.application import apply_concept
from ..nodes.bridge.concept.session import ConceptSession
from ..nodes.bridge.concept.tokens import encode_caption

REFERENCES = 8


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=6, help="of a run (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=5, help="of each kind (default: %(default)s)")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with torch.inference_mode():
        model, clip, *_ = load_embedded()
        positive, negative, caption = (encode_caption(clip, text) for text in ("a red box on grass", "", "a box"))
        models = {"plain": model, "with concept": apply_concept(model, make_concept(), make_cameras(VIEWS, 15.0), caption)}
        seconds: dict[str, list[float]] = {name: [] for name in models}
        own = time_own_code()
        first = {name: time_steps(patched, positive, negative, 2)[0] for name, patched in models.items()}
        own.clear()  # but for the first steps' fetching from RAM, the rest is merging
        for _ in range(arguments.runs):
            for name, patched in models.items():
                seconds[name] += time_steps(patched, positive, negative, arguments.steps)[1:]
    print(
        "| graph | first step of all, s | later steps, median, s | least, s | ratio of medians | own code |\n"
        "| --- | --- | --- | --- | --- | --- |"
    )
    for name, times in seconds.items():
        ratio = statistics.median(times) / statistics.median(seconds["plain"])
        share = sum(own) / arguments.runs / arguments.steps / statistics.median(times) if name != "plain" else 0.0
        print(f"| {name} | {first[name]:.3f} | {statistics.median(times):.3f} | {min(times):.3f} | {ratio:.3f} | {share:.1%} |")
    print(
        f"\n{arguments.runs} runs of {arguments.steps} steps each, torch {torch.__version__}, {comfy.model_management.get_torch_device()}"
    )
    return 0


def time_own_code() -> list[float]:
    """A list that grows by the processor seconds of each visit of a concept to a block, and of each preparation."""
    own: list[float] = []

    def timed(method: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any) -> Any:
            begin = time.process_time()
            try:
                return method(*args)
            finally:
                own.append(time.process_time() - begin)

        return run

    ConceptSession.visit, ConceptSession.prepare = timed(ConceptSession.visit), timed(ConceptSession.prepare)
    return own


def time_steps(model: ModelPatcher, positive: Tensor, negative: Tensor, steps: int) -> list[float]:
    """Processor seconds of each step."""
    noise = torch.randn(VIEWS, 4, SIZE // 8, SIZE // 8, generator=torch.Generator().manual_seed(0))
    sigmas = comfy.samplers.calculate_sigmas(model.get_model_object("model_sampling"), "simple", steps)
    ends = [time.process_time()]
    comfy.sample.sample_custom(
        model,
        noise,
        4.0,
        comfy.samplers.sampler_object("euler"),
        sigmas,
        [[positive, {}]],
        [[negative, {}]],
        torch.zeros_like(noise),
        callback=lambda *_: ends.append(time.process_time()),
        disable_pbar=True,
        seed=0,
    )
    return [end - begin for begin, end in zip(ends, ends[1:], strict=False)]


def make_concept() -> Concept:
    generator = torch.Generator().manual_seed(0)
    pose = PoseBlocks(SPEC.pose_layout, SPEC.nerf, generator).state_dict()
    return Concept(
        pose={name: 0.05 * torch.randn(tensor.shape, generator=generator) for name, tensor in pose.items()},
        token=torch.randn(1, TEXT_WIDTH, generator=generator),
        token_text="<v*>",
        class_word="box",
        caption="a box",
        latents=torch.randn(REFERENCES, 4, SIZE // 8, SIZE // 8, generator=generator),
        cameras=make_cameras(REFERENCES, 60.0),
        layout=SPEC.pose_layout,
        nerf=SPEC.nerf,
    )


def make_cameras(views: int, reach_deg: float) -> Cameras:
    """An orbit about the origin at distance 1."""
    eye, up = torch.tensor([[0.0, -0.28, 0.96]]), torch.tensor([[0.0, -1.0, 0.0]])
    base = Cameras(look_at(eye, torch.zeros(1, 3), up), square_intrinsics(1, SIZE, 52.0), SIZE, SIZE)
    return orbit(base, views, (-reach_deg, reach_deg))


if __name__ == "__main__":
    sys.exit(main())
