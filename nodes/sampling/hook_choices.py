"""Inputs shared by both render hooks: which features are rendered, where, how strongly and down to which noise level."""

from __future__ import annotations

from comfy_api.v0_0_2 import io

from ...mvcustom_core.rendering.rendering import RenderingSettings
from ..bridge.rendering.hook import AS_BACKBONE, SITES, HookOptions

SUBJECT = {"everywhere": 0.0, "background only": 1.0, "blend": None}
"""Choice of `inside_subject` -> share of the subject that is left to the concept; None: from `subject_share`."""
SCOPES = {"as loaded": False, "trajectory": True}


def strength_inputs() -> list[io.Input]:
    """The inputs for strength and duration. `strength` 1 is the paper's; `until` 0.7 is the paper's 35 steps, of 50 by our choice."""
    return [
        io.Float.Input(
            "strength",
            default=1.0,
            min=0.0,
            max=1.0,
            step=0.05,
            tooltip="How far the features of the other views are replaced by those rendered from the anchors. 1 replaces them fully, "
            "0 not at all.",
        ),
        io.Float.Input(
            "until",
            default=0.7,
            min=0.0,
            max=1.0,
            step=0.05,
            tooltip="Share of the denoising during which features are rendered, counted from pure noise. 0.7 is the first 35 of 50 even "
            "steps; the paper renders in 35. It goes by noise level, as ComfyUI's start and end percents do, so it means the same in a "
            "denoising that is split or partial. Larger ties the views together more; smaller leaves the model more steps to refine them.",
        ),
    ]


def place_inputs() -> list[io.Input]:
    """The inputs for the place of rendering. They are optional: older workflows lack them and must still run."""
    return [
        io.Combo.Input(
            "inside_subject",
            options=list(SUBJECT),
            optional=True,
            tooltip="What is rendered inside the subject, for a model with a concept. everywhere: subject and background. background "
            "only: the subject is left to the concept, which knows the sides that the anchor does not show; use it for wide rotations. "
            "blend: in between, as subject_share says.",
        ),
        io.Combo.Input(
            "scope",
            options=list(SCOPES),
            optional=True,
            tooltip="What the motion modules attend to in the other views. as loaded: the scope that the modules were loaded with. "
            "trajectory: the same surface point in every view, at all U-Net levels; for modules trained at 1x1, such as AnimateDiff's.",
        ),
        io.Combo.Input(
            "sites",
            options=list(SITES),
            optional=True,
            advanced=True,
            tooltip="Decoder levels of the U-Net whose features are rendered, named by their side in cells for pictures of 512x512 "
            "pixels. as the backbone asks is 16 + 32 for Stable Diffusion 1.5, as in the paper. Level 64 carries fine texture and noise; "
            "rendering it smooths the pictures.",
        ),
        io.Float.Input(
            "subject_share",
            default=0.5,
            min=0.0,
            max=1.0,
            step=0.05,
            optional=True,
            advanced=True,
            tooltip="Used only if inside_subject is blend: strength of rendering inside the subject, from 0 (background only) to 1 "
            "(everywhere).",
        ),
        io.Float.Input(
            "soft_end",
            default=0.1,
            min=0.0,
            max=1.0,
            step=0.05,
            optional=True,
            advanced=True,
            tooltip="Share of the denoising over which rendering fades out before until. 0.1 of 50 even steps is the last 5 that render. "
            "0 stops at once, as in the paper.",
        ),
        io.Boolean.Input(
            "render_prediction",
            default=False,
            optional=True,
            tooltip="On: the predicted clean latents of the anchors are rendered into the other views at each step, in addition to the "
            "features. The views agree more and become slightly softer. Not part of the published method; measured with the embedded "
            "backbone only.",
        ),
    ]


def read_options(
    strength: float,
    until: float,
    shared_noise: bool,
    *,
    inside_subject: str = "everywhere",
    scope: str = "as loaded",
    sites: str = AS_BACKBONE,
    subject_share: float = 0.5,
    soft_end: float = 0.1,
    render_prediction: bool = False,
) -> HookOptions:
    """The values of these inputs as `HookOptions`; an input that a saved workflow lacks has its default."""
    spared = SUBJECT[inside_subject]
    return HookOptions(
        settings=RenderingSettings(strength=strength, until=until, fade=min(soft_end, until)),
        sites=sites,
        spare_subject=1 - subject_share if spared is None else spared,
        shared_noise=shared_noise,
        follow_surface=SCOPES[scope],
        prediction=render_prediction,
    )
