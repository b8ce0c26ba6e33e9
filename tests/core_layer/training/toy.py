"""A stage of two small matrices, which may kill its process, and a program that trains it as one of several processes."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import types
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

if __name__ == "__main__":
    package = types.ModuleType("mvcustom")
    package.__path__ = [str(Path(__file__).resolve().parents[3])]
    sys.modules["mvcustom"] = package

from mvcustom.training.engine.loop import run_stage
from mvcustom.training.engine.processes import join_processes
from mvcustom.training.engine.settings import LoopSettings
from mvcustom.training.engine.stage import Example, Losses, Stage

WIDTH, EXAMPLES = 6, 10
SETTINGS = LoopSettings(updates=12, learning_rate=0.05, batch=2, warmup=3, save_every=4, report_every=2, keep=2)


class Points:
    """Noisy points of a plane, in dimension WIDTH."""

    def __init__(self, count: int = EXAMPLES) -> None:
        self.x = torch.randn(count, WIDTH, generator=torch.Generator().manual_seed(7))

    def __len__(self) -> int:
        return len(self.x)

    def draw(self, index: int, generator: torch.Generator) -> Example:
        noise = torch.randn(WIDTH, generator=generator)
        return {"x": self.x[index] + 0.1 * noise, "y": self.x[index, :1], "index": torch.tensor(index)}


class Toy(Stage):
    """Least squares."""

    name = "toy"

    def __init__(self, count: int = EXAMPLES, wound: Callable[[int], None] = lambda update: None) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(3)
        self.trained = nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.Tanh(), nn.Linear(WIDTH, 1))
        for parameter in self.trained.parameters():
            parameter.data = 0.3 * torch.randn(parameter.shape, generator=generator)
        self.frozen = nn.Linear(WIDTH, 1000).requires_grad_(False)
        self.examples, self.wound, self.seen = Points(count), wound, []

    def forward(self, batch: Example) -> Losses:
        self.seen += batch["index"].tolist()
        loss = (self.trained(batch["x"]) - batch["y"]).square().mean()
        return loss, {"loss": loss.detach()}

    def held_out(self) -> dict[str, float]:
        return {"error": float(self.trained(self.examples.x).square().mean())}

    def find_change(self, update: int) -> None:
        self.wound(update)


def kill_at(fatal: int) -> Callable[[int], None]:
    """Kill this process, as `kill -9` does, before an update."""

    def wound(update: int) -> None:
        if update == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    return wound


def weights_after(weights: dict[str, Tensor]) -> Tensor:
    return torch.cat([tensor.flatten() for tensor in weights.values()])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--updates", type=int, default=SETTINGS.updates)
    parser.add_argument("--batch", type=int, default=SETTINGS.batch)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    join_processes()
    stage = Toy()
    settings = replace(SETTINGS, updates=arguments.updates, batch=arguments.batch)
    run_stage(stage, settings, arguments.folder)
    (arguments.folder / f"seen-{os.environ.get('RANK', '0')}.txt").write_text(" ".join(map(str, stage.seen)), encoding="utf-8")


if __name__ == "__main__":
    main()
