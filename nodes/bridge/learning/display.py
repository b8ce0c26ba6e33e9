"""What the Learn Concept node shows while it works: each stage, progress, time left and previews."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

import comfy.model_management
import comfy.utils
from PIL import Image
from torch import Tensor

from ....mvcustom_core.concept.learning.plan import LearningSettings
from ....mvcustom_core.concept.learning.state import StepReport
from ..host.progress import send_text
from .preview import PIXELS

RECENT = 50  # updates from which the time left is estimated; previews and measurements are among them


class Pace:
    """Estimates the time left. Updates that only render take a fraction of the others' time, so both are timed apart.

    Args:
        steps: number of updates in the whole run.
        rendering_steps: number of the first of them that only render.
    """

    def __init__(self, steps: int, rendering_steps: int) -> None:
        self._counts = {True: rendering_steps, False: steps}  # is rendering -> the last update of the kind
        self._recent = {kind: deque[float](maxlen=RECENT) for kind in self._counts}
        self._begun: set[bool] = set()
        self._last: float | None = None

    def count(self, step: int, now: float) -> None:
        """An update is done at this time, in seconds. The first of a kind, which sets much up, is not timed."""
        kind = step <= self._counts[True]
        if self._last is not None and kind in self._begun:
            self._recent[kind].append(now - self._last)
        self._begun.add(kind)
        self._last = now

    def describe(self, step: int) -> str:
        """Such as "3 min 20 s left"; empty while nothing is known."""
        rendering, rest = max(0, self._counts[True] - step), self._counts[False] - max(step, self._counts[True])
        if (rendering and not self._recent[True]) or (not rendering and not self._recent[False]):
            return ""
        if rest and not self._recent[False]:
            return f"{_to_minutes(rendering * self._mean(True))} left of the updates without the U-Net"
        return f"{_to_minutes(rendering * self._mean(True) + rest * self._mean(False))} left"

    def _mean(self, kind: bool) -> float:
        return sum(self._recent[kind]) / len(self._recent[kind]) if self._recent[kind] else 0.0


class Display:
    """The node's progress bar, its preview, and a line of text.

    Args:
        settings: of the run.
        node: id of the node in the running prompt; None if it has none.
    """

    def __init__(self, settings: LearningSettings, node: str | None) -> None:
        self.bar, self.steps, self.node = comfy.utils.ProgressBar(settings.steps), settings.steps, node
        self.pace = Pace(settings.steps, settings.rendering_steps)

    def begin(self, stage: str) -> None:
        """Name what is done next. Raises ComfyUI's exception if the user has cancelled."""
        comfy.model_management.throw_exception_if_processing_interrupted()
        self._send(stage)

    def show(self, report: StepReport, picture: Tensor | None) -> None:
        """Show one update. Raises ComfyUI's exception if the user has cancelled."""
        self.pace.count(report.step, time.monotonic())
        self._send(describe_progress(report, self.steps, self.pace.describe(report.step)))
        preview = None if picture is None else ("JPEG", _to_pil(picture), 4 * PIXELS)
        self.bar.update_absolute(report.step, self.steps, preview)

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Say what ended the block before its end: an error, or the user. The stage that was named last would stay on the node."""
        try:
            yield
        except comfy.model_management.InterruptProcessingException:
            self._send("cancelled")
            raise
        except Exception as error:
            self._send(f"failed: {str(error).partition(chr(10))[0] or type(error).__name__}")
            raise

    def _send(self, text: str) -> None:
        if self.node is not None:
            send_text(text, self.node)


def describe_progress(report: StepReport, steps: int, left: str) -> str:
    """A line such as "step 25 of 1600, loss 0.31, held out 0.12, 14 min 20 s left"."""
    held_out = None if report.held_out is None else f"held out {report.held_out:.3g}"
    return ", ".join(filter(None, [f"step {report.step} of {steps}", f"loss {report.total:.3g}", held_out, left]))


def _to_minutes(seconds: float) -> str:
    return f"{round(seconds) // 60} min {round(seconds) % 60} s"


def _to_pil(picture: Tensor) -> Image.Image:
    return Image.fromarray((picture.permute(1, 2, 0) * 255).byte().numpy())
