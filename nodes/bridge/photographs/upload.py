"""Photographs that a browser sends. They are collected in a hidden folder of ComfyUI's input folder, checked, and moved to their place
only when all have come: after a lost connection, a full disk or a refusal there is nothing new."""

from __future__ import annotations

import gzip
import json
import shutil
import tempfile
import time
import zlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from ....mvcustom_core.capture.files.image_file import read_header
from ....mvcustom_core.capture.files.left_out import FileFault
from .input_names import (
    FILES_OF_FULL_SIZE,
    MEGABYTE,
    Announced,
    Refusal,
    find_fault,
    input_folder,
    is_photograph,
    largest_file,
    locate_folder,
    locate_inside,
)

STAGING = ".mvcustom_upload_"
FORGOTTEN = 3600  # seconds after which a hidden folder belongs to a server that was stopped
NOTHING_STORED = "nothing was stored"


def plan_upload(folder: str, files: Sequence[Announced]) -> dict[str, Any]:
    """What would become of files, before they are sent.

    Returns:
        `taken`: paths; `left_out`: [path, reason] of the others; `existing`: those of `taken` that the folder holds already; `held`: the
        number of files in the folder.

    Raises:
        Refusal: for the folder's name, or if all together are too large.
    """
    place = locate_folder(folder)
    taken: dict[str, Announced] = {}
    left_out = []
    for file in files:
        fault = find_fault(file) or _find_twin(file, taken)
        if fault:
            left_out.append([file.path, fault])
        else:
            taken[file.path.casefold()] = file
    check_room(sum(file.size for file in taken.values()))
    existing = find_existing(place, list(taken.values()))
    held = sum(file.is_file() for file in place.rglob("*")) if place.is_dir() else 0
    return {"taken": [file.path for file in taken.values()], "left_out": left_out, "existing": existing, "held": held}


def check_announced(folder: str, files: Sequence[Announced], replace: bool) -> Path:
    """The place of a folder that files may be stored in.

    Raises:
        Refusal: naming the first file that may not, with status 409 if it exists and is not to be replaced.
    """
    plan = plan_upload(folder, files)
    if plan["left_out"]:
        path, reason = plan["left_out"][0]
        raise Refusal(f"{path}: {reason}; {NOTHING_STORED}")
    if not plan["taken"]:
        raise Refusal("photographs: wanted at least one, got none; choose some")
    if plan["existing"] and not replace:
        raise Refusal(f"{plan['existing'][0]} exists in {folder}; replace it, or choose another folder; {NOTHING_STORED}", 409)
    return locate_folder(folder)


def check_room(size: int) -> None:
    """Refuse what is larger than one upload may be, or than the disk has room for. `size` is in bytes."""
    most = FILES_OF_FULL_SIZE * largest_file()
    if size > most:
        raise Refusal(
            f"photographs: wanted at most {most / MEGABYTE:.0f} MB at once, got {size / MEGABYTE:.0f} MB; send them in parts, or start "
            f"ComfyUI with a larger --max-upload-size; {NOTHING_STORED}",
            413,
        )
    free = shutil.disk_usage(input_folder()).free
    if size > free:
        raise Refusal(
            f"photographs: wanted {size / MEGABYTE:.0f} MB on the disk of ComfyUI's input folder, {free / MEGABYTE:.0f} MB are free; make "
            f"room there; {NOTHING_STORED}",
            507,
        )


def find_existing(place: Path, files: Sequence[Announced]) -> list[str]:
    return [file.path for file in files if locate_inside(place, file.path).exists()]


class Staging:
    """A hidden folder that holds files until all have come. Leaving the block deletes it with what is still in it."""

    def __enter__(self) -> Staging:
        self.room = Path(tempfile.mkdtemp(prefix=STAGING, dir=input_folder()))
        return self

    def __exit__(self, *exception: object) -> None:
        shutil.rmtree(self.room)

    def path(self, number: int, name: str) -> Path:
        """Where file `number` is collected."""
        return self.room / f"{number}{Path(name).suffix.lower()}"

    def settle(self, place: Path, files: Sequence[Announced], replace: bool) -> None:
        """Move all files to their places, or none of them.

        Raises:
            Refusal: if one exists by now and is not to be replaced.
            OSError: if one cannot be moved.
        """
        if not replace and (existing := find_existing(place, files)):
            raise Refusal(f"{existing[0]} exists by now; choose another folder; {NOTHING_STORED}", 409)
        moved: list[tuple[Path, Path | None]] = []
        made: list[Path] = []
        try:
            for number, file in enumerate(files):
                target = locate_inside(place, file.path)
                if target.is_dir():
                    raise Refusal(f"{file.path} exists as a folder; choose another folder; {NOTHING_STORED}", 409)
                made += _make_folders(target.parent)
                kept = self.room / f"old_{number}" if target.exists() else None
                if kept is not None:
                    target.rename(kept)
                moved.append((target, kept))
                self.path(number, file.path).rename(target)
        except BaseException:
            for target, kept in reversed(moved):
                target.unlink(missing_ok=True)
                if kept is not None:
                    kept.rename(target)
            for folder in reversed(made):
                with suppress(OSError):  # somebody else put a file there
                    folder.rmdir()
            raise


def check_content(file: Path, name: str) -> None:
    """Whether a file that has come is what its name says.

    Raises:
        Refusal: if it is not.
    """
    try:
        if is_photograph(name):
            read_header(file)
        elif file.suffix == ".json":
            json.loads(file.read_bytes())
        elif file.suffix == ".txt":
            if "\0" in file.read_text(encoding="utf-8"):
                raise ValueError("got binary data")
        elif file.suffix == ".jgz":
            with gzip.open(file) as stream:
                stream.read(1)
    except FileFault as error:
        raise Refusal(f"{name}: {error.reason}; export it again; {NOTHING_STORED}", 415) from error
    except (ValueError, RecursionError, EOFError, OSError, zlib.error) as error:
        raise Refusal(f"{name}: wanted {file.suffix[1:].upper()} that can be read, got: {error}; {NOTHING_STORED}", 415) from error


def sweep_forgotten() -> None:
    """Delete what a server left behind that was stopped while files were coming."""
    if not input_folder().is_dir():
        return
    for room in input_folder().glob(f"{STAGING}*"):
        if time.time() - room.stat().st_mtime > FORGOTTEN:
            shutil.rmtree(room)


def _find_twin(file: Announced, taken: dict[str, Announced]) -> str | None:
    twin = taken.get(file.path.casefold())
    return None if twin is None else f"wanted names that differ in more than capitals, got also {twin.path}; rename one of them"


def _make_folders(folder: Path) -> list[Path]:
    """Make a folder and those above it. Those that were missing, from the outermost one."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()][::-1]
    folder.mkdir(parents=True, exist_ok=True)
    return missing
