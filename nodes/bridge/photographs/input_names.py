"""Names that come from a browser: which files are taken, and where they lie. Nothing outside of ComfyUI's input folder is touched."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import folder_paths
from comfy.cli_args import args

from ....mvcustom_core.capture.formats.co3d import ANNOTATIONS

PHOTOGRAPHS = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"})
CAMERA_TEXTS = frozenset({".json", ".txt"})
CAMERA_BINARIES = frozenset({"cameras.bin", "images.bin", ANNOTATIONS})
KINDS = f"photographs (PNG, JPEG, WebP, BMP, TIFF) and camera files (.json, .txt, COLMAP's cameras.bin and images.bin, {ANNOTATIONS})"

MEGABYTE = 1 << 20
FILES_OF_FULL_SIZE = 20  # that one upload may hold
DEEPEST, LONGEST, LONGEST_PATH = 8, 200, 400  # folders, bytes of one name, characters
BARRED = set('<>:"/\\|?*')  # what Windows does not store, on every system, so that folders can be copied between them
BARRED_CATEGORIES = {"Cc", "Cs", "Zl", "Zp"}  # control characters, halves of characters, line and paragraph ends
DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{i}" for port in ("com", "lpt") for i in range(1, 10))}


class Refusal(ValueError):
    """An answer in words to a request that is not carried out, with the status of HTTP."""

    def __init__(self, words: str, status: int = 400) -> None:
        super().__init__(words)
        self.status = status


@dataclass(frozen=True)
class Announced:
    """A file that a browser wants to send: its path inside the folder, and its size in bytes."""

    path: str
    size: int


def largest_file() -> int:
    """Bytes that one file may have: ComfyUI's own limit for uploads."""
    return round(args.max_upload_size * MEGABYTE)


def is_photograph(path: str | Path) -> bool:
    return PurePosixPath(path).suffix.lower() in PHOTOGRAPHS


def is_camera_file(path: str | Path) -> bool:
    name = PurePosixPath(path)
    return name.suffix.lower() in CAMERA_TEXTS or name.name in CAMERA_BINARIES


def find_fault(file: Announced) -> str | None:
    """Why a file is not taken; None if it is."""
    if fault := find_name_fault(file.path):
        return fault
    if not is_photograph(file.path) and not is_camera_file(file.path):
        return f"wanted {KINDS}, got another kind; export photographs of a phone or camera (HEIC, CR2 and the like) as JPEG"
    if file.size <= 0:
        return "wanted a file with something in it, got an empty one; export it again"
    if file.size > largest_file():
        return (
            f"wanted at most {largest_file() / MEGABYTE:.0f} MB, got {file.size / MEGABYTE:.0f} MB; reduce it, or start ComfyUI with "
            f"--max-upload-size {file.size / MEGABYTE + 1:.0f}"
        )
    return None


def find_name_fault(path: str) -> str | None:
    """Why a relative path with / between its parts is not taken; None if every system can store it."""
    parts = path.split("/")
    if len(parts) > DEEPEST or len(path) > LONGEST_PATH:
        return f"wanted at most {DEEPEST} folders and {LONGEST_PATH} characters, got {len(parts)} and {len(path)}; choose an inner folder"
    reason = next((reason for reason in map(_find_part_fault, parts) if reason), None)
    return None if reason is None else f"wanted a plain name inside the folder, got {path!r}, which {reason}; rename it"


def locate_folder(name: str) -> Path:
    """The place of a folder inside ComfyUI's input folder, whether it exists or not.

    Raises:
        Refusal: if the name leads elsewhere, also through a link.
    """
    if fault := find_name_fault(name):
        raise Refusal(f"folder: {fault}")
    return locate_inside(input_folder(), name, "folder")


def locate_inside(home: Path, name: str, field: str = "file") -> Path:
    """The place of a file or folder inside a folder.

    Raises:
        Refusal: if it would lie outside, also through a link, or is the folder itself.
    """
    try:
        place = (home / name).resolve()
    except (ValueError, OSError) as error:
        raise Refusal(f"{field}: wanted a name, got {name!r}; choose another") from error
    if place == home or not place.is_relative_to(home):
        raise Refusal(f"{field}: wanted one inside {home}, got {name!r}, which leads elsewhere; choose another, or copy by hand", 403)
    return place


def input_folder() -> Path:
    return Path(folder_paths.get_input_directory()).resolve()


def _find_part_fault(part: str) -> str | None:
    if part in ("", ".", ".."):
        return "leads elsewhere"
    if part.startswith("."):
        return "is hidden"
    if barred := next((sign for sign in part if sign in BARRED or unicodedata.category(sign) in BARRED_CATEGORIES), None):
        return f"has the character {barred!r}"
    if part[-1] in " ." or part.startswith(" "):
        return "begins or ends with a space or a dot"
    if part.partition(".")[0].rstrip().lower() in DEVICES:
        return "is a device on Windows"
    return f"has more than {LONGEST} bytes" if len(part.encode()) > LONGEST else None
