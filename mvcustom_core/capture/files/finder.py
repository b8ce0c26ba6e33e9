"""Finds the files that a camera file names: as it names them, or by name where the pictures are.

Camera files are written on other machines and other systems: with absolute paths, backslashes, other folders above the pictures, other
upper and lower case, accents written in another way, or without an ending.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from PIL import Image

from .left_out import FileFault

ENDINGS = (".png", ".jpg", ".jpeg", ".webp")  # tried where a name has none, as in the Blender scenes, in this order
PICTURES = ("images", "input")
RAW_FIRST = ("input", "images")  # a model of the distorted photographs is not for the undistorted ones beside them
MASK_FOLDER = "masks"
REDUCED = ("images_2", "images_4", "images_8")  # copies as nerfstudio makes them


@dataclass(frozen=True)
class Found:
    """A file, and what the camera file calls it if that is not where or how it was found; empty otherwise."""

    path: Path
    listed: str = ""


@dataclass(frozen=True, eq=False)
class FileFinder:
    """Looks for files.

    Attributes:
        base: what the names are relative to.
        elsewhere: folders where the files may be instead, the likelier ones first.
        roots: likewise, but the name alone is not enough: the folder above it must agree too.
    """

    base: Path
    elsewhere: tuple[Path, ...] = ()
    roots: tuple[Path, ...] = ()
    spellings: dict[Path, dict[str, list[str]]] = field(default_factory=dict, repr=False)  # what was read of folders before

    def find(self, name: str) -> Found:
        """The file of a name.

        Raises:
            FileFault: if there is none.
        """
        posix = name.replace("\\", "/")
        whole = self.base / posix
        exact = _find_exactly(whole)
        if exact is not None:
            return Found(exact)
        parts = [part for part in PurePosixPath(posix).parts if part.strip("/.") and not part.endswith(":")]
        places = [whole]
        for start in range(len(parts)):  # from all of the path to the name alone
            folders = self.elsewhere if start == len(parts) - 1 else (*self.elsewhere, *self.roots)
            places += [folder.joinpath(*parts[start:]) for folder in folders]
        twins: list[str] = []
        for path in places:
            exact = _find_exactly(path)
            spelled = [exact] if exact is not None else self._find_spelled(path)
            if len(spelled) == 1:
                return Found(spelled[0], name)
            twins = twins or [file.name for file in spelled]
        if twins:
            got = f"{' and '.join(twins)}, which differ in upper and lower case or in the writing of accents alone"
            raise FileFault(whole, f"wanted one file of that name, got {got}; rename one as the camera file writes it")
        raise FileFault(whole, "wanted an image file, got nothing there; put it back in place")

    def _find_spelled(self, path: Path) -> list[Path]:
        """The files whose names differ in upper and lower case or in the writing of accents alone, its ending left out or not."""
        if path.parent not in self.spellings:
            self.spellings[path.parent] = _list_spellings(path.parent)
        names = self.spellings[path.parent]
        found = (names.get(_fold(name), []) for name in _list_names(path))
        same = next((each for each in found if each), [])
        return [path.parent / name for name in sorted(same)]


def list_picture_folders(homes: Sequence[Path]) -> tuple[Path, ...]:
    """The folders in which pictures may lie, the likelier ones first, for folders about a camera file, nearest first."""
    named = RAW_FIRST if any(home.name == "distorted" for home in homes) else PICTURES
    inside = [home / name for name in named for home in homes]
    return tuple(folder for folder in (*inside, *reversed(homes), *(home / name for name in REDUCED for home in homes)) if folder.is_dir())


def _find_exactly(path: Path) -> Path | None:
    candidates = (path.parent / name for name in _list_names(path))
    return next((candidate for candidate in candidates if _is_file(candidate)), None)


def _list_names(path: Path) -> tuple[str, ...]:
    """The names that a file may have: its own, and where that has no ending, its own with one.

    With one already, `1.jpg.png` would be found for `1.jpg`, which is how COLMAP calls the mask of that photograph.
    """
    if not path.name:
        return ()
    ended = path.suffix.lower() in Image.registered_extensions()
    return (path.name,) if ended else (path.name, *(path.name + ending for ending in ENDINGS))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # such as a name that is longer than the system allows
        return False


def _list_spellings(folder: Path) -> dict[str, list[str]]:
    """The names of a folder's files by their folded form."""
    names: dict[str, list[str]] = {}
    if folder.is_dir():
        for file in folder.iterdir():
            if file.is_file():
                names.setdefault(_fold(file.name), []).append(file.name)
    return names


def _fold(name: str) -> str:
    """A name in lower case, its accents composed: macOS writes them as characters of their own."""
    return unicodedata.normalize("NFC", name).lower()
