"""The subprocess harness: what is said when a server does not come up, and what lies on disk after a run."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from mvcustom.devtools.comfyui import PACK_NAME, prepare_base
from mvcustom.devtools.demo import empty_results
from mvcustom.devtools.memory import MemoryWatch
from mvcustom.devtools.results import save_outputs, write_summary
from mvcustom.devtools.server import ComfyServer, ServerError

ROOT = Path(__file__).resolve().parents[2]


def make_prompt(batch_size: int) -> dict[str, Any]:
    size = {"width": 24, "height": 16, "batch_size": batch_size, "color": 255}
    return {
        "1": {"class_type": "EmptyImage", "inputs": size, "_meta": {"title": "Blue"}},
        "2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}, "_meta": {"title": "The views!"}},
    }


def test_death_at_the_start_shows_the_log(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; sys.exit('no such flag')"]
    with pytest.raises(ServerError, match="ended with code 1[^$]*no such flag"), ComfyServer(command, tmp_path, tmp_path / "log"):
        pytest.fail("a dead server was taken for a live one")


def test_base_mounts_this_checkout_only(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("comfyui-frontend-package==1.2.3\n", encoding="utf-8")
    for _ in range(2):  # a second call changes nothing
        base = prepare_base(tmp_path / "base", tmp_path)
    assert [entry.name for entry in (base / "custom_nodes").iterdir()] == [PACK_NAME]
    assert (base / "custom_nodes" / PACK_NAME).resolve() == ROOT
    settings = json.loads((base / "user" / "default" / "comfy.settings.json").read_text(encoding="utf-8"))
    assert settings == {"Comfy.TutorialCompleted": True, "Comfy.InstalledVersion": "1.2.3"}


def test_link_to_another_checkout_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").touch()
    base = prepare_base(tmp_path / "base", tmp_path)
    link = base / "custom_nodes" / PACK_NAME
    link.unlink()
    link.symlink_to(tmp_path / "moved away", target_is_directory=True)
    assert (prepare_base(base, tmp_path) / "custom_nodes" / PACK_NAME).resolve() == ROOT


def test_results_of_a_run(comfy_server: ComfyServer, tmp_path: Path) -> None:
    prompt, folder = make_prompt(batch_size=5), tmp_path / "demo"
    with MemoryWatch(comfy_server) as memory:
        run = comfy_server.run_prompt(prompt)
    files = save_outputs(comfy_server, prompt, run.outputs, folder)
    text = write_summary(folder, prompt, run, memory.describe(), files)
    assert files == {"The views!": [*(f"the_views_{index:02d}.png" for index in range(5)), "the_views_sheet.png", "the_views.webp"]}
    with Image.open(folder / "the_views_sheet.png") as sheet, Image.open(folder / "the_views.webp") as animation:
        assert sheet.size == (3 * 24 + 2 * 4, 2 * 16 + 4)  # five images in three columns
        assert sheet.getpixel((0, 0)) == (0, 0, 255) and sheet.getpixel((25, 0)) == (255, 255, 255)
        assert animation.size == (24, 16)
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert [entry["title"] for entry in summary["nodes"]] == ["Blue", "The views!"]
    assert summary["peak_memory_gib"] > 0.1
    assert "Blue" in text and (folder / "summary.txt").read_text(encoding="utf-8") == text


def test_only_results_are_emptied(tmp_path: Path) -> None:
    results, other = tmp_path / "results", tmp_path / "other"
    for folder, name in ((results, "summary.json"), (other, "thesis.tex")):
        folder.mkdir()
        (folder / name).touch()
    empty_results(results)
    assert not results.exists()
    with pytest.raises(ValueError, match="other things"):
        empty_results(other)
