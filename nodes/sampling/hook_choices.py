"""The inputs by which both render hooks say what is rendered, where and how long."""

from __future__ import annotations

from comfy_api.latest import io

from ...mvcustom_core.rendering.rendering import RenderingSettings
from ..bridge.rendering.hook import AS_BACKBONE, SITES, HookOptions

SUBJECT = {"everywhere": 0.0, "background only": 1.0, "blend": None}
"""Policy inside the subject -> share of it that is left to the concept; None where the user says it."""
SCOPES = {"as loaded": False, "trajectory": True}


def strength_inputs() -> list[io.Input]:
    """How strongly and how long; the defaults are the paper's."""
    return [
        io.Float.Input(
            "strength", default=1.0, min=0.0, max=1.0, step=0.05, tooltip="How far features are replaced. 0 leaves them as they are."
        ),
        io.Float.Input(
            "until",
            default=0.7,
            min=0.0,
            max=1.0,
            step=0.05,
            tooltip="Share of the steps with rendering, from the noisy end: the first 35 of 50, as in the paper.",
        ),
    ]


def place_inputs() -> list[io.Input]:
    """Where; optional, so that workflows saved without them still run."""
    return [
        io.Combo.Input(
            "inside_subject",
            options=list(SUBJECT),
            optional=True,
            tooltip="What happens where the model's concept is. Background only leaves the subject to the concept, which knows its other "
            "sides: for wide rotations. Blend: as far as subject_share says.",
        ),
        io.Combo.Input(
            "scope",
            options=list(SCOPES),
            optional=True,
            tooltip="How far the motion modules look in the other views. Trajectory: at the same surface point, at all levels; for modules "
            "trained at 1x1, as AnimateDiff's are.",
        ),
        io.Combo.Input(
            "sites",
            options=list(SITES),
            optional=True,
            advanced=True,
            tooltip="Decoder levels whose features are rendered, by their cells a side for 512x512 pixels. Stable Diffusion "
            "1.5 asks for 16 + 32. 64 carries texture and noise: copying it smooths.",
        ),
        io.Float.Input(
            "subject_share",
            default=0.5,
            min=0.0,
            max=1.0,
            step=0.05,
            optional=True,
            advanced=True,
            tooltip="With blend: how much of the rendering there is inside the subject. 0 is background only, 1 everywhere.",
        ),
        io.Float.Input(
            "soft_end",
            default=0.1,
            min=0.0,
            max=1.0,
            step=0.05,
            optional=True,
            advanced=True,
            tooltip="Share of the steps, the last ones with rendering, in which the strength fades out. 0 stops at once, as published.",
        ),
        io.Boolean.Input(
            "render_prediction",
            default=False,
            optional=True,
            tooltip="Render what the network predicts of the clean latents, too, not its features alone: holds the views together more "
            "firmly, and softens them a little. Not part of the published method; measured on the embedded backbone only.",
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
    """The values of those inputs; workflows saved without some of them mean the defaults."""
    spared = SUBJECT[inside_subject]
    return HookOptions(
        settings=RenderingSettings(strength=strength, until=until, fade=min(soft_end, until)),
        sites=sites,
        spare_subject=1 - subject_share if spared is None else spared,
        shared_noise=shared_noise,
        follow_surface=SCOPES[scope],
        prediction=render_prediction,
    )
