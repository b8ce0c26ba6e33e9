"""Both workflows for Stable Diffusion 1.5 on a real server, with files of true size that hold random weights.

Some five minutes of one CPU core, 8 GiB of memory and 3 GB on the disk.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mvcustom.devtools.memory import MemoryWatch
from mvcustom.devtools.server import ComfyServer, PromptRun
from mvcustom.devtools.workflow import apply_override, convert_workflow
from mvcustom.tests.host.sd15 import save_checkpoint, save_depth_anything, save_motion
from mvcustom.tests.node_layer.photographs.posed_folders import make_cameras, write_folder
from mvcustom.tests.node_layer.test_sd15_workflows import FILES, LEARN, SMALL, VIEWS, read_workflow

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def base(comfy_server: ComfyServer) -> Iterator[Path]:
    """The server's folder, with every file in its place."""
    base = comfy_server.log_path.parent
    write_folder(base / "input" / "my_subject", make_cameras(), with_masks=True)
    for (folder, name), save in zip(FILES.items(), (save_checkpoint, save_motion, save_depth_anything), strict=True):
        save(base / "models" / folder / name)
        gc.collect()
    yield base
    for folder, name in FILES.items():  # pytest keeps the folders of its last runs
        (base / "models" / folder / name).unlink()


def run(server: ComfyServer, name: str) -> tuple[dict[str, Any], PromptRun]:
    """The outputs by title, and the run."""
    prompt = convert_workflow(read_workflow(name), server.get_json("/object_info"))
    for change in SMALL[name]:
        prompt = apply_override(prompt, change)
    with MemoryWatch(server) as memory:
        done = server.run_prompt(prompt)
    print(f"{name}: {done.total_seconds:.0f} s, {memory.describe()}")
    return {prompt[node]["_meta"]["title"]: output for node, output in done.outputs.items()}, done


def test_files_of_true_size_are_detected_learned_on_and_sampled(comfy_server: ComfyServer, base: Path) -> None:
    learned, _ = run(comfy_server, LEARN)
    assert "AnimateDiff v3 motion modules: 20 modules, 417.1 M parameters" in learned["Report of the loader"]["text"][0]
    assert "Start from (Stable Diffusion 1.5): 16 views of 512x512 pixels" in learned["Report of the loader"]["text"][0]
    assert "gradient_checkpointing on, bfloat16 on" in learned["Report"]["text"][0]
    shown, _ = run(comfy_server, VIEWS)
    files = [base / "output" / image["subfolder"] / image["filename"] for image in shown["Views"]["images"]]
    assert len(files) == 4
    assert all(np.asarray(Image.open(file), dtype=np.float32).std() > 1 for file in files)
