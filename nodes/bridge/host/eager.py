"""Switches torch.compile off for runs that core's Torch Compile Model would break.

ComfyUI compiles a U-Net without guards on the transformer options, in which this pack passes its objects. A graph compiled for the plain
model would be reused for a run with such objects and would ignore them.
"""

from __future__ import annotations

import contextlib
import logging

import torch
from comfy.samplers import CFGGuider
from comfy_api.torch_helpers.torch_compile import TORCH_COMPILE_KWARGS

log = logging.getLogger("mvcustom.bridge.host")


def uncompiled(guider: CFGGuider, what: str) -> contextlib.AbstractContextManager[object]:
    """A context that runs a model eagerly if another node compiles it.

    Args:
        guider: the guider of the sampling run.
        what: what the run carries, for the log, such as "a concept".

    Raises:
        ValueError: if torch is older than 2.6, which cannot switch compilation off.
    """
    if TORCH_COMPILE_KWARGS not in guider.model_options:
        return contextlib.nullcontext()
    if not hasattr(torch.compiler, "set_stance"):
        raise ValueError(f"torch.compile: wanted torch 2.6 or newer beside {what}, got {torch.__version__}; remove Torch Compile Model")
    log.info("torch.compile: a model with %s runs as it is, not compiled", what)
    return torch.compiler.set_stance("force_eager")
