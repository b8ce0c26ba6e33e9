"""One training loop for every stage: AdamW, warm-up and cool-down by the clock, EMA, resumable state, one process a core.

Several single-threaded processes that average their gradients beat one process with many threads on a CPU: the operators of so small a
network are too short to be worth a thread pool's synchronisation.
"""

from __future__ import annotations

import json
import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
import torch.distributed as dist
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

log = logging.getLogger("mvcustom.training")


class Stage(Protocol):
    """What a stage brings to the loop."""

    name: str
    module: nn.Module  # only its parameters that require a gradient are trained

    def loss(self, generator: torch.Generator) -> tuple[Tensor, dict[str, float]]: ...

    def held_out(self) -> dict[str, float]: ...


@dataclass(frozen=True, slots=True)
class LoopSettings:
    minutes: float
    learning_rate: float
    warmup_steps: int = 50
    cooldown: float = 0.3  # the last share of the minutes, linear to zero
    weight_decay: float = 0.01
    betas: tuple[float, float] = (0.9, 0.99)
    ema: float = 0.998
    clip: float = 1.0
    report_every: int = 100
    save_every: int = 200


def training_device() -> torch.device:
    """A GPU if there is one; the random numbers are drawn on the CPU all the same."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def rank() -> int:
    return dist.get_rank() if dist.is_initialized() else 0


def run_stage(stage: Stage, settings: LoopSettings, folder: Path) -> dict[str, Tensor]:
    """Train until the minutes are over, resuming from `folder`; return the EMA weights of the trained parameters."""
    stage.module.to(training_device())
    parameters = {name: p for name, p in stage.module.named_parameters() if p.requires_grad}
    optimizer = torch.optim.AdamW(parameters.values(), settings.learning_rate, settings.betas, weight_decay=settings.weight_decay)
    ema = {name: p.detach().clone() for name, p in parameters.items()}
    path = folder / f"{stage.name}.safetensors"
    step, hours = _resume(path, parameters, ema, optimizer)
    generator = torch.Generator().manual_seed(1_000_003 * (step + 1) + rank())
    start, first = time.monotonic(), step
    sums: dict[str, float] = {}
    while (progress := _progress(time.monotonic() - start, settings)) < 1:
        warm, cool = min(1.0, (step - first + 1) / settings.warmup_steps), min(1.0, (1 - progress) / settings.cooldown)
        for group in optimizer.param_groups:
            group["lr"] = settings.learning_rate * warm * cool
        loss, parts = stage.loss(generator)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        _average_gradients(parameters)
        nn.utils.clip_grad_norm_(parameters.values(), settings.clip)
        optimizer.step()
        step += 1
        decay = min(settings.ema, step / (step + 10))
        torch._foreach_lerp_(list(ema.values()), [p.detach() for p in parameters.values()], 1 - decay)
        for name, value in parts.items():
            sums[name] = sums.get(name, 0.0) + value
        if step % settings.report_every == 0 and rank() == 0:
            means = {name: round(total / settings.report_every, 4) for name, total in sums.items()}
            log.info("%s step %d, %.1f min, %s", stage.name, step, (time.monotonic() - start) / 60, means)
        if step % settings.report_every == 0:
            sums = {}
        if step % settings.save_every == 0 and rank() == 0:
            _save(path, parameters, ema, optimizer, step, hours + (time.monotonic() - start) / 3600)
    if rank() == 0:
        _save(path, parameters, ema, optimizer, step, hours + (time.monotonic() - start) / 3600)
    for name, value in ema.items():
        parameters[name].data.copy_(value)
    if rank() == 0:
        log.info("%s ends at step %d, held out: %s", stage.name, step, stage.held_out())
    return ema


def _progress(seconds: float, settings: LoopSettings) -> float:
    """Share of the minutes gone; the same on every process, or they would part."""
    progress = torch.tensor([seconds / (60 * settings.minutes)])
    if dist.is_initialized():
        dist.all_reduce(progress, dist.ReduceOp.MAX)
    return float(progress)


def _average_gradients(parameters: dict[str, Tensor]) -> None:
    if not dist.is_initialized():
        return
    gradients = [p.grad for p in parameters.values() if p.grad is not None]
    flat = torch.cat([g.flatten() for g in gradients])
    dist.all_reduce(flat)
    flat /= dist.get_world_size()
    for gradient, part in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
        gradient.copy_(part.view_as(gradient))


def _save(path: Path, parameters: dict, ema: dict, optimizer: torch.optim.Optimizer, step: int, hours: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors = {f"weight/{n}": p.detach().contiguous() for n, p in parameters.items()} | {f"ema/{n}": e.contiguous() for n, e in ema.items()}
    for name, p in parameters.items():
        state = optimizer.state.get(p, {})
        tensors |= {f"{key}/{name}": state[key].contiguous() for key in ("exp_avg", "exp_avg_sq") if key in state}
    part = path.with_suffix(".part")
    save_file(tensors, part, {"progress": json.dumps({"step": step, "hours": hours})})
    part.replace(path)


def _resume(path: Path, parameters: dict, ema: dict, optimizer: torch.optim.Optimizer) -> tuple[int, float]:
    if not path.exists():
        return 0, 0.0
    with safe_open(path, "pt") as file:
        progress = json.loads(file.metadata()["progress"])
        names = set(file.keys())
        for name, p in parameters.items():
            if f"weight/{name}" not in names or file.get_slice(f"weight/{name}").get_shape() != list(p.shape):
                log.info("%s: %s is new, it starts fresh", path.name, name)
                continue
            p.data.copy_(file.get_tensor(f"weight/{name}"))
            ema[name].copy_(file.get_tensor(f"ema/{name}"))
            if f"exp_avg/{name}" in names:
                optimizer.state[p] = {key: file.get_tensor(f"{key}/{name}").to(p) for key in ("exp_avg", "exp_avg_sq")}
                optimizer.state[p]["step"] = torch.tensor(float(progress["step"]))
    log.info("%s: resumed at step %d after %.2f hours", path.name, progress["step"], progress["hours"])
    return progress["step"], progress["hours"]


def load_ema(path: Path) -> dict[str, Tensor]:
    """The EMA weights of a stage's state file, by parameter name."""
    with safe_open(path, "pt") as file:
        return {name.removeprefix("ema/"): file.get_tensor(name) for name in file.keys() if name.startswith("ema/")}
