"""Depth-aware feature rendering at work in the runs of one MODEL: how strongly at a step, where in the decoder, by which geometry."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from ....mvcustom_core.camera.cameras import Cameras
from ....mvcustom_core.rendering.operator import RenderOperator, build_render_operators
from ....mvcustom_core.rendering.rendering import RenderingSettings, rendering_strength, replace_features, share_noise
from ....mvcustom_core.surface.correspondence import Correspondence, find_correspondences
from ....mvcustom_core.surface.depth import AnchorDepth
from ..backbone.motion_run import count_frames
from ..concept.application import check_latents
from ..host.call import KEY, record_of
from ..host.eager import uncompiled


@dataclass(frozen=True, eq=False)
class Geometry:
    """What the anchors' depth says of the views, by U-Net level (0 is the latents' resolution)."""

    operators: Mapping[int, RenderOperator]
    correspondences: Mapping[int, Correspondence]

    def to(self, device: torch.device) -> Geometry:
        return Geometry(*({level: part.to(device) for level, part in parts.items()} for parts in (self.operators, self.correspondences)))


@dataclass(frozen=True, slots=True)
class Plan:
    """Where a MODEL needs geometry, and when.

    Attributes:
        cameras: of all V views.
        settings: when features are replaced, and how strongly.
        sites: the blocks whose features are replaced, and their levels.
        paths: levels whose motion modules follow the surface.
        shared_noise: whether the start noise moves with the anchors' surface.
        prediction: whether the predicted clean latents are rendered, too.
    """

    cameras: Cameras
    settings: RenderingSettings
    sites: Mapping[tuple[str, int], int]
    paths: tuple[int, ...]
    shared_noise: bool
    prediction: bool

    @property
    def rendered_levels(self) -> set[int]:
        """Levels at which something of the views is replaced; the prediction is on level 0."""
        return {*self.sites.values(), *([0] if self.prediction else [])}

    def size(self, level: int) -> tuple[int, int]:
        """Cells (h, w) of a level; strided convolutions round up."""
        return -(-self.cameras.height // 8 >> level), -(-self.cameras.width // 8 >> level)

    def build_geometry(self, anchors: Sequence[AnchorDepth]) -> Geometry:
        """What is needed of the anchors' depth.

        Raises:
            ValueError: if an anchor is no view.
        """
        levels = {level: self.size(level) for level in {0, *self.sites.values()}}
        operators = build_render_operators(anchors, self.cameras, levels.values())
        paths = find_correspondences(anchors, self.cameras, [self.size(level) for level in self.paths]) if self.paths else {}
        return Geometry(
            {level: operators[size] for level, size in levels.items()}, {level: paths[self.size(level)] for level in self.paths}
        )


@dataclass(eq=False, slots=True)
class RenderSession:
    """Renders the anchors' features into the other views, in the runs of one MODEL and its clones.

    Attributes:
        geometry: absent until it is known.
        keep: by level, the share [V, 1, h, w] of each cell that is left alone.
        step, steps: where in its schedule the current run is.
        placed: geometry and `keep` on the devices that a run computes on.
    """

    plan: Plan
    geometry: Geometry | None
    keep: Mapping[int, Tensor]
    step: int = 0
    steps: int = 0
    placed: dict[torch.device, tuple[Geometry, dict[int, Tensor]]] = field(default_factory=dict)

    def sample(self, executor: Callable[..., Any], noise: Tensor, *args: Any, **kwargs: Any) -> Any:
        """Around a run: refuse latents that do not belong to the cameras, prepare the start noise, and leave nothing on the device."""
        check_latents(executor.class_obj.model_patcher, self.plan.cameras, noise.shape)
        if self.plan.shared_noise and self.geometry is not None:
            noise = share_noise(noise, self.geometry.operators[0].to(noise.device))
        try:
            with uncompiled(executor.class_obj, "feature rendering"):
                return executor(noise, *args, **kwargs)
        finally:
            self.placed.clear()

    def predict(
        self, executor: Callable[..., Tensor], x: Tensor, timestep: Tensor, model_options: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Tensor:
        """Around all model calls of a step: their strength, asked for once, since reading a noise level waits for the device.

        Features alone leave each view its own noise and whatever it has drifted by: where the anchor is denoised to x, a view that is d
        away from it comes to x + d. The rendered prediction takes d away.
        """
        options = model_options["transformer_options"]
        self.step, self.steps = find_step(options["sample_sigmas"], timestep)
        strength = rendering_strength(self.step, self.steps, self.plan.settings)
        entries = {**options[KEY], "rendering_strength": strength}
        if self.geometry is None:
            entries.pop("scopes", None)  # there is no surface to follow yet
        denoised = executor(x, timestep, {**model_options, "transformer_options": {**options, KEY: entries}}, *args, **kwargs)
        if not self.plan.prediction or self.geometry is None:
            return denoised
        geometry, keep = self._place(denoised.device)
        return replace_features(denoised, geometry.operators[0], strength, keep.get(0))

    def renew(self, geometry: Geometry | None) -> None:
        """Go on with another geometry."""
        self.geometry = geometry
        self.placed.clear()

    def render(self, x: Tensor, block: tuple[str, int], options: dict[str, Any]) -> Tensor:
        """Features [(B V), C, h, w] after a spatial transformer, with the anchors' in them where it is a site."""
        level, entries = self.plan.sites.get(block), record_of(options)
        strength = entries.get("rendering_strength", 0.0)  # none in calls outside of sampling
        if level is None or self.geometry is None or entries.get("bypass_motion") or strength == 0:
            return x
        geometry, keep = self._place(x.device)
        operator = geometry.operators[level]
        wanted, got = (len(operator.mask), *operator.mask.shape[-2:]), (count_frames(len(x), options), *x.shape[-2:])
        if got != wanted:
            raise ValueError(
                f"feature rendering: wanted {wanted[0]} whole views of {wanted[2]}x{wanted[1]} cells in one batch, got {got[0]} of "
                f"{got[2]}x{got[1]}; sample all views at once, and give no prompt an area of the picture"
            )
        return replace_features(x, operator, strength, keep.get(level))

    def find_correspondences(self, device: torch.device) -> Mapping[int, Correspondence]:
        """By level, as far as they are known."""
        return {} if self.geometry is None else self._place(device)[0].correspondences

    def _place(self, device: torch.device) -> tuple[Geometry, dict[int, Tensor]]:
        if device not in self.placed:  # once, not with every call
            self.placed[device] = self.geometry.to(device), {level: share.to(device) for level, share in self.keep.items()}
        return self.placed[device]


def find_step(schedule: Tensor, sigma: Tensor) -> tuple[int, int]:
    """The step that a call belongs to, and how many there are; a step's noise level lies at or below its start."""
    steps = len(schedule) - 1
    reached = int((schedule[:-1] >= sigma.flatten()[0] * (1 - 1e-4)).sum()) - 1
    return min(max(reached, 0), steps - 1), steps
