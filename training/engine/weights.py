"""The trained weights and their running average: in a checkpoint, and as the result of a stage."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import torch
from accelerate import Accelerator, DistributedType
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from .stage import Stage, result_prefix, trained_parameters

FILE = "trained.safetensors"


class Weights:
    """The parameters of a stage that are trained, and their exponential moving average.

    Accelerate would write the whole network into every checkpoint. What is frozen is known from elsewhere, so the hooks here keep the
    trained weights alone. Where the weights are sharded (FSDP), they are accelerate's own matter, and each process keeps its part of the
    average.
    """

    def __init__(self, accelerator: Accelerator, stage: Stage, most: float) -> None:
        self.accelerator, self.stage, self.most, self.updates = accelerator, stage, most, 0
        self.parameters = trained_parameters(stage)
        self.current = nn.ParameterList(self.parameters.values())
        self.average = AveragedModel(self.current, multi_avg_fn=self._lerp)
        self.is_sharded = accelerator.distributed_type == DistributedType.FSDP
        accelerator.register_save_state_pre_hook(self._save)
        accelerator.register_load_state_pre_hook(self._load)

    def update_average(self, updates: int) -> None:
        """Take the weights into their average, after so many updates in all."""
        self.updates = updates
        self.average.update_parameters(self.current)

    @torch.no_grad()
    def take_average(self) -> None:
        """Replace the weights by their average."""
        for parameter, mean in zip(self.parameters.values(), self.average.module, strict=True):
            parameter.copy_(mean)

    def gather(self, model: nn.Module) -> dict[str, Tensor]:
        """Whole tensors of the weights that result on the CPU, by name in `stage.trained`; of sharded ones on the main process alone."""
        state = self.accelerator.get_state_dict(model) if self.is_sharded else self.parameters
        prefix = result_prefix(self.stage)
        names = [name for name in self.parameters if name.startswith(prefix) and name in state]
        return {name.removeprefix(prefix): state[name].detach().cpu().contiguous() for name in names}

    def _lerp(self, averaged: list[Tensor], current: list[Tensor], _: Tensor | int) -> None:
        keep = min(self.most, self.updates / (self.updates + 10))  # the first weights are not worth keeping
        torch._foreach_lerp_(averaged, current, 1 - keep)

    def _save(self, _: list[nn.Module], weights: list[dict[str, Tensor]], folder: str) -> None:
        weights.clear()
        if self.is_sharded:
            save_file(self._named("ema", self.average.module), self._average_file(folder))
        elif self.accelerator.is_main_process:
            save_file(self._named("weight", self.parameters.values()) | self._named("ema", self.average.module), Path(folder, FILE))

    @torch.no_grad()
    def _load(self, models: list[nn.Module], folder: str) -> None:
        models.clear()
        stored = load_file(self._average_file(folder) if self.is_sharded else Path(folder, FILE))
        kinds = {"ema": self.average.module} if self.is_sharded else {"weight": self.parameters.values(), "ema": self.average.module}
        for kind, tensors in kinds.items():
            for name, tensor in zip(self.parameters, tensors, strict=True):
                _local(tensor).copy_(stored[f"{kind}/{name}"])
        self.average.n_averaged.fill_(1)  # not the first update any more

    def _average_file(self, folder: str) -> Path:
        return Path(folder, f"ema-{self.accelerator.process_index}.safetensors")

    def _named(self, kind: str, tensors: Iterable[Tensor]) -> dict[str, Tensor]:
        return {f"{kind}/{name}": _local(tensor).detach().contiguous() for name, tensor in zip(self.parameters, tensors, strict=True)}


def _local(tensor: Tensor) -> Tensor:
    """The part of a sharded tensor that this process has; any other tensor as it is."""
    return tensor.to_local() if hasattr(tensor, "to_local") else tensor


def write_result(weights: dict[str, Tensor], path: Path, metadata: dict[str, str] | None = None) -> None:
    """Write a file of weights that is there as a whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    save_file(weights, part, metadata)
    part.replace(path)


def load_result(path: Path) -> dict[str, Tensor]:
    """The averaged weights of a stage that has ended.

    Raises:
        ValueError: if it has not.
    """
    if not path.is_file():
        raise ValueError(f"training: wanted the weights of stage {path.stem} in {path.parent}, found none; train that stage first")
    return load_file(path)
