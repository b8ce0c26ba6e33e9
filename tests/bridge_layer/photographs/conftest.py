"""Lends the tests an input folder of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def home(tmp_path: Path) -> Iterator[Path]:
    """ComfyUI's input folder, empty, in a folder of which nothing else may change."""
    import folder_paths  # after ComfyUI is entered

    before = folder_paths.get_input_directory()
    place = tmp_path / "input"
    place.mkdir()
    folder_paths.set_input_directory(str(place))
    yield place
    folder_paths.set_input_directory(before)
