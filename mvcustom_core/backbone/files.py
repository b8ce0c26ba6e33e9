"""Reads weight files as tensors, without running code from them."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import safetensors
import torch
from torch import Tensor

SAFETENSORS, PICKLES = (".safetensors", ".sft"), (".ckpt", ".pt", ".pth", ".bin")


def load_state_dict_file(path: str | Path) -> tuple[dict[str, Any], dict[str, str]]:
    """Read the tensors of a file to the CPU, and its metadata if it is a safetensors file. No code from the file is run.

    Raises:
        ValueError: if the file is empty, truncated, of another kind, or holds more than plain tensors and numbers.
    """
    path = _check_kind(path)
    if path.suffix not in SAFETENSORS:
        return _load_pickle(path, "cpu"), {}
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            return {key: file.get_tensor(key) for key in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
    except safetensors.SafetensorError as error:
        raise _incomplete(path, error) from error


def read_shapes(path: str | Path) -> dict[str, Any]:
    """The content of a file as `load_state_dict_file` reads it, its tensors on the device `meta`: their shapes without their numbers.

    Of a file of gigabytes only the header is read.

    Raises:
        ValueError: as `load_state_dict_file` does.
    """
    path = _check_kind(path)
    if path.suffix not in SAFETENSORS:
        return _load_pickle(path, "meta")
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            shapes: dict[str, Tensor] = {}
            for key in file.keys():  # noqa: SIM118
                shapes[key] = torch.empty(file.get_slice(key).get_shape(), device="meta")
            return shapes
    except safetensors.SafetensorError as error:
        raise _incomplete(path, error) from error


def _check_kind(path: str | Path) -> Path:
    path = Path(path)
    if path.stat().st_size == 0:
        raise ValueError(f"{path.name} is empty; download it again")
    if path.suffix not in (*SAFETENSORS, *PICKLES):
        raise ValueError(f"{path.name}: wanted a file in {', '.join((*SAFETENSORS, *PICKLES))}, got {path.suffix or 'no suffix'}")
    return path


def _load_pickle(path: Path, device: str) -> dict[str, Any]:
    try:
        content = torch.load(path, map_location=device, weights_only=True)
    except (pickle.UnpicklingError, EOFError, RuntimeError) as error:
        raise ValueError(
            f"{path.name} is truncated or holds more than tensors ({str(error).splitlines()[0]}); "
            "download it again or convert it to safetensors"
        ) from error
    if not isinstance(content, dict):
        raise ValueError(f"{path.name}: wanted a dictionary of tensors, got {type(content).__name__}")
    return content


def _incomplete(path: Path, error: safetensors.SafetensorError) -> ValueError:
    return ValueError(f"{path.name} is no complete safetensors file ({error}); download it again")
