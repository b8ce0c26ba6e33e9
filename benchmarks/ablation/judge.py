"""What views are worth: every figure of the evaluation, and those that need to know how procedural scenes are made.

Figures against the truth leave the anchor's own view out, for all rungs alike: there the warped anchor is the truth itself.
"""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from ...mvcustom_core.embedded.scenes.grammar import word_indices
from ...mvcustom_core.evaluation.case import Case
from ...mvcustom_core.evaluation.evaluation import evaluate_views
from ...mvcustom_core.evaluation.fidelity import Fidelity
from ...mvcustom_core.evaluation.report import summarise_evaluation
from ...mvcustom_core.surface.depth import AnchorDepth
from ...training.figures import READER
from ...training.reader import Reader, read_accuracy
from ..concept_quality import FIRST_SEED
from ..kit.identity import SubjectEncoder, crop_subject, load_encoder, retrieve
from .cases import LEARNED, MAX_SUBJECTS, AblationCase, photograph_once
from .visibility import find_seen, pool_psnr

Figures = dict[str, float | None]
READ = ("ground", "sky")


@dataclass(frozen=True, eq=False)
class Judge:
    """What looks at views of procedural scenes.

    Attributes:
        encoder, gallery: tell subjects apart; the photographs' crops of all of them.
        reader: reads words from a picture; None if it is missing.
    """

    encoder: SubjectEncoder
    gallery: list[Tensor]
    reader: Reader | None

    def measure(self, case: AblationCase, views: Tensor, anchors: tuple[AnchorDepth, ...]) -> tuple[Figures, list[str]]:
        """All figures of views [V, 3, H, W], finite or None, and what was not measured.

        Args:
            anchors: depth for the warps; the true one for views that show the true scene.
        """
        photographs = case.photographs
        whole = Case(
            views, case.cameras, anchors, case.truth.mask, photographs.images, photographs.mask, case.truth.images
        )  # the true mask: a rung's own would forgive a subject in the wrong place
        with tempfile.TemporaryDirectory(prefix="mvcustom_ablation_") as folder:
            evaluation = evaluate_views(whole, Path(folder), lambda share: None)
        evaluation = replace(evaluation, fidelity=_leave_out(evaluation.fidelity, case.anchor))
        seen = find_seen(case.cameras, case.truth.depth, case.anchor)
        others = torch.ones_like(seen)
        others[case.anchor] = False
        read, notes = self._read(case, views)
        figures = {
            **summarise_evaluation(evaluation),
            "retrieval": self._retrieve(case, views),
            **read,
            "revealed PSNR dB": pool_psnr(views, case.truth.images, ~seen),
            "seen PSNR dB": pool_psnr(views, case.truth.images, seen & others),
        }
        return {name: _finite(value) for name, value in figures.items()}, [*evaluation.notes, *notes]

    def _retrieve(self, case: AblationCase, views: Tensor) -> float:
        found = retrieve(self.encoder, crop_subject(views, case.cameras), self.gallery)
        return float((found == case.task.subject - FIRST_SEED).float().mean())

    def _read(self, case: AblationCase, views: Tensor) -> tuple[Figures, list[str]]:
        if self.reader is None:
            note = f"ground and sky: not read; {READER.name} is missing in {READER.parent}, make it with `python dev.py train-tiny reader`"
            return dict.fromkeys(f"{name} read" for name in READ), [note]
        words = torch.tensor(word_indices(case.words)).expand(len(views), -1)
        shares = read_accuracy(self.reader, views, words)
        return {f"{name} read": shares[name] for name in READ}, []


@lru_cache(maxsize=1)
def load_judge() -> Judge:
    """The networks, and the photographs of all subjects of the gallery."""
    taken = [photograph_once(FIRST_SEED + index) for index in range(MAX_SUBJECTS)]
    gallery = [crop_subject(views.images, cameras)[LEARNED] for _, views, cameras in taken]
    return Judge(load_encoder(), gallery, load_reader())


def load_reader() -> Reader | None:
    """What reads a picture's words; None if its file is missing."""
    if not READER.is_file():
        return None
    reader = Reader().eval()
    reader.load_state_dict(load_file(READER))
    return reader


def _leave_out(fidelity: Fidelity, view: int) -> Fidelity:
    others = [index for index in range(len(fidelity.psnr)) if index != view]
    parts = (fidelity.psnr, fidelity.ssim, fidelity.subject_psnr, fidelity.background_psnr)
    return Fidelity(*(part[others] for part in parts))


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)
