"""Depth-aware rendering in one pass: the anchor's depth is estimated from the predicted clean latents, and again in later steps."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import comfy.model_management
from comfy.model_patcher import ModelPatcher
from comfy.samplers import CFGGuider
from comfy.sd import VAE
from torch import Tensor

from ....mvcustom_core.anchor.choice import summarize_coverage
from ....mvcustom_core.anchor.estimate import DepthEstimate
from ....mvcustom_core.camera.cameras import Cameras
from ....mvcustom_core.rendering.levels import has_passed
from ....mvcustom_core.surface.depth import AnchorDepth, RenderedDepth
from ..concept.application import find_applied_concept, render_depth
from ..depth.anchor_depth import align_estimate
from ..depth.model import EMBEDDED, check_embedded_head, estimate_depth, open_depth_model
from ..host.progress import stop_if_cancelled
from ..host.tensors import read_images
from .hook import HookOptions, attach_hook, make_plan
from .run import RenderRun, running
from .session import Geometry, RenderSession, build_near_device

DEPTH_ATTACHMENT = "mvcustom_depth_model"

log = logging.getLogger("mvcustom.bridge.rendering")


@dataclass(frozen=True, slots=True)
class Estimation:
    """How depth is estimated while sampling.

    Attributes:
        vae: decodes the anchor's predicted latents.
        depth_model: one of `list_depth_models`.
        anchor: number of the view that the others follow.
        moments: progress of denoising after which depth is estimated, between 0 and 1, ascending.
    """

    vae: VAE
    depth_model: str
    anchor: int
    moments: tuple[float, ...] = (0.1, 0.2, 0.4)

    def __post_init__(self) -> None:
        check_ascending(self.moments)


def read_moments(text: str) -> tuple[float, ...]:
    """Parse shares of the denoising, separated by commas.

    Raises:
        ValueError: if a part is not a number.
    """
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise ValueError(
            f'estimate_at: wanted shares of the denoising with commas between them, such as "0.1, 0.2, 0.4", got "{text}"'
        ) from None


def check_ascending(moments: tuple[float, ...]) -> None:
    """Check that there are shares of the denoising, and that they lie between 0 and 1 and ascend.

    Raises:
        ValueError: if not.
    """
    if not moments or not all(a < b for a, b in zip((0.0, *moments), (*moments, 1.0), strict=True)):
        raise ValueError(f"estimate_at: wanted ascending shares between 0 and 1, such as 0.1, 0.2, 0.4, got {moments}")


def check_first_estimate(moments: tuple[float, ...], until: float) -> None:
    """Check that depth is estimated while features are still rendered.

    Raises:
        ValueError: if not.
    """
    if until <= moments[0]:
        raise ValueError(
            f"estimate_at: wanted the first estimate before rendering ends at {until}, got {moments[0]}; estimate earlier, or raise until"
        )


def check_moments(estimate_at: str, until: float) -> None:
    """Check when depth is estimated, before anything runs.

    Raises:
        ValueError: if the shares cannot be read, do not ascend, or begin after rendering ends.
    """
    moments = read_moments(estimate_at)
    check_ascending(moments)
    check_first_estimate(moments, until)


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
    check_first_estimate(estimation.moments, options.settings.until)
    plan = make_plan(model, cameras, replace(options, shared_noise=False))  # the noise is drawn before any depth is known
    if estimation.depth_model == EMBEDDED:
        check_embedded_head(model)
    rendered = None if find_applied_concept(model) is None else render_depth(model, cameras, estimation.anchor)
    hooked = attach_hook(model, plan, options, None, partial(sample_in_one_pass, estimation, rendered))
    if estimation.depth_model != EMBEDDED:
        hooked.set_attachments(DEPTH_ATTACHMENT, open_depth_model(estimation.depth_model))  # read once, and held as long as the model
    return hooked


def sample_in_one_pass(
    estimation: Estimation,
    rendered: RenderedDepth | None,
    session: RenderSession,
    executor: Callable[..., Any],
    noise: Tensor,
    *args: Any,
    **kwargs: Any,
) -> Any:
    """OUTER_SAMPLE wrapper: a run that starts without geometry.

    Args:
        rendered: the concept's rendered depth of the anchor, which fixes the scale; None without a concept.
    """
    noise, levels = session.prepare(executor.class_obj, noise)
    run = RenderRun(session.plan, session.keep, levels, None)
    with running(run, executor.class_obj, OnePassRun(run, estimation, rendered).predict):
        return executor(noise, *args, **kwargs)


@dataclass(eq=False, slots=True)
class OnePassRun:
    """Gives a run its geometry at some noise levels, and replaces it at later ones.

    Attributes:
        run: the run.
        estimation: how and when depth is estimated.
        rendered: the concept's rendered depth of the anchor; None without a concept.
        schedule: progress of denoising at this run's noise levels, ascending; empty before the first step.
        done: number of moments that have passed.
    """

    run: RenderRun
    estimation: Estimation
    rendered: RenderedDepth | None
    schedule: list[float] = field(default_factory=list)
    done: int = 0

    def predict(
        self, executor: Callable[..., Tensor], x: Tensor, timestep: Tensor, model_options: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Tensor:
        """PREDICT_NOISE wrapper: estimate depth from this step's prediction if the next step begins after a moment, and uses it.

        A run that begins after a moment, as the second of two samplers does, knows no depth. It predicts its first step once more.
        """
        find, sigmas = self.run.levels.find_progress, model_options["transformer_options"]["sample_sigmas"]
        self.schedule = self.schedule or [find(sigma) for sigma in sigmas.tolist()]
        progress = self.run.read_progress(timestep)
        predict = partial(self.run.render_step, progress, executor, x, timestep, model_options, *args, **kwargs)
        if self.run.geometry is None and self._is_due(progress):
            self._renew(predict(), executor.class_obj, progress)
        denoised = predict()
        following = next((later for later in self.schedule if later > progress), 1.0)
        if self._is_due(following):
            self._renew(denoised, executor.class_obj, following)
        return denoised

    @property
    def moments(self) -> list[float]:
        """Those at which something is still rendered, or attended to along the surface."""
        plan = self.run.plan
        return [moment for moment in self.estimation.moments if plan.paths or moment < plan.settings.until]

    def _is_due(self, progress: float) -> bool:
        """Whether a moment has passed that a step from here on makes use of."""
        plan = self.run.plan
        used = progress < 1 and bool(plan.paths or not has_passed(progress, plan.settings.until))
        return used and sum(has_passed(progress, moment) for moment in self.moments) > self.done

    def _renew(self, denoised: Tensor, guider: CFGGuider, progress: float) -> None:
        self.done, anchor = sum(has_passed(progress, moment) for moment in self.moments), self.estimation.anchor
        when = f"at {progress:.0%} of the denoising"
        estimate = self._estimate(denoised[anchor : anchor + 1], guider)
        try:
            depth = align_estimate(estimate, self.run.plan.cameras, anchor, self.rendered)
        except ValueError as refusal:
            if self.run.geometry is None and self.done == len(self.moments):
                raise ValueError(
                    f"one pass: wanted a depth of the anchor to render it by, got none up to the last estimate, {when}: {refusal}. "
                    "Estimate later, take another depth model or anchor, or use two passes"
                ) from refusal
            log.warning("one pass, %s: this depth is left out: %s", when, refusal)
            return
        self.run.renew(self._build_geometry(depth))
        log.info("one pass, %s: %s; %s", when, depth.depth.report, summarize_coverage(self.run.geometry.operators[0]).text)

    def _build_geometry(self, depth: AnchorDepth) -> Geometry:
        plan = self.run.plan
        return plan.build_geometry(build_near_device([depth], plan.cameras, stop_if_cancelled), stop_if_cancelled)

    def _estimate(self, denoised: Tensor, guider: CFGGuider) -> DepthEstimate:
        """Decode the anchor's predicted latent [1, 4, h, w] and estimate its depth. Afterwards the U-Net is loaded again."""
        loaded = comfy.model_management.loaded_models(only_currently_used=True)
        in_use = [patcher for patcher in loaded if patcher is not None]  # ComfyUI keeps the place of a model that nobody holds any more
        image = self.estimation.vae.decode(guider.inner_model.process_latent_out(denoised.float()))
        estimate = estimate_depth(self.estimation.depth_model, read_images(image, "vae")[0])
        comfy.model_management.load_models_gpu(in_use)
        comfy.model_management.throw_exception_if_processing_interrupted()
        return estimate
