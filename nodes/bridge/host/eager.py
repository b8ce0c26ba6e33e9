"""Runs beside core's Torch Compile Model.

ComfyUI compiles a U-Net without guards on its transformer options, where a run's own objects travel. A graph compiled for the plain
model would then serve a run that brings such objects, and they would do nothing.
"""

from __future__ import annotations

import contextlib
import logging

import torch
from comfy.samplers import CFGGuider
from comfy_api.torch_helpers.torch_compile import TORCH_COMPILE_KWARGS

log = logging.getLogger("mvcustom.bridge.host")


def uncompiled(guider: CFGGuider, what: str) -> contextlib.AbstractContextManager[object]:
    """Run a sampling as it is, not compiled, where the model is one that another node compiles.

    Args:
        what: the run carries, for the log.

    Raises:
        ValueError: where torch is too old to do so.
    """
    if TORCH_COMPILE_KWARGS not in guider.model_options:
        return contextlib.nullcontext()
    if not hasattr(torch.compiler, "set_stance"):
        raise ValueError(f"torch.compile: wanted torch 2.6 or newer beside {what}, got {torch.__version__}; remove Torch Compile Model")
    log.info("torch.compile: a model with %s runs as it is, not compiled", what)
    return torch.compiler.set_stance("force_eager")
