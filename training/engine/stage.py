"""What a stage of training brings to the loop: a network whose forward is the loss, and examples to learn from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import torch
from torch import Tensor, nn

Example = dict[str, Tensor]
Losses = tuple[Tensor, dict[str, Tensor]]
"""The loss to lower, and the parts that are reported, detached; all of no dimensions."""


class Examples(Protocol):
    """What is learned from. Drawing is repeatable: the same index and the same random numbers give the same example."""

    def __len__(self) -> int: ...

    def draw(self, index: int, generator: torch.Generator) -> Example:
        """One example on the CPU, with all the random numbers that its loss needs. All examples have the same shapes."""
        ...


class Stage(nn.Module):
    """One training task. `forward` takes a batch of examples and returns their losses; it uses every parameter that is trained.

    Attributes:
        name: of its files.
        trained: the submodule that results. Whatever else requires a gradient is trained as well and thrown away, such as a head of a loss.
        examples: what is learned from.
        uneven: whether there are updates in which some parameters have no part.
    """

    name: str
    trained: nn.Module
    examples: Examples
    uneven = False

    def forward(self, batch: Example) -> Losses:
        raise NotImplementedError

    def held_out(self) -> dict[str, float]:
        """Figures on what is not learned from, the same on every process."""
        raise NotImplementedError

    def describe_data(self) -> str:
        """What tells these examples from others; a checkpoint of others is not continued."""
        return f"{len(self.examples)} examples"

    def describe_settings(self) -> dict[str, Any]:
        """What decides the result besides the loop's settings, as plain values."""
        return {}

    def describe_result(self, update: int, planned: int) -> dict[str, str]:
        """Metadata of the file of weights that result after some updates."""
        return {}

    def find_change(self, update: int) -> Callable[[], str] | None:
        """What is to change before this update, such as the scope; it says what it changed. None: nothing."""
        return None

    def go_to(self, update: int) -> None:
        """Set what changes on the way as it is at this update."""

    def place(self, batch: Example) -> Example:
        """A batch where `forward` wants it: on the device."""
        return {name: tensor.to(self.device, non_blocking=True) for name, tensor in batch.items()}

    @property
    def device(self) -> torch.device:
        """Where the stage is."""
        return next(self.parameters()).device


def trained_parameters(stage: Stage) -> dict[str, nn.Parameter]:
    """The parameters that are trained, by their names in the stage."""
    return {name: parameter for name, parameter in stage.named_parameters() if parameter.requires_grad}


def result_prefix(stage: Stage) -> str:
    """What the names of the parameters begin with that result."""
    return next(name for name, module in stage.named_modules() if module is stage.trained) + "."
