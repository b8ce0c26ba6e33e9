"""The pack's own safetensors files: tensors, plus one JSON of facts under a `kind`, written whole or not at all."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

VERSION = 1


def write_tensors(path: Path | str, tensors: dict[str, Tensor], kind: str, facts: dict[str, Any]) -> None:
    """Write a file atomically: readers see the old file or the whole new one.

    Args:
        kind: what the file holds; `read_tensors` must ask for the same.
        facts: whatever JSON can hold.

    Raises:
        OSError: if the disk is full or the folder may not be written; nothing half-written is left.
    """
    path = Path(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    metadata = {"kind": kind, "version": str(VERSION), "facts": json.dumps(facts)}
    try:
        save_file({name: tensor.detach().cpu().clone().contiguous() for name, tensor in tensors.items()}, part, metadata=metadata)
        with open(part, "r+b") as file:
            os.fsync(file.fileno())  # else a crash after the rename may leave an empty file under the final name
        os.replace(part, path)
    except (OSError, SafetensorError) as error:
        raise OSError(f"{path}: could not be written ({error}); free some space, or choose a folder that may be written") from error
    finally:
        with contextlib.suppress(OSError):  # the error above says more
            part.unlink(missing_ok=True)


def read_tensors(path: Path | str, kind: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read the tensors and facts of a file written by `write_tensors`.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is empty, truncated, of another kind or of a newer version.
    """
    path = Path(path)
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("kind") != kind:
                found = metadata.get("kind", "a safetensors file of another program")
                raise ValueError(f"{path.name}: wanted a file of kind {kind}, got {found}; choose another file")
            if int(metadata["version"]) > VERSION:
                raise ValueError(f"{path.name}: wanted version {VERSION} or older, got {metadata['version']}; update this pack")
            return {name: file.get_tensor(name) for name in file.keys()}, json.loads(metadata["facts"])  # noqa: SIM118
    except SafetensorError as error:
        raise ValueError(f"{path.name}: wanted a whole safetensors file, got an empty or cut one ({error}); copy it again") from error


def strip_prefix(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors whose names begin with `prefix`, without it."""
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
