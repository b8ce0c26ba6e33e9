"""Several processes of one machine that train together, by torch's own launcher; accelerate's serves as well, also on many machines."""

from __future__ import annotations

import logging
import os
import sys
import uuid
from datetime import timedelta
from pathlib import Path

import torch
from accelerate import PartialState
from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

LAUNCHER = "MVCUSTOM_LAUNCHER"  # the process that started this one
PATIENCE = timedelta(hours=6)  # how long a process waits for another, such as one that still fills the cache


def is_launched() -> bool:
    """Whether a launcher has started this process as one of several."""
    return "RANK" in os.environ


def join_processes() -> PartialState:
    """Meet the other processes that the launcher has started; without one, this process is alone."""
    return PartialState(cpu=not torch.cuda.is_available(), timeout=PATIENCE)


def launch(program: Path, arguments: list[str], processes: int) -> int:
    """Run a Python program in several processes on this machine and return the exit code. One that fails ends the others."""
    os.environ[LAUNCHER] = str(os.getpid())
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    logging.getLogger("torch.distributed.elastic").setLevel(logging.CRITICAL)  # what matters is said below
    config = LaunchConfig(
        min_nodes=1, max_nodes=1, nproc_per_node=processes, run_id=uuid.uuid4().hex, rdzv_backend="c10d", rdzv_endpoint="localhost:0",
        max_restarts=0,
    )  # fmt: skip
    try:
        elastic_launch(config, sys.executable)("-u", str(program), *arguments)
    except ChildFailedError as error:
        rank, failure = error.get_first_failure()
        print(f"training: process {rank} of {processes} failed ({_describe(failure)}); the others were ended", file=sys.stderr)
        return 1
    except SignalException as error:
        print(f"training: ended by {error.sigval.name}; the same command goes on from the last checkpoint", file=sys.stderr)
        return 1
    return 0


def check_launcher() -> None:
    """End this process if the one that launched it is gone, such as killed: nobody else would end it."""
    launcher = os.environ.get(LAUNCHER)
    if launcher is not None and is_launched() and os.getppid() != int(launcher):
        raise SystemExit("training: the process that launched this one is gone")


def _describe(failure: ProcessFailure) -> str:
    return f"killed by signal {-failure.exitcode}" if failure.exitcode < 0 else "its message stands above"
