"""Work in a fork of the test process, which kills itself in the middle: without the seconds that a new process takes to import."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable


def run_until_killed(work: Callable[[], object]) -> None:
    """Call `work` in a fork, which must end by SIGKILL as `kill -9` ends a process."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(1)  # whatever happens: the tests are not run twice
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
