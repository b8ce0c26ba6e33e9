"""Renders a concept while a U-Net runs: which features each pose block receives, and for which branches of the batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from comfy.model_patcher import ModelPatcher
from comfy.samplers import CFGGuider
from torch import Tensor, nn

from ....mvcustom_core.camera.cameras import Cameras
from ....mvcustom_core.concept.concept import Concept
from ....mvcustom_core.concept.feature_nerf import Rendered
from ....mvcustom_core.concept.pose_block import PoseBlocks
from ....mvcustom_core.concept.ray_samples import RaySamples, sample_rays
from ..host.call import KEY, Visit
from .branches import Branch, list_branches
from .cache import RecordedFeatures, Rendering, cache_of, weights_of
from .pose import find_blocks, pose_patches, record_features, text_attention_of

POSITIVE = 0  # ComfyUI's mark of a positive condition in `cond_or_uncond`
CELL_PIXELS = 8  # side of a latent cell


@dataclass(eq=False, slots=True)
class Run:
    """The state of a `ConceptSession` while one MODEL computes.

    Attributes:
        patcher: the MODEL.
        guider: the guider; None outside sampling.
        unet, recording, latent: the current call's network, the reference features under its weights, and its latent size (h, w).
        geometry: the result of `render_geometry`, once computed.
        renderings: (recording, branch, latent size) -> rendering.
        samples: (corner (y, x) in latent cells, level, cells (h, w)) -> ray samples.
    """

    patcher: ModelPatcher
    guider: CFGGuider | None
    unet: nn.Module | None = None
    recording: RecordedFeatures | None = None
    latent: tuple[int, int] = (0, 0)
    geometry: tuple[Tensor, Tensor] | None = None
    renderings: dict[Any, Rendering] = field(default_factory=dict)
    samples: dict[Any, RaySamples] = field(default_factory=dict)


@dataclass(eq=False, slots=True)
class ConceptSession:
    """Renders a concept into the branches that show it, in the runs of one MODEL and its clones.

    The negative branch sees the plain backbone, so that guidance points from "without the subject" to "with the subject". The rendered
    features do not depend on the noisy latents. They are therefore used in all steps, and `cache` keeps them for other runs.
    """

    concept: Concept
    blocks: PoseBlocks
    cameras: Cameras  # of the V target views
    caption: Tensor  # [1, L, D] the encoded prompt of the references
    strength: float
    numbers: frozenset[int]
    run: Run | None = None
    scratch: dict[str, Tensor] = field(default_factory=dict)

    @contextmanager
    def running(self, patcher: ModelPatcher, guider: CFGGuider | None = None) -> Iterator[None]:
        """Context for one run of a MODEL. Afterwards, also after an error, nothing stays on the device."""
        self.run = Run(patcher, guider)
        try:
            yield
        finally:
            self.run = None
            self.scratch.clear()
            cache_of(self.concept).park()

    def prepare(self, unet: nn.Module, latent: tuple[int, int], device: torch.device, dtype: torch.dtype) -> None:
        """Before a call: compute the reference features with the U-Net's present weights, or find them in the cache."""
        run = self.run
        run.unet, run.latent = unet, latent
        run.recording = cache_of(self.concept).recording(weights_of(run.patcher, run), self.caption, dtype)
        if not run.recording.features:
            # with no other node's patches, since those are made for the views
            references = partial(run_references, unet, self.caption.to(device, dtype), {"patches": pose_patches()})
            features = record_features(references, unet, self.numbers, self.concept.latents.to(device, dtype))
            run.recording.features = {number: recorded.cpu() for number, recorded in features.items()}

    def visit(self, visit: Visit) -> Tensor:
        """See `PoseSession`."""
        branches = list_branches(visit.options)
        tokens = list(visit.tokens.chunk(len(branches)))
        contexts = visit.context.chunk(len(branches))
        for place, branch in enumerate(branches):
            if branch.shown:
                shown = self._shown(visit, branch, contexts[place])
                merged = self.blocks[visit.number].merge(tokens[place], shown[..., :-1], shown[..., -1:])
                tokens[place] = torch.lerp(tokens[place], merged, self.strength) if self.strength != 1 else merged
        return torch.cat(tokens)

    def render(
        self, number: int, size: tuple[int, int], corner: tuple[int, int] = (0, 0), text: Callable[[Tensor], Tensor] | None = None
    ) -> Rendered:
        """Render one pose block from all target cameras, on a grid of `size` (h, w) cells that begins at `corner` (y, x) of the latents."""
        device, level = self.run.patcher.load_device, self._level(number)
        key = corner, level, size
        if key not in self.run.samples:
            part = self._part(corner, (size[0] << level, size[1] << level))
            self.run.samples[key] = sample_rays(part.to(device), self.concept.cameras.to(device), *size, self.concept.nerf)
        return self.blocks[number].nerf(self.run.recording.features[number].to(device), self.run.samples[key], text)

    def render_geometry(self) -> tuple[Tensor, Tensor]:
        """Distance along the rays and opacity of all views, [V, h, w] each: the mean of the finest pose blocks, computed once per run."""
        run, sites = self.run, self.concept.layout.sites
        if run.geometry is None:
            finest = min(site.level for site in sites)
            size = tuple(side // CELL_PIXELS >> finest for side in (self.cameras.height, self.cameras.width))
            views = [self.render(site.number, size) for site in sites if site.level == finest]
            opacity = torch.stack([rendered.opacity[..., 0] for rendered in views])  # [K, V, P]
            distance = torch.stack([rendered.depth[..., 0] for rendered in views])
            mean = (opacity * distance).sum(0) / opacity.sum(0).clamp_min(1e-6)
            run.geometry = mean.unflatten(1, size), opacity.mean(0).unflatten(1, size)
        return run.geometry

    def _shown(self, visit: Visit, branch: Branch, context: Tensor) -> Tensor:
        """Rendered features with the opacity as last channel, [V, P, C + 1]."""
        run = self.run
        key = run.recording, branch, run.latent
        if key not in run.renderings:
            if not torch.equal(context, context[:1].expand_as(context)):
                raise ValueError("concept: wanted one prompt for all views, got different ones; use one text for the whole batch")
            run.renderings[key] = run.recording.rendering(context[:1], self._part(branch.corner, run.latent))
        shown = run.renderings[key].shown
        if visit.number not in shown:
            text = text_attention_of(find_blocks(run.unet)[visit.number], context[:1])
            size = tuple(visit.options["activations_shape"][-2:])
            rendered = self.render(visit.number, size, branch.corner, text)
            shown[visit.number] = torch.cat([rendered.features, rendered.opacity], dim=-1)
        shown[visit.number] = shown[visit.number].to(visit.tokens.device)  # from RAM in the run's first step
        return shown[visit.number]

    def _part(self, corner: tuple[int, int], size: tuple[int, int]) -> Cameras:
        """The target cameras cropped to a part of the views: corner (y, x) and size (h, w) in latent cells."""
        (y, x), (height, width) = corner, size
        return self.cameras.crop(CELL_PIXELS * x, CELL_PIXELS * y, CELL_PIXELS * width, CELL_PIXELS * height)

    def _level(self, number: int) -> int:
        return next(site.level for site in self.concept.layout.sites if site.number == number)


def run_references(unet: nn.Module, caption: Tensor, options: dict[str, Any], latents: Tensor, entries: dict[str, Any]) -> Tensor:
    """Run the U-Net over clean latents [N, 4, h, w] as independent images at the lowest noise level."""
    options = {**options, KEY: entries, "cond_or_uncond": [POSITIVE]}
    return unet(latents, latents.new_zeros(len(latents)), context=caption.expand(len(latents), -1, -1), transformer_options=options)
