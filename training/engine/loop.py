"""The training loop of every stage, on Hugging Face accelerate: processes, mixed precision, accumulation, clipping and state are its own.

Updates decide what is computed. A run of so many minutes ends at an update like any other, with the fall of the learning rate begun early
enough, and its checkpoint says so.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator, DistributedDataParallelKwargs
from accelerate.utils import broadcast_object_list
from torch import Tensor
from torch.distributed.fsdp import register_fsdp_forward_method

from .checkpoint import Checkpoints
from .order import Share, load_examples
from .processes import check_launcher
from .report import Report, trackers
from .settings import LoopSettings, Schedule
from .stage import Example, Stage, trained_parameters
from .weights import Weights, write_result

CLOCK_EVERY = 10  # updates between two looks at the clock, which all processes agree on
log = logging.getLogger("mvcustom.training")


def run_stage(stage: Stage, settings: LoopSettings, folder: Path) -> dict[str, Tensor]:
    """Train a stage from its last checkpoint on, or from the beginning.

    Args:
        folder: gets the checkpoints in a folder of the stage's name, its metrics NAME.jsonl, and in the end its weights NAME.safetensors.

    Returns:
        The averaged weights, by their names in `stage.trained`.

    Raises:
        ValueError: if the checkpoint is of other data or settings, or cannot be written; if a batch does not fit in memory; if the loss is
            no longer a number.
    """
    return Training(stage, settings, folder).run()


class Training:
    """One run of a stage."""

    def __init__(self, stage: Stage, settings: LoopSettings, folder: Path) -> None:
        self.stage, self.settings, self.folder = stage, settings, folder
        self.accelerator = accelerator = _make_accelerator(settings, folder, stage.uneven)
        optimizer = torch.optim.AdamW(
            trained_parameters(stage).values(), settings.learning_rate, settings.betas, weight_decay=settings.weight_decay, fused=True
        )
        self.model, self.optimizer = accelerator.prepare(stage, optimizer)
        self.weights = Weights(accelerator, stage, settings.ema)
        if self.weights.is_sharded:  # these figures need whole weights, as the loss does
            register_fsdp_forward_method(self.model, "held_out")
        self.checkpoints = Checkpoints(folder / stage.name, settings.keep, accelerator.is_main_process, accelerator.wait_for_everyone)
        self.update, self.schedule = 0, Schedule.plan(settings)
        self.sums: dict[str, Tensor] = {}
        self.summed = 0  # passes

    def run(self) -> dict[str, Tensor]:
        """Draw, differentiate, step, average; now and then report and save."""
        self.resume()
        settings, accelerator = self.settings, self.accelerator
        share = Share(accelerator.process_index, accelerator.num_processes, settings.batch, settings.accumulation)
        batches = load_examples(self.stage.examples, share, self.update, settings.seed, settings.workers)
        report = Report(accelerator, self.stage.name, self.folder / f"{self.stage.name}.jsonl", self.update, self.schedule.ends)
        start, first = time.monotonic(), self.update
        while self.update < self.schedule.ends:
            self._change(report)
            self._step(batches)
            self.update += 1
            self.weights.update_average(self.update)
            report.count()
            self._look_at_clock(time.monotonic() - start, self.update - first, report)
            if self.update % settings.report_every == 0:
                self._report(report)
            if self.update % settings.save_every == 0 or self.update == self.schedule.ends:
                self.save()
            check_launcher()
        return self._finish(report)

    def resume(self) -> None:
        """Go to the last checkpoint, if there is one."""
        found = self.checkpoints.find_last()
        if found is not None:
            self._check_same(found.about)
            self.accelerator.load_state(str(found.folder))
            self.update = found.update
            stored = Schedule(**found.about["schedule"])
            if self.update < stored.ends < self.schedule.ends:  # the fall had begun early
                self.schedule = stored
            if self.accelerator.is_main_process:
                log.info("%s: resumed at update %d from %s", self.stage.name, self.update, found.folder.name)
        self.stage.go_to(max(0, self.update - 1))  # a change before this update is still to come

    def save(self) -> None:
        """Write a checkpoint."""
        self._check_finite()
        about = {"data": self.stage.describe_data(), "settings": self._describe(), "schedule": asdict(self.schedule)}
        self.checkpoints.write(self.update, about, lambda part: self.accelerator.save_state(str(part)))

    def _step(self, batches: Iterator[Example]) -> None:
        """One update, of as many passes as are accumulated."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.settings.learning_rate * self.schedule.rate(self.update)
        for _ in range(self.settings.accumulation):
            batch = self.stage.place(next(batches))
            try:
                with self.accelerator.accumulate(self.model):
                    loss, parts = self.model(batch)
                    self.accelerator.backward(loss)
                    if self.accelerator.sync_gradients:
                        self.accelerator.clip_grad_norm_(self.weights.parameters.values(), self.settings.clip)
                    self.optimizer.step()
                    self.optimizer.zero_grad()
            except torch.OutOfMemoryError as error:
                raise ValueError(
                    f"batch: wanted {self.settings.batch} examples at once in the memory of {self.accelerator.device}, got no room "
                    f"({str(error).splitlines()[0]}); choose a smaller --batch, with --accumulate for the same update, or --checkpointing"
                ) from error
            for name, value in parts.items():
                self.sums[name] = self.sums[name] + value if name in self.sums else value
            self.summed += 1

    def _change(self, report: Report) -> None:
        """Let the stage change what is due before this update, such as its scope, between two looks at the held-out figures."""
        change = self.stage.find_change(self.update)
        if change is not None:
            before = self._held_out()
            said = change()
            after = self._held_out()
            values = {f"{name} {when}": value for when, row in (("before", before), ("after", after)) for name, value in row.items()}
            report.write(self.update, values, f"change: {said}")

    def _look_at_clock(self, seconds: float, updates: int, report: Report) -> None:
        """Begin the fall of the rate where the minutes leave no time for more; the main process's clock counts."""
        if self.settings.minutes is None or updates % CLOCK_EVERY:
            return
        left = 60 * self.settings.minutes - seconds
        is_time = left <= 60 * self.settings.minutes * self.settings.cooldown
        remaining = [max(1, round(max(0.0, left) * updates / seconds)) if is_time else None]
        if self.accelerator.num_processes > 1:
            broadcast_object_list(remaining)
        if remaining[0] is None:
            return
        earlier = self.schedule.end_early(self.update, remaining[0])
        if earlier != self.schedule:
            self.schedule = earlier
            report.expect(earlier.ends)
            report.write(self.update, {"ends": earlier.ends}, "minutes: the rate falls from here on")

    def _report(self, report: Report) -> None:
        self._check_finite()
        means = torch.stack(list(self.sums.values())).float() / self.summed
        values = self.accelerator.reduce(means, "mean").tolist()
        rate = self.settings.learning_rate * self.schedule.rate(self.update - 1)
        report.write(self.update, dict(zip(self.sums, values, strict=True)) | {"rate": rate})
        self.sums, self.summed = {}, 0

    def _check_finite(self) -> None:
        if self.sums and not bool(torch.isfinite(torch.stack(list(self.sums.values()))).all()):
            raise ValueError(
                f"loss: wanted a number, got none at update {self.update} of stage {self.stage.name}; start again with a smaller --rate, "
                "which needs another --output or --continue-anyway"
            )

    @torch.no_grad()
    def _held_out(self) -> dict[str, float]:
        self.stage.eval()
        with self.accelerator.autocast():
            figures = self.stage.held_out()
        self.stage.train()
        return figures

    def _finish(self, report: Report) -> dict[str, Tensor]:
        """Put the averaged weights in place, measure them and write them."""
        self.weights.take_average()
        planned = self.settings.updates
        event = "end" if self.update >= planned else f"end, by --minutes, before the {planned} updates that were planned"
        report.write(self.update, self._held_out(), event)
        report.close()
        weights = self.weights.gather(self.model)
        if self.accelerator.is_main_process:
            write_result(weights, self.folder / f"{self.stage.name}.safetensors", self.stage.describe_result(self.update, planned))
        self.accelerator.wait_for_everyone()
        return weights

    def _describe(self) -> dict[str, Any]:
        return self.settings.describe(self.accelerator.num_processes) | self.stage.describe_settings()

    def _check_same(self, about: dict[str, Any]) -> None:
        """Refuse a checkpoint of other data or settings."""
        now = self._describe() | {"data": self.stage.describe_data()}
        then = about["settings"] | {"data": about["data"]}
        other = [f"{name} was {then.get(name)}, is {now.get(name)}" for name in sorted({*now, *then}) if now.get(name) != then.get(name)]
        if other and not self.settings.continue_anyway:
            raise ValueError(
                f"checkpoint: wanted one of the same data and settings in {self.checkpoints.folder}, got another: {'; '.join(other)}; "
                "choose another --output, or add --continue-anyway"
            )
        if other and self.accelerator.is_main_process:
            log.warning("continued from a checkpoint of another run: %s", "; ".join(other))


def _make_accelerator(settings: LoopSettings, folder: Path, uneven: bool) -> Accelerator:
    """The accelerator of a run, as its launcher configured the processes; without one, this process alone."""
    data_parallel = DistributedDataParallelKwargs(find_unused_parameters=uneven, gradient_as_bucket_view=True)
    accelerator = Accelerator(
        cpu=not torch.cuda.is_available(),
        mixed_precision=settings.precision,
        gradient_accumulation_steps=settings.accumulation,
        log_with=trackers() or None,
        project_dir=folder,
        kwargs_handlers=[data_parallel],
    )
    accelerator.init_trackers("tensorboard")
    return accelerator
