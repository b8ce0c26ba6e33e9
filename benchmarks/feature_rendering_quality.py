"""What feature rendering and completion do to the views of procedural scenes whose depth is known: scenes of no training stage.

Embedded backbone, views of 128 px along an orbit. The middle view is the anchor: its true picture is kept throughout, as an inpainting mask
does, and the scene's caption is the prompt. Three measures for each scene, of the views but the anchor's:

* `seen`: views drawn from pure noise, PSNR against the true views where the mask is 1, without the hook, with features alone as the node
  has it by default, and with the demo workflow's settings, which render the prediction, too.
* `copied`: similarity of the pixels that something hides from the anchor to the wrongly copied content there, which is what the anchor
  shows in that direction: the thing that hides them. The views start from just that, the anchor's picture warped by the true depth of every
  view without regard to occlusion, with noise up to a middle level, as one would refine a warped picture. PSNR against it, and the share
  of pixels that are nearer to it than to the truth, with the hook and its completion and with the hook alone. Pixels where both are
  alike (mean difference under 0.1) do not count.
* `kept noise`: how far views keep their start noise as texture because rendered features answer the anchor's. Features of independent start
  noise, rendered up to the last step: correlation of what sets the views' latents off from the anchor's, carried to them, with what set
  their start noise off likewise, where the mask is 1.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
from dataclasses import dataclass
from functools import lru_cache

import comfy.sample
import comfy.samplers
import torch
from comfy.model_patcher import ModelPatcher
from comfy.sd import CLIP, VAE
from torch import Tensor
from torch.nn import functional as F

from ..mvcustom_core.camera.cameras import Cameras
from ..mvcustom_core.camera.rays import project_points, unproject_depth
from ..mvcustom_core.embedded.scenes.render import Rendering, render_scene
from ..mvcustom_core.embedded.scenes.scene import Scene, sample_scene
from ..mvcustom_core.embedded.scenes.sweep import sample_sweep
from ..mvcustom_core.rendering.completion import CompletionSettings
from ..mvcustom_core.rendering.rendering import RenderingSettings
from ..mvcustom_core.surface.depth import AnchorDepth, DepthMap
from ..nodes.bridge.backbone.embedded import SIZE, load_embedded
from ..nodes.bridge.concept.tokens import encode_caption
from ..nodes.bridge.rendering.completion import build_completion_sampler
from ..nodes.bridge.rendering.hook import HookOptions, apply_rendering
from .ablation.making import SamplingSettings

FIRST_SEED = 10**6  # of the scenes
DENOISE = 0.6  # how far the copies are noised
HIDDEN = 0.05  # a point this much farther, relatively, than what the anchor sees in its direction is hidden from it
ALIKE = 0.1
DEMO = SamplingSettings().hook


@dataclass(frozen=True, eq=False)
class Case:
    """One scene, the views' cameras, their true pictures and depth, and which of them is the anchor."""

    seed: int
    scene: Scene
    cameras: Cameras
    true: Rendering
    anchor: int

    @property
    def others(self) -> list[int]:
        return [view for view in range(len(self.cameras)) if view != self.anchor]

    @property
    def depth(self) -> AnchorDepth:
        depth = self.true.depth[self.anchor]
        return AnchorDepth(self.anchor, DepthMap(depth, torch.ones_like(depth, dtype=torch.bool), "true", 1.0, ""))


def main() -> int:
    parser = argparse.ArgumentParser(prog="feature_rendering_quality", description=__doc__)
    parser.add_argument("--scenes", type=int, default=24, help="(default: %(default)s)")
    parser.add_argument("--views", type=int, default=4, help="(default: %(default)s)")
    parser.add_argument("--steps", type=int, default=6, help="(default: %(default)s)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    columns = ("seen, dB", "features alone", "and prediction", "copied, dB", "with completion", "nearer to the copy", "with completion")
    print("| scene | " + " | ".join((*columns, "kept noise")) + " |\n" + "| --- " * 9 + "|")
    rows = []
    for number in range(options.scenes):
        case = draw_case(number, options.views)
        rows.append((*measure_seen(case, options.steps), *measure_copied(case, options.steps), measure_kept_noise(case, options.steps)))
        print(f"| {number} | " + " | ".join(f"{figure:.3g}" for figure in rows[-1]) + " |", flush=True)
    print("| mean | " + " | ".join(f"{statistics.mean(column):.3g}" for column in zip(*rows, strict=True)) + " |")
    better = [sum(row[b] * sign > row[a] * sign for row in rows) for a, b, sign in ((0, 1, 1), (0, 2, 1), (3, 4, -1), (5, 6, -1))]
    titles = ("features", "and prediction", "completion by PSNR", "completion by the nearer one")
    print(f"\nOf {len(rows)} scenes better with: " + ", ".join(f"{title} {count}" for title, count in zip(titles, better, strict=True)))
    return 0


def draw_case(number: int, views: int, sweep: str = "orbit") -> Case:
    scene = sample_scene(FIRST_SEED + number)
    cameras = sample_sweep(random.Random(f"quality {number}"), views, SIZE, sweep)
    return Case(number, scene, cameras, render_scene(scene, cameras), views // 2)


@torch.inference_mode()
def measure_seen(case: Case, steps: int) -> tuple[float, float, float]:
    """PSNR of the seen pixels without the hook, with features alone, and with the demo's hook."""
    model = load_once()[0]
    features, _ = apply_rendering(model, [case.depth], case.cameras)
    hooked, operator = apply_rendering(model, [case.depth], case.cameras, DEMO)
    seen = F.interpolate(operator.mask, size=(SIZE, SIZE))[case.others] == 1
    euler = comfy.samplers.sampler_object("euler")
    return tuple(psnr(draw_views(case, kind, euler, steps), case.true.images[case.others], seen) for kind in (model, features, hooked))


@torch.inference_mode()
def measure_copied(case: Case, steps: int) -> tuple[float, float, float, float]:
    """PSNR to the wrongly copied content without completion and with it; share of the pixels nearer to it, likewise."""
    begun, usual = 1 - DENOISE, RenderingSettings()  # of denoising, where the noised pictures start; shares are of the rest
    settings = RenderingSettings(until=begun + usual.until * DENOISE, fade=usual.fade * DENOISE)
    hooked, operator = apply_rendering(load_once()[0], [case.depth], case.cameras, HookOptions(settings))
    copies, hidden = copy_anchor(case)
    copy, true = copies[case.others], case.true.images[case.others]
    counted = hidden[case.others] & ((copy - true).abs().mean(1, keepdim=True) > ALIKE)
    completing = build_completion_sampler(operator.mask, CompletionSettings(until=begun + 0.25 * DENOISE))
    views = [draw_views(case, hooked, sampler, steps, copies) for sampler in (comfy.samplers.sampler_object("euler"), completing)]
    nearer = [((view - copy).square().sum(1) < (view - true).square().sum(1))[counted[:, 0]].float().mean() for view in views]
    return *(psnr(view, copy, counted) for view in views), *map(float, nearer)


@torch.inference_mode()
def measure_kept_noise(case: Case, steps: int) -> float:
    """Correlation of the views' difference from the carried anchor in the end with that in their start noise."""
    settings = RenderingSettings(until=1.0, fade=0.0)
    hooked, operator = apply_rendering(load_once()[0], [case.depth], case.cameras, HookOptions(settings, shared_noise=False))
    latents = draw_latents(case, hooked, comfy.samplers.sampler_object("euler"), steps)
    seen = (operator.mask[case.others] == 1).expand_as(latents[case.others])
    differences = [(x - operator.apply(x[[case.anchor]]))[case.others][seen] for x in (latents, draw_noise(case, latents))]
    return float(torch.corrcoef(torch.stack(differences))[0, 1])


def draw_views(case: Case, model: ModelPatcher, sampler: comfy.samplers.KSAMPLER, steps: int, start: Tensor | None = None) -> Tensor:
    """The decoded views [V - 1, 3, H, W] but the anchor's, from pure noise or from noised pictures."""
    return load_once()[2].decode(draw_latents(case, model, sampler, steps, start)[case.others]).movedim(-1, 1).float()


def draw_latents(case: Case, model: ModelPatcher, sampler: comfy.samplers.KSAMPLER, steps: int, start: Tensor | None = None) -> Tensor:
    """The latents [V, C, h, w] of all views, the anchor's those of its true picture."""
    _, clip, vae = load_once()
    pictures = case.true.images if start is None else start
    latents = vae.encode(pictures.movedim(1, -1))
    kept = torch.ones(len(latents), 1, *latents.shape[-2:])
    kept[case.anchor] = 0
    full = steps if start is None else round(steps / DENOISE)
    sigmas = comfy.samplers.calculate_sigmas(model.get_model_object("model_sampling"), "simple", full)[-steps - 1 :]
    if start is None:
        latents = latents * (1 - kept)
    prompts = ([[encode_caption(clip, text), {}]] for text in (case.scene.words.caption, ""))
    return comfy.sample.sample_custom(
        model, draw_noise(case, latents), 1.0, sampler, sigmas, *prompts, latents, noise_mask=kept, disable_pbar=True, seed=case.seed
    )


def draw_noise(case: Case, latents: Tensor) -> Tensor:
    """Start noise of the latents' shape, the case's own."""
    return torch.randn(latents.shape, generator=torch.Generator().manual_seed(case.seed))


def copy_anchor(case: Case) -> tuple[Tensor, Tensor]:
    """What the anchor shows in the direction of each view's points [V, 3, H, W], and where something hides them there [V, 1, H, W]."""
    views = len(case.cameras)
    points = unproject_depth(case.cameras, case.true.depth).flatten(0, 2)
    pixels, depth = (x[0].unflatten(0, (views, SIZE, SIZE)) for x in project_points(case.cameras[case.anchor], points))
    grid = 2 * pixels / SIZE - 1
    picture, front = (x[[case.anchor]].expand(views, -1, -1, -1) for x in (case.true.images, case.true.depth[:, None]))
    front = F.grid_sample(front, grid, mode="nearest", align_corners=False)[:, 0]
    hidden = (grid.abs() < 1).all(-1) & (depth > 0) & (front < depth * (1 - HIDDEN))
    return F.grid_sample(picture, grid, align_corners=False, padding_mode="border"), hidden[:, None]


def psnr(given: Tensor, wanted: Tensor, mask: Tensor) -> float:
    """dB over the pixels of a mask [V, 1, H, W]."""
    return float(-10 * (given - wanted).square().mean(1, keepdim=True)[mask].mean().log10())


@lru_cache(maxsize=1)
def load_once() -> tuple[ModelPatcher, CLIP, VAE]:
    return load_embedded()[:3]


if __name__ == "__main__":
    sys.exit(main())
