"""The depth-aware render hook on a MODEL: between spatial transformer and motion module, in the decoder."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from comfy.model_patcher import ModelPatcher
from comfy.patcher_extension import WrappersMP
from torch import Tensor

from ....mvcustom_core.anchor.choice import summarize_coverage
from ....mvcustom_core.backbone.presets import ALONG_SURFACE
from ....mvcustom_core.camera.cameras import Cameras
from ....mvcustom_core.rendering.operator import RenderOperator
from ....mvcustom_core.rendering.rendering import RenderingSettings
from ....mvcustom_core.surface.depth import AnchorDepth
from ..backbone.motion import has_motion
from ..backbone.spec import spec_of, walk_transformers
from ..concept.application import render_opacity
from ..host.call import KEY
from .session import Plan, RenderSession

ATTACHMENT = "mvcustom_rendering"

log = logging.getLogger("mvcustom.bridge.rendering")

Wrapper = Callable[..., Any]  # as ComfyUI calls them, the executor first

AS_BACKBONE = "as the backbone asks"
SITES: dict[str, tuple[int, ...] | None] = {
    AS_BACKBONE: None,
    "decoder 16": (2,),
    "decoder 16 + 32": (1, 2),
    "decoder 16 + 32 + 64": (0, 1, 2),
}
"""Name, by the cells a side for pictures of 512 pixels -> levels of the decoder; the default, and the paper's resolutions, is 16 + 32 on
Stable Diffusion 1.5."""


@dataclass(frozen=True, slots=True)
class HookOptions:
    """What a user chooses about the hook.

    Attributes:
        settings: when features are replaced, and how strongly.
        sites: a key of `SITES`.
        spare_subject: share of the concept's rendered opacity by which its cells are left alone, 0 to 1.
        shared_noise: let the start noise move with the anchors' surface, too.
        follow_surface: let all motion modules attend along the surface, whatever their own scopes.
        prediction: render what the network predicts of the clean latents, too, as if it were the last of its features; ours, not published.
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
    """A clone of MODEL that renders the anchors' features into the other views while it samples.

    Args:
        anchors: the depth of one view or of several.
        cameras: all V views.

    Returns:
        the model, and the operator at the latents' resolution, whose mask tells what the anchors see.

    Raises:
        ValueError: if the model cannot carry the hook or an anchor is no view.
    """
    session = open_session(model, cameras, options)
    session.geometry = session.plan.build_geometry(anchors)
    return attach_session(model, session, options), session.geometry.operators[0]


def open_session(model: ModelPatcher, cameras: Cameras, options: HookOptions) -> RenderSession:
    """A session for a MODEL whose geometry is yet to be known.

    Raises:
        ValueError: if the model cannot carry the hook.
    """
    if model.get_attachment(ATTACHMENT) is not None:
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
    plan = Plan(cameras, options.settings, sites, paths, options.shared_noise, options.prediction)
    return RenderSession(plan, None, _spare_subject(model, plan, options.spare_subject))


def attach_session(
    model: ModelPatcher, session: RenderSession, options: HookOptions, sample: Wrapper | None = None, predict: Wrapper | None = None
) -> ModelPatcher:
    """A clone of MODEL in whose runs a session works; `sample` and `predict` may stand around the session's own."""
    patched = model.clone()
    entries = patched.model_options["transformer_options"].setdefault(KEY, {})
    entries["after_spatial"] = session.render
    entries["correspondences"] = session.find_correspondences
    if options.follow_surface:
        entries["scopes"] = (ALONG_SURFACE,) * len(has_motion(model).scopes)
    patched.add_wrapper_with_key(WrappersMP.OUTER_SAMPLE, ATTACHMENT, sample or session.sample)
    patched.add_wrapper_with_key(WrappersMP.PREDICT_NOISE, ATTACHMENT, predict or session.predict)
    patched.set_attachments(ATTACHMENT, session)
    return patched


def report_rendering(model: ModelPatcher) -> str:
    """What a MODEL's hook renders of each view, and what it leaves to others; where it is too little, with a warning."""
    session: RenderSession = model.get_attachment(ATTACHMENT)
    operator, settings = session.geometry.operators[0], session.plan.settings
    coverage = summarize_coverage(operator)
    if coverage.warning:
        log.warning("feature rendering: %s", coverage.warning.removeprefix("warning: "))
    spans = f"rendered up to {settings.until:.0%} of the steps, fading from {settings.until - settings.fade:.0%}"
    if session.plan.prediction:
        spans += "; the prediction, too"
    if session.keep:
        share = session.keep[min(session.keep)]  # [V, 1, h, w] at the finest site
        mask = torch.nn.functional.interpolate(operator.mask, share.shape[-2:], mode="area")
        spans += f"; {float((mask * share).mean() / mask.mean().clamp_min(1e-6)):.0%} of it is free for the concept"
    return f"{coverage.text}\n{spans}"


def _spare_subject(model: ModelPatcher, plan: Plan, share: float) -> dict[int, Tensor]:
    """How far each site's cells are left to the concept, by level [V, 1, h, w]."""
    if share == 0:
        return {}
    opacity = render_opacity(model, plan.cameras)  # [V, 1, h, w]
    resize = torch.nn.functional.interpolate
    return {level: share * resize(opacity, plan.size(level), mode="bilinear", antialias=True).clamp(0, 1) for level in plan.rendered_levels}
