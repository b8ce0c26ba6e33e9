"""Checkpoints on disk, each a folder that is there as a whole or not at all.

A checkpoint is written beside its place and renamed when every file of it has reached the disk; `about.json` in it lists the files with
their sizes, and `last.json` beside the checkpoints names the newest. The older ones go only after that. So a run that is killed at any
moment, or whose disk is full, leaves the checkpoint before.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

ABOUT, LAST, PREFIX, PART = "about.json", "last.json", "update-", ".part"
WRITE_ERRORS = (OSError, RuntimeError, SafetensorError)  # torch reports a full disk as the second, safetensors as the third
log = logging.getLogger("mvcustom.training")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A whole checkpoint.

    Attributes:
        folder: where it is.
        update: updates before it.
        about: what was written down with it.
    """

    folder: Path
    update: int
    about: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """The checkpoints of one stage.

    Attributes:
        folder: holds them and nothing else.
        keep: how many stay.
        is_main: whether this process creates and renames; the others only write into the folder that they are given.
        wait: returns once every process has called it.
    """

    folder: Path
    keep: int
    is_main: bool = True
    wait: Callable[[], None] = lambda: None

    def write(self, update: int, about: dict[str, Any], fill: Callable[[Path], None]) -> None:
        """Write a checkpoint; every process calls this.

        Args:
            fill: writes the files of this process into a folder.

        Raises:
            ValueError: if it could not be written, such as on a full disk; the checkpoints before it are as they were.
        """
        place = self.folder / f"{PREFIX}{update:08d}"
        part = place.with_name(place.name + PART)
        try:
            if self.is_main:
                shutil.rmtree(part, ignore_errors=True)
                part.mkdir(parents=True)
            self.wait()
            fill(part)
            self.wait()
            if self.is_main:
                self._complete(part, place, update, about)
            self.wait()
        except WRITE_ERRORS as error:
            shutil.rmtree(part, ignore_errors=True)
            last = self._list()
            kept = f"the last good one is {last[0].name}" if last else "there is none before it"
            raise ValueError(
                f"checkpoint: {place} could not be written ({str(error).splitlines()[0]}); {kept}; make room and start again"
            ) from error

    def find_last(self) -> Checkpoint | None:
        """The newest whole checkpoint; None if there never was one.

        Raises:
            ValueError: if there are checkpoints, but none is whole.
        """
        found = self._list()
        for place in found:
            try:
                about = _read_whole(place)
            except (OSError, ValueError) as fault:
                log.warning("checkpoint %s is not whole (%s); the one before it is taken", place.name, fault)
                continue
            return Checkpoint(place, about["update"], about["about"])
        if found:
            raise ValueError(f"checkpoint: none in {self.folder} is whole; delete that folder to train from the beginning")
        return None

    def _complete(self, part: Path, place: Path, update: int, about: dict[str, Any]) -> None:
        files = {file.relative_to(part).as_posix(): file.stat().st_size for file in sorted(part.rglob("*")) if file.is_file()}
        _write_json(part / ABOUT, {"update": update, "files": files, "about": about})
        for file in part.rglob("*"):
            _flush(file)
        if place.exists():  # one that was not whole, or that a run without it comes past again
            shutil.rmtree(place)
        part.replace(place)
        _flush(self.folder)
        _write_json(self.folder / f"{LAST}{PART}", {"last": place.name, "update": update})
        (self.folder / f"{LAST}{PART}").replace(self.folder / LAST)
        for old in self._list()[self.keep :]:
            shutil.rmtree(old, ignore_errors=True)

    def _list(self) -> list[Path]:
        """The folders of checkpoints, newest first."""
        found = self.folder.glob(f"{PREFIX}*") if self.folder.is_dir() else ()
        return sorted((place for place in found if place.suffix != PART), reverse=True)


def _read_whole(place: Path) -> dict[str, Any]:
    about = json.loads((place / ABOUT).read_text(encoding="utf-8"))
    for name, size in about["files"].items():
        found = (place / name).stat().st_size if (place / name).is_file() else 0
        if found != size:
            raise ValueError(f"{name}: wanted {size} bytes, got {found}")
    return about


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")
    _flush(path)


def _flush(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    if path.is_dir() and os.name == "nt":
        return  # Windows opens no folders
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
