"""Depth-aware rendering in one pass: the anchor's depth is estimated from the predicted clean latents, and again in later steps."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import comfy.model_management
from comfy.model_patcher import ModelPatcher
from comfy.samplers import CFGGuider
from comfy.sd import VAE
from torch import Tensor

from ....mvcustom_core.anchor.choice import summarize_coverage
from ....mvcustom_core.anchor.estimate import DepthEstimate
from ....mvcustom_core.camera.cameras import Cameras
from ....mvcustom_core.surface.depth import AnchorDepth, RenderedDepth
from ....mvcustom_core.surface.surface import build_surfaces
from ..concept.application import render_depth, session_of
from ..depth.anchor_depth import align_estimate
from ..depth.model import EMBEDDED, check_embedded_head, estimate_depth, open_depth_model
from ..host.progress import stop_if_cancelled
from ..host.tensors import read_images
from .hook import HookOptions, attach_session, open_session
from .session import Geometry, RenderSession

DEPTH_ATTACHMENT = "mvcustom_depth_model"

log = logging.getLogger("mvcustom.bridge.rendering")


@dataclass(frozen=True, slots=True)
class Estimation:
    """How depth is estimated while sampling.

    Attributes:
        vae: decodes the anchor's predicted latents.
        depth_model: one of `list_depth_models`.
        anchor: number of the view that the others follow.
        moments: shares of the denoising steps after which depth is estimated, between 0 and 1, ascending.
    """

    vae: VAE
    depth_model: str
    anchor: int
    moments: tuple[float, ...] = (0.1, 0.2, 0.4)

    def __post_init__(self) -> None:
        ascending = all(a < b for a, b in zip((0.0, *self.moments), (*self.moments, 1.0), strict=True))
        if not self.moments or not ascending:
            raise ValueError(f"estimate_at: wanted ascending shares between 0 and 1, such as 0.1, 0.2, 0.4, got {self.moments}")


def read_moments(text: str) -> tuple[float, ...]:
    """Parse shares of the steps, separated by commas.

    Raises:
        ValueError: if a part is not a number.
    """
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise ValueError(
            f'estimate_at: wanted shares of the steps with commas between them, such as "0.1, 0.2, 0.4", got "{text}"'
        ) from None


def apply_one_pass(model: ModelPatcher, cameras: Cameras, options: HookOptions, estimation: Estimation) -> ModelPatcher:
    """Clone a MODEL so that it estimates the anchor's depth while sampling and from then on renders its features into the other views.

    Raises:
        ValueError: if the model cannot carry the hook, the anchor is not one of the views, rendering ends before the first estimate, the
            depth model cannot be read, or it is the embedded one and the backbone is another.
    """
    if not 0 <= estimation.anchor < len(cameras):
        raise ValueError(
            f"anchor: wanted a view from 0 to {len(cameras) - 1}, got {estimation.anchor}; choose one of the trajectory's views"
        )
    if options.settings.until <= estimation.moments[0]:
        raise ValueError(
            f"estimate_at: wanted the first estimate before rendering ends at {options.settings.until}, got {estimation.moments[0]}; "
            "estimate earlier, or render for longer"
        )
    session = open_session(model, cameras, replace(options, shared_noise=False))  # the noise is drawn before any depth is known
    if estimation.depth_model == EMBEDDED:
        check_embedded_head(model)
    rendered = None if session_of(model) is None else render_depth(model, cameras, estimation.anchor)
    one_pass = OnePass(session, estimation, rendered)
    hooked = attach_session(model, session, options, one_pass.sample, one_pass.predict)
    if estimation.depth_model != EMBEDDED:
        hooked.set_attachments(DEPTH_ATTACHMENT, open_depth_model(estimation.depth_model))  # read once, and held as long as the model
    return hooked


@dataclass(eq=False, slots=True)
class OnePass:
    """Gives a session its geometry after some of the steps, and replaces it after later ones.

    Attributes:
        session: the render session.
        estimation: how and when depth is estimated.
        rendered: the concept's rendered depth of the anchor, which fixes the scale; None without a concept.
        done: number of moments that have passed in the current run.
    """

    session: RenderSession
    estimation: Estimation
    rendered: RenderedDepth | None
    done: int = 0

    def sample(self, executor: Callable[..., Any], noise: Tensor, *args: Any, **kwargs: Any) -> Any:
        """OUTER_SAMPLE wrapper: start without geometry, and drop it after the run."""
        self._forget()
        try:
            return self.session.sample(executor, noise, *args, **kwargs)
        finally:
            self._forget()

    def predict(self, executor: Callable[..., Tensor], x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        """PREDICT_NOISE wrapper: estimate depth from this step's prediction if a moment has passed; the next step uses it."""
        denoised = self.session.predict(executor, x, *args, **kwargs)
        moments, step, steps = self.estimation.moments, self.session.step, self.session.steps
        passed = sum(step + 1 >= round(moment * steps) for moment in moments)
        if passed > self.done:
            self.done = passed
            self._renew(denoised, executor.class_obj, f"after step {step + 1} of {steps}")
        return denoised

    def _forget(self) -> None:
        self.done = 0
        self.session.renew(None)

    def _renew(self, denoised: Tensor, guider: CFGGuider, when: str) -> None:
        anchor = self.estimation.anchor
        estimate = self._estimate(denoised[anchor : anchor + 1], guider)
        try:
            depth = align_estimate(estimate, self.session.plan.cameras, anchor, self.rendered)
        except ValueError as refusal:
            if self.session.geometry is None and self.done == len(self.estimation.moments):
                raise ValueError(
                    f"one pass: wanted a depth of the anchor to render it by, got none up to the last estimate, {when}: {refusal}. "
                    "Estimate later, take another depth model or anchor, or use two passes"
                ) from refusal
            log.warning("one pass, %s: this depth is left out: %s", when, refusal)
            return
        self.session.renew(self._build_geometry(depth))
        log.info("one pass, %s: %s; %s", when, depth.depth.report, summarize_coverage(self.session.geometry.operators[0]).text)

    def _build_geometry(self, depth: AnchorDepth) -> Geometry:
        plan = self.session.plan
        return plan.build_geometry(build_surfaces([depth], plan.cameras, progress=stop_if_cancelled), stop_if_cancelled)

    def _estimate(self, denoised: Tensor, guider: CFGGuider) -> DepthEstimate:
        """Decode the anchor's predicted latent [1, 4, h, w] and estimate its depth. Afterwards the U-Net is loaded again."""
        loaded = comfy.model_management.loaded_models(only_currently_used=True)
        in_use = [patcher for patcher in loaded if patcher is not None]  # ComfyUI keeps the place of a model that nobody holds any more
        image = self.estimation.vae.decode(guider.inner_model.process_latent_out(denoised.float()))
        estimate = estimate_depth(self.estimation.depth_model, read_images(image, "vae")[0])
        comfy.model_management.load_models_gpu(in_use)
        comfy.model_management.throw_exception_if_processing_interrupted()
        return estimate
