"""What carrying an anchor's features to the other views costs: building the operators, and applying one in a layer.

One anchor with a depth map of 512 pixels, 16 views on an orbit of 30 degrees to each side, as for SD1.5 at 512 pixels: grids of 64, 32 and
16 cells. `build` makes the operators of all three; the other cases run at 64x64 cells and 320 channels:

* `apply`, `apply and backward`, and `replace` (applied and blended into every view's features, as a sampling step does)
* `dense`: what a mesh renderer does instead, with the same mesh's hits already at hand: gather the corners' features of every pixel's face,
  weigh and add them. PyTorch3D's `interpolate_face_attributes` in Python does this.

`bound_ms` is, on a GPU, the time that its memory needs to read the features, indices and weights once and to write the output, at
`--bandwidth`; `bytes_mb` is how much that is.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import comfy.model_management
import torch
from torch import Tensor

from ..mvcustom_core.camera.cameras import Cameras, look_at, square_intrinsics
from ..mvcustom_core.path.trajectory import orbit
from ..mvcustom_core.rendering.operator import RenderOperator, build_render_operators
from ..mvcustom_core.rendering.rendering import find_shares, replace_features
from ..mvcustom_core.surface.depth import AnchorDepth, DepthMap
from ..mvcustom_core.surface.surface import build_surfaces
from .kit.measure import measure
from .kit.report import Row, run_cases

NAME = "feature_rendering"
CASES = ("build", "apply", "apply and backward", "replace", "dense", "dense and backward")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--views", type=int, default=16, help="default: %(default)s")
    parser.add_argument("--size", type=int, default=512, help="pixels of the depth map; the grids follow (default: %(default)s)")
    parser.add_argument("--channels", type=int, default=320, help="default: %(default)s")
    parser.add_argument("--dtype", choices=["float16", "bfloat16", "float32"], help="default: float16 on a GPU, else float32")
    parser.add_argument("--bandwidth", type=float, default=3.35, help="of the GPU's memory, TB/s (default: %(default)s, an H100)")
    parser.add_argument("--repeats", type=int, default=7, help="default: %(default)s")
    parser.add_argument("--device", choices=["cpu"], help="leave a GPU alone")
    parser.add_argument("--measure", choices=CASES, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure is None:
        return run_cases(NAME, CASES, add_ratio)
    device = comfy.model_management.get_torch_device()
    if device.type == "cpu":
        torch.set_num_threads(1)
    print(json.dumps(measure_case(arguments.measure, arguments, device)))
    return 0


def measure_case(case: str, arguments: argparse.Namespace, device: torch.device) -> Row:
    if case == "build":
        scene = make_scene(arguments.views, arguments.size, device)
        return asdict(measure(lambda: build(*scene), 1))
    anchors, cameras = make_scene(arguments.views, arguments.size, device)
    operator = build(anchors, cameras)[arguments.size // 8, arguments.size // 8].to(device)
    dtype = getattr(torch, arguments.dtype or ("float32" if device.type == "cpu" else "float16"))
    shape = (arguments.views, arguments.channels, *operator.mask.shape[-2:])
    features = torch.randn(shape, generator=torch.Generator().manual_seed(0)).to(device, dtype)
    work = prepare(case, operator, features)
    work()
    row = asdict(measure(work, arguments.repeats))
    if device.type != "cpu" and case == "apply":
        moved = count_bytes(operator, features)
        row |= {"bytes_mb": moved / 1e6, "bound_ms": moved / arguments.bandwidth / 1e9}
    return row


def prepare(case: str, operator: RenderOperator, features: Tensor) -> Callable[[], Any]:
    source = features[list(operator.anchors)]
    if case == "replace":
        shares = find_shares(operator).to(features.dtype)  # constant in a run
        return lambda: replace_features(features, operator, shares)
    if case.startswith("apply"):
        render = operator.apply
    else:
        corners, weights = make_hits(operator, source)

        def render(source: Tensor) -> Tensor:
            values = source[0].flatten(1).T[corners]  # [(V h w), 3, C]
            return (values * weights).sum(dim=1)

    return differentiate(render, source) if case.endswith("backward") else lambda: render(source)


def differentiate(render: Callable[[Tensor], Tensor], source: Tensor) -> Callable[[], Any]:
    source = source.clone().requires_grad_()
    gradient = torch.ones_like(render(source))
    return lambda: torch.autograd.grad(render(source), source, gradient)


def make_hits(operator: RenderOperator, source: Tensor) -> tuple[Tensor, Tensor]:
    """Three corners [(V h w), 3] and weights [(V h w), 3, 1] of every pixel: their values do not matter to the time."""
    corners = operator.cells.flatten(0, 1)[:, :1].long() + torch.tensor([0, 1, operator.mask.shape[-1]], device=source.device)
    return corners.clamp(max=source.shape[-1] * source.shape[-2] - 1), torch.full((len(corners), 3, 1), 1 / 3).to(source)


def count_bytes(operator: RenderOperator, features: Tensor) -> int:
    """The least that an application moves: the anchor's features and the used taps in, every view's features out."""
    taps = int((operator.weights > 0).sum())
    return features.nbytes + features[list(operator.anchors)].nbytes + taps * (4 + features.element_size())


def make_scene(views: int, size: int, device: torch.device) -> tuple[list[AnchorDepth], Cameras]:
    """A ball and a post before a rolling wall, seen from the middle of an orbit about the ball."""
    eye, up = torch.tensor([[0.0, -0.28, 0.96]]), torch.tensor([[0.0, -1.0, 0.0]])
    base = Cameras(look_at(eye, torch.zeros(1, 3), up), square_intrinsics(1, size, 52.0), size, size)
    axis = (torch.arange(size) + 0.5) / size - 0.5
    radius2 = axis[:, None].square() + axis.square()
    depth = torch.where(radius2 < 0.09, 1.0 - 0.6 * (0.09 - radius2).clamp(min=0).sqrt(), 1.6 + 0.1 * (9 * axis).sin())
    depth[:, size // 5 : size // 5 + size // 50 + 1] = 0.9
    depth_map = DepthMap(depth.to(device), torch.ones_like(depth, dtype=torch.bool).to(device), "benchmark", 1.0, "")
    return [AnchorDepth(views // 2, depth_map)], orbit(base, views, (-30.0, 30.0))


def build(anchors: list[AnchorDepth], cameras: Cameras) -> dict[tuple[int, int], RenderOperator]:
    surfaces = build_surfaces(anchors, cameras)
    return build_render_operators(surfaces, [(cameras.height // scale, cameras.width // scale) for scale in (8, 16, 32)])


def add_ratio(rows: list[Row]) -> list[Row]:
    """How many times longer than the operator the dense way takes: of wall times on a GPU, of processor times on a CPU."""
    found = {row["case"]: row for row in rows if "seconds" in row}
    for dense, own in (("dense", "apply"), ("dense and backward", "apply and backward")):
        if dense in found and own in found:
            key = "processor_seconds" if found[own]["allocated_gib"] is None else "seconds"
            found[dense]["ratio"] = found[dense][key] / found[own][key]
    return rows


if __name__ == "__main__":
    sys.exit(main())
