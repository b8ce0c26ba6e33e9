"""What a sampling step and an update of learning cost at Stable Diffusion 1.5's size, computed from shapes, and the bound on some cards.

512 pixels, 16 views, both branches of guidance in one batch, fp16; AnimateDiff v2. Nothing is timed and nothing large is computed: the
U-Net and the motion modules run on torch's meta device, and what needs numbers runs for one view and is multiplied. See kit/cost.py for
what counts. The columns: TFLOP; GB that the kernels move as they are; GB that a program must move in which every pass is fused with the
product beside it; for each card the seconds of the bound (arithmetic or those GB, whichever is more) and of the kernels one by one.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from ..devtools.stand_in import CHANNELS, HEADS, TinySD15, TrueSD15, build_unet, wrap_model
from ..mvcustom_core.backbone.motion import MotionModules, MotionSettings
from ..mvcustom_core.backbone.presets import SCOPE_PRESETS, MotionChoices
from ..mvcustom_core.concept.feature_nerf import FeatureNerf
from ..mvcustom_core.concept.pose_block import SD15_LAYOUT, PoseBlock
from ..mvcustom_core.concept.ray_samples import NerfSettings, sample_rays
from ..mvcustom_core.path.trajectory import front_camera, orbit
from ..mvcustom_core.rendering.operator import build_render_operators
from ..mvcustom_core.rendering.rendering import replace_features
from ..mvcustom_core.surface.correspondence import Correspondence
from ..mvcustom_core.surface.depth import AnchorDepth, DepthMap
from ..mvcustom_core.surface.surface import build_surfaces
from ..nodes.bridge.backbone.motion import apply_motion
from ..nodes.bridge.backbone.motion_run import ClipCall
from .kit.cost import Cost, StreamedAttention, counting
from .kit.report import format_table

CARDS = {"RTX 3060": (25.5e12, 360e9), "RTX 4090": (165.2e12, 1008e9), "H200": (989e12, 4.8e12)}
"""Peak of dense products of fp16 summed in fp32, and of the memory, by NVIDIA's papers on GA10x, AD102 and the H200's data sheet."""
BRANCHES, TEXT, WIDTH = 2, 77, 768
LEARNED_VIEWS, LEARNING_REFERENCES, SAMPLING_REFERENCES = 4, 4, 8


def main() -> int:
    parser = argparse.ArgumentParser(prog="python dev.py bench computed_cost", description=__doc__)
    parser.add_argument("--views", type=int, default=16, help="(default: %(default)s)")
    parser.add_argument("--size", type=int, default=512, help="pixels a side (default: %(default)s)")
    parser.add_argument("--small", action="store_true", help="a U-Net of a tenth of the widths, to try this out")
    parser.add_argument("--device", choices=("cpu",), help="nothing runs on a GPU in any case")
    arguments = parser.parse_args()
    rows, passes = [], {}
    for name, cost in compute(arguments.views, arguments.size, arguments.small):
        rows.append({"what": name} | make_row(cost))
        passes[name] = cost.own_passes
    print(format_table(rows))
    print("\nPasses of this pack over memory that a bound does not need, GB:\n")
    listed = [
        {"what": name, "function": function, "GB": moved / 1e9}
        for name, found in passes.items()
        for function, moved in found.most_common()
        if moved > 1e-3 * sum(found.values())
    ]
    print(format_table(listed))
    return 0


def make_row(cost: Cost) -> dict[str, Any]:
    row: dict[str, Any] = {"TFLOP": cost.flops / 1e12, "GB moved": cost.bytes / 1e9, "GB needed": cost.product_bytes / 1e9}
    for card, peak in CARDS.items():
        row |= {f"{card}, bound, ms": 1e3 * cost.bound(*peak), f"{card}, kernels, ms": 1e3 * cost.run(*peak)}
    return row


def compute(views: int, size: int, small: bool) -> list[tuple[str, Cost]]:
    """Name and cost of each row."""
    config = TinySD15 if small else TrueSD15
    unet = Unet(config, size // 8)
    found = [("sampling step, without modules", unet.run(views * BRANCHES, views, None))]
    found += [(f"sampling step, {scope}", unet.run(views * BRANCHES, views, scope)) for scope in SCOPE_PRESETS]
    found += [
        ("concept in a sampling step, rendered before", count_merge(views, size)),
        ("concept, rendering once a run and prompt", count_rendering(views, size, SAMPLING_REFERENCES)),
        ("hook in a sampling step, decoder 16 + 32", count_hook(views, size)),
        ("completion: each further pass", unet.run(views * BRANCHES, views, next(iter(SCOPE_PRESETS)))),
        (
            f"update of learning, {LEARNED_VIEWS} views, U-Net",
            unet.run(LEARNED_VIEWS, LEARNED_VIEWS, next(iter(SCOPE_PRESETS)), learn=True),
        ),
        ("update of learning, the pose blocks", count_rendering(LEARNED_VIEWS, size, LEARNING_REFERENCES, learn=True)),
    ]
    return found


class DenseCorrespondence(Correspondence):
    """One whose weights are not looked at: all four taps of every point count."""

    def gather(self, table: Tensor, part: slice = slice(None)) -> Tensor:
        cells, weights = self.cells[part].flatten(), self.weights[part].to(table.dtype).flatten()
        starts = torch.empty(len(cells) // 4, device="meta", dtype=cells.dtype)
        return torch.nn.functional.embedding_bag(cells, table, starts, mode="sum", per_sample_weights=weights)


class Unet:
    """Stable Diffusion 1.5's U-Net with motion modules, without numbers."""

    def __init__(self, config: type, side: int, dtype: torch.dtype = torch.float16) -> None:
        self.side, self.dtype = side, dtype
        self.model = wrap_model(build_unet(config, dtype, torch.device("meta")))
        self.unet = self.model.model.diffusion_model.requires_grad_(False)
        self.width = config.unet_config["context_dim"]
        self.settings = MotionSettings(mid_block=True, entropy_correction=True)
        if config is TinySD15:
            self.settings = replace(self.settings, channels=CHANNELS, heads=HEADS)
        self.modules = MotionModules(self.settings, device="meta", dtype=dtype).requires_grad_(False)

    def run(self, rows: int, frames: int, scope: str | None, learn: bool = False) -> Cost:
        """The cost of a pass over a batch; of learning, also of the backward pass to the text and the first pose block's tokens."""
        model, clip = self.model, None
        if scope is not None:
            settings = MotionChoices(scope=scope).apply_to(self.settings)
            model = apply_motion(self.model, self.modules, settings)
            clip = ClipCall(frames, settings, self.modules, self._correspondences(frames, settings))
        x = torch.empty(rows, 4, self.side, self.side, device="meta", dtype=self.dtype)
        text = torch.empty(rows, TEXT, self.width, device="meta", dtype=self.dtype, requires_grad=learn)
        with counting() as cost:
            options = model.model_options["transformer_options"] | {
                "cond_or_uncond": [0] * (rows // frames),
                "optimized_attention_override": make_kernel(cost),
            }
            steps = torch.empty(rows, device="meta", dtype=self.dtype)
            with torch.set_grad_enabled(learn):
                result = self.unet(x, steps, context=text, transformer_options=options, num_video_frames=clip)
            if learn:
                result.backward(torch.empty_like(result))
        return cost

    def _correspondences(self, frames: int, settings: MotionSettings) -> dict[int, Correspondence]:
        found = {}
        for level, scope in enumerate(settings.scopes):
            if scope.trajectory:
                side = self.side >> level
                shape = (frames, side * side, frames, 4)
                cells, known = (
                    torch.empty(shape, device="meta", dtype=torch.int32),
                    torch.empty(shape[:-1], device="meta", dtype=torch.bool),
                )
                found[level] = DenseCorrespondence(cells, torch.empty(shape, device="meta"), known, side, side)
        return found


def make_kernel(cost: Cost) -> Callable[..., Tensor]:
    """An attention kernel in ComfyUI's form that only counts."""

    def attend(_: Callable[..., Tensor], q: Tensor, k: Tensor, v: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return StreamedAttention.apply(cost, q, k, v)

    return attend


def scale(cost: Cost, factor: int) -> Cost:
    """The cost of so many of the same."""
    passes = type(cost.own_passes)({name: factor * moved for name, moved in cost.own_passes.items()})
    return Cost(factor * cost.flops, factor * cost.kernels, factor * cost.product_bytes, passes)


def join(costs: list[Cost]) -> Cost:
    joined = Cost()
    for cost in costs:
        joined.flops += cost.flops
        joined.kernels += cost.kernels
        joined.product_bytes += cost.product_bytes
        joined.own_passes.update(cost.own_passes)
    return joined


def count_merge(views: int, size: int) -> Cost:
    """What a concept adds to each block once its features are rendered, for the branch that shows it: of one view, times the views."""
    costs = []
    for site in SD15_LAYOUT.sites:
        cells = (size // 8 >> site.level) ** 2
        block = PoseBlock(site.channels, NerfSettings())
        tokens = torch.zeros(1, cells, site.channels, dtype=torch.float16)
        with torch.no_grad(), counting() as cost:
            merged = block.merge(tokens, torch.zeros_like(tokens), torch.zeros_like(tokens[..., :1]))
            torch.cat([tokens, merged])
        costs.append(scale(cost, views))
    return join(costs)


def count_rendering(views: int, size: int, references: int, learn: bool = False) -> Cost:
    """What FeatureNeRF costs at every site: computed for one view, times the views. The prompt's attention on its samples is left out."""
    cameras = orbit(front_camera(size), references + 1)
    costs = []
    for site in SD15_LAYOUT.sites:
        side = size // 8 >> site.level
        nerf = FeatureNerf(site.channels, NerfSettings())
        features = torch.zeros(references, site.channels, side, side)
        with torch.set_grad_enabled(learn), counting() as cost:
            samples = sample_rays(cameras[:1], cameras[1:], side, side, NerfSettings())
            rendered = nerf(features, samples)
            if learn:
                rendered.features.sum().backward()
        costs.append(scale(cost, views))
    return join(costs)


def count_hook(views: int, size: int) -> Cost:
    """What the render hook replaces in a step: the results of three transformers at each of the levels 1 and 2."""
    cameras = orbit(front_camera(size), views, (-30.0, 30.0))
    depth = DepthMap(torch.ones(size, size), torch.ones(size, size, dtype=torch.bool), "flat", 1.0, "")
    sides = {1: size // 16, 2: size // 32}
    surfaces = build_surfaces([AnchorDepth(views // 2, depth)], cameras)
    operators = build_render_operators(surfaces, [(side, side) for side in sides.values()])
    costs = []
    for level, side in sides.items():
        features = torch.zeros(BRANCHES * views, (320, 640, 1280)[level], side, side, dtype=torch.float16)
        with torch.inference_mode(), counting() as cost:
            replace_features(features, operators[side, side], 0.8)
        costs.append(scale(cost, 3))
    return join(costs)


if __name__ == "__main__":
    sys.exit(main())
