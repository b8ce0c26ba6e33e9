"""The progress of core's work on the node that does it, stopped when a user cancels."""

from __future__ import annotations

import comfy.model_management
import comfy.utils

from ....mvcustom_core.progress import Progress

STEPS = 1000  # of the progress bar


def watch_progress() -> Progress:
    """Draw a bar on the running node, and stop the work by core's exception if its user cancels."""
    bar = comfy.utils.ProgressBar(STEPS)

    def report(share: float) -> None:
        stop_if_cancelled(share)
        bar.update_absolute(round(STEPS * share))

    return report


def stop_if_cancelled(share: float) -> None:
    """For work inside of a run that has a bar of its own."""
    comfy.model_management.throw_exception_if_processing_interrupted()
