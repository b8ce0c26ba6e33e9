"""Renders a concept while a U-Net runs: which features each pose block receives, and for which branches of the batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from comfy.model_patcher import ModelPatcher
from comfy.samplers import CFGGuider
from torch import Tensor, nn
from torch.nn.functional import interpolate, max_pool2d

from ....mvcustom_core.camera.cameras import Cameras
from ....mvcustom_core.concept.concept import Concept
from ....mvcustom_core.concept.feature_nerf import Rendered
from ....mvcustom_core.concept.pose_block import PoseBlocks
from ....mvcustom_core.concept.ray_samples import RaySamples, sample_rays
from ..host.call import KEY, Visit
from .branches import Branch, list_branches
from .cache import RecordedFeatures, Rendering, Shown, Weights, cache_of, weights_of
from .pose import find_blocks, pose_patches, record_features, text_attention_of

POSITIVE = 0  # ComfyUI's mark of a positive condition in `cond_or_uncond`
CELL_PIXELS = 8  # side of a latent cell

Size = tuple[int, int]  # height and width in cells


@dataclass(frozen=True, eq=False, slots=True)
class AppliedConcept:
    """A concept on a MODEL and its clones, as the user has set it. What a run computes is in its `ConceptSession`."""

    concept: Concept
    cameras: Cameras  # of the V target views
    caption: Tensor  # [1, L, D] the encoded prompt of the references, on the CPU
    strength: float

    @property
    def levels(self) -> dict[int, int]:
        """Transformer number -> its U-Net level."""
        return {site.number: site.level for site in self.concept.layout.sites}


@dataclass(eq=False, slots=True)
class ConceptSession:
    """Renders a concept into the branches that show it, in one run of one MODEL.

    The negative branch sees the plain backbone, so that guidance points from "without the subject" to "with the subject". The rendered
    features do not depend on the noisy latents. They are therefore used in all steps, and `cache_of` the concept keeps them for other runs.

    Attributes:
        applied: the concept, as it was applied.
        blocks: the MODEL's pose blocks; ComfyUI decides where their weights lie.
        patcher: the MODEL.
        guider: the guider; None outside sampling.
        unet, recording, latent: the current call's network, the reference features under its weights, and its latent size.
        recordings: all recordings of this run by weights and dtype.
        geometry: the result of `render_geometry`, once computed.
        renderings: (recording, branch, latent size) -> rendering.
        samples: (corner, area and cells, all in (y, x) order) -> ray samples.
        shares: the results of `find_subject_share`.
    """

    applied: AppliedConcept
    blocks: PoseBlocks
    patcher: ModelPatcher
    guider: CFGGuider | None = None
    unet: nn.Module | None = None
    recording: RecordedFeatures | None = None
    latent: Size = (0, 0)
    recordings: dict[tuple[Weights, torch.dtype], RecordedFeatures] = field(default_factory=dict)
    geometry: tuple[Tensor, Tensor] | None = None
    renderings: dict[Any, Rendering] = field(default_factory=dict)
    samples: dict[Any, RaySamples] = field(default_factory=dict)
    shares: dict[Any, Tensor] = field(default_factory=dict)
    scratch: dict[str, Tensor] = field(default_factory=dict)
    numbers: frozenset[int] = field(init=False)

    def __post_init__(self) -> None:
        self.numbers = frozenset(self.applied.levels)

    @property
    def device(self) -> torch.device:
        """Where everything of this run is computed, wherever ComfyUI keeps the weights."""
        return self.patcher.load_device

    def close(self) -> None:
        """After the run, also after an error: leave nothing on the device."""
        cache_of(self.applied.concept).park()

    def prepare(self, unet: nn.Module, latent: Size, device: torch.device, dtype: torch.dtype) -> None:
        """Before a call: compute the reference features with the U-Net's present weights, or find them in the cache."""
        self.unet, self.latent = unet, latent
        concept, caption, key = self.applied.concept, self.applied.caption, (weights_of(self.patcher, self), dtype)
        if key not in self.recordings:
            self.recordings[key] = cache_of(concept).recording(key[0], caption, dtype)
        self.recording = self.recordings[key]
        if not self.recording.features:
            # with no other node's patches, since those are made for the views
            references = partial(run_references, unet, caption.to(device, dtype), {"patches": pose_patches()})
            features = record_features(references, find_blocks(unet), self.numbers, concept.latents.to(device, dtype))
            self.recording.features = {number: recorded.cpu() for number, recorded in features.items()}

    def visit(self, visit: Visit) -> Tensor:
        """See `PoseSession`."""
        branches, strength = list_branches(visit.options), self.applied.strength
        before, added, contexts = (tensor.chunk(len(branches)) for tensor in (visit.before, visit.added, visit.context))
        parts = list(added)
        for place, branch in enumerate(branches):
            if branch.shown:
                shown = self._show(visit, branch, contexts[place])
                change = self.blocks[visit.number].find_change(before[place] + added[place], shown.projected, shown.opacity)
                parts[place] = added[place] + (change if strength == 1 else strength * change)
        return torch.cat(parts) if len(parts) > 1 else parts[0]

    def render(
        self,
        number: int,
        cells: Size,
        corner: Size = (0, 0),
        area: Size | None = None,
        text: Callable[[Tensor], Tensor] | None = None,
    ) -> Rendered:
        """Render one pose block from all target cameras.

        Args:
            number: number of the transformer.
            cells: the grid of the block's features.
            corner, area: where the rendered part of the views begins and how large it is, in latent cells; None: as many as the grid has
                at this block's level.
            text: the block's text cross-attention.
        """
        level, device = self.applied.levels[number], self.device
        area = area or (cells[0] << level, cells[1] << level)
        key = corner, area, cells
        if key not in self.samples:
            concept = self.applied.concept
            self.samples[key] = sample_rays(self._crop(corner, area).to(device), concept.cameras.to(device), *cells, concept.nerf)
        nerf = self.blocks[number].nerf
        placed = {name: weight.to(device) for name, weight in nerf.named_parameters()}  # some stay in RAM where memory is short
        features = self.recording.features[number].to(device)
        return torch.func.functional_call(nerf, placed, (features, self.samples[key], text))

    def render_geometry(self) -> tuple[Tensor, Tensor]:
        """Distance along the rays and opacity of all views, [V, h, w] each: the mean of the finest pose blocks, computed once per run."""
        if self.geometry is None:
            levels, cameras = self.applied.levels, self.applied.cameras
            finest = min(levels.values())
            area = cameras.height // CELL_PIXELS, cameras.width // CELL_PIXELS
            cells = area[0] >> finest, area[1] >> finest
            views = [self.render(number, cells, area=area) for number, level in levels.items() if level == finest]
            opacity = torch.stack([rendered.opacity[..., 0] for rendered in views])  # [K, V, P]
            distance = torch.stack([rendered.depth[..., 0] for rendered in views])
            mean = (opacity * distance).sum(0) / opacity.sum(0).clamp_min(1e-6)
            self.geometry = mean.unflatten(1, cells), opacity.mean(0).unflatten(1, cells)
        return self.geometry

    def find_subject_share(self, beside: float, like: Tensor) -> Tensor:
        """1 where the subject or a neighbour of it is, and `beside` elsewhere: [V, 1, h, w] for latents [V, 4, h, w], once per run."""
        key = beside, like.shape[-2:], like.device, like.dtype
        if key not in self.shares:
            opacity = max_pool2d(self.render_geometry()[1][:, None], 3, stride=1, padding=1)  # neighbours count as subject
            subject = interpolate(opacity.to(like), like.shape[-2:], mode="bilinear")
            self.shares[key] = beside + (1 - beside) * subject
        return self.shares[key]

    def _show(self, visit: Visit, branch: Branch, context: Tensor) -> Shown:
        """What the visited block shows of the subject in this branch."""
        key = self.recording, branch, self.latent
        if key not in self.renderings:
            if not torch.equal(context, context[:1].expand_as(context)):
                raise ValueError("concept: wanted one prompt for all views, got different ones; use one text for the whole batch")
            self.renderings[key] = self.recording.rendering(context[:1], self._crop(branch.corner, self.latent))
        shown = self.renderings[key].shown
        number, cells = visit.number, tuple(visit.options["activations_shape"][-2:])
        if (number, cells) not in shown:
            text = text_attention_of(find_blocks(self.unet)[number], context[:1])
            rendered = self.render(number, cells, branch.corner, self._area(number, cells), text)
            shown[number, cells] = Shown(self.blocks[number].project(rendered.features), rendered.opacity)
        shown[number, cells] = shown[number, cells].to(visit.added.device)  # from RAM in the run's first step
        return shown[number, cells]

    def _area(self, number: int, cells: Size) -> Size:
        """The latent cells that a block's grid covers: its own share of them, or all where another node has resized the features."""
        level = self.applied.levels[number]
        return tuple(side << level if side == -(-whole >> level) else whole for side, whole in zip(cells, self.latent, strict=True))

    def _crop(self, corner: Size, area: Size) -> Cameras:
        """The target cameras cropped to a part of the views, in latent cells."""
        (y, x), (height, width) = corner, area
        return self.applied.cameras.crop(CELL_PIXELS * x, CELL_PIXELS * y, CELL_PIXELS * width, CELL_PIXELS * height)


def run_references(unet: nn.Module, caption: Tensor, options: dict[str, Any], latents: Tensor, entries: dict[str, Any]) -> Tensor:
    """Run the U-Net over clean latents [N, 4, h, w] as independent images at the lowest noise level."""
    options = {**options, KEY: entries, "cond_or_uncond": [POSITIVE]}
    return unet(latents, latents.new_zeros(len(latents)), context=caption.expand(len(latents), -1, -1), transformer_options=options)
