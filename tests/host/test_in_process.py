"""ComfyUI inside the test process: it executes prompts as its worker does, away from anyone's files."""

from __future__ import annotations

from pathlib import Path

import pytest

from mvcustom.tests.host.in_process import ComfyInProcess

PROMPT = {
    "1": {"class_type": "EmptyImage", "inputs": {"width": 16, "height": 8, "batch_size": 3, "color": 0}},
    "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "black"}},
}


def test_prompt_is_executed(comfy: ComfyInProcess) -> None:
    saved = comfy.run(PROMPT)["2"]["images"]
    files = [Path(comfy.folder_paths.get_output_directory(), image["filename"]) for image in saved]
    assert len(files) == 3 and all(file.is_file() for file in files)
    assert "mvcustom_tests_" in str(files[0])


def test_invalid_prompt_is_refused(comfy: ComfyInProcess) -> None:
    with pytest.raises(ValueError, match="height"):
        comfy.run({**PROMPT, "1": {"class_type": "EmptyImage", "inputs": {"width": 16, "batch_size": 3, "color": 0}}})


def test_failing_node_is_named(comfy: ComfyInProcess) -> None:
    with pytest.raises(RuntimeError, match="SaveImage"):
        comfy.run({**PROMPT, "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "../../outside"}}})
