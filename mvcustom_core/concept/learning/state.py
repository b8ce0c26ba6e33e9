"""Where a learning run stands, and its file, from which it continues to the same bits."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from torch import Tensor

from ..storage import read_tensors, strip_prefix, write_tensors

KIND = "mvcustom-learning"


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


def save_learning(path: Path | str, state: LearningState) -> None:
    """Write a run's state to one safetensors file, atomically."""
    tensors = {f"pose.{name}": tensor for name, tensor in state.pose.items()}
    tensors |= {f"moments.{name}": tensor for name, tensor in state.moments.items()} | {"token": state.token}
    write_tensors(path, tensors, KIND, {"history": [asdict(report) for report in state.history]})


def load_learning(path: Path | str) -> LearningState:
    """Read what `save_learning` wrote.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is empty, truncated or no learning state.
    """
    tensors, facts = read_tensors(path, KIND)
    return LearningState(
        pose=strip_prefix(tensors, "pose."),
        token=tensors["token"],
        moments=strip_prefix(tensors, "moments."),
        history=tuple(StepReport(**report) for report in facts["history"]),
    )
