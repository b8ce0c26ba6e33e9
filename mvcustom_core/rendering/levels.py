"""How far denoising has come, told from the noise level alone: the same in one run, in a part of one, and under every scheduler."""

from __future__ import annotations

import bisect
import math
from dataclasses import dataclass

from torch import Tensor

PRECISION = 4  # decimals of the progress: a tenth of one of 1000 timesteps, so that rounding in a sampler or on a device decides nothing

NEARLY = 1e-3  # one of 1000 timesteps: by so much schedulers differ in where an even step begins


def has_passed(progress: float, moment: float) -> bool:
    """Whether denoising has come to a moment, both from 0 to 1; a step that begins nearly there is there. Only without noise it is at 1."""
    return progress > moment - NEARLY


@dataclass(frozen=True, slots=True)
class NoiseLevels:
    """The noise levels that a model was trained on.

    Attributes:
        logs: their logarithms, ascending.
    """

    logs: tuple[float, ...]

    @classmethod
    def of(cls, sigmas: Tensor) -> NoiseLevels:
        """Read a model's table of noise levels [T], ascending. On a device this waits for it.

        Raises:
            ValueError: if there are none, or they do not rise.
        """
        levels = sigmas.flatten().double().tolist()
        if not levels or levels[0] <= 0 or any(a >= b for a, b in zip(levels, levels[1:], strict=False)):
            raise ValueError(f"noise levels: wanted positive ones that rise, got {levels[:3]} and so on, {len(levels)} in all")
        return cls(tuple(math.log(level) for level in levels))

    def find_progress(self, sigma: float) -> float:
        """The share of denoising that lies behind a noise level: 0 at the noisiest trained level and above, 1 where no noise is left.

        It is linear in the training timestep t of T, as 1 - (t + 1) / T, so that N even steps begin at 0, 1/N, 2/N, ... Levels between
        two trained ones are placed by their logarithm.
        """
        if sigma <= 0:
            return 1.0
        log, count = math.log(sigma), len(self.logs)
        above = bisect.bisect_left(self.logs, log)
        if above == 0 or above == count:
            place = float(min(above, count - 1))
        else:
            low, high = self.logs[above - 1 : above + 1]
            place = above - 1 + (log - low) / (high - low)
        return round(1 - (place + 1) / count, PRECISION)
