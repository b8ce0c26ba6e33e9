"""How a stage is trained, and the learning rate of each update."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

Precision = Literal["no", "bf16", "fp16"]
FREE = ("updates", "minutes", "batch", "accumulation", "precision", "report_every", "save_every", "keep", "workers", "continue_anyway")
"""Settings that may differ from those of the checkpoint: they decide when and where an update is computed, or when to end."""


@dataclass(frozen=True, slots=True)
class LoopSettings:
    """How a stage is trained.

    Attributes:
        updates: to train in all, those before an interruption included.
        learning_rate: the highest.
        batch: examples in one pass of a process.
        accumulation: passes whose gradients an update adds up.
        warmup: updates in which the rate rises.
        cooldown: share of the updates, the last ones, in which the rate falls linearly to zero.
        ema: the most that the averaged weights keep of themselves in an update.
        clip: largest norm of the gradients.
        seed: of the examples' order and random numbers.
        minutes: end after about so many, with a cooldown that begins early; None: only the updates count.
        precision: of the computing; the weights are float32. None: as accelerate's launcher says.
        keep: checkpoints on disk.
        workers: processes that draw examples ahead.
        continue_anyway: go on from a checkpoint of other data or settings.
    """

    updates: int
    learning_rate: float
    batch: int = 8
    accumulation: int = 1
    warmup: int = 50
    cooldown: float = 0.3
    weight_decay: float = 0.01
    betas: tuple[float, float] = (0.9, 0.99)
    ema: float = 0.998
    clip: float = 1.0
    seed: int = 0
    minutes: float | None = None
    precision: Precision | None = None
    report_every: int = 20
    save_every: int = 200
    keep: int = 3
    workers: int = 0
    continue_anyway: bool = False

    def __post_init__(self) -> None:
        for name in ("updates", "batch", "accumulation", "report_every", "save_every", "keep"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: wanted 1 or more, got {getattr(self, name)}")
        if not 0 <= self.cooldown <= 1 or (self.minutes is not None and self.minutes <= 0):
            raise ValueError(f"wanted a cooldown of 0 to 1 and minutes above 0, got {self.cooldown} and {self.minutes}")

    def describe(self, processes: int) -> dict[str, Any]:
        """What decides the result, as plain values: what a checkpoint must have in common with the run that continues it."""
        values = {name: value for name, value in asdict(self).items() if name not in FREE}
        values["betas"] = list(self.betas)
        return values | {"examples an update": self.batch * self.accumulation * processes}


@dataclass(frozen=True, slots=True)
class Schedule:
    """The learning rate over the updates: a linear rise, a plateau, a linear fall to zero.

    Attributes:
        warmup: updates of the rise.
        falls: first update of the fall.
        ends: number of updates.
    """

    warmup: int
    falls: int
    ends: int

    @classmethod
    def plan(cls, settings: LoopSettings) -> Schedule:
        """As the settings say."""
        return cls(settings.warmup, round((1 - settings.cooldown) * settings.updates), settings.updates)

    def rate(self, update: int) -> float:
        """Share of the highest rate."""
        rise = (update + 1) / self.warmup if self.warmup else 1.0
        fall = (self.ends - update) / (self.ends - self.falls) if self.ends > self.falls else 1.0
        return min(1.0, rise) * min(1.0, max(0.0, fall))

    def end_early(self, update: int, remaining: int) -> Schedule:
        """Fall from this update on and end after `remaining` more; unchanged where it falls already or ends sooner."""
        if update >= self.falls or update + remaining >= self.ends:
            return self
        return replace(self, falls=update, ends=update + remaining)
