"""One sampling run with a render hook: it is made when the run begins, travels with the run's options, and ends with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from comfy.patcher_extension import WrappersMP, add_wrapper_with_key
from comfy.samplers import CFGGuider
from torch import Tensor

from ....mvcustom_core.rendering.levels import NoiseLevels
from ....mvcustom_core.rendering.operator import RenderOperator
from ....mvcustom_core.rendering.rendering import find_shares, rendering_strength, replace_features
from ....mvcustom_core.surface.correspondence import Correspondence
from ..backbone.motion_run import count_frames
from ..host.call import KEY, Options, record_of
from ..host.eager import uncompiled
from .session import Geometry, Plan, RenderSession

RENDERING_ATTACHMENT = "mvcustom_rendering"

Wrapper = Callable[..., Any]  # a ComfyUI wrapper; its first argument is the executor


@dataclass(eq=False, slots=True)
class PlacedGeometry:
    """Geometry on one device, and what follows from it there.

    Attributes:
        geometry: operators and correspondences.
        keep: level -> share [V, 1, h, w] of each cell that is not replaced.
        shares: level, dtype and strength -> how much of each cell is replaced [V, 1, h, w]; constant, so each is computed once a run.
    """

    geometry: Geometry
    keep: Mapping[int, Tensor]
    shares: dict[tuple[int, torch.dtype, float], Tensor] = field(default_factory=dict)

    def replace(self, features: Tensor, level: int, strength: float) -> Tensor:
        """`replace_features` [(B V), C, h, w] at a level."""
        key, operator = (level, features.dtype, strength), self.geometry.operators[level]
        if key not in self.shares:
            self.shares[key] = (strength * find_shares(operator, self.keep.get(level))).to(features.dtype)
        return replace_features(features, operator, self.shares[key])


@dataclass(frozen=True, eq=False)
class KnownLatents:
    """What a run keeps of the latents that it was given, as a noise mask says: a photograph, say.

    ComfyUI puts them back after each prediction. Rendering needs them before, or the other views would follow a guess of the photograph.

    Attributes:
        latents: [V, C, h, w] as the model takes them.
        kept: [V, C, h, w] bool.
    """

    latents: Tensor  # [V, C, h, w]
    kept: Tensor  # [V, C, h, w]

    def restore(self, denoised: Tensor) -> Tensor:
        """A prediction [V, C, h, w] with what is known in its place."""
        return torch.where(self.kept, self.latents, denoised)

    def to(self, device: torch.device) -> KnownLatents:
        return KnownLatents(self.latents.to(device), self.kept.to(device))


@dataclass(eq=False)
class RenderRun:
    """Renders the anchors' features into the other views in one sampling run.

    Attributes:
        plan: what is rendered, and how far into the denoising.
        keep: level -> share [V, 1, h, w] of each cell that is not replaced.
        levels: the noise levels that the model was trained on.
        geometry: operators and correspondences; None until depth is known.
        known: what the run keeps of its first latents; None if it draws all of them.
        placed: device -> the geometry there; it is copied there once, not with every call.
    """

    plan: Plan
    keep: Mapping[int, Tensor]
    levels: NoiseLevels
    geometry: Geometry | None
    known: KnownLatents | None = None
    placed: dict[torch.device, PlacedGeometry] = field(default_factory=dict)

    def predict(
        self, executor: Callable[..., Tensor], x: Tensor, timestep: Tensor, model_options: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Tensor:
        """PREDICT_NOISE wrapper: set the rendering strength of this step, and render the prediction if the plan says so.

        With rendered features alone each view keeps its own noise and its drift: where the anchor is denoised to x, a view that differs
        by d is denoised to x + d. Rendering the prediction removes d.
        """
        return self.render_step(self.read_progress(timestep), executor, x, timestep, model_options, *args, **kwargs)

    def read_progress(self, timestep: Tensor) -> float:
        """The progress of denoising at the noise level [V] of a step. Nothing else of rendering waits for the device in a step."""
        return self.levels.find_progress(float(timestep.flatten()[0]))

    def render_step(
        self, progress: float, executor: Callable[..., Tensor], x: Tensor, timestep: Tensor, model_options: dict[str, Any],
        *args: Any, **kwargs: Any,
    ) -> Tensor:  # fmt: skip
        """`predict` at a known progress of denoising."""
        options = model_options["transformer_options"]
        strength = rendering_strength(progress, self.plan.settings)
        entries = {**options[KEY], "rendering_strength": strength}
        if self.geometry is None:
            entries.pop("scopes", None)  # there is no surface to follow yet
        denoised = executor(x, timestep, {**model_options, "transformer_options": {**options, KEY: entries}}, *args, **kwargs)
        if not self.plan.prediction or self.geometry is None or strength == 0:
            return denoised
        return self.place(denoised.device).replace(self._restore_known(denoised), 0, strength)

    def _restore_known(self, denoised: Tensor) -> Tensor:
        if self.known is None:
            return denoised
        if self.known.latents.device != denoised.device:
            self.known = self.known.to(denoised.device)  # once a run
        return self.known.restore(denoised)

    def renew(self, geometry: Geometry) -> None:
        """Replace the geometry."""
        self.geometry = geometry
        self.placed.clear()

    def render(self, x: Tensor, block: tuple[str, int], options: Options) -> Tensor:
        """Replace features [(B V), C, h, w] after a spatial transformer by the anchors' rendered ones, if its block is a site."""
        level, entries = self.plan.sites.get(block), record_of(options)
        strength = entries.get("rendering_strength", 0.0)  # 0 in calls that predict nothing
        if level is None or self.geometry is None or entries.get("bypass_motion") or strength == 0:
            return x
        placed = self.place(x.device)
        _check_batch(placed.geometry.operators[level], x, options)
        return placed.replace(x, level, strength)

    def find_correspondences(self, device: torch.device) -> Mapping[int, Correspondence]:
        """Level -> correspondence on this device; empty until depth is known."""
        return {} if self.geometry is None else self.place(device).geometry.correspondences

    def place(self, device: torch.device) -> PlacedGeometry:
        if device not in self.placed:
            operators = {level: self.geometry.operators[level] for level in self.plan.rendered_levels}
            geometry = replace(self.geometry, operators=operators).to(device)
            self.placed[device] = PlacedGeometry(geometry, {level: share.to(device) for level, share in self.keep.items()})
        return self.placed[device]


def sample_rendered(
    session: RenderSession,
    executor: Callable[..., Any],
    noise: Tensor,
    latents: Tensor,
    sampler: Any,
    sigmas: Tensor,
    denoise_mask: Tensor | None = None,
    *args: Any,
    **kwargs: Any,
) -> Any:
    """OUTER_SAMPLE wrapper: a run that renders by the geometry that the node computed."""
    guider = executor.class_obj
    noise, levels = session.prepare(guider, noise)
    known = None
    if denoise_mask is not None and session.plan.prediction:
        known = KnownLatents(guider.model_patcher.model.process_latent_in(latents.float()), denoise_mask == 0)
    run = RenderRun(session.plan, session.keep, levels, session.geometry, known)
    with running(run, guider, run.predict):
        return executor(noise, latents, sampler, sigmas, denoise_mask, *args, **kwargs)


@contextmanager
def running(run: RenderRun, guider: CFGGuider, predict: Wrapper) -> Iterator[None]:
    """Hand a run and its PREDICT_NOISE wrapper to the options of the guider's run, and free the devices after it."""
    options = guider.model_options  # ComfyUI copies the MODEL's for each run
    record = options["transformer_options"].setdefault(KEY, {})
    record.update(after_spatial=run.render, correspondences=run.find_correspondences)
    add_wrapper_with_key(WrappersMP.PREDICT_NOISE, RENDERING_ATTACHMENT, predict, options, is_model_options=True)
    try:
        with uncompiled(guider, "feature rendering"):
            yield
    finally:
        run.placed.clear()


def _check_batch(operator: RenderOperator, x: Tensor, options: Options) -> None:
    wanted, got = (len(operator.mask), *operator.mask.shape[-2:]), (count_frames(len(x), options), *x.shape[-2:])
    if got != wanted:
        raise ValueError(
            f"feature rendering: wanted {wanted[0]} whole views of {wanted[2]}x{wanted[1]} cells in one batch, got {got[0]} of "
            f"{got[2]}x{got[1]}; sample all views at once, and give no prompt an area of the picture"
        )
