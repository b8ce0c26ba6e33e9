"""Where a learning run stands, and what it has made when it is finished; with their files, which give the same bits back."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..concept import Concept, pack_concept, unpack_concept
from ..storage import read_tensors, strip_prefix, write_tensors
from .plan import LearningSettings

KIND = "mvcustom-learning"
FINISHED_KIND = "mvcustom-learned"


@dataclass(frozen=True, slots=True)
class StepReport:
    """One finished update.

    Attributes:
        step: counted from 1.
        total: weighted sum of the losses.
        losses: each loss before its weight.
        sigma: noise level of the update.
        seconds: it took.
        held_out: rendering loss of the photographs kept out of learning, at the steps where it is measured.
    """

    step: int
    total: float
    losses: dict[str, float]
    sigma: float
    seconds: float
    held_out: float | None = None


@dataclass(frozen=True, eq=False)
class LearningState:
    """A run after some whole number of updates. Random draws follow from seed and step, so no generator is kept.

    Attributes:
        pose: state dict of `PoseBlocks`.
        token: [1, D].
        moments: the optimiser's tensors, as "parameter index.name".
        history: a report per finished update.
    """

    pose: dict[str, Tensor]
    token: Tensor  # [1, D]
    moments: dict[str, Tensor]
    history: tuple[StepReport, ...]

    @property
    def step(self) -> int:
        """Finished updates."""
        return len(self.history)

    @property
    def is_finite(self) -> bool:
        """Whether a run can go on from here."""
        return all(bool(torch.isfinite(tensor).all()) for tensor in (*self.pose.values(), self.token, *self.moments.values()))


@dataclass(frozen=True, eq=False)
class FinishedRun:
    """What a run has made, and where it stands: more updates can go on from here.

    Attributes:
        state: after the last update.
        concept: the learned concept, with the pose blocks and the token of the state.
        preview: [1, 3, H, W] a view beside what the concept renders there.
        held_out: [V, 3, H, W] the photographs kept out of learning, beside what the concept renders there.
        report: how well these are rendered, as text.
    """

    state: LearningState
    concept: Concept
    preview: Tensor  # [1, 3, H, W]
    held_out: Tensor  # [V, 3, H, W]
    report: str


def count_shared_steps(settings: LearningSettings) -> int:
    """Up to which update a run with another number of steps does exactly the same.

    With constant rates it does so to the end. With the cosine schedule the rates depend on the number of steps, but not those of the
    rendering steps, which have a cosine of their own.
    """
    return settings.steps if settings.schedule == "constant" else settings.rendering_steps


def save_learning(path: Path | str, state: LearningState) -> None:
    """Write a run's state to one safetensors file, atomically."""
    tensors = {f"pose.{name}": tensor for name, tensor in state.pose.items()}
    write_tensors(path, tensors | _pack_moments(state) | {"token": state.token}, KIND, {"history": _pack_history(state)})


def load_learning(path: Path | str) -> LearningState:
    """Read what `save_learning` wrote.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is empty, truncated or no learning state.
    """
    tensors, facts = read_tensors(path, KIND)
    try:
        return _unpack_state(tensors, facts)
    except (KeyError, TypeError) as error:
        raise ValueError(f"{Path(path).name}: wanted a whole learning state, got parts that do not fit ({error})") from error


def save_finished(path: Path | str, run: FinishedRun) -> None:
    """Write a finished run to one safetensors file, atomically."""
    tensors, facts = pack_concept(run.concept)
    tensors |= _pack_moments(run.state) | {"pictures.preview": run.preview, "pictures.held_out": run.held_out}
    write_tensors(path, tensors, FINISHED_KIND, {"concept": facts, "history": _pack_history(run.state), "report": run.report})


def load_finished(path: Path | str) -> FinishedRun:
    """Read what `save_finished` wrote.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is empty, truncated or no finished run.
    """
    tensors, facts = read_tensors(path, FINISHED_KIND)
    try:
        concept = unpack_concept(tensors, facts["concept"])
        pictures = strip_prefix(tensors, "pictures.")
        return FinishedRun(_unpack_state(tensors, facts), concept, pictures["preview"], pictures["held_out"], facts["report"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{Path(path).name}: wanted a whole finished run, got parts that do not fit ({error})") from error


def _pack_moments(state: LearningState) -> dict[str, Tensor]:
    return {f"moments.{name}": tensor for name, tensor in state.moments.items()}


def _pack_history(state: LearningState) -> list[dict[str, Any]]:
    return [asdict(report) for report in state.history]


def _unpack_state(tensors: dict[str, Tensor], facts: dict[str, Any]) -> LearningState:
    return LearningState(
        pose=strip_prefix(tensors, "pose."),
        token=tensors["token"],
        moments=strip_prefix(tensors, "moments."),
        history=tuple(StepReport(**report) for report in facts["history"]),
    )
