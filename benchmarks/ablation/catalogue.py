"""What the report speaks of: rungs, figures with their limits, comparisons, goals, and what the paper has published."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ...mvcustom_core.evaluation.report import BLURRED, CAMERA_LIMITS, PSNR_LIMITS, TSED_LIMITS
from .rungs import DENSE, RUNGS

RETRIEVAL_LIMITS = (0.75, 0.25)  # share of views; by chance one in sixteen

Group = Literal["ceiling", "baseline", "method", "variant"]


@dataclass(frozen=True, slots=True)
class ShownRung:
    """A rung as the page speaks of it; `short` is its title where room is scarce."""

    key: str
    title: str
    short: str
    group: Group
    what: str


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number of a case.

    Args:
        key: its name in the store.
        topic: the question that it answers.
        digits: after the point.
        better: 1 where more is better, -1 where less is, 0 where neither.
        limits: it says yes from the first on and no below the second; None where it gives no verdict.
        to_truth: compares with the true views, which are exact in it by definition.
        blur_helps: rises when pictures get blurred, so it is worth nothing without the sharpness ratio.
    """

    key: str
    title: str
    topic: str
    what: str
    digits: int
    better: int = 1
    limits: tuple[float, float] | None = None
    to_truth: bool = False
    blur_helps: bool = False


@dataclass(frozen=True, slots=True)
class Goal:
    """At least `least` in a figure: of `rung` itself, or of what it adds to `over`."""

    title: str
    figure: str
    rung: str
    least: float
    over: str | None = None


DESCRIPTIONS: dict[str, tuple[str, Group, str]] = {
    "truth": ("true views", "ceiling", "the scene rendered along the trajectory: the ceiling of every figure"),
    "decoded": ("autoencoder alone", "baseline", "the true views encoded and decoded: the ceiling of whatever this backbone makes"),
    "blurred": ("blurred truth", "baseline", "the true views under a Gaussian of 1.3 pixels: whether softness alone costs a figure"),
    "frozen": ("frozen camera", "baseline", "a camera that does not move: the photograph nearest to the anchor in all views"),
    "warped": ("warped by depth", "baseline", "the anchor's true view carried into the others by its true depth, holes grey; no diffusion"),
    "aligned": (
        "warped, aligned",
        "baseline",
        "the same by true depth as the nodes take it, in another unit and with the sky marked: what aligning the depth costs",
    ),
    "latents": (
        "latents carried",
        "baseline",
        "the anchor's true latents carried by true depth, on the true latents of what it does not see: what the latents' grid can carry",
    ),
    "inversion": ("inversion", "baseline", "AnimateDiff and the word V* alone, without pose blocks"),
    "carried": (
        "anchor carried",
        "baseline",
        "pass one's anchor carried by its estimated depth, holes grey, then encoded and decoded: what pass two would come to without loss",
    ),
    "own_latents": (
        "own latents carried",
        "baseline",
        "the latents of pass one's anchor carried by its estimated depth, as feature rendering carries features, on pass one's",
    ),
    "own_cells": ("own cells carried", "baseline", "the same to the nearest whole cell, as the shared start noise moves"),
    "customised": ("customised", "method", "the concept applied: pass one"),
    "rendering": (
        "+ rendering",
        "method",
        "pass two follows the anchor's features for 70 % of the steps, its start noise and its modules the surface; depth is from pass one",
    ),
    "prediction": (
        "+ prediction",
        "method",
        "and the anchor's prediction of the clean latents is rendered, too, all of it for 90 % of the steps; ours, not published",
    ),
    "completion": ("+ completion", "method", "and latent completion fills what the anchor does not see: everything on"),
    "one_pass": ("one pass", "variant", "the one-pass render hook in place of two passes"),
    "to_the_end": ("to the end", "variant", "features are rendered up to the last step, not for 70 % of them alone"),
    "own_noise": ("own noise", "variant", "feature rendering from independent start noise, where ours moves with the anchor's surface"),
    "own_noise_1x1": ("own noise, 1x1", "variant", "the same, its modules attending along frames only"),
    "noise_alone": ("noise alone", "variant", "the moved start noise, the modules along the surface, and no feature replaced"),
    "rendering_1x1": ("rendering, 1x1", "variant", "the same, its modules attending along frames only"),
    "rendering_dense": ("rendering, dense", "variant", "the same with modules that were trained to attend to the whole grid"),
    "prediction_own_noise": ("prediction, own noise", "variant", "features and prediction from independent start noise"),
    "prediction_1x1": ("prediction, 1x1", "variant", "features and prediction, the modules attending along frames only"),
    "prediction_dense": ("prediction, dense", "variant", "features and prediction, with modules trained to attend to the whole grid"),
}
SHOWN = {key: ShownRung(key, rung.title, *DESCRIPTIONS[key]) for key, rung in RUNGS.items()}
LADDER = ("customised", "rendering", "prediction", "completion")
SHEET = (*LADDER, "truth")  # from above to below
NEED_DENSE_MODULES = tuple(key for key, rung in RUNGS.items() if rung.modules == DENSE)

FIGURES = (
    Figure(
        "camera pose accuracy",
        "camera pose accuracy",
        "camera",
        "share of the pairs of views whose rotation and direction of translation, found by COLMAP, are both within 15 degrees of the asked "
        "ones; a view that is not registered counts as wrong",
        3,
        limits=CAMERA_LIMITS,
    ),
    Figure("points at the target cameras", "points", "camera", "triangulated by COLMAP at the asked cameras", 1),
    Figure(
        "reprojection px",
        "reprojection px",
        "camera",
        "mean error of those points; their number says little without it",
        2,
        -1,
    ),
    Figure(
        "retrieval",
        "retrieval",
        "subject",
        "share of views nearest to the right one of 16 subjects (chance 0.06)",
        2,
        limits=RETRIEVAL_LIMITS,
    ),
    Figure(
        "subject PSNR dB",
        "subject PSNR dB",
        "subject",
        "to the true views, on the subject",
        1,
        limits=PSNR_LIMITS,
        to_truth=True,
        blur_helps=True,
    ),
    Figure(
        "warp background PSNR dB",
        "background warp PSNR dB",
        "background",
        "the anchor carried into the other views, beside the subject: by true depth where nothing is sampled, else by estimated depth",
        1,
        limits=PSNR_LIMITS,
        blur_helps=True,
    ),
    Figure("TSED", "TSED", "background", "share of neighbouring views whose matches fit the asked cameras", 2, limits=TSED_LIMITS),
    Figure("seen PSNR dB", "seen PSNR dB", "background", "to the true views, where the anchor sees", 1, to_truth=True, blur_helps=True),
    Figure(
        "revealed PSNR dB",
        "revealed PSNR dB",
        "background",
        "to the true views, on the pixels that the anchor does not see by the true depth; the same pixels for every rung",
        1,
        limits=PSNR_LIMITS,
        to_truth=True,
        blur_helps=True,
    ),
    Figure(
        "sharpness ratio",
        "sharpness ratio",
        "background",
        "over the wanted sharpness; 1 is right, less is blurred",
        2,
        0,
        (BLURRED, BLURRED / 2),
    ),
    Figure("ground read", "ground read", "prompt", "share of views whose ground a small network reads as the prompt names it", 2),
    Figure("sky read", "sky read", "prompt", "likewise for the sky", 2),
)
FIGURE = {figure.key: figure for figure in FIGURES}
SECONDS = Figure(
    "seconds",
    "seconds",
    "time",
    "wall time of sampling and of all it needs, both passes of two; the first rung made of a case pays for what the concept renders",
    1,
    -1,
)
PLOTTED = ("camera pose accuracy", "points at the target cameras", "reprojection px", "retrieval", "revealed PSNR dB")

# A question, the figures that answer it, and what stands beside the ladder in its table.
QUESTIONS = (
    ("Does the camera obey?", ("camera pose accuracy",), ("frozen", *LADDER, "carried", "latents", "decoded", "truth")),
    ("Does the subject stay itself?", ("retrieval", "subject PSNR dB"), SHEET),
    ("Does the background hold?", ("warp background PSNR dB", "TSED", "revealed PSNR dB", "sharpness ratio"), SHEET),
)
GOALS = (
    Goal("Camera pose accuracy with everything on", "camera pose accuracy", "completion", 0.735),
    Goal("What the render hook, features and start noise, adds to it", "camera pose accuracy", "rendering", 0.2, over="customised"),
    Goal("What completion adds to all that", "camera pose accuracy", "completion", 0.0, over="prediction"),
)
