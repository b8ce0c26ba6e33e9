"""What training motion modules costs at Stable Diffusion 1.5's size, computed from shapes: nothing is timed, nothing large is computed.

Floating point operations of one update on a clip of 16 frames, forward and backward, by torch's counter on the meta device; AnimateDiff
v3's modules with gates of the 2-D position, the U-Net frozen. From them, at a share of the peak: clips a second, and days for epochs of
WebVid's 430 000 clips. Each update the processes add up the gradients of the motion parameters alone, in float32, by a ring; the days count
that traffic in full, although most of it runs beside the backward pass. The last columns say what a process would have to decode without
the cache, and how many cores that takes.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from ..devtools.stand_in import CHANNELS, HEADS, TinySD15, TrueSD15, build_unet
from ..mvcustom_core.backbone.attention import Scope
from ..mvcustom_core.backbone.motion import MotionModules, MotionSettings
from ..training.video.network import VideoUNet
from .kit.report import format_table

CLIPS, EPOCHS, FRAMES, STRIDE, TEXT = 430_000, 10, 16, 4, 77
PEAK, SHARE = 989e12, 0.4  # of an H100: dense products of bf16, by NVIDIA's data sheet; and what of it is assumed to be reached
LINK = {1: float("inf"), 8: 450e9, 64: 50e9}
"""GPUs -> bytes a second that one sends: NVLink within a machine, a 400 Gb/s adapter for each GPU between machines."""
BATCH = 4  # clips in an update of one GPU, over which the traffic spreads
DECODED = 400  # frames a second that a core decodes of WebVid's 360 lines; an assumption
SCOPES = {
    "1x1": (Scope(1),) * 4,
    "3x3": (Scope(3),) * 4,
    "9x9": (Scope(9),) * 4,
    "9x9 at the outermost level, dense below": (Scope(9), *[Scope(None)] * 3),
    "dense": (Scope(None),) * 4,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python dev.py bench training_scale", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=(256, 512), help="pixels a side (default: %(default)s)")
    parser.add_argument("--small", action="store_true", help="a U-Net of a tenth of the widths, to try this out")
    parser.add_argument("--device", choices=("cpu",), help="nothing runs on a GPU in any case")
    arguments = parser.parse_args()
    rows = [make_row(size, name, arguments.small) for size in arguments.sizes for name in SCOPES]
    assumed = f"{PEAK / 1e12:.0f} TFLOP/s peak, {SHARE:.0%} of it reached"
    print(f"Computed, not measured: {assumed}, {BATCH} clips an update and GPU, {EPOCHS} epochs")
    print(format_table(rows))
    return 0


def make_row(size: int, name: str, small: bool) -> dict[str, Any]:
    """One line of the table."""
    network = build_network(SCOPES[name], small)
    flops = count_update(network, size)
    parameters = sum(parameter.numel() for parameter in network.motion.parameters())
    clips = SHARE * PEAK / flops  # a second and GPU
    decoded = clips * FRAMES * STRIDE
    return {
        "pixels": size,
        "scope": name,
        "TFLOP a clip": flops / 1e12,
        "with checkpointing": count_update(build_network(SCOPES[name], small, checkpointing=True), size) / 1e12,
        "motion parameters, M": parameters / 1e6,
        "GB sent an update and GPU": 2 * 4 * parameters / 1e9,
        "clips/s and GPU": clips,
        **{f"days on {gpus} H100": count_days(clips, parameters, gpus) for gpus in LINK},
        "frames/s to decode": decoded,
        "cores for that": decoded / DECODED,
    }


def count_days(clips: float, parameters: int, gpus: int) -> float:
    """Days for the epochs, with the traffic of a ring after each update."""
    traffic = 2 * (gpus - 1) / gpus * 4 * parameters / LINK[gpus]  # seconds
    return EPOCHS * CLIPS / (gpus * BATCH) * (BATCH / clips + traffic) / 86400


def build_network(scopes: tuple[Scope, ...], small: bool, checkpointing: bool = False) -> VideoUNet:
    """U-Net and modules without numbers."""
    settings = MotionSettings(scopes=scopes, entropy_correction=True, spatial_position=True)
    if small:
        settings = replace(settings, channels=CHANNELS, heads=HEADS)
    meta = torch.device("meta")
    unet = build_unet(TinySD15 if small else TrueSD15, torch.bfloat16, meta).diffusion_model
    return VideoUNet(unet, MotionModules(settings, device=meta, dtype=torch.bfloat16), checkpointing)


def count_update(network: VideoUNet, size: int) -> int:
    """Floating point operations of one clip's forward and backward pass."""
    width = network.unet.input_blocks[1][1].transformer_blocks[0].attn2.to_k.in_features

    def empty(*shape: int) -> torch.Tensor:
        return torch.empty(shape, device="meta", dtype=torch.bfloat16)

    with FlopCounterMode(display=False) as counter:
        result = network(empty(FRAMES, 4, size // 8, size // 8), empty(FRAMES), empty(FRAMES, TEXT, width), FRAMES)
        result.backward(torch.empty_like(result))
    return counter.get_total_flops()


if __name__ == "__main__":
    sys.exit(main())
