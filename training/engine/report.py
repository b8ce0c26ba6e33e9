"""What a run tells: a line of progress with the time left, metrics as JSON lines, and TensorBoard where it is installed."""

from __future__ import annotations

import json
import logging
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from accelerate import Accelerator
from tqdm import tqdm

log = logging.getLogger("mvcustom.training")


def trackers() -> list[str]:
    """The trackers of accelerate that are installed here."""
    return ["tensorboard"] if find_spec("tensorboard") else []


class Report:
    """The report of one run of a stage, written by the main process alone.

    Args:
        path: of the metrics, one JSON object a line. Lines of updates that the run does over again are dropped.
        first, last: updates before this run, and after it.
    """

    def __init__(self, accelerator: Accelerator, name: str, path: Path, first: int, last: int) -> None:
        self.accelerator, self.path, self.start = accelerator, path, time.monotonic()
        if accelerator.is_main_process:
            path.parent.mkdir(parents=True, exist_ok=True)
            _drop_after(path, first)
        self.bar = tqdm(
            total=last, initial=first, desc=name, unit="update", smoothing=0.02, mininterval=2.0, disable=not accelerator.is_main_process
        )

    def count(self) -> None:
        """One more update is done."""
        self.bar.update()

    def write(self, update: int, values: dict[str, float], event: str = "") -> None:
        """Record values of an update, and what happened at it."""
        if not self.accelerator.is_main_process:
            return
        said = {"event": event} if event else {}
        line = {"update": update} | said | values | {"seconds": round(time.monotonic() - self.start, 1)}
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        if event:
            self.bar.clear()  # the log has the line to itself
            log.info("update %d: %s %s", update, event, {name: round(value, 4) for name, value in values.items()})
        else:
            self.bar.set_postfix({name: f"{value:.4g}" for name, value in values.items()}, refresh=False)
        if self.accelerator.trackers:
            self.accelerator.log({f"{event.partition(' ')[0]}/{name}" if event else name: value for name, value in values.items()}, update)

    def expect(self, last: int) -> None:
        """The run ends elsewhere than was planned."""
        self.bar.total = last
        self.bar.refresh()

    def close(self) -> None:
        """End the line of progress."""
        self.bar.close()
        for tracker in self.accelerator.trackers:  # accelerate's own end would part the processes as well
            tracker.finish()


def _drop_after(path: Path, update: int) -> None:
    if not path.exists():
        return
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.endswith("}")]  # a last one may be cut off
    path.write_text("".join(line + "\n" for line in lines if _is_before(json.loads(line), update)), encoding="utf-8")


def _is_before(line: dict[str, Any], update: int) -> bool:
    """Whether a run that goes on at an update does not write this line again; what happened at an update happens again."""
    return line["update"] < update or (line["update"] == update and "event" not in line)
