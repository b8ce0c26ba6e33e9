"""Adds depth-aware feature rendering to a MODEL: it acts in the decoder, between spatial transformer and motion module."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from comfy.model_patcher import ModelPatcher
from comfy.patcher_extension import WrappersMP
from torch import Tensor

from ....mvcustom_core.anchor.choice import summarize_coverage
from ....mvcustom_core.backbone.presets import ALONG_SURFACE
from ....mvcustom_core.camera.cameras import Cameras
from ....mvcustom_core.progress import ignore_progress, span_progress
from ....mvcustom_core.rendering.operator import RenderOperator, warp_images
from ....mvcustom_core.rendering.rendering import RenderingSettings
from ....mvcustom_core.surface.depth import AnchorDepth
from ..backbone.motion import has_motion
from ..backbone.spec import spec_of, walk_transformers
from ..concept.application import render_opacity
from ..host.call import KEY
from ..host.progress import watch_progress
from .run import RENDERING_ATTACHMENT, sample_rendered
from .session import Geometry, Plan, RenderSession, build_near_device, find_no_correspondences

log = logging.getLogger("mvcustom.bridge.rendering")

AS_BACKBONE = "as the backbone asks"
SITES: dict[str, tuple[int, ...] | None] = {
    AS_BACKBONE: None,
    "decoder 16": (2,),
    "decoder 16 + 32": (1, 2),
    "decoder 16 + 32 + 64": (0, 1, 2),
}
"""Choice of `sites` -> decoder levels. Names give the levels' sides in cells for pictures of 512 pixels. Stable Diffusion 1.5 asks for
16 + 32, which are the paper's resolutions."""


@dataclass(frozen=True, slots=True)
class HookOptions:
    """The choices that a user makes at a render hook.

    Attributes:
        settings: up to which noise level features are replaced, and how strongly.
        sites: a key of `SITES`.
        spare_subject: factor on the concept's opacity; a cell is left to the concept by this product, 0 to 1.
        shared_noise: whether the initial noise is warped from the anchors along their surface.
        follow_surface: whether all motion modules attend along the surface, instead of within their own scopes.
        prediction: whether the predicted clean latents are rendered as well; not part of the published method.
    """

    settings: RenderingSettings = field(default_factory=RenderingSettings)
    sites: str = AS_BACKBONE
    spare_subject: float = 0.0
    shared_noise: bool = True
    follow_surface: bool = False
    prediction: bool = False

    def __post_init__(self) -> None:
        if self.sites not in SITES:
            raise ValueError(f"sites: wanted one of {', '.join(SITES)}, got {self.sites!r}")
        if not 0 <= self.spare_subject <= 1:
            raise ValueError(f"subject share: wanted 0 to 1, got {self.spare_subject}")


def apply_rendering(
    model: ModelPatcher, anchors: Sequence[AnchorDepth], cameras: Cameras, options: HookOptions = HookOptions()
) -> tuple[ModelPatcher, RenderOperator]:
    """Clone a MODEL so that it renders the anchors' features into the other views while it samples.

    Args:
        model: the MODEL; it is not changed.
        anchors: the depth of one anchor view or of several.
        cameras: the V cameras of all views.
        options: the user's choices.

    Returns:
        The model, and the operator at the latents' resolution, whose mask says what the anchors show.

    Raises:
        ValueError: if the model cannot carry the hook, or an anchor is not one of the views.
    """
    plan = make_plan(model, cameras, options)
    geometry = plan.build_geometry(build_near_device(anchors, cameras, ignore_progress), ignore_progress)
    return attach_hook(model, plan, options, geometry), geometry.operators[0]


def render_anchors(
    model: ModelPatcher, pictures: Tensor, anchors: Sequence[AnchorDepth], cameras: Cameras, options: HookOptions
) -> tuple[ModelPatcher, Tensor, Tensor]:
    """`apply_rendering` on a node, with progress and cancelling, and what the other views see of the anchors' pictures.

    Args:
        pictures: [V, C, H, W] of all views.

    Returns:
        the model, the anchors' pictures as each view sees them [V, C, H, W], and the mask [V, 1, H, W] of what it sees.

    Raises:
        ValueError: as `apply_rendering` does.
    """
    plan, progress = make_plan(model, cameras, options), watch_progress()
    surfaces = build_near_device(anchors, cameras, span_progress(progress, 0.0, 0.05))
    geometry = plan.build_geometry(surfaces, span_progress(progress, 0.05, 0.5))
    shown = pictures[[anchor.view for anchor in anchors]].cpu()
    warped, seen = warp_images(shown, surfaces, progress=span_progress(progress, 0.5, 1.0))
    progress(1.0)
    return attach_hook(model, plan, options, geometry), warped, seen


def make_plan(model: ModelPatcher, cameras: Cameras, options: HookOptions) -> Plan:
    """What the options render in a MODEL.

    Raises:
        ValueError: if the model cannot carry the hook.
    """
    if model.get_attachment(RENDERING_ATTACHMENT) is not None:
        raise ValueError("feature rendering: this model already carries a hook; connect the model from before it")
    spec = spec_of(model)
    levels = SITES[options.sites] or spec.rendering_levels
    step = 8 << max(levels)
    if cameras.width % step or cameras.height % step:
        raise ValueError(f"cameras: wanted sides divisible by {step}, got {cameras.width}x{cameras.height}; change the trajectory's size")
    unet = model.model.diffusion_model
    sites = {key: level for key, level, _ in walk_transformers(unet) if key[0] == "output" and level in levels}
    scopes = (ALONG_SURFACE,) * len(unet.channel_mult) if options.follow_surface else has_motion(model).scopes
    paths = tuple(level for level, scope in enumerate(scopes) if scope.trajectory)
    return Plan(cameras, options.settings, sites, paths, options.shared_noise, options.prediction)


def attach_hook(
    model: ModelPatcher,
    plan: Plan,
    options: HookOptions,
    geometry: Geometry | None,
    sample: Callable[..., Any] = sample_rendered,
) -> ModelPatcher:
    """Clone a MODEL and attach a session to it.

    Args:
        geometry: None if each run estimates its own depth.
        sample: OUTER_SAMPLE wrapper, which is given the session before its other arguments.
    """
    session = RenderSession(plan, geometry, _spare_subject(model, plan, options.spare_subject))
    patched = model.clone()
    entries = patched.model_options["transformer_options"].setdefault(KEY, {})
    entries["correspondences"] = find_no_correspondences
    if options.follow_surface:
        entries["scopes"] = (ALONG_SURFACE,) * len(has_motion(model).scopes)
    patched.add_wrapper_with_key(WrappersMP.OUTER_SAMPLE, RENDERING_ATTACHMENT, partial(sample, session))
    patched.set_attachments(RENDERING_ATTACHMENT, session)
    return patched


def report_rendering(model: ModelPatcher) -> str:
    """Describe how much of each view the hook of a MODEL renders and how much it leaves, with a warning if it renders too little."""
    session: RenderSession = model.get_attachment(RENDERING_ATTACHMENT)
    operator, settings = session.geometry.operators[0], session.plan.settings
    coverage = summarize_coverage(operator)
    if coverage.warning:
        log.warning("feature rendering: %s", coverage.warning.removeprefix("warning: "))
    spans = f"rendered up to {settings.until:.0%} of the denoising, fading from {settings.until - settings.fade:.0%}"
    if session.plan.prediction:
        spans += "; the prediction, too"
    if session.keep:
        share = session.keep[min(session.keep)]  # [V, 1, h, w] at the finest site
        mask = torch.nn.functional.interpolate(operator.mask, share.shape[-2:], mode="area")
        spans += f"; {float((mask * share).mean() / mask.mean().clamp_min(1e-6)):.0%} of it is free for the concept"
    return f"{coverage.text}\n{spans}"


def _spare_subject(model: ModelPatcher, plan: Plan, share: float) -> dict[int, Tensor]:
    """U-Net level -> share [V, 1, h, w] of each cell that is left to the concept."""
    if share == 0:
        return {}
    opacity = render_opacity(model, plan.cameras)  # [V, 1, h, w]
    resize = torch.nn.functional.interpolate
    return {level: share * resize(opacity, plan.size(level), mode="bilinear", antialias=True).clamp(0, 1) for level in plan.rendered_levels}
