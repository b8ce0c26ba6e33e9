"""One line for each finished piece: how long it took, how much is done, how long the rest may take."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable


class Progress:
    """Counts pieces by kind, since a kind's pieces take alike long.

    Args:
        kinds: of all pieces that are still to be made.
        finished: how many were made before.
        write: takes a line.
    """

    def __init__(self, kinds: Iterable[str], finished: int, write: Callable[[str], None]) -> None:
        self.left = Counter(kinds)
        self.done, self.all = finished, finished + self.left.total()
        self.spent: dict[str, list[float]] = {}
        self.write = write
        self.noted: set[str] = set()

    def tell(self, name: str, kind: str, seconds: float) -> None:
        """A piece is finished."""
        self.left[kind] -= 1
        self.done += 1
        self.spent.setdefault(kind, []).append(seconds)
        rest = f"about {_describe(self.estimate())} left" if self.left.total() else "that was all"
        self.write(f"{name}  {kind}  {seconds:.1f} s  {self.done} of {self.all}, {rest}")

    def note(self, text: str) -> None:
        """Something that holds for many pieces, and is said once."""
        if text not in self.noted:
            self.noted.add(text)
            self.write(f"note: {text}")

    def fail(self, name: str, kind: str, reason: str) -> None:
        """A piece could not be made."""
        self.left[kind] -= 1
        self.write(f"{name}  {kind}  not made: {reason}")

    def estimate(self) -> float:
        """Seconds that the rest may take: by the mean of each kind, or of all pieces where a kind has not come up yet."""
        everything = [seconds for spent in self.spent.values() for seconds in spent] or [0.0]
        means = {kind: self.spent.get(kind, everything) for kind in self.left}
        return sum(count * sum(means[kind]) / len(means[kind]) for kind, count in self.left.items() if count > 0)


def _describe(seconds: float) -> str:
    hours, minutes = divmod(math.ceil(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
