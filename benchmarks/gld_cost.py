"""What GLD costs at its published size, computed from shapes, and one block of its denoiser at full width timed on this machine's CPU.

8 views of 504 x 504 by default. The networks run on torch's meta device, where nothing is computed: arithmetic is that of products and of
attention. An evaluation is one pass of one branch; a run has 49 steps of two branches for each denoiser. Memory beside the weights is not
counted.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from ..mvcustom_core.camera.cameras import Cameras, square_intrinsics
from ..mvcustom_core.gld.cameras import PosedViews, pose_views
from ..mvcustom_core.gld.decoder import RgbDecoder
from ..mvcustom_core.gld.denoiser import Block, Denoiser
from ..mvcustom_core.gld.prope import ViewRotation
from ..mvcustom_core.gld.settings import LEVELS, PUBLISHED
from ..mvcustom_core.gld.vit import GeometricBackbone
from .kit.report import format_table

EVALUATIONS = 2 * 49
PATCH = PUBLISHED.backbone.patch


def main() -> int:
    parser = argparse.ArgumentParser(prog="python dev.py bench gld_cost", description=__doc__)
    parser.add_argument("--views", type=int, default=8, help="(default: %(default)s)")
    parser.add_argument("--size", type=int, default=504, help="pixels a side, divisible by 14 (default: %(default)s)")
    parser.add_argument("--timed-views", type=int, default=1, help="views of the block that is timed (default: %(default)s)")
    parser.add_argument("--device", choices=("cpu",), help="nothing runs on a GPU in any case")
    arguments = parser.parse_args()
    print("Computed:\n")
    print(format_table(compute(arguments.views, arguments.size // PATCH)))
    print("\nOne encoder block of the denoiser of level 1, float32, measured:\n")
    print(format_table([time_block(arguments.timed_views, arguments.size // PATCH)]))
    return 0


def compute(views: int, side: int) -> list[dict[str, object]]:
    """Parameters, bytes of weights and arithmetic of each network."""
    tokens, channels = side * side, PUBLISHED.backbone.channels
    posed = move_to_meta(make_views(views, side))
    with torch.device("meta"):
        latents = torch.empty(views, channels, side, side)
        pictures, levels = torch.empty(views, 3, side * PATCH, side * PATCH), [torch.empty(views, tokens, channels)] * LEVELS
        backbone, decoder = GeometricBackbone(PUBLISHED.backbone), RgbDecoder(PUBLISHED.decoder)
        upper, cascade, moment = Denoiser(PUBLISHED.upper), Denoiser(PUBLISHED.cascade), torch.empty(())
    stages: list[tuple[str, nn.Module, Callable[[], object], int]] = [
        ("backbone, all views", backbone, lambda: backbone.extract(pictures, range(LEVELS)), 1),
        ("denoiser of level 1, an evaluation", upper, lambda: upper(latents, latents, moment, posed), EVALUATIONS),
        ("denoiser of level 0, an evaluation", cascade, lambda: cascade(latents, latents, moment, posed, latents), EVALUATIONS),
        ("decoder of pictures", decoder, lambda: decoder.paint(levels, (side, side)), 1),
    ]
    return [count(*stage) for stage in stages]


def count(name: str, module: nn.Module, work: Callable[[], object], times: int) -> dict[str, object]:
    flops, weights = count_flops(work), sum(value.numel() for value in module.state_dict().values())
    return {
        "what": name,
        "parameters, M": weights / 1e6,
        "GB in float32": 4 * weights / 1e9,
        "TFLOP": flops / 1e12,
        "times a run": times,
        "TFLOP a run": times * flops / 1e12,
    }


def count_flops(work: Callable[[], object]) -> int:
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        work()
    return counter.get_total_flops()


def time_block(views: int, side: int) -> dict[str, object]:
    """Seconds of one real block, and the arithmetic that the count gives for it."""
    settings, posed = PUBLISHED.upper, make_views(max(views, 2), side)
    width, heads, grid = settings.encoder_width, settings.encoder_heads, (side, side)
    given = (posed.w2c[:views], posed.K[:views], posed.size, grid, width // heads)
    block, rotation = Block(width, heads).requires_grad_(False), ViewRotation(*given)
    x, modulation = torch.zeros(views, side * side, width), torch.zeros(width)
    start = time.perf_counter()
    block(x, modulation, rotation)
    seconds = time.perf_counter() - start
    with torch.device("meta"):
        twin, empty, level = Block(width, heads), torch.empty_like(x, device="meta"), torch.empty(width)
    flops = count_flops(lambda: twin(empty, level, ViewRotation(given[0].to("meta"), given[1].to("meta"), *given[2:])))
    return {"views": views, "threads": torch.get_num_threads(), "s": seconds, "GFLOP": flops / 1e9, "GFLOP/s": flops / 1e9 / seconds}


def make_views(views: int, side: int) -> PosedViews:
    w2c = torch.eye(4).repeat(views, 1, 1)
    w2c[:, 0, 3] = torch.linspace(-1, 1, views)
    size = side * PATCH
    return pose_views(Cameras(w2c, square_intrinsics(views, size, 60.0), size, size), 1)


def move_to_meta(views: PosedViews) -> PosedViews:
    picture, w2c, K = (torch.empty_like(values, device="meta") for values in (views.picture, views.w2c, views.K))
    return PosedViews(picture, w2c, K, views.sources)


if __name__ == "__main__":
    sys.exit(main())
