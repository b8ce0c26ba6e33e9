"""Which process learns from which example when.

The examples of all epochs form one line of positions, each epoch in a random order of its own. Every update takes the next positions, and
the processes divide them. The random numbers of an example come from its position, so that they depend neither on the number of processes
nor on where a run was interrupted: two processes that take b examples each compute what one computes that takes 2 b.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch.utils.data import DataLoader, Dataset

from .stage import Example, Examples

SEED_STEP = 0x9E3779B1  # an odd number near 2^32 over the golden ratio: seeds that follow one another are far apart


@dataclass(frozen=True, slots=True)
class Share:
    """What one process takes of every update.

    Attributes:
        process, processes: its number and how many there are.
        batch: examples in one pass of this process.
        passes: passes whose gradients an update adds up.
    """

    process: int
    processes: int
    batch: int
    passes: int = 1

    def positions(self, first_update: int) -> Iterator[list[int]]:
        """The positions of one pass after the other, without end."""
        place = first_update * self.passes * self.processes * self.batch + self.process * self.batch
        while True:
            yield list(range(place, place + self.batch))
            place += self.processes * self.batch


class ExampleLine(Dataset[Example]):
    """The examples of all epochs by position."""

    def __init__(self, examples: Examples, seed: int) -> None:
        self.examples, self.seed = examples, seed
        self._epoch, self._order = -1, torch.empty(0, dtype=torch.long)

    def __getitem__(self, position: int) -> Example:
        generator = torch.Generator().manual_seed((self.seed * SEED_STEP + position) % 2**32)  # torch uses no more bits
        return self.examples.draw(self.find_index(position), generator)

    def find_index(self, position: int) -> int:
        """The example at a position."""
        epoch, place = divmod(position, len(self.examples))
        if epoch != self._epoch:
            generator = torch.Generator().manual_seed(((self.seed + 1) * SEED_STEP - epoch) % 2**32)
            self._epoch, self._order = epoch, torch.randperm(len(self.examples), generator=generator)
        return int(self._order[place])


def load_examples(examples: Examples, share: Share, first_update: int, seed: int, workers: int) -> Iterator[Example]:
    """The batches of one process from an update on, without end, each of shape [batch, ...].

    Args:
        workers: processes that draw examples ahead; 0 draws them in this one.
    """
    loader = DataLoader(
        ExampleLine(examples, seed),
        batch_sampler=share.positions(first_update),
        num_workers=workers,
        pin_memory=torch.cuda.is_available(),
        persistent_workers=False,
    )
    return iter(loader)
