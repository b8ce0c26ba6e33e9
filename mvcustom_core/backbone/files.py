"""Reads weight files as tensors, without running code from them."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import safetensors
import torch

PICKLES = (".ckpt", ".pt", ".pth", ".bin")


def load_state_dict_file(path: str | Path) -> tuple[dict[str, Any], dict[str, str]]:
    """Read the tensors of a file to the CPU, and its metadata if it is a safetensors file. No code from the file is run.

    Raises:
        ValueError: if the file is empty, truncated, of another kind, or holds more than plain tensors and numbers.
    """
    path = Path(path)
    if path.stat().st_size == 0:
        raise ValueError(f"{path.name} is empty; download it again")
    if path.suffix == ".safetensors":
        try:
            with safetensors.safe_open(path, framework="pt") as file:
                return {key: file.get_tensor(key) for key in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
        except safetensors.SafetensorError as error:
            raise ValueError(f"{path.name} is no complete safetensors file ({error}); download it again") from error
    if path.suffix not in PICKLES:
        raise ValueError(f"{path.name}: wanted a file in .safetensors, {', '.join(PICKLES)}, got {path.suffix or 'no suffix'}")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, EOFError, RuntimeError) as error:
        raise ValueError(
            f"{path.name} is truncated or holds more than tensors ({str(error).splitlines()[0]}); "
            "download it again or convert it to safetensors"
        ) from error
    if not isinstance(content, dict):
        raise ValueError(f"{path.name}: wanted a dictionary of tensors, got {type(content).__name__}")
    return content, {}
