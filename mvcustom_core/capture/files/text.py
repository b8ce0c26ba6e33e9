"""Small camera files as text or bytes."""

from __future__ import annotations

import codecs
from pathlib import Path

UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_text(path: Path) -> str:
    """The text of a camera file: UTF-8, or UTF-16 where a byte order mark says so, as editors and shells of Windows write. The mark goes.

    Raises:
        ValueError: if it is missing, not readable or no such text.
    """
    data = read_bytes(path)
    try:
        return data.decode("utf-16" if data.startswith(UTF16_MARKS) else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: wanted a text file, got binary data") from error


def read_bytes(path: Path) -> bytes:
    """The bytes of a camera file.

    Raises:
        ValueError: if it is missing or not readable.
    """
    try:
        return path.read_bytes()
    except (FileNotFoundError, IsADirectoryError) as error:
        raise ValueError(f"{path}: wanted a camera file, got no file of that name") from error
    except OSError as error:
        raise ValueError(f"{path}: wanted a file that can be read, got: {error}; change its rights") from error
