"""The progress of core's work on the node that does it, stopped when a user cancels."""

from __future__ import annotations

import comfy.model_management
import comfy.utils
from comfy_execution.utils import get_executing_context

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


def send_text(text: str, node: str | None = None) -> None:
    """Show a line of text on a node, by default the one that runs. Nothing happens where no node or no server runs.

    It goes to the client that queued the workflow alone: another client may show a workflow whose node has the same id.
    """
    context = get_executing_context()
    node = node or (context.node_id if context is not None else None)
    if node is None:
        return
    from server import PromptServer  # here, since it is slow to import where nothing has imported it yet

    server = getattr(PromptServer, "instance", None)
    if server is not None and server.client_id is not None:
        server.send_progress_text(text, node, server.client_id)
