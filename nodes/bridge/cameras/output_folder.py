"""Writes a folder into ComfyUI's output folder: whole or not at all, under the next free number, never over anything."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path

import folder_paths


def write_output_folder(prefix: str, write: Callable[[Path], None]) -> Path:
    """Let `write` fill a new folder output/<prefix>_00001_, which has its name only when it is complete.

    Args:
        prefix: name inside the output folder; it may contain folders and ComfyUI's placeholders such as %year%.

    Raises:
        ValueError: if the prefix leads out of the output folder or names nothing.
        OSError: if the disk is full or may not be written to; nothing is left behind.
    """
    root = folder_paths.get_output_directory()
    name = os.path.normpath(prefix)
    if not Path(name).name or name == "." or not folder_paths.is_within_directory(root, os.path.join(root, prefix)):
        raise ValueError(f"filename_prefix: wanted a name inside the output folder, got {prefix!r}; write a plain name, such as my_views")
    into, name, counter, *_ = folder_paths.get_save_image_path(prefix, root)
    partial = Path(into, f".{name}_{uuid.uuid4().hex}")
    try:
        partial.mkdir(parents=True)
        write(partial)
        return _move_to_free_number(partial, name, counter)
    except OSError as error:
        raise OSError(f"{into}: could not be written, and nothing is left of it: {error}; free disk space or change its rights") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)  # a complete folder is no longer there


def _move_to_free_number(partial: Path, name: str, counter: int) -> Path:
    while (final := partial.with_name(f"{name}_{counter:05}_")).exists():
        counter += 1
    return partial.rename(final)
