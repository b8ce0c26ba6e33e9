"""What the Depth-Aware Render Hook and the Latent Completion Sampler cost in each sampling step, apart from completion's further passes.

Embedded backbone, an orbit of 8 views of 128 px about a procedural scene with its true depth, DDIM with guidance (both branches in one
batch), one thread. The same graph with and without them runs in turns, and every pass of the U-Net is timed with what stands between it and
the one before, so completion's further passes do not count as overhead. Processor time, since other programs may want the same cores; the
first run of each kind, and the first pass of each run, are left out. `own code` is the share of the time that passes in the hook's and the
sampler's own code, which is steadier than the ratio of two times. The goal is 5 %.
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

from ..mvcustom_core.camera.cameras import Cameras
from ..mvcustom_core.embedded.scenes.render import render_scene
from ..mvcustom_core.embedded.scenes.scene import sample_scene
from ..mvcustom_core.path.trajectory import front_camera, orbit
from ..mvcustom_core.rendering.completion import CompletionSettings
from ..mvcustom_core.rendering.levels import NoiseLevels
from ..mvcustom_core.surface.depth import AnchorDepth, DepthMap
from ..nodes.bridge.backbone.embedded import SIZE, VIEWS, load_embedded
from ..nodes.bridge.concept.tokens import encode_caption
from ..nodes.bridge.rendering import completion
from ..nodes.bridge.rendering import run as rendering_run
from ..nodes.bridge.rendering import session as render_session
from ..nodes.bridge.rendering.hook import apply_rendering

ANCHOR = VIEWS // 2


def main() -> int:
    parser = argparse.ArgumentParser(prog="overhead", description=__doc__)
    parser.add_argument("--steps", type=int, default=10, help="of a run; 2 of 10 complete (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=5, help="of each kind (default: %(default)s)")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with torch.inference_mode():
        model, clip, *_ = load_embedded()
        begin = time.process_time()
        cameras = orbit(front_camera(SIZE), VIEWS)
        own = time_own_code()
        hooked, operator = apply_rendering(model, [true_depth(cameras)], cameras)
        built = time.process_time() - begin
        ddim = comfy.samplers.sampler_object("euler")
        completing = completion.build_completion_sampler(operator.mask, CompletionSettings(), ddim)
        kinds = {"plain": (model, ddim), "hook": (hooked, ddim), "hook and completion": (hooked, completing)}
        prompts = tuple([[encode_caption(clip, text), {}]] for text in ("a red box on a grassy ground", ""))
        seconds: dict[str, list[float]] = {name: [] for name in kinds}
        shares: dict[str, list[float]] = {name: [] for name in kinds}
        for turn in range(arguments.runs + 1):
            for name, (patched, sampler) in kinds.items():
                own.clear()
                times = time_passes(patched, sampler, prompts, arguments.steps if turn else 2)
                seconds[name] += times if turn else []
                shares[name] += [sum(own) / sum(times)] if turn else []
    print("| graph | a pass, median, s | least, s | ratio of medians | own code |\n| --- | --- | --- | --- | --- |")
    for name, times in seconds.items():
        ratio = statistics.median(times) / statistics.median(seconds["plain"])
        print(f"| {name} | {statistics.median(times):.3f} | {min(times):.3f} | {ratio:.3f} | {statistics.median(shares[name]):.2%} |")
    print(
        f"\n{arguments.runs} runs of {arguments.steps} steps each, torch {torch.__version__}, {comfy.model_management.get_torch_device()}; "
        f"once before them: {built:.2f} s for the scene and the operators"
    )
    return 0


def time_own_code() -> list[float]:
    """A list that grows by the processor seconds of each visit of the hook and of each completion, its passes of the U-Net left out."""
    own: list[float] = []

    def timed(function: Callable[..., Any], sign: int = 1) -> Callable[..., Any]:
        def run(*args: Any, **kwargs: Any) -> Any:
            begin = time.process_time()
            try:
                return function(*args, **kwargs)
            finally:
                own.append(sign * (time.process_time() - begin))

        return run

    complete = completion.complete_latents
    rendering_run.RenderRun.render = timed(rendering_run.RenderRun.render)
    NoiseLevels.find_progress, render_session.share_noise = timed(NoiseLevels.find_progress), timed(render_session.share_noise)
    completion.complete_latents = timed(lambda model, *args, **kwargs: complete(timed(model, -1), *args, **kwargs))
    return own


def time_passes(model: ModelPatcher, sampler: comfy.samplers.KSAMPLER, prompts: tuple[Any, Any], steps: int) -> list[float]:
    """Processor seconds from the end of each pass of the U-Net to that of the next."""
    noise = torch.randn(VIEWS, 4, SIZE // 8, SIZE // 8, generator=torch.Generator().manual_seed(0))
    sigmas = comfy.samplers.calculate_sigmas(model.get_model_object("model_sampling"), "simple", steps)
    timed, ends = model.clone(), []

    def look(executor: Callable[..., Tensor], *args: Any, **kwargs: Any) -> Tensor:
        denoised = executor(*args, **kwargs)
        ends.append(time.process_time())
        return denoised

    timed.add_wrapper_with_key("diffusion_model", "overhead", look)
    latents = torch.zeros_like(noise)
    comfy.sample.sample_custom(timed, noise, 4.0, sampler, sigmas, *prompts, latents, disable_pbar=True, seed=0)
    return [end - begin for begin, end in zip(ends, ends[1:], strict=False)]


def true_depth(cameras: Cameras) -> AnchorDepth:
    depth = render_scene(sample_scene(0), cameras[ANCHOR]).depth[0]
    return AnchorDepth(ANCHOR, DepthMap(depth, torch.ones_like(depth, dtype=torch.bool), "true", 1.0, ""))


if __name__ == "__main__":
    sys.exit(main())
