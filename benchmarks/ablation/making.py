"""Views of the rungs that sample: the nodes of the demo workflow, chained as it chains them and with its settings.

Both passes of a case start from the same noise and share what the concept renders, which is kept with the concept; whichever rung
comes first pays for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import comfy.sample
import comfy.samplers
import torch
from comfy.model_patcher import ModelPatcher
from comfy.sd import CLIP
from torch import Tensor

from ...mvcustom_core.concept.concept import Concept
from ...mvcustom_core.rendering.completion import CompletionSettings
from ...mvcustom_core.rendering.operator import build_render_operator, warp_images
from ...mvcustom_core.rendering.rendering import RenderingSettings, find_shares, replace_features
from ...mvcustom_core.surface.depth import AnchorDepth
from ...mvcustom_core.surface.surface import build_surfaces
from ...nodes.bridge.concept.application import apply_to_both, find_applied_concept
from ...nodes.bridge.concept.guidance import ConceptGuider
from ...nodes.bridge.concept.tokens import add_token, encode_caption
from ...nodes.bridge.depth.anchor_depth import DepthSources, estimate_anchor
from ...nodes.bridge.depth.model import EMBEDDED
from ...nodes.bridge.rendering.completion import build_completion_sampler
from ...nodes.bridge.rendering.hook import HookOptions, apply_rendering
from ...nodes.bridge.rendering.one_pass import Estimation, apply_one_pass
from .backbones import load_model, load_own
from .baselines import BASELINES, warp_view
from .cases import AblationCase
from .pictures import round_to_bytes
from .rungs import DENSE, ONE_CELL

CELL_PIXELS, LATENT_CHANNELS = 8, 4


@dataclass(frozen=True, slots=True)
class SamplingSettings:
    """What all rungs that sample have in common; the defaults are the demo workflow's."""

    steps: int = 20
    text_guidance: float = 3.0
    image_guidance: float = 3.0
    surroundings: float = 0.0
    sampler: str = "euler"
    scheduler: str = "simple"
    hook: HookOptions = field(default_factory=lambda: HookOptions(RenderingSettings(until=0.9), follow_surface=True, prediction=True))
    completion: CompletionSettings = field(default_factory=CompletionSettings)


@dataclass(frozen=True, eq=False)
class Made:
    """Views [V, 3, H, W] as they are kept, and the wall time of everything that led to them; None where nothing was sampled."""

    views: Tensor
    seconds: float | None


@dataclass(eq=False)
class Maker:
    """Makes the views of one case.

    Attributes:
        recall: gives the subject's concept; not called for rungs without diffusion.
        first_passes: by modules; what is known of them already need not be made again.
        depths: of the anchor, estimated from a first pass, by its modules.
    """

    case: AblationCase
    recall: Callable[[], Concept]
    settings: SamplingSettings
    first_passes: dict[str, Made] = field(default_factory=dict)
    depths: dict[str, AnchorDepth] = field(default_factory=dict)
    applied: dict[str, tuple[ModelPatcher, CLIP]] = field(default_factory=dict)

    @torch.inference_mode()
    def make(self, rung: str) -> Made:
        """The views of a rung.

        Raises:
            ValueError: if the anchor's depth cannot be told from the first pass.
        """
        if rung in BASELINES:
            return Made(round_to_bytes(BASELINES[rung](self.case)), None)
        hook = self.settings.hook
        features = replace(hook, settings=RenderingSettings(), prediction=False)  # as published
        own_noise, one_cell = partial(replace, shared_noise=False), partial(replace, follow_surface=False)
        ways = {
            "decoded": self._decode_truth,
            "latents": lambda: self._carry_latents(self.case.truth.images, self.case.true_depth),
            "inversion": self._invert,
            "carried": self._carry,
            "own_latents": self._carry_own_latents,
            "own_cells": lambda: self._carry_own_latents(whole_cells=True),
            "customised": lambda: self.first_pass(ONE_CELL),
            "rendering": lambda: self._render(ONE_CELL, features),
            "prediction": lambda: self._render(ONE_CELL, hook),
            "completion": lambda: self._render(ONE_CELL, hook, complete=True),
            "one_pass": lambda: self._render_at_once(features),
            "to_the_end": lambda: self._render(ONE_CELL, replace(features, settings=RenderingSettings(until=1.0, fade=0.0))),
            "own_noise": lambda: self._render(ONE_CELL, own_noise(features)),
            "own_noise_1x1": lambda: self._render(ONE_CELL, own_noise(one_cell(features))),
            "noise_alone": lambda: self._render(ONE_CELL, replace(features, settings=RenderingSettings(strength=0.0))),
            "rendering_1x1": lambda: self._render(ONE_CELL, one_cell(features)),
            "rendering_dense": lambda: self._render(DENSE, one_cell(features)),
            "prediction_own_noise": lambda: self._render(ONE_CELL, own_noise(hook)),
            "prediction_1x1": lambda: self._render(ONE_CELL, one_cell(hook)),
            "prediction_dense": lambda: self._render(DENSE, one_cell(hook)),
        }
        return ways[rung]()

    @torch.inference_mode()
    def first_pass(self, modules: str) -> Made:
        """Views with the concept alone, made once."""
        if modules not in self.first_passes:
            model, clip = self._apply(modules)  # whatever has to be loaded, is by now
            started = time.perf_counter()
            views = self._sample(model, clip)
            self.first_passes[modules] = Made(views, time.perf_counter() - started)
        return self.first_passes[modules]

    @torch.inference_mode()
    def estimate_depth(self, modules: str) -> AnchorDepth:
        """The anchor's depth in the first pass, told once.

        Raises:
            ValueError: if it cannot be.
        """
        if modules not in self.depths:
            views, case = self.first_pass(modules).views, self.case
            self.depths[modules] = estimate_anchor(
                views, case.cameras, case.anchor, DepthSources(model=EMBEDDED), model=self._apply(modules)[0]
            )
        return self.depths[modules]

    def _decode_truth(self) -> Made:
        return Made(_decode(_encode(self.case.truth.images)), None)

    def _carry_latents(self, views: Tensor, depth: AnchorDepth, whole_cells: bool = False) -> Made:
        """What feature rendering does, or shared noise by whole cells, done to the latents of views: no network between, and no noise."""
        latents = _encode(views)
        operator = build_render_operator([depth], self.case.cameras, tuple(latents.shape[-2:]))
        if whole_cells:
            nearest = operator.cells[..., :1]
            operator = replace(operator, cells=nearest, weights=torch.ones_like(nearest, dtype=torch.float32))
        return Made(_decode(replace_features(latents, operator, find_shares(operator))), None)

    def _carry_own_latents(self, whole_cells: bool = False) -> Made:
        """The first pass's anchor, carried as latents."""
        first = self.first_pass(ONE_CELL)
        started = time.perf_counter()
        made = self._carry_latents(first.views, self.estimate_depth(ONE_CELL), whole_cells)
        return replace(made, seconds=first.seconds + time.perf_counter() - started)

    def _carry(self) -> Made:
        """The first pass's anchor in every view: what two passes would come to if the second one carried it without loss."""
        first = self.first_pass(ONE_CELL)
        started = time.perf_counter()
        warped = warp_view(first.views, self.estimate_depth(ONE_CELL), self.case.cameras)
        return Made(_decode(_encode(warped)), first.seconds + time.perf_counter() - started)

    def _invert(self) -> Made:
        """The learned word alone: no pose blocks."""
        model, clip = load_own()[0], add_token(load_own()[1], self.recall())
        started = time.perf_counter()
        views = self._sample(model, clip)
        return Made(views, time.perf_counter() - started)

    def _render(self, modules: str, options: HookOptions, complete: bool = False) -> Made:
        """The second pass; its time includes the first."""
        first = self.first_pass(modules)
        model, clip = self._apply(modules)
        started = time.perf_counter()
        depth = self.estimate_depth(modules)
        hooked, _ = apply_rendering(model, [depth], self.case.cameras, options)
        sampler = None
        if complete:
            _, seen = warp_images(first.views[[depth.view]], build_surfaces([depth], self.case.cameras))
            sampler = build_completion_sampler(seen.clamp(0, 1), self.settings.completion)
        views = self._sample(hooked, clip, sampler)
        return Made(views, first.seconds + time.perf_counter() - started)

    def _render_at_once(self, options: HookOptions) -> Made:
        model, clip = self._apply(ONE_CELL)
        started = time.perf_counter()
        estimation = Estimation(load_own()[2], EMBEDDED, self.case.anchor)
        hooked = apply_one_pass(model, self.case.cameras, options, estimation)
        return Made(self._sample(hooked, clip), time.perf_counter() - started)

    def _apply(self, modules: str) -> tuple[ModelPatcher, CLIP]:
        if modules not in self.applied:
            self.applied[modules] = apply_to_both(load_model(modules), load_own()[1], self.recall(), self.case.cameras, 1.0)
        return self.applied[modules]

    def _sample(self, model: ModelPatcher, clip: CLIP, sampler: comfy.samplers.KSAMPLER | None = None) -> Tensor:
        """Decoded views [V, 3, H, W] of the case's prompt and noise."""
        settings, cameras, seed = self.settings, self.case.cameras, self.case.task.seed
        positive, negative = ([[encode_caption(clip, text), {}]] for text in (self.case.prompt, ""))
        latents = torch.zeros(len(cameras), LATENT_CHANNELS, cameras.height // CELL_PIXELS, cameras.width // CELL_PIXELS)
        sigmas = comfy.samplers.calculate_sigmas(model.get_model_object("model_sampling"), settings.scheduler, settings.steps)
        guider = self._guide(model, positive, negative)
        drawn = guider.sample(
            comfy.sample.prepare_noise(latents, seed), latents, sampler or comfy.samplers.sampler_object(settings.sampler), sigmas,
            disable_pbar=True, seed=seed,
        )  # fmt: skip
        return _decode(drawn)

    def _guide(self, model: ModelPatcher, positive: list[Any], negative: list[Any]) -> comfy.samplers.CFGGuider:
        settings = self.settings
        if find_applied_concept(model) is not None:
            return ConceptGuider(model, positive, negative, settings.text_guidance, settings.image_guidance, settings.surroundings)
        guider = comfy.samplers.CFGGuider(model)
        guider.set_conds(positive, negative)
        guider.set_cfg(settings.text_guidance)
        return guider


def _encode(views: Tensor) -> Tensor:
    """Latents [V, 4, h, w] of views [V, 3, H, W]."""
    return load_own()[2].encode(views.movedim(1, -1))


def _decode(latents: Tensor) -> Tensor:
    """Views [V, 3, H, W] as they are kept."""
    return round_to_bytes(load_own()[2].decode(latents).movedim(-1, 1))
