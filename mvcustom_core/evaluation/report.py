"""Writes an evaluation as text and as rows of figures.

The first three lines are verdicts on camera, subject and background. The limits between yes, in part and no are this project's own: clean
renders are far above the upper limits, and views that are wrong by construction are below the lower ones.
"""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from .evaluation import Evaluation

Row = dict[str, Any]

CAMERA_LIMITS = (0.75, 0.25)  # share of pairs
SUBJECT_LIMITS = (0.9, 0.7)  # of the references' likeness to one another
PSNR_LIMITS = (22.0, 17.0)  # dB
TSED_LIMITS = (0.75, 0.25)  # share of neighbours
BLURRED = 0.5  # of the wanted sharpness
VERDICTS = ("yes", "in part", "no")
UNKNOWN = "not measured"


def describe_evaluation(evaluation: Evaluation) -> str:
    """The report: three verdicts, all figures, and what was not measured and why."""
    answers = [
        f"Does the camera obey? {_answer_camera(evaluation)}",
        f"Does the subject stay itself? {_answer_subject(evaluation)}",
        f"Does the background hold? {_answer_background(evaluation)}",
    ]
    figures = [f"{name}: {_write(value)}" for name, value in summarise_evaluation(evaluation).items() if value is not None]
    return "\n".join([*answers, "", *figures, *(["", *evaluation.notes] if evaluation.notes else [])])


def summarise_evaluation(evaluation: Evaluation) -> dict[str, float | None]:
    """Name of a figure -> its value, or None if it was not measured. Names contain units and ranges."""
    poses, path, points = evaluation.poses, evaluation.path, evaluation.triangulation
    epipolar, warps, fidelity = evaluation.epipolar, evaluation.warps, evaluation.fidelity
    located, wanted = evaluation.located, evaluation.wanted_sharpness
    sharpness = float(evaluation.sharpness.mean())
    return {
        "camera pose accuracy": poses and poses.accuracy,
        "AUC@30": poses and poses.auc,
        "RRA@15": poses and poses.rra,
        "RTA@15": poses and poses.rta,
        "registered share": poses and poses.registered_share,
        "ATE of path extent": path and path.ate,
        "RPE rotation deg": path and path.rpe_rotation_deg,
        "RPE translation of path extent": path and path.rpe_translation,
        "points at the target cameras": points and float(points.points),
        "reprojection px": points and points.reprojection_px,
        "track length": points and points.track_length,
        "TSED": epipolar and epipolar.tsed,
        "epipolar distance px": epipolar and _finite(epipolar.distance_px),
        "located from the anchor": located and located.accuracy,
        "rotation from the anchor deg": located and located.rotation_deg,
        "centre from the anchor of path extent": located and located.center,
        "warp PSNR dB": warps and warps.psnr,
        "warp background PSNR dB": warps and warps.background_psnr,
        "warp share": warps and warps.share,
        "PSNR dB": fidelity and float(fidelity.psnr.mean()),
        "SSIM": fidelity and float(fidelity.ssim.mean()),
        "subject PSNR dB": None if fidelity is None else _mean(fidelity.subject_psnr),
        "background PSNR dB": None if fidelity is None else _mean(fidelity.background_psnr),
        **{f"subject likeness by {likeness.name}": likeness.mean for likeness in evaluation.likenesses},
        **{f"references' own likeness by {likeness.name}": likeness.ceiling for likeness in evaluation.likenesses},
        "text cosine": None if evaluation.text is None else float(evaluation.text.mean()),
        "CLIP score": None if evaluation.text is None else 2.5 * float(evaluation.text.clamp(min=0).mean()),
        "sharpness": sharpness,
        "sharpness ratio": None if not wanted else sharpness / wanted,
    }


def tabulate_evaluation(evaluation: Evaluation) -> dict[str, Any]:
    """All figures as JSON-compatible data: the summary, rows for views, pairs, neighbours, located views and warps, and the notes."""
    neighbours = evaluation.epipolar.pairs if evaluation.epipolar else ()
    return {
        "summary": summarise_evaluation(evaluation),
        "views": [_list_view(evaluation, view) for view in range(evaluation.views)],
        "pairs": _list_pairs(evaluation),
        "neighbours": [asdict(pair) | {"distance_px": _finite(pair.distance_px)} for pair in neighbours],
        "located": [asdict(each) for each in (evaluation.located.locations if evaluation.located else ())],
        "warps": [asdict(warp) for warp in (evaluation.warps.warps if evaluation.warps else ())],
        "notes": list(evaluation.notes),
    }


def _list_view(evaluation: Evaluation, view: int) -> Row:
    row: Row = {"view": view, "sharpness": float(evaluation.sharpness[view])}
    if evaluation.poses is not None:
        row["registered"] = view in evaluation.poses.registered
    if (fidelity := evaluation.fidelity) is not None:
        measured = {"PSNR dB": fidelity.psnr, "SSIM": fidelity.ssim}
        measured |= {"subject PSNR dB": fidelity.subject_psnr, "background PSNR dB": fidelity.background_psnr}
        row |= {name: _finite(float(values[view])) for name, values in measured.items() if values is not None}
    row |= {f"subject likeness by {likeness.name}": float(likeness.views[view]) for likeness in evaluation.likenesses}
    if evaluation.text is not None:
        row["text cosine"] = float(evaluation.text[view])
    return row


def _list_pairs(evaluation: Evaluation) -> list[Row]:
    if (poses := evaluation.poses) is None:
        return []
    pairs = [(first, second) for first in range(poses.views) for second in range(first + 1, poses.views)]
    errors = (("rotation deg", poses.rotation_deg), ("translation deg", poses.translation_deg))
    return [{"first": i, "second": j, **{name: float(error[i, j]) for name, error in errors}} for i, j in pairs]


def _answer_camera(evaluation: Evaluation) -> str:
    if (poses := evaluation.poses) is None:
        if (located := evaluation.located) is None:
            return UNKNOWN
        return f"{_judge(located.accuracy, CAMERA_LIMITS)}: {located.accuracy:.0%} of views turned as asked, by the anchor's depth"
    verdict = _judge(poses.accuracy, CAMERA_LIMITS)
    text = f"{verdict}: pose accuracy {poses.accuracy:.2f}, {len(poses.registered)} of {poses.views} views registered"
    model = evaluation.structure and evaluation.structure.model
    return f"{text} by the {model.mapper} mapper" if model else text


def _answer_subject(evaluation: Evaluation) -> str:
    if evaluation.fidelity is not None and (psnr := _mean(evaluation.fidelity.subject_psnr)) is not None:
        return f"{_judge(psnr, PSNR_LIMITS)}: {psnr:.1f} dB of the true views{_warn_of_blur(evaluation)}"
    if not evaluation.likenesses:
        return UNKNOWN
    likeness = evaluation.likenesses[-1]  # an encoder says more than colours
    verdict = _judge(likeness.mean / max(likeness.ceiling, 1e-6), SUBJECT_LIMITS)
    return f"{verdict}: likeness {likeness.mean:.2f} by {likeness.name}; the references to one another {likeness.ceiling:.2f}"


def _answer_background(evaluation: Evaluation) -> str:
    fidelity, warps = evaluation.fidelity, evaluation.warps
    if fidelity is not None and (psnr := _mean(fidelity.background_psnr)) is not None:
        return f"{_judge(psnr, PSNR_LIMITS)}: {psnr:.1f} dB of the true views{_warn_of_blur(evaluation)}"
    if warps is not None:
        known = [("the background alone", warps.background_psnr), ("the whole picture", warps.psnr)]
        for where, psnr in known:
            if psnr is not None:
                return f"{_judge(psnr, PSNR_LIMITS)}: warp by depth {psnr:.1f} dB, {where}{_warn_of_blur(evaluation)}"
    if evaluation.epipolar is not None:
        tsed = evaluation.epipolar.tsed
        return f"{_judge(tsed, TSED_LIMITS)}: {tsed:.0%} of neighbours fit the target cameras (TSED, the whole picture)"
    return UNKNOWN


def _warn_of_blur(evaluation: Evaluation) -> str:
    """A warning if the views are blurred, because blur raises figures that compare pixel by pixel; else an empty text."""
    sharpness, wanted = float(evaluation.sharpness.mean()), evaluation.wanted_sharpness
    if wanted and sharpness < BLURRED * wanted:
        return f"; but blurred, sharpness {sharpness / wanted:.0%} of what is wanted"
    return ""


def _judge(value: float, limits: tuple[float, float]) -> str:
    return VERDICTS[sum(value < limit for limit in limits)]


def _mean(values: Any) -> float | None:
    """Mean over the views that have a value; None if none has."""
    return None if values is None or values.isnan().all() else float(values.nanmean())


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _write(value: float) -> str:
    return f"{value:.0f}" if value == round(value) and abs(value) > 1 else f"{value:.3g}"
