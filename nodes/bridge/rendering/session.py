"""Renders anchor features while a MODEL samples: the strength in each step, the decoder blocks and the geometry."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from ....mvcustom_core.camera.cameras import Cameras
from ....mvcustom_core.progress import Progress, span_progress
from ....mvcustom_core.rendering.operator import RenderOperator, build_render_operators
from ....mvcustom_core.rendering.rendering import RenderingSettings, rendering_strength, replace_features, share_noise
from ....mvcustom_core.surface.correspondence import Correspondence, find_correspondences
from ....mvcustom_core.surface.surface import Surface
from ..backbone.motion_run import count_frames
from ..concept.application import check_latents
from ..host.call import KEY, record_of
from ..host.eager import uncompiled


@dataclass(frozen=True, eq=False)
class Geometry:
    """Render operators and correspondences from the anchors' depth, by U-Net level; level 0 has the latents' resolution."""

    operators: Mapping[int, RenderOperator]
    correspondences: Mapping[int, Correspondence]

    def to(self, device: torch.device) -> Geometry:
        return Geometry(*({level: part.to(device) for level, part in parts.items()} for parts in (self.operators, self.correspondences)))


@dataclass(frozen=True, slots=True)
class Plan:
    """What is rendered in a MODEL, and in which steps.

    Attributes:
        cameras: the V cameras of all views.
        settings: in which steps features are replaced, and how strongly.
        sites: blocks whose features are replaced -> their U-Net levels.
        paths: levels whose motion modules attend along the surface.
        shared_noise: whether the initial noise is warped from the anchors.
        prediction: whether the predicted clean latents are rendered as well.
    """

    cameras: Cameras
    settings: RenderingSettings
    sites: Mapping[tuple[str, int], int]
    paths: tuple[int, ...]
    shared_noise: bool
    prediction: bool

    @property
    def rendered_levels(self) -> set[int]:
        """The levels at which features or predictions are replaced. The prediction has level 0."""
        return {*self.sites.values(), *([0] if self.prediction else [])}

    def size(self, level: int) -> tuple[int, int]:
        """Cells (h, w) of a level. Strided convolutions round up."""
        return -(-self.cameras.height // 8 >> level), -(-self.cameras.width // 8 >> level)

    def build_geometry(self, surfaces: Sequence[Surface], progress: Progress) -> Geometry:
        """Build the operators and correspondences of all levels that need them."""
        levels = {level: self.size(level) for level in {0, *self.sites.values()}}
        followed = [self.size(level) for level in self.paths]
        share = 0.7 if followed else 1.0  # of the time, which the operators take
        operators = build_render_operators(surfaces, levels.values(), progress=span_progress(progress, 0.0, share))
        paths = find_correspondences(surfaces, followed, span_progress(progress, share, 1.0)) if followed else {}
        return Geometry(
            {level: operators[size] for level, size in levels.items()}, {level: paths[self.size(level)] for level in self.paths}
        )


@dataclass(eq=False, slots=True)
class RenderSession:
    """Renders the anchors' features into the other views, in the runs of one MODEL and its clones.

    Attributes:
        plan: what is rendered, and in which steps.
        geometry: operators and correspondences; None until depth is known.
        keep: level -> share [V, 1, h, w] of each cell that is not replaced.
        step, steps: number of the current step, from 0, and of all steps.
        placed: device -> geometry and `keep` on that device.
    """

    plan: Plan
    geometry: Geometry | None
    keep: Mapping[int, Tensor]
    step: int = 0
    steps: int = 0
    placed: dict[torch.device, tuple[Geometry, dict[int, Tensor]]] = field(default_factory=dict)

    def sample(self, executor: Callable[..., Any], noise: Tensor, *args: Any, **kwargs: Any) -> Any:
        """OUTER_SAMPLE wrapper: check the latents against the cameras, share the initial noise, and free the device afterwards."""
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
        """PREDICT_NOISE wrapper: set the rendering strength of this step, and render the prediction if the plan says so.

        The strength is computed once per step, because reading a noise level waits for the device. With rendered features alone each view
        keeps its own noise and its drift: where the anchor is denoised to x, a view that differs by d is denoised to x + d. Rendering the
        prediction removes d.
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
        """Replace the geometry."""
        self.geometry = geometry
        self.placed.clear()

    def render(self, x: Tensor, block: tuple[str, int], options: dict[str, Any]) -> Tensor:
        """Replace features [(B V), C, h, w] after a spatial transformer by the anchors' rendered ones, if its block is a site."""
        level, entries = self.plan.sites.get(block), record_of(options)
        strength = entries.get("rendering_strength", 0.0)  # 0 in calls outside sampling
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
        """Level -> correspondence on this device; empty until depth is known."""
        return {} if self.geometry is None else self._place(device)[0].correspondences

    def _place(self, device: torch.device) -> tuple[Geometry, dict[int, Tensor]]:
        if device not in self.placed:  # once, not with every call
            self.placed[device] = self.geometry.to(device), {level: share.to(device) for level, share in self.keep.items()}
        return self.placed[device]


def find_step(schedule: Tensor, sigma: Tensor) -> tuple[int, int]:
    """The number of the step that a noise level belongs to, and the number of steps. Samplers also call at levels below a step's start."""
    steps = len(schedule) - 1
    reached = int((schedule[:-1] >= sigma.flatten()[0] * (1 - 1e-4)).sum()) - 1
    return min(max(reached, 0), steps - 1), steps
